//! Reports of a run, and what else it shows of itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rstest::rstest;
use serde_json::Value;

use super::{broker::Broker, outcome};

const ONE: [&str; 5] = ["run", "--only", "common/3.2-connack/session-present-new", "--version", "5.0"];

#[test]
fn a_run_tells_its_events_while_it_goes_on() {
    let (status, stdout, stderr) = outcome(&[&ONE[..], &["--format", "json-lines"]].concat());
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let events: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names, ["probed", "planned", "finished", "concluded"]);
    assert_eq!(events[1]["runs"], 1);
    assert_eq!(events[2]["result"]["grade"], "pass");
    assert_eq!(events[3]["verdict"], "conforming");
}

#[test]
fn a_quiet_run_says_one_sentence() {
    let (status, stdout, stderr) = outcome(&[&ONE[..], &["--quiet"]].concat());
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, "conforming: 1 statement judged, none broken\n");
}

/// A folder of its own that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mqttspec-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{error}"));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_baseline_stops_only_what_is_new() {
    let broker = Broker::start(&["--break", "no-session-present-when-new"]).unwrap();
    let folder = Folder::new("baseline");
    let (url, file) = (broker.url(), folder.file("known.yaml"));
    let run = |extra: &[&str]| {
        let run = ["run", &url, "--only", "session-present-new", "--quiet", "--baseline", &file];
        outcome(&[&run[..], extra].concat())
    };
    let (status, _, stderr) = run(&[]);
    assert_eq!(status, Some(2), "{stderr}");
    assert!(stderr.contains("to write one, add --baseline-update"), "{stderr}");

    let (status, stdout, _) = run(&["--baseline-update"]);
    assert_eq!(status, Some(0), "{stdout}");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("  - scenario: common/3.2-connack/session-present-new\n"), "{written}");
    fs::write(&file, written.replace("Not examined yet.", "We know.")).unwrap();
    let (status, stdout, _) = run(&["--baseline-update"]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(fs::read_to_string(&file).unwrap().contains("why: We know."));

    let xml = folder.file("report.xml");
    let (status, stdout, _) = run(&["--report", &format!("junit={xml}")]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(
        stdout.ends_with("0 new failures, 2 known failures, 0 unexpected passes, 0 stale entries\n"),
        "{stdout}"
    );
    assert!(fs::read_to_string(&xml).unwrap().contains("<skipped message=\"known: We know.; "));

    fs::write(&file, "examined: []\n").unwrap();
    let (status, stdout, _) = run(&[]);
    assert_eq!(status, Some(1), "{stdout}");
    assert!(
        stdout.contains("new failure: common/3.2-connack/session-present-new (MQTT 5.0): v5.0:3.2.2-3"),
        "{stdout}"
    );
}

#[test]
fn an_unexpected_pass_fails_until_its_entry_is_deleted() {
    let folder = Folder::new("unexpected");
    let file = folder.file("known.yaml");
    let text = "examined:\n  - scenario: common/3.2-connack/session-present-new\n    why: It was so.\n";
    fs::write(&file, text).unwrap();
    let (status, stdout, _) = outcome(&[&ONE[..], &["--quiet", "--baseline", &file]].concat());
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("unexpected pass: common/3.2-connack/session-present-new; delete the entry"),
        "{stdout}"
    );
    let (status, _, _) =
        outcome(&[&ONE[..], &["--quiet", "--baseline", &file, "--baseline-update"]].concat());
    assert_eq!(status, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "examined: []\n");
}

#[rstest]
#[case("examined:\n  - scenario: a\n    wyh: b\n", "did you mean `why`?")]
#[case("examined:\n  - scenario: a\n", "`why` is missing")]
#[case("examined:\n  - statement: v5.0:1\n    why: b\n", "this names no statement")]
#[case("examined: no\n", "`examined` is no list")]
#[case("known: []\n", "there is no `known` here")]
fn a_mistake_in_a_baseline_is_shown_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let folder = Folder::new(&format!("mistake-{}", text.len()));
    let file = folder.file("known.yaml");
    fs::write(&file, text).unwrap();
    let (status, stdout, stderr) = outcome(&["run", "--baseline", &file]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains(expected) && stderr.contains("known.yaml:"), "{stderr}");
}

#[test]
fn reports_are_rendered_merged_and_compared_from_files() {
    let broker = Broker::start(&["--break", "no-session-present-when-new"]).unwrap();
    let folder = Folder::new("files");
    let [good, bad, html, md] =
        ["good.json", "bad.json", "matrix.html", "diff.md"].map(|name| folder.file(name));
    let (status, ..) = outcome(&[&ONE[..], &["-q", "--report", &format!("json={good}")]].concat());
    assert_eq!(status, Some(0));
    let play =
        ["run", &broker.url(), "--only", "session-present-new", "--version", "5.0", "--broker", "bad 1.0"];
    let (status, ..) = outcome(&[&play[..], &["-q", "--report", &format!("json={bad}")]].concat());
    assert_eq!(status, Some(1));

    let (status, stdout, _) = outcome(&["report", "render", &bad]);
    assert_eq!(status, Some(0));
    assert!(stdout.contains("FAIL  common/3.2-connack/session-present-new"), "{stdout}");
    let (status, ..) = outcome(&["report", "merge", &good, &bad, "-o", &html]);
    assert_eq!(status, Some(0));
    assert!(fs::read_to_string(&html).unwrap().contains("<h1>2 brokers compared</h1>"));

    let (status, stdout, _) = outcome(&["report", "diff", &good, &bad, "-o", &md]);
    assert_eq!(status, Some(1));
    assert!(stdout.ends_with("worse: 1 new failure\n"), "{stdout}");
    assert!(fs::read_to_string(&md).unwrap().starts_with("# ❌ worse"));
    let (status, stdout, _) = outcome(&["report", "diff", &bad, &good]);
    assert_eq!((status, stdout.lines().last()), (Some(0), Some("not worse: 1 fixed")));
}

#[rstest]
#[case(&["render", "Cargo.toml"], "this is no report of mqttspec")]
#[case(&["render", "nowhere.json"], "cannot read nowhere.json: ")]
#[case(&["merge", "Cargo.toml", "-o", "x.html"], "this is no report of mqttspec")]
#[case(&["diff", "Cargo.toml"], "required arguments were not provided")]
fn wrong_files_are_named(#[case] arguments: &[&str], #[case] expected: &str) {
    let (status, stdout, stderr) = outcome(&[&["report"], arguments].concat());
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains(expected), "{stderr}");
}
