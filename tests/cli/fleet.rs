//! Fleets as their users meet them.

use std::{fs, path::PathBuf};

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

#[test]
fn what_a_mutant_breaks_becomes_a_scenario() {
    let file = Temporary::new("history.yaml");
    let rule = "messages-kept-for-absent";
    let run = ["fleet", "fan-out", "--break", rule, "--scenario", &file.path()];
    let (status, stdout, stderr) = outcome(&run);
    assert_eq!(status, Some(1), "{stdout}{stderr}");
    // Lines are broken where the page ends.
    let stdout = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stdout.contains("4.5.0-1"), "{stdout}");
    assert!(stdout.contains("it fails on this broker"), "{stdout}");
    let clients = ["2 clients", "3 clients", "4 clients"];
    assert!(clients.iter().any(|clients| stdout.contains(clients)), "{stdout}");
    let (status, stdout, _) = outcome(&["run", "--scenarios", &file.path()]);
    assert_eq!(status, Some(0), "{stdout}");
    let broker = Broker::start(&["--break", rule]).unwrap();
    let (status, stdout, _) = outcome(&["run", &broker.url(), "--scenarios", &file.path()]);
    assert_eq!(status, Some(1), "{stdout}");
}

#[test]
fn the_swarm_finds_a_mutant() {
    let (status, stdout, _) =
        outcome(&["fleet", "--explore", "20", "--break", "session-outlives-connection"]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(stdout.contains("session-outlives-connection") && stdout.contains("seed "), "{stdout}");
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
