//! A fleet's run as the results of a run, one for each promise and what came of it, so that it can be reported like one.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use mqttspec_fleet::{
    history::{self, Decision, Limit, Promise, Verdict},
    layout::Layout,
    plan::Micros,
    world::Outcome,
};
use mqttspec_spec::Version;

use super::report::time;
use crate::verdict::{Finding, Grade, RunReport, ScenarioResult, Summary, TargetReport};

/// The outcome of a fleet as a run's report. `address` says against whom it was played; `duration` is how long
/// it took by the clock of the machine.
///
/// Of the promises only that of delivery is taken for kept where nothing was found: its keeping is counted.
pub fn outcome(outcome: &Outcome, layout: &Layout, address: &str, duration: Duration) -> RunReport {
    outcome_of((&outcome.verdict, outcome.ended), layout, address, duration)
}

/// The same of a verdict and the time at which the fleet's run ended.
pub fn outcome_of(
    (verdict, ended): (&Verdict, Micros),
    layout: &Layout,
    address: &str,
    duration: Duration,
) -> RunReport {
    let mut results: Vec<ScenarioResult> = Vec::new();
    // Of many findings only some are kept, so that nobody knows which versions the others are of.
    let is_open = [Decision::Broken, Decision::Undecided]
        .iter()
        .any(|decision| verdict.counts.contains_key(&(*decision, Promise::Delivered)));
    let kept = verdict.kept.iter().filter(|_| verdict.complete && !is_open);
    results.extend(kept.map(|(version, count)| {
        let title = format!("{} ({count} times)", Promise::Delivered.text());
        result(Promise::Delivered, *version, "kept", (title, Grade::Pass))
    }));
    let mut found: BTreeMap<(Decision, Promise, Version), Vec<&history::Finding>> = BTreeMap::new();
    for finding in &verdict.findings {
        let version = finding.statement.version();
        found.entry((finding.decision, finding.promise, version)).or_default().push(finding);
    }
    for ((decision, promise, version), findings) in found {
        let (variant, grade) = graded(decision);
        let mut result = result(promise, version, variant, (promise.text().to_owned(), grade));
        let times = verdict.counts.get(&(decision, promise)).copied().unwrap_or_default();
        result.findings = findings.iter().map(|finding| told(finding, layout, times)).collect();
        results.push(result);
    }
    results.sort_by(|a, b| (&a.scenario, a.version, &a.variant).cmp(&(&b.scenario, b.version, &b.variant)));
    for result in &mut results {
        result.duration = Duration::from_micros(ended);
    }
    RunReport {
        mqttspec: env!("CARGO_PKG_VERSION").to_owned(),
        target: Some(TargetReport {
            address: address.to_owned(),
            versions: versions(layout),
            missing: BTreeMap::new(),
            round_trip: Duration::ZERO,
        }),
        stopped: (!verdict.complete).then(|| "the fleet did not come to its end".to_owned()),
        duration,
        summary: Summary::of(&results),
        results,
    }
}

/// The name of the result that a promise has with this decision, and its grade.
const fn graded(decision: Decision) -> (&'static str, Grade) {
    match decision {
        Decision::Broken => ("broken", Grade::Fail),
        Decision::Permitted(Limit::QueuedMessages) => ("queue-limit", Grade::Skip),
        Decision::Permitted(Limit::NotPersistent) => ("not-persistent", Grade::Skip),
        Decision::Permitted(Limit::MessageExpiry) => ("expired", Grade::Skip),
        Decision::Undecided => ("undecided", Grade::Inconclusive),
    }
}

/// The id of what is found about a promise: `fleet/in-order`.
pub fn id(promise: Promise) -> String {
    let mut id = "fleet/".to_owned();
    for letter in format!("{promise:?}").replace("QoS", "Qos").chars() {
        if letter.is_ascii_uppercase() && !id.ends_with('/') {
            id.push('-');
        }
        id.push(letter.to_ascii_lowercase());
    }
    id
}

fn result(
    promise: Promise,
    version: Version,
    variant: &str,
    (title, grade): (String, Grade),
) -> ScenarioResult {
    let statements = vec![promise.statement(version)];
    let broken = if grade == Grade::Fail { statements.clone() } else { Vec::new() };
    ScenarioResult {
        scenario: id(promise),
        title,
        version,
        variant: variant.to_owned(),
        grade,
        statements,
        broken,
        findings: Vec::new(),
        duration: Duration::ZERO,
        evidence: Vec::new(),
    }
}

/// A finding with the devices and the events that decide it.
fn told(finding: &history::Finding, layout: &Layout, times: u64) -> Finding {
    let devices: Vec<String> = finding.devices.iter().map(|device| layout.client_id(*device)).collect();
    let mut observed = format!("{} at {}, {}", finding.decision, time(finding.at), devices.join(", "));
    for (at, what) in &finding.because {
        let _ = write!(observed, "; {} {what}", time(*at));
    }
    if times > 1 {
        let _ = write!(observed, "; {times} times in all");
    }
    Finding {
        grade: graded(finding.decision).1,
        statements: vec![finding.statement],
        place: None,
        expected: finding.promise.text().to_owned(),
        observed,
        packets: Vec::new(),
        parts: Vec::new(),
    }
}

/// The versions that devices of the plan speak.
fn versions(layout: &Layout) -> Vec<String> {
    let spoken = |version: &Version| layout.plan.groups.iter().any(|group| group.version == *version);
    Version::ALL.into_iter().filter(spoken).map(|version| version.number().to_owned()).collect()
}
