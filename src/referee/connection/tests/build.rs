//! Short ways to write exchanges down.

use std::{collections::BTreeSet, sync::LazyLock, time::Duration};

use bytes::Bytes;
use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::{
    Fault, FaultKind, Layout, Packet, PacketId, Properties, Property, QoS, ReasonCode, Sender, Utf8String,
    packet::{
        Ack, Auth, Connack, Connect, Delivery, Disconnect, Publish, RetainHandling, Suback, Subscribe,
        Subscription, Unsuback, Unsubscribe, Will,
    },
};

use crate::referee::{Connection, Knowledge, Violation, judged};

pub(super) use mqttspec_spec::Version::{V3_1_1 as V3, V5_0 as V5};

pub(super) const Q0: QoS = QoS::AtMostOnce;
pub(super) const Q1: QoS = QoS::AtLeastOnce;
pub(super) const Q2: QoS = QoS::ExactlyOnce;

/// Something that happens on a connection.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Packet(Sender, Packet, usize),
    Fault(Sender, Fault),
    Gap,
    Wait(u64),
    Closed(Sender),
}

/// The client sends.
pub(super) fn c(packet: Packet) -> Event {
    Event::Packet(Sender::Client, packet, 10)
}

/// The server sends.
pub(super) fn s(packet: Packet) -> Event {
    Event::Packet(Sender::Server, packet, 10)
}

impl Event {
    pub(super) fn sized(self, bytes: usize) -> Self {
        match self {
            Self::Packet(sender, packet, _) => Self::Packet(sender, packet, bytes),
            other @ (Self::Fault(..) | Self::Gap | Self::Wait(_) | Self::Closed(_)) => other,
        }
    }
}

/// A fault that breaks this statement, if any.
pub(super) fn fault(sender: Sender, kind: FaultKind, statement: Option<StatementId>) -> Event {
    Event::Fault(sender, Fault { offset: 0, field: "flags", kind, statement })
}

/// Everything that a strict referee says to the events, each with the place of the event.
pub(super) fn watch(knowledge: Knowledge, events: &[Event]) -> Vec<(usize, Violation)> {
    let mut connection = Connection::new(knowledge);
    let mut now = Duration::from_secs(1000);
    let mut said = Vec::new();
    for (place, event) in events.iter().enumerate() {
        now += Duration::from_millis(1);
        let violations = match event {
            Event::Packet(sender, packet, size) => connection.packet(now, *sender, packet, *size),
            Event::Fault(sender, fault) => connection.fault(now, *sender, fault),
            Event::Closed(by) => connection.closed(now, *by),
            Event::Gap => {
                connection.gap();
                Vec::new()
            }
            Event::Wait(seconds) => {
                now += Duration::from_secs(*seconds);
                Vec::new()
            }
        };
        for Violation { party, statement, part, .. } in &violations {
            if let (Some(part), Event::Packet(_, packet, _)) = (part, event) {
                let parts = Layout::of(packet, statement.version()).parts();
                assert!(
                    parts.iter().any(|(known, _)| known.stem() == *part),
                    "{statement}: {packet:?} has no {part}"
                );
            }
            assert!(
                LISTED.iter().any(|(of, listed)| of == party && listed.contains(statement)),
                "{statement}"
            );
        }
        said.extend(violations.into_iter().map(|violation| (place, violation)));
    }
    said
}

/// What each side can be accused of.
static LISTED: LazyLock<[(Sender, BTreeSet<StatementId>); 2]> =
    LazyLock::new(|| [Sender::Client, Sender::Server].map(|party| (party, judged(party))));

/// The most that can be known: nothing comes but what was subscribed to.
pub(super) const STRICT: Knowledge = Knowledge { version: None, midway: false, solicited_only: true };

/// An exchange whose last event breaks statements, and whose others break none.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) party: Sender,
    pub(super) statements: Vec<StatementId>,
    pub(super) knowledge: Knowledge,
    /// An event before the last one is a breach by the other side.
    pub(super) provoked: bool,
    pub(super) events: Vec<Event>,
}

impl Case {
    pub(super) fn knowing(mut self, knowledge: Knowledge) -> Self {
        self.knowledge = knowledge;
        self
    }

    pub(super) fn after_a_breach(mut self) -> Self {
        self.provoked = true;
        self
    }
}

/// The client breaks it.
pub(super) fn client(statement: StatementId, events: Vec<Event>) -> Case {
    Case { party: Sender::Client, statements: vec![statement], knowledge: STRICT, provoked: false, events }
}

/// The server breaks it.
pub(super) fn server(statement: StatementId, events: Vec<Event>) -> Case {
    Case { party: Sender::Server, statements: vec![statement], knowledge: STRICT, provoked: false, events }
}

/// `more` after `events`.
pub(super) fn then(mut events: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    events.extend(more);
    events
}

/// The value with a change.
pub(super) fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

pub(super) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap()
}

pub(super) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

pub(super) fn props(properties: impl IntoIterator<Item = Property>) -> Properties {
    properties.into_iter().collect()
}

/// A CONNECT with Clean Start 1 and keep-alive 60.
pub(super) fn asking(version: Version) -> Connect {
    Connect {
        version,
        clean_start: true,
        keep_alive: 60,
        properties: Properties::new(),
        client_id: text("c"),
        will: None,
        username: None,
        password: None,
    }
}

pub(super) fn connect(connect: Connect) -> Packet {
    Packet::Connect(Box::new(connect))
}

/// A CONNECT of MQTT 5.0 with these properties.
pub(super) fn connect_with(properties: impl IntoIterator<Item = Property>) -> Packet {
    connect(with(asking(V5), |connect| connect.properties = props(properties)))
}

pub(super) fn will(topic: &str, qos: QoS, retain: bool) -> Will {
    Will { qos, retain, properties: Properties::new(), topic: text(topic), payload: Bytes::new() }
}

pub(super) fn answer(
    code: u8,
    session_present: bool,
    properties: impl IntoIterator<Item = Property>,
) -> Packet {
    Packet::Connack(Connack { session_present, reason: ReasonCode(code), properties: props(properties) })
}

/// A CONNACK that accepts, with these properties.
pub(super) fn accept(properties: impl IntoIterator<Item = Property>) -> Packet {
    answer(0, false, properties)
}

pub(super) fn refuse(code: u8) -> Packet {
    answer(code, false, [])
}

/// A connection that is open, in a session that is new.
pub(super) fn open(version: Version) -> Vec<Event> {
    vec![c(connect(asking(version))), s(accept([]))]
}

/// An open connection with these properties of the CONNECT and the CONNACK.
pub(super) fn open_with(
    asked: impl IntoIterator<Item = Property>,
    granted: impl IntoIterator<Item = Property>,
) -> Vec<Event> {
    vec![c(connect_with(asked)), s(accept(granted))]
}

/// A connection in a session that an earlier one left.
pub(super) fn resumed(version: Version) -> Vec<Event> {
    vec![c(connect(with(asking(version), |connect| connect.clean_start = false))), s(answer(0, true, []))]
}

pub(super) fn message(topic: &str, delivery: Delivery) -> Publish {
    Publish {
        delivery,
        retain: false,
        topic: text(topic),
        properties: Properties::new(),
        payload: Bytes::new(),
    }
}

pub(super) fn qos1(id: u16, dup: bool) -> Delivery {
    Delivery::AtLeastOnce { id: self::id(id), dup }
}

pub(super) fn qos2(id: u16, dup: bool) -> Delivery {
    Delivery::ExactlyOnce { id: self::id(id), dup }
}

/// A PUBLISH to `t`; QoS 0 ignores the identifier.
pub(super) fn publish(qos: QoS, id: u16) -> Packet {
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => qos1(id, false),
        QoS::ExactlyOnce => qos2(id, false),
    };
    Packet::Publish(message("t", delivery))
}

/// A PUBLISH to `t` with DUP 1.
pub(super) fn again(qos: QoS, id: u16) -> Packet {
    Packet::Publish(message("t", if qos == Q2 { qos2(id, true) } else { qos1(id, true) }))
}

/// A QoS 0 PUBLISH to `topic` with these properties.
pub(super) fn publish_with(topic: &str, properties: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Publish(with(message(topic, Delivery::AtMostOnce), |publish| {
        publish.properties = props(properties);
    }))
}

/// A QoS 0 PUBLISH to `topic` with RETAIN 1.
pub(super) fn retained(topic: &str) -> Packet {
    Packet::Publish(with(message(topic, Delivery::AtMostOnce), |publish| publish.retain = true))
}

pub(super) fn puback(id: u16) -> Packet {
    Packet::Puback(Ack::success(self::id(id)))
}

pub(super) fn pubrec(id: u16) -> Packet {
    Packet::Pubrec(Ack::success(self::id(id)))
}

pub(super) fn pubrel(id: u16) -> Packet {
    Packet::Pubrel(Ack::success(self::id(id)))
}

pub(super) fn pubcomp(id: u16) -> Packet {
    Packet::Pubcomp(Ack::success(self::id(id)))
}

/// An acknowledgement with a Reason Code.
pub(super) fn ack(id: u16, code: u8) -> Ack {
    with(Ack::success(self::id(id)), |ack| ack.reason = ReasonCode(code))
}

/// An acknowledgement with properties.
pub(super) fn telling(id: u16, properties: impl IntoIterator<Item = Property>) -> Ack {
    with(Ack::success(self::id(id)), |ack| ack.properties = props(properties))
}

pub(super) fn filter(text: &str, qos: QoS) -> Subscription {
    Subscription {
        filter: self::text(text),
        qos,
        no_local: false,
        retain_as_published: false,
        retain_handling: RetainHandling::Send,
    }
}

pub(super) fn asking_for(id: u16, filters: impl IntoIterator<Item = Subscription>) -> Subscribe {
    Subscribe { id: self::id(id), properties: Properties::new(), filters: filters.into_iter().collect() }
}

/// A SUBSCRIBE for one filter.
pub(super) fn subscribe(id: u16, filter: &str, qos: QoS) -> Packet {
    Packet::Subscribe(asking_for(id, [self::filter(filter, qos)]))
}

/// A SUBSCRIBE for one filter at QoS 0 with a Subscription Identifier.
pub(super) fn subscribe_as(id: u16, filter: &str, identifier: u32) -> Packet {
    let properties = props([Property::SubscriptionIdentifier(identifier)]);
    Packet::Subscribe(with(asking_for(id, [self::filter(filter, Q0)]), |packet| {
        packet.properties = properties;
    }))
}

pub(super) fn suback(id: u16, codes: &[u8]) -> Packet {
    Packet::Suback(suback_with(id, codes, []))
}

pub(super) fn suback_with(id: u16, codes: &[u8], properties: impl IntoIterator<Item = Property>) -> Suback {
    Suback {
        id: self::id(id),
        properties: props(properties),
        reasons: codes.iter().copied().map(ReasonCode).collect(),
    }
}

pub(super) fn unsubscribe(id: u16, filters: &[&str]) -> Packet {
    let filters = filters.iter().map(|filter| text(filter)).collect();
    Packet::Unsubscribe(Unsubscribe { id: self::id(id), properties: Properties::new(), filters })
}

pub(super) fn unsuback(id: u16, codes: &[u8]) -> Packet {
    Packet::Unsuback(unsuback_with(id, codes, []))
}

pub(super) fn unsuback_with(
    id: u16,
    codes: &[u8],
    properties: impl IntoIterator<Item = Property>,
) -> Unsuback {
    Unsuback {
        id: self::id(id),
        properties: props(properties),
        reasons: codes.iter().copied().map(ReasonCode).collect(),
    }
}

pub(super) fn disconnect(code: u8, properties: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Disconnect(Disconnect { reason: ReasonCode(code), properties: props(properties) })
}

pub(super) fn auth(code: u8, properties: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Auth(Auth { reason: ReasonCode(code), properties: props(properties) })
}

pub(super) fn method(name: &str) -> Property {
    Property::AuthenticationMethod(text(name))
}

pub(super) fn reason_string() -> Property {
    Property::ReasonString(text("because"))
}

pub(super) fn user_property() -> Property {
    Property::UserProperty((text("name"), text("value")))
}
