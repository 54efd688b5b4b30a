//! One scenario's run that did not pass: what was expected, what came instead, and the packets that show it.

use std::fmt::Write as _;

use mqttspec_spec::StatementId;

use super::{
    View, ladder,
    page::{Page, Tone},
    summary::tone,
    text::quoted,
};
use crate::verdict::{Finding, Grade, RunReport, ScenarioResult};

/// What to write about one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) result: &'a ScenarioResult,
    pub(super) report: &'a RunReport,
    pub(super) view: &'a View<'a>,
    /// Whether to show step and packets too.
    pub(super) whole: bool,
}

/// Writes about one run.
pub(super) fn item(page: &mut Page, item: &Item<'_>) {
    let result = item.result;
    let grade = result.grade;
    let under = if result.variant.is_empty() {
        format!("  MQTT {}", result.version.number())
    } else {
        format!("  MQTT {}  {}", result.version.number(), result.variant)
    };
    let word = format!("{:5} ", grade.name().to_uppercase());
    page.line(0, &[(tone(grade), &word), (Tone::Strong, &result.scenario), (Tone::Plain, &under)]);
    page.paragraph(2, Tone::Plain, &result.title);
    for finding in findings(result) {
        if item.whole {
            page.blank();
        }
        write_finding(page, finding, grade, item.whole);
    }
    if item.whole && !result.evidence.is_empty() {
        let marked = findings(result).flat_map(|finding| finding.packets.iter().copied()).collect();
        page.blank();
        ladder::write(page, &result.evidence, &marked);
        page.blank();
    }
    page.line(2, &[(Tone::Faint, "to see just this again:")]);
    page.verbatim(4, Tone::Plain, &command(item));
    page.blank();
}

/// The findings worth telling, worst first.
fn findings(result: &ScenarioResult) -> impl Iterator<Item = &Finding> {
    let mut findings: Vec<&Finding> =
        result.findings.iter().filter(|finding| finding.grade != Grade::Pass).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    findings.into_iter()
}

fn write_finding(page: &mut Page, finding: &Finding, grade: Grade, whole: bool) {
    for (count, id) in finding.statements.iter().enumerate() {
        let label = match (count, finding.grade) {
            (0, Grade::Fail) => "broken",
            (0, Grade::Warn) => "neglected",
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
        page.line(13, &[(Tone::Faint, &place.text)]);
    }
    page.entry(2, "expected", Tone::Plain, &finding.expected);
    page.entry(2, "observed", tone(finding.grade), &finding.observed);
}

/// `v5.0:3.3.1-5 Retained message is stored (MQTT 5.0 §3.3.1.3)`
fn statement(id: StatementId) -> String {
    let statement = id.statement();
    format!("{id} {} (MQTT {} §{})", statement.title, id.version().number(), statement.section)
}

/// The command that plays just this run.
fn command(item: &Item<'_>) -> String {
    let result = item.result;
    let mut command = String::from("mqttspec run");
    let address = item.report.target.as_ref().map(|target| target.address.as_str());
    if let Some(address) = address.filter(|address| address.contains("://")) {
        let _ = write!(command, " {}", quoted(address));
    }
    if let Some(folder) = item.view.scenarios {
        let _ = write!(command, " --scenarios {}", quoted(folder));
    }
    let _ = write!(command, " --only {} --version {}", quoted(&result.scenario), result.version.number());
    if !result.variant.is_empty() {
        let _ = write!(command, " --variant {}", quoted(&result.variant));
    }
    command
}
