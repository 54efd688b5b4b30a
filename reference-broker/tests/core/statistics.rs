//! The `$SYS` topics.

use std::{collections::BTreeMap, time::Duration};

use mqttspec_wire::{
    QoS, ReasonCode, Version,
    packet::{Publish, Subscription},
};
use reference_broker::Config;

use crate::world::*;

const V5: Version = Version::V5_0;

fn world() -> World {
    World::with(Config { statistics_interval: Some(Duration::from_secs(10)), ..Config::default() })
}

/// The values that have come by topic, and whether they were retained.
fn values(world: &mut World, client: Client) -> BTreeMap<String, (String, bool)> {
    let mut values = BTreeMap::new();
    while let Some(packet) = world.try_next(client) {
        let mqttspec_wire::Packet::Publish(publish) = packet else { continue };
        let value = String::from_utf8(publish.payload.to_vec()).unwrap();
        values.insert(publish.topic.to_string(), (value, publish.retain));
    }
    values
}

#[test]
fn they_are_sent_on_subscribing_and_at_each_interval() {
    let mut world = world();
    let client = world.subscriber(V5, "$SYS/#", QoS::AtMostOnce);
    let first = values(&mut world, client);
    assert_eq!(first.len(), 11);
    assert!(first.values().all(|(_, retained)| *retained));
    assert_eq!(first["$SYS/broker/clients/connected"].0, "0", "as it was when the server began");

    let other = world.client(Version::V3_1_1, "other");
    world.publish(other, Publish { retain: true, ..publish("t", "x", QoS::AtLeastOnce) });
    world.wait(10.0);
    let second = values(&mut world, client);
    let value = |topic: &str| (second[&format!("$SYS/broker/{topic}")].0.as_str(), second.len());
    assert_eq!(value("clients/connected"), ("2", 11));
    assert_eq!(value("clients/total"), ("2", 11));
    assert_eq!(value("subscriptions/count"), ("1", 11));
    assert_eq!(value("retained messages/count"), ("1", 11));
    assert_eq!(value("messages/received"), ("1", 11));
    assert_eq!(value("uptime"), ("10", 11));
    assert!(second.values().all(|(_, retained)| !retained));
    let sent: usize = value("bytes/sent").0.parse().unwrap();
    assert!(sent > 10 * "$SYS/broker/".len(), "{sent}");
}

#[test]
fn they_are_not_among_all_topics() {
    let mut world = world();
    let client = world.subscriber(V5, "#", QoS::AtMostOnce);
    world.subscribe(client, Subscription { ..subscription("+/broker/uptime", QoS::AtMostOnce) });
    world.wait(30.0);
    world.expect_nothing(client);
}

#[test]
fn clients_cannot_publish_to_them() {
    let mut world = world();
    let client = world.client(V5, "c");
    world.send(client, mqttspec_wire::Packet::Publish(publish("$SYS/broker/version", "9", QoS::AtLeastOnce)));
    let mqttspec_wire::Packet::Puback(ack) = world.next(client) else { panic!("PUBACK expected") };
    assert_eq!(ack.reason, ReasonCode::NOT_AUTHORIZED);
    world.subscribe(client, subscription("$SYS/broker/version", QoS::AtMostOnce));
    assert!(world.next_publish(client).payload.starts_with(b"mqttspec "));
}

#[test]
fn an_interval_of_no_time_is_none() {
    let mut world = World::with(Config { statistics_interval: Some(Duration::ZERO), ..Config::default() });
    let client = world.subscriber(V5, "$SYS/#", QoS::AtMostOnce);
    world.expect_nothing(client);
}
