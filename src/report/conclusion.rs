//! What a whole run comes to.

use std::collections::BTreeSet;

use mqttspec_spec::StatementId;
use serde::Serialize;

use super::text::counted;
use crate::verdict::{Grade, RunReport, ScenarioResult};

/// What a run says about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Everything that was to be judged was judged, and nothing was found broken.
    Conforming,
    /// At least one statement was shown broken, whatever else happened.
    NotConforming,
    /// Nothing was shown broken, but something stayed open: unreachable, interrupted, inconclusive, nothing judged.
    Undecided,
}

impl Conclusion {
    /// The conclusion from a run's results; if `strict`, a warning counts as a failure.
    pub fn of(report: &RunReport, strict: bool) -> Self {
        let has = |grade| report.results.iter().any(|result| result.grade == grade);
        if has(Grade::Fail) || strict && has(Grade::Warn) {
            Self::NotConforming
        } else if report.stopped.is_some()
            || has(Grade::Inconclusive)
            || has(Grade::Error)
            || judged(&report.results).is_empty()
        {
            Self::Undecided
        } else {
            Self::Conforming
        }
    }
}

/// The statements that scenarios came to a verdict about.
pub fn judged(results: &[ScenarioResult]) -> BTreeSet<StatementId> {
    let decided = |result: &&ScenarioResult| match result.grade {
        Grade::Pass | Grade::Warn | Grade::Fail => true,
        Grade::Skip | Grade::Inconclusive | Grade::Error => false,
    };
    results.iter().filter(decided).flat_map(|result| result.statements.iter().copied()).collect()
}

/// The statements that findings of this grade concern: broken for `Fail`, not followed for `Warn`.
pub fn broken(results: &[ScenarioResult], grade: Grade) -> BTreeSet<StatementId> {
    results
        .iter()
        .flat_map(|result| &result.findings)
        .filter(|finding| finding.grade == grade)
        .flat_map(|finding| finding.statements.iter().copied())
        .collect()
}

/// The verdict in one sentence.
pub fn sentence(report: &RunReport, strict: bool) -> String {
    let ending = report.stopped.as_ref().map(|why| format!("; the run ended early: {why}"));
    let body = match Conclusion::of(report, strict) {
        Conclusion::Conforming => return conforming(report),
        Conclusion::NotConforming => not_conforming(report),
        Conclusion::Undecided => match &report.stopped {
            Some(why) => return format!("could not decide: {why}"),
            None => undecided(report),
        },
    };
    body + &ending.unwrap_or_default()
}

fn conforming(report: &RunReport) -> String {
    let statements = counted(judged(&report.results).len(), "statement");
    let mut parts = vec![format!("conforming: {statements} judged, none broken")];
    if report.summary.warn > 0 {
        parts.push(format!("{} with lesser deviations", counted(report.summary.warn, "run")));
    }
    if report.summary.skip > 0 {
        let skipped = counted(report.summary.skip, "run");
        parts.push(format!("{skipped} skipped, since the broker does not offer what they need"));
    }
    parts.join("; ")
}

fn not_conforming(report: &RunReport) -> String {
    let failed = broken(&report.results, Grade::Fail);
    if report.summary.fail == 0 {
        let warned = broken(&report.results, Grade::Warn);
        return format!(
            "not conforming: nothing that must hold is broken, but --strict counts {}: {}",
            counted(report.summary.warn, "warning"),
            some(&warned)
        );
    }
    if failed.is_empty() {
        return format!("not conforming: {} failed", counted(report.summary.fail, "run"));
    }
    format!("not conforming: {} broken: {}", counted(failed.len(), "statement"), some(&failed))
}

/// The first few of them.
fn some(ids: &BTreeSet<StatementId>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    if ids.len() > SHOWN {
        names.push(format!("and {} more", ids.len() - SHOWN));
    }
    names.join(", ")
}

fn undecided(report: &RunReport) -> String {
    let summary = report.summary;
    let mut reasons = Vec::new();
    if summary.inconclusive > 0 {
        reasons.push(format!("{} did not get to the point", counted(summary.inconclusive, "run")));
    }
    if summary.error > 0 {
        reasons.push(format!("{} ended in an error", counted(summary.error, "run")));
    }
    if reasons.is_empty() {
        let why = if summary.skip > 0 { "every run was skipped" } else { "nothing was played" };
        return format!("could not decide: {why}");
    }
    format!("could not decide: nothing was found broken, but {}", reasons.join(" and "))
}
