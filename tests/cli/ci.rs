//! The shell of `action.yml` and of the GitLab template in `docs/ci.md`, carried out here as it is carried out there.

use std::{env, fs, process::Command};

use serde_yaml::Value;

use super::{broker::Broker, reports::Folder};

const ACTION: &str = include_str!("../../action.yml");
const GUIDE: &str = include_str!("../../docs/ci.md");
const BREAKS: [&str; 2] = ["--break", "no-session-present-when-new"];

/// Runs a script with the program in the path; status and standard output.
fn bash(script: &str, folder: &Folder, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mqttspec"));
    let path =
        format!("{}:{}", program.parent().unwrap_or(program).display(), env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    // As GitHub and GitLab do it.
    bash.args(["-e", "-o", "pipefail", "-c", script]).current_dir(folder.path()).env("PATH", path);
    let output = bash.envs(variables.iter().copied()).output().unwrap_or_else(|error| panic!("{error}"));
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The scripts of the action's steps, by name.
fn step(name: &str) -> String {
    let action: Value = serde_yaml::from_str(ACTION).unwrap_or_else(|error| panic!("{error}"));
    let steps = action.get("runs").and_then(|runs| runs.get("steps")).and_then(Value::as_sequence);
    let named = |step: &&Value| step.get("name").and_then(Value::as_str) == Some(name);
    let script = steps.into_iter().flatten().find(named).and_then(|step| step.get("run")?.as_str());
    script.unwrap_or_else(|| panic!("no step `{name}`")).to_owned()
}

#[test]
fn the_action_judges_summarises_and_annotates() {
    let broker = Broker::start(&BREAKS).unwrap();
    let folder = Folder::new("action");
    let (url, summary) = (broker.url(), folder.file("summary.md"));
    let variables = [
        ("TARGET", url.as_str()),
        ("BROKER", "my broker 1.2"),
        ("BASELINE", ""),
        ("OPTIONS", "--only session-present-new --version 5.0"),
        ("REPORTS", "reports"),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_ACTION_PATH", "nowhere"),
    ];
    let (status, stdout) = bash(&step("Install mqttspec"), &folder, &variables);
    assert_eq!(status, Some(0), "{stdout}");
    let (status, stdout) = bash(&step("Judge the broker"), &folder, &variables);
    assert_eq!(status, Some(1), "{stdout}");
    assert!(stdout.contains("::error title=my broker 1.2 v5.0%3A3.2.2-3::Session Present is 0"), "{stdout}");
    assert!(fs::read_to_string(&summary).unwrap().starts_with("# ❌ MQTT conformance of my broker 1.2\n"));
    for ending in ["html", "json", "xml", "md", "pcapng"] {
        let size = fs::metadata(folder.file(&format!("reports/mqttspec.{ending}"))).unwrap().len();
        assert!(size > 1000, "{ending} has {size} bytes");
    }

    // With a baseline that knows the failure, the step succeeds and annotates nothing.
    let known = "examined:\n  - statement: v5.0:3.2.2-3\n    why: We know.\n";
    fs::write(folder.file("known.yaml"), known).unwrap();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, if *name == "BASELINE" { "known.yaml" } else { value }))
        .collect();
    let (status, stdout) = bash(&step("Judge the broker"), &folder, &variables);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(!stdout.contains("::error"), "{stdout}");
}

#[test]
fn the_gitlab_template_works() {
    let template =
        GUIDE.split("```yaml\nmqttspec:").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let template: Value = serde_yaml::from_str(&format!("mqttspec:{template}")).unwrap();
    let lines = |name: &str| {
        let lines = template["mqttspec"][name].as_sequence().unwrap().iter();
        lines.map(|line| line.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let script = [lines("before_script"), lines("script")].concat().join("\n");
    let broker = Broker::start(&BREAKS).unwrap();
    let folder = Folder::new("gitlab");
    let script = format!("{script} --only session-present-new");
    let (status, stdout) = bash(&script, &folder, &[("TARGET", &broker.url()), ("BROKER", "my broker 1.2")]);
    assert_eq!(status, Some(1), "{stdout}");
    let junit = template["mqttspec"]["artifacts"]["reports"]["junit"].as_str().unwrap();
    assert!(fs::read_to_string(folder.file(junit)).unwrap().contains("<failure message=\"v5.0:3.2.2-3 "));
}
