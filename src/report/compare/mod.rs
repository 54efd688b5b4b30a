//! Two runs compared: what got worse, what was mended, what came and went.

mod page;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_spec::{StatementId, Version};

pub use self::{
    page::html,
    text::{markdown, terminal},
};
use super::{Report, Standing, standings, text::counted};
use crate::verdict::{Grade, ScenarioResult};

/// What changed from one run to another.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The older run.
    pub old: &'a Report,
    /// The newer run.
    pub new: &'a Report,
    /// The runs of scenarios that changed, by what became of them.
    pub changes: BTreeMap<Change, Vec<Pair<'a>>>,
    /// The statements that were not broken and are now.
    pub broken: BTreeSet<StatementId>,
    /// The statements that were broken and are not any more.
    pub mended: BTreeSet<StatementId>,
}

/// What became of a scenario's run. The order is that of what deserves attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It fails and did not, or breaks more statements.
    NewFailure,
    /// It ends worse than before, short of a failure.
    Worse,
    /// It failed and does not any more.
    Fixed,
    /// It ends otherwise than before, and not worse.
    Changed,
    /// It was not played before, and does not fail.
    Appeared,
    /// It is not played any more.
    Vanished,
}

impl Change {
    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NewFailure => "New failures",
            Self::Worse => "Worse, though no failures",
            Self::Fixed => "Fixed",
            Self::Changed => "Changed",
            Self::Appeared => "Appeared",
            Self::Vanished => "Vanished",
        }
    }

    /// So many of it: `2 new failures`, `1 fixed`.
    fn counted(self, count: usize) -> String {
        match self {
            Self::NewFailure => counted(count, "new failure"),
            Self::Worse => format!("{count} worse without a failure"),
            Self::Fixed | Self::Changed | Self::Appeared | Self::Vanished => {
                format!("{count} {}", self.title().to_lowercase())
            }
        }
    }

    /// Whether it makes the newer run worse.
    pub const fn is_worse(self) -> bool {
        match self {
            Self::NewFailure | Self::Worse => true,
            Self::Fixed | Self::Changed | Self::Appeared | Self::Vanished => false,
        }
    }
}

/// A scenario's run in both; at least one of them is there.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// In the older run.
    pub old: Option<&'a ScenarioResult>,
    /// In the newer run.
    pub new: Option<&'a ScenarioResult>,
}

impl<'a> Pair<'a> {
    /// Either of them, the newer one first.
    pub fn either(self) -> Option<&'a ScenarioResult> {
        self.new.or(self.old)
    }

    fn change(self) -> Option<Change> {
        match (self.old, self.new) {
            (Some(old), Some(new)) => change(old, new),
            (None, Some(new)) if new.grade == Grade::Fail => Some(Change::NewFailure),
            (None, Some(_)) => Some(Change::Appeared),
            (Some(_), None) => Some(Change::Vanished),
            (None, None) => None,
        }
    }
}

fn change(old: &ScenarioResult, new: &ScenarioResult) -> Option<Change> {
    let failed = |result: &ScenarioResult| result.grade == Grade::Fail;
    let more = new.broken.iter().any(|id| !old.broken.contains(id));
    match (failed(old), failed(new)) {
        (false, true) => Some(Change::NewFailure),
        (true, true) if more => Some(Change::NewFailure),
        (true, false) if severity(new.grade) < severity(Grade::Error) => Some(Change::Fixed),
        _ if severity(new.grade) > severity(old.grade) => Some(Change::Worse),
        _ if old.grade != new.grade || old.broken != new.broken => Some(Change::Changed),
        _ => None,
    }
}

/// How bad it is. That a feature is not offered is no breach; that something is open may hide one.
const fn severity(grade: Grade) -> u8 {
    match grade {
        Grade::Pass | Grade::Skip => 0,
        Grade::Warn => 1,
        Grade::Inconclusive | Grade::Error => 2,
        Grade::Fail => 3,
    }
}

impl<'a> Comparison<'a> {
    /// Compares two runs.
    pub fn of(old: &'a Report, new: &'a Report) -> Self {
        let mut pairs: BTreeMap<(&str, Version, &str), Pair<'a>> = BTreeMap::new();
        let key = |result: &'a ScenarioResult| (&*result.scenario, result.version, &*result.variant);
        for result in &old.run.results {
            pairs.insert(key(result), Pair { old: Some(result), new: None });
        }
        for result in &new.run.results {
            pairs.entry(key(result)).or_insert(Pair { old: None, new: None }).new = Some(result);
        }
        let mut changes: BTreeMap<Change, Vec<Pair<'a>>> = BTreeMap::new();
        for pair in pairs.into_values() {
            if let Some(change) = pair.change() {
                changes.entry(change).or_default().push(pair);
            }
        }
        let [before, after] = [old, new].map(broken);
        let broken = after.difference(&before).copied().collect();
        let mended = before.difference(&after).copied().collect();
        Self { old, new, changes, broken, mended }
    }

    /// Whether something got worse.
    pub fn is_worse(&self) -> bool {
        self.changes.keys().any(|change| change.is_worse())
    }

    /// The outcome in one sentence.
    pub fn sentence(&self) -> String {
        let counts: Vec<String> =
            self.changes.iter().map(|(change, pairs)| change.counted(pairs.len())).collect();
        match (self.is_worse(), counts.is_empty()) {
            (_, true) => "nothing changed".to_owned(),
            (true, false) => format!("worse: {}", counts.join(", ")),
            (false, false) => format!("not worse: {}", counts.join(", ")),
        }
    }
}

fn broken(report: &Report) -> BTreeSet<StatementId> {
    let standings = standings(report).into_iter();
    standings.filter(|(_, standing)| *standing == Standing::Broken).map(|(id, _)| id).collect()
}

/// How a run ended: `fail v5.0:3.3.1-5`.
fn ending(result: Option<&ScenarioResult>) -> String {
    let Some(result) = result else { return "not played".to_owned() };
    let ids = result.broken.iter().map(ToString::to_string);
    std::iter::once(result.grade.to_string()).chain(ids).collect::<Vec<_>>().join(" ")
}

/// `common/3.3-publish/retained-kept (MQTT 5.0, qos=1)`
fn name(result: &ScenarioResult) -> String {
    let comma = if result.variant.is_empty() { "" } else { ", " };
    format!("{} (MQTT {}{comma}{})", result.scenario, result.version.number(), result.variant)
}

/// What was compared: `mosquitto 2.0.11 of 2026-11-20T14:40:00Z`.
fn subject(report: &Report) -> String {
    let date = report.provenance.date.map(|date| format!(" of {date}")).unwrap_or_default();
    format!("{}{date}", report.subject())
}
