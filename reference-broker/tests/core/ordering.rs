//! In which order messages come (§4.6).

use mqttspec_wire::{
    Packet, Property, QoS, Version,
    packet::{Ack, Connect},
};
use reference_broker::Config;

use crate::world::*;

const V5: Version = Version::V5_0;

#[test]
fn messages_keep_their_order() {
    let mut world = World::new();
    let (subscriber, _) = world.connect(resume(V5, "s"));
    world.subscribe(subscriber, subscription("#", QoS::ExactlyOnce));
    world.cut(subscriber);
    let publisher = world.client(V5, "p");
    let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    for payload in &expected {
        world.publish(publisher, publish("t", payload, QoS::ExactlyOnce));
    }
    let (subscriber, _) = world.connect(resume(V5, "s"));
    assert_eq!(world.payloads(subscriber), expected);
}

/// Messages at QoS 0 have an order of their own, also where some of them had to wait.
#[test]
fn what_waits_at_qos_0_is_not_overtaken() {
    let mut world = World::with(Config { queue_qos_0: true, ..Config::default() });
    let one_at_a_time = [Property::SessionExpiryInterval(60), Property::ReceiveMaximum(1)];
    let hello = || Connect { properties: properties(one_at_a_time.clone()), ..resume(V5, "s") };
    let (subscriber, _) = world.connect(hello());
    world.subscribe(subscriber, subscription("t", QoS::AtLeastOnce));
    world.cut(subscriber);
    let publisher = world.client(V5, "p");
    for (payload, qos) in [("1", 1), ("2", 1), ("a", 0)] {
        world.publish(publisher, publish("t", payload, QoS::ALL[qos]));
    }
    let (subscriber, _) = world.connect(hello());
    world.publish(publisher, publish("t", "b", QoS::AtMostOnce));
    let sent = world.next_publish(subscriber).delivery.id().unwrap();
    world.send(subscriber, Packet::Puback(Ack::success(sent)));
    assert_eq!(world.payloads(subscriber), ["2", "a", "b"]);
}
