//! SUBSCRIBE, UNSUBSCRIBE, matching and Shared Subscriptions.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Ack, Connect, Subscribe, Subscription},
};
use reference_broker::Config;
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

fn numbered(packet_id: u16, number: u32, filters: &[(&str, QoS)]) -> Packet {
    let filters = filters.iter().map(|(filter, qos)| subscription(filter, *qos)).collect();
    Packet::Subscribe(Subscribe {
        id: id(packet_id),
        properties: properties([Property::SubscriptionIdentifier(number)]),
        filters,
    })
}

#[rstest]
fn one_code_for_each_filter(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.client(version, "a");
    let filters = ["a", "b#", "c", "d+", "e"];
    let asked = filters.iter().zip([2, 2, 0, 1, 1]).map(|(filter, qos)| subscription(filter, QoS::ALL[qos]));
    world.send(client, subscribe(0x1234, asked.collect()));
    let Packet::Suback(suback) = world.next(client) else { panic!() };
    let bad = if version == V3 { 0x80 } else { 0x8F };
    assert_eq!(suback.id, id(0x1234));
    assert_eq!(suback.reasons, [2, bad, 0, bad, 1].map(ReasonCode));
}

#[rstest]
#[case(V3, subscribe(1, vec![subscription("", QoS::AtMostOnce)]))]
#[case(V5, subscribe(1, vec![subscription("", QoS::AtMostOnce)]))]
#[case(V3, unsubscribe(1, &[""]))]
#[case(V5, unsubscribe(1, &[""]))]
fn an_empty_filter_closes(#[case] version: Version, #[case] packet: Packet) {
    let mut world = World::new();
    let client = world.client(version, "a");
    world.send(client, packet);
    world.expect_closed(client, ReasonCode::TOPIC_FILTER_INVALID);
}

#[rstest]
fn unsubscribing(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.client(version, "a");
    for filter in ["a/+", "a/b", "c"] {
        world.subscribe(client, subscription(filter, QoS::AtMostOnce));
    }
    world.send(client, unsubscribe(9, &["a/+", "a/#", "C", "c"]));
    let Packet::Unsuback(unsuback) = world.next(client) else { panic!() };
    let codes = if version == V3 { vec![] } else { [0, 0x11, 0x11, 0].map(ReasonCode).to_vec() };
    assert_eq!((unsuback.id, unsuback.reasons), (id(9), codes));
    for topic in ["a/b", "a/c", "c"] {
        world.publish(client, publish(topic, topic, QoS::AtMostOnce));
    }
    assert_eq!(world.payloads(client), ["a/b"]);
}

#[test]
fn what_was_sent_is_finished_after_unsubscribing() {
    let mut world = World::new();
    let client = world.subscriber(V5, "t", QoS::ExactlyOnce);
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("t", "x", QoS::ExactlyOnce));
    let sent = world.next_publish(client).delivery.id().unwrap();
    world.send(client, unsubscribe(1, &["t"]));
    assert!(matches!(world.next(client), Packet::Unsuback(_)));
    world.send(client, Packet::Pubrec(Ack::success(sent)));
    assert_eq!(world.next(client), Packet::Pubrel(Ack::success(sent)));
}

#[rstest]
fn overlapping_subscriptions_bring_one_copy(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.client(version, "a");
    for (filter, qos) in [("a/#", 0), ("a/+", 2), ("a/b", 1)] {
        world.subscribe(client, subscription(filter, QoS::ALL[qos]));
    }
    let publisher = world.client(version, "p");
    world.publish(publisher, publish("a/b", "x", QoS::ExactlyOnce));
    assert_eq!(world.next_publish(client).delivery.qos(), QoS::ExactlyOnce);
    world.expect_nothing(client);
}

#[test]
fn subscription_identifiers() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    let numbers = |world: &mut World| {
        world.publish(client, publish("a/b", "", QoS::AtMostOnce));
        let mut numbers: Vec<_> = world.next_publish(client).properties.subscription_identifiers().collect();
        numbers.sort_unstable();
        numbers
    };
    world.send(client, numbered(1, 10, &[("a/#", QoS::AtMostOnce), ("x", QoS::AtMostOnce)]));
    world.send(client, numbered(2, 268_435_455, &[("a/+", QoS::AtMostOnce)]));
    world.send(client, subscribe(3, vec![subscription("a/b", QoS::AtMostOnce)]));
    world.bytes(client);
    assert_eq!(numbers(&mut world), [10, 268_435_455]);
    world.subscribe(client, subscription("a/#", QoS::AtMostOnce));
    assert_eq!(numbers(&mut world), [268_435_455]);
    world.publish(
        client,
        mqttspec_wire::packet::Publish { retain: true, ..publish("r", "", QoS::AtMostOnce) },
    );
    world.publish(
        client,
        mqttspec_wire::packet::Publish { retain: true, ..publish("r", "x", QoS::AtMostOnce) },
    );
    world.send(client, numbered(4, 7, &[("r", QoS::AtMostOnce)]));
    assert!(matches!(world.next(client), Packet::Suback(_)));
    let got = world.next_publish(client);
    assert_eq!(got.properties.subscription_identifiers().collect::<Vec<_>>(), [7]);
}

#[test]
fn no_local() {
    let mut world = World::new();
    let (client, other) = (world.client(V5, "a"), world.client(V5, "b"));
    world.subscribe(client, Subscription { no_local: true, ..subscription("t", QoS::AtMostOnce) });
    world.publish(client, publish("t", "own", QoS::AtMostOnce));
    world.publish(other, publish("t", "other's", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["other's"]);
    world.subscribe(client, subscription("#", QoS::AtMostOnce));
    world.publish(client, publish("t", "by the other filter", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["by the other filter"]);
}

#[test]
fn no_local_is_not_shared() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    let asked = Subscription { no_local: true, ..subscription("$share/g/t", QoS::AtMostOnce) };
    world.send(client, subscribe(1, vec![asked]));
    world.expect_closed(client, ReasonCode::PROTOCOL_ERROR);
}

#[rstest]
#[case("#", "$test/x", false)]
#[case("+/x", "$test/x", false)]
#[case("$test/#", "$test/x", true)]
#[case("caf\u{e9}", "cafe\u{301}", false)]
#[case("a", "\u{feff}a", false)]
#[case("\u{feff}a", "\u{feff}a", true)]
#[case("/", "/", true)]
#[case("a", "a/", false)]
fn matching(#[case] filter: &str, #[case] topic: &str, #[case] expected: bool) {
    for version in Version::ALL {
        let mut world = World::new();
        let client = world.subscriber(version, filter, QoS::AtMostOnce);
        world.publish(client, publish(topic, topic, QoS::AtMostOnce));
        assert_eq!(world.payloads(client), vec![topic; usize::from(expected)]);
    }
}

#[test]
fn many_levels() {
    let mut world = World::new();
    let topic = "/".repeat(30_000);
    let client = world.subscriber(V5, &topic, QoS::AtMostOnce);
    world.publish(client, publish(&topic, "deep", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["deep"]);
}

#[rstest]
#[case(Config { wildcard_subscriptions: false, ..Config::default() }, 0xA2, subscribe(1, vec![subscription("a/+", QoS::AtMostOnce)]))]
#[case(Config { shared_subscriptions: false, ..Config::default() }, 0x9E, subscribe(1, vec![subscription("$share/g/t", QoS::AtMostOnce)]))]
#[case(Config { subscription_identifiers: false, ..Config::default() }, 0xA1, numbered(1, 1, &[("t", QoS::AtMostOnce)]))]
fn features_that_are_missing(#[case] config: Config, #[case] reason: u8, #[case] packet: Packet) {
    let mut world = World::with(config);
    let client = world.client(V5, "a");
    world.send(client, packet);
    world.expect_closed(client, ReasonCode(reason));
}

#[test]
fn a_lower_maximum_qos_still_lets_clients_subscribe() {
    let mut world = World::with(Config { maximum_qos: QoS::AtMostOnce, ..Config::default() });
    let (client, connack) = world.connect(connect(V5, "a"));
    assert_eq!(connack.properties.maximum_qos(), Some(0));
    assert!(!world.subscribe(client, subscription("t", QoS::ExactlyOnce)).is_error());
}

#[test]
fn a_shared_subscription_delivers_once() {
    let mut world = World::new();
    let members: Vec<_> = (0..3).map(|_| world.subscriber(V5, "$share/g/t", QoS::AtMostOnce)).collect();
    let other = world.subscriber(V5, "$share/h/t", QoS::AtMostOnce);
    let wide = world.subscriber(V5, "$share/g/#", QoS::AtMostOnce);
    let plain = world.subscriber(V5, "t", QoS::AtMostOnce);
    for _ in 0..6 {
        world.publish(plain, publish("t", "x", QoS::AtMostOnce));
    }
    for member in members {
        assert_eq!(world.payloads(member).len(), 2);
    }
    for client in [other, wide, plain] {
        assert_eq!(world.payloads(client).len(), 6);
    }
}

#[test]
fn a_member_of_a_shared_subscription_joins_once_and_leaves() {
    let mut world = World::new();
    let (a, b) = (world.client(V5, "a"), world.client(V5, "b"));
    let publish_four = |world: &mut World| {
        for _ in 0..4 {
            world.publish(b, publish("t", "x", QoS::AtMostOnce));
        }
        [a, b].map(|client| world.payloads(client).len())
    };
    for client in [a, a, b] {
        world.subscribe(client, subscription("$share/g/t", QoS::AtMostOnce));
    }
    assert_eq!(publish_four(&mut world), [2, 2]);
    world.send(a, unsubscribe(1, &["t"]));
    assert!(matches!(world.next(a), Packet::Unsuback(unsuback) if unsuback.reasons == [ReasonCode(0x11)]));
    world.send(a, unsubscribe(1, &["$share/g/t"]));
    assert!(matches!(world.next(a), Packet::Unsuback(unsuback) if unsuback.reasons == [ReasonCode(0)]));
    assert_eq!(publish_four(&mut world), [0, 4]);
}

#[rstest]
#[case::kept(60, QoS::ExactlyOnce, 0)]
#[case::qos_2_ended(0, QoS::ExactlyOnce, 0)]
#[case::qos_1_ended(0, QoS::AtLeastOnce, 1)]
fn a_member_that_is_lost(#[case] expiry: u32, #[case] qos: QoS, #[case] moved: usize) {
    let mut world = World::new();
    let asked = properties([Property::SessionExpiryInterval(expiry)]);
    let member = || Connect { properties: asked.clone(), ..connect(V5, "m") };
    let (first, _) = world.connect(member());
    world.subscribe(first, subscription("$share/g/t", qos));
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("t", "x", qos));
    assert_eq!(world.payloads(first), ["x"]);
    let second = world.subscriber(V5, "$share/g/t", qos);
    world.cut(first);
    assert_eq!(world.payloads(second).len(), moved);
    let (first, _) = world.connect(Connect { clean_start: false, ..member() });
    assert_eq!(world.payloads(first).len(), usize::from(expiry > 0));
}

#[test]
fn a_refused_message_is_not_given_to_another_member() {
    let mut world = World::new();
    let members: Vec<_> = (0..2).map(|_| world.subscriber(V5, "$share/g/t", QoS::AtLeastOnce)).collect();
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("t", "x", QoS::AtLeastOnce));
    let sent = world.next_publish(members[0]).delivery.id().unwrap();
    world.send(
        members[0],
        Packet::Puback(Ack { reason: ReasonCode::UNSPECIFIED_ERROR, ..Ack::success(sent) }),
    );
    world.expect_nothing(members[0]);
    world.expect_nothing(members[1]);
}

#[test]
fn a_shared_subscription_brings_no_retained_messages() {
    let mut world = World::new();
    let publisher = world.client(V5, "p");
    world.publish(
        publisher,
        mqttspec_wire::packet::Publish { retain: true, ..publish("t", "x", QoS::AtLeastOnce) },
    );
    let member = world.subscriber(V5, "$share/g/t", QoS::AtLeastOnce);
    world.expect_nothing(member);
}

#[rstest]
#[case("$share//t")]
#[case("$share/g")]
#[case("$share/g/")]
#[case("$share/g+/t")]
fn share_names(#[case] filter: &str) {
    let mut world = World::new();
    let client = world.client(V5, "a");
    assert_eq!(
        world.subscribe(client, subscription(filter, QoS::AtMostOnce)),
        ReasonCode::TOPIC_FILTER_INVALID
    );
}

/// Only MQTT 5.0 knows shared subscriptions, and a session may go on under the other version.
#[test]
fn a_filter_that_is_read_differently_leaves_nothing_behind() {
    let mut world = World::new();
    for version in [V5, V3] {
        let (client, _) = world.connect(resume(version, "a"));
        world.subscribe(client, subscription("$share/g/#", QoS::AtMostOnce));
    }
    let client = world.client(V5, "a");
    world.cut(client);
    // The new session may take the place of the one that is gone.
    let other = world.client(V3, "b");
    world.publish(other, publish("x", "", QoS::AtMostOnce));
    world.expect_nothing(other);
}

/// A message whose time is over is not given to another member.
#[test]
fn what_has_expired_does_not_move() {
    let mut world = World::new();
    let (first, _) = world.connect(Connect {
        properties: properties([Property::SessionExpiryInterval(5)]),
        ..connect(V5, "m")
    });
    world.subscribe(first, subscription("$share/g/t", QoS::AtLeastOnce));
    world.cut(first);
    let publisher = world.client(V5, "p");
    for seconds in [2, 60] {
        let properties = properties([Property::MessageExpiryInterval(seconds)]);
        let message = publish("t", &seconds.to_string(), QoS::AtLeastOnce);
        world.publish(publisher, mqttspec_wire::packet::Publish { properties, ..message });
    }
    let second = world.subscriber(V5, "$share/g/t", QoS::AtLeastOnce);
    world.wait(6.0);
    assert_eq!(world.payloads(second), ["60"]);
}
