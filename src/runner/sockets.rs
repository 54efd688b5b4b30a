//! Playing against a broker behind a socket, many scenarios at once on one thread.

use std::{collections::VecDeque, time::Duration};

use mqttspec_spec::Version;
use tokio::{
    runtime::Builder,
    task::{JoinSet, LocalSet},
    time::{Instant, timeout},
};

use super::{
    plan::Run,
    run::{INTERRUPTED, Options, Record, Stop, circumstances, playable, unique, unplayed},
    script,
};
use crate::{
    scenario::ast::{Action, Step, StepKind},
    stage::Play,
    target::{
        Facts,
        probe::{self, Probed},
        tcp::{self, Endpoint},
    },
    verdict::{Grade, ScenarioResult},
};

/// Scenarios at once unless the user says otherwise: enough that those which wait for a timer wait together.
const JOBS: usize = 256;
/// No scenario takes longer than this in real time.
const LONGEST: Duration = Duration::from_secs(60);
/// The index that names the probe's topics, beyond those of all scenarios.
const PROBE: usize = 36 * 36 * 36 - 1;

/// Probes, then plays the runs.
pub(super) fn run(
    runs: &[Run],
    options: &Options,
    endpoint: &Endpoint,
    stop: &Stop,
    record: &mut Record<'_>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return record.stopped(format!("the system refuses what sockets need: {error}")),
    };
    let session = Session { runs, options, endpoint, stop, epoch: Instant::now() };
    LocalSet::new().block_on(&runtime, session.play(record));
}

struct Session<'a> {
    runs: &'a [Run],
    options: &'a Options,
    endpoint: &'a Endpoint,
    stop: &'a Stop,
    epoch: Instant,
}

impl Session<'_> {
    async fn play(&self, record: &mut Record<'_>) {
        let facts = match self.probe().await {
            Ok(facts) => facts,
            Err(why) => {
                let address = &self.options.target;
                return record.stopped(format!(
                    "no broker could be reached at {address}: {why}. Is it running, and is the port right?"
                ));
            }
        };
        record.probed(&facts, &self.options.target);
        if let Some(why) = facts.speechless() {
            return record.stopped(format!("{} does not speak MQTT to us: {why}", self.options.target));
        }
        let mut waiting: Vec<(usize, &Run)> = playable(self.runs, &facts, record);
        // Those that wait for timers begin first, so that nobody waits for them at the end.
        waiting.sort_by_key(|(index, run)| (std::cmp::Reverse(timers(run)), *index));
        let (alone, together): (VecDeque<_>, VecDeque<_>) =
            waiting.into_iter().partition(|(_, run)| run.scenario.exclusive);
        let jobs = self.options.jobs.unwrap_or(JOBS).clamp(1, 4096);
        for (queue, jobs) in [(together, jobs), (alone, 1)] {
            if !self.play_queue(queue, jobs, &facts, record).await {
                return;
            }
        }
        if let Err(why) = self.probe().await {
            record.stopped(format!("after the last scenario the broker could no longer be reached: {why}"));
        }
    }

    /// Plays a queue of runs, `jobs` at once; `false` if the whole run must end.
    async fn play_queue(
        &self,
        mut queue: VecDeque<(usize, &Run)>,
        jobs: usize,
        facts: &Facts,
        record: &mut Record<'_>,
    ) -> bool {
        let mut playing = JoinSet::new();
        loop {
            while playing.len() < jobs
                && let Some((index, run)) = queue.pop_front()
            {
                let play = self.start(index, run, facts);
                playing.spawn_local(play);
            }
            let finished = tokio::select! {
                finished = playing.join_next() => finished,
                () = self.stop.asked() => {
                    record.stopped(INTERRUPTED);
                    return false;
                }
            };
            let Some(Ok(result)) = finished else { return finished.is_none() };
            let in_doubt = result.grade == Grade::Error;
            let id = result.scenario.clone();
            record.finished(result);
            if in_doubt && let Err(error) = self.endpoint.connect().await {
                record.stopped(format!("the broker could no longer be reached during {id}: {error}"));
                return false;
            }
        }
    }

    fn start(
        &self,
        index: usize,
        run: &Run,
        facts: &Facts,
    ) -> impl Future<Output = ScenarioResult> + 'static {
        let circumstances = circumstances(self.options, index, facts, run.version);
        let (run, endpoint, epoch) = (run.clone(), self.endpoint.clone(), self.epoch);
        async move {
            let played = run.clone();
            let play = Play::new(epoch.elapsed(), |stage| script::play(stage, played, circumstances));
            timeout(LONGEST, tcp::play(play, &endpoint, epoch)).await.unwrap_or_else(|_| {
                let expected = format!("a scenario that ends within {} s", LONGEST.as_secs());
                unplayed(&run, Grade::Error, &expected, "it did not end")
            })
        }
    }

    /// What the target says of itself, or why it cannot be reached.
    async fn probe(&self) -> Result<Facts, String> {
        let mut facts = Facts::default();
        let probe = |version| {
            let unique = unique(self.options.seed, PROBE);
            let play = Play::new(self.epoch.elapsed(), |stage| probe::probe(stage, version, unique));
            tcp::play(play, self.endpoint, self.epoch)
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
