//! Packet Identifiers, DUP, and the order of answers.

use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::{Packet, Sender};

use super::super::build::*;

pub(in super::super) fn cases() -> Vec<Case> {
    let both = [Sender::Client, Sender::Server];
    let mut cases: Vec<Case> =
        both.into_iter().flat_map(|sender| [dup(sender), in_use(sender)].concat()).collect();
    cases.extend(both.into_iter().flat_map(|sender| [qos1(sender), qos2(sender)].concat()));
    [cases, requests(), resending(), order()].concat()
}

/// `sender` sends.
fn by(sender: Sender, packet: Packet) -> Event {
    match sender {
        Sender::Client => c(packet),
        Sender::Server => s(packet),
    }
}

fn of(sender: Sender, statement: StatementId, events: Vec<Event>) -> Case {
    match sender {
        Sender::Client => client(statement, events),
        Sender::Server => server(statement, events),
    }
}

/// A connection on which the client has subscribed to everything, under the identifier 100.
fn subscribed(version: Version) -> Vec<Event> {
    then(open(version), [c(subscribe(100, "#", Q2)), s(suback(100, &[2]))])
}

/// `sender`'s PUBLISH with the identifier 1, and then what `answers` makes of it.
fn published(version: Version, sender: Sender, packet: Packet) -> Vec<Event> {
    then(subscribed(version), [by(sender, packet)])
}

fn peer(sender: Sender) -> Sender {
    if sender == Sender::Client { Sender::Server } else { Sender::Client }
}

fn dup(sender: Sender) -> Vec<Case> {
    let (one, two) = match sender {
        Sender::Client => ((v3!("4.3.2-1"), v5!("4.3.2-2")), (v3!("4.3.3-1"), v5!("4.3.3-2"))),
        Sender::Server => ((v3!("3.3.1-3"), v5!("3.3.1-3")), (v3!("3.3.1-3"), v5!("3.3.1-3"))),
    };
    vec![
        of(sender, one.0, published(V3, sender, again(Q1, 1))),
        of(sender, one.1, published(V5, sender, again(Q1, 1))),
        of(sender, two.0, published(V3, sender, again(Q2, 1))),
        of(sender, two.1, published(V5, sender, again(Q2, 1))),
    ]
}

fn in_use(sender: Sender) -> Vec<Case> {
    let (three, five) = match sender {
        Sender::Client => (v3!("2.3.1-2"), v5!("2.2.1-3")),
        Sender::Server => (v3!("2.3.1-4"), v5!("2.2.1-4")),
    };
    let twice = |version, first, second| then(published(version, sender, first), [by(sender, second)]);
    vec![
        of(sender, three, twice(V3, publish(Q1, 1), publish(Q1, 1))),
        of(sender, five, twice(V5, publish(Q2, 1), publish(Q1, 1))),
        of(
            sender,
            five,
            then(
                published(V5, sender, publish(Q2, 1)),
                [by(peer(sender), pubrec(1)), by(sender, pubrel(1)), by(sender, publish(Q2, 1))],
            ),
        ),
    ]
}

/// Answers to a QoS 1 PUBLISH, or to none, by the other side of `sender`.
fn qos1(sender: Sender) -> Vec<Case> {
    let answering =
        |statement, events, packet| of(peer(sender), statement, then(events, [by(peer(sender), packet)]));
    let acknowledged = || then(published(V5, sender, publish(Q1, 1)), [by(peer(sender), puback(1))]);
    vec![
        answering(v3!("2.3.1-6"), subscribed(V3), puback(1)),
        answering(v5!("2.2.1-5"), subscribed(V5), puback(1)),
        answering(v5!("2.2.1-5"), acknowledged(), puback(1)),
        answering(v3!("2.3.1-6"), published(V3, sender, publish(Q1, 1)), puback(2)),
        answering(v3!("3.3.4-1"), published(V3, sender, publish(Q1, 1)), pubrec(1)),
        answering(v5!("3.3.4-1"), published(V5, sender, publish(Q2, 1)), puback(1)),
    ]
}

/// The four packets of QoS 2.
fn qos2(sender: Sender) -> Vec<Case> {
    let answering =
        |statement, events, packet| of(peer(sender), statement, then(events, [by(peer(sender), packet)]));
    let releasing = |statement, events, packet| of(sender, statement, then(events, [by(sender, packet)]));
    let received = |version| then(published(version, sender, publish(Q2, 1)), [by(peer(sender), pubrec(1))]);
    let released = |version| then(received(version), [by(sender, pubrel(1))]);
    vec![
        answering(v3!("2.3.1-6"), subscribed(V3), pubrec(1)),
        answering(v5!("2.2.1-5"), subscribed(V5), pubrec(1)),
        answering(v3!("X-3.7.2-1"), subscribed(V3), pubcomp(1)),
        answering(v5!("2.2.1-5"), subscribed(V5), pubcomp(1)),
        answering(v3!("4.3.3-2"), received(V3), pubcomp(1)),
        answering(v5!("4.3.3-11"), received(V5), pubcomp(1)),
        releasing(v3!("2.3.1-6"), subscribed(V3), pubrel(1)),
        releasing(v5!("2.2.1-5"), subscribed(V5), pubrel(1)),
        releasing(v3!("4.3.3-1"), published(V3, sender, publish(Q2, 1)), pubrel(1)),
        releasing(v5!("4.3.3-3"), published(V5, sender, publish(Q2, 1)), pubrel(1)),
        releasing(v3!("4.3.3-1"), released(V3), again(Q2, 1)),
        releasing(v5!("4.3.3-6"), released(V5), again(Q2, 1)),
        releasing(v5!("4.4.0-1"), released(V5), pubrel(1)),
    ]
}

fn requests() -> Vec<Case> {
    let asked = |version| then(open(version), [c(subscribe(1, "a", Q0))]);
    let withdrawn = |version| then(open(version), [c(unsubscribe(1, &["a"]))]);
    vec![
        client(v3!("2.3.1-2"), then(asked(V3), [c(subscribe(1, "b", Q0))])),
        client(v5!("2.2.1-3"), then(asked(V5), [c(subscribe(1, "a", Q0))])),
        client(v5!("2.2.1-3"), then(asked(V5), [c(publish(Q1, 1))])),
        client(v3!("2.3.1-2"), then(withdrawn(V3), [c(unsubscribe(1, &["b"]))])),
        client(v5!("2.2.1-3"), then(asked(V5), [c(unsubscribe(1, &["a"]))])),
        client(v5!("2.2.1-5"), then(asked(V5), [c(pubrel(1))])),
        server(v3!("3.8.4-2"), then(asked(V3), [s(suback(2, &[0]))])),
        server(v5!("3.8.4-2"), then(withdrawn(V5), [s(suback(1, &[0]))])),
        server(v3!("3.10.4-4"), then(withdrawn(V3), [s(unsuback(2, &[]))])),
        server(v5!("3.10.4-5"), then(asked(V5), [s(unsuback(1, &[0]))])),
        server(v5!("3.8.4-2"), then(asked(V5), [s(suback(1, &[0])), s(suback(1, &[0]))])),
    ]
}

fn resending() -> Vec<Case> {
    vec![
        server(v5!("4.4.0-1"), then(published(V5, Sender::Server, publish(Q1, 1)), [s(again(Q1, 1))])),
        client(v5!("4.4.0-1"), then(published(V5, Sender::Client, publish(Q2, 1)), [c(again(Q2, 1))])),
        // On resume a message may be sent again, but once.
        server(v5!("4.4.0-1"), then(resumed(V5), [s(again(Q1, 7)), s(again(Q1, 7))])),
    ]
}

fn order() -> Vec<Case> {
    let two = |version, qos| then(subscribed(version), [s(publish(qos, 1)), s(publish(qos, 2))]);
    let sent = |one, two| then(open(V3), [c(publish(one, 1)), c(publish(two, 2))]);
    let received =
        |version| then(open(version), [c(publish(Q2, 1)), c(publish(Q2, 2)), s(pubrec(2)), s(pubrec(1))]);
    vec![
        client(v3!("4.6.0-2"), then(two(V3, Q1), [c(puback(2))])),
        client(v5!("4.6.0-2"), then(two(V5, Q1), [c(puback(2))])),
        client(v3!("4.6.0-3"), then(two(V3, Q2), [c(pubrec(2))])),
        client(v5!("4.6.0-3"), then(two(V5, Q2), [c(pubrec(2))])),
        client(v3!("4.6.0-1"), then(sent(Q1, Q1), [c(again(Q1, 2)), c(again(Q1, 1))])),
        client(v3!("4.6.0-1"), then(sent(Q2, Q1), [c(again(Q1, 2)), c(again(Q2, 1))])),
        client(v3!("4.6.0-4"), then(received(V3), [c(pubrel(1))])),
        client(v5!("4.6.0-4"), then(received(V5), [c(pubrel(1))])),
    ]
}
