//! How long answers and deliveries took in a run.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mqttspec_wire::{
    PacketId, QoS, Sender, decode,
    packet::{Delivery, Packet, Publish},
};
use serde::Serialize;

use crate::verdict::{Evidence, EvidenceKind, ScenarioResult, written::seconds};

/// The upper bounds of the bins of a distribution, in microseconds; the last bin is open.
const BOUNDS: [u64; 15] = [
    50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
    5_000_000,
];

/// Of many durations, how they are distributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// How many there are.
    pub count: usize,
    /// The shortest.
    #[serde(with = "seconds", rename = "min_seconds")]
    pub min: Duration,
    /// Half of them are at most as long.
    #[serde(with = "seconds", rename = "median_seconds")]
    pub median: Duration,
    /// Nine of ten are at most as long.
    #[serde(with = "seconds", rename = "p90_seconds")]
    pub p90: Duration,
    /// Ninety-nine of a hundred are at most as long.
    #[serde(with = "seconds", rename = "p99_seconds")]
    pub p99: Duration,
    /// The longest.
    #[serde(with = "seconds", rename = "max_seconds")]
    pub max: Duration,
    /// How many are shorter than each bound and not shorter than the one before.
    pub bins: Vec<Bin>,
}

/// A bin of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// Its upper bound; none for the last bin.
    pub below_microseconds: Option<u64>,
    /// How many are in it.
    pub count: usize,
}

impl Distribution {
    fn of(mut durations: Vec<Duration>) -> Option<Self> {
        durations.sort_unstable();
        let last = durations.len().checked_sub(1)?;
        let quantile = |percent: usize| durations.get(last * percent / 100).copied().unwrap_or_default();
        let bound =
            |duration: &Duration| BOUNDS.iter().position(|bound| duration.as_micros() < u128::from(*bound));
        let below = |index: usize| BOUNDS.get(index).copied();
        let bins = (0..=BOUNDS.len()).map(|index| Bin {
            below_microseconds: below(index),
            count: durations
                .iter()
                .filter(|duration| bound(duration).unwrap_or(BOUNDS.len()) == index)
                .count(),
        });
        let [min, median, p90, p99, max] = [0, 50, 90, 99, 100].map(quantile);
        Some(Self { count: last + 1, min, median, p90, p99, max, bins: bins.collect() })
    }
}

/// How long a broker took, over all runs of scenarios. Without time, as in-process, there is nothing to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// From a packet to its answer on the same network connection: CONNACK, SUBACK, UNSUBACK, PUBACK, PUBREC, PUBCOMP, PINGRESP.
    pub round_trip: Option<Distribution>,
    /// From a PUBLISH of one client to the PUBLISH of the same topic and payload that reaches another.
    pub delivery: Option<Distribution>,
}

impl Latency {
    /// What the packets of these results tell.
    pub fn of(results: &[ScenarioResult]) -> Self {
        let mut clock = Clock::default();
        for result in results {
            clock.begin();
            for event in &result.evidence {
                clock.see(event);
            }
        }
        let timed = |durations: Vec<Duration>| {
            Distribution::of(durations).filter(|distribution| !distribution.max.is_zero())
        };
        Self { round_trip: timed(clock.round_trips), delivery: timed(clock.deliveries) }
    }
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Connack,
    Puback(PacketId),
    Pubrec(PacketId),
    Pubcomp(PacketId),
    Suback(PacketId),
    Unsuback(PacketId),
    Pingresp,
}

#[derive(Default)]
struct Clock {
    round_trips: Vec<Duration>,
    deliveries: Vec<Duration>,
    /// Since when a client waits on a network connection.
    waiting: BTreeMap<(String, u32, Answer), Duration>,
    /// Since when nothing has changed about what a client is to get on a network connection.
    ready: BTreeMap<(String, u32), Duration>,
    /// When a topic and payload was published; none if more than once.
    published: BTreeMap<(String, Bytes), Option<Duration>>,
}

impl Clock {
    fn begin(&mut self) {
        self.waiting.clear();
        self.ready.clear();
        self.published.clear();
    }

    fn see(&mut self, event: &Evidence) {
        let EvidenceKind::Packet { from, version, hex, fault: None, .. } = &event.kind else { return };
        let Ok(packet) = decode(*from, Some(*version), &hex.0) else { return };
        let key = (event.client.clone(), event.connection);
        let now = event.at;
        match from {
            Sender::Client => {
                if let Some(answer) = awaited(&packet) {
                    self.waiting.insert((key.0.clone(), key.1, answer), now);
                }
            }
            Sender::Server => {
                let answer = given(&packet);
                let since = answer.and_then(|answer| self.waiting.remove(&(key.0.clone(), key.1, answer)));
                self.round_trips.extend(since.map(|since| now.saturating_sub(since)));
                if matches!(answer, Some(Answer::Connack | Answer::Suback(_))) {
                    self.ready.insert(key.clone(), now);
                }
            }
        }
        if let Packet::Publish(publish) = packet {
            self.publish(*from, &key, now, publish);
        }
    }

    /// What a message of QoS 2 waits for is its publisher, so it is not measured.
    fn publish(&mut self, from: Sender, key: &(String, u32), now: Duration, publish: Publish) {
        if publish.topic.is_empty() || publish.delivery.qos() == QoS::ExactlyOnce {
            return;
        }
        let message = (publish.topic.to_string(), publish.payload);
        match from {
            Sender::Client => {
                self.published.entry(message).and_modify(|first| *first = None).or_insert(Some(now));
            }
            Sender::Server => {
                let since = self.published.get(&message).copied().flatten();
                let awaited = |since: &Duration| self.ready.get(key).is_some_and(|ready| ready <= since);
                self.deliveries.extend(since.filter(awaited).map(|since| now.saturating_sub(since)));
            }
        }
    }
}

/// What a packet of a client asks for.
const fn awaited(packet: &Packet) -> Option<Answer> {
    match packet {
        Packet::Connect(_) => Some(Answer::Connack),
        Packet::Publish(publish) => match publish.delivery {
            Delivery::AtMostOnce => None,
            Delivery::AtLeastOnce { id, .. } => Some(Answer::Puback(id)),
            Delivery::ExactlyOnce { id, .. } => Some(Answer::Pubrec(id)),
        },
        Packet::Pubrel(ack) => Some(Answer::Pubcomp(ack.id)),
        Packet::Subscribe(packet) => Some(Answer::Suback(packet.id)),
        Packet::Unsubscribe(packet) => Some(Answer::Unsuback(packet.id)),
        Packet::Pingreq => Some(Answer::Pingresp),
        Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubcomp(_)
        | Packet::Connack(_)
        | Packet::Suback(_)
        | Packet::Unsuback(_)
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => None,
    }
}

/// What a packet of a server answers.
const fn given(packet: &Packet) -> Option<Answer> {
    match packet {
        Packet::Connack(_) => Some(Answer::Connack),
        Packet::Puback(ack) => Some(Answer::Puback(ack.id)),
        Packet::Pubrec(ack) => Some(Answer::Pubrec(ack.id)),
        Packet::Pubcomp(ack) => Some(Answer::Pubcomp(ack.id)),
        Packet::Suback(packet) => Some(Answer::Suback(packet.id)),
        Packet::Unsuback(packet) => Some(Answer::Unsuback(packet.id)),
        Packet::Pingresp => Some(Answer::Pingresp),
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Pubrel(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Disconnect(_)
        | Packet::Auth(_) => None,
    }
}
