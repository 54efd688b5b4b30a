//! The description of each packet: its parts in order (§3).

use mqttspec_spec::Version;

use super::{Content, Prefix, Sink};
use crate::{
    Packet, PacketId, Properties, Property, ReasonCode,
    packet::{Ack, Connack, Connect, Publish, RetainHandling, Subscription, Will},
    part::{Counted, Part},
    property::{Occurrences, ValueRef},
};

/// A whole packet.
pub(crate) struct Whole<'a> {
    packet: &'a Packet,
    version: Version,
}

impl<'a> Whole<'a> {
    pub(crate) const fn new(packet: &'a Packet, version: Version) -> Self {
        match packet {
            Packet::Connect(connect) => Self { packet, version: connect.version },
            Packet::Connack(_)
            | Packet::Publish(_)
            | Packet::Puback(_)
            | Packet::Pubrec(_)
            | Packet::Pubrel(_)
            | Packet::Pubcomp(_)
            | Packet::Subscribe(_)
            | Packet::Suback(_)
            | Packet::Unsubscribe(_)
            | Packet::Unsuback(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Disconnect(_)
            | Packet::Auth(_) => Self { packet, version },
        }
    }

    fn flags(&self) -> u8 {
        if let Packet::Publish(Publish { delivery, retain, .. }) = self.packet {
            return u8::from(delivery.dup()) << 3 | delivery.qos().level() << 1 | u8::from(*retain);
        }
        self.packet.packet_type().reserved_flags().unwrap_or(0)
    }
}

impl Content for Whole<'_> {
    fn write<S: Sink>(&self, sink: &mut S) {
        sink.leaf(Part::FIRST_BYTE, &[self.packet.packet_type().number() << 4 | self.flags()]);
        let body = Body { packet: self.packet, version: self.version };
        sink.prefixed(Part::REMAINING_LENGTH, Prefix::VariableByte, &body);
    }
}

/// What the Remaining Length counts.
struct Body<'a> {
    packet: &'a Packet,
    version: Version,
}

impl Content for Body<'_> {
    fn write<S: Sink>(&self, sink: &mut S) {
        match self.packet {
            Packet::Connect(packet) => connect(packet, sink),
            Packet::Connack(packet) => self.connack(packet, sink),
            Packet::Publish(packet) => self.publish(packet, sink),
            Packet::Puback(packet)
            | Packet::Pubrec(packet)
            | Packet::Pubrel(packet)
            | Packet::Pubcomp(packet) => self.ack(packet, sink),
            Packet::Subscribe(packet) => {
                packet_id(packet.id, sink);
                self.properties(&packet.properties, sink);
                for (index, subscription) in packet.filters.iter().enumerate() {
                    sink.string(Part::FILTER.nth(index).string(), &subscription.filter);
                    sink.leaf(Part::OPTIONS.nth(index), &[self.options(subscription)]);
                }
            }
            Packet::Suback(packet) => {
                packet_id(packet.id, sink);
                self.properties(&packet.properties, sink);
                reasons(&packet.reasons, sink);
            }
            Packet::Unsubscribe(packet) => {
                packet_id(packet.id, sink);
                self.properties(&packet.properties, sink);
                for (index, filter) in packet.filters.iter().enumerate() {
                    sink.string(Part::FILTER.nth(index).string(), filter);
                }
            }
            Packet::Unsuback(packet) => {
                packet_id(packet.id, sink);
                self.properties(&packet.properties, sink);
                if self.is_v5() {
                    reasons(&packet.reasons, sink);
                }
            }
            Packet::Pingreq | Packet::Pingresp => {}
            Packet::Disconnect(packet) => self.explained(packet.reason, &packet.properties, sink),
            Packet::Auth(packet) => {
                if packet.reason != ReasonCode::SUCCESS || !packet.properties.is_empty() {
                    reason(packet.reason, sink);
                    self.properties(&packet.properties, sink);
                }
            }
        }
    }
}

impl Body<'_> {
    const fn is_v5(&self) -> bool {
        matches!(self.version, Version::V5_0)
    }

    fn properties<S: Sink>(&self, properties: &Properties, sink: &mut S) {
        if self.is_v5() {
            PropertyList { part: Part::PROPERTIES, properties }.tell(sink);
        }
    }

    fn connack<S: Sink>(&self, packet: &Connack, sink: &mut S) {
        sink.leaf(Part::CONNACK_FLAGS, &[u8::from(packet.session_present)]);
        reason(packet.reason, sink);
        self.properties(&packet.properties, sink);
    }

    fn publish<S: Sink>(&self, packet: &Publish, sink: &mut S) {
        sink.string(Part::TOPIC_NAME.string(), &packet.topic);
        if let Some(id) = packet.delivery.id() {
            packet_id(id, sink);
        }
        self.properties(&packet.properties, sink);
        sink.leaf(Part::PAYLOAD, &packet.payload);
    }

    fn ack<S: Sink>(&self, packet: &Ack, sink: &mut S) {
        packet_id(packet.id, sink);
        self.explained(packet.reason, &packet.properties, sink);
    }

    /// A Reason Code and properties, which MQTT 5.0 allows to leave out when they say nothing.
    fn explained<S: Sink>(&self, code: ReasonCode, properties: &Properties, sink: &mut S) {
        if !self.is_v5() || code == ReasonCode::SUCCESS && properties.is_empty() {
            return;
        }
        reason(code, sink);
        if !properties.is_empty() {
            self.properties(properties, sink);
        }
    }

    fn options(&self, subscription: &Subscription) -> u8 {
        let qos = subscription.qos.level();
        if !self.is_v5() {
            return qos;
        }
        let retain_handling = match subscription.retain_handling {
            RetainHandling::Send => 0,
            RetainHandling::SendIfNew => 1,
            RetainHandling::DoNotSend => 2,
        };
        let (no_local, as_published) = (subscription.no_local, subscription.retain_as_published);
        retain_handling << 4 | u8::from(as_published) << 3 | u8::from(no_local) << 2 | qos
    }
}

fn connect<S: Sink>(packet: &Connect, sink: &mut S) {
    let Connect { version, clean_start, keep_alive, properties, client_id, will, username, password } =
        packet;
    let is_v5 = *version == Version::V5_0;
    let protocol = Part::PROTOCOL_NAME.string();
    sink.counted(protocol, Prefix::TwoByte, &Protocol(protocol.content));
    sink.leaf(Part::PROTOCOL_LEVEL, &[version.protocol_level()]);
    let will_flags =
        will.as_ref().map_or(0, |will| u8::from(will.retain) << 5 | will.qos.level() << 3 | 0b100);
    let flags = u8::from(username.is_some()) << 7
        | u8::from(password.is_some()) << 6
        | will_flags
        | u8::from(*clean_start) << 1;
    sink.leaf(Part::CONNECT_FLAGS, &[flags]);
    sink.leaf(Part::KEEP_ALIVE, &keep_alive.to_be_bytes());
    if is_v5 {
        PropertyList { part: Part::PROPERTIES, properties }.tell(sink);
    }
    sink.string(Part::CLIENT_ID.string(), client_id);
    if let Some(Will { properties, topic, payload, .. }) = will {
        if is_v5 {
            PropertyList { part: Part::WILL_PROPERTIES, properties }.tell(sink);
        }
        sink.string(Part::WILL_TOPIC.string(), topic);
        sink.data(Part::WILL_PAYLOAD.binary(), payload);
    }
    if let Some(username) = username {
        sink.string(Part::USERNAME.string(), username);
    }
    if let Some(password) = password {
        sink.data(Part::PASSWORD.binary(), password);
    }
}

/// The protocol name.
struct Protocol(Part);

impl Content for Protocol {
    fn write<S: Sink>(&self, sink: &mut S) {
        sink.leaf(self.0, b"MQTT");
    }
}

fn packet_id<S: Sink>(id: PacketId, sink: &mut S) {
    sink.leaf(Part::PACKET_ID, &id.get().to_be_bytes());
}

fn reason<S: Sink>(code: ReasonCode, sink: &mut S) {
    sink.leaf(Part::REASON, &[code.0]);
}

fn reasons<S: Sink>(codes: &[ReasonCode], sink: &mut S) {
    for (index, code) in codes.iter().enumerate() {
        sink.leaf(Part::REASON.nth(index), &[code.0]);
    }
}

/// Properties with their length, of the packet or of the will.
struct PropertyList<'a> {
    part: Part,
    properties: &'a Properties,
}

impl PropertyList<'_> {
    fn tell<S: Sink>(&self, sink: &mut S) {
        let part = Counted { whole: self.part, length: self.part.sub(".length"), content: self.part };
        sink.counted(part, Prefix::VariableByte, self);
    }
}

impl Content for PropertyList<'_> {
    fn write<S: Sink>(&self, sink: &mut S) {
        let mut seen = Occurrences::new();
        for property in self.properties {
            let id = property.id();
            let part = Part::property(self.part, id, seen.count(id));
            sink.group(part, &OneProperty { part, property });
        }
    }
}

struct OneProperty<'a> {
    part: Part,
    property: &'a Property,
}

impl Content for OneProperty<'_> {
    fn write<S: Sink>(&self, sink: &mut S) {
        let (part, value) = (self.part, self.part.sub(".value"));
        sink.leaf(part.sub(".id"), &[self.property.id().number()]);
        match self.property.value_ref() {
            ValueRef::Byte(number) => sink.leaf(value, &[*number]),
            ValueRef::TwoByte(number) => sink.leaf(value, &number.to_be_bytes()),
            ValueRef::FourByte(number) => sink.leaf(value, &number.to_be_bytes()),
            ValueRef::VariableByte(number) => sink.variable_byte(value, *number),
            ValueRef::Text(text) => sink.string(Counted { whole: value, ..part.string() }, text),
            ValueRef::Binary(data) => sink.data(Counted { whole: value, ..part.binary() }, data),
            ValueRef::Pair((name, text)) => {
                sink.string(part.pair_name(), name);
                sink.string(part.pair_value(), text);
            }
        }
    }
}
