//! Which scenarios are played, under which versions and with which values.

use std::sync::Arc;

use mqttspec_spec::Version;

use crate::scenario::ast::{Scalar, Scenario};

/// One scenario to be played under one version with one combination of its variations.
#[derive(Clone, Debug)]
pub struct Run {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The version.
    pub version: Version,
    /// The value of each variation.
    pub variant: Vec<(String, Scalar)>,
}

impl Run {
    /// The variation as a name: `qos=1 retain=true`; empty without any.
    pub fn variant_name(&self) -> String {
        let pairs: Vec<String> =
            self.variant.iter().map(|(name, value)| format!("{name}={}", scalar(value))).collect();
        pairs.join(" ")
    }
}

/// The most bytes that a name shows.
const SHOWN_BYTES: usize = 16;

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
        Scalar::Bytes(value) if value.len() > SHOWN_BYTES => format!("{}-bytes", value.len()),
        Scalar::Bytes(value) => crate::verdict::Hex(value.clone().into()).to_string(),
    }
}

/// What the user asks to be played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sections (`3.3.1`, `v5.0:3.3.1`), statements (`MQTT-3.3.1-5`, `v5.0:3.3.1-5`), scenario ids or folders of them
    /// (`v5.0/3.3-publish`), or parts of ids (`retained`); all if empty.
    pub only: Vec<String>,
    /// The only version.
    pub version: Option<Version>,
    /// The only variant, by its name.
    pub variant: Option<String>,
}

impl Selection {
    fn admits(&self, scenario: &Scenario, version: Version) -> bool {
        self.version.is_none_or(|only| only == version)
            && (self.only.is_empty() || self.only.iter().any(|wanted| means(wanted, scenario, version)))
    }
}

/// Whether a word of the user means this scenario. A number is never a part of an id: `3.1` is a section, although
/// it occurs in `v3.1.1/`.
fn means(wanted: &str, scenario: &Scenario, version: Version) -> bool {
    let (label, wanted_version) = match wanted.split_once(':') {
        Some((version, label)) => (label, Some(version)),
        None => (wanted, None),
    };
    let label = label.strip_prefix("MQTT-").unwrap_or(label);
    let number = label.strip_prefix("X-").unwrap_or(label);
    if number.chars().all(|char| char.is_ascii_digit() || ".-".contains(char)) {
        let right_version = wanted_version.is_none_or(|wanted| Version::parse(wanted) == Some(version));
        let covered = scenario.covers.of(version);
        right_version
            && covered.iter().any(|id| id.statement().label == label || within(id.statement().section, label))
    } else if wanted.contains('/') {
        let rest = scenario.id.strip_prefix(wanted.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    } else {
        scenario.id.contains(wanted)
    }
}

/// Whether a section is `outer` or one of the sections in it.
fn within(section: &str, outer: &str) -> bool {
    section.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// All runs that the selection admits, in order of the scenarios.
pub fn plan(scenarios: &[Arc<Scenario>], selection: &Selection) -> Vec<Run> {
    let mut runs = Vec::new();
    for scenario in scenarios {
        for version in scenario.covers.versions().filter(|version| selection.admits(scenario, *version)) {
            for variant in combinations(&scenario.vary) {
                let run = Run { scenario: Arc::clone(scenario), version, variant };
                if selection.variant.as_ref().is_none_or(|wanted| *wanted == run.variant_name()) {
                    runs.push(run);
                }
            }
        }
    }
    runs
}

/// Every combination of the variations' values, the last one varying fastest.
fn combinations(vary: &[(String, Vec<Scalar>)]) -> Vec<Vec<(String, Scalar)>> {
    vary.iter().fold(vec![Vec::new()], |so_far, (name, values)| {
        so_far
            .iter()
            .flat_map(|chosen| {
                values.iter().map(move |value| {
                    let mut chosen = chosen.clone();
                    chosen.push((name.clone(), value.clone()));
                    chosen
                })
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use mqttspec_spec::{v3, v5};
    use rstest::rstest;

    use super::*;
    use crate::scenario::ast::{Covers, Source};

    fn scenario() -> Scenario {
        Scenario {
            id: "v3.1.1/3.3-publish/retained-kept".into(),
            source: Arc::new(Source { path: String::new(), text: String::new() }),
            title: String::new(),
            covers: Covers { v3: vec![v3!("3.3.1-5")], v5: vec![v5!("3.3.1-5")] },
            needs: vec![],
            broker: vec![],
            vary: vec![("qos".into(), vec![Scalar::Number(1.0), Scalar::Number(2.0)])],
            exclusive: false,
            over_websocket: false,
            ruling: None,
            prepare: vec![],
            control: vec![],
            steps: vec![],
        }
    }

    fn played(selection: &Selection) -> Vec<String> {
        let runs = plan(&[Arc::new(scenario())], selection);
        runs.iter().map(|run| format!("{} {}", run.version, run.variant_name())).collect()
    }

    #[rstest]
    #[case("3.3.1-5", 4)]
    #[case("MQTT-3.3.1-5", 4)]
    #[case("v5.0:3.3.1-5", 2)]
    #[case("v5.0:MQTT-3.3.1-5", 2)]
    #[case("3.3", 4)]
    #[case("v3.1.1:3.3.1", 2)]
    #[case("3.1", 0)]
    #[case("3.3.1-6", 0)]
    #[case("v3.1.1/3.3-publish/retained-kept", 4)]
    #[case("v3.1.1/3.3-publish", 4)]
    #[case("v3.1.1/3.3-publish/retained", 0)]
    #[case("retained", 4)]
    #[case("3.3-publish", 4)]
    #[case("subscribe", 0)]
    fn words_select_scenarios(#[case] wanted: &str, #[case] expected: usize) {
        let selection = Selection { only: vec![wanted.into()], ..Selection::default() };
        assert_eq!(played(&selection).len(), expected);
    }

    #[rstest]
    #[case(Scalar::Bool(true), "x=true")]
    #[case(Scalar::Number(1.5), "x=1.5")]
    #[case(Scalar::Text("a b".into()), "x=a b")]
    #[case(Scalar::Bytes(vec![0; 3]), "x=000000")]
    #[case(Scalar::Bytes(vec![0; 17]), "x=17-bytes")]
    fn variants_have_short_names(#[case] value: Scalar, #[case] expected: &str) {
        let scenario = Scenario { vary: vec![("x".into(), vec![value])], ..scenario() };
        let runs = plan(&[Arc::new(scenario)], &Selection::default());
        assert_eq!(runs.iter().map(Run::variant_name).collect::<Vec<_>>(), [expected, expected]);
    }

    #[test]
    fn a_version_and_a_variant_select_one_run() {
        let selection =
            Selection { version: Some(Version::V5_0), variant: Some("qos=2".into()), ..Selection::default() };
        assert_eq!(played(&selection), ["v5.0 qos=2"]);
    }
}
