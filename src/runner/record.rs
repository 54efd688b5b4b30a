//! What a run has come to so far, and the results of what is not played.

use std::time::Duration;

use super::{event::Event, plan::Run};
use crate::{
    target::{Address, Facts},
    verdict::{Finding, Grade, RunReport, ScenarioResult, Summary, TargetReport},
};

/// Why a run ended before its end when the user asked for it.
pub(super) const INTERRUPTED: &str = "the run was interrupted";

/// What a run has come to so far.
pub(super) struct Record<'a> {
    events: &'a mut dyn FnMut(&Event),
    target: Option<TargetReport>,
    stopped: Option<String>,
    results: Vec<ScenarioResult>,
}

impl<'a> Record<'a> {
    pub(super) fn new(events: &'a mut dyn FnMut(&Event)) -> Self {
        Self { events, target: None, stopped: None, results: Vec::new() }
    }

    /// All of it, with the results in the order of the scenarios.
    pub(super) fn report(mut self, duration: Duration) -> RunReport {
        let key = |result: &ScenarioResult| (result.scenario.clone(), result.version, result.variant.clone());
        self.results.sort_by_cached_key(key);
        RunReport {
            mqttspec: env!("CARGO_PKG_VERSION").to_owned(),
            target: self.target,
            stopped: self.stopped,
            duration,
            summary: Summary::of(&self.results),
            results: self.results,
        }
    }

    /// What is known of the target. Of several that one run launches, the first counts.
    pub(super) fn probed(&mut self, facts: &Facts, address: &Address) {
        if self.target.is_some() {
            return;
        }
        self.target = Some(facts.report(address));
        for result in &facts.troubled {
            self.finished(result.clone());
        }
        (self.events)(&Event::Probed(facts.report(address)));
    }

    pub(super) fn planned(&mut self, count: usize) {
        (self.events)(&Event::Planned(count));
    }

    pub(super) fn finished(&mut self, result: ScenarioResult) {
        let event = Event::Finished(Box::new(result));
        (self.events)(&event);
        if let Event::Finished(result) = event {
            self.results.push(*result);
        }
    }

    /// Takes back the results of runs that are played again.
    pub(super) fn take_back(&mut self, runs: &[(usize, &Run)]) {
        let is_of = |result: &ScenarioResult, run: &Run| {
            result.scenario == run.scenario.id
                && result.version == run.version
                && result.variant == run.variant_name()
        };
        self.results.retain(|result| !runs.iter().any(|(_, run)| is_of(result, run)));
        self.planned(runs.len());
    }

    /// Adds to why the run ended early, if it did.
    pub(super) fn explain_stop(&mut self, more: &str) {
        if let Some(why) = &mut self.stopped {
            why.push_str(more);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn stopped(&mut self, why: impl Into<String>) {
        let why = why.into();
        (self.events)(&Event::Stopped(why.clone()));
        self.stopped = Some(why);
    }
}

/// Whether the target was set up as its runs want it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetUp {
    /// As all of them want it.
    ForThem,
    /// By somebody else: what packets do not show is not known.
    ByOthers,
}

/// The runs that the target's own words allow; the others are skipped with their proof.
pub(super) fn playable<'r>(
    runs: Vec<(usize, &'r Run)>,
    facts: &Facts,
    set_up: SetUp,
    record: &mut Record<'_>,
) -> Vec<(usize, &'r Run)> {
    let mut playable = Vec::new();
    for (index, run) in runs {
        match obstacle(run, facts, set_up) {
            Some(result) => record.finished(result),
            None => playable.push((index, run)),
        }
    }
    playable
}

/// What a run comes to that the target's own words do not allow.
pub(super) fn obstacle(run: &Run, facts: &Facts, set_up: SetUp) -> Option<ScenarioResult> {
    if run.scenario.over_websocket && !facts.over_websocket {
        let proof = "the target was addressed over another transport than ws:// or wss://";
        return Some(skipped(run, "WebSocket as the transport", proof));
    }
    if let Some((feature, proof)) = facts.missing(run.version, &run.scenario.needs_with(&run.variant)) {
        return Some(skipped(run, &format!("the feature `{feature}`"), &proof));
    }
    if !facts.spoken.contains_key(&run.version) {
        let why = "the probe of this version was inconclusive";
        return Some(unplayed(run, Grade::Inconclusive, "a broker that answers the probe", why));
    }
    if set_up == SetUp::ForThem {
        return None;
    }
    let (setting, proof) = facts.not_set_up(run.version, &run.scenario.broker)?;
    Some(skipped(run, &format!("a broker set up with `{setting}`"), &proof))
}

/// The result of a run that the target gives no occasion for.
pub(super) fn skipped(run: &Run, expected: &str, proof: &str) -> ScenarioResult {
    unplayed(run, Grade::Skip, expected, proof)
}

/// The result of a run that was not played, or not to its end.
pub(super) fn unplayed(run: &Run, grade: Grade, expected: &str, observed: &str) -> ScenarioResult {
    ScenarioResult {
        scenario: run.scenario.id.clone(),
        title: run.scenario.title.clone(),
        version: run.version,
        variant: run.variant_name(),
        grade,
        statements: run.scenario.covers.of(run.version).to_vec(),
        broken: Vec::new(),
        findings: vec![Finding {
            grade,
            statements: Vec::new(),
            place: None,
            expected: expected.to_owned(),
            observed: observed.to_owned(),
            packets: Vec::new(),
            parts: Vec::new(),
        }],
        duration: Duration::ZERO,
        evidence: Vec::new(),
    }
}
