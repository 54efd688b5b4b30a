//! What is known of a target before it is judged: by its own words, never by inference from a failure.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_spec::Version;

use super::Address;
use crate::{
    scenario::ast::{Feature, Setting},
    verdict::{Finding, Grade, ScenarioResult, TargetReport},
};

/// A round trip below this shows that neither the target nor this machine is overloaded.
const QUICK: Duration = Duration::from_millis(300);

/// What the probe learnt about a target.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// For each version that the target speaks, what it says of itself.
    pub spoken: BTreeMap<Version, VersionFacts>,
    /// For each version that it refuses, the proof.
    pub refused: BTreeMap<Version, String>,
    /// The probes that could not be completed, with their packets.
    pub troubled: Vec<ScenarioResult>,
    /// Whether it is reached over WebSocket.
    pub over_websocket: bool,
}

/// What a target says of itself under one version.
#[derive(Clone, Debug, Default)]
pub struct VersionFacts {
    /// The features that it does not offer, each with the proof.
    pub missing: BTreeMap<Feature, String>,
    /// The features that it says or shows to offer, each with how.
    pub shown: BTreeMap<Feature, String>,
    /// Its limits by the name of the variable that scenarios use.
    pub limits: Vec<(String, f64)>,
    /// The round trip of a PINGREQ.
    pub round_trip: Duration,
}

impl Facts {
    /// Why a run with these needs cannot be played: the feature or version, and the proof.
    pub fn missing(&self, version: Version, needs: &[Feature]) -> Option<(String, String)> {
        if let Some(proof) = self.refused.get(&version) {
            return Some((format!("MQTT {}", version.number()), proof.clone()));
        }
        let missing = &self.spoken.get(&version)?.missing;
        let absent = |feature: &Feature| Some((feature.name().to_owned(), missing.get(feature)?.clone()));
        needs.iter().find_map(absent)
    }

    /// The first of these settings that the target does not show to have, and what it shows instead.
    pub fn not_set_up<'s>(&self, version: Version, settings: &'s [Setting]) -> Option<(&'s Setting, String)> {
        let spoken = self.spoken.get(&version)?;
        settings.iter().find_map(|setting| {
            let lacks = if let Setting::Version(only) = setting {
                self.another_version(*only)
            } else {
                spoken.lacks(setting)
            };
            lacks.map(|proof| (setting, proof))
        })
    }

    /// The version that the target speaks, or may speak, beside `version`.
    fn another_version(&self, version: Version) -> Option<String> {
        let other =
            Version::ALL.into_iter().find(|other| *other != version && !self.refused.contains_key(other))?;
        let knows = if self.spoken.contains_key(&other) { "speaks" } else { "may speak" };
        Some(format!("the broker {knows} MQTT {} too", other.number()))
    }

    /// Takes somebody's word for what the target does not offer, unless the target itself says that it does. Such
    /// contradictions are the target's or of whoever says it: a failure each.
    pub fn declare(&mut self, lacks: &[(Feature, String)]) -> Vec<ScenarioResult> {
        let mut contradictions = Vec::new();
        for (version, facts) in &mut self.spoken {
            for (feature, proof) in lacks {
                if let Some(shown) = facts.shown.get(feature) {
                    contradictions.push(contradiction(*version, *feature, proof, shown));
                } else {
                    let declared = || format!("declared for this broker: {proof}");
                    facts.missing.entry(*feature).or_insert_with(declared);
                }
            }
        }
        contradictions
    }

    /// Whether a probe that was not completed may have failed just because the target, or this machine, is slow: under no
    /// version it answered quickly.
    pub fn may_be_slow(&self) -> bool {
        let quick = |facts: &VersionFacts| facts.round_trip < QUICK;
        !self.troubled.is_empty() && !self.spoken.values().any(quick)
    }

    /// Why nothing can be played, if the target speaks neither version.
    pub fn speechless(&self) -> Option<String> {
        if !self.spoken.is_empty() {
            return None;
        }
        let troubles =
            self.troubled.iter().flat_map(|result| &result.findings).map(|finding| &finding.observed);
        let mut reasons: Vec<&str> = self.refused.values().chain(troubles).map(String::as_str).collect();
        reasons.dedup();
        Some(reasons.join("; "))
    }

    /// The longest of the measured round trips.
    pub fn round_trip(&self) -> Duration {
        self.spoken.values().map(|facts| facts.round_trip).max().unwrap_or_default()
    }

    /// The facts as a report shows them.
    pub fn report(&self, address: &Address) -> TargetReport {
        let mut missing: BTreeMap<String, String> = self
            .refused
            .iter()
            .map(|(version, proof)| (format!("MQTT {}", version.number()), proof.clone()))
            .collect();
        for (version, facts) in &self.spoken {
            for (feature, proof) in &facts.missing {
                missing.insert(format!("{version} {}", feature.name()), proof.clone());
            }
        }
        TargetReport {
            address: address.to_string(),
            versions: self.spoken.keys().map(|version| version.number().to_owned()).collect(),
            missing,
            round_trip: self.round_trip(),
        }
    }
}

impl Facts {
    /// Adds what the probe of one version found.
    pub fn add(&mut self, version: Version, probed: super::probe::Probed) {
        use super::probe::Probed;
        match probed {
            Probed::Spoken(facts) => {
                self.spoken.insert(version, facts);
            }
            Probed::Refused(proof) | Probed::Unreachable(proof) => {
                self.refused.insert(version, proof);
            }
            Probed::Troubled(result) => self.troubled.push(*result),
        }
    }
}

/// A feature that is declared to be missing and is offered.
fn contradiction(version: Version, feature: Feature, declared: &str, shown: &str) -> ScenarioResult {
    ScenarioResult {
        scenario: "declared-features".to_owned(),
        title: "What the broker is declared not to offer, it does not offer".to_owned(),
        version,
        variant: format!("feature={}", feature.name()),
        grade: Grade::Fail,
        statements: Vec::new(),
        broken: Vec::new(),
        findings: vec![Finding {
            grade: Grade::Fail,
            statements: Vec::new(),
            place: None,
            expected: format!("no `{}`, as declared: {declared}", feature.name()),
            observed: format!("{shown}; correct the declaration, or the broker"),
            packets: Vec::new(),
            parts: Vec::new(),
        }],
        duration: Duration::ZERO,
        evidence: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_version_is_the_only_one_if_the_other_is_refused() {
        let [older, newer] = Version::ALL;
        let mut facts = Facts::default();
        facts.spoken.insert(older, VersionFacts::default());
        let wanted = [Setting::Version(older)];
        assert_eq!(facts.not_set_up(older, &wanted).unwrap().1, "the broker may speak MQTT 5.0 too");
        facts.refused.insert(newer, "closed".to_owned());
        assert_eq!(facts.not_set_up(older, &wanted), None);
        facts.refused.clear();
        facts.spoken.insert(newer, VersionFacts::default());
        assert_eq!(facts.not_set_up(older, &wanted).unwrap().1, "the broker speaks MQTT 5.0 too");
    }

    #[rstest]
    #[case::silent_to_both(None, true, true)]
    #[case::answers_the_other_quickly(Some(2), true, false)]
    #[case::answers_the_other_slowly(Some(2_000), true, true)]
    #[case::slow_but_sure(Some(2_000), false, false)]
    fn what_may_be_slow(#[case] round_trip: Option<u64>, #[case] troubled: bool, #[case] expected: bool) {
        let [older, newer] = Version::ALL;
        let mut facts = Facts::default();
        if let Some(millis) = round_trip {
            let round_trip = Duration::from_millis(millis);
            facts.spoken.insert(older, VersionFacts { round_trip, ..VersionFacts::default() });
        }
        facts.troubled.extend(troubled.then(|| contradiction(newer, Feature::Retain, "", "")));
        assert_eq!(facts.may_be_slow(), expected);
    }

    #[test]
    fn a_declaration_counts_where_the_target_does_not_contradict() {
        let [older, newer] = Version::ALL;
        let mut facts = Facts::default();
        let shown = [(Feature::Shared, "a Shared Subscription was granted".to_owned())].into();
        facts.spoken.insert(newer, VersionFacts { shown, ..VersionFacts::default() });
        facts.spoken.insert(older, VersionFacts::default());
        let lacks = [(Feature::Shared, "says its manual".to_owned())];
        let contradictions = facts.declare(&lacks);
        let [contradiction] = contradictions.as_slice() else { panic!("{contradictions:?}") };
        assert_eq!((contradiction.version, contradiction.grade), (newer, Grade::Fail));
        assert_eq!(facts.missing(newer, &[Feature::Shared]), None);
        let proof = facts.missing(older, &[Feature::Shared]).map(|(_, proof)| proof);
        assert_eq!(proof.as_deref(), Some("declared for this broker: says its manual"));
    }
}
