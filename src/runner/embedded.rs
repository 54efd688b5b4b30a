//! Playing against brokers of this process, in virtual time.

use std::{
    sync::{
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
    record::{INTERRUPTED, Record, playable, unplayed},
    script::{self, Circumstances, Played},
};
use crate::{
    stage::Play,
    target::{
        Dripped, Facts,
        in_process::{self, Peer},
        probe,
    },
    verdict::{Grade, ScenarioResult},
};

/// The reference broker as a target: a fresh one for every run, so that runs cannot meet.
#[derive(Clone, Debug)]
pub struct Embedded {
    facts: Facts,
    drip: bool,
}

impl Embedded {
    /// Probes the reference broker.
    pub fn probed() -> Self {
        let mut facts = Facts::default();
        for version in Version::ALL {
            let mut broker = Broker::new(Config::default(), Rules::all());
            let play =
                Play::new(Duration::ZERO, |stage| probe::probe(stage, version, "embedded".to_owned(), None));
            match in_process::play(play, &mut broker) {
                Ok(probed) => facts.add(version, probed),
                Err(stuck) => {
                    facts.refused.insert(version, stuck.to_string());
                }
            }
        }
        Self { facts, drip: false }
    }

    /// Sends it everything byte by byte.
    #[must_use]
    pub fn dripped(self) -> Self {
        Self { drip: true, ..self }
    }

    /// Plays one run against a fresh reference broker with these rules.
    pub fn play(&self, run: &Run, rules: Rules) -> ScenarioResult {
        self.play_against(run, &mut Broker::new(Config::default(), rules))
    }

    /// Plays one run against another broker of this process, in the circumstances of the reference broker.
    pub fn play_against(&self, run: &Run, broker: &mut dyn Peer) -> ScenarioResult {
        let limits = self.facts.spoken.get(&run.version).map(|facts| facts.limits.clone());
        play(run, broker, self.drip, Circumstances::embedded(limits.unwrap_or_default()))
    }
}

fn play(run: &Run, broker: &mut dyn Peer, drip: bool, circumstances: Circumstances) -> ScenarioResult {
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
    let Embedded { facts, .. } = Embedded::probed();
    record.probed(&facts, &options.target);
    let playable = playable(runs, &facts, record);
    let jobs = options
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .clamp(1, 64);
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let sender = sender.clone();
            let (next, playable, facts) = (&next, &playable, &facts);
            scope.spawn(move || {
                while let Some((index, run)) = playable.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.is_asked() {
                        return;
                    }
                    let circumstances = circumstances(options, *index, facts, run.version);
                    let mut broker = Broker::new(Config::default(), Rules::all());
                    if sender.send(play(run, &mut broker, options.drip, circumstances)).is_err() {
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
