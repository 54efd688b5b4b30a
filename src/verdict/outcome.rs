//! The result of one scenario's run, and of a whole run of the suite.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_spec::{StatementId, Version};
use serde::{Deserialize, Serialize};

use super::{
    Evidence, Grade,
    written::{ids, seconds, version},
};

/// The result of playing one scenario under one version with one combination of its variations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// The scenario's id: its path without the ending.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The version it ran under.
    #[serde(with = "version")]
    pub version: Version,
    /// The values of its variations, `qos=1 retain=true`; empty without any.
    pub variant: String,
    /// The worst grade of its findings.
    pub grade: Grade,
    /// The statements that it covers under this version.
    #[serde(with = "ids")]
    pub statements: Vec<StatementId>,
    /// The statements that it shows broken (`fail`) or not followed (`warn`).
    #[serde(with = "ids")]
    pub broken: Vec<StatementId>,
    /// What was found; empty when it passed.
    pub findings: Vec<Finding>,
    /// How long it took on the clock of its target (virtual in-process).
    #[serde(with = "seconds", rename = "seconds")]
    pub duration: Duration,
    /// Every packet both ways.
    pub evidence: Vec<Evidence>,
}

/// One thing that was found in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its grade.
    pub grade: Grade,
    /// The statements concerned.
    #[serde(with = "ids")]
    pub statements: Vec<StatementId>,
    /// The step of the scenario at which it was found; none for what the referee saw on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was acceptable.
    pub expected: String,
    /// What was seen instead.
    pub observed: String,
    /// Indices into the evidence: the packets that show it.
    pub packets: Vec<usize>,
    /// The names of the parts of these packets that are not as expected, as far as they are known: `topic-name`,
    /// `reason[1]`, `first-byte` for its flags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// A line of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The path of the file.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The text of that line, trimmed.
    pub text: String,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Where it is: `embedded`, `mqtt://127.0.0.1:1883`.
    pub address: String,
    /// The versions that it speaks.
    pub versions: Vec<String>,
    /// The features that it does not offer, each with the proof.
    pub missing: BTreeMap<String, String>,
    /// The round trip of a PINGREQ, measured first.
    #[serde(with = "seconds", rename = "round_trip_seconds")]
    pub round_trip: Duration,
}

/// A whole run: what was tested and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// The version of this program.
    pub mqttspec: String,
    /// What was tested; none when it could not be reached.
    pub target: Option<TargetReport>,
    /// Why the run ended early: unreachable, died in the middle, interrupted.
    pub stopped: Option<String>,
    /// Wall-clock time of the run.
    pub duration: Duration,
    /// How many results have each grade.
    pub summary: Summary,
    /// One result per scenario, version and variant, in order of the scenarios' ids.
    pub results: Vec<ScenarioResult>,
}

/// How many results have each grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the grades")]
pub struct Summary {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub skip: usize,
    pub inconclusive: usize,
    pub error: usize,
}

impl Summary {
    /// Counts the grades of some results.
    pub fn of<'a>(results: impl IntoIterator<Item = &'a ScenarioResult>) -> Self {
        let mut summary = Self::default();
        for result in results {
            *summary.count_mut(result.grade) += 1;
        }
        summary
    }

    /// How many results have this grade.
    pub fn count(mut self, grade: Grade) -> usize {
        *self.count_mut(grade)
    }

    fn count_mut(&mut self, grade: Grade) -> &mut usize {
        match grade {
            Grade::Pass => &mut self.pass,
            Grade::Warn => &mut self.warn,
            Grade::Fail => &mut self.fail,
            Grade::Skip => &mut self.skip,
            Grade::Inconclusive => &mut self.inconclusive,
            Grade::Error => &mut self.error,
        }
    }
}
