//! Who sends to clients that do not keep up is held back, and nobody for ever.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Ack, Connect, Delivery, Publish},
};
use proptest::{collection::vec, prelude::*};
use reference_broker::{
    Config,
    core::{Limits, Notice},
};
use rstest::rstest;

use crate::world::*;

const V5: Version = Version::V5_0;
const BACKLOG: usize = 1_000;

fn world() -> World {
    let limits = Limits { backlog: BACKLOG, in_flight: 2, ..Limits::default() };
    let mut world = World::with(Config { limits, ..Config::default() });
    world.hold_back();
    world
}

/// A message of about a tenth of what may wait.
fn message(qos: QoS) -> Publish {
    publish("t", &"x".repeat(BACKLOG / 10), qos)
}

/// Publishes until the publisher is held back. Says how many messages it took.
fn press(world: &mut World, publisher: Client, qos: QoS) -> usize {
    for count in 0..50 {
        if world.is_held_back(publisher) {
            return count;
        }
        world.send(publisher, Packet::Publish(message(qos)));
        world.take(publisher);
    }
    panic!("it is not held back");
}

/// Acknowledges all that the client has got, and releases what it has sent. Says how many messages it has got above QoS 0.
fn acknowledge(world: &mut World, client: Client) -> usize {
    let mut count = 0;
    while let Some(packet) = world.try_next(client) {
        let answer = match packet {
            Packet::Publish(Publish { delivery: Delivery::AtLeastOnce { id, .. }, .. }) => {
                count += 1;
                Packet::Puback(Ack::success(id))
            }
            Packet::Publish(Publish { delivery: Delivery::ExactlyOnce { id, .. }, .. }) => {
                count += 1;
                Packet::Pubrec(Ack::success(id))
            }
            Packet::Pubrec(ack) => Packet::Pubrel(Ack::success(ack.id)),
            Packet::Pubrel(ack) => Packet::Pubcomp(Ack::success(ack.id)),
            _ => continue,
        };
        world.send(client, answer);
    }
    count
}

#[test]
fn who_sends_faster_than_others_read_is_held_back() {
    let mut world = world();
    let reader = world.subscriber(V5, "t", QoS::AtMostOnce);
    let publisher = world.client(V5, "p");
    let sent = press(&mut world, publisher, QoS::AtMostOnce);
    assert!((8..=10).contains(&sent), "{sent}");
    for _ in 0..5 {
        world.send(publisher, Packet::Publish(message(QoS::AtMostOnce)));
    }
    world.send(publisher, Packet::Pingreq);
    assert_eq!(world.payloads(reader).len(), sent, "nothing more is taken from the publisher");
    assert_eq!(world.try_next(publisher), None);

    world.take(reader);
    assert!(!world.is_held_back(publisher));
    assert_eq!(world.payloads(reader).len(), 5, "and nothing is lost");
    assert_eq!(world.next(publisher), Packet::Pingresp);
}

#[test]
fn so_is_who_sends_faster_than_others_acknowledge() {
    let mut world = world();
    let reader = world.subscriber(V5, "t", QoS::AtLeastOnce);
    let publisher = world.client(V5, "p");
    let mut sent = press(&mut world, publisher, QoS::AtLeastOnce);
    let mut got = 0;
    for _ in 0..20 {
        got += acknowledge(&mut world, reader);
        if !world.is_held_back(publisher) {
            sent += press(&mut world, publisher, QoS::AtLeastOnce);
        }
        world.take(reader);
    }
    while got < sent {
        let more = acknowledge(&mut world, reader);
        assert_ne!(more, 0, "{got} of {sent}");
        got += more;
    }
    assert_eq!(world.statistics().traffic.messages_dropped, 0);
}

/// Only who is not held back can acknowledge, so that it must not wait for its own acknowledgements.
#[test]
fn nobody_waits_for_itself() {
    let mut world = world();
    let client = world.subscriber(V5, "t", QoS::AtLeastOnce);
    for _ in 0..30 {
        world.send(client, Packet::Publish(message(QoS::AtLeastOnce)));
        assert!(!world.is_held_back(client));
        world.take(client);
    }
    while acknowledge(&mut world, client) > 0 {
        world.take(client);
    }
    assert_eq!(world.statistics().traffic.messages_sent, 30);
}

#[test]
fn nobody_waits_in_a_circle() {
    let mut world = world();
    let [a, b] = ["a", "b"].map(|name| {
        let client = world.client(V5, name);
        world.subscribe(client, subscription(name, QoS::AtLeastOnce));
        client
    });
    for _ in 0..30 {
        for (from, to) in [(a, "b"), (b, "a")] {
            let payload = "x".repeat(100);
            if !world.is_held_back(from) {
                world.send(from, Packet::Publish(publish(to, &payload, QoS::AtLeastOnce)));
            }
            world.take(from);
        }
        assert!(!world.is_held_back(a) || !world.is_held_back(b));
    }
    assert!(world.is_held_back(a) || world.is_held_back(b));
}

/// What a client does not read of the answers to itself is waited for, too.
#[test]
fn who_does_not_read_its_own_answers_is_held_back() {
    let mut world = world();
    let client = world.client(V5, "a");
    world.send_bytes(client, &b"\xC0\x00".repeat(2_000));
    assert!(world.is_held_back(client));
    assert!(world.untaken(client) <= BACKLOG + 20, "{}", world.untaken(client));
    let mut answers = 0;
    while world.is_held_back(client) {
        answers += world.untaken(client);
        world.take(client);
    }
    answers += world.untaken(client);
    assert!(answers >= 4_000, "{answers}");
}

#[rstest]
#[case::at_most_once(QoS::AtMostOnce)]
#[case::at_least_once(QoS::AtLeastOnce)]
fn who_holds_others_back_for_too_long_is_disconnected(#[case] qos: QoS) {
    let mut world = world();
    let reader = world.subscriber(V5, "t", qos);
    let publisher = world.client(V5, "p");
    press(&mut world, publisher, qos);
    world.wait(9.9);
    assert!(world.is_held_back(publisher) && !world.is_closed(reader));
    world.wait(0.2);
    assert!(!world.is_held_back(publisher));
    world.payloads(publisher);
    world.ping(publisher);
    assert!(world.is_closed(reader));
    let notices = world.notices();
    assert!(matches!(notices.as_slice(), [Notice::TooSlow { .. }]), "{notices:?}");
    assert_eq!(world.next_timeout(), None);
}

#[test]
fn who_reads_slowly_is_waited_for() {
    let mut world = world();
    let reader = world.subscriber(V5, "t", QoS::AtMostOnce);
    let publisher = world.client(V5, "p");
    press(&mut world, publisher, QoS::AtMostOnce);
    for _ in 0..5 {
        world.wait(9.9);
        assert!(world.is_held_back(publisher) && !world.is_closed(reader));
        world.take_some(reader, BACKLOG / 15);
    }
    world.wait(20.0);
    assert!(world.is_closed(reader));
}

#[test]
fn the_reason_is_told() {
    let mut world = world();
    let reader = world.subscriber(V5, "t", QoS::AtLeastOnce);
    let publisher = world.client(V5, "p");
    press(&mut world, publisher, QoS::AtLeastOnce);
    world.take(reader);
    world.wait(11.0);
    while let Some(packet) = world.try_next(reader) {
        match packet {
            Packet::Publish(_) => {}
            other => assert_eq!(other.packet_type(), disconnect(ReasonCode::QUOTA_EXCEEDED).packet_type()),
        }
    }
    assert!(world.is_closed(reader));
}

#[test]
fn the_keep_alive_of_who_is_held_back_rests() {
    let mut world = world();
    world.subscriber(V5, "t", QoS::AtMostOnce);
    let (publisher, _) = world.connect(Connect { keep_alive: 2, ..connect(V5, "p") });
    press(&mut world, publisher, QoS::AtMostOnce);
    world.wait(9.0);
    assert!(!world.is_closed(publisher));
    world.wait(3.0);
    assert!(!world.is_closed(publisher), "it begins anew");
    world.wait(2.0);
    assert!(world.is_closed(publisher));
}

#[rstest]
#[case::the_reader(true)]
#[case::the_publisher(false)]
fn who_is_gone_is_not_waited_for(#[case] the_reader: bool) {
    let mut world = world();
    let reader = world.subscriber(V5, "t", QoS::AtMostOnce);
    let publisher = world.client(V5, "p");
    press(&mut world, publisher, QoS::AtMostOnce);
    world.cut(if the_reader { reader } else { publisher });
    assert!(!world.is_held_back(publisher));
    assert_eq!(world.next_timeout(), None);
}

#[test]
fn what_is_dropped_is_told() {
    let limits = Limits { queued_messages: 2, queued_bytes: 10, ..Limits::default() };
    let mut world = World::with(Config { limits, ..Config::default() });
    world.hold_back();
    let (absent, _) = world.connect(resume(V5, "absent"));
    world.subscribe(absent, subscription("t", QoS::AtLeastOnce));
    world.cut(absent);
    let publisher = world.client(V5, "p");
    let large = "x".repeat(50);
    for payload in [large.as_str(), "small"] {
        world.publish(publisher, publish("t", payload, QoS::AtLeastOnce));
    }
    assert_eq!(world.statistics().traffic.messages_dropped, 1);
    assert_eq!(world.notices(), [Notice::Dropped { total: 1 }]);
    let (absent, _) = world.connect(resume(V5, "absent"));
    assert_eq!(world.payloads(absent), [large], "what waits alone may have any size");
}

/// What one of three clients does.
#[derive(Clone, Debug)]
enum Deed {
    Publish {
        to: usize,
        qos: usize,
        length: usize,
        retain: bool,
    },
    /// Subscribes to all, so that it is brought what is retained.
    Subscribe,
    Unsubscribe,
    Take,
    Acknowledge,
    Cut,
    Wait(f64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => (0usize..3, 0usize..3, 0..BACKLOG, any::<bool>())
            .prop_map(|(to, qos, length, retain)| Deed::Publish { to, qos, length, retain }),
        2 => Just(Deed::Subscribe),
        1 => Just(Deed::Unsubscribe),
        3 => Just(Deed::Take),
        2 => Just(Deed::Acknowledge),
        1 => Just(Deed::Cut),
        1 => (0.0..6.0f64).prop_map(Deed::Wait),
    ]
}

fn member(world: &mut World, number: usize) -> Client {
    let keeps = Property::SessionExpiryInterval(1_000);
    let name = format!("c{number}");
    let hello = Connect { clean_start: false, properties: properties([keeps]), ..connect(V5, &name) };
    let (client, _) = world.connect(hello);
    world.send(client, subscribe(1, vec![subscription(&name, QoS::AtLeastOnce)]));
    client
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever clients do: little waits for those who do not read, some of all can always go on, and all can once what
    /// waits is taken and acknowledged.
    #[test]
    fn what_waits_is_bounded(deeds in vec((0usize..3, deed()), 1..150)) {
        let mut world = world();
        let mut clients = [0, 1, 2].map(|number| member(&mut world, number));
        for (number, deed) in deeds {
            let client = clients[number];
            match deed {
                _ if world.is_closed(client) => clients[number] = member(&mut world, number),
                Deed::Publish { to, qos, length, retain } if !world.is_held_back(client) => {
                    let message = publish(&format!("c{to}"), &"x".repeat(length), QoS::ALL[qos]);
                    world.send(client, Packet::Publish(Publish { retain, ..message }));
                }
                Deed::Subscribe => world.send(client, subscribe(2, vec![subscription("+", QoS::ExactlyOnce)])),
                Deed::Unsubscribe => world.send(client, unsubscribe(3, &["+"])),
                Deed::Publish { .. } => {}
                Deed::Take => world.take(client),
                Deed::Acknowledge => drop(acknowledge(&mut world, client)),
                Deed::Cut => {
                    world.cut(client);
                    clients[number] = member(&mut world, number);
                }
                Deed::Wait(seconds) => world.wait(seconds),
            }
            // Each of the three may add one packet to what is too much already, and as much is sent when one comes back,
            // with a retained message for each subscription.
            let most = 8 * BACKLOG;
            for client in clients.into_iter().filter(|client| !world.is_closed(*client)) {
                prop_assert!(world.untaken(client) <= most, "{} bytes wait", world.untaken(client));
            }
        }
        for (number, client) in clients.iter_mut().enumerate() {
            if world.is_closed(*client) {
                *client = member(&mut world, number);
            }
        }
        for _ in 0..1_000 {
            for client in clients {
                acknowledge(&mut world, client);
                world.take(client);
            }
        }
        prop_assert!(!clients.iter().any(|client| world.is_held_back(*client)));
        prop_assert_eq!(world.statistics().waiting_bytes, 0);
        for client in clients {
            world.send(client, subscribe(2, vec![subscription("last", QoS::AtMostOnce)]));
            world.payloads(client);
        }
        let publisher = world.client(V5, "p");
        world.publish(publisher, publish("last", "now", QoS::AtMostOnce));
        for client in clients {
            prop_assert_eq!(world.payloads(client), ["now"], "nothing is before it");
        }
    }
}
