//! A broker that keeps all rules and makes use of a liberty in how it says things.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mqttspec::target::in_process::Peer;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, Property, QoS, ReasonCode, Sender, Utf8String, decode,
    packet::{Ack, Delivery},
};
use reference_broker::{Broker, ConnectionId, Input, Output};

/// In which way a broker makes use of its liberty.
pub(crate) trait Manner {
    /// What the broker hears instead of what a client says.
    fn hears(&mut self, _: ConnectionId, packet: Packet) -> Packet {
        packet
    }
    /// What is sent to the client in a packet's place.
    fn says(&mut self, id: ConnectionId, packet: Packet, version: Version) -> Vec<Packet>;
}

/// A manner that looks at one packet at a time.
pub(crate) type Liberty = fn(Packet, Version) -> Vec<Packet>;

impl Manner for Liberty {
    fn says(&mut self, _: ConnectionId, packet: Packet, version: Version) -> Vec<Packet> {
        self(packet, version)
    }
}

/// The reference broker, between which and its clients packets are rewritten.
pub(crate) struct Liberal<M> {
    broker: Broker,
    manner: M,
    versions: BTreeMap<ConnectionId, Version>,
}

impl<M: Manner> Liberal<M> {
    pub(crate) fn new(broker: Broker, manner: M) -> Self {
        Self { broker, manner, versions: BTreeMap::new() }
    }

    /// What is a whole right packet is heard in the broker's manner, and all else as it is.
    fn heard(&mut self, id: ConnectionId, bytes: Bytes) -> Bytes {
        let version = self.versions.get(&id).copied();
        let Ok(packet) = decode(Sender::Client, version, &bytes) else { return bytes };
        if let Packet::Connect(connect) = &packet {
            self.versions.insert(id, connect.version);
        }
        let Some(version) = self.versions.get(&id) else { return bytes };
        self.manner.hears(id, packet).to_bytes(*version)
    }

    fn said(&mut self, id: ConnectionId, bytes: Bytes) -> Vec<Output> {
        let known = self.versions.get(&id).copied();
        let packet = known.and_then(|version| Some((decode(Sender::Server, known, &bytes).ok()?, version)));
        let Some((packet, version)) = packet else { return vec![Output::Send(id, bytes)] };
        let said = self.manner.says(id, packet, version).into_iter();
        said.map(|packet| Output::Send(id, packet.to_bytes(version))).collect()
    }
}

impl<M: Manner> Peer for Liberal<M> {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        let input = match input {
            Input::Bytes(id, bytes) => Input::Bytes(id, self.heard(id, bytes)),
            other => other,
        };
        let mut made = Vec::new();
        self.broker.handle(now, input, &mut made);
        for output in made {
            match output {
                Output::Send(id, bytes) | Output::Pass(id, bytes) => outputs.extend(self.said(id, bytes)),
                Output::Close(_) | Output::Part(_) | Output::Verify { .. } => outputs.push(output),
            }
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.broker.next_timeout()
    }
}

/// Grants no more than this QoS, whatever is asked for.
pub(crate) struct Modest(pub(crate) QoS);

impl Manner for Modest {
    fn hears(&mut self, _: ConnectionId, packet: Packet) -> Packet {
        let Packet::Subscribe(mut subscribe) = packet else { return packet };
        for subscription in &mut subscribe.filters {
            subscription.qos = subscription.qos.min(self.0);
        }
        Packet::Subscribe(subscribe)
    }

    fn says(&mut self, _: ConnectionId, packet: Packet, _: Version) -> Vec<Packet> {
        vec![packet]
    }
}

/// Uses topic aliases of its own, as far as clients offer some.
#[derive(Default)]
pub(crate) struct Aliasing {
    /// What each client offers, and the topics for which its aliases stand, from 1 on.
    offers: BTreeMap<ConnectionId, (usize, Vec<Utf8String>)>,
}

impl Manner for Aliasing {
    fn hears(&mut self, id: ConnectionId, packet: Packet) -> Packet {
        if let Packet::Connect(connect) = &packet {
            let maximum = connect.properties.topic_alias_maximum().unwrap_or(0);
            self.offers.insert(id, (maximum.into(), Vec::new()));
        }
        packet
    }

    fn says(&mut self, id: ConnectionId, packet: Packet, _: Version) -> Vec<Packet> {
        let (Packet::Publish(publish), Some((maximum, topics))) = (&packet, self.offers.get_mut(&id)) else {
            return vec![packet];
        };
        let known = topics.iter().position(|topic| *topic == publish.topic);
        if known.is_none() && topics.len() == *maximum {
            return vec![packet];
        }
        let mut publish = publish.clone();
        let index = known.unwrap_or(topics.len());
        match known {
            Some(_) => publish.topic = Utf8String::default(),
            None => topics.push(publish.topic.clone()),
        }
        publish.properties.push(Property::TopicAlias(u16::try_from(index + 1).unwrap_or(u16::MAX)));
        vec![Packet::Publish(publish)]
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
