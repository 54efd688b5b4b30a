//! What clients can make the broker keep is bounded, for each of them and for all together, whatever it is made of.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Connect, Publish, Will},
};
use reference_broker::{Config, core::Limits};
use rstest::rstest;

use crate::world::*;

const V5: Version = Version::V5_0;

fn world(limits: Limits) -> World {
    World::with(Config { limits, ..Config::default() })
}

/// Clients with these names that have subscribed to `t` and are away.
fn absent(world: &mut World, names: &[&str]) {
    for name in names {
        let (client, _) = world.connect(resume(V5, name));
        world.subscribe(client, subscription("t", QoS::AtLeastOnce));
        world.cut(client);
    }
}

/// How many messages wait for the client.
fn waiting(world: &mut World, name: &str) -> usize {
    let (client, _) = world.connect(resume(V5, name));
    world.payloads(client).len()
}

fn mortal(name: &str, payload: &str) -> Packet {
    let will = Some(Will { retain: true, ..will(name, payload) });
    Packet::Connect(Box::new(Connect { will, ..connect(V5, name) }))
}

#[rstest]
#[case::payload("t", "x".repeat(100), vec![])]
#[case::properties("t", String::new(), vec![Property::UserProperty((text(""), text(""))); 2])]
fn all_of_a_message_counts(#[case] topic: &str, #[case] payload: String, #[case] properties: Vec<Property>) {
    let mut world = world(Limits { queued_bytes: 250, ..Limits::default() });
    absent(&mut world, &["a"]);
    let publisher = world.client(V5, "p");
    for _ in 0..10 {
        let message = publish(topic, &payload, QoS::AtLeastOnce);
        let properties = properties.iter().cloned().collect();
        world.publish(publisher, Publish { properties, ..message });
    }
    assert!((1..=2).contains(&waiting(&mut world, "a")));
}

#[test]
fn many_sessions_share_what_may_wait() {
    let mut world = world(Limits { all_queued_bytes: 2_300, ..Limits::default() });
    absent(&mut world, &["a", "b"]);
    let publisher = world.client(V5, "p");
    for _ in 0..10 {
        world.publish(publisher, publish("t", &"x".repeat(99), QoS::AtLeastOnce));
    }
    assert_eq!(world.statistics().traffic.messages_dropped, 10);
    assert_eq!((waiting(&mut world, "a"), waiting(&mut world, "b")), (5, 5));
    absent(&mut world, &["c"]);
    for _ in 0..20 {
        world.publish(publisher, publish("t", &"x".repeat(99), QoS::AtLeastOnce));
    }
    assert_eq!(waiting(&mut world, "c"), 10, "what was taken makes room");
}

#[test]
fn wills_take_of_it_too() {
    let mut world = world(Limits { all_queued_bytes: 250, ..Limits::default() });
    let mut come = |name| {
        let client = world.open(V5);
        world.send(client, mortal(name, &"x".repeat(99)));
        let Packet::Connack(connack) = world.next(client) else { panic!() };
        if name == "b" {
            world.send(client, disconnect(ReasonCode::SUCCESS));
        }
        connack.reason
    };
    assert_eq!(["a", "b", "c"].map(&mut come), [ReasonCode::SUCCESS; 3], "one has taken its will away");
    assert_eq!(come("d"), ReasonCode(0x97));
}

#[test]
fn retained_wills_are_retained_messages() {
    let mut world = world(Limits { retained: 1, ..Limits::default() });
    for name in ["a", "b"] {
        let client = world.open(V5);
        world.send(client, mortal(name, "gone"));
        world.cut(client);
    }
    assert_eq!(world.statistics().retained, 1);
}

#[test]
fn many_sessions_share_what_subscriptions_may_take() {
    let mut world = world(Limits { all_subscription_bytes: 400, ..Limits::default() });
    let [a, b] = ["a", "b"].map(|name| world.client(V5, name));
    let granted = |world: &mut World, client, filter| {
        world.subscribe(client, subscription(filter, QoS::AtMostOnce)) == ReasonCode::SUCCESS
    };
    assert!(granted(&mut world, a, "one") && granted(&mut world, a, "two") && granted(&mut world, b, "one"));
    assert!(!granted(&mut world, b, "two"), "it is one too many");
    assert!(granted(&mut world, b, "one"), "it has been made already");
    world.cut(a);
    assert!(granted(&mut world, b, "two") && granted(&mut world, b, "three"));
}

/// Each of the Shared Subscriptions gets its copy, and that is all that a message costs.
#[test]
fn a_crowd_of_shares_is_served_at_once() {
    let mut world = World::new();
    let client = world.client(V5, "a");
    for part in 0..10 {
        let filters = (0..3_000).map(|number| format!("$share/{part}-{number}/t"));
        let filters = filters.map(|filter| subscription(&filter, QoS::AtMostOnce)).collect();
        world.send(client, subscribe(1, filters));
        assert!(matches!(world.next(client), Packet::Suback(_)));
    }
    world.publish(client, publish("t", "x", QoS::AtMostOnce));
    assert_eq!(world.payloads(client).len(), 30_000);
}

/// What was sent and is not acknowledged is still kept, so it counts.
#[test]
fn what_is_not_acknowledged_takes_of_it_too() {
    let mut world = world(Limits { all_queued_bytes: 5_000, backlog: 3_000, ..Limits::default() });
    world.hold_back();
    let publisher = world.client(V5, "p");
    for name in ["a", "b", "c"] {
        let (client, _) = world.connect(resume(V5, name));
        world.subscribe(client, subscription("t", QoS::AtLeastOnce));
        for _ in 0..20 {
            world.publish(publisher, publish("t", &"x".repeat(99), QoS::AtLeastOnce));
            world.take(client);
        }
        assert!((5..=14).contains(&world.payloads(client).len()), "not more is sent than may be kept");
        world.cut(client);
    }
    let all: usize = ["a", "b", "c"].map(|name| waiting(&mut world, name)).iter().sum();
    assert!((10..=22).contains(&all), "{all}");
}

/// Nor can there be any number of messages that are next to nothing.
#[test]
fn the_smallest_messages_are_bounded() {
    let mut world = world(Limits { all_queued_bytes: 10_000, ..Limits::default() });
    absent(&mut world, &["a"]);
    let publisher = world.client(V5, "p");
    for _ in 0..200 {
        world.publish(publisher, publish("t", "", QoS::AtLeastOnce));
    }
    let got = waiting(&mut world, "a");
    assert!((10..100).contains(&got), "{got}");
}

/// What comes together with a CONNECT may be as large as anything that comes later.
#[test]
fn less_is_kept_before_a_client_is_let_in() {
    let mut world = world(Limits { connect_bytes: 64, ..Limits::default() });
    let client = world.open(V5);
    let large = mortal("a", &"x".repeat(200)).to_bytes(V5);
    world.send_bytes(client, &large[..2]);
    world.expect_nothing(client);
    world.send_bytes(client, &large[2..3]);
    assert!(world.is_closed(client), "its size is known by now");

    let client = world.open(V5);
    let small = Packet::Connect(Box::new(connect(V5, "b"))).to_bytes(V5);
    let message = Packet::Publish(publish("t", &"x".repeat(200), QoS::AtLeastOnce)).to_bytes(V5);
    world.send_bytes(client, &[small, message].concat());
    assert!(matches!(world.next(client), Packet::Connack(_)));
    assert!(matches!(world.next(client), Packet::Puback(_)));
}
