//! Playing against brokers that are launched for the run: one for each way in which scenarios want it set up, and one
//! for each run that restarts it.

use std::collections::BTreeMap;

use tokio::{
    task::LocalSet,
    time::{Instant, sleep},
};

use super::{
    options::{Options, Stop},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, playable, unplayed},
    restarting,
    sockets::{Session, runtime},
};
use crate::{
    scenario::ast::{Recipe, Setting},
    target::{
        Address, Facts, Keeper, Launcher,
        network::{AGAIN, Network},
    },
    verdict::Grade,
};

/// Launches, probes, plays and ends one broker after the other, then those that are restarted, some at once.
pub(super) fn run(
    runs: &[Run],
    options: &Options,
    launcher: &Launcher,
    stop: &Stop,
    record: &mut Record<'_>,
) {
    record.planned(runs.len());
    let (restarting, others): (Part<'_>, Part<'_>) =
        runs.iter().enumerate().partition(|(_, run)| !run.scenario.restarts().is_empty());
    let mut parts = parts(others, &launcher.recipe);
    // What the broker says of itself as it comes is wanted in any case.
    parts.entry(&[]).or_default();
    let play = Play { runs, options, launcher, stop };
    let mut known = None;
    for (settings, part) in parts {
        if stop.is_asked() {
            record.stopped(INTERRUPTED);
        }
        if record.is_stopped() {
            return;
        }
        let facts = play.play(settings, part, record);
        known = known.or(facts);
    }
    if let Some(facts) = known.filter(|_| !record.is_stopped()) {
        restarting::run(restarting, (options, launcher, stop), &facts, record);
    }
}

pub(super) type Part<'r> = Vec<(usize, &'r Run)>;

/// The runs by the settings that they want, first those that want none. With those are also the ones whose settings the
/// recipe cannot give: the broker may have them as it comes.
fn parts<'r>(runs: Part<'r>, recipe: &Recipe) -> BTreeMap<&'r [Setting], Part<'r>> {
    let mut parts: BTreeMap<&[Setting], Part<'r>> = BTreeMap::new();
    for (index, run) in runs {
        let settings = if can_be_given(run, recipe) { run.scenario.broker.as_slice() } else { &[] };
        parts.entry(settings).or_default().push((index, run));
    }
    parts
}

/// Whether the recipe knows all settings that the scenario wants.
pub(super) fn can_be_given(run: &Run, recipe: &Recipe) -> bool {
    run.scenario.broker.iter().all(|setting| recipe.given(setting).is_some())
}

struct Play<'a> {
    runs: &'a [Run],
    options: &'a Options,
    launcher: &'a Launcher,
    stop: &'a Stop,
}

impl<'a> Play<'a> {
    /// Plays the runs of one part against a broker with these settings, and tells what that says of itself.
    fn play(&self, settings: &[Setting], part: Part<'a>, record: &mut Record<'_>) -> Option<Facts> {
        let name = &self.launcher.recipe.broker;
        let launched = match self.launcher.start(settings) {
            Ok(launched) => launched,
            Err(error) if settings.is_empty() => {
                record.stopped(format!("{name} could not be launched: {error}"));
                return None;
            }
            Err(error) => {
                not_played(&part, &error.to_string(), record);
                return None;
            }
        };
        self.stop.charge_with(launched.leash());
        let keeper = Keeper::new(launched);
        let facts = self.play_against(&keeper, settings, part, record);
        let mut launched = keeper.launched();
        if launched.has_ended() || record.is_stopped() && !self.stop.is_asked() {
            launched.keep_folder();
            record.explain_stop(&format!("; what it printed is in {}", launched.log.display()));
        }
        facts
    }

    fn play_against(
        &self,
        keeper: &Keeper,
        settings: &[Setting],
        part: Part<'a>,
        record: &mut Record<'_>,
    ) -> Option<Facts> {
        let runtime = runtime(record)?;
        let options = Options { target: keeper.launched().address.clone(), ..self.options.clone() };
        let network = network(&options, None)?;
        let session =
            Session { runs: self.runs, options: &options, network, stop: self.stop, epoch: Instant::now() };
        let play = async {
            let mut facts = match await_answer(&session, keeper, self.launcher).await {
                Ok(facts) => facts,
                Err(why) if settings.is_empty() => {
                    record.stopped(why);
                    return None;
                }
                Err(why) => {
                    let mut launched = keeper.launched();
                    launched.keep_folder();
                    not_played(&part, &format!("{why}; see {}", launched.log.display()), record);
                    return None;
                }
            };
            let contradictions = facts.declare(&self.launcher.recipe.lacks);
            record.probed(&facts, &options.target);
            if settings.is_empty() {
                for contradiction in contradictions {
                    record.finished(contradiction);
                }
            }
            let set_up = if settings.is_empty() { SetUp::ByOthers } else { SetUp::ForThem };
            let playable = playable(part, &facts, set_up, record);
            session.play(playable, &facts, record).await;
            Some(facts)
        };
        LocalSet::new().block_on(&runtime, play)
    }
}

/// How a launched broker is reached.
pub(super) fn network(options: &Options, keeper: Option<Keeper>) -> Option<Network> {
    let Address::Network { endpoint, .. } = &options.target else { return None };
    Some(Network { endpoint: endpoint.clone(), trust: options.trust.clone(), drip: options.drip, keeper })
}

/// What the broker says of itself, once it answers.
pub(super) async fn await_answer(
    session: &Session<'_>,
    keeper: &Keeper,
    launcher: &Launcher,
) -> Result<Facts, String> {
    let name = &launcher.recipe.broker;
    let deadline = Instant::now() + launcher.patience();
    loop {
        let why = match session.probe().await {
            Ok(facts) => match facts.speechless() {
                None => return Ok(facts),
                Some(why) => why,
            },
            Err(why) => why,
        };
        if keeper.has_ended() {
            return Err(format!("{name} ended as soon as it was launched"));
        }
        if Instant::now() > deadline || session.stop.is_asked() {
            let seconds = launcher.patience().as_secs_f64();
            return Err(format!("{name} did not answer within {seconds} s after it was launched: {why}"));
        }
        sleep(AGAIN).await;
    }
}

fn not_played(part: &[(usize, &Run)], why: &str, record: &mut Record<'_>) {
    for (_, run) in part {
        let expected = "a broker that comes up with the settings that the scenario wants";
        record.finished(unplayed(run, Grade::Inconclusive, expected, why));
    }
}
