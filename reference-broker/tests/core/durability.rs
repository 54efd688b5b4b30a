//! What outlives a crash of the broker.

use std::collections::BTreeMap;

use bytes::Bytes;
use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, ReasonCode, Version,
    packet::{Ack, Connect, Delivery, Publish, Subscription, Will},
};
use reference_broker::{Config, Rules, core::Restore};
use rstest::rstest;

use crate::world::*;

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5_0];

fn world() -> World {
    World::kept(Config::default())
}

fn at_qos(qos: QoS) -> Subscription {
    subscription("t", qos)
}

/// A client with a session that is kept, which has subscribed to `t`.
fn subscriber(world: &mut World, version: Version, qos: QoS) -> Client {
    let client = world.connect(resume(version, "subscriber")).0;
    world.subscribe(client, at_qos(qos));
    client
}

fn again(world: &mut World, version: Version) -> Client {
    let (client, connack) = world.connect(resume(version, "subscriber"));
    assert!(connack.session_present);
    client
}

#[rstest]
fn a_subscription_and_what_waits_for_it(#[values(0, 1)] version: usize) {
    let mut world = world();
    let version = VERSIONS[version];
    let client = subscriber(&mut world, version, QoS::ExactlyOnce);
    world.cut(client);
    let publisher = world.client(version, "publisher");
    for payload in ["1", "2", "3"] {
        world.publish(publisher, publish("t", payload, QoS::AtLeastOnce));
    }
    world.restart();
    let client = again(&mut world, version);
    assert_eq!(world.payloads(client), ["1", "2", "3"]);
    let publisher = world.client(version, "publisher");
    world.publish(publisher, publish("t", "4", QoS::ExactlyOnce));
    let last = world.next_publish(client);
    assert_eq!((&*last.payload, last.delivery.qos()), (&b"4"[..], QoS::ExactlyOnce));
}

#[test]
fn the_options_of_a_subscription() {
    let mut world = world();
    let client = world.connect(resume(Version::V5_0, "subscriber")).0;
    let asked = Subscription { no_local: true, retain_as_published: true, ..at_qos(QoS::AtLeastOnce) };
    let identifier = properties([Property::SubscriptionIdentifier(77)]);
    let packet = mqttspec_wire::packet::Subscribe { id: id(1), properties: identifier, filters: vec![asked] };
    world.send(client, Packet::Subscribe(packet));
    world.restart();
    let client = again(&mut world, Version::V5_0);
    let own = Publish { retain: true, ..publish("t", "own", QoS::AtLeastOnce) };
    world.publish(client, own.clone());
    world.expect_nothing(client);
    let other = world.client(Version::V5_0, "other");
    world.publish(other, own);
    let got = world.next_publish(client);
    assert!(got.retain);
    assert_eq!(got.properties.subscription_identifiers().collect::<Vec<_>>(), [77]);
}

/// The states of a message on its way to the client, and what is sent when the client comes back.
#[rstest]
fn an_exchange_goes_on_where_it_was(#[values(0, 1)] version: usize) {
    let version = VERSIONS[version];
    let mut world = world();
    let client = subscriber(&mut world, version, QoS::ExactlyOnce);
    let publisher = world.client(version, "publisher");
    for (payload, qos) in
        [("1", QoS::AtLeastOnce), ("2", QoS::ExactlyOnce), ("3", QoS::ExactlyOnce), ("4", QoS::ExactlyOnce)]
    {
        world.publish(publisher, publish("t", payload, qos));
    }
    let ids: Vec<PacketId> = (0..4).map(|_| world.next_publish(client).delivery.id().unwrap()).collect();
    world.send(client, Packet::Pubrec(Ack::success(ids[2])));
    world.send(client, Packet::Pubrec(Ack::success(ids[3])));
    world.send(client, Packet::Pubcomp(Ack::success(ids[3])));
    world.restart();
    let client = again(&mut world, version);
    assert_eq!(world.next(client), Packet::Pubrel(Ack::success(ids[2])));
    let first = world.next_publish(client).delivery;
    assert_eq!(first, Delivery::AtLeastOnce { id: ids[0], dup: true });
    let second = world.next_publish(client).delivery;
    assert_eq!(second, Delivery::ExactlyOnce { id: ids[1], dup: true });
    world.expect_nothing(client);
}

/// PUBREL packets come again in the order in which they were sent, whatever their identifiers.
#[test]
fn the_order_of_sending_is_kept() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::ExactlyOnce);
    let publisher = world.client(Version::V5_0, "publisher");
    for payload in ["1", "2", "3"] {
        world.publish(publisher, publish("t", payload, QoS::ExactlyOnce));
    }
    let ids: Vec<_> = (0..3).map(|_| world.next_publish(client).delivery.id().unwrap()).collect();
    for index in [2, 0, 1] {
        world.send(client, Packet::Pubrec(Ack::success(ids[index])));
    }
    world.restart();
    let client = again(&mut world, Version::V5_0);
    for index in [2, 0, 1] {
        assert_eq!(world.next(client), Packet::Pubrel(Ack::success(ids[index])));
    }
}

#[rstest]
fn a_message_that_was_passed_on_is_not_again(#[values(0, 1)] version: usize) {
    let version = VERSIONS[version];
    let mut world = world();
    let client = subscriber(&mut world, version, QoS::ExactlyOnce);
    let publisher = world.connect(resume(version, "publisher")).0;
    let message = publish("t", "once", QoS::ExactlyOnce);
    world.send(publisher, Packet::Publish(message.clone()));
    world.cut(client);
    world.restart();
    let publisher = world.connect(resume(version, "publisher")).0;
    world.publish(publisher, Publish { delivery: Delivery::ExactlyOnce { id: id(7), dup: true }, ..message });
    let client = again(&mut world, version);
    assert_eq!(world.payloads(client), ["once"]);
}

#[test]
fn retained_messages() {
    let mut world = world();
    let publisher = world.client(Version::V5_0, "publisher");
    let retained = |topic, payload| Publish { retain: true, ..publish(topic, payload, QoS::AtLeastOnce) };
    let all = [
        Property::MessageExpiryInterval(100),
        Property::PayloadFormatIndicator(1),
        Property::ContentType(text("text/plain")),
        Property::ResponseTopic(text("answers")),
        Property::CorrelationData(Bytes::from_static(&[0, 1, 255])),
        Property::UserProperty((text("a"), text("1"))),
        Property::UserProperty((text("a"), text("2"))),
    ];
    world.publish(publisher, retained("t/old", "old"));
    world.publish(publisher, retained("t/gone", "gone"));
    world.save();
    world.publish(publisher, retained("t/old", "new"));
    world.publish(publisher, retained("t/gone", ""));
    world.publish(publisher, Publish { properties: properties(all.clone()), ..retained("t/rich", "rich") });
    world.wait(30.0);
    world.restart();
    world.wait(30.0);
    let client = world.subscriber(Version::V5_0, "t/#", QoS::AtMostOnce);
    assert_eq!(&*world.next_publish(client).payload, b"new");
    let rich = world.next_publish(client);
    assert_eq!(rich.properties.message_expiry_interval(), Some(40));
    for property in &all[1..] {
        assert!(rich.properties.iter().any(|kept| kept == property), "{property:?}");
    }
    world.expect_nothing(client);
    world.wait(41.0);
    let late = world.subscriber(Version::V5_0, "t/rich", QoS::AtMostOnce);
    world.expect_nothing(late);
}

fn with_will(world: &mut World, expiry: u32, delay: u32) -> Client {
    let delay = properties([Property::WillDelayInterval(delay)]);
    let will = Will { qos: QoS::AtLeastOnce, properties: delay, ..will("t", "gone") };
    let expiry = properties([Property::SessionExpiryInterval(expiry)]);
    world.connect(Connect { will: Some(will), properties: expiry, ..connect(Version::V5_0, "mortal") }).0
}

/// A connection that is open counts as lost when the broker starts again.
#[rstest]
#[case::at_once(60, 0, 0.0)]
#[case::of_a_session_that_ends_with_it(0, 0, 0.0)]
#[case::of_a_session_that_ends_before_the_delay(5, 20, 5.0)]
#[case::after_its_delay(60, 20, 20.0)]
fn a_will_is_published_when_it_is_due(#[case] expiry: u32, #[case] delay: u32, #[case] due: f64) {
    let mut world = world();
    let subscriber = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    let mortal = with_will(&mut world, expiry, delay);
    world.ping(mortal);
    world.cut(subscriber);
    world.restart();
    let client = again(&mut world, Version::V5_0);
    if due > 0.0 {
        world.wait(due - 0.5);
        world.expect_nothing(client);
        world.wait(0.5);
    }
    assert_eq!(world.payloads(client), ["gone"]);
    // It is not published once more.
    world.restart();
    let client = again(&mut world, Version::V5_0);
    assert!(world.next_publish(client).delivery.dup());
    world.wait(30.0);
    world.expect_nothing(client);
}

/// A delay that had begun goes on, also while the broker is down.
#[test]
fn a_delayed_will_keeps_its_time() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    let mortal = with_will(&mut world, 60, 20);
    world.cut(mortal);
    world.cut(client);
    world.wait(10.0);
    world.restart();
    let client = again(&mut world, Version::V5_0);
    world.wait(9.5);
    world.expect_nothing(client);
    world.wait(1.0);
    assert_eq!(world.payloads(client), ["gone"]);
}

#[test]
fn a_client_that_is_back_has_no_will_to_fear() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    with_will(&mut world, 60, 20);
    world.cut(client);
    world.restart();
    world.connect(Connect { clean_start: false, ..resume(Version::V5_0, "mortal") });
    world.restart();
    let client = again(&mut world, Version::V5_0);
    world.wait(30.0);
    world.expect_nothing(client);
}

#[rstest]
#[case::before(59.0, true)]
#[case::after(61.0, false)]
fn a_session_ends_in_time(#[case] seconds: f64, #[case] is_present: bool) {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    world.cut(client);
    world.wait(30.0);
    world.restart();
    world.wait(seconds - 30.0);
    let (_, connack) = world.connect(resume(Version::V5_0, "subscriber"));
    assert_eq!(connack.session_present, is_present);
}

#[test]
fn nothing_is_saved_of_sessions_that_end_with_their_connection() {
    let mut world = world();
    let client = world.subscriber(Version::V5_0, "t", QoS::ExactlyOnce);
    let publisher = world.client(Version::V3_1_1, "publisher");
    world.publish(publisher, publish("t", "x", QoS::ExactlyOnce));
    assert_eq!(world.payloads(client), ["x"]);
    world.save();
    assert_eq!(world.records, BTreeMap::new());
}

/// A session that was kept and is resumed as one that ends with its connection.
#[test]
fn nothing_is_left_of_a_session_that_is_no_longer_kept() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::ExactlyOnce);
    let publisher = world.client(Version::V5_0, "publisher");
    world.publish(publisher, publish("t", "x", QoS::ExactlyOnce));
    world.cut(client);
    world.save();
    assert!(world.records.len() >= 4, "{:?}", world.records);
    let brief = Connect { properties: Properties::new(), ..resume(Version::V5_0, "subscriber") };
    let client = world.connect(brief).0;
    assert_eq!(world.payloads(client), ["x"]);
    world.restart();
    world.save();
    // Only the time is left.
    assert_eq!(world.records.keys().collect::<Vec<_>>(), [&[0]]);
    let (_, connack) = world.connect(resume(Version::V5_0, "subscriber"));
    assert!(!connack.session_present);
}

/// The payload is there once, and not a moment longer than it is needed.
#[test]
fn a_message_is_saved_once_for_all_its_receivers() {
    let mut world = world();
    let payload = "payload".repeat(1_000);
    let clients: Vec<_> = (0..20).map(|n| world.connect(resume(Version::V5_0, &format!("c{n}"))).0).collect();
    for client in &clients {
        world.subscribe(*client, at_qos(QoS::AtLeastOnce));
    }
    let publisher = world.client(Version::V5_0, "publisher");
    world.publish(publisher, Publish { retain: true, ..publish("t", &payload, QoS::AtLeastOnce) });
    world.save();
    let size = |world: &World| world.records.values().map(Vec::len).sum::<usize>();
    assert!((payload.len()..2 * payload.len()).contains(&size(&world)), "{}", size(&world));
    world.restart();
    for n in 0..20 {
        let client = world.connect(resume(Version::V5_0, &format!("c{n}"))).0;
        let id = world.next_publish(client).delivery.id().unwrap();
        world.send(client, Packet::Puback(Ack::success(id)));
    }
    world.save();
    assert!(size(&world) > payload.len());
    let publisher = world.client(Version::V5_0, "publisher");
    world.publish(publisher, Publish { retain: true, ..publish("t", "", QoS::AtLeastOnce) });
    world.save();
    assert!(size(&world) < payload.len() + 20 * 100, "the subscribers have got an empty message");
}

/// What is both sent and acknowledged before it is saved leaves nothing.
#[test]
fn what_comes_and_goes_is_not_saved() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    world.save();
    let before = world.records.clone();
    let publisher = world.client(Version::V5_0, "publisher");
    world.publish(publisher, publish("t", "x", QoS::AtLeastOnce));
    let id = world.next_publish(client).delivery.id().unwrap();
    world.send(client, Packet::Puback(Ack::success(id)));
    world.save();
    assert_eq!(world.records, before);
}

/// `$share/` is a prefix like any other under MQTT 3.1.1, also after a restart.
#[rstest]
#[case(Version::V3_1_1, 2)]
#[case(Version::V5_0, 1)]
fn shared_subscriptions(#[case] version: Version, #[case] expected: usize) {
    let mut world = world();
    for name in ["a", "b"] {
        let client = world.connect(resume(version, name)).0;
        world.subscribe(client, subscription("$share/g/t", QoS::AtLeastOnce));
    }
    world.restart();
    let publisher = world.client(Version::V5_0, "publisher");
    let topic = if version == Version::V3_1_1 { "$share/g/t" } else { "t" };
    world.publish(publisher, publish(topic, "x", QoS::AtLeastOnce));
    let mut count = 0;
    for name in ["a", "b"] {
        let client = world.connect(resume(version, name)).0;
        count += world.payloads(client).len();
    }
    assert_eq!(count, expected);
}

#[test]
fn a_broker_that_is_asked_to_end_forgets_nothing() {
    let mut world = world();
    let client = subscriber(&mut world, Version::V5_0, QoS::AtLeastOnce);
    with_will(&mut world, 0, 0);
    world.save();
    world.shut_down();
    world.expect_closed(client, ReasonCode::SERVER_SHUTTING_DOWN);
    world.restart();
    let client = again(&mut world, Version::V5_0);
    assert_eq!(world.payloads(client), ["gone"]);
}

#[rstest]
#[case::unknown_kind(&[9], &[], "the record 09 is broken: its kind is not known")]
#[case::no_kind(&[], &[], "the record  is broken: it is too short")]
#[case::no_session(&[3, 0, 0, 0, 0, 0, 0, 0, 1, b't'], &[0, 1, 0, 0, 0, 0, 0, 0, b't'],
    "the record 03000000000000000174 is broken: its session is missing")]
#[case::no_message(&[7, b't'], &[0, 0, 0, 0, 0, 0, 0, 1], "the record 0774 is broken: its message is missing")]
#[case::no_publish(&[1, 0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xC0, 0],
    "the record 010000000000000001 is broken: it holds no PUBLISH")]
#[case::no_connect(&[2, 0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 0xC0, 0],
    "the record 020000000000000001 is broken: it holds no CONNECT")]
#[case::long(&[0], &[0; 9], "the record 00 is broken: it is too long")]
fn broken_records(#[case] key: &[u8], #[case] value: &'static [u8], #[case] expected: &str) {
    let mut restore = Restore::new(Config::default(), Rules::all());
    let broken = restore.record(key, Bytes::from_static(value)).unwrap_err();
    assert_eq!(broken.to_string(), expected);
}
