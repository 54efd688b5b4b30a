//! Playing against a broker behind a socket, many scenarios at once on one thread.

use std::{collections::VecDeque, time::Duration};

use mqttspec_spec::Version;
use tokio::{
    runtime::Builder,
    task::{JoinSet, LocalSet},
    time::{Instant, timeout},
};

use super::{
    options::{Options, Stop, circumstances, unique},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, playable, unplayed},
    script::{self, Haste, Played},
};
use crate::{
    scenario::ast::{Action, Step, StepKind},
    stage::Play,
    target::{
        Facts,
        network::{self, Network},
        probe::{self, Probed},
    },
    verdict::Grade,
};

/// Scenarios at once unless the user says otherwise: enough that those which wait for a timer wait together.
const JOBS: usize = 256;
/// Of those that wait for no timer, so many at once: they keep broker and player busy, and those that measure time are
/// to find both at leisure.
const BUSY: usize = 48;
/// Of those that may have suffered from so many others, so many at once.
const FEW: usize = 16;
/// No scenario takes longer than this in real time.
const LONGEST: Duration = Duration::from_mins(1);
/// The index that names the probe's topics, beyond those of all scenarios.
const PROBE: usize = 36 * 36 * 36 - 1;

/// Probes, then plays the runs.
pub(super) fn run(runs: &[Run], options: &Options, network: &Network, stop: &Stop, record: &mut Record<'_>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return record.stopped(format!("the system refuses what sockets need: {error}")),
    };
    let session = Session { runs, options, network, stop, epoch: Instant::now() };
    LocalSet::new().block_on(&runtime, session.play(record));
}

/// Runs are played many at once. What may have suffered just from that is played again with a few at once, and alone if
/// the broker closes network connections without a reason; the last attempt counts.
#[derive(Clone, Copy)]
struct Attempt {
    /// How many there were before.
    number: usize,
    /// How many runs are played at once.
    jobs: usize,
}

impl Attempt {
    /// Verdicts of more haste than this are put off to the next attempt.
    const fn admits(self) -> Haste {
        match self.jobs {
            0 | 1 => Haste::Closed,
            2..=FEW => Haste::Late,
            _ => Haste::None,
        }
    }
}

struct Session<'a> {
    runs: &'a [Run],
    options: &'a Options,
    network: &'a Network,
    stop: &'a Stop,
    epoch: Instant,
}

impl<'a> Session<'a> {
    async fn play(&self, record: &mut Record<'_>) {
        let facts = match self.probe().await {
            Ok(facts) => facts,
            Err(why) => {
                let address = &self.options.target;
                return record.stopped(format!("no broker could be reached at {address}: {why}"));
            }
        };
        record.probed(&facts, &self.options.target);
        if let Some(why) = facts.speechless() {
            return record.stopped(format!("{} does not speak MQTT to us: {why}", self.options.target));
        }
        let jobs = self.options.jobs.unwrap_or(JOBS).clamp(1, 4096);
        record.planned(self.runs.len());
        let mut runs = playable(self.runs.iter().enumerate().collect(), &facts, SetUp::ByOthers, record);
        for (number, jobs) in [jobs, jobs.min(FEW), 1].into_iter().enumerate() {
            let attempt = Attempt { number, jobs };
            let (alone, together): (Vec<_>, Vec<_>) =
                runs.drain(..).partition(|(_, run)| run.scenario.exclusive);
            for lanes in [Lanes::new(together, attempt.jobs), Lanes::new(alone, 1)] {
                match self.play_lanes(lanes, attempt, &facts, record).await {
                    Some(again) => runs.extend(again),
                    None => return,
                }
            }
        }
        if let Err(why) = self.probe().await {
            record.stopped(format!("after the last scenario the broker could no longer be reached: {why}"));
        }
    }

    /// Plays runs, many at once. Those that are worth another attempt; none if the whole run must end.
    async fn play_lanes(
        &self,
        mut lanes: Lanes<'_>,
        attempt: Attempt,
        facts: &Facts,
        record: &mut Record<'_>,
    ) -> Option<Vec<(usize, &'a Run)>> {
        let mut again = Vec::new();
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
                    return None;
                }
            };
            let Some(Ok((lane, index, Played { result, haste }))) = finished else {
                return finished.is_none().then_some(again);
            };
            lanes.finished(lane);
            let in_doubt = result.grade == Grade::Error;
            let id = result.scenario.clone();
            match self.runs.get(index) {
                Some(run) if haste > attempt.admits() => again.push((index, run)),
                Some(_) | None => record.finished(result),
            }
            if in_doubt && let Err(error) = self.network.try_connect().await {
                record.stopped(format!("the broker could no longer be reached during {id}: {error}"));
                return None;
            }
        }
    }

    fn start(
        &self,
        index: usize,
        run: &Run,
        attempt: Attempt,
        facts: &Facts,
    ) -> impl Future<Output = Played> + 'static {
        // Each attempt has names of its own, for an earlier one may have left something behind.
        let index = index + attempt.number * self.runs.len();
        let mut circumstances = circumstances(self.options, index, facts, run.version);
        if attempt.number > 0 {
            circumstances.patience *= 2;
        }
        let (run, target, epoch) = (run.clone(), self.network.clone(), self.epoch);
        async move {
            let played = run.clone();
            let play = Play::new(epoch.elapsed(), |stage| script::play(stage, played, circumstances));
            timeout(LONGEST, network::play(play, &target, epoch)).await.unwrap_or_else(|_| {
                let expected = format!("a scenario that ends within {} s", LONGEST.as_secs());
                let result = unplayed(&run, Grade::Error, &expected, "it did not end");
                Played { result, haste: Haste::None }
            })
        }
    }

    /// What the target says of itself, or why it cannot be reached.
    async fn probe(&self) -> Result<Facts, String> {
        let mut facts = Facts::default();
        let probe = |version| {
            let unique = unique(self.options.seed, PROBE);
            let credentials = self.options.target.credentials().cloned();
            let play =
                Play::new(self.epoch.elapsed(), |stage| probe::probe(stage, version, unique, credentials));
            network::play(play, self.network, self.epoch)
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

/// The runs still to be played. Those that wait for timers begin first, so that nobody waits for them at the end.
struct Lanes<'r> {
    jobs: usize,
    timed: VecDeque<(usize, &'r Run)>,
    busy: VecDeque<(usize, &'r Run)>,
    playing_timed: usize,
    playing_busy: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Timed,
    Busy,
}

impl<'r> Lanes<'r> {
    fn new(runs: Vec<(usize, &'r Run)>, jobs: usize) -> Self {
        let (mut timed, busy): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(_, run)| timers(run) > 0);
        timed.sort_by_key(|(index, run)| (std::cmp::Reverse(timers(run)), *index));
        Self { jobs, timed: timed.into(), busy: busy.into(), playing_timed: 0, playing_busy: 0 }
    }

    /// The run to begin now, if there is room for one.
    fn next(&mut self) -> Option<(Lane, usize, &'r Run)> {
        if self.playing_timed + self.playing_busy >= self.jobs {
            return None;
        }
        if let Some((index, run)) = self.timed.pop_front() {
            self.playing_timed += 1;
            return Some((Lane::Timed, index, run));
        }
        if self.playing_busy >= BUSY {
            return None;
        }
        let (index, run) = self.busy.pop_front()?;
        self.playing_busy += 1;
        Some((Lane::Busy, index, run))
    }

    fn finished(&mut self, lane: Lane) {
        match lane {
            Lane::Timed => self.playing_timed -= 1,
            Lane::Busy => self.playing_busy -= 1,
        }
    }
}

/// How many steps of a run wait for time to pass.
fn timers(run: &Run) -> usize {
    fn count(steps: &[Step]) -> usize {
        steps
            .iter()
            .map(|step| match &step.kind {
                StepKind::Wait(_) => 1,
                StepKind::Repeat { steps, .. } => count(steps),
                StepKind::Whichever(whichever) => usize::from(whichever.expectation.terms.within.is_some()),
                StepKind::Client { action, .. } => match action {
                    Action::Receive(expectation) | Action::Expect(expectation) => {
                        usize::from(expectation.terms.within.is_some())
                    }
                    Action::ExpectClosed(expectation) => usize::from(expectation.terms.within.is_some()),
                    Action::ExpectAnyOrder { terms, .. }
                    | Action::ReceiveOneOf { terms, .. }
                    | Action::ExpectOneOf { terms, .. } => usize::from(terms.within.is_some()),
                    Action::Open
                    | Action::Connect(_)
                    | Action::Disconnect(_)
                    | Action::Cut
                    | Action::HalfClose
                    | Action::Publish(_)
                    | Action::Subscribe(_)
                    | Action::Unsubscribe(_)
                    | Action::Ping(_)
                    | Action::Send { .. }
                    | Action::ExpectNothingMore { .. } => 0,
                },
            })
            .sum()
    }
    count(&run.scenario.prepare) + count(&run.scenario.control) + count(&run.scenario.steps)
}
