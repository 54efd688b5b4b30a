//! Reports as JUnit's XML, which continuous integration servers read.
//!
//! JUnit knows passed, failed, errors and skipped. A warning passes, and says in its output what it warns of; what stayed
//! open is an error, since nobody knows whether it holds. A failure that a baseline accepts is skipped, with the reason.

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{
    Chapter, Report, View, detail,
    kind::RenderError,
    page::Page,
    text::{capped, clean},
};
use crate::verdict::{Finding, Grade, ScenarioResult};

/// A suite for each report, a case for each run of a scenario.
pub fn junit(reports: &[Report]) -> Result<String, RenderError> {
    let mut junit = Junit::new("mqttspec");
    for report in reports {
        junit.add_test_suite(suite(report));
    }
    let text = junit.to_string().map_err(|error| RenderError(error.to_string()))?;
    Ok(without_skipped(&text))
}

/// The schema of Jenkins knows how many cases of a suite were skipped, but not of all suites.
fn without_skipped(xml: &str) -> String {
    let tag = xml.find("<testsuites").and_then(|start| Some(start..start + xml.get(start..)?.find('>')?));
    let own = tag.and_then(|tag| {
        let start = tag.start + xml.get(tag.clone())?.find(" skipped=\"")?;
        let value = start + " skipped=\"".len();
        Some(start..value + xml.get(value..)?.find('"')? + 1)
    });
    let mut text = xml.to_owned();
    if let Some(own) = own {
        text.replace_range(own, "");
    }
    text
}

fn suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(&*clean(&report.subject()));
    suite.set_time(report.run.duration);
    for (name, value) in properties(report) {
        suite.add_property((name, &*clean(&value)));
    }
    for (index, result) in report.run.results.iter().enumerate() {
        let case = case(report, result, report.known.get(&index).map(String::as_str));
        suite.add_test_case(case);
    }
    if let Some(why) = &report.run.stopped {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("stopped").set_message(&*clean(why)).set_description(&*clean(why));
        suite.add_test_case(TestCase::new("the run comes to its end", status));
    }
    suite
}

fn properties(report: &Report) -> Vec<(&'static str, String)> {
    let (run, provenance) = (&report.run, &report.provenance);
    let mut properties = vec![("mqttspec", run.mqttspec.clone())];
    properties.extend(provenance.date.map(|date| ("date", date.to_string())));
    properties.extend(provenance.broker.as_ref().map(|broker| ("broker", broker.to_string())));
    properties.extend(provenance.profile.as_ref().map(|profile| ("profile", profile.clone())));
    properties.extend(run.target.as_ref().map(|target| ("address", target.address.clone())));
    properties.push(("command", provenance.command.join(" ")));
    properties
}

fn case(report: &Report, result: &ScenarioResult, known: Option<&str>) -> TestCase {
    let fails = result.grade == Grade::Fail || result.grade == Grade::Warn && report.provenance.strict;
    let mut status = match result.grade {
        Grade::Fail if known.is_some() => TestCaseStatus::skipped(),
        Grade::Skip => TestCaseStatus::skipped(),
        Grade::Inconclusive | Grade::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Grade::Fail | Grade::Warn if fails => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Grade::Pass | Grade::Fail | Grade::Warn => TestCaseStatus::success(),
    };
    if let Some(finding) = worst(result) {
        let reason = known.map(|why| format!("known: {}; ", capped(&clean(why)))).unwrap_or_default();
        let message = reason + &message(finding);
        status.set_type(kind(result, finding)).set_message(&*message).set_description(&*message);
    }
    let mut case = TestCase::new(name(result), status);
    let chapter = Chapter::of(&result.scenario, result.statements.first().copied()).to_string();
    // A dot would begin another package.
    case.set_classname(format!("mqtt.{}", chapter.replace('.', "_").replace("  ", " ").trim()));
    case.set_time(result.duration);
    if result.grade != Grade::Pass {
        case.set_system_out(evidence(report, result));
    }
    case
}

/// `common/3.3-publish/retained-kept (MQTT 5.0, qos=1)`
fn name(result: &ScenarioResult) -> String {
    let comma = if result.variant.is_empty() { "" } else { ", " };
    let (scenario, variant) = (clean(&result.scenario), clean(&result.variant));
    format!("{scenario} (MQTT {}{comma}{variant})", result.version.number())
}

/// The first of the worst findings.
fn worst(result: &ScenarioResult) -> Option<&Finding> {
    let told = result.findings.iter().filter(|finding| finding.grade != Grade::Pass);
    told.rev().max_by_key(|finding| finding.grade)
}

fn kind(result: &ScenarioResult, finding: &Finding) -> String {
    finding.statements.first().map_or_else(|| result.grade.to_string(), ToString::to_string)
}

/// `v5.0:3.3.1-5 Retained message is stored: expected ..., observed ...`
fn message(finding: &Finding) -> String {
    let ids: Vec<String> =
        finding.statements.iter().map(|id| format!("{id} {}", id.statement().title)).collect();
    let about = if ids.is_empty() { String::new() } else { format!("{}: ", ids.join(", ")) };
    let (expected, observed) = (capped(&finding.expected), capped(&finding.observed));
    clean(&format!("{about}expected {expected}; observed {observed}")).into_owned()
}

/// All that the terminal would show.
fn evidence(report: &Report, result: &ScenarioResult) -> String {
    let Report { provenance, run, .. } = report;
    let view = View { width: 100, colour: false, strict: provenance.strict, arguments: &provenance.repeated };
    let mut page = Page::new(view.width, view.colour);
    detail::item(
        &mut page,
        &detail::Item { result, same: Vec::new(), report: run, view: &view, whole: true },
    );
    page.finish()
}
