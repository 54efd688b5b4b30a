//! The parts of the terminal report that speak of the whole run.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_spec::Version;

use super::{
    chapter::Chapter,
    conclusion::{Conclusion, judged, sentence},
    page::{Page, Tone},
    table::Table,
    text::counted,
};
use crate::verdict::{Grade, RunReport, ScenarioResult, Summary};

/// What was tested, and how long it took.
pub(super) fn header(page: &mut Page, report: &RunReport) {
    let program = format!("mqttspec {}", report.mqttspec);
    let Some(target) = &report.target else {
        page.line(0, &[(Tone::Strong, &program)]);
        return;
    };
    page.line(0, &[(Tone::Strong, &program), (Tone::Plain, " tested "), (Tone::Strong, &target.address)]);
    let mut parts = Vec::new();
    if !target.versions.is_empty() {
        parts.push(format!("MQTT {}", target.versions.join(" and ")));
    }
    if !target.round_trip.is_zero() {
        parts.push(format!("round trip {}", duration(target.round_trip)));
    }
    parts.push(format!("{} in {}", counted(report.results.len(), "run"), duration(report.duration)));
    if let Some(longest) = longest_wait(report) {
        parts.push(format!("the longest {} ({})", duration(longest.duration), longest.scenario));
    }
    page.paragraph(0, Tone::Plain, &parts.join(", "));
}

/// The run that took longest, if it took so long that it explains how long all of them took. In virtual time it does not.
fn longest_wait(report: &RunReport) -> Option<&ScenarioResult> {
    let longest = report.results.iter().rev().max_by_key(|result| result.duration)?;
    let explains = longest.duration >= report.duration / 2 && longest.duration <= report.duration;
    (explains && report.results.len() > 1).then_some(longest)
}

/// How the runs ended, chapter by chapter.
pub(super) fn chapters(page: &mut Page, results: &[ScenarioResult]) {
    let mut chapters: BTreeMap<Chapter, Vec<&ScenarioResult>> = BTreeMap::new();
    for result in results {
        let chapter = Chapter::of(&result.scenario, result.statements.first().copied());
        chapters.entry(chapter).or_default().push(result);
    }
    let columns = [Grade::Pass, Grade::Warn, Grade::Fail, Grade::Skip, Grade::Inconclusive, Grade::Error];
    let mut table = Table::new(
        columns.map(|grade| (grade.name(), tone(grade), matches!(grade, Grade::Pass | Grade::Fail))),
    );
    for (chapter, results) in chapters {
        let summary = Summary::of(results);
        table.row(chapter.to_string(), columns.map(|grade| summary.count(grade)).to_vec());
    }
    page.blank();
    table.write(page, 0, "chapter");
}

/// How many statements of each version were judged.
pub(super) fn statements(page: &mut Page, results: &[ScenarioResult]) {
    let judged = judged(results);
    let mut parts = Vec::new();
    for version in Version::ALL {
        if results.iter().any(|result| result.version == version) {
            let count = judged.iter().filter(|id| id.version() == version).count();
            parts.push(format!("{count} of {} of MQTT {}", version.statements().count(), version.number()));
        }
    }
    page.blank();
    page.paragraph(0, Tone::Plain, &format!("statements judged: {}", parts.join(", ")));
}

/// The heading over the runs of one grade.
pub(super) fn heading(page: &mut Page, grade: Grade, count: usize) {
    let text = match grade {
        Grade::Pass => "Passed",
        Grade::Skip => "Skipped: the broker does not offer what the scenario needs",
        Grade::Warn => "Warnings: lesser deviations",
        Grade::Inconclusive => "Inconclusive: the scenario did not get to its point, so nothing is judged",
        Grade::Fail => "Failures: a statement that must hold is broken",
        Grade::Error => "Errors: mqttspec could not do its part, so nothing is judged",
    };
    page.blank();
    page.line(0, &[(tone(grade), &format!("{text} ({count})"))]);
    page.blank();
}

/// What was skipped, by the proof that it is not offered.
pub(super) fn skipped(page: &mut Page, report: &RunReport) {
    let mut groups: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for result in report.results.iter().filter(|result| result.grade == Grade::Skip) {
        let finding = result.findings.iter().find(|finding| finding.grade == Grade::Skip);
        let key = finding.map_or(("unknown", "no reason was recorded"), |finding| {
            (finding.expected.as_str(), finding.observed.as_str())
        });
        *groups.entry(key).or_default() += 1;
    }
    if groups.is_empty() {
        return;
    }
    heading(page, Grade::Skip, report.summary.skip);
    for ((feature, proof), count) in groups {
        page.hanging(2, "- ", Tone::Plain, &format!("{feature}: {proof} ({})", counted(count, "run")));
    }
}

/// The last line.
pub(super) fn verdict(page: &mut Page, report: &RunReport, strict: bool) {
    let tone = match Conclusion::of(report, strict) {
        Conclusion::Conforming => Tone::Good,
        Conclusion::NotConforming => Tone::Bad,
        Conclusion::Undecided => Tone::Caution,
    };
    page.blank();
    page.verbatim(0, tone, &sentence(report, strict));
}

/// The tone of a grade.
pub(super) const fn tone(grade: Grade) -> Tone {
    match grade {
        Grade::Pass => Tone::Good,
        Grade::Skip => Tone::Faint,
        Grade::Warn | Grade::Inconclusive => Tone::Caution,
        Grade::Fail | Grade::Error => Tone::Bad,
    }
}

/// A duration with its unit, to about three digits.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 60.0 {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    } else if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.001 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} µs", seconds * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Duration::from_micros(210), "210 µs")]
    #[case(Duration::from_micros(3210), "3.2 ms")]
    #[case(Duration::from_millis(12_440), "12.4 s")]
    #[case(Duration::from_secs(125), "2 min 05 s")]
    fn durations_carry_their_unit(#[case] time: Duration, #[case] expected: &str) {
        assert_eq!(duration(time), expected);
    }
}
