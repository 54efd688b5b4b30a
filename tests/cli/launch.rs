//! `mqttspec run --launch`: brokers that are started for a run and end with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rstest::rstest;

use super::outcome;

/// A folder for a test, with a recipe in it.
struct Kitchen(PathBuf);

impl Kitchen {
    fn new(name: &str, recipe: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("launch-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
        fs::write(folder.join("recipe.yaml"), recipe).unwrap_or_else(|error| panic!("{error}"));
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Plays what is selected against the broker of the recipe, with its files in a folder of this one.
    fn run(&self, only: &[&str]) -> (Option<i32>, String, String) {
        let (recipe, folder) = (self.path("recipe.yaml"), self.path("files"));
        let only = only.iter().flat_map(|word| ["--only", word]);
        outcome(
            &["run", "--launch", &recipe, "--folder", &folder].into_iter().chain(only).collect::<Vec<_>>(),
        )
    }

    /// The process of the broker that was started last.
    fn broker(&self) -> Option<String> {
        fs::read_to_string(self.path("files/pid"))
            .ok()
            .map(|pid| pid.trim().to_owned())
            .filter(|it| !it.is_empty())
    }
}

impl Drop for Kitchen {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The reference broker, which knows of one setting only, and leaves the number of its process.
fn reference() -> String {
    let program = env!("CARGO_BIN_EXE_mqttspec");
    format!(
        "broker: mqttspec\n\
         command: [sh, -c, \"echo $$ >{{folder}}/pid; exec {program} broker --config {{folder}}/broker.toml\"]\n\
         files: {{broker.toml: \"listen = ['mqtt://127.0.0.1:{{port}}']\\n\"}}\n\
         settings: {{maximum-qos: {{add: {{broker.toml: \"maximum-qos = {{value}}\"}}}}}}\n"
    )
}

fn is_running(pid: &str) -> bool {
    let status = Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn a_broker_is_launched_as_scenarios_want_it_and_ended() {
    let kitchen = Kitchen::new("settings", &reference());
    let (status, stdout, stderr) =
        kitchen.run(&["v5.0/3.2-connack/maximum-qos-told", "retained-stored", "retain-unavailable-told"]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("total            5     ·     1\n"), "{stdout}");
    assert!(stdout.contains("a broker set up with `retain: false`: it offers `retain`"), "{stdout}");
    let file = fs::read_to_string(kitchen.path("files/broker.toml")).unwrap_or_default();
    assert!(file.ends_with("maximum-qos = 1\n"), "the last one was set up: {file}");
    let broker = kitchen.broker().unwrap_or_else(|| panic!("no broker was launched"));
    assert!(!is_running(&broker), "the broker outlives the run");
}

#[rstest]
#[case("-INT")]
#[case("-TERM")]
fn a_run_that_is_interrupted_ends_its_broker(#[case] signal: &str) {
    let kitchen = Kitchen::new(&format!("interrupted{signal}"), &reference());
    let (recipe, folder) = (kitchen.path("recipe.yaml"), kitchen.path("files"));
    let mut run = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["run", "--launch", &recipe, "--folder", &folder, "--only", "keep-alive", "--jobs", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}"));
    let started = Instant::now();
    let broker = loop {
        match kitchen.broker() {
            Some(pid) => break pid,
            None if started.elapsed() > Duration::from_secs(30) => panic!("no broker was launched"),
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let interrupt = Command::new("kill").args([signal, &run.id().to_string()]).status();
    assert!(interrupt.is_ok_and(|status| status.success()));
    let status = run.wait().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(status.code(), Some(3));
    assert!(!is_running(&broker), "the broker outlives the run");
}

/// The reference broker with a store, if it is to have one.
fn lasting(has_store: bool) -> String {
    let program = env!("CARGO_BIN_EXE_mqttspec");
    let store = if has_store { "store = '{folder}/store'\\n" } else { "" };
    format!(
        "broker: mqttspec\n\
         command: [{program}, broker, --config, \"{{folder}}/broker.toml\"]\n\
         files: {{broker.toml: \"listen = ['mqtt://127.0.0.1:{{port}}']\\n{store}\"}}\n"
    )
}

/// Scenarios in which the broker ends in order, and does not.
const SESSIONS: [&str; 2] =
    ["common/4.1-storing-state/restart-keeps-session", "common/4.1-storing-state/kill-keeps-session"];

#[rstest]
#[case::with_a_store(true, "4     ·\n", "none broken")]
#[case::without_one(false, "·     4     ·\n", "4 runs with lesser deviations")]
fn a_broker_is_restarted_and_killed(#[case] has_store: bool, #[case] total: &str, #[case] verdict: &str) {
    let kitchen = Kitchen::new(&format!("restarted-{has_store}"), &lasting(has_store));
    let (status, stdout, stderr) = kitchen.run(&SESSIONS);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains(total) && stdout.contains(verdict), "{stdout}");
}

#[test]
fn what_a_broker_is_declared_not_to_survive_is_skipped() {
    let recipe = lasting(false) + "does-not-offer: {durable-sessions: it has no store}\n";
    let kitchen = Kitchen::new("declared", &recipe);
    let (status, stdout, _) = kitchen.run(&SESSIONS);
    assert_eq!(status, Some(3), "nothing is left to be judged: {stdout}");
    assert!(
        stdout.contains("the feature `durable-sessions`: declared for this broker: it has no store"),
        "{stdout}"
    );
}

#[test]
fn a_broker_that_does_not_come_back_is_told_with_its_log() {
    let program = env!("CARGO_BIN_EXE_mqttspec");
    let recipe = format!(
        "broker: once\n\
         command: [sh, -c, \"mkdir {{folder}}/was-here && exec {program} broker --listen mqtt://127.0.0.1:{{port}}\"]\n"
    );
    let kitchen = Kitchen::new("once", &recipe);
    let (status, stdout, _) = kitchen.run(&["common/4.1-storing-state/kill-keeps-retained"]);
    assert_eq!(status, Some(3), "{stdout}");
    assert!(stdout.contains("it ended as soon as it was started again"), "{stdout}");
    let log = stdout.replace(['\n', ' '], "");
    assert!(log.contains(&kitchen.path("files/restarted-")), "{stdout}");
}

#[test]
fn a_broker_that_does_not_come_up_is_told_with_its_log() {
    let recipe = "broker: lazy\ncommand: [sh, -c, \"echo no licence; exit 1\"]\nready-within: 20s\n";
    let kitchen = Kitchen::new("lazy", recipe);
    let (status, stdout, _) = kitchen.run(&["retained-stored"]);
    assert_eq!(status, Some(3));
    let log = kitchen.path("files/broker.log");
    assert!(stdout.contains("lazy ended as soon as it was launched"), "{stdout}");
    assert!(stdout.replace(['\n', ' '], "").contains(&log), "{stdout}");
    assert_eq!(fs::read_to_string(log).unwrap_or_default(), "no licence\n");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let kitchen = Kitchen::new("missing", "broker: none\ncommand: [./no-such-broker]\n");
    let (status, stdout, _) = kitchen.run(&["retained-stored"]);
    assert_eq!(status, Some(3));
    assert!(stdout.contains("none could not be launched: cannot start"), "{stdout}");
}

#[test]
fn mistakes_in_a_recipe_are_told_with_their_places() {
    let recipe = "broker: some\ncomand: [some, \"{prot}\"]\nsettings: {maximum-qso: {}, retain: {ad: {}}}\n";
    let kitchen = Kitchen::new("mistakes", recipe);
    let (status, stdout, stderr) = kitchen.run(&["retained-stored"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    for expected in [
        "3 mistakes in the recipe",
        "did you mean `command`?",
        "did you mean `maximum-qos`?",
        "did you mean `add`?",
        "recipe.yaml:3:12",
    ] {
        assert!(stderr.contains(expected), "{expected}:\n{stderr}");
    }
}

#[test]
fn the_recipes_of_this_project_have_no_mistakes() {
    let folder = Path::new("fixtures/targets/launch");
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{error}")).flatten();
    let recipes: Vec<PathBuf> = files
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    assert!(recipes.len() >= 8, "{recipes:?}");
    for path in recipes {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"));
        let loaded = mqttspec::scenario::load_recipe(&path.to_string_lossy(), &text);
        loaded.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    }
}
