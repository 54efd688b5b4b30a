//! Playing against brokers of this process, in virtual time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use mqttspec_spec::Version;
use reference_broker::{Broker, Config, Rules};

use super::{
    options::{Options, Stop, circumstances},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, obstacle, unplayed},
    script::{self, Circumstances, Played, UNIQUE},
};
use crate::{
    scenario::ast::Setting,
    stage::Play,
    target::{
        Dripped, Facts, Stored, Tampered, Tampering,
        in_process::{self, Peer},
        probe, set_up,
    },
    verdict::{Grade, ScenarioResult},
};

/// The reference broker as a target: a fresh one for every run, so that runs cannot meet.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// What it says of itself, by how it is set up; found out when it is needed.
    facts: Arc<Mutex<BTreeMap<Vec<Setting>, Arc<Facts>>>>,
    drip: bool,
}

impl Embedded {
    /// Probes the reference broker.
    pub fn probed() -> Self {
        let embedded = Self { facts: Arc::default(), drip: false };
        embedded.facts(&[]);
        embedded
    }

    /// Sends it everything byte by byte.
    #[must_use]
    pub fn dripped(self) -> Self {
        Self { drip: true, ..self }
    }

    /// Plays one run against a fresh reference broker with these rules, set up as the scenario wants it.
    pub fn play(&self, run: &Run, rules: Rules) -> ScenarioResult {
        self.play_against(run, broker(run, UNIQUE, rules).as_mut())
    }

    /// Plays one run against a fresh reference broker between which and its clients somebody tampers with packets.
    pub fn play_tampered(&self, run: &Run, tampering: Tampering) -> ScenarioResult {
        self.play_against(run, &mut Tampered::new(broker(run, UNIQUE, Rules::all()), tampering))
    }

    /// Plays one run against another broker of this process, in the circumstances of the reference broker.
    pub fn play_against(&self, run: &Run, broker: &mut dyn Peer) -> ScenarioResult {
        let facts = self.facts(&run.scenario.broker);
        let limits = facts.spoken.get(&run.version).map(|facts| facts.limits.clone());
        play(run, broker, self.drip, Circumstances::embedded(limits.unwrap_or_default()))
    }

    /// What the reference broker says of itself when it is set up so.
    fn facts(&self, settings: &[Setting]) -> Arc<Facts> {
        let mut known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known.get(settings) {
            return Arc::clone(facts);
        }
        let facts = Arc::new(probe(&set_up::config(settings, &script::topic(UNIQUE))));
        known.insert(settings.to_vec(), Arc::clone(&facts));
        facts
    }
}

/// What a reference broker with this configuration says of itself.
pub(super) fn probe(config: &Config) -> Facts {
    let mut facts = Facts::default();
    for version in Version::ALL {
        let mut broker = Broker::new(config.clone(), Rules::all());
        let probe = |stage| probe::probe(stage, version, UNIQUE.to_owned(), None, probe::PATIENCE);
        let play = Play::new(Duration::ZERO, probe);
        match in_process::play(play, &mut broker) {
            Ok(probed) => facts.add(version, probed),
            Err(stuck) => {
                facts.refused.insert(version, stuck.to_string());
            }
        }
    }
    facts
}

/// A fresh reference broker, set up as the scenario wants it.
fn broker(run: &Run, unique: &str, rules: Rules) -> Box<dyn Peer> {
    fresh(run, set_up::config(&run.scenario.broker, &script::topic(unique)), rules)
}

/// A fresh reference broker, which saves its state only if the scenario restarts it.
pub(super) fn fresh(run: &Run, config: Config, rules: Rules) -> Box<dyn Peer> {
    if run.scenario.restarts().is_empty() {
        Box::new(Broker::new(config, rules))
    } else {
        Box::new(Stored::new(config, rules))
    }
}

pub(super) fn play(
    run: &Run,
    broker: &mut dyn Peer,
    drip: bool,
    circumstances: Circumstances,
) -> ScenarioResult {
    if run.scenario.over_websocket {
        return unplayed(
            run,
            Grade::Skip,
            "WebSocket as the transport",
            "a broker of this process has no transport",
        );
    }
    let play = Play::new(Duration::ZERO, |stage| script::play(stage, run.clone(), circumstances));
    let played =
        if drip { in_process::play(play, &mut Dripped(broker)) } else { in_process::play(play, broker) };
    match played {
        // Nothing is ever late in virtual time.
        Ok(Played { result, haste: _ }) => result,
        Err(stuck) => unplayed(run, Grade::Error, "a scenario that comes to its end", &stuck.to_string()),
    }
}

/// Probes, then plays the runs on all processors.
pub(super) fn run(runs: &[Run], options: &Options, stop: &Stop, record: &mut Record<'_>) {
    let embedded = Embedded::probed();
    record.probed(&embedded.facts(&[]), &options.target);
    record.planned(runs.len());
    let jobs = options
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .clamp(1, 64);
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            let (next, embedded) = (&next, &embedded);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(index).filter(|_| !stop.is_asked()) else { return };
                    if sender.send(embedded.play_one(index, run, options)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for result in results {
            record.finished(result);
        }
    });
    if stop.is_asked() {
        record.stopped(INTERRUPTED);
    }
}

impl Embedded {
    /// Plays one run of many, or says why it is not to be played.
    fn play_one(&self, index: usize, run: &Run, options: &Options) -> ScenarioResult {
        let facts = self.facts(&run.scenario.broker);
        if let Some(result) = obstacle(run, &facts, SetUp::ForThem) {
            return result;
        }
        let circumstances = circumstances(options, index, &facts, run.version);
        let mut broker = broker(run, &circumstances.unique, Rules::all());
        play(run, broker.as_mut(), options.drip, circumstances)
    }
}
