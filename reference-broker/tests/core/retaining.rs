//! Retained messages and wills.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Connect, Publish, RetainHandling, Subscription, Will},
};
use reference_broker::{Config, core::Limits};
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

fn retained(topic: &str, payload: &str) -> Publish {
    Publish { retain: true, ..publish(topic, payload, QoS::AtLeastOnce) }
}

#[rstest]
fn the_last_retained_message_is_sent(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let publisher = world.client(version, "p");
    world.publish(publisher, retained("t", "old"));
    world.publish(publisher, retained("t", "new"));
    world.publish(publisher, publish("t", "not retained", QoS::AtLeastOnce));
    world.cut(publisher);
    let subscriber = world.subscriber(version, "+", QoS::AtLeastOnce);
    let got = world.next_publish(subscriber);
    assert_eq!((&got.payload[..], got.retain, got.delivery.qos()), (&b"new"[..], true, QoS::AtLeastOnce));
    world.subscribe(subscriber, subscription("+", QoS::AtMostOnce));
    let got = world.next_publish(subscriber);
    assert_eq!((&got.payload[..], got.retain, got.delivery.qos()), (&b"new"[..], true, QoS::AtMostOnce));
    world.expect_nothing(subscriber);
}

#[rstest]
fn an_empty_payload_clears(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let watcher = world.subscriber(version, "t", QoS::AtMostOnce);
    let publisher = world.client(version, "p");
    world.publish(publisher, retained("t", "x"));
    world.publish(publisher, retained("t", ""));
    for payload in ["x", ""] {
        let got = world.next_publish(watcher);
        assert_eq!((&got.payload[..], got.retain), (payload.as_bytes(), false));
    }
    let subscriber = world.subscriber(version, "t", QoS::AtMostOnce);
    world.expect_nothing(subscriber);
}

#[rstest]
#[case(RetainHandling::Send, [1, 1])]
#[case(RetainHandling::SendIfNew, [1, 0])]
#[case(RetainHandling::DoNotSend, [0, 0])]
fn retained_by_handling(#[case] retain_handling: RetainHandling, #[case] expected: [usize; 2]) {
    let mut world = World::new();
    let client = world.client(V5, "a");
    world.publish(client, Publish { retain: true, ..publish("t", "x", QoS::AtMostOnce) });
    for expected in expected {
        let asked = Subscription { retain_handling, ..subscription("t", QoS::AtMostOnce) };
        world.subscribe(client, asked);
        assert_eq!(world.payloads(client).len(), expected);
    }
}

#[rstest]
fn retain_as_published(#[values(true, false)] keeps: bool, #[values(true, false)] retain: bool) {
    let mut world = World::new();
    let client = world.client(V5, "a");
    let asked = Subscription { retain_as_published: keeps, ..subscription("t", QoS::AtMostOnce) };
    world.subscribe(client, asked);
    world.publish(client, Publish { retain, ..publish("t", "x", QoS::AtMostOnce) });
    assert_eq!(world.next_publish(client).retain, keeps && retain);
}

#[test]
fn retained_messages_expire() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    let expiring = properties([Property::MessageExpiryInterval(3)]);
    world.publish(
        client,
        Publish { properties: expiring, retain: true, ..publish("t", "x", QoS::AtMostOnce) },
    );
    world.wait(2.0);
    world.subscribe(client, subscription("t", QoS::AtMostOnce));
    assert_eq!(world.next_publish(client).properties.message_expiry_interval(), Some(1));
    world.wait(1.0);
    world.subscribe(client, subscription("t", QoS::AtMostOnce));
    world.expect_nothing(client);
}

#[rstest]
#[case::count(Limits { retained: 1, ..Limits::default() })]
#[case::bytes(Limits { retained_bytes: 3, ..Limits::default() })]
#[case::levels(Limits { topic_levels: 2, ..Limits::default() })]
fn there_is_a_limit_to_what_is_retained(#[case] limits: Limits) {
    let mut world = World::with(Config { limits, ..Config::default() });
    let client = world.client(V5, "a");
    for (topic, reason) in [("a", 0x10), ("b", 0x97), ("a", 0x10)] {
        world.send(client, Packet::Publish(retained(topic, "xx")));
        let Packet::Puback(ack) = world.next(client) else { panic!() };
        assert_eq!(ack.reason, ReasonCode(reason));
    }
    world.publish(client, retained("a", ""));
    world.publish(client, retained("b", "xx"));
}

/// It is not lost for those who are there.
#[rstest]
#[case(V3, QoS::AtLeastOnce)]
#[case(V5, QoS::AtMostOnce)]
fn who_cannot_be_told_of_a_limit_has_the_message_passed_on(#[case] version: Version, #[case] qos: QoS) {
    let mut world =
        World::with(Config { limits: Limits { retained: 0, ..Limits::default() }, ..Config::default() });
    let subscriber = world.subscriber(version, "t", QoS::AtMostOnce);
    let publisher = world.client(version, "p");
    world.publish(publisher, Publish { retain: true, ..publish("t", "x", qos) });
    assert_eq!(world.payloads(subscriber), ["x"]);
    let held = world.statistics();
    assert_eq!((held.retained, held.traffic.messages_dropped), (0, 1));
}

fn with_will(
    version: Version,
    id: &str,
    properties: impl IntoIterator<Item = Property>,
    will: Will,
) -> Connect {
    Connect {
        properties: properties.into_iter().collect(),
        clean_start: version == V5,
        will: Some(will),
        ..connect(version, id)
    }
}

fn take_over(world: &mut World, _: Client) {
    world.client(V5, "mortal");
}

#[rstest]
#[case::lost(|world: &mut World, client| world.cut(client), true)]
#[case::disconnected(|world: &mut World, client| world.send(client, disconnect(ReasonCode::SUCCESS)), false)]
#[case::protocol_error(|world: &mut World, client| world.send_bytes(client, &[0xC1, 0]), true)]
#[case::taken_over(take_over, true)]
#[case::silent(|world: &mut World, _| world.wait(4.0), true)]
fn wills(
    #[values(V3, V5)] version: Version,
    #[case] end: fn(&mut World, Client),
    #[case] published: bool,
    #[values(true, false)] retain: bool,
) {
    let mut world = World::new();
    let watcher = world.subscriber(version, "will", QoS::ExactlyOnce);
    let will = Will { qos: QoS::AtLeastOnce, retain, ..will("will", "gone") };
    let (client, _) = world.connect(Connect { keep_alive: 2, ..with_will(version, "mortal", None, will) });
    world.expect_nothing(watcher);
    end(&mut world, client);
    if published {
        let got = world.next_publish(watcher);
        assert_eq!(
            (&got.payload[..], got.delivery.qos(), got.retain),
            (&b"gone"[..], QoS::AtLeastOnce, false)
        );
    }
    world.expect_nothing(watcher);
    let late = world.subscriber(version, "will", QoS::AtMostOnce);
    assert_eq!(world.payloads(late).len(), usize::from(published && retain));
    let (client, _) = world.connect(resume(version, "mortal"));
    world.cut(client);
    world.expect_nothing(watcher);
}

#[test]
fn disconnect_with_will_publishes_it() {
    let mut world = World::new();
    let watcher = world.subscriber(V5, "will", QoS::AtMostOnce);
    let (client, _) = world.connect(with_will(V5, "mortal", None, will("will", "gone")));
    world.send(client, disconnect(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
    assert!(world.is_closed(client));
    assert_eq!(world.payloads(watcher), ["gone"]);
}

#[rstest]
#[case::delay_ends_first(5, 60, 5.0)]
#[case::session_ends_first(60, 5, 5.0)]
#[case::session_ends_at_once(60, 0, 0.0)]
#[case::no_delay(0, 60, 0.0)]
fn will_delay(#[case] delay: u32, #[case] expiry: u32, #[case] due: f64) {
    let mut world = World::new();
    let watcher = world.subscriber(V5, "will", QoS::AtMostOnce);
    let delayed = properties([Property::WillDelayInterval(delay)]);
    let will = Will { properties: delayed, ..will("will", "gone") };
    let (client, _) = world.connect(with_will(V5, "mortal", [Property::SessionExpiryInterval(expiry)], will));
    world.cut(client);
    if due > 0.0 {
        world.wait(due - 0.1);
        world.expect_nothing(watcher);
        world.wait(0.1);
    }
    let got = world.next_publish(watcher);
    assert_eq!((&got.payload[..], got.properties.is_empty()), (&b"gone"[..], true));
    world.wait(100.0);
    world.expect_nothing(watcher);
}

#[rstest]
#[case::resumed(false, 0)]
#[case::begun_anew(true, 1)]
fn returning_within_the_delay(#[case] clean_start: bool, #[case] expected: usize) {
    for takeover in [true, false] {
        let mut world = World::new();
        let watcher = world.subscriber(V5, "will", QoS::AtMostOnce);
        let delayed = properties([Property::WillDelayInterval(5)]);
        let will = Will { properties: delayed, ..will("will", "gone") };
        let (client, _) = world.connect(with_will(V5, "mortal", [Property::SessionExpiryInterval(60)], will));
        if !takeover {
            world.cut(client);
            world.wait(3.0);
        }
        world.connect(Connect { clean_start, ..resume(V5, "mortal") });
        world.wait(100.0);
        assert_eq!(world.payloads(watcher).len(), expected);
    }
}

#[test]
fn the_properties_of_a_will_are_published() {
    let mut world = World::new();
    let watcher = world.subscriber(V5, "will", QoS::AtMostOnce);
    let pair = |name: &str, value: &str| Property::UserProperty((text(name), text(value)));
    let own = [
        Property::PayloadFormatIndicator(1),
        Property::ContentType(text("plain")),
        Property::ResponseTopic(text("answers")),
        Property::CorrelationData("1".into()),
        pair("a", "1"),
        pair("b", "2"),
        pair("a", "1"),
        Property::MessageExpiryInterval(60),
    ];
    let delayed = properties(own.iter().cloned().chain([Property::WillDelayInterval(1)]));
    let will = Will { properties: delayed, ..will("will", "gone") };
    let (client, _) = world.connect(with_will(V5, "mortal", [Property::SessionExpiryInterval(9)], will));
    world.cut(client);
    world.wait(1.0);
    assert_eq!(world.next_publish(watcher).properties, properties(own));
}

#[test]
fn an_invalid_will_topic_is_refused() {
    let mut world = World::new();
    for (version, topic) in [(V3, "a/#"), (V5, "+"), (V5, "")] {
        let client = world.open(version);
        world.send(client, Packet::Connect(Box::new(with_will(version, "x", None, will(topic, "")))));
        assert!(world.is_closed(client));
        assert!(
            !matches!(world.try_next(client), Some(Packet::Connack(connack)) if !connack.reason.is_error())
        );
    }
}
