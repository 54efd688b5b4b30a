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

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
        Scalar::Bytes(value) => value.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// What the user asks to be played.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Sections (`3.3.1`), statements (`MQTT-3.3.1-5`, `v5.0:3.3.1-5`) or parts of scenario ids; all if empty.
    pub only: Vec<String>,
    /// The only version.
    pub version: Option<Version>,
    /// The only variant, by its name.
    pub variant: Option<String>,
}

impl Selection {
    fn admits(&self, scenario: &Scenario, version: Version) -> bool {
        let covered = scenario.covers.of(version);
        self.version.is_none_or(|only| only == version)
            && (self.only.is_empty()
                || self.only.iter().any(|wanted| {
                    scenario.id.contains(wanted.as_str())
                        || covered.iter().any(|id| {
                            let statement = id.statement();
                            let label = wanted.strip_prefix("MQTT-").unwrap_or(wanted);
                            id.to_string() == *wanted
                                || statement.label == label
                                || statement.section == label
                                || statement
                                    .section
                                    .strip_prefix(label)
                                    .is_some_and(|rest| rest.starts_with('.'))
                        })
                }))
    }
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
