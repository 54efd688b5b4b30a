//! Messages from and to clients.

use mqttspec_wire::{
    Packet, Property, QoS, Version,
    packet::{Connect, Publish},
};
use reference_broker::Config;

use super::{
    Script, Tour,
    script::{once, twice},
};
use crate::world::{connect, id, properties, publish, resume, subscription, text};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::new("exchanges", exchanges),
    Tour::new("properties", forwarding),
    Tour::new("aliases", aliases),
    Tour::new("redelivery", redelivery),
    Tour::new("redelivery with identifiers", identified),
    Tour::new("flow control", flow_control),
    Tour::new("small packets", small_packets),
    Tour::new("message expiry", expiry),
    Tour::new("invalid messages", invalid),
    Tour::with("denied messages", denying, denied),
];

fn exchanges(script: &mut Script) {
    for version in [V3, V5] {
        let watcher = script.client(version, "w");
        script.subscribe(watcher, "t", 2);
        let client = script.lasting(version, "c");
        script.publish(client, "nobody", "x", 1);
        for level in 0..3 {
            script.publish(client, "t", &level.to_string(), level);
        }
        script.acknowledge(client, Packet::Pubrel, 7, 0);
        script.publish(client, "t", "2 again", 2);
        script.publish(client, "t", "2 and again", 2);
        script.world.cut(client);
        let client = script.lasting(version, "c");
        script.publish_as(client, twice(id(7), true), "t");
        script.acknowledge(client, Packet::Pubrel, 7, 0);
        script.acknowledge(client, Packet::Pubrel, 9, 0);
        script.publish_as(client, once(id(7), true), "t");
        script.publish(client, "t", "", 0);
        script.publish(client, &"/".repeat(300), "", 0);
        script.publish(client, "t", &"long".repeat(5000), 1);
        script.publish(watcher, "\u{1F600}", "", 1);
        script.subscribe(client, "t", 1);
        script.publish(watcher, "t", "crossing", 1);
        script.publish_as(client, once(id(1), false), "t");
        script.acknowledge(watcher, Packet::Pubrec, 1, 0);
        script.acknowledge(watcher, Packet::Pubrec, 99, 0);
    }
}

fn forwarding(script: &mut Script) {
    let watcher = script.client(V5, "w");
    script.subscribe(watcher, "#", 0);
    let client = script.client(V5, "c");
    let pair = |value: &str| Property::UserProperty((text("a"), text(value)));
    let all = [
        Property::PayloadFormatIndicator(1),
        Property::ContentType(text("plain")),
        Property::ResponseTopic(text("answers")),
        Property::CorrelationData("1".into()),
        pair("1"),
        pair("2"),
    ];
    for property in all.iter().take(4) {
        script.publish_with(client, publish("t", "x", QoS::AtMostOnce), vec![property.clone()]);
    }
    script.publish_with(client, publish("t", "x", QoS::AtMostOnce), all[4..].to_vec());
    script.publish_with(client, publish("t", "x", QoS::AtMostOnce), all.iter().rev().cloned().collect());
    script.publish(client, "\u{feff}t", "x", 0);
    script.publish(client, "t\u{1}\u{80}", "x", 0);
}

fn aliases(script: &mut Script) {
    let watcher = script.client(V5, "w");
    script.subscribe(watcher, "#", 0);
    let client = script.lasting(V5, "c");
    for (topic, alias) in [("a", 1), ("", 1), ("b", 1), ("", 1), ("c", 16)] {
        let alias = vec![Property::TopicAlias(alias)];
        script.publish_with(client, publish(topic, "x", QoS::AtMostOnce), alias);
    }
    script.subscribe(client, "c", 1);
    script.publish(client, "c", "to itself", 1);
    script.world.cut(client);
    for alias in [1, 2, 17] {
        let client = script.lasting(V5, "c");
        let alias = vec![Property::TopicAlias(alias)];
        script.publish_with(client, publish("", "x", QoS::AtMostOnce), alias);
        script.world.cut(client);
    }
}

fn redelivery(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.lasting(version, "s");
        script.subscribe(client, "#", 2);
        let publisher = script.client(version, "p");
        for (payload, level) in [("1", 1), ("2", 2), ("3", 2), ("4", 1), ("5", 1)] {
            script.publish(publisher, "t", payload, level);
            script.acknowledge(publisher, Packet::Pubrel, 7, 0);
        }
        script.acknowledge(client, Packet::Pubrec, 2, 0);
        script.acknowledge(client, Packet::Puback, 4, 0);
        if version == V5 {
            script.acknowledge(client, Packet::Pubrec, 3, 0x80);
            script.acknowledge(client, Packet::Puback, 5, 0x80);
        }
        script.world.wait(20.0);
        script.world.cut(client);
        script.publish(publisher, "t", "6", 1);
        script.publish(publisher, "t", "7", 1);
        let client = script.lasting(version, "s");
        script.acknowledge(client, Packet::Pubcomp, 2, 0);
        script.world.cut(client);
        script.lasting(version, "s");
    }
}

fn identified(script: &mut Script) {
    let client = script.lasting(V5, "s");
    script.subscribe_with(client, subscription("t", QoS::AtLeastOnce), Some(1));
    script.publish(client, "t", "x", 1);
    script.subscribe_with(client, subscription("t", QoS::AtLeastOnce), Some(2));
    for _ in 0..2 {
        script.world.cut(client);
        script.lasting(V5, "s");
    }
}

fn flow_control(script: &mut Script) {
    let limited = |maximum| Connect {
        properties: properties([Property::ReceiveMaximum(maximum), Property::SessionExpiryInterval(60)]),
        ..resume(V5, "s")
    };
    let client = script.connect(limited(1));
    script.subscribe(client, "#", 1);
    let publisher = script.client(V5, "p");
    for payload in ["1", "2", "3", "4", "5"] {
        script.publish(publisher, "t", payload, 1);
    }
    script.send(client, Packet::Pingreq);
    script.acknowledge(client, Packet::Puback, 50, 0);
    script.acknowledge(client, Packet::Puback, 1, 0);
    script.acknowledge(client, Packet::Puback, 2, 0x80);
    script.world.cut(client);
    script.connect(limited(3));
    for number in 1..=257 {
        script.publish_as(publisher, twice(id(number), false), "t");
    }
}

fn small_packets(script: &mut Script) {
    let small =
        [Property::MaximumPacketSize(20), Property::ReceiveMaximum(1), Property::SessionExpiryInterval(60)];
    let client = script.connect(Connect { properties: properties(small), ..resume(V5, "s") });
    script.subscribe(client, "t", 1);
    script.publish(client, "t", &"x".repeat(100), 1);
    script.publish(client, "t", "x", 1);
    script.publish(client, "nobody", "x", 1);
    let silent = [Property::RequestProblemInformation(0)];
    let client = script.connect(Connect { properties: properties(silent), ..connect(V5, "n") });
    script.publish(client, "nobody", "x", 1);
}

fn expiry(script: &mut Script) {
    let client = script.lasting(V5, "s");
    script.subscribe(client, "#", 2);
    let publisher = script.client(V5, "p");
    let expiring = |seconds| vec![Property::MessageExpiryInterval(seconds)];
    script.publish_with(publisher, publish("t", "sent", QoS::ExactlyOnce), expiring(2));
    script.world.wait(3.0);
    script.acknowledge(publisher, Packet::Pubrel, 7, 0);
    script.world.cut(client);
    script.publish_with(publisher, publish("t", "short", QoS::AtLeastOnce), expiring(2));
    script.publish_with(publisher, publish("t", "long", QoS::AtLeastOnce), expiring(20));
    script.publish(publisher, "t", "forever", 1);
    script.world.wait(5.0);
    script.lasting(V5, "s");
}

fn invalid(script: &mut Script) {
    for version in [V3, V5] {
        for topic in ["a/#", "a+", ""] {
            let client = script.client(version, "c");
            if version == V3 || !topic.is_empty() {
                script.publish(client, topic, "x", 1);
            }
        }
    }
    for wrong in [
        vec![Property::ResponseTopic(text("a/#"))],
        vec![Property::PayloadFormatIndicator(2)],
        vec![Property::MessageExpiryInterval(1), Property::MessageExpiryInterval(1)],
    ] {
        let client = script.client(V5, "c");
        script.publish_with(client, publish("t", "x", QoS::AtMostOnce), wrong);
    }
}

fn denying() -> Config {
    let permissions = ["deny all no/#", "allow all #", "allow all $SYS/#"];
    Config { permissions: permissions.map(|rule| rule.parse().unwrap()).into(), ..Config::default() }
}

fn denied(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.client(version, "c");
        script.subscribe(client, "no/#", 0);
        script.publish(client, "no/x", "x", 2);
        script.publish(client, "yes", "x", 2);
        let wide = subscription("#", QoS::AtMostOnce);
        script.subscribe_with(client, wide, None);
        script.send(client, Packet::Publish(Publish { ..publish("no/x", "x", QoS::AtLeastOnce) }));
    }
    let watcher = script.client(V5, "watcher");
    script.subscribe(watcher, "$SYS/#", 0);
    script.publish(watcher, "$SYS/broker/version", "9", 0);
}
