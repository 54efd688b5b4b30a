//! Scenarios name statements that exist, and no broker.

use mqttspec_spec::{StatementId, Version};
use serde_yaml::Value;

use crate::{
    finding::Finding,
    rules::statements::unknown,
    source::{File, Tree},
};

/// Brokers and those who make or run them. A scenario tests the standard, not a product.
const VENDORS: &str = "\
    activemq aedes amazon amlen artemis aws azure bevywise bifromq bytebeam cassandana cedalo \
    cloudmqtt comqtt ejabberd emq emqtt emqx erlmqtt flashmq flespi hbmqtt hivemq hrotti ibm jorammq \
    lavinmq maxmq mochi moquette mosca mosquitto nanomq nanosdk rabbitmq rmqtt robustmq rumqttd solace \
    surgemq swiftmq tbmq thingsboard thingstream trafero vernemq volantmq waterstream xmqtt yunba";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.scenarios() {
        findings.extend(vendors(file));
        match serde_yaml::from_str(&file.text) {
            Ok(scenario) => findings.extend(names(file, &scenario)),
            Err(error) => {
                let at = error.location().map_or(0, |place| place.index());
                findings.push(file.finding(
                    "scenario",
                    at,
                    format!("is not YAML ({error}): run `mqttspec lint`"),
                ));
            }
        }
    }
    findings
}

fn vendors(file: &File) -> Vec<Finding> {
    let text = file.text.to_ascii_lowercase();
    let words = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| VENDORS.split(' ').any(|vendor| vendor == *word));
    let finding = |word: &str| {
        let message = format!(
            "names `{word}`: say what the standard requires; what a product does belongs in its report"
        );
        file.finding("vendor", text.find(word).unwrap_or_default(), message)
    };
    words.map(finding).collect()
}

fn names(file: &File, scenario: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut versions = Vec::new();
    for (key, labels) in scenario.get("covers").and_then(Value::as_mapping).into_iter().flatten() {
        let Some(version) = key.as_str().and_then(Version::parse) else {
            findings.push(finding(
                file,
                &scalar(key),
                "`covers` has the keys `v3.1.1` and `v5.0` only".to_owned(),
            ));
            continue;
        };
        versions.push(version);
        for label in strings(labels).iter().filter(|label| StatementId::lookup(version, label).is_none()) {
            findings.push(finding(file, label, unknown(version, label)));
        }
    }
    if versions.is_empty() {
        findings.push(finding(
            file,
            "covers",
            "covers no version: write `covers: {v5.0: [3.3.1-5]}`".to_owned(),
        ));
    }
    for label in blamed(scenario) {
        findings.extend(blame(&versions, &label).map(|message| finding(file, &label, message)));
    }
    findings
}

/// What is wrong with a statement that a `fail` or `warn` names. A bare label has to exist in some version that the
/// scenario covers, a qualified one in its own.
fn blame(versions: &[Version], label: &str) -> Option<String> {
    let (own, versions) = match label.split_once(':') {
        Some((version, own)) => (own, Version::parse(version).into_iter().collect()),
        None => (label, versions.to_vec()),
    };
    let exists = versions.iter().any(|&version| StatementId::lookup(version, own).is_some());
    let first = versions.first().copied().unwrap_or(Version::V5_0);
    (!exists).then(|| unknown(first, own))
}

/// The statements after the words `fail` and `warn`, as keys or inside a text, anywhere in the scenario.
fn blamed(value: &Value) -> Vec<String> {
    match value {
        Value::Mapping(mapping) => {
            let of_key = |(key, value): (&Value, &Value)| {
                let own = if is_grade(&scalar(key)) { labels(&strings(value).join(" ")) } else { Vec::new() };
                [own, blamed(value)].concat()
            };
            mapping.iter().flat_map(of_key).collect()
        }
        Value::Sequence(items) => items.iter().flat_map(blamed).collect(),
        Value::Tagged(tagged) => blamed(&tagged.value),
        Value::String(text) => match text.split_whitespace().position(is_grade) {
            Some(at) => labels(&text.split_whitespace().skip(at + 1).collect::<Vec<_>>().join(" ")),
            None => Vec::new(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn is_grade(word: &str) -> bool {
    word == "fail" || word == "warn"
}

/// The words of a text that have the shape of a statement's name: `3.3.1-5`, `X-1.5.4-1`, `v5.0:3.3.1-5`.
fn labels(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || ".-:".contains(letter)));
    words
        .filter(|word| is_label(word.split_once(':').map_or(*word, |(_, own)| own)))
        .map(str::to_owned)
        .collect()
}

fn is_label(word: &str) -> bool {
    let word = word.strip_prefix("MQTT-").unwrap_or(word);
    let Some((section, number)) = word.strip_prefix("X-").unwrap_or(word).rsplit_once('-') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(number) && section.contains('.') && section.split('.').all(digits)
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(items) => items.iter().map(scalar).collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Mapping(_) | Value::Tagged(_) => {
            vec![scalar(value)]
        }
    }
}

/// A scalar as it is written; nothing for anything else.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => String::new(),
    }
}

/// A finding at the first place where `word` stands, since parsed YAML has no positions.
fn finding(file: &File, word: &str, message: String) -> Finding {
    file.finding("scenario", file.text.find(word).unwrap_or_default(), message)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("covers: {v3.1.1: [3.3.1-5], v5.0: [3.3.1-5, X-1.5.4-1]}", &[])]
    #[case("covers:\n  v3.1.1: [4.12.0-1]", &[("scenario", 2)])]
    #[case("covers: {v5.0: [9.9.9-9]}", &[("scenario", 1)])]
    #[case("covers: {v4: [3.3.1-5], v5.0: [3.3.1-5]}", &[("scenario", 1)])]
    #[case("title: nothing", &[("scenario", 1)])]
    #[case("\na: [1\nb", &[("scenario", 3)])]
    fn covered_statements_exist(#[case] text: &str, #[case] expected: &[(&str, usize)]) {
        assert_eq!(broken(check, "scenarios/v5.0/a.yaml", text), expected);
    }

    #[rstest]
    #[case("else: fail 3.3.1-5", 0)]
    #[case("else: fail 9.9.9-9", 1)]
    #[case("else: warn 3.3.1-5 and 9.9.9-9", 1)]
    #[case("one-of: [{publish: {}, as: {fail: [9.9.9-9, 3.3.1-5]}}]", 1)]
    #[case("one-of: [{warn: v3.1.1:4.12.0-1}]", 1)]
    #[case("else: fail v3.1.1:3.3.1-5", 0)]
    #[case("payload: 9.9.9-9 fails", 0)]
    fn blamed_statements_exist(#[case] step: &str, #[case] findings: usize) {
        let text = format!("covers: {{v5.0: [3.3.1-5]}}\nsteps:\n - {{{step}}}\n");
        assert_eq!(broken(check, "scenarios/v5.0/a.yaml", &text), vec![("scenario", 3); findings]);
    }

    #[rstest]
    #[case("# As Mosquitto does.\ncovers: {v5.0: [3.3.1-5]}", &[("vendor", 1)])]
    #[case("covers: {v5.0: [3.3.1-5]}\nruling: HiveMQ-like", &[("vendor", 2)])]
    #[case("covers: {v5.0: [3.3.1-5]}\npayload: mosquittos", &[])]
    fn no_broker_is_named(#[case] text: &str, #[case] expected: &[(&str, usize)]) {
        assert_eq!(broken(check, "scenarios/v5.0/a.yaml", text), expected);
    }

    #[test]
    fn only_scenarios_are_read() {
        assert_eq!(broken(check, "fixtures/targets/a.yaml", "broker: mosquitto"), []);
    }
}
