//! Messages from clients and to clients.

use bytes::Bytes;
use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Ack, Connect, Delivery, Publish},
};
use reference_broker::Config;
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;
const QOS: [QoS; 3] = QoS::ALL;

#[rstest]
fn the_lower_qos_is_delivered(#[values(V3, V5)] version: Version, #[values(0, 1, 2)] sent: usize) {
    for granted in QOS {
        let mut world = World::new();
        let subscriber = world.subscriber(version, "t", granted);
        let publisher = world.client(version, "publisher");
        world.publish(publisher, publish("t", "x", QOS[sent]));
        let got = world.next_publish(subscriber);
        assert_eq!((got.delivery.qos(), got.delivery.dup()), (granted.min(QOS[sent]), false));
        assert_eq!(got.payload, "x");
        world.expect_nothing(subscriber);
    }
}

#[rstest]
fn messages_cross_the_versions(#[values(V3, V5)] from: Version, #[values(V3, V5)] to: Version) {
    let mut world = World::new();
    let subscriber = world.subscriber(to, "a/+", QoS::AtMostOnce);
    let publisher = world.client(from, "publisher");
    let mut message = publish("a/b", "x", QoS::AtMostOnce);
    message.properties.push(Property::ContentType(text("plain")));
    world.publish(publisher, message);
    let got = world.next_publish(subscriber);
    assert_eq!((got.topic, got.payload), (text("a/b"), Bytes::from("x")));
    let content = (from == V5 && to == V5).then(|| text("plain"));
    assert_eq!(got.properties.content_type(), content);
}

#[rstest]
fn acknowledgements_echo_identifiers(
    #[values(V3, V5)] version: Version,
    #[values(1, 0xFF, 0xFF00)] packet_id: u16,
) {
    let mut world = World::new();
    let client = world.subscriber(version, "t", QoS::AtMostOnce);
    let id = id(packet_id);
    let once =
        Publish { delivery: Delivery::AtLeastOnce { id, dup: false }, ..publish("t", "1", QoS::AtMostOnce) };
    world.send(client, Packet::Publish(once));
    world.next_publish(client);
    assert_eq!(world.next(client), Packet::Puback(Ack::success(id)));
    let twice =
        Publish { delivery: Delivery::ExactlyOnce { id, dup: false }, ..publish("t", "2", QoS::AtMostOnce) };
    world.send(client, Packet::Publish(twice));
    world.next_publish(client);
    assert_eq!(world.next(client), Packet::Pubrec(Ack::success(id)));
    world.send(client, Packet::Pubrel(Ack::success(id)));
    assert_eq!(world.next(client), Packet::Pubcomp(Ack::success(id)));
}

#[rstest]
fn a_qos_2_message_is_passed_on_once(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let subscriber = world.subscriber(version, "t", QoS::AtMostOnce);
    let (publisher, _) = world.connect(resume(version, "publisher"));
    let message = publish("t", "x", QoS::ExactlyOnce);
    world.send(publisher, Packet::Publish(message.clone()));
    let again = Publish { delivery: Delivery::ExactlyOnce { id: id(7), dup: true }, ..message.clone() };
    world.send(publisher, Packet::Publish(again.clone()));
    world.cut(publisher);
    let (publisher, _) = world.connect(resume(version, "publisher"));
    world.send(publisher, Packet::Publish(again));
    assert_eq!(world.next(publisher), Packet::Pubrec(Ack::success(id(7))));
    assert_eq!(world.payloads(subscriber), ["x"]);
    world.send(publisher, Packet::Pubrel(Ack::success(id(7))));
    assert_eq!(world.next(publisher), Packet::Pubcomp(Ack::success(id(7))));
    world.publish(publisher, message);
    assert_eq!(world.payloads(subscriber), ["x"]);
}

#[test]
fn after_puback_an_identifier_is_new_whatever_dup_says() {
    let mut world = World::new();
    let client = world.subscriber(V5, "t", QoS::AtMostOnce);
    for dup in [false, false, true] {
        let delivery = Delivery::AtLeastOnce { id: id(5), dup };
        world.send(client, Packet::Publish(Publish { delivery, ..publish("t", "x", QoS::AtMostOnce) }));
        assert_eq!(world.next_publish(client).payload, "x");
        assert!(matches!(world.next(client), Packet::Puback(_)));
    }
}

#[test]
fn unknown_identifiers() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    world.send(client, Packet::Pubrel(Ack::success(id(9))));
    let Packet::Pubcomp(ack) = world.next(client) else { panic!() };
    assert_eq!((ack.id, ack.reason), (id(9), ReasonCode::PACKET_IDENTIFIER_NOT_FOUND));
    world.send(client, Packet::Pubrec(Ack::success(id(9))));
    let Packet::Pubrel(ack) = world.next(client) else { panic!() };
    assert_eq!((ack.id, ack.reason), (id(9), ReasonCode::PACKET_IDENTIFIER_NOT_FOUND));
    world.send(client, Packet::Puback(Ack::success(id(9))));
    world.send(client, Packet::Pubcomp(Ack::success(id(9))));
    // Nothing is released that was refused.
    let refusal = Ack { reason: ReasonCode::QUOTA_EXCEEDED, ..Ack::success(id(9)) };
    world.send(client, Packet::Pubrec(refusal));
    world.expect_nothing(client);
}

#[test]
fn nobody_has_subscribed() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    world.send(client, Packet::Publish(publish("t", "x", QoS::AtLeastOnce)));
    let Packet::Puback(ack) = world.next(client) else { panic!() };
    assert_eq!(ack.reason, ReasonCode::NO_MATCHING_SUBSCRIBERS);
    assert!(ack.properties.reason_string().is_some());
    let asked = properties([Property::RequestProblemInformation(0)]);
    let (client, _) = world.connect(Connect { properties: asked, ..connect(V5, "b") });
    world.send(client, Packet::Publish(publish("t", "x", QoS::ExactlyOnce)));
    let Packet::Pubrec(ack) = world.next(client) else { panic!() };
    assert_eq!((ack.reason, ack.properties.is_empty()), (ReasonCode::NO_MATCHING_SUBSCRIBERS, true));
}

#[rstest]
fn unacknowledged_packets_are_sent_again_on_resume(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let (subscriber, _) = world.connect(resume(version, "s"));
    world.subscribe(subscriber, subscription("#", QoS::ExactlyOnce));
    let publisher = world.client(version, "p");
    for (payload, qos) in [("1", 1), ("2", 2), ("3", 2), ("4", 1)] {
        world.publish(publisher, publish("t", payload, QOS[qos]));
    }
    let first: Vec<_> = (0..4).map(|_| world.next_publish(subscriber)).collect();
    let ids: Vec<_> = first.iter().map(|publish| publish.delivery.id().unwrap()).collect();
    world.send(subscriber, Packet::Pubrec(Ack::success(ids[1])));
    assert_eq!(world.next(subscriber), Packet::Pubrel(Ack::success(ids[1])));
    world.send(subscriber, Packet::Puback(Ack::success(ids[3])));
    world.wait(100.0);
    world.expect_nothing(subscriber);
    for _ in 0..2 {
        world.cut(subscriber);
        let (subscriber, _) = world.connect(resume(version, "s"));
        assert_eq!(world.next(subscriber), Packet::Pubrel(Ack::success(ids[1])));
        for index in [0, 2] {
            let again = world.next_publish(subscriber);
            assert_eq!(again.payload, first[index].payload);
            assert_eq!((again.delivery.id(), again.delivery.dup()), (Some(ids[index]), true));
        }
        world.expect_nothing(subscriber);
        world.cut(subscriber);
    }
    let (subscriber, _) = world.connect(resume(version, "s"));
    world.bytes(subscriber);
    world.send(subscriber, Packet::Pubcomp(Ack::success(ids[1])));
    world.send(subscriber, Packet::Puback(Ack::success(ids[0])));
    world.send(subscriber, Packet::Pubrec(Ack::success(ids[2])));
    world.send(subscriber, Packet::Pubcomp(Ack::success(ids[2])));
    world.cut(subscriber);
    let (subscriber, _) = world.connect(resume(version, "s"));
    world.expect_nothing(subscriber);
}

#[test]
fn refusals_acknowledge() {
    let mut world = World::new();
    let (subscriber, _) = world.connect(resume(V5, "s"));
    world.subscribe(subscriber, subscription("#", QoS::ExactlyOnce));
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("t", "1", QoS::AtLeastOnce));
    world.publish(publisher, publish("t", "2", QoS::ExactlyOnce));
    let refused = |publish: &Publish| Ack {
        reason: ReasonCode::QUOTA_EXCEEDED,
        ..Ack::success(publish.delivery.id().unwrap())
    };
    let (one, two) = (world.next_publish(subscriber), world.next_publish(subscriber));
    world.send(subscriber, Packet::Puback(refused(&one)));
    world.send(subscriber, Packet::Pubrec(refused(&two)));
    world.expect_nothing(subscriber);
    world.cut(subscriber);
    let (subscriber, _) = world.connect(resume(V5, "s"));
    world.expect_nothing(subscriber);
}

#[test]
fn the_receive_maximum_of_the_client_holds() {
    let mut world = World::new();
    let limited = |maximum| Connect {
        properties: properties([Property::ReceiveMaximum(maximum), Property::SessionExpiryInterval(60)]),
        ..resume(V5, "s")
    };
    let (subscriber, _) = world.connect(limited(2));
    world.subscribe(subscriber, subscription("#", QoS::ExactlyOnce));
    let publisher = world.client(V5, "p");
    for payload in 1..=6 {
        world.publish(publisher, publish("t", &payload.to_string(), QoS::ExactlyOnce));
    }
    let (one, two) = (world.next_publish(subscriber), world.next_publish(subscriber));
    world.ping(subscriber);
    let one = one.delivery.id().unwrap();
    world.send(subscriber, Packet::Puback(Ack::success(id(999))));
    world.send(subscriber, Packet::Pubrec(Ack::success(one)));
    assert_eq!(world.next(subscriber), Packet::Pubrel(Ack::success(one)));
    world.expect_nothing(subscriber);
    world.send(subscriber, Packet::Pubcomp(Ack::success(one)));
    assert_eq!(world.payloads(subscriber), ["3"]);
    let refused = Ack { reason: ReasonCode::UNSPECIFIED_ERROR, ..Ack::success(two.delivery.id().unwrap()) };
    world.send(subscriber, Packet::Pubrec(refused));
    assert_eq!(world.payloads(subscriber), ["4"]);
    world.publish(publisher, publish("t", "at once", QoS::AtMostOnce));
    assert_eq!(world.payloads(subscriber), ["at once"]);
    world.cut(subscriber);
    let (subscriber, _) = world.connect(limited(3));
    assert_eq!(world.payloads(subscriber), ["3", "4", "5"]);
    world.cut(subscriber);
    let (subscriber, _) = world.connect(limited(1));
    assert_eq!(world.payloads(subscriber), ["3"]);
}

#[test]
fn the_receive_maximum_of_the_server_holds() {
    let mut world = World::with(Config { receive_maximum: 2, ..Config::default() });
    let client = world.client(V5, "a");
    let send = |world: &mut World, packet_id| {
        let delivery = Delivery::ExactlyOnce { id: id(packet_id), dup: false };
        world.send(client, Packet::Publish(Publish { delivery, ..publish("t", "", QoS::AtMostOnce) }));
    };
    send(&mut world, 1);
    send(&mut world, 2);
    send(&mut world, 2);
    world.bytes(client);
    world.send(client, Packet::Pubrel(Ack::success(id(1))));
    send(&mut world, 3);
    world.bytes(client);
    send(&mut world, 4);
    world.expect_closed(client, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
}

#[test]
fn too_large_messages_count_as_delivered() {
    let mut world = World::new();
    let asked = properties([
        Property::ReceiveMaximum(1),
        Property::MaximumPacketSize(30),
        Property::SessionExpiryInterval(60),
    ]);
    let (subscriber, _) = world.connect(Connect { properties: asked, ..resume(V5, "s") });
    world.subscribe(subscriber, subscription("#", QoS::AtLeastOnce));
    world.bytes(subscriber);
    let publisher = world.client(V5, "p");
    // 1 + 1 + 2 + 1 + 2 + 1 bytes surround the payload.
    for size in [23, 22] {
        world.publish(publisher, publish("t", &"x".repeat(size), QoS::AtLeastOnce));
    }
    assert_eq!(world.bytes(subscriber).len(), 30);
    world.cut(subscriber);
    let (subscriber, _) = world.connect(resume(V5, "s"));
    assert_eq!(world.payloads(subscriber), ["x".repeat(22)]);
}

#[rstest]
#[case::too_large(Config { maximum_packet_size: 17, ..Config::default() }, ReasonCode::PACKET_TOO_LARGE)]
#[case::retain(Config { retain: false, ..Config::default() }, ReasonCode::RETAIN_NOT_SUPPORTED)]
#[case::qos(Config { maximum_qos: QoS::AtMostOnce, ..Config::default() }, ReasonCode::QOS_NOT_SUPPORTED)]
fn limits_of_the_server(#[case] config: Config, #[case] reason: ReasonCode) {
    let mut world = World::with(config);
    let client = world.client(V5, "a");
    let message = Publish { retain: true, ..publish("t", "0123456789", QoS::AtLeastOnce) };
    world.send(client, Packet::Publish(message));
    world.expect_closed(client, reason);
}

#[test]
fn expiry_counts_the_wait() {
    let mut world = World::new();
    let (subscriber, _) = world.connect(resume(V5, "s"));
    world.subscribe(subscriber, subscription("#", QoS::AtLeastOnce));
    world.cut(subscriber);
    let publisher = world.client(V5, "p");
    for (payload, expiry) in [("short", Some(2)), ("long", Some(30)), ("forever", None)] {
        let properties = properties(expiry.map(Property::MessageExpiryInterval));
        world.publish(publisher, Publish { properties, ..publish("t", payload, QoS::AtLeastOnce) });
    }
    world.wait(3.5);
    let (subscriber, _) = world.connect(resume(V5, "s"));
    let (long, forever) = (world.next_publish(subscriber), world.next_publish(subscriber));
    assert_eq!((&long.payload[..], long.properties.message_expiry_interval()), (&b"long"[..], Some(27)));
    assert_eq!((&forever.payload[..], forever.properties.message_expiry_interval()), (&b"forever"[..], None));
    world.expect_nothing(subscriber);
}

#[test]
fn a_sent_message_does_not_expire() {
    let mut world = World::new();
    let (subscriber, _) = world.connect(resume(V5, "s"));
    world.subscribe(subscriber, subscription("#", QoS::ExactlyOnce));
    let publisher = world.client(V5, "p");
    let expiring = properties([Property::MessageExpiryInterval(1)]);
    world.publish(publisher, Publish { properties: expiring, ..publish("t", "x", QoS::ExactlyOnce) });
    world.wait(3.0);
    world.cut(subscriber);
    let (subscriber, _) = world.connect(resume(V5, "s"));
    assert_eq!(world.payloads(subscriber), ["x"]);
}

#[test]
fn topic_aliases() {
    let mut world = World::new();
    let subscriber = world.subscriber(V5, "#", QoS::AtMostOnce);
    let (publisher, _) = world.connect(resume(V5, "p"));
    let aliased = |topic: &str, alias| Publish {
        properties: properties([Property::TopicAlias(alias)]),
        ..publish(topic, "", QoS::AtMostOnce)
    };
    for (topic, alias, expected) in
        [("a", 1, "a"), ("", 1, "a"), ("b", 16, "b"), ("c", 1, "c"), ("", 1, "c"), ("", 16, "b")]
    {
        world.publish(publisher, aliased(topic, alias));
        let got = world.next_publish(subscriber);
        assert_eq!((got.topic, got.properties.is_empty()), (text(expected), true));
    }
    world.cut(publisher);
    let (publisher, _) = world.connect(resume(V5, "p"));
    world.publish(publisher, aliased("", 1));
    world.expect_closed(publisher, ReasonCode::PROTOCOL_ERROR);
    let (publisher, _) = world.connect(resume(V5, "p"));
    world.publish(publisher, aliased("a", 17));
    world.expect_closed(publisher, ReasonCode::TOPIC_ALIAS_INVALID);
    world.expect_nothing(subscriber);
}

#[rstest]
#[case("a/#", V3)]
#[case("a+b", V5)]
#[case("", V3)]
fn invalid_topic_names_close(#[case] topic: &str, #[case] version: Version) {
    let mut world = World::new();
    let subscriber = world.subscriber(version, "#", QoS::AtMostOnce);
    let publisher = world.client(version, "p");
    world.send(publisher, Packet::Publish(publish(topic, "x", QoS::AtLeastOnce)));
    world.expect_closed(publisher, ReasonCode::TOPIC_NAME_INVALID);
    world.expect_nothing(subscriber);
}

/// A message that was not accepted comes when it is sent again.
#[test]
fn what_was_beyond_the_receive_maximum_is_not_lost() {
    let mut world = World::with(Config { receive_maximum: 1, ..Config::default() });
    let subscriber = world.subscriber(V5, "t", QoS::AtMostOnce);
    let (publisher, _) = world.connect(resume(V5, "p"));
    let message = |number: u16, dup| Publish {
        delivery: Delivery::ExactlyOnce { id: id(number), dup },
        ..publish("t", &number.to_string(), QoS::AtMostOnce)
    };
    for number in [1, 2] {
        world.send(publisher, Packet::Publish(message(number, false)));
    }
    assert!(matches!(world.next(publisher), Packet::Pubrec(_)));
    world.expect_closed(publisher, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
    let (publisher, _) = world.connect(resume(V5, "p"));
    world.send(publisher, Packet::Pubrel(Ack::success(id(1))));
    assert!(matches!(world.next(publisher), Packet::Pubcomp(_)));
    world.publish(publisher, message(2, true));
    assert_eq!(world.payloads(subscriber), ["1", "2"]);
}
