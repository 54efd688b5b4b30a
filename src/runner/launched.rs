//! Playing against brokers that are launched for the run: one for each way in which scenarios want it set up.

use std::collections::BTreeMap;

use tokio::{
    task::LocalSet,
    time::{Duration, Instant, sleep},
};

use super::{
    options::{Options, Stop},
    plan::Run,
    record::{INTERRUPTED, Record, SetUp, playable, unplayed},
    sockets::{Session, runtime},
};
use crate::{
    scenario::ast::{Recipe, Setting},
    target::{Address, Facts, Launched, Launcher, network::Network},
    verdict::Grade,
};

/// How long one waits between two attempts to reach a broker that is starting.
const AGAIN: Duration = Duration::from_millis(100);

/// Launches, probes, plays and ends one broker after the other.
pub(super) fn run(
    runs: &[Run],
    options: &Options,
    launcher: &Launcher,
    stop: &Stop,
    record: &mut Record<'_>,
) {
    record.planned(runs.len());
    let play = Play { runs, options, launcher, stop };
    for (settings, part) in parts(runs, &launcher.recipe) {
        if stop.is_asked() {
            record.stopped(INTERRUPTED);
        }
        if record.is_stopped() {
            return;
        }
        play.play(settings, part, record);
    }
}

type Part<'r> = Vec<(usize, &'r Run)>;

/// The runs by the settings that they want, first those that want none. With those are also the ones whose settings the
/// recipe cannot give: the broker may have them as it comes.
fn parts<'r>(runs: &'r [Run], recipe: &Recipe) -> BTreeMap<&'r [Setting], Part<'r>> {
    let mut parts: BTreeMap<&[Setting], Part<'r>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let settings = run.scenario.broker.as_slice();
        let can_be_given = settings.iter().all(|setting| recipe.given(setting).is_some());
        parts.entry(if can_be_given { settings } else { &[] }).or_default().push((index, run));
    }
    parts
}

struct Play<'a> {
    runs: &'a [Run],
    options: &'a Options,
    launcher: &'a Launcher,
    stop: &'a Stop,
}

impl<'a> Play<'a> {
    /// Plays the runs of one part against a broker with these settings.
    fn play(&self, settings: &[Setting], part: Part<'a>, record: &mut Record<'_>) {
        let name = &self.launcher.recipe.broker;
        let mut launched = match self.launcher.start(settings) {
            Ok(launched) => launched,
            Err(error) if settings.is_empty() => {
                return record.stopped(format!("{name} could not be launched: {error}"));
            }
            Err(error) => return not_played(&part, &error.to_string(), record),
        };
        self.stop.charge_with(Some(launched.group()));
        self.play_against(&mut launched, settings, part, record);
        self.stop.charge_with(None);
        if launched.has_ended() || record.is_stopped() && !self.stop.is_asked() {
            launched.keep_folder();
            record.explain_stop(&format!("; what it printed is in {}", launched.log.display()));
        }
    }

    fn play_against(
        &self,
        launched: &mut Launched,
        settings: &[Setting],
        part: Part<'a>,
        record: &mut Record<'_>,
    ) {
        let Some(runtime) = runtime(record) else { return };
        let options = Options { target: launched.address.clone(), ..self.options.clone() };
        let Address::Network { endpoint, .. } = &options.target else { return };
        let network =
            Network { endpoint: endpoint.clone(), trust: options.trust.clone(), drip: options.drip };
        let session =
            Session { runs: self.runs, options: &options, network, stop: self.stop, epoch: Instant::now() };
        let play = async {
            let mut facts = match self.await_answer(&session, launched).await {
                Ok(facts) => facts,
                Err(why) if settings.is_empty() => return record.stopped(why),
                Err(why) => {
                    launched.keep_folder();
                    return not_played(&part, &format!("{why}; see {}", launched.log.display()), record);
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
        };
        LocalSet::new().block_on(&runtime, play);
    }

    /// What the broker says of itself, once it answers.
    async fn await_answer(&self, session: &Session<'_>, launched: &mut Launched) -> Result<Facts, String> {
        let name = &self.launcher.recipe.broker;
        let deadline = Instant::now() + self.launcher.patience();
        loop {
            let why = match session.probe().await {
                Ok(facts) => match facts.speechless() {
                    None => return Ok(facts),
                    Some(why) => why,
                },
                Err(why) => why,
            };
            if launched.has_ended() {
                return Err(format!("{name} ended as soon as it was launched"));
            }
            if Instant::now() > deadline || self.stop.is_asked() {
                let seconds = self.launcher.patience().as_secs_f64();
                return Err(format!("{name} did not answer within {seconds} s after it was launched: {why}"));
            }
            sleep(AGAIN).await;
        }
    }
}

fn not_played(part: &[(usize, &Run)], why: &str, record: &mut Record<'_>) {
    for (_, run) in part {
        let expected = "a broker that comes up with the settings that the scenario wants";
        record.finished(unplayed(run, Grade::Inconclusive, expected, why));
    }
}
