//! The one model that every report is rendered from, whether the run just ended or was read from a file.

use std::collections::BTreeMap;

use mqttspec_spec::StatementId;
use serde::{Deserialize, Serialize};

use super::{Conclusion, date::Date, fleet::Measured, text::quoted};
use crate::verdict::{Grade, RunReport, ScenarioResult};

/// A run with all that is needed to understand it later and elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was run, when and how.
    pub provenance: Provenance,
    /// What came of it.
    pub run: RunReport,
    /// The text of the scenarios that were played, by their ids.
    pub scenarios: BTreeMap<String, String>,
    /// The places of the failures that a baseline accepts, among the results, each with the reason.
    pub known: BTreeMap<usize, String>,
    /// What was measured, if it was a fleet that was played.
    pub fleet: Option<Measured>,
    /// By whom each statement is judged: `by scenarios`, `not observable` and so on.
    pub judges: BTreeMap<StatementId, String>,
}

/// What was run, when and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// When the run began.
    pub date: Option<Date>,
    /// The broker's name and version, as the user gave them.
    pub broker: Option<Broker>,
    /// How the broker was set up: the recipe by which it was launched or the profile it was judged by.
    pub profile: Option<String>,
    /// The command line.
    pub command: Vec<String>,
    /// What of it a command needs to play the same scenarios against the same target.
    pub repeated: Vec<String>,
    /// Whether a warning counts as a failure.
    pub strict: bool,
}

/// A broker's name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    /// Its name: `mosquitto`.
    pub name: String,
    /// Its version: `2.0.11`; empty where nobody said it.
    pub version: String,
}

impl Broker {
    /// The last word is the version if it begins with a digit, or with `v` and a digit.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let is_version =
            |word: &str| word.trim_start_matches('v').starts_with(|char: char| char.is_ascii_digit());
        match text.rsplit_once(' ').filter(|(_, word)| is_version(word)) {
            Some((name, version)) => Self { name: name.trim_end().to_owned(), version: version.to_owned() },
            None => Self { name: text.to_owned(), version: String::new() },
        }
    }
}

impl std::fmt::Display for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let space = if self.version.is_empty() { "" } else { " " };
        write!(f, "{}{space}{}", self.name, self.version)
    }
}

impl Report {
    /// What the run says about its target.
    pub fn conclusion(&self) -> Conclusion {
        Conclusion::of(&self.run, self.provenance.strict)
    }

    /// What was tested, in a word or two: the broker, or else its address.
    pub fn subject(&self) -> String {
        let address = || self.run.target.as_ref().map(|target| target.address.clone());
        let broker = self.provenance.broker.as_ref().map(ToString::to_string);
        broker.or_else(address).unwrap_or_else(|| "a broker that was not reached".to_owned())
    }

    /// The command that plays just this run; what no scenario was played for comes again with the whole.
    pub fn reproduce(&self, result: &ScenarioResult) -> String {
        let command = &self.provenance.command;
        let verb = command.iter().skip(1).find(|word| !word.starts_with('-'));
        if verb.is_some_and(|verb| ["capture", "fleet", "watch"].contains(&verb.as_str())) {
            return command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        }
        reproduce(&self.run, &self.provenance.repeated, result)
    }

    /// The same without the packets of runs that passed, which nobody looks at beside other reports.
    #[must_use]
    pub fn slim(mut self) -> Self {
        for result in self.run.results.iter_mut().filter(|result| result.grade == Grade::Pass) {
            result.evidence.clear();
        }
        self
    }

    /// Several reports to be kept in one file: slim ones, and no text of a scenario twice.
    pub fn beside(reports: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for mut report in reports.into_iter().map(Self::slim) {
            let known =
                |id: &String, text: &String| all.iter().any(|other| other.scenarios.get(id) == Some(text));
            report.scenarios.retain(|id, text| !known(id, text));
            all.push(report);
        }
        all
    }

    /// The results of a grade.
    pub fn of_grade(&self, grade: Grade) -> impl Iterator<Item = &ScenarioResult> {
        self.run.results.iter().filter(move |result| result.grade == grade)
    }
}

/// The command that plays one run again; what belongs to no statement is no scenario that could be selected.
pub(super) fn reproduce(run: &RunReport, repeated: &[String], result: &ScenarioResult) -> String {
    let address = run.target.as_ref().map(|target| target.address.as_str());
    let mut words = vec!["mqttspec", "run"];
    // A broker that is launched is somewhere else each time.
    let stays = |address: &&str| address.contains("://") && !repeated.iter().any(|word| word == "--launch");
    words.extend(address.filter(stays));
    words.extend(repeated.iter().map(String::as_str));
    words.extend(["--only", &result.scenario, "--version", result.version.number()]);
    if !result.variant.is_empty() {
        words.extend(["--variant", &result.variant]);
    }
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("mosquitto 2.0.11", "mosquitto", "2.0.11")]
    #[case("HiveMQ CE v2024.3", "HiveMQ CE", "v2024.3")]
    #[case("my broker", "my broker", "")]
    #[case(" emqx ", "emqx", "")]
    fn a_broker_has_a_name_and_perhaps_a_version(
        #[case] text: &str,
        #[case] name: &str,
        #[case] version: &str,
    ) {
        assert_eq!(Broker::parse(text), Broker { name: name.into(), version: version.into() });
    }
}
