//! Reports of a run, and what else it shows of itself.

use serde_json::Value;

use super::outcome;

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
