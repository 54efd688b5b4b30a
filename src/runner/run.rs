//! A whole run: probe, plan, play, report.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mqttspec_spec::Version;
use tokio::sync::Notify;

use super::{
    embedded,
    event::Event,
    plan::{Run, Selection, plan},
    script::Circumstances,
};
use crate::{
    scenario::ast::Scenario,
    target::{Address, Facts, Trust, network::Network},
    verdict::{Finding, Grade, RunReport, ScenarioResult, Summary},
};

/// How a run is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is tested.
    pub target: Address,
    /// Which certificates are accepted over TLS.
    pub trust: Trust,
    /// Whether packets are sent byte by byte.
    pub drip: bool,
    /// Which scenarios are played.
    pub selection: Selection,
    /// How many are played at once; the target's own default if not given.
    pub jobs: Option<usize>,
    /// A number that no other run against the same broker uses at the same time; names topics and clients.
    pub seed: u64,
}

/// Asks a run to end early. Clones ask the same run.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(AtomicBool, Notify)>);

impl Stop {
    /// Asks now.
    pub fn ask(&self) {
        self.0.0.store(true, Ordering::Relaxed);
        self.0.1.notify_one();
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }

    pub(super) async fn asked(&self) {
        if !self.is_asked() {
            self.0.1.notified().await;
        }
    }
}

/// Why a run ended before its end when the user asked for it.
pub(super) const INTERRUPTED: &str = "the run was interrupted";

/// Plays the selected scenarios and tells `events` what happens.
///
/// `None` if the selection admits no scenario.
pub fn run(
    scenarios: &[Arc<Scenario>],
    options: &Options,
    stop: &Stop,
    events: &mut dyn FnMut(&Event),
) -> Option<RunReport> {
    let started = Instant::now();
    let runs = plan(scenarios, &options.selection);
    if runs.is_empty() {
        return None;
    }
    let mut record = Record { events, target: None, stopped: None, results: Vec::new() };
    match &options.target {
        Address::Embedded => embedded::run(&runs, options, stop, &mut record),
        Address::Network { endpoint, .. } => {
            let (endpoint, trust) = (endpoint.clone(), options.trust.clone());
            let network = Network { endpoint, trust, drip: options.drip };
            super::sockets::run(&runs, options, &network, stop, &mut record);
        }
    }
    let Record { target, stopped, mut results, .. } = record;
    let key = |result: &ScenarioResult| (result.scenario.clone(), result.version, result.variant.clone());
    results.sort_by_cached_key(key);
    Some(RunReport {
        mqttspec: env!("CARGO_PKG_VERSION"),
        target,
        stopped,
        duration: started.elapsed(),
        summary: Summary::of(&results),
        results,
    })
}

/// What a run has come to so far.
pub(super) struct Record<'a> {
    events: &'a mut dyn FnMut(&Event),
    target: Option<crate::verdict::TargetReport>,
    stopped: Option<String>,
    results: Vec<ScenarioResult>,
}

impl Record<'_> {
    pub(super) fn probed(&mut self, facts: &Facts, address: &Address) {
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

    pub(super) fn stopped(&mut self, why: impl Into<String>) {
        let why = why.into();
        (self.events)(&Event::Stopped(why.clone()));
        self.stopped = Some(why);
    }
}

/// The runs that the target's own words allow; the others are skipped with their proof.
pub(super) fn playable<'r>(runs: &'r [Run], facts: &Facts, record: &mut Record<'_>) -> Vec<(usize, &'r Run)> {
    record.planned(runs.len());
    let mut playable = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        match facts.missing(run.version, &run.scenario.needs_with(&run.variant)) {
            Some((feature, proof)) => record.finished(skipped(run, &feature, &proof)),
            None if facts.spoken.contains_key(&run.version) => playable.push((index, run)),
            None => {
                let why = "the probe of this version was inconclusive";
                record.finished(unplayed(run, Grade::Inconclusive, "a broker that answers the probe", why));
            }
        }
    }
    playable
}

fn skipped(run: &Run, feature: &str, proof: &str) -> ScenarioResult {
    unplayed(run, Grade::Skip, &format!("the feature `{feature}`"), proof)
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
        }],
        duration: Duration::ZERO,
        evidence: Vec::new(),
    }
}

/// What a script is told about its circumstances.
pub(super) fn circumstances(
    options: &Options,
    index: usize,
    facts: &Facts,
    version: Version,
) -> Circumstances {
    let round_trip = facts.round_trip();
    Circumstances {
        unique: unique(options.seed, index),
        patience: Duration::from_secs(1).max(round_trip * 20),
        settle: (round_trip * 10).clamp(Duration::from_millis(10), Duration::from_millis(250)),
        limits: facts.spoken.get(&version).map(|facts| facts.limits.clone()).unwrap_or_default(),
        credentials: options.target.credentials().cloned(),
    }
}

/// Nine letters and digits: five of the seed, three of the index.
pub(super) fn unique(seed: u64, index: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digits = |mut number: u64, count: usize| {
        let mut text = Vec::new();
        for _ in 0..count {
            text.extend(DIGITS.get(usize::try_from(number % 36).unwrap_or(0)));
            number /= 36;
        }
        text.reverse();
        String::from_utf8(text).unwrap_or_default()
    };
    format!("m{}{}", digits(seed, 5), digits(index as u64, 3))
}
