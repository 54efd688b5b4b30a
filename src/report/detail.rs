//! One scenario's run that did not pass: what was expected, what came instead, and the packets that show it.

use std::collections::BTreeMap;

use mqttspec_spec::StatementId;

use super::{
    View, ladder,
    marks::Marks,
    model::reproduce,
    page::{Page, Tone},
    summary::tone,
    text::counted,
};
use crate::verdict::{Finding, Grade, RunReport, ScenarioResult};

/// What to write about one run.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) result: &'a ScenarioResult,
    /// Other runs of which the same is to be said.
    pub(super) same: Vec<&'a ScenarioResult>,
    pub(super) report: &'a RunReport,
    pub(super) view: &'a View<'a>,
    /// Whether to show step and packets too.
    pub(super) whole: bool,
}

/// Puts together what is the same, in order. Every failure is a case of its own.
pub(super) fn groups<'a>(
    results: &[&'a ScenarioResult],
) -> Vec<(&'a ScenarioResult, Vec<&'a ScenarioResult>)> {
    let mut groups: Vec<(&ScenarioResult, Vec<&ScenarioResult>)> = Vec::new();
    let mut known: BTreeMap<Vec<_>, usize> = BTreeMap::new();
    for result in results {
        let said = |finding: &'a Finding| (&finding.statements, &finding.expected, &finding.observed);
        let index = *known.entry(result.findings.iter().map(said).collect()).or_insert(groups.len());
        match groups.get_mut(index) {
            Some((_, same)) if result.grade != Grade::Fail => same.push(result),
            Some(_) | None => groups.push((result, Vec::new())),
        }
    }
    groups
}

/// So many findings of one run are told.
const FINDINGS: usize = 6;

/// Writes about one run.
pub(super) fn item(page: &mut Page, item: &Item<'_>) {
    let result = item.result;
    let grade = result.grade;
    let word = format!("{:5} ", grade.name().to_uppercase());
    page.line(0, &[(tone(grade), &word), (Tone::Strong, &result.scenario), (Tone::Plain, &under(result))]);
    page.paragraph(2, Tone::Plain, &result.title);
    let distinct = distinct(result);
    for (finding, times) in distinct.iter().take(FINDINGS) {
        if item.whole {
            page.blank();
        }
        write_finding(page, finding, *times, item);
    }
    if distinct.len() > FINDINGS {
        let left_out = counted(distinct.len() - FINDINGS, "more finding");
        page.line(2, &[(Tone::Faint, &format!("... {left_out} ..."))]);
    }
    if item.whole && !result.evidence.is_empty() {
        page.blank();
        ladder::write(page, &result.evidence, &Marks::of(&result.findings));
        page.blank();
    }
    also(page, &item.same);
    if result.statements.is_empty() {
        // What belongs to no statement is no scenario that could be selected.
        return page.blank();
    }
    page.line(2, &[(Tone::Faint, "to see just this again:")]);
    page.verbatim(4, Tone::Plain, &reproduce(item.report, item.view.arguments, result));
    page.blank();
}

/// `  MQTT 5.0  qos=1`
fn under(result: &ScenarioResult) -> String {
    let space = if result.variant.is_empty() { "" } else { "  " };
    format!("  MQTT {}{space}{}", result.version.number(), result.variant)
}

/// Names the runs of which the same is to be said.
fn also(page: &mut Page, same: &[&ScenarioResult]) {
    const SHOWN: usize = 5;
    for (count, result) in same.iter().take(SHOWN).enumerate() {
        let label = if count == 0 { "also       " } else { "           " };
        page.line(2, &[(Tone::Faint, label), (Tone::Plain, &result.scenario), (Tone::Plain, &under(result))]);
    }
    if same.len() > SHOWN {
        page.line(13, &[(Tone::Faint, &format!("and {}", counted(same.len() - SHOWN, "other run")))]);
    }
}

/// The findings worth telling, worst first, each with how often it was found.
fn distinct(result: &ScenarioResult) -> Vec<(&Finding, usize)> {
    let mut distinct: Vec<(&Finding, usize)> = Vec::new();
    let mut known = BTreeMap::new();
    for finding in result.findings.iter().filter(|finding| finding.grade != Grade::Pass) {
        let line = finding.place.as_ref().map(|place| place.line);
        let said = (finding.grade, &finding.statements, &finding.expected, &finding.observed, line);
        let index = *known.entry(said).or_insert(distinct.len());
        match distinct.get_mut(index) {
            Some((_, times)) => *times += 1,
            None => distinct.push((finding, 1)),
        }
    }
    distinct.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.grade));
    distinct
}

fn write_finding(page: &mut Page, finding: &Finding, times: usize, item: &Item<'_>) {
    let (grade, whole) = (item.result.grade, item.whole);
    for (count, id) in finding.statements.iter().enumerate() {
        let label = match (count, finding.grade) {
            (0, Grade::Fail) => "broken",
            (0, Grade::Warn) => "warned",
            (0, Grade::Pass | Grade::Skip | Grade::Inconclusive | Grade::Error) => "about",
            _ => "",
        };
        page.entry(2, label, Tone::Strong, &statement(*id));
    }
    if finding.grade != grade {
        page.entry(2, "grade", tone(finding.grade), finding.grade.name());
    }
    if let Some(place) = finding.place.as_ref().filter(|_| whole) {
        page.entry(2, "step", Tone::Plain, &format!("{}:{}", place.path, place.line));
        page.paragraph(13, Tone::Faint, &place.text);
    }
    page.entry(2, "expected", Tone::Plain, &finding.expected);
    page.entry(2, "observed", tone(finding.grade), &finding.observed);
    if times > 1 {
        page.line(13, &[(Tone::Faint, &format!("({times} times)"))]);
    }
}

/// `v5.0:3.3.1-5 Retained message is stored (MQTT 5.0 §3.3.1.3)`
fn statement(id: StatementId) -> String {
    let statement = id.statement();
    format!("{id} {} (MQTT {} §{})", statement.title, id.version().number(), statement.section)
}
