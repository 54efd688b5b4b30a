//! The client side of a capture, played against a broker of today.
//!
//! What clients sent is sent again in the order of the capture, each packet after those that had come before it.
//! Identifiers that the broker chooses (Packet Identifiers of its messages, assigned Client Identifiers, Topic Aliases)
//! are those of the live broker. What the broker sends is compared with the capture by its meaning: types of packets,
//! codes, messages, and the order in which messages of one topic and QoS come.

mod compare;
mod line;
mod rewrite;

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use bytes::Bytes;
use mqttspec_wire::Sender;

pub use self::compare::Difference;
use self::line::Line;
use super::{Recording, Turn};
use crate::{
    stage::Stage,
    verdict::{Finding, Grade},
};

/// How a replay goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long an answer is waited for.
    pub patience: Duration,
    /// How fast time goes by: 1 as in the capture, 10 ten times as fast; none for no pauses.
    pub speed: Option<f64>,
    /// What is put before Topic Names and Topic Filters.
    pub topic_prefix: String,
    /// What is put before Client Identifiers.
    pub client_prefix: String,
    /// The passwords of users, instead of those in the capture.
    pub passwords: BTreeMap<String, Bytes>,
}

/// What came of a replay.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Where the broker did something else, in order.
    pub differences: Vec<Difference>,
    /// Packets that were sent.
    pub sent: usize,
    /// Packets of the broker that were as in the capture.
    pub same: usize,
    /// Why it ended early.
    pub stopped: Option<String>,
    /// Statements that the live broker broke, whatever the capture says.
    pub broken: Vec<Finding>,
}

/// So many differences are told; a broker that does something else altogether is not followed further.
const DIFFERENCES: usize = 100;

/// Something that is to be done or to be seen.
enum Step {
    Open,
    Turn(Turn),
    End(Sender),
}

/// Plays recordings at once, as they were captured together.
pub async fn replay(stage: Stage, recordings: Rc<Vec<Recording>>, options: Rc<Options>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut lines: Vec<Line> = recordings.iter().map(|recording| Line::new(recording, &options)).collect();
    let began = stage.now();
    for (at, index, step) in steps(&recordings) {
        let Some(line) = lines.get_mut(index) else { continue };
        if let Some(speed) = options.speed {
            stage.sleep_until(began + at.div_f64(speed)).await;
        }
        match step {
            Step::Open => {
                if let Err(why) = line.open(&stage).await {
                    outcome.stopped = Some(why);
                    break;
                }
            }
            Step::Turn(turn) if turn.sender == Sender::Client => line.send(&stage, &turn, &mut outcome),
            Step::Turn(turn) => line.expect(&stage, &turn, &mut outcome).await,
            Step::End(by) => line.end(&stage, by, &mut outcome).await,
        }
        if outcome.differences.len() >= DIFFERENCES {
            outcome.stopped = Some(format!("{DIFFERENCES} differences are enough"));
            break;
        }
    }
    for line in &mut lines {
        line.leave(&stage, &mut outcome);
    }
    let objections = stage.with(|world| std::mem::take(&mut world.objections));
    let findings = objections.into_iter().filter_map(crate::stage::Objection::finding);
    outcome.broken = findings.filter(|finding| finding.grade == Grade::Fail).collect();
    outcome
}

/// All that happens, in the order of the capture.
fn steps(recordings: &[Recording]) -> Vec<(Duration, usize, Step)> {
    let mut steps = Vec::new();
    for (index, recording) in recordings.iter().enumerate() {
        let first = recording.turns.first().map_or(0, |turn| turn.place);
        steps.push((first, recording.opened, index, Step::Open));
        for turn in &recording.turns {
            steps.push((turn.place, turn.at, index, Step::Turn(turn.clone())));
        }
        if let Some((by, at)) = recording.ended {
            let last = recording.turns.last().map_or(0, |turn| turn.place);
            steps.push((last, at, index, Step::End(by)));
        }
    }
    steps.sort_by_key(|(place, _, _, _)| *place);
    steps.into_iter().map(|(_, at, index, step)| (at, index, step)).collect()
}
