//! Retained messages, wills, endings.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Connect, RetainHandling, Subscription, Will},
};

use super::{Script, Tour};
use crate::world::{Client, connect, disconnect, properties, publish, resume, subscription, text, will};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::new("retained messages", retained),
    Tour::new("retain handling", handling),
    Tour::new("wills", wills),
    Tour::new("delayed wills", delayed),
    Tour::new("endings", endings),
];

fn retained(script: &mut Script) {
    for version in [V3, V5] {
        let client = script.client(version, "c");
        script.retain(client, "a", "old", 1);
        script.retain(client, "a", "new", 1);
        script.publish(client, "a", "passing", 1);
        script.retain(client, "b", "zero", 0);
        script.retain(client, "c", "", 1);
        script.subscribe(client, "+", 1);
        script.subscribe(client, "+", 1);
        script.retain(client, "a", "live", 1);
        script.retain(client, "a", "", 1);
        script.subscribe(client, "a", 1);
        let other = script.client(version, "o");
        script.world.cut(other);
        script.subscribe(client, "b", 1);
    }
    let client = script.client(V5, "e");
    let expiring = mqttspec_wire::packet::Publish { retain: true, ..publish("e", "x", QoS::AtMostOnce) };
    script.publish_with(client, expiring, vec![Property::MessageExpiryInterval(2)]);
    script.world.wait(3.0);
    script.subscribe_with(client, subscription("e", QoS::AtMostOnce), Some(5));
    script.subscribe_with(client, subscription("b", QoS::AtMostOnce), Some(5));
}

fn handling(script: &mut Script) {
    let client = script.client(V5, "c");
    script.retain(client, "t", "x", 1);
    for retain_handling in [RetainHandling::DoNotSend, RetainHandling::SendIfNew] {
        for retain_as_published in [true, false] {
            let asked =
                Subscription { retain_handling, retain_as_published, ..subscription("t", QoS::AtMostOnce) };
            script.subscribe_with(client, asked, None);
            script.retain(client, "t", "y", 0);
        }
    }
    script.unsubscribe(client, &["t"]);
    let again =
        Subscription { retain_handling: RetainHandling::SendIfNew, ..subscription("t", QoS::AtMostOnce) };
    script.subscribe_with(client, again, None);
    let member = script.client(V5, "m");
    script.subscribe(member, "$share/g/t", 0);
}

fn mortal(script: &mut Script, version: Version, will: Will) -> Client {
    script.connect(Connect { will: Some(will), keep_alive: 2, ..resume(version, "mortal") })
}

fn wills(script: &mut Script) {
    let kept = Will { retain: true, qos: QoS::AtLeastOnce, ..will("will", "kept") };
    let ends: [fn(&mut Script, Client, Version); 5] = [
        |script, client, _| script.world.cut(client),
        |script, client, _| script.send(client, disconnect(ReasonCode::SUCCESS)),
        |script, client, _| script.world.send_bytes(client, &[0xC1, 0]),
        |script, _, version| {
            script.client(version, "mortal");
        },
        |script, _, _| script.world.wait(10.0),
    ];
    for version in [V3, V5] {
        let watcher = script.client(version, "w");
        script.subscribe(watcher, "will", 1);
        for end in ends {
            for will in [kept.clone(), will("will", "passing")] {
                let client = mortal(script, version, will);
                end(script, client, version);
                let again = script.lasting(version, "mortal");
                script.world.cut(again);
                let late = script.client(version, "late");
                script.subscribe(late, "will", 1);
            }
        }
    }
}

fn delayed(script: &mut Script) {
    let watcher = script.client(V5, "w");
    script.subscribe(watcher, "will", 1);
    let pair = |value: &str| Property::UserProperty((text("a"), text(value)));
    let own = properties([Property::WillDelayInterval(3), pair("1"), pair("2")]);
    let delayed = Will { properties: own, ..will("will", "x") };
    for (expiry, pause) in [(60, 10.0), (1, 10.0), (60, 1.0), (0, 0.0)] {
        let client = script.connect(Connect {
            will: Some(delayed.clone()),
            properties: properties([Property::SessionExpiryInterval(expiry)]),
            ..connect(V5, "mortal")
        });
        script.world.cut(client);
        script.world.wait(pause);
        let client = script.lasting(V5, "mortal");
        script.world.wait(10.0);
        script.send(client, disconnect(ReasonCode::SUCCESS));
    }
    let client = mortal(script, V5, will("will", "asked for"));
    script.send(client, disconnect(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
}

fn endings(script: &mut Script) {
    for version in [V3, V5] {
        let bystander = script.client(version, "b");
        let client = script.client(version, "c");
        script.send(client, Packet::Pingreq);
        script.world.send_bytes(client, &[0xC1, 0]);
        script.send(bystander, Packet::Pingreq);
        let client = script.client(version, "c");
        script.send(client, disconnect(ReasonCode::SUCCESS));
        script.client(version, "b");
    }
}
