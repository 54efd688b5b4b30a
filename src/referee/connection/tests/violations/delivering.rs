//! The server's PUBLISH against the client's subscriptions.

use mqttspec_spec::{Version, v3, v5};
use mqttspec_wire::{Packet, Property, packet::Delivery};

use super::super::build::*;
use crate::referee::Knowledge;

pub(in super::super) fn cases() -> Vec<Case> {
    [topics(), qos(), retain(), identifiers()].concat()
}

/// A connection with this subscription, granted as asked for.
fn subscribed(version: Version, filter: &str, qos: mqttspec_wire::QoS) -> Vec<Event> {
    then(open(version), [c(subscribe(1, filter, qos)), s(suback(1, &[qos.level()]))])
}

fn sent(topic: &str) -> Event {
    s(Packet::Publish(message(topic, Delivery::AtMostOnce)))
}

/// A PUBLISH with Subscription Identifiers.
fn identified(topic: &str, identifiers: &[u32]) -> Event {
    s(publish_with(topic, identifiers.iter().copied().map(Property::SubscriptionIdentifier)))
}

fn topics() -> Vec<Case> {
    let refused = then(open(V3), [c(subscribe(1, "a", Q0)), s(suback(1, &[0x80]))]);
    let as_7 = || then(open(V5), [c(subscribe_as(1, "a", 7)), s(suback(1, &[0]))]);
    vec![
        server(v3!("3.3.2-3"), then(subscribed(V3, "a/+", Q0), [sent("a/b/c")])),
        server(v5!("3.3.2-3"), then(subscribed(V5, "a", Q0), [sent("b")])),
        server(v3!("3.3.2-3"), then(refused, [sent("a")])),
        server(v5!("3.3.2-3"), then(subscribed(V5, "$share/g/a", Q0), [sent("b")])),
        // The identifier says that a subscription caused it.
        server(v5!("3.3.2-3"), then(as_7(), [identified("b", &[7])])).knowing(Knowledge::default()),
        server(v3!("4.7.2-1"), then(subscribed(V3, "#", Q0), [sent("$SYS/uptime")])),
        server(v5!("4.7.2-1"), then(subscribed(V5, "+/uptime", Q0), [sent("$SYS/uptime")])),
    ]
}

fn qos() -> Vec<Case> {
    let lowered = |version| then(open(version), [c(subscribe(1, "t", Q2)), s(suback(1, &[1]))]);
    vec![
        server(v3!("3.8.4-6"), then(subscribed(V3, "t", Q0), [s(publish(Q1, 1))])),
        server(v3!("3.8.4-6"), then(lowered(V3), [s(publish(Q2, 1))])),
        server(v5!("3.8.4-8"), then(lowered(V5), [s(publish(Q2, 1))])),
        // Not even before the SUBACK above what was asked for.
        server(v5!("3.8.4-8"), then(open(V5), [c(subscribe(1, "t", Q1)), s(publish(Q2, 1))])),
    ]
}

fn retain() -> Vec<Case> {
    let renewed = |version| {
        then(
            subscribed(version, "a/#", Q0),
            [s(retained("a/b")), c(subscribe(2, "a/#", Q0)), s(suback(2, &[0]))],
        )
    };
    vec![
        server(v3!("3.3.1-9"), then(subscribed(V3, "a/#", Q0), [s(retained("a/b")), s(retained("a/b"))])),
        server(v3!("3.3.1-9"), then(renewed(V3), [s(retained("a/b")), s(retained("a/b"))])),
        server(v5!("3.3.1-12"), then(renewed(V5), [s(retained("a/b")), s(retained("a/b"))])),
    ]
}

fn identifiers() -> Vec<Case> {
    let two = || {
        then(
            open(V5),
            [
                c(subscribe_as(1, "a/b", 7)),
                s(suback(1, &[0])),
                c(subscribe_as(2, "c/#", 8)),
                s(suback(2, &[0])),
            ],
        )
    };
    let alias = Property::TopicAlias(1);
    let unknown_topic = then(
        open_with([Property::TopicAliasMaximum(1)], []),
        [
            c(subscribe_as(1, "a", 7)),
            s(suback(1, &[0])),
            s(publish_with("a", [Property::SubscriptionIdentifier(7), alias.clone()])),
            s(publish_with("", [Property::SubscriptionIdentifier(9), alias])),
        ],
    );
    vec![
        server(v5!("X-3.3.4-1"), then(two(), [identified("a/b", &[7, 9])])).knowing(Knowledge::default()),
        server(v5!("X-3.3.4-1"), then(two(), [identified("a/b", &[8])])),
        server(v5!("X-3.3.4-1"), unknown_topic),
        server(v5!("3.3.4-3"), then(two(), [sent("a/b")])),
    ]
}
