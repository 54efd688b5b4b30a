//! A folder of captures that others have counted, named by the environment variable `MQTTSPEC_CAPTURES`.
//!
//! It holds captures and a `MANIFEST.md` with a table, one row per capture, whose columns `file`, `packets by type` and
//! `traits` say what is in it: `CONNECT:2 PUBLISH:1`. Where the traits speak of lost, cut or wrapped packets, the counts
//! are what at least has to be found.

use std::{collections::BTreeMap, env, fs, path::Path};

use mqttspec::capture::{Survey, survey};
use mqttspec_wire::{Sender, packet::PacketType};

/// A row of the manifest.
#[derive(Debug)]
struct Row {
    file: String,
    counts: BTreeMap<String, u64>,
    /// Whoever counted could not see everything.
    is_least: bool,
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

#[test]
fn counted_captures_hold_what_was_counted_and_nobody_is_accused_wrongly() {
    let Some(folder) = env::var_os("MQTTSPEC_CAPTURES") else { return };
    let folder = Path::new(&folder);
    let manifest = fs::read_to_string(folder.join("MANIFEST.md")).unwrap();
    let rows = rows(&manifest);
    assert!(!rows.is_empty());
    for row in rows {
        let survey = survey(fs::File::open(folder.join(&row.file)).unwrap(), &mut |_, _| {}).unwrap();
        let found = counts(&survey);
        if row.is_least {
            let is_there =
                |(name, count): (&String, &u64)| found.get(name).is_some_and(|found| found >= count);
            assert!(row.counts.iter().all(is_there), "{}: {found:?} instead of {:?}", row.file, row.counts);
        } else {
            assert_eq!(found, row.counts, "{}", row.file);
        }
        let breaches: Vec<_> = survey.conversations.iter().flat_map(|summary| &summary.breaches).collect();
        if row.note.contains("reserved packet type") {
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
