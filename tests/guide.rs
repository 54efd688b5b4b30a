//! The examples of `docs/writing-scenarios.md`: they pass, fail where the text says so, and are refused in its words.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use mqttspec::{
    runner::{Embedded, plan},
    scenario::{self, ast::Scenario},
    verdict::{Grade, ScenarioResult},
};
use reference_broker::{Rule, Rules};

const GUIDE: &str = include_str!("../docs/writing-scenarios.md");

/// A file of the guide with what the text says about it.
struct Example {
    name: &'static str,
    text: &'static str,
    /// What stands between it and the next one.
    after: &'static str,
}

/// The files: a line with a name, then a block of YAML.
fn examples() -> Vec<Example> {
    let mut parts = GUIDE.split("```yaml\n");
    let mut before = parts.next().unwrap();
    let mut examples = Vec::new();
    for part in parts {
        let (text, after) = part.split_once("```\n").unwrap();
        let name = before.trim_end().lines().last().unwrap().trim_matches('`');
        assert!(name.strip_suffix(".yaml").is_some(), "a block of YAML without the name of a file: {text}");
        examples.push(Example { name, text, after });
        before = after;
    }
    examples
}

impl Example {
    fn load(&self) -> Result<Arc<Scenario>, String> {
        let id = self.name.trim_end_matches(".yaml");
        let loaded = scenario::load_str(id, &format!("my-scenarios/{}", self.name), self.text);
        loaded.map(Arc::new).map_err(|mistakes| mistakes.render(false))
    }

    /// The block of text that shows what is wrong with it, if anything is.
    fn mistakes(&self) -> Option<&'static str> {
        self.after.split_once("```text\n")?.1.split("```").next()
    }

    /// The mutants on which it fails, and the labels of the statements that it then names.
    fn failing(&self) -> Vec<(Rule, Vec<&'static str>)> {
        let sentences =
            self.after.lines().filter_map(|line| line.strip_prefix("It fails on the mutant `no-"));
        let read = |sentence: &'static str| {
            let (name, rest) = sentence.split_once('`').unwrap();
            let rule = Rule::ALL.iter().find(|rule| rule.name() == name);
            let labels = rest.split_whitespace().filter_map(|word| word.strip_prefix("MQTT-"));
            let labels = labels.map(|label| label.trim_end_matches('.')).collect();
            (*rule.unwrap_or_else(|| panic!("{}: there is no mutant no-{name}", self.name)), labels)
        };
        sentences.map(read).collect()
    }
}

fn play(scenario: &Arc<Scenario>, rules: Rules) -> Vec<ScenarioResult> {
    let embedded = Embedded::probed();
    let runs = plan::plan(std::slice::from_ref(scenario), &plan::Selection::default());
    assert!(!runs.is_empty());
    runs.iter().map(|run| embedded.play(run, rules)).collect()
}

#[test]
fn right_examples_pass() {
    let mut played = 0;
    for example in examples().iter().filter(|example| example.mistakes().is_none()) {
        let scenario = example.load().unwrap_or_else(|mistakes| panic!("{mistakes}"));
        for result in play(&scenario, Rules::all()) {
            assert_eq!(result.grade, Grade::Pass, "{} {:#?}", example.name, result.findings);
            played += 1;
        }
    }
    assert!(played >= 15, "{played}");
}

#[test]
fn they_fail_where_the_guide_says_so() {
    let mut shown = 0;
    for example in examples().iter().filter(|example| example.mistakes().is_none()) {
        let failing = example.failing();
        assert!(!failing.is_empty(), "{}: the guide names no mutant on which it fails", example.name);
        let scenario = example.load().unwrap_or_else(|mistakes| panic!("{mistakes}"));
        for (rule, labels) in failing {
            let results = play(&scenario, Rules::all().without(rule));
            let broken: Vec<&str> =
                results.iter().flat_map(|result| &result.broken).map(|id| id.statement().label).collect();
            let fails = results.iter().any(|result| result.grade == Grade::Fail);
            assert!(fails, "{} does not fail without {}: {results:#?}", example.name, rule.name());
            for label in labels {
                assert!(broken.contains(&label), "{}: {label} is not among {broken:?}", example.name);
            }
            shown += 1;
        }
    }
    assert!(shown >= 8, "{shown}");
}

#[test]
fn mistakes_are_explained_as_the_guide_shows_them() {
    let examples = examples();
    let mistaken: Vec<_> =
        examples.iter().filter_map(|example| Some((example, example.mistakes()?))).collect();
    assert!(!mistaken.is_empty());
    for (example, shown) in mistaken {
        let Err(explained) = example.load() else { panic!("{} has no mistakes", example.name) };
        assert_eq!(explained.trim_end(), shown.trim_end(), "{}", example.name);
    }
}

/// The commands that need no broker besides the program's own.
#[test]
fn the_commands_work() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guide");
    fs::create_dir_all(folder.join("my-scenarios")).unwrap();
    for example in examples().iter().filter(|example| example.mistakes().is_none()) {
        fs::write(folder.join("my-scenarios").join(example.name), example.text).unwrap();
    }
    let blocks = GUIDE.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("mqttspec "));
    let commands: Vec<&str> = commands.filter(|command| !command.contains("://")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let mut program = Command::new(env!("CARGO_BIN_EXE_mqttspec"));
        let output = program.args(command.split_whitespace()).current_dir(&folder).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "mqttspec {command}: {output:?}");
    }
    fs::remove_dir_all(&folder).unwrap();
}
