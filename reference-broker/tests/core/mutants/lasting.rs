//! Ends of the broker itself.

use mqttspec_wire::{
    Packet, Property, QoS, Version,
    packet::{Connect, Subscription, Will},
};

use super::{
    Script, Tour,
    script::{once, twice},
};
use crate::world::{connect, id, properties, publish, resume, subscription, will};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::new("sessions over a restart", sessions),
    Tour::new("exchanges over a restart", exchanges),
    Tour::new("retained messages and wills over a restart", retained),
    Tour::new("clocks over a restart", clocks),
];

fn sessions(script: &mut Script) {
    for version in [V3, V5] {
        let absent = script.lasting(version, "absent");
        let options = Subscription {
            no_local: version == V5,
            retain_as_published: version == V5,
            ..subscription("t", QoS::AtLeastOnce)
        };
        script.subscribe_with(absent, options, None);
        script.world.cut(absent);
        let anew = script.lasting(version, "anew");
        script.subscribe(anew, "t", 1);
        script.world.cut(anew);
        script.world.save();
        let anew = script.client(version, "anew");
        script.world.cut(anew);
        let publisher = script.client(version, "publisher");
        script.publish(publisher, "t", "waits", 1);
        script.restart();
        script.lasting(version, "anew");
        let absent = script.lasting(version, "absent");
        script.retain(absent, "t", "own", 1);
        let publisher = script.client(version, "publisher");
        script.retain(publisher, "t", "new", 1);
    }
}

fn exchanges(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.lasting(version, "client");
        script.subscribe(client, "t", 2);
        script.publish_as(client, twice(id(9), false), "t");
        let publisher = script.client(version, "publisher");
        script.publish(publisher, "t", "at once", 1);
        script.publish(publisher, "t", "released", 2);
        script.acknowledge(publisher, Packet::Pubrel, 7, 0);
        for received in 1..4 {
            script.acknowledge(client, Packet::Pubrec, received, 0);
        }
        script.publish_as(publisher, once(id(8), false), "t");
        script.restart();
        let client = script.lasting(version, "client");
        script.publish_as(client, twice(id(9), true), "t");
    }
}

fn asked(payload: &str) -> Will {
    Will { qos: QoS::AtLeastOnce, ..will("will", payload) }
}

fn retained(script: &mut Script) {
    for version in [V3, V5] {
        let watcher = script.lasting(version, "watcher");
        script.subscribe(watcher, "will", 1);
        script.world.cut(watcher);
        let client = script.connect(Connect { will: Some(asked("gone")), ..resume(version, "mortal") });
        script.retain(client, "kept", "kept", 1);
        script.retain(client, "cleared", "cleared", 1);
        script.world.save();
        script.retain(client, "cleared", "", 1);
        script.restart();
        let late = script.client(version, "late");
        script.subscribe(late, "+", 1);
        script.lasting(version, "watcher");
    }
    let delayed = Will { properties: properties([Property::WillDelayInterval(3)]), ..asked("late") };
    let client = script.connect(Connect { will: Some(delayed), ..resume(V5, "delayed") });
    script.world.cut(client);
    script.restart();
    let watcher = script.lasting(V5, "watcher");
    script.subscribe(watcher, "will", 1);
    script.world.wait(5.0);
}

fn clocks(script: &mut Script) {
    let expiring = |seconds| properties([Property::SessionExpiryInterval(seconds)]);
    let client = script.connect(Connect { properties: expiring(5), ..connect(V5, "short") });
    script.world.cut(client);
    let client = script.lasting(V5, "long");
    script.subscribe(client, "t", 1);
    script.world.cut(client);
    let publisher = script.client(V5, "publisher");
    script.publish_with(
        publisher,
        publish("t", "fades", QoS::AtLeastOnce),
        vec![Property::MessageExpiryInterval(60)],
    );
    script.world.wait(3.0);
    script.restart();
    script.lasting(V5, "long");
    script.world.wait(3.0);
    let client = script.lasting(V5, "short");
    script.world.cut(client);
    let client =
        script.connect(Connect { properties: expiring(2), clean_start: false, ..connect(V5, "brief") });
    script.world.cut(client);
    script.restart();
    script.world.wait(3.0);
    script.lasting(V5, "brief");
}
