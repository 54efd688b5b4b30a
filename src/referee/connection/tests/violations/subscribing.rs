//! SUBSCRIBE, UNSUBSCRIBE and their answers.

use mqttspec_spec::{v3, v5};
use mqttspec_wire::{Packet, Property};

use super::super::build::*;

pub(in super::super) fn cases() -> Vec<Case> {
    [filters(), options(), available(), answers()].concat()
}

fn filters() -> Vec<Case> {
    let asks =
        |statement, version, filter| client(statement, then(open(version), [c(subscribe(1, filter, Q0))]));
    let withdraws = |statement, version, filter| {
        client(statement, then(open(version), [c(unsubscribe(1, &["a", filter]))]))
    };
    vec![
        asks(v3!("4.7.1-2"), V3, "a/#/b"),
        asks(v5!("4.7.1-1"), V5, "a#"),
        withdraws(v5!("4.7.1-1"), V5, "#/a"),
        asks(v3!("4.7.1-3"), V3, "a+"),
        asks(v5!("4.7.1-2"), V5, "+a/b"),
        withdraws(v3!("4.7.1-3"), V3, "a/b+/c"),
        asks(v3!("4.7.3-1"), V3, ""),
        asks(v5!("4.7.3-1"), V5, ""),
        asks(v5!("4.8.2-1"), V5, "$share//a"),
        asks(v5!("4.8.2-1"), V5, "$share/"),
        asks(v5!("4.8.2-2"), V5, "$share/g"),
        asks(v5!("4.8.2-2"), V5, "$share/g+/a"),
        asks(v5!("4.8.2-2"), V5, "$share/g/"),
        withdraws(v5!("4.8.2-2"), V5, "$share/g#/a"),
    ]
}

fn options() -> Vec<Case> {
    let own = with(filter("$share/g/a", Q0), |subscription| subscription.no_local = true);
    vec![client(v5!("3.8.3-4"), then(open(V5), [c(Packet::Subscribe(asking_for(1, [own])))]))]
}

fn available() -> Vec<Case> {
    let without = |property| open_with([], [property]);
    vec![
        client(
            v5!("X-3.2.2.3.11-2"),
            then(without(Property::WildcardSubscriptionAvailable(0)), [c(subscribe(1, "a/#", Q0))]),
        ),
        client(
            v5!("X-3.2.2.3.12-2"),
            then(without(Property::SubscriptionIdentifierAvailable(0)), [c(subscribe_as(1, "a", 7))]),
        ),
        client(
            v5!("X-3.2.2.3.13-2"),
            then(without(Property::SharedSubscriptionAvailable(0)), [c(subscribe(1, "$share/g/a", Q0))]),
        ),
    ]
}

fn answers() -> Vec<Case> {
    let asked = |version| {
        then(open(version), [c(Packet::Subscribe(asking_for(1, [filter("a", Q1), filter("b", Q2)])))])
    };
    let withdrawn = || then(open(V5), [c(unsubscribe(1, &["a", "b"]))]);
    vec![
        server(v3!("3.8.4-5"), then(asked(V3), [s(suback(1, &[0]))])),
        server(v5!("3.8.4-6"), then(asked(V5), [s(suback(1, &[0, 0, 0]))])),
        server(v3!("X-3.8.4-2"), then(asked(V3), [s(suback(1, &[2, 0]))])),
        server(v5!("3.8.4-7"), then(asked(V5), [s(suback(1, &[2, 2]))])),
        server(v5!("3.11.3-1"), then(withdrawn(), [s(unsuback(1, &[0x11]))])),
        server(v5!("X-3.11.3-1"), then(withdrawn(), [s(unsuback(1, &[0x11, 0]))])),
    ]
}
