//! What a fleet's run came to, as text for a terminal.

use std::collections::BTreeMap;

use mqttspec_fleet::{
    history::{Decision, Finding, Verdict},
    layout::Layout,
    numbers::{GroupNumbers, Numbers, PERCENTILES},
    plan::{Micros, SECOND},
};

use crate::report::{Page, Tone, counted, fleet::Misdeed};

/// What is reported.
#[derive(Debug)]
pub struct Report<'a> {
    /// The plan written out.
    pub layout: &'a Layout,
    /// What the history shows.
    pub verdict: &'a Verdict,
    /// What was counted.
    pub numbers: &'a Numbers,
    /// The run in one line: target, seed, length, hash.
    pub about: String,
    /// What else happened, a sentence each.
    pub notes: Vec<String>,
    /// What clients did wrong that are a library, if there are any.
    pub misdeeds: Option<&'a [Misdeed]>,
    /// How often their connections failed, by what the library says of it.
    pub failures: &'a BTreeMap<String, u64>,
}

/// How many findings of a kind are shown with what decides them.
const SHOWN: usize = 3;

/// Writes the report. Its last line is one sentence with the verdict.
pub fn write(page: &mut Page, report: &Report<'_>) {
    page.line(0, &[(Tone::Strong, &report.layout.plan.title)]);
    page.line(0, &[(Tone::Faint, &report.about)]);
    page.blank();
    for group in &report.numbers.groups() {
        write_group(page, group);
    }
    if !report.notes.is_empty() {
        page.blank();
    }
    for note in &report.notes {
        page.paragraph(0, Tone::Caution, note);
    }
    write_libraries(page, report);
    for ((decision, promise), count) in &report.verdict.counts {
        page.blank();
        let tone = match decision {
            Decision::Broken => Tone::Bad,
            Decision::Permitted(_) | Decision::Undecided => Tone::Caution,
        };
        let title = format!("{decision}  {}", promise.text());
        page.line(0, &[(tone, &title), (Tone::Faint, &format!("  {count} ×"))]);
        let same = |finding: &&Finding| (finding.decision, finding.promise) == (*decision, *promise);
        for finding in report.verdict.findings.iter().filter(same).take(SHOWN) {
            write_finding(page, report.layout, finding);
        }
    }
    page.blank();
    let (tone, sentence) = conclusion(report.verdict);
    page.paragraph(0, tone, &sentence);
}

/// What clients did wrong that are a library. The broker has no part in it, so neither has the verdict.
fn write_libraries(page: &mut Page, report: &Report<'_>) {
    let Some(misdeeds) = report.misdeeds else { return };
    page.blank();
    page.line(0, &[(Tone::Strong, "What rumqttc did wrong"), (Tone::Faint, "  (no fault of the broker's)")]);
    for Misdeed { group, statement, what, times, first } in misdeeds {
        let about = format!("{statement}  ");
        let times = format!("  {times} ×, first at {}", time(*first));
        let told = format!("{group} {what}");
        page.line(2, &[(Tone::Plain, &about), (Tone::Caution, &told), (Tone::Faint, &times)]);
    }
    if misdeeds.is_empty() {
        page.line(2, &[(Tone::Plain, "nothing")]);
    }
    for (why, count) in report.failures {
        page.line(2, &[(Tone::Faint, &format!("its words for a failure, {count} ×: {why}"))]);
    }
}

fn write_group(page: &mut Page, group: &GroupNumbers) {
    let GroupNumbers { name, connects, losses, published, repeated, acked, delivered, .. } = group;
    page.line(
        0,
        &[
            (Tone::Strong, &format!("{name:16}")),
            (Tone::Plain, &format!("{connects} connects, {losses} lost; ")),
            (Tone::Plain, &format!("{published} published, {repeated} again, {acked} acknowledged; ")),
            (Tone::Plain, &format!("{delivered} received")),
        ],
    );
    if group.latency.count() > 0 {
        let at = |hundredths: &u32| {
            let percent = f64::from(*hundredths) / 100.0;
            format!("{percent} % {}", milliseconds(group.latency.percentile(*hundredths)))
        };
        let line = PERCENTILES.iter().map(at).collect::<Vec<_>>().join("  ");
        page.line(16, &[(Tone::Faint, &format!("latency  {line}"))]);
    }
    if group.reconnect.count() > 0 {
        let (half, most) = (group.reconnect.percentile(5000), group.reconnect.percentile(10_000));
        let line = format!("back after  50 % {}  100 % {}", milliseconds(half), milliseconds(most));
        page.line(16, &[(Tone::Faint, &line)]);
    }
}

fn write_finding(page: &mut Page, layout: &Layout, finding: &Finding) {
    let devices: Vec<String> = finding.devices.iter().map(|device| layout.client_id(*device)).collect();
    page.line(
        2,
        &[
            (Tone::Plain, &format!("{}  ", finding.statement)),
            (Tone::Faint, &format!("at {}, {}", time(finding.at), devices.join(", "))),
        ],
    );
    for (at, what) in &finding.because {
        page.hanging(4, &format!("{:>12}  ", time(*at)), Tone::Plain, what);
    }
}

/// What a verdict comes to, in a sentence.
pub fn conclusion(verdict: &Verdict) -> (Tone, String) {
    let broken: u64 = verdict
        .counts
        .iter()
        .filter(|((decision, _), _)| *decision == Decision::Broken)
        .map(|(_, count)| count)
        .sum();
    if broken > 0 {
        let mut statements: Vec<String> =
            verdict.broken().map(|finding| finding.statement.to_string()).collect();
        statements.sort();
        statements.dedup();
        let times = usize::try_from(broken).unwrap_or(usize::MAX);
        let sentence =
            format!("not conforming: {} broken, {}", counted(times, "promise"), statements.join(", "));
        return (Tone::Bad, sentence);
    }
    let kept = usize::try_from(verdict.kept.values().sum::<u64>()).unwrap_or(usize::MAX);
    let owed = counted(kept, "delivery").replace("deliverys", "deliveries");
    if verdict.is_conforming() && !verdict.has_undecided() {
        (Tone::Good, format!("conforming: {owed} owed and made, nothing broken"))
    } else if !verdict.complete {
        (Tone::Caution, format!("undecided: the run did not come to its end; {owed} so far, nothing broken"))
    } else {
        (
            Tone::Caution,
            format!("undecided: {owed} owed and made, nothing broken, but not all could be decided"),
        )
    }
}

/// A time since the start.
pub fn time(at: Micros) -> String {
    format!("{}.{:03} s", at / SECOND, at % SECOND / 1000)
}

fn milliseconds(micros: u64) -> String {
    match micros {
        0..100_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / SECOND),
    }
}
