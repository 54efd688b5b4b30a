//! A broker that keeps all rules and makes use of a liberty in how it says things.

use std::{collections::BTreeMap, time::Duration};

use mqttspec::target::in_process::Peer;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, ReasonCode, Sender, decode,
    packet::{Ack, Delivery},
};
use reference_broker::{Broker, ConnectionId, Input, Output};

/// What is sent to the client in a packet's place.
pub(crate) type Liberty = fn(Packet, Version) -> Vec<Packet>;

/// The reference broker, between which and its clients packets are rewritten.
pub(crate) struct Liberal {
    broker: Broker,
    liberty: Liberty,
    versions: BTreeMap<ConnectionId, Version>,
}

impl Liberal {
    pub(crate) fn new(broker: Broker, liberty: Liberty) -> Self {
        Self { broker, liberty, versions: BTreeMap::new() }
    }

    fn rewritten(&self, id: ConnectionId, output: Output) -> Vec<Output> {
        let (Output::Send(_, bytes), Some(version)) = (&output, self.versions.get(&id)) else {
            return vec![output];
        };
        let Ok(packet) = decode(Sender::Server, Some(*version), bytes) else { return vec![output] };
        let sent = (self.liberty)(packet, *version).into_iter();
        sent.map(|packet| Output::Send(id, packet.to_bytes(*version))).collect()
    }
}

impl Peer for Liberal {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        if let Input::Bytes(id, bytes) = &input
            && let Some(Packet::Connect(connect)) = decode(Sender::Client, None, bytes).ok()
        {
            self.versions.insert(*id, connect.version);
        }
        let mut made = Vec::new();
        self.broker.handle(now, input, &mut made);
        outputs.extend(made.into_iter().flat_map(|output| match &output {
            Output::Send(id, _) => self.rewritten(*id, output),
            Output::Close(_) | Output::Verify { .. } => vec![output],
        }));
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.broker.next_timeout()
    }
}

/// Does not say that nobody subscribed, nor that there was nothing to unsubscribe from or to release.
pub(crate) fn discreet(packet: Packet, _: Version) -> Vec<Packet> {
    let quiet = |ack: Ack| {
        let tells = [ReasonCode::NO_MATCHING_SUBSCRIBERS, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND];
        Ack { reason: if tells.contains(&ack.reason) { ReasonCode::SUCCESS } else { ack.reason }, ..ack }
    };
    vec![match packet {
        Packet::Puback(ack) => Packet::Puback(quiet(ack)),
        Packet::Pubrec(ack) => Packet::Pubrec(quiet(ack)),
        Packet::Pubcomp(ack) => Packet::Pubcomp(quiet(ack)),
        other => other,
    }]
}

/// Explains nothing, and leaves everything out that may be left out.
pub(crate) fn terse(packet: Packet, version: Version) -> Vec<Packet> {
    let bare = Properties::new;
    if version == Version::V3_1_1 {
        return vec![packet];
    }
    vec![match packet {
        Packet::Puback(ack) => Packet::Puback(Ack { properties: bare(), ..ack }),
        Packet::Pubrec(ack) => Packet::Pubrec(Ack { properties: bare(), ..ack }),
        Packet::Pubrel(ack) => Packet::Pubrel(Ack { properties: bare(), ..ack }),
        Packet::Pubcomp(ack) => Packet::Pubcomp(Ack { properties: bare(), ..ack }),
        Packet::Suback(mut suback) => {
            suback.properties = bare();
            Packet::Suback(suback)
        }
        Packet::Unsuback(mut unsuback) => {
            unsuback.properties = bare();
            Packet::Unsuback(unsuback)
        }
        Packet::Disconnect(mut disconnect) => {
            disconnect.properties = bare();
            Packet::Disconnect(disconnect)
        }
        other => other,
    }]
}

/// Names no particular reason for what it refuses.
pub(crate) fn unspecific(packet: Packet, version: Version) -> Vec<Packet> {
    let plain = |code: ReasonCode| if code.is_error() { ReasonCode::UNSPECIFIED_ERROR } else { code };
    vec![match packet {
        Packet::Suback(mut suback) if version == Version::V5_0 => {
            suback.reasons = suback.reasons.into_iter().map(plain).collect();
            Packet::Suback(suback)
        }
        Packet::Disconnect(mut disconnect) => {
            disconnect.reason = plain(disconnect.reason);
            Packet::Disconnect(disconnect)
        }
        other => other,
    }]
}

/// Loses what is sent at most once.
pub(crate) fn lossy(packet: Packet, _: Version) -> Vec<Packet> {
    match packet {
        Packet::Publish(publish) if publish.delivery == Delivery::AtMostOnce => Vec::new(),
        other => vec![other],
    }
}
