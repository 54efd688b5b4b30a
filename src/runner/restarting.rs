//! Playing runs that restart their broker: each has one of its own, and some are played at once.

use std::collections::VecDeque;

use tokio::{
    task::{JoinSet, LocalSet},
    time::Instant,
};

use super::{
    launched::{Part, await_answer, can_be_given, network},
    options::{Options, Stop},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, obstacle, unplayed},
    script::{Haste, Played},
    sockets::{Attempt, Session, runtime},
};
use crate::{
    target::{Facts, Keeper, Launcher},
    verdict::Grade,
};

/// Brokers at once: some of them take all the processors there are while they start.
const AT_ONCE: usize = 6;

/// Plays the runs that the broker as it comes does not rule out by what it says of itself.
pub(super) fn run(
    part: Part<'_>,
    (options, launcher, stop): (&Options, &Launcher, &Stop),
    facts: &Facts,
    record: &mut Record<'_>,
) {
    let mut playable = VecDeque::new();
    for (index, run) in part {
        let set_up = if can_be_given(run, &launcher.recipe) { SetUp::ForThem } else { SetUp::ByOthers };
        match obstacle(run, facts, set_up) {
            Some(result) => record.finished(result),
            None => playable.push_back(Own {
                index,
                run: run.clone(),
                options: options.clone(),
                launcher: launcher.beside(&format!("restarted-{index}")),
                stop: stop.clone(),
            }),
        }
    }
    let Some(runtime) = runtime(record).filter(|_| !playable.is_empty()) else { return };
    LocalSet::new().block_on(&runtime, play(playable, options.jobs.unwrap_or(AT_ONCE).min(AT_ONCE), record));
}

/// Plays them, and those again, alone, whose verdict may be that of the load.
async fn play(mut waiting: VecDeque<Own>, at_once: usize, record: &mut Record<'_>) {
    for attempt in [Attempt { number: 0, jobs: at_once }, Attempt { number: 1, jobs: 1 }] {
        let mut again = VecDeque::new();
        let mut playing = JoinSet::new();
        loop {
            while playing.len() < attempt.jobs
                && let Some(own) = waiting.pop_front()
            {
                if own.stop.is_asked() {
                    return record.stopped(INTERRUPTED);
                }
                playing.spawn_local(async move { (own.play(attempt).await, own) });
            }
            match playing.join_next().await {
                Some(Ok((Played { result, haste }, own))) => {
                    if attempt.number == 0 && haste > Haste::None {
                        again.push_back(own);
                    } else {
                        record.finished(result);
                    }
                }
                Some(Err(error)) => {
                    return record.stopped(format!("a scenario could not be played: {error}"));
                }
                None => break,
            }
        }
        waiting = again;
    }
}

/// A run with all that it takes to launch a broker for it.
struct Own {
    index: usize,
    run: Run,
    options: Options,
    launcher: Launcher,
    stop: Stop,
}

impl Own {
    async fn play(&self, attempt: Attempt) -> Played {
        let result = match self.try_play(attempt).await {
            Ok(played) => return played,
            Err(why) => {
                let expected = "a broker that comes up and can be restarted";
                unplayed(&self.run, Grade::Inconclusive, expected, &why)
            }
        };
        Played { result, haste: Haste::Late }
    }

    async fn try_play(&self, attempt: Attempt) -> Result<Played, String> {
        let given = can_be_given(&self.run, &self.launcher.recipe);
        let settings = if given { self.run.scenario.broker.as_slice() } else { &[] };
        let launched = self.launcher.start(settings).map_err(|error| error.to_string())?;
        self.stop.charge_with(launched.leash());
        let options = Options { target: launched.address.clone(), ..self.options.clone() };
        let keeper = Keeper::new(launched);
        let network = network(&options, Some(keeper.clone())).ok_or("it has no address on the network")?;
        let session =
            Session { runs: &[], options: &options, network, stop: &self.stop, epoch: Instant::now() };
        let played = match await_answer(&session, &keeper, &self.launcher).await {
            Ok(facts) => Ok(session.start(self.index, &self.run, attempt, &facts).await),
            Err(why) => Err(why),
        };
        drop(session);
        let played = with_log(played, &keeper);
        keeper.end().await;
        played
    }
}

/// What came of a run. If its broker has ended by itself, the result says where its last words are.
fn with_log(played: Result<Played, String>, keeper: &Keeper) -> Result<Played, String> {
    let mut launched = keeper.launched();
    if played.is_ok() && !launched.has_ended() {
        return played;
    }
    launched.keep_folder();
    let log = format!("; what it printed is in {}", launched.log.display());
    match played {
        Ok(mut played) => {
            played.result.findings.iter_mut().for_each(|finding| finding.observed.push_str(&log));
            Ok(played)
        }
        Err(why) => Err(why + &log),
    }
}
