//! The program as its users meet it: arguments in, exit status and text out.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of a test may fail it")]

mod broker;
mod capture;
mod ci;
mod fleet;
mod hostile;
mod launch;
mod log;
mod metrics;
mod narrated;
mod passwords;
mod readme;
mod reports;
mod run;
mod scram;
mod settings;
mod watch;
#[cfg(unix)]
mod watch_bytes;

use std::process::{Command, Output};

use rstest::rstest;

fn mqttspec(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_mqttspec")).args(arguments).env_remove("NO_COLOR").output();
    output.unwrap_or_else(|error| panic!("cannot start the program: {error}"))
}

/// Exit status, standard output and standard error.
fn outcome(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = mqttspec(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[rstest]
#[case(&[], "Usage: mqttspec")]
#[case(&["rnu"], "unrecognized subcommand 'rnu'")]
#[case(&["explain"], "required arguments were not provided")]
#[case(&["explain", "MQTT-3.3.1-55"], "did you mean `3.3.1-5`?")]
#[case(&["explain", "v5.0:3.3.1-5", "nonsense"], "`nonsense` is neither a statement nor a section")]
#[case(&["list", "packets"], "invalid value 'packets'")]
#[case(&["broker", "--break", "retained-replacd"], "did you mean `retained-replaced`?")]
#[case(&["broker", "--listen", "192.0.2.1:1"], "cannot serve at mqtt://192.0.2.1:1: ")]
#[case(&["broker", "--listen", "127.0.0.1"], "it names no port")]
#[case(&["broker", "--listen", "mqtts://127.0.0.1:0"], "TLS needs a certificate")]
#[case(&["broker", "--cert", "Cargo.toml", "--key", "Cargo.toml"], "cannot serve TLS with Cargo.toml: ")]
#[case(&["broker", "--listen", "unix:/nowhere/mqtt"], "cannot serve at unix:/nowhere/mqtt: ")]
#[case(&["broker", "--listen", "127.0.0.1:0", "--explain", "/nowhere/log"], "cannot write /nowhere/log: ")]
#[case(&["broker", "--scram", "nowhere"], "cannot read nowhere: ")]
#[case(&["broker", "--scram", "Cargo.toml"], "Cargo.toml:1: expected NAME:SCRAM-SHA-256$")]
#[case(&["fleet"], "required arguments were not provided")]
#[case(&["fleet", "wills", "--target", "mqtts://127.0.0.1:1"], "nobody said whom to trust over TLS")]
#[case(&["fleet", "senors"], "did you mean `sensors`?")]
#[case(&["fleet", "nowhere.yaml"], "cannot read nowhere.yaml: ")]
#[case(&["fleet", "Cargo.toml"], "the plan has mistakes")]
#[case(&["lint", "nowhere"], "cannot read nowhere: ")]
#[case(&["lint", "src/cli"], "there are no scenarios")]
#[case(&["lint", "Cargo.toml"], "1 mistake in scenario files")]
fn wrong_usage_is_said_and_has_status_2(#[case] arguments: &[&str], #[case] expected: &str) {
    let (status, stdout, stderr) = outcome(arguments);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(expected), "{stderr}");
    assert_eq!(stdout, "");
}

#[rstest]
#[case(&["--version"], "mqttspec 0.1.0")]
#[case(&["--help"], "Exit status:")]
#[case(&["explain", "MQTT-3.3.1-5"], "v3.1.1:3.3.1-5  RETAIN 1 stores the message")]
#[case(&["explain", "MQTT-3.3.1-5"], "v5.0:3.3.1-5  RETAIN 1 replaces and stores")]
#[case(&["explain", "v5.0:§3.13"], "v5.0:X-3.13.1-1  ")]
#[case(&["broker", "rules"], "A newer message replaces the retained one.")]
#[case(&["broker", "rules", "--statements"], "    connack-comes-first: CONNACK is the first packet")]
#[case(&["broker", "rules", "--statements"], "    no rule: The WebSocket listener carries it out")]
#[case(&["explain", "v5.0:4.2-1"], "kept by    no rule: Every listener is one")]
#[case(&["explain", "v5.0:3.3.1-5"], "rule `retained-replaced`: ")]
#[case(&["lint"], "without mistakes")]
#[case(&["lint", "fixtures/scenarios/good", "fixtures/scenarios/good/everything.yaml"], "4 scenarios without mistakes")]
#[case(&["fleet", "--list"], "Wills at scale")]
#[case(&["fleet", "workers"], "conforming: ")]
#[case(&["list", "statements"], "v5.0:4.13.1-1 ")]
#[case(&["list", "coverage"], "MQTT 5.0 unnumbered ")]
#[case(&["list", "--coverage"], "MQTT 3.1.1 numbered ")]
fn answers_go_to_standard_output(#[case] arguments: &[&str], #[case] expected: &str) {
    let (status, stdout, stderr) = outcome(arguments);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains(expected), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "colours in a pipe");
}

#[test]
fn every_statement_can_be_explained() {
    let (_, list, _) = outcome(&["list", "statements"]);
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| name.contains(':')).collect();
    assert_eq!(names.len(), 612);
    let arguments: Vec<&str> = std::iter::once("explain").chain(names.iter().copied()).collect();
    let (status, stdout, _) = outcome(&arguments);
    assert_eq!(status, Some(0));
    let missing = names.iter().find(|name| !stdout.contains(&format!("{name}  ")));
    assert_eq!(missing, None);
}
