//! What subscriptions bring of retained messages: all of it, however much it is and whatever happens meanwhile.

use mqttspec_wire::{
    Packet, QoS, ReasonCode, Version,
    packet::{Ack, Delivery, Publish, Unsubscribe},
};
use reference_broker::{Config, core::Limits};
use rstest::rstest;

use crate::world::*;

const V5: Version = Version::V5_0;

/// A world with retained messages `m/0`, `m/1`, and so on, each with its number.
fn world(count: usize, limits: Limits) -> World {
    let mut world = World::kept(Config { limits, ..Config::default() });
    let publisher = world.client(V5, "owner");
    for number in 0..count {
        retain(&mut world, publisher, &format!("m/{number:05}"), &number.to_string());
    }
    world.cut(publisher);
    world
}

fn retain(world: &mut World, publisher: Client, topic: &str, payload: &str) {
    world.publish(publisher, Publish { retain: true, ..publish(topic, payload, QoS::AtLeastOnce) });
}

/// A client with a session that lasts, which has subscribed to all of them and acknowledged nothing.
fn subscriber(world: &mut World, qos: QoS) -> Client {
    let (client, _) = world.connect(resume(V5, "subscriber"));
    world.subscribe(client, subscription("m/#", qos));
    client
}

/// What comes until nothing more does, each message acknowledged: the topics' last levels with the payloads and RETAIN.
fn all(world: &mut World, client: Client) -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    loop {
        world.take(client);
        let Some(packet) = world.try_next(client) else { return all };
        let Packet::Publish(publish) = packet else { panic!("{packet:?}") };
        let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
        all.push((publish.topic[2..].to_owned(), payload, publish.retain));
        if let Delivery::AtLeastOnce { id, .. } = publish.delivery {
            world.send(client, Packet::Puback(Ack::success(id)));
        }
    }
}

fn retained(numbers: std::ops::Range<usize>) -> Vec<(String, String, bool)> {
    numbers.map(|number| (format!("{number:05}"), number.to_string(), true)).collect()
}

#[rstest]
fn nothing_is_cut_by_what_may_wait(#[values(QoS::AtMostOnce, QoS::AtLeastOnce)] qos: QoS) {
    let limits =
        Limits { queued_messages: 5, queued_bytes: 10, in_flight: 3, backlog: 200, ..Limits::default() };
    let mut world = world(300, limits);
    world.hold_back();
    let client = subscriber(&mut world, qos);
    assert!(world.untaken(client) < 200, "{} bytes are sent before any is read", world.untaken(client));
    assert_eq!(all(&mut world, client), retained(0..300));
    assert_eq!(world.statistics().traffic.messages_dropped, 0);
}

#[test]
fn what_is_published_meanwhile_comes_afterwards() {
    let mut world = world(5, Limits { in_flight: 1, ..Limits::default() });
    let client = subscriber(&mut world, QoS::AtLeastOnce);
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("m/00003", "live", QoS::AtLeastOnce));
    world.publish(publisher, publish("m/00004", "at once", QoS::AtMostOnce));
    retain(&mut world, publisher, "m/00002", "newer");
    retain(&mut world, publisher, "m/00002", "newest");
    retain(&mut world, publisher, "m/00001", "");
    retain(&mut world, publisher, "m/00000", "sent already");
    retain(&mut world, publisher, "m/00009", "new");
    let got = all(&mut world, client);
    let rest = [
        ("00003", "live", false),
        ("00004", "at once", false),
        ("00002", "2", true),
        ("00002", "newer", false),
        ("00002", "newest", false),
        ("00001", "1", true),
        ("00001", "", false),
        ("00000", "sent already", false),
        ("00009", "new", false),
    ];
    let rest = rest.map(|(topic, payload, retain)| (topic.to_owned(), payload.to_owned(), retain));
    assert_eq!(got, [retained(0..1), retained(3..5), rest.to_vec()].concat());
}

#[test]
fn subscribing_again_begins_again_and_unsubscribing_ends_it() {
    let mut world = world(5, Limits { in_flight: 1, ..Limits::default() });
    let client = subscriber(&mut world, QoS::AtLeastOnce);
    world.send(client, subscribe(2, vec![subscription("m/#", QoS::AtLeastOnce)]));
    let first = world.next_publish(client);
    assert!(matches!(world.next(client), Packet::Suback(_)));
    world.send(client, Packet::Puback(Ack::success(first.delivery.id().unwrap())));
    assert_eq!(world.next_publish(client).payload, "0");
    let filters = vec![text("m/#")];
    let unsubscribe = Unsubscribe { filters, id: first.delivery.id().unwrap(), properties: properties([]) };
    world.send(client, Packet::Unsubscribe(unsubscribe));
    let Packet::Unsuback(unsuback) = world.next(client) else { panic!() };
    assert_eq!(unsuback.reasons, [ReasonCode::SUCCESS]);
    world.send(client, Packet::Puback(Ack::success(first.delivery.id().unwrap().next())));
    world.expect_nothing(client);
    let publisher = world.client(V5, "p");
    world.subscribe(client, subscription("t", QoS::AtMostOnce));
    world.publish(publisher, publish("t", "x", QoS::AtMostOnce));
    assert_eq!(world.next_publish(client).payload, "x", "nothing is waited for any more");
}

#[rstest]
#[case(QoS::AtLeastOnce, 50)]
#[case(QoS::AtMostOnce, 0)]
fn a_session_goes_on_with_what_is_acknowledged(
    #[case] qos: QoS,
    #[case] expected: usize,
    #[values(false, true)] restarts: bool,
) {
    let mut world = world(50, Limits { in_flight: 1, backlog: 200, ..Limits::default() });
    world.hold_back();
    let client = subscriber(&mut world, qos);
    world.cut(client);
    let publisher = world.client(V5, "p");
    retain(&mut world, publisher, "m/00020", "newer");
    if restarts {
        world.restart();
    }
    let publisher = world.client(V5, "p");
    retain(&mut world, publisher, "m/00030", "newest");
    let (client, _) = world.connect(resume(V5, "subscriber"));
    let mut got = all(&mut world, client);
    got.retain(|(_, _, is_retained)| *is_retained);
    got.sort();
    assert_eq!(got, retained(0..expected));
}

#[test]
fn a_long_search_lets_others_have_their_turn() {
    let mut world = world(11_000, Limits::default());
    let client = world.client(V5, "searches");
    world.subscribe(client, subscription("+/none", QoS::AtMostOnce));
    assert_eq!(world.next_timeout(), None, "what can be looked up is not searched for");
    world.subscribe(client, subscription("+/+/none", QoS::AtMostOnce));
    assert!(world.next_timeout().is_some(), "the search rests");
    world.ping(client);
    let other = world.client(V5, "other");
    world.publish(other, Publish { retain: true, ..publish("m/a/none", "x", QoS::AtMostOnce) });
    world.wait(0.01);
    assert_eq!(world.next_publish(client).payload, "x");
    assert_eq!(world.next_timeout(), None, "and has an end");
}

#[test]
fn who_takes_what_it_is_brought_is_not_cut_off() {
    let backlog = 1_000;
    let mut world = world(0, Limits { in_flight: 1, backlog, ..Limits::default() });
    let owner = world.client(V5, "owner");
    for number in 0..20 {
        retain(&mut world, owner, &format!("m/{number}"), &"x".repeat(backlog / 10));
    }
    world.hold_back();
    let client = subscriber(&mut world, QoS::AtLeastOnce);
    while !world.is_held_back(owner) {
        let live = publish("m/live", &"x".repeat(backlog / 5), QoS::AtMostOnce);
        world.send(owner, Packet::Publish(live));
    }
    for _ in 0..10 {
        world.take(client);
        let id = world.next_publish(client).delivery.id().unwrap();
        world.send(client, Packet::Puback(Ack::success(id)));
        world.wait(9.0);
        assert!(!world.is_closed(client), "it takes what is before the backlog");
    }
    world.wait(21.0);
    assert!(world.is_closed(client), "it takes nothing any more");
    assert!(!world.is_held_back(owner));
}

#[test]
fn what_came_meanwhile_at_qos_0_is_not_overtaken_afterwards() {
    let mut world = world(1, Limits { in_flight: 1, ..Limits::default() });
    let client = subscriber(&mut world, QoS::AtLeastOnce);
    world.take(client);
    let publisher = world.client(V5, "p");
    retain(&mut world, publisher, "m/00001", "kept");
    world.send(client, subscribe(2, vec![subscription("m/+", QoS::AtLeastOnce)]));
    for (payload, qos) in [("1", QoS::AtLeastOnce), ("2", QoS::AtLeastOnce), ("a", QoS::AtMostOnce)] {
        world.publish(publisher, publish("m/x", payload, qos));
    }
    let acknowledge = |world: &mut World| {
        while let Some(packet) = world.try_next(client) {
            if let Packet::Publish(publish) = packet
                && let Some(id) = publish.delivery.id()
            {
                world.send(client, Packet::Puback(Ack::success(id)));
                return publish.payload;
            }
        }
        panic!("nothing came");
    };
    while acknowledge(&mut world) != "1" {}
    world.publish(publisher, publish("m/x", "b", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["2", "a", "b"]);
}

#[test]
fn a_search_that_was_given_up_does_not_stop_the_next() {
    let mut world = world(11_000, Limits::default());
    let client = world.client(V5, "searches");
    world.subscribe(client, subscription("+/+/none", QoS::AtMostOnce));
    world.send(client, unsubscribe(1, &["+/+/none"]));
    assert!(matches!(world.next(client), Packet::Unsuback(_)));
    world.wait(1.0);
    world.subscribe(client, subscription("m/00001", QoS::AtMostOnce));
    assert_eq!(world.next_publish(client).payload, "1");
    let publisher = world.client(V5, "p");
    world.publish(publisher, publish("m/00001", "live", QoS::AtMostOnce));
    assert_eq!(world.next_publish(client).payload, "live");
}

/// What waits behind retained messages goes out when they are read, which no acknowledgement tells.
#[test]
fn who_has_read_what_it_is_brought_holds_nobody_back() {
    let backlog = 1_000;
    let mut world = world(0, Limits { backlog, ..Limits::default() });
    let owner = world.client(V5, "owner");
    for topic in ["m/1", "m/2"] {
        retain(&mut world, owner, topic, &"x".repeat(backlog / 2));
    }
    world.hold_back();
    let client = subscriber(&mut world, QoS::AtMostOnce);
    while !world.is_held_back(owner) {
        world.send(owner, Packet::Publish(publish("m/live", &"x".repeat(backlog / 5), QoS::AtMostOnce)));
    }
    for _ in 0..3 {
        world.take(client);
    }
    assert!(!world.is_held_back(owner));
}
