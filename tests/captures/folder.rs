//! A folder of captures that others have counted, named by the environment variable `MQTTSPEC_CAPTURES`.
//!
//! It holds captures and a `MANIFEST.md` with a table, one row per capture, whose columns `file`, `packets by type` and
//! `traits` say what is in it: `CONNECT:2 PUBLISH:1`. Where the traits speak of lost, cut or wrapped packets, the counts
//! are what at least has to be found.

use std::{collections::BTreeMap, env, fs, path::Path};

use mqttspec::capture::{Blind, KeyLog, Survey, survey};
use mqttspec_wire::{Sender, packet::PacketType};

/// A row of the manifest.
#[derive(Debug)]
struct Row {
    file: String,
    counts: BTreeMap<String, u64>,
    /// Whoever counted could not see everything.
    is_least: bool,
    /// What cannot be known, if the manifest says that.
    unknown: Option<String>,
    /// The statements that are broken, if the manifest says that.
    broken: Option<String>,
    note: String,
}

fn rows(manifest: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut table = manifest.lines().filter(|line| line.starts_with('|')).map(cells);
    let head = table.next().unwrap_or_default();
    let row = |cells: Vec<String>| {
        let cell = |name: &str| {
            let column = head.iter().position(|cell| cell.starts_with(name));
            column.and_then(|column| cells.get(column)).cloned().unwrap_or_default()
        };
        let traits = cell("traits");
        Row {
            file: cell("file"),
            counts: cell("packets by type").split_whitespace().filter_map(count).collect(),
            is_least: ["lost", "snap", "WebSocket", "Unknown version"]
                .iter()
                .any(|word| traits.contains(word)),
            unknown: head.iter().any(|cell| cell == "cannot know").then(|| cell("cannot know")),
            broken: head.iter().any(|cell| cell == "broken").then(|| cell("broken")),
            note: cell("note"),
        }
    };
    table.skip(1).map(row).collect()
}

fn count(text: &str) -> Option<(String, u64)> {
    let (name, count) = text.split_once(':')?;
    Some((name.to_owned(), count.parse().ok()?))
}

/// The counts as the manifest writes them.
fn counts(survey: &Survey) -> BTreeMap<String, u64> {
    let name = |number: u8| match PacketType::from_number(number) {
        None => format!("RESERVED{number}"),
        Some(PacketType::Subscribe) => "SUB".to_owned(),
        Some(PacketType::Unsubscribe) => "UNSUB".to_owned(),
        Some(PacketType::Disconnect) => "DISC".to_owned(),
        Some(name) => name.name().to_owned(),
    };
    (0..16).map(|number| (name(number), survey.packets(number))).filter(|(_, count)| *count > 0).collect()
}

/// Compares all captures of a folder with its manifest.
fn compare(folder: &Path) {
    let manifest = fs::read_to_string(folder.join("MANIFEST.md")).unwrap_or_default();
    let rows = rows(&manifest);
    assert!(!rows.is_empty(), "{} has no manifest with a table", folder.display());
    for row in rows {
        let Ok(file) = fs::File::open(folder.join(&row.file)) else { panic!("there is no {}", row.file) };
        let survey = survey(file, KeyLog::default(), &mut |_, _| {})
            .unwrap_or_else(|error| panic!("{}: {error}", row.file));
        let found = counts(&survey);
        if row.is_least {
            let is_there =
                |(name, count): (&String, &u64)| found.get(name).is_some_and(|found| found >= count);
            assert!(row.counts.iter().all(is_there), "{}: {found:?} instead of {:?}", row.file, row.counts);
        } else {
            assert_eq!(found, row.counts, "{}", row.file);
        }
        if let Some(unknown) = &row.unknown {
            assert_eq!(&blind(&survey), unknown, "{}", row.file);
        }
        let breaches: Vec<_> = survey.conversations.iter().flat_map(|summary| &summary.breaches).collect();
        let statements: Vec<_> =
            breaches.iter().map(|breach| breach.violation.statement.to_string()).collect();
        if let Some(broken) = &row.broken {
            assert_eq!(&statements.join(" "), broken, "{}", row.file);
        } else if row.note.contains("reserved packet type") {
            assert!(
                breaches.iter().any(|breach| breach.violation.what.contains("is reserved")),
                "{}",
                row.file
            );
        } else {
            let by_server = breaches.iter().filter(|breach| breach.violation.party == Sender::Server);
            assert_eq!(by_server.count(), 0, "{}: {breaches:?}", row.file);
            assert!(breaches.is_empty() || row.note.contains("malformed"), "{}: {breaches:?}", row.file);
        }
    }
}

/// What cannot be known, in a word each.
fn blind(survey: &Survey) -> String {
    let mut words: Vec<String> = Vec::new();
    for (blind, (_, bytes)) in survey.conversations.iter().flat_map(|summary| &summary.blind) {
        words.push(match blind {
            Blind::Late => "late".to_owned(),
            Blind::Missing(_) => format!("missing:{bytes}"),
            Blind::Wrapped(_) => "wrapped".to_owned(),
            Blind::TooLarge => "large".to_owned(),
            Blind::Version => "version".to_owned(),
        });
    }
    for (why, connections) in &survey.encrypted {
        words.push(format!("encrypted:{connections} {why:?}"));
    }
    words.join(" ")
}

#[test]
fn own_captures_hold_what_was_counted() {
    compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap"));
}

#[test]
fn captures_that_others_counted_hold_what_was_counted() {
    if let Some(folder) = env::var_os("MQTTSPEC_CAPTURES") {
        compare(Path::new(&folder));
    }
}
