//! Playing against a broker behind a socket, many scenarios at once on one thread.

use std::{ops::ControlFlow, time::Duration};

use mqttspec_spec::Version;
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinSet, LocalSet},
    time::{Instant, timeout},
};

use super::{
    lanes::Lanes,
    options::{Options, Stop, circumstances, unique},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, playable, skipped, unplayed},
    script::{self, Haste, Played},
};
use crate::{
    stage::Play,
    target::{
        Facts, Launcher,
        network::{self, Network},
        probe::{self, Probed},
    },
    verdict::Grade,
};

/// Scenarios at once unless the user says otherwise: enough that those which wait for a timer wait together.
const JOBS: usize = 256;
/// Of those that may have suffered from so many others, so many at once.
const FEW: usize = 16;
/// No scenario takes longer than this in real time.
const LONGEST: Duration = Duration::from_mins(1);
/// Why the broker is not restarted.
const NOT_OURS: &str = "this program did not start it; `--launch RECIPE` starts a broker and restarts it";
/// The index that names the probe's topics, beyond those of all scenarios.
const PROBE: usize = 36 * 36 * 36 - 1;

/// Probes, then plays the runs.
pub(super) fn run(runs: &[Run], options: &Options, network: Network, stop: &Stop, record: &mut Record<'_>) {
    let Some(runtime) = runtime(record) else { return };
    let session = Session { runs, options, network, stop, epoch: Instant::now() };
    let play = async {
        let address = &options.target;
        let facts = match session.probe().await {
            Ok(facts) => facts,
            Err(why) => return record.stopped(format!("no broker could be reached at {address}: {why}")),
        };
        record.probed(&facts, address);
        if let Some(why) = facts.speechless() {
            return record.stopped(format!("{address} does not speak MQTT to us: {why}"));
        }
        record.planned(runs.len());
        let (restarting, others): (Vec<_>, Vec<_>) =
            runs.iter().enumerate().partition(|(_, run)| !run.scenario.restarts().is_empty());
        for (_, run) in restarting {
            record.finished(skipped(run, "a broker that can be restarted", NOT_OURS));
        }
        let playable = playable(others, &facts, SetUp::ByOthers, record);
        session.play(playable, &facts, record).await;
    };
    LocalSet::new().block_on(&runtime, play);
}

/// What plays over sockets need of the system.
pub(super) fn runtime(record: &mut Record<'_>) -> Option<Runtime> {
    let built = Builder::new_current_thread().enable_all().build();
    built.map_err(|error| record.stopped(format!("the system refuses what sockets need: {error}"))).ok()
}

/// Runs are played many at once. What may have suffered just from that is played again with a few at once, and alone if
/// the broker closes network connections without a reason; the last attempt counts. All are played alone in the end if the
/// broker mixes up its clients.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    /// How many there were before.
    pub(super) number: usize,
    /// How many runs are played at once.
    pub(super) jobs: usize,
}

impl Attempt {
    /// Verdicts of more haste than this are put off to the next attempt.
    const fn admits(self) -> Haste {
        match self.jobs {
            0 | 1 => Haste::MixedUp,
            2..=FEW => Haste::Late,
            _ => Haste::None,
        }
    }
}

/// What the attempts have come to.
#[derive(Default)]
struct Tally<'a> {
    /// To be played again, each run with its index.
    again: Vec<(usize, &'a Run)>,
    /// With a result, and played beside others.
    beside: Vec<(usize, &'a Run)>,
    /// The broker mixes up its clients.
    mixed_up: bool,
}

/// The playing of runs against one broker.
pub(super) struct Session<'a> {
    /// All runs of which the runs that are played are some.
    pub(super) runs: &'a [Run],
    pub(super) options: &'a Options,
    pub(super) network: Network,
    pub(super) stop: &'a Stop,
    pub(super) epoch: Instant,
}

impl<'a> Session<'a> {
    /// Plays these runs, each with its index among all.
    pub(super) async fn play(&self, runs: Vec<(usize, &'a Run)>, facts: &Facts, record: &mut Record<'_>) {
        let jobs = self.options.jobs.unwrap_or(JOBS).clamp(1, 4096);
        let mut tally = Tally { again: runs, ..Tally::default() };
        for (number, jobs) in [jobs, jobs.min(FEW), 1].into_iter().enumerate() {
            if tally.mixed_up {
                if jobs > 1 {
                    continue;
                }
                record.take_back(&tally.beside);
                tally.again.append(&mut tally.beside);
            }
            let attempt = Attempt { number, jobs };
            let (alone, together): (Vec<_>, Vec<_>) =
                tally.again.drain(..).partition(|(_, run)| run.scenario.exclusive);
            for lanes in [Lanes::new(together, attempt.jobs), Lanes::new(alone, 1)] {
                if self.play_lanes(lanes, attempt, facts, (&mut tally, record)).await.is_break() {
                    return;
                }
            }
        }
        if let Err(why) = self.probe().await {
            record.stopped(format!("after the last scenario the broker could no longer be reached: {why}"));
        }
    }

    /// Plays runs, many at once, unless the whole run must end.
    async fn play_lanes(
        &self,
        mut lanes: Lanes<'_>,
        attempt: Attempt,
        facts: &Facts,
        (tally, record): (&mut Tally<'a>, &mut Record<'_>),
    ) -> ControlFlow<()> {
        let mut playing = JoinSet::new();
        loop {
            while let Some((lane, index, run)) = lanes.next() {
                let play = self.start(index, run, attempt, facts);
                playing.spawn_local(async move { (lane, index, play.await) });
            }
            let finished = tokio::select! {
                finished = playing.join_next() => finished,
                () = self.stop.asked() => {
                    record.stopped(INTERRUPTED);
                    return ControlFlow::Break(());
                }
            };
            let Some(Ok((lane, index, Played { result, haste }))) = finished else {
                return if finished.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            };
            lanes.finished(lane);
            let in_doubt = result.grade == Grade::Error;
            let id = result.scenario.clone();
            tally.mixed_up |= haste == Haste::MixedUp;
            match self.runs.get(index) {
                Some(run) if haste > attempt.admits() => tally.again.push((index, run)),
                run => {
                    tally.beside.extend(run.filter(|_| attempt.jobs > 1).map(|run| (index, run)));
                    record.finished(result);
                }
            }
            if in_doubt && let Err(error) = self.network.try_connect().await {
                record.stopped(format!("the broker could no longer be reached during {id}: {error}"));
                return ControlFlow::Break(());
            }
        }
    }

    pub(super) fn start(
        &self,
        index: usize,
        run: &Run,
        attempt: Attempt,
        facts: &Facts,
    ) -> impl Future<Output = Played> + 'static {
        // Each attempt has names of its own, for an earlier one may have left something behind.
        let index = index + attempt.number * self.runs.len();
        let mut circumstances = circumstances(self.options, index, facts, run.version);
        circumstances.alone = attempt.jobs == 1;
        if attempt.number > 0 {
            circumstances.patience *= 2;
        }
        let (run, target, epoch) = (run.clone(), self.network.clone(), self.epoch);
        let restarts = u32::try_from(run.scenario.restarts().len()).unwrap_or(u32::MAX);
        let to_restart = self.options.launcher.as_ref().map(Launcher::patience_with_restarts);
        let longest = LONGEST.saturating_add(to_restart.unwrap_or_default().saturating_mul(restarts));
        async move {
            let played = run.clone();
            let play = Play::new(epoch.elapsed(), |stage| script::play(stage, played, circumstances));
            timeout(longest, network::play(play, &target, epoch)).await.unwrap_or_else(|_| {
                let expected = format!("a scenario that ends within {} s", longest.as_secs());
                let result = unplayed(&run, Grade::Error, &expected, "it did not end");
                Played { result, haste: Haste::None }
            })
        }
    }

    /// What the target says of itself, or why it cannot be reached. One that may be slow is given a second chance, with more
    /// time for each answer.
    pub(super) async fn probe(&self) -> Result<Facts, String> {
        let facts = self.probe_with(probe::PATIENCE).await?;
        if facts.may_be_slow() { self.probe_with(probe::PATIENCE * 3).await } else { Ok(facts) }
    }

    async fn probe_with(&self, patience: Duration) -> Result<Facts, String> {
        let over_websocket = self.network.endpoint.transport.is_websocket();
        let mut facts = Facts { over_websocket, ..Facts::default() };
        let probe = |version| {
            let unique = unique(self.options.seed, PROBE);
            let credentials = self.options.target.credentials().cloned();
            let play = Play::new(self.epoch.elapsed(), |stage| {
                probe::probe(stage, version, unique, credentials, patience)
            });
            network::play(play, &self.network, self.epoch)
        };
        let [older, newer] = Version::ALL;
        let (with_older, with_newer) = tokio::join!(probe(older), probe(newer));
        for (version, probed) in [(older, with_older), (newer, with_newer)] {
            if let Probed::Unreachable(why) = probed {
                return Err(why);
            }
            facts.add(version, probed);
        }
        Ok(facts)
    }
}
