//! Whatever it is told, the referee neither fails nor forgets to forget.

use std::time::Duration;

use mqttspec_spec::v5;
use mqttspec_wire::{
    FaultKind, Packet, Property, QoS, Sender, Version,
    packet::{Delivery, Publish},
};
use proptest::{prelude::*, sample::select};

use super::build::*;
use crate::referee::Connection;

/// What a connection may remember, in bytes or entries or so.
const MEMORY: usize = 5 << 20;

const TOPICS: [&str; 6] = ["", "a", "a/b", "a/#", "$SYS/a", "$share/g/a"];
const CODES: [u8; 6] = [0x00, 0x01, 0x02, 0x18, 0x80, 0x97];

fn properties() -> impl Strategy<Value = Vec<Property>> {
    let one = prop_oneof![
        (0u16..4).prop_map(Property::TopicAlias),
        (0u32..4).prop_map(Property::SubscriptionIdentifier),
        (0u16..4).prop_map(Property::ReceiveMaximum),
        (0u32..30).prop_map(Property::MaximumPacketSize),
        (0u16..4).prop_map(Property::TopicAliasMaximum),
        (0u8..3).prop_map(Property::MaximumQoS),
        (0u16..4).prop_map(Property::ServerKeepAlive),
        Just(Property::RequestProblemInformation(0)),
        Just(method("m")),
        Just(reason_string()),
        Just(user_property()),
    ];
    prop::collection::vec(one, 0..3)
}

fn publishing() -> impl Strategy<Value = Publish> {
    let delivery = (0u16..5, any::<bool>(), 0u8..3).prop_map(|(value, dup, qos)| match qos {
        0 => Delivery::AtMostOnce,
        1 => qos1(value + 1, dup),
        _ => qos2(value + 1, dup),
    });
    (select(&TOPICS[..]), delivery, any::<bool>(), properties()).prop_map(
        |(topic, delivery, retain, properties)| Publish {
            retain,
            properties: props(properties),
            ..message(topic, delivery)
        },
    )
}

fn subscribing() -> impl Strategy<Value = Packet> {
    let one = (select(&TOPICS[..]), select(&QoS::ALL[..])).prop_map(|(text, qos)| filter(text, qos));
    (1u16..5, prop::collection::vec(one, 1..3), properties()).prop_map(|(id, filters, properties)| {
        Packet::Subscribe(with(asking_for(id, filters), |packet| packet.properties = props(properties)))
    })
}

fn packet() -> impl Strategy<Value = Packet> {
    let code = || select(&CODES[..]);
    let codes = || prop::collection::vec(code(), 0..3);
    let id = || 1u16..5;
    let version = select(&Version::ALL[..]);
    prop_oneof![
        1 => (version, any::<bool>(), properties()).prop_map(|(version, clean_start, properties)| {
            connect(with(asking(version), |connect| {
                connect.clean_start = clean_start;
                connect.properties = props(properties);
            }))
        }),
        1 => (code(), any::<bool>(), properties()).prop_map(|(code, present, props)| answer(code, present, props)),
        4 => publishing().prop_map(Packet::Publish),
        2 => (id(), code()).prop_map(|(id, code)| Packet::Puback(ack(id, code))),
        2 => (id(), code()).prop_map(|(id, code)| Packet::Pubrec(ack(id, code))),
        2 => (id(), code()).prop_map(|(id, code)| Packet::Pubrel(ack(id, code))),
        2 => (id(), code()).prop_map(|(id, code)| Packet::Pubcomp(ack(id, code))),
        3 => subscribing(),
        2 => (id(), codes()).prop_map(|(id, codes)| suback(id, &codes)),
        1 => (id(), select(&TOPICS[..])).prop_map(|(id, topic)| unsubscribe(id, &[topic])),
        1 => (id(), codes()).prop_map(|(id, codes)| unsuback(id, &codes)),
        1 => Just(Packet::Pingreq),
        1 => Just(Packet::Pingresp),
        1 => (code(), properties()).prop_map(|(code, properties)| disconnect(code, properties)),
        1 => (code(), properties()).prop_map(|(code, properties)| auth(code, properties)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let sender = || select(vec![Sender::Client, Sender::Server]);
    prop_oneof![
        40 => (sender(), packet(), 0usize..40).prop_map(|(sender, packet, size)| Event::Packet(sender, packet, size)),
        1 => sender().prop_map(|sender| fault(sender, FaultKind::Missing, Some(v5!("X-1.5.6-1")))),
        1 => sender().prop_map(|sender| fault(sender, FaultKind::Missing, None)),
        1 => sender().prop_map(Event::Closed),
        1 => Just(Event::Gap),
        1 => (0u64..200).prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn no_exchange_makes_the_referee_fail(
        version in select(&Version::ALL[..]),
        opened in any::<bool>(),
        events in prop::collection::vec(event(), 0..80),
    ) {
        let before = if opened { open(version) } else { Vec::new() };
        watch(STRICT, &then(before, events));
    }
}

/// Tells a connection that is open what `make` makes of `times` ever higher numbers.
fn flood(times: u32, asked: Vec<Property>, make: impl Fn(u32) -> [Event; 2]) {
    let mut connection = Connection::new(STRICT);
    let events = open_with(asked, []).into_iter().chain((0..times).flat_map(make));
    for event in events {
        if let Event::Packet(sender, packet, size) = event {
            connection.packet(Duration::ZERO, sender, &packet, size);
        }
    }
    assert!(connection.weight() <= MEMORY, "{}", connection.weight());
}

fn short(number: u32) -> u16 {
    u16::try_from(number % 65_535).unwrap() + 1
}

#[test]
fn identifiers_do_not_use_up_memory() {
    flood(65_535, vec![], |number| [c(publish(Q2, short(number))), s(publish(Q1, short(number)))]);
    flood(65_535, vec![], |number| [c(pubrel(short(number))), s(pubrec(short(number)))]);
}

#[test]
fn subscriptions_do_not_use_up_memory() {
    flood(12_000, vec![], |number| {
        let name = format!("{number}/{}", "x".repeat(100));
        [c(subscribe_as(short(number), &name, number + 1)), c(unsubscribe(short(number + 1), &[&name]))]
    });
    // One subscription, with ever new identifiers.
    flood(12_000, vec![], |number| [c(subscribe_as(1, "a", number + 1)), s(suback(1, &[0]))]);
}

#[test]
fn topics_do_not_use_up_memory() {
    flood(12_000, vec![Property::TopicAliasMaximum(65_535)], |number| {
        let name = format!("{number}/{}", "x".repeat(100));
        [c(subscribe(1, "#", Q0)), s(publish_with(&name, [Property::TopicAlias(short(number))]))]
    });
    flood(12_000, vec![], |number| {
        [c(subscribe(1, "#", Q0)), s(retained(&format!("{number}/{}", "x".repeat(100))))]
    });
}
