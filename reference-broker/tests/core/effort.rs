//! Packets that take much effort are carried out by and by.

use mqttspec_wire::{Packet, QoS, Version};

use crate::world::*;

const V5: Version = Version::V5_0;

/// All filters of this many levels, each of which is `a` or `+`: a topic name may match them all.
fn filters(levels: u32) -> Vec<String> {
    let filter =
        |number: u32| (0..levels).map(|level| if number >> level & 1 == 0 { "a" } else { "+" }).collect();
    (0..1 << levels).map(filter).map(|levels: Vec<&str>| levels.join("/")).collect()
}

#[test]
fn others_have_their_turn() {
    const MESSAGES: usize = 200;
    let mut world = World::new();
    world.hold_back();
    let [subscriber, busy, other] = ["s", "b", "o"].map(|name| world.client(V5, name));
    let filters = filters(10);
    for some in filters.chunks(500) {
        world.send(
            subscriber,
            subscribe(1, some.iter().map(|text| subscription(text, QoS::AtMostOnce)).collect()),
        );
        assert!(matches!(world.next(subscriber), Packet::Suback(_)));
    }
    let message = Packet::Publish(publish(&filters[0], "x", QoS::AtMostOnce)).to_bytes(V5);
    world.send_bytes(busy, &[message.repeat(MESSAGES).into(), Packet::Pingreq.to_bytes(V5)].concat());
    let mut got = world.payloads(subscriber).len();
    assert!((1..MESSAGES / 2).contains(&got), "{got} at once");
    assert!(world.is_held_back(busy) && world.next_timeout().is_some());
    world.ping(other);
    world.expect_nothing(busy);
    // What comes meanwhile waits behind it.
    world.send(busy, Packet::Pingreq);
    world.expect_nothing(busy);
    while world.is_held_back(busy) {
        world.tick();
        let more = world.payloads(subscriber).len();
        assert!(more < MESSAGES / 2, "{more} at once");
        got += more;
    }
    assert_eq!(got, MESSAGES);
    assert_eq!([world.next(busy), world.next(busy)], [Packet::Pingresp, Packet::Pingresp]);
}

/// One after the other, however many they are; who leaves is not waited for.
#[test]
fn those_who_wait_have_their_turns_in_order() {
    let mut world = World::new();
    world.hold_back();
    let clients = ["a", "b", "c"].map(|name| world.client(V5, name));
    let many: Vec<String> = (0..5_000).map(|number| number.to_string()).collect();
    for client in clients {
        let all = subscribe(1, many.iter().map(|text| subscription(text, QoS::AtMostOnce)).collect());
        world.send_bytes(client, &[all.to_bytes(V5), Packet::Pingreq.to_bytes(V5)].concat());
        assert!(matches!(world.next(client), Packet::Suback(_)));
        world.expect_nothing(client);
    }
    let [first, gone, last] = clients;
    world.cut(gone);
    world.tick();
    assert_eq!(world.next(first), Packet::Pingresp);
    world.expect_nothing(last);
    world.tick();
    world.tick();
    assert_eq!(world.next(last), Packet::Pingresp);
    assert!(!world.is_held_back(last));
}
