//! Subscriptions, matching, Shared Subscriptions.

use mqttspec_wire::{
    Packet, Property, QoS, Version,
    packet::{Subscribe, Subscription},
};

use reference_broker::{Config, core::Limits};

use super::{Script, Tour};
use crate::world::{id, properties, resume, subscribe, subscription, text};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::with("subscribing", narrow, subscribing),
    Tour::new("invalid filters", invalid),
    Tour::new("matching", matching),
    Tour::new("overlapping", overlapping),
    Tour::new("unsubscribing", unsubscribing),
    Tour::new("sharing", sharing),
    Tour::new("shared messages whose member is lost", lost),
];

fn narrow() -> Config {
    Config { limits: Limits { in_flight: 2, ..Limits::default() }, ..Config::default() }
}

fn subscribing(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.client(version, "c");
        let filters = [("a", 2), ("b", 0), ("a/#/x", 1)];
        let filters = filters.map(|(filter, level)| subscription(filter, QoS::ALL[level]));
        script.send(client, subscribe(0x0708, filters.into()));
        script.publish(client, "b", "x", 1);
        script.subscribe(client, "a", 0);
        script.publish(client, "a", "x", 1);
        let away = script.connect(resume(version, "away"));
        script.subscribe(away, "q", 1);
        for number in 0..4 {
            script.publish(client, "q", &number.to_string(), 1);
        }
        script.subscribe(away, "q", 1);
        for number in 1..=4 {
            script.acknowledge(away, Packet::Puback, number, 0);
        }
    }
}

fn invalid(script: &mut Script) {
    for version in [V3, V5] {
        for filter in ["", "a#", "a+", "$share//t"] {
            let client = script.client(version, "c");
            script.subscribe(client, filter, 0);
        }
        let client = script.client(version, "c");
        script.unsubscribe(client, &[""]);
    }
    let client = script.client(V5, "c");
    let local = Subscription { no_local: true, ..subscription("$share/g/t", QoS::AtMostOnce) };
    script.subscribe_with(client, local, None);
}

fn matching(script: &mut Script) {
    let filters = ["#", "a/#", "+", "a/+", "+/x", "A", "a/"];
    let topics = ["a", "a/b", "a/b/c", "$test/x", "A", "/a", "$share/g/s"];
    for version in [V3, V5] {
        let publisher = script.client(version, "p");
        for filter in filters {
            let client = script.client(version, "c");
            script.subscribe(client, filter, 0);
            for topic in topics {
                script.publish(publisher, topic, topic, 0);
            }
        }
    }
    let member = script.client(V5, "m");
    script.subscribe(member, "$share/g/s", 0);
    script.publish(member, "$share/g/s", "x", 0);
}

fn overlapping(script: &mut Script) {
    let client = script.client(V5, "c");
    script.subscribe_with(client, subscription("a/#", QoS::AtMostOnce), Some(10));
    script.subscribe_with(client, subscription("a/+", QoS::ExactlyOnce), Some(20));
    script.subscribe_with(client, subscription("other", QoS::ExactlyOnce), Some(30));
    let pair = Property::UserProperty((text("name"), text("value")));
    let properties = properties([pair, Property::SubscriptionIdentifier(5)]);
    let filters = vec![subscription("late", QoS::AtMostOnce)];
    let late = script.client(V5, "late");
    script.send(late, Packet::Subscribe(Subscribe { id: id(9), properties, filters }));
    let local = Subscription { no_local: true, ..subscription("own", QoS::AtMostOnce) };
    script.subscribe_with(client, local, None);
    script.publish(client, "own", "x", 0);
    script.publish(client, "a/b", "x", 2);
    script.subscribe(client, "a/#", 0);
    script.publish(client, "a/b", "x", 0);
    script.unsubscribe(client, &["a/+"]);
    script.subscribe(client, "a/+", 0);
    script.publish(client, "a/b", "x", 0);
    let other = script.client(V5, "o");
    script.subscribe(other, "a/#", 0);
    script.publish(client, "a/b", "x", 0);
}

fn unsubscribing(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.lasting(version, "c");
        for filter in ["a", "b", "c/d"] {
            script.subscribe(client, filter, 2);
        }
        script.publish(client, "a", "sent", 2);
        script.unsubscribe(client, &["a", "zzz", "b"]);
        script.unsubscribe(client, &["zzz"]);
        script.unsubscribe(client, &["c/+"]);
        for topic in ["a", "b", "c/d"] {
            script.publish(client, topic, "x", 0);
        }
        script.world.cut(client);
        script.lasting(version, "c");
    }
}

fn sharing(script: &mut Script) {
    let publisher = script.client(V5, "p");
    let publish = |script: &mut Script| {
        for payload in ["1", "2", "3", "4"] {
            script.publish(publisher, "t", payload, 1);
        }
    };
    let members: Vec<_> = ["m1", "m2", "m3"].into_iter().map(|id| script.client(V5, id)).collect();
    script.subscribe(members[0], "$share/g/t", 0);
    script.subscribe(members[0], "$share/g/t", 0);
    script.subscribe(members[1], "$share/g/t", 1);
    script.subscribe(members[2], "$share/g/#", 1);
    publish(script);
    script.subscribe(members[1], "t", 1);
    publish(script);
    script.acknowledge(members[1], Packet::Puback, 1, 0x80);
    script.unsubscribe(members[0], &["$share/g/t"]);
    publish(script);
}

fn lost(script: &mut Script) {
    for level in [1, 2] {
        for lasts in [true, false] {
            let first = if lasts { script.lasting(V5, "first") } else { script.client(V5, "first") };
            script.subscribe(first, "$share/g/t", level);
            let publisher = script.client(V5, "p");
            script.publish(publisher, "t", "x", level);
            script.acknowledge(publisher, Packet::Pubrel, 7, 0);
            let second = script.client(V5, "second");
            script.subscribe(second, "$share/g/t", level);
            script.world.cut(first);
            script.lasting(V5, "first");
            script.client(V5, "first");
            script.world.cut(second);
            let third = script.client(V5, "third");
            script.subscribe(third, "$share/g/t", level);
        }
    }
}
