//! Packets of a broker compared by their meaning.

use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, PropertyId, ReasonCode,
    packet::{PacketType, Publish},
};

use crate::describe::describe;

/// Something that the broker does in another way than in the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The conversation's number in the capture.
    pub number: u64,
    /// The frame of the capture, if it is about one.
    pub frame: Option<u64>,
    /// What was captured.
    pub recorded: Option<String>,
    /// What came instead.
    pub live: Option<String>,
    /// What differs, in a few words.
    pub what: String,
}

/// What of the broker's packet is not as it was captured; nothing if it means the same.
pub(super) fn differences(recorded: &Packet, live: &Packet, version: Version) -> Vec<String> {
    let mut found = Vec::new();
    let kind = recorded.packet_type();
    if kind != live.packet_type() {
        return vec![format!("{} instead of {kind}", live.packet_type())];
    }
    let mut note = |what: &str, recorded: String, live: String| {
        if recorded != live {
            found.push(format!("{what} {live} instead of {recorded}"));
        }
    };
    if !matches!(recorded, Packet::Publish(_)) {
        let id = |packet: &Packet| packet.packet_id().map_or(String::new(), |id| id.to_string());
        note("packet identifier", id(recorded), id(live));
    }
    match (recorded, live) {
        (Packet::Publish(recorded), Packet::Publish(live)) => publish(recorded, live, &mut note),
        (Packet::Connack(recorded), Packet::Connack(live)) => {
            let present = |present: bool| u8::from(present).to_string();
            note("session present", present(recorded.session_present), present(live.session_present));
        }
        _ => {}
    }
    let codes = |packet: &Packet| {
        let codes: Vec<String> =
            reasons(packet).iter().map(|code| code.name(version, kind).to_string()).collect();
        codes.join(", ")
    };
    let is_same = reasons(recorded).into_iter().map(meaning).eq(reasons(live).into_iter().map(meaning));
    if !is_same {
        note("code", codes(recorded), codes(live));
    }
    found
}

fn publish(recorded: &Publish, live: &Publish, note: &mut dyn FnMut(&str, String, String)) {
    note("topic", recorded.topic.to_string(), live.topic.to_string());
    note("QoS", recorded.delivery.qos().to_string(), live.delivery.qos().to_string());
    note("retain", recorded.retain.to_string(), live.retain.to_string());
    if recorded.payload != live.payload {
        note("payload", format!("{:?}", recorded.payload), format!("{:?}", live.payload));
    }
    note("properties", properties(&recorded.properties), properties(&live.properties));
}

/// The properties that a broker passes on as they are; the remaining lifetime depends on time, and aliases on what was
/// agreed on.
fn properties(properties: &Properties) -> String {
    let is_own = |id| matches!(id, PropertyId::TopicAlias | PropertyId::MessageExpiryInterval);
    let mut shown: Vec<String> = properties
        .iter()
        .filter(|property| !is_own(property.id()))
        .map(|property| format!("{} {:?}", property.id().name(), property.value()))
        .collect();
    shown.sort();
    shown.join(", ")
}

/// `No matching subscribers` is a success like any other.
fn meaning(code: ReasonCode) -> ReasonCode {
    if code == ReasonCode::NO_MATCHING_SUBSCRIBERS { ReasonCode::SUCCESS } else { code }
}

fn reasons(packet: &Packet) -> Vec<ReasonCode> {
    match packet {
        Packet::Connack(packet) => vec![packet.reason],
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            vec![ack.reason]
        }
        Packet::Suback(packet) => packet.reasons.clone(),
        Packet::Unsuback(packet) => packet.reasons.clone(),
        Packet::Disconnect(packet) => vec![packet.reason],
        Packet::Auth(packet) => vec![packet.reason],
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => Vec::new(),
    }
}

/// Whether a packet can only be what came in the place of the one that was captured.
pub(super) fn is_kin(recorded: &Packet, live: &Packet) -> bool {
    if recorded.packet_type() != live.packet_type() {
        return false;
    }
    match (recorded, live) {
        (Packet::Publish(recorded), Packet::Publish(live)) => {
            recorded.topic == live.topic && recorded.payload == live.payload
        }
        _ => recorded.packet_id() == live.packet_id(),
    }
}

/// Whether two messages must come in the order in which they were published.
pub(super) fn are_ordered(one: &Packet, other: &Packet) -> bool {
    match (one, other) {
        (Packet::Publish(one), Packet::Publish(other)) => {
            one.topic == other.topic
                && one.delivery.qos() == other.delivery.qos()
                && !one.retain
                && !other.retain
        }
        _ => false,
    }
}

/// A packet in a line.
pub(super) fn shown(packet: &Packet, version: Version) -> String {
    describe(packet, version)
}

/// Whether the packet answers a PUBLISH of the broker, which has an identifier of the broker's choice.
pub(super) fn answers_broker(packet: &Packet) -> bool {
    matches!(packet.packet_type(), PacketType::Puback | PacketType::Pubrec | PacketType::Pubcomp)
}
