//! What the README shows is what the program does.

use std::{fs, process::Command};

use super::{broker::Broker, outcome};

const README: &str = include_str!("../../README.md");

#[test]
fn the_failure_is_real() {
    let broker = Broker::start(&["--break", "no-session-present-when-new"]).unwrap();
    let run = ["run", &broker.url(), "--only", "session-present-new", "--version", "5.0"];
    let (status, stdout, _) = outcome(&run);
    assert_eq!(status, Some(1), "{stdout}");
    let steady = ["FAIL  ", "  broken  ", "  expected  ", "  observed  ", "not conforming: "];
    let told: Vec<&str> =
        stdout.lines().filter(|line| steady.iter().any(|start| line.starts_with(start))).collect();
    assert_eq!(told.len(), steady.len(), "{stdout}");
    for line in told {
        assert!(README.lines().any(|shown| shown == line), "the README does not show `{line}`");
    }
}

#[test]
fn the_commands_work() {
    let broker = Broker::start(&[]).unwrap();
    let folder = std::env::temp_dir().join(format!("mqttspec-readme-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("mqttspec "));
    let commands: Vec<&str> = commands.filter(|command| !command.starts_with("broker ")).collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        let words = command.split('#').next().unwrap_or_default().split_whitespace();
        let words = words.map(|word| word.replace("mqtt://127.0.0.1:1883", &broker.url()));
        let mut program = Command::new(env!("CARGO_BIN_EXE_mqttspec"));
        let output = program.args(words).current_dir(&folder).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "mqttspec {command}: {output:?}");
    }
    assert!(folder.join("report.json").is_file());
    fs::remove_dir_all(&folder).unwrap();
}
