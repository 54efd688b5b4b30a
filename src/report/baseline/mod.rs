//! Failures that are known and accepted, so that a server of continuous integration stops only for what is new.

mod yaml;

use std::collections::BTreeSet;

use mqttspec_spec::{StatementId, Version};

use super::{Conclusion, Report, text::counted};
use crate::verdict::{Grade, ScenarioResult};

/// Accepted failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What the file says before its entries, as it is written there.
    pub head: String,
    /// The entries in their order.
    pub entries: Vec<Accepted>,
}

/// One accepted failure, or a kind of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The failures that are meant.
    pub what: What,
    /// The version of the broker in which alone they are accepted.
    pub broker_version: Option<String>,
    /// Why they are accepted.
    pub why: String,
}

/// Which failures are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Every breach of a statement.
    Statement(StatementId),
    /// The failures of a scenario.
    Scenario {
        /// Its id.
        id: String,
        /// Under this version; under both if none is named.
        version: Option<Version>,
        /// With this variation; with all if none is named.
        variant: Option<String>,
        /// The labels of the statements that may be broken; all if none is named.
        broken: Vec<String>,
    },
}

impl Accepted {
    /// Whether a failure may be meant, whatever it breaks.
    fn is_about(&self, result: &ScenarioResult) -> bool {
        match &self.what {
            What::Statement(id) => result.statements.contains(id) || result.broken.contains(id),
            What::Scenario { id, version, variant, .. } => {
                *id == result.scenario
                    && version.is_none_or(|version| version == result.version)
                    && variant.as_ref().is_none_or(|variant| *variant == result.variant)
            }
        }
    }

    /// Whether a breach of this statement in this run is accepted.
    fn accepts(&self, result: &ScenarioResult, broken: StatementId) -> bool {
        match &self.what {
            What::Statement(id) => *id == broken,
            What::Scenario { broken: labels, .. } => {
                let label = broken.statement().label;
                self.is_about(result) && (labels.is_empty() || labels.iter().any(|known| known == label))
            }
        }
    }

    /// What it is about, in a line.
    pub fn name(&self) -> String {
        match &self.what {
            What::Statement(id) => id.to_string(),
            What::Scenario { id, version, variant, .. } => {
                let version = version.map(|version| format!("MQTT {}", version.number()));
                let conditions: Vec<String> = version.into_iter().chain(variant.clone()).collect();
                if conditions.is_empty() { id.clone() } else { format!("{id} ({})", conditions.join(", ")) }
            }
        }
    }
}

/// A run held against a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The places of the failures that are known, among the results of the report, each with the reason.
    pub known: Vec<(usize, String)>,
    /// The places of those that are not.
    pub new: Vec<usize>,
    /// The entries that nothing failed for, though something was played that they are about.
    pub unexpected: Vec<usize>,
    /// The entries that are about nothing that was played.
    pub stale: Vec<usize>,
}

impl Settled {
    /// Holds a run against a baseline.
    pub fn of(report: &Report, baseline: &Baseline) -> Self {
        let version = report.provenance.broker.as_ref().map(|broker| broker.version.as_str());
        let holds =
            |entry: &Accepted| entry.broker_version.as_deref().is_none_or(|wanted| version == Some(wanted));
        let entries: Vec<(usize, &Accepted)> =
            baseline.entries.iter().enumerate().filter(|(_, entry)| holds(entry)).collect();
        let mut settled = Self::default();
        let (mut used, mut played) = (BTreeSet::new(), BTreeSet::new());
        for (index, result) in report.run.results.iter().enumerate() {
            let about = entries.iter().filter(|(_, entry)| entry.is_about(result)).copied();
            let about: Vec<(usize, &Accepted)> = about.collect();
            if decides(result.grade) {
                played.extend(about.iter().map(|(place, _)| *place));
            }
            if result.grade == Grade::Fail {
                settled.failure(index, result, &about, &mut used);
            }
        }
        for (place, _) in &entries {
            if !used.contains(place) {
                let list = if played.contains(place) { &mut settled.unexpected } else { &mut settled.stale };
                list.push(*place);
            }
        }
        settled
    }

    fn failure(
        &mut self,
        index: usize,
        result: &ScenarioResult,
        about: &[(usize, &Accepted)],
        used: &mut BTreeSet<usize>,
    ) {
        let failed = result.findings.iter().filter(|finding| finding.grade == Grade::Fail);
        let broken: BTreeSet<StatementId> =
            failed.flat_map(|finding| finding.statements.iter().copied()).collect();
        let reason = |id: &StatementId| about.iter().find(|(_, entry)| entry.accepts(result, *id));
        let reasons: Option<Vec<_>> = broken.iter().map(reason).collect();
        match reasons.as_deref() {
            Some([first, ..]) => self.known.push((index, first.1.why.clone())),
            Some([]) | None => self.new.push(index),
        }
        used.extend(broken.iter().filter_map(reason).map(|(place, _)| *place));
    }

    /// What a run says about its target if known failures count for nothing.
    pub fn conclusion(&self, report: &Report) -> Conclusion {
        let warns = report.provenance.strict && report.of_grade(Grade::Warn).next().is_some();
        let open = report.of_grade(Grade::Inconclusive).chain(report.of_grade(Grade::Error)).next().is_some();
        if !self.new.is_empty() || !self.unexpected.is_empty() || warns {
            Conclusion::NotConforming
        } else if open || report.run.stopped.is_some() || report.conclusion() == Conclusion::Undecided {
            Conclusion::Undecided
        } else {
            Conclusion::Conforming
        }
    }

    /// What is to be said of it, line by line; the last line is the outcome.
    pub fn lines(&self, report: &Report, baseline: &Baseline) -> Vec<String> {
        let mut lines = Vec::new();
        for index in &self.new {
            let Some(result) = report.run.results.get(*index) else { continue };
            let ids: Vec<String> = result.broken.iter().map(ToString::to_string).collect();
            let case = format!("MQTT {} {}", result.version.number(), result.variant);
            lines.push(format!("new failure: {} ({}): {}", result.scenario, case.trim_end(), ids.join(", ")));
        }
        for (word, advice, places) in [
            ("unexpected pass", "delete the entry", &self.unexpected),
            ("stale entry", "nothing that was played is about it", &self.stale),
        ] {
            let entries = places.iter().filter_map(|place| baseline.entries.get(*place));
            lines.extend(entries.map(|entry| format!("{word}: {}; {advice}", entry.name())));
        }
        lines.push(format!(
            "against the baseline: {}, {}, {}, {}",
            counted(self.new.len(), "new failure"),
            counted(self.known.len(), "known failure"),
            passes(self.unexpected.len()),
            if self.stale.len() == 1 {
                "1 stale entry".to_owned()
            } else {
                format!("{} stale entries", self.stale.len())
            },
        ));
        lines
    }

    /// The baseline that this run would meet: known failures with their reasons, new ones with none yet. Entries that are
    /// about nothing that was played stay.
    pub fn updated(&self, report: &Report, baseline: &Baseline) -> Baseline {
        let gone: BTreeSet<usize> = self.unexpected.iter().copied().collect();
        let kept = baseline.entries.iter().enumerate().filter(|(place, _)| !gone.contains(place));
        let added = self.new.iter().filter_map(|index| report.run.results.get(*index)).map(accepted);
        Baseline {
            head: baseline.head.clone(),
            entries: kept.map(|(_, entry)| entry.clone()).chain(added).collect(),
        }
    }
}

/// Whether a run with this grade shows that something does not fail, or that it does.
const fn decides(grade: Grade) -> bool {
    match grade {
        Grade::Pass | Grade::Warn | Grade::Fail => true,
        Grade::Skip | Grade::Inconclusive | Grade::Error => false,
    }
}

fn passes(count: usize) -> String {
    if count == 1 { "1 unexpected pass".to_owned() } else { format!("{count} unexpected passes") }
}

/// The entry of a failure that nobody has given a reason for.
fn accepted(result: &ScenarioResult) -> Accepted {
    let failed = result.findings.iter().filter(|finding| finding.grade == Grade::Fail);
    let broken: BTreeSet<StatementId> =
        failed.flat_map(|finding| finding.statements.iter().copied()).collect();
    Accepted {
        what: What::Scenario {
            id: result.scenario.clone(),
            version: Some(result.version),
            variant: (!result.variant.is_empty()).then(|| result.variant.clone()),
            broken: broken.iter().map(|id| id.statement().label.to_owned()).collect(),
        },
        broker_version: None,
        why: "Not examined yet.".to_owned(),
    }
}
