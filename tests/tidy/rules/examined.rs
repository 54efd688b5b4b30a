//! The examined breaches of real brokers (`fixtures/targets`) speak of scenarios and statements that exist.

use std::collections::BTreeSet;

use mqttspec_spec::{StatementId, Version};
use serde::Deserialize;

use crate::{
    finding::Finding,
    rules::statements::unknown,
    source::{File, Tree},
};

/// See fixtures/targets/README.md.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    broker: String,
    version: String,
    examined: Vec<Examined>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Examined {
    scenario: String,
    version: String,
    variant: Option<String>,
    broken: Vec<String>,
    why: String,
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let is_list = |file: &&File| {
        let name = file.path.strip_prefix("fixtures/targets/");
        name.is_some_and(|name| !name.contains('/')) && file.has_extension("yaml")
    };
    tree.files.iter().filter(is_list).flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &File) -> Vec<Finding> {
    let target: Target = match serde_yaml::from_str(&file.text) {
        Ok(target) => target,
        Err(error) => {
            let at = error.location().map_or(0, |place| place.index());
            return vec![file.finding("examined", at, format!("{error}: see fixtures/targets/README.md"))];
        }
    };
    let mut findings = Vec::new();
    let path = format!("fixtures/targets/{}-{}.yaml", target.broker, target.version);
    if file.path != path {
        findings.push(file.finding("examined", 0, format!("is about another target: call it {path}")));
    }
    let mut seen = BTreeSet::new();
    for entry in &target.examined {
        let at = file.text.find(&format!("scenario: {}", entry.scenario)).unwrap_or_default();
        let mut messages = faults(tree, entry);
        if !seen.insert((&entry.scenario, &entry.version, &entry.variant)) {
            messages.push(format!("{} stands twice: keep one entry", entry.scenario));
        }
        findings.extend(messages.into_iter().map(|message| file.finding("examined", at, message)));
    }
    findings
}

fn faults(tree: &Tree, entry: &Examined) -> Vec<String> {
    let mut faults = Vec::new();
    if tree.file(&format!("scenarios/{}.yaml", entry.scenario)).is_none() {
        faults.push(format!("there is no scenario {}: delete the entry or mend its name", entry.scenario));
    }
    match Version::parse(&entry.version) {
        Some(version) => {
            let labels = entry.broken.iter().filter(|label| StatementId::lookup(version, label).is_none());
            faults.extend(labels.map(|label| unknown(version, label)));
        }
        None => faults.push(format!("`{}` is no version of MQTT: write \"3.1.1\" or \"5.0\"", entry.version)),
    }
    if entry.broken.is_empty() {
        faults.push(format!("{} breaks nothing: name the statements that are broken", entry.scenario));
    }
    if !entry.why.ends_with('.') {
        faults.push(format!("{}: `why` is to be a sentence that a reader can check", entry.scenario));
    }
    faults
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ENTRY: &str =
        "  - scenario: v5.0/a\n    version: \"5.0\"\n    broken: [3.3.1-5]\n    why: It forgets.\n";

    fn lines(entries: &str) -> Vec<usize> {
        let target = format!("broker: b\nversion: \"1\"\nexamined:\n{entries}");
        let scenario = File { path: "scenarios/v5.0/a.yaml".to_owned(), text: String::new() };
        let tree = Tree {
            files: vec![File { path: "fixtures/targets/b-1.yaml".to_owned(), text: target }, scenario],
        };
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_entry_that_holds_together_is_accepted() {
        assert_eq!(lines(ENTRY), []);
    }

    #[rstest]
    #[case(&ENTRY.replace("v5.0/a", "v5.0/b"))]
    #[case(&ENTRY.replace("\"5.0\"", "5.1.0"))]
    #[case(&ENTRY.replace("3.3.1-5", "9.9.9-9"))]
    #[case(&ENTRY.replace("[3.3.1-5]", "[]"))]
    #[case(&ENTRY.replace("forgets.", "forgets"))]
    #[case(&[ENTRY, ENTRY].concat())]
    fn an_entry_that_does_not_is_a_finding(#[case] entries: &str) {
        assert_eq!(lines(entries), [4]);
    }

    #[test]
    fn a_field_that_nobody_knows_is_a_finding() {
        assert_eq!(lines(&format!("{ENTRY}    because: x\n")).len(), 1);
    }

    #[test]
    fn a_file_is_named_after_its_target() {
        let tree =
            crate::source::tree("fixtures/targets/c-1.yaml", "broker: b\nversion: \"1\"\nexamined: []\n");
        assert_eq!(check(&tree).len(), 1);
    }
}
