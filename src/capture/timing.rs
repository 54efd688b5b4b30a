//! How long answers took, as the capture saw them.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_wire::{Packet, PacketId, Sender, packet::PacketType};

/// Questions that wait for an answer at most.
const WAITING: usize = 4096;

/// How long it took until packets were answered.
#[derive(Debug, Default)]
pub struct Timings {
    asked: BTreeMap<(Sender, PacketType, Option<PacketId>), Duration>,
    /// By who answered, and the type of the answer.
    answers: BTreeMap<(Sender, PacketType), Spread>,
}

/// The times of answers of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many there were.
    pub count: u64,
    /// The shortest time.
    pub least: Duration,
    /// The longest time.
    pub most: Duration,
    /// All together.
    pub sum: Duration,
}

impl Spread {
    const fn new(time: Duration) -> Self {
        Self { count: 1, least: time, most: time, sum: time }
    }

    /// Adds other times.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        self.sum += other.sum;
    }

    /// The average time.
    pub fn mean(&self) -> Duration {
        self.sum / u32::try_from(self.count).unwrap_or(u32::MAX).max(1)
    }
}

impl Timings {
    /// A packet was seen at this time.
    pub(super) fn packet(&mut self, at: Duration, sender: Sender, packet: &Packet) {
        let id = packet.packet_id();
        if let Some(answer) = answer_to(packet)
            && self.asked.len() < WAITING
        {
            self.asked.insert((sender, answer, id), at);
        }
        if !is_answer(packet) || self.asked.is_empty() {
            return;
        }
        let kind = packet.packet_type();
        let asker = match sender {
            Sender::Client => Sender::Server,
            Sender::Server => Sender::Client,
        };
        if let Some(since) = self.asked.remove(&(asker, kind, id)) {
            let time = Spread::new(at.saturating_sub(since));
            self.answers.entry((sender, kind)).and_modify(|spread| spread.add(time)).or_insert(time);
        }
    }

    /// The times, by who answered and the type of the answer.
    pub const fn answers(&self) -> &BTreeMap<(Sender, PacketType), Spread> {
        &self.answers
    }
}

/// The type of packet that answers this one.
fn answer_to(packet: &Packet) -> Option<PacketType> {
    match packet {
        Packet::Connect(_) => Some(PacketType::Connack),
        Packet::Publish(publish) => match publish.delivery.qos() {
            mqttspec_wire::QoS::AtMostOnce => None,
            mqttspec_wire::QoS::AtLeastOnce => Some(PacketType::Puback),
            mqttspec_wire::QoS::ExactlyOnce => Some(PacketType::Pubrec),
        },
        Packet::Pubrec(_) => Some(PacketType::Pubrel),
        Packet::Pubrel(_) => Some(PacketType::Pubcomp),
        Packet::Subscribe(_) => Some(PacketType::Suback),
        Packet::Unsubscribe(_) => Some(PacketType::Unsuback),
        Packet::Pingreq => Some(PacketType::Pingresp),
        Packet::Connack(_)
        | Packet::Puback(_)
        | Packet::Pubcomp(_)
        | Packet::Suback(_)
        | Packet::Unsuback(_)
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => None,
    }
}

const fn is_answer(packet: &Packet) -> bool {
    matches!(
        packet.packet_type(),
        PacketType::Connack
            | PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubrel
            | PacketType::Pubcomp
            | PacketType::Suback
            | PacketType::Unsuback
            | PacketType::Pingresp
    )
}
