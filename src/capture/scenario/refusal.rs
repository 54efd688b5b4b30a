//! What a broker refused in a capture.

use mqttspec_wire::{
    Packet, PacketId, ReasonCode, Sender,
    packet::{Ack, Connack},
};

use super::{
    Recording, Turn,
    fields::{connect, publish, subscribe, topic},
};

/// A request that was refused, and its answer, as packets of steps.
pub(super) struct Refusal {
    /// What is sent.
    pub(super) request: String,
    /// What is expected.
    pub(super) answer: String,
    /// The statements of either version by which there is an answer.
    pub(super) answered: (&'static str, &'static str),
}

impl Refusal {
    /// A request with a Packet Identifier.
    fn new(
        (name, fields): (&str, &str),
        id: PacketId,
        (answer, reasons): (&str, String),
        answered: (&'static str, &'static str),
    ) -> Self {
        let (id, fields) = (id.get(), fields.trim_start_matches('{'));
        Self {
            request: format!("{name}: {{packet-id: {id}, {fields}"),
            answer: format!("{answer}: {{packet-id: {id}, {reasons}}}"),
            answered,
        }
    }
}

/// What a client sent with this packet, if the broker refused it.
pub(super) fn refusal(recording: &Recording, turn: &Turn) -> Option<Refusal> {
    if turn.sender == Sender::Server {
        return None;
    }
    let is_answer = |other: &&Turn| other.place > turn.place && other.sender == Sender::Server;
    let mut answers = recording.turns.iter().filter(is_answer).map(|other| &other.packet);
    match &turn.packet {
        Packet::Connect(packet) => {
            let reason = answers.find_map(connack)?.reason;
            (reason != ReasonCode::SUCCESS).then(|| Refusal {
                request: format!("connect: {}", connect(packet)),
                answer: format!("connack: {{reason: 0x{:02x}}}", reason.0),
                answered: ("3.1.4-4", "3.1.4-5"),
            })
        }
        Packet::Publish(packet) => {
            let id = packet.delivery.id()?;
            let (name, ack) = answers.find_map(|answer| acknowledgement(answer, id))?;
            let fields = publish(packet, &packet.topic, Sender::Client);
            let reason = format!("reason: 0x{:02x}", ack.reason.0);
            let answered = if name == "puback" { ("4.3.2-2", "4.3.2-4") } else { ("4.3.3-2", "4.3.3-8") };
            let refusal = || Refusal::new(("publish", &fields), id, (name, reason), answered);
            is_refusal(ack.reason).then(refusal)
        }
        Packet::Subscribe(packet) => {
            let reasons = answers.find_map(|answer| granted(answer, packet.id))?;
            refused_filters(
                ("subscribe", &subscribe(packet)),
                packet.id,
                ("suback", reasons),
                ("3.8.4-1", "3.8.4-1"),
            )
        }
        Packet::Unsubscribe(packet) => {
            let reasons = answers.find_map(|answer| granted(answer, packet.id))?;
            let filters: Vec<String> = packet.filters.iter().map(topic).collect();
            refused_filters(
                ("unsubscribe", &format!("{{filters: [{}]}}", filters.join(", "))),
                packet.id,
                ("unsuback", reasons),
                ("3.10.4-4", "3.10.4-4"),
            )
        }
        Packet::Connack(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Suback(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => None,
    }
}

fn refused_filters(
    request: (&str, &str),
    id: PacketId,
    (name, reasons): (&str, &[ReasonCode]),
    answered: (&'static str, &'static str),
) -> Option<Refusal> {
    let codes: Vec<String> = reasons.iter().map(|reason| format!("0x{:02x}", reason.0)).collect();
    let codes = format!("reasons: [{}]", codes.join(", "));
    let is_refused = reasons.iter().any(|reason| is_refusal(*reason));
    is_refused.then(|| Refusal::new(request, id, (name, codes), answered))
}

/// Elsewhere than in CONNACK.
const fn is_refusal(reason: ReasonCode) -> bool {
    reason.0 >= 0x80
}

fn connack(answer: &Packet) -> Option<&Connack> {
    if let Packet::Connack(connack) = answer { Some(connack) } else { None }
}

/// The first acknowledgement of a PUBLISH, by its name.
fn acknowledgement(answer: &Packet, id: PacketId) -> Option<(&'static str, &Ack)> {
    let (name, ack) = if let Packet::Puback(ack) = answer {
        ("puback", ack)
    } else if let Packet::Pubrec(ack) = answer {
        ("pubrec", ack)
    } else {
        return None;
    };
    (ack.id == id).then_some((name, ack))
}

/// The codes for filters.
fn granted(answer: &Packet, id: PacketId) -> Option<&[ReasonCode]> {
    let (of, reasons) = if let Packet::Suback(packet) = answer {
        (packet.id, &packet.reasons)
    } else if let Packet::Unsuback(packet) = answer {
        (packet.id, &packet.reasons)
    } else {
        return None;
    };
    (of == id).then_some(&reasons[..])
}
