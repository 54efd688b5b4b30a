//! Fleets as their users meet them.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::{broker::Broker, outcome};

/// A file of this test alone, which ends with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("mqttspec-fleet-{}-{name}", std::process::id())))
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// The first result of a report with this variant.
fn result_of<'r>(report: &'r Value, variant: &str) -> Option<&'r Value> {
    report["results"].as_array()?.iter().find(|result| result["variant"] == variant)
}

#[test]
fn what_a_mutant_breaks_becomes_a_scenario() {
    let file = Temporary::new("history.yaml");
    let rule = "messages-kept-for-absent";
    let json = Temporary::new("report.json");
    let run = ["fleet", "fan-out", "--break", rule, "--scenario", &file.path(), "--json", &json.path()];
    let (status, stdout, stderr) = outcome(&run);
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    // Lines are broken where the page ends.
    let stdout = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stdout.contains("4.5.0-1"), "{stdout}");
    assert!(stdout.contains("it fails on this broker"), "{stdout}");
    let clients = ["2 clients", "3 clients", "4 clients"];
    assert!(clients.iter().any(|clients| stdout.contains(clients)), "{stdout}");
    let report: Value = serde_json::from_str(&fs::read_to_string(&json.0).unwrap()).unwrap();
    let result = result_of(&report, "broken").unwrap();
    assert_eq!((&result["scenario"], &result["grade"]), (&"fleet/delivered".into(), &"fail".into()));
    assert_eq!(result["broken"][0], "v5.0:4.5.0-1");
    let observed = result["findings"][0]["observed"].as_str().unwrap();
    assert!(observed.starts_with("broken at ") && observed.contains(" s "), "{observed}");
    assert_eq!(report["scenarios"]["fleet/delivered"], fs::read_to_string(&file.0).unwrap());
    let (status, rendered, _) = outcome(&["report", "render", &json.path(), "--report", "md=-"]);
    assert_eq!(status, Some(0), "{rendered}");
    assert!(rendered.contains("not conforming: 1 statement broken: v5.0:4.5.0-1"), "{rendered}");
    assert!(result_of(&report, "kept").is_none(), "nobody knows for which versions all came");
    let (status, stdout, _) = outcome(&["run", "--scenarios", &file.path()]);
    assert_eq!(status, Some(0), "{stdout}");
    let broker = Broker::start(&["--break", rule]).unwrap();
    let (status, stdout, _) = outcome(&["run", &broker.url(), "--scenarios", &file.path()]);
    assert_eq!(status, Some(1), "{stdout}");
}

#[test]
fn what_was_kept_is_reported() {
    let (status, stdout, stderr) = outcome(&["fleet", "fan-out", "--json", "-"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("\nconforming: "), "{stderr}");
    assert_eq!(report["summary"]["fail"], 0);
    let kept = result_of(&report, "kept").unwrap();
    assert_eq!((&kept["scenario"], &kept["grade"]), (&"fleet/delivered".into(), &"pass".into()));
    let again = outcome(&["fleet", "fan-out", "--list", "--json", "-"]);
    assert_eq!(again.0, Some(2), "a list is no verdict");
}

#[test]
fn the_swarm_finds_a_mutant() {
    let (status, stdout, _) =
        outcome(&["fleet", "--explore", "20", "--break", "session-outlives-connection"]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(stdout.contains("session-outlives-connection") && stdout.contains("seed "), "{stdout}");
}

#[test]
fn nobody_is_judged_who_is_not_there() {
    let (status, stdout, stderr) = outcome(&["fleet", "wills", "--target", "mqtt://127.0.0.1:1"]);
    assert_eq!((status, stdout.as_str()), (Some(3), ""));
    assert!(stderr.starts_with("undecided: cannot reach mqtt://127.0.0.1:1: "), "{stderr}");
    assert!(stderr.contains("Is it running"), "{stderr}");
}

#[test]
fn a_fleet_plays_over_sockets() {
    let plan = Temporary::new("plan.yaml");
    let text = "\
title: Small
groups:
  publisher:
    count: 5
    session: {expiry: 1h}
    keep-alive: 2s
    publish: [{topic: 'a/{n}', qos: {0: 1, 1: 1, 2: 1}, every: 100ms..300ms}]
    link: {latency: 1ms..20ms, cut: 1s..3s}
  subscriber:
    count: 2
    session: {expiry: 1h}
    keep-alive: 2s
    subscribe: [{filter: 'a/#', qos: 2}]
    link: {latency: 1ms..20ms, cut: 1s..3s}
phases: [{ramp: 500ms}, {steady: 3s}]
";
    fs::write(&plan.0, text).unwrap();
    let broker = Broker::start(&[]).unwrap();
    let (status, stdout, stderr) = outcome(&["fleet", &plan.path(), "--target", &broker.url()]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("\nconforming: "), "{stdout}");
    let broker = Broker::start(&["--break", "messages-kept-for-absent"]).unwrap();
    let (status, stdout, _) = outcome(&["fleet", &plan.path(), "--target", &broker.url()]);
    assert_eq!(status, Some(1), "{stdout}");
}
