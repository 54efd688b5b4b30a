//! Maximum Packet Size and problem information.

use mqttspec_spec::{StatementId, v5};
use mqttspec_wire::{Packet, Property, Sender};

use super::super::build::*;

/// A packet that one side may send after these events, but not this large because of its last property.
type Large = (StatementId, Vec<Event>, Packet);

pub(in super::super) fn cases() -> Vec<Case> {
    let mut cases = [problem_information(), whole_packets()].concat();
    for sender in [Sender::Client, Sender::Server] {
        cases.extend(answers(sender).into_iter().map(|large| too_large(sender, large)));
    }
    cases.extend(server_only().into_iter().map(|large| too_large(Sender::Server, large)));
    cases.extend(connack());
    cases
}

fn by(sender: Sender, packet: Packet) -> Event {
    if sender == Sender::Client { c(packet) } else { s(packet) }
}

fn peer(sender: Sender) -> Sender {
    if sender == Sender::Client { Sender::Server } else { Sender::Client }
}

/// A connection where either side takes 20 bytes, and the client has subscribed.
fn narrow() -> Vec<Event> {
    let narrow = || [method("m"), Property::MaximumPacketSize(20)];
    then(open_with(narrow(), narrow()), [c(subscribe(9, "t", Q2)), s(suback(9, &[2]))])
}

/// One byte too large. That breaks also the statement on packets of any kind.
fn too_large(sender: Sender, (statement, events, packet): Large) -> Case {
    let events = then(then(narrow(), events), [by(sender, packet).sized(21)]);
    let (case, general) = match sender {
        Sender::Client => (client(statement, events), v5!("3.2.2-15")),
        Sender::Server => (server(statement, events), v5!("3.1.2-24")),
    };
    Case { statements: vec![general, statement], ..case }
}

/// What both sides send, with each property.
fn answers(sender: Sender) -> Vec<Large> {
    let theirs = |packet| by(peer(sender), packet);
    let mine = |packet| by(sender, packet);
    let acknowledges = |property| (vec![theirs(publish(Q1, 1))], Packet::Puback(telling(1, [property])));
    let receives = |property| (vec![theirs(publish(Q2, 1))], Packet::Pubrec(telling(1, [property])));
    let releases =
        |property| (vec![mine(publish(Q2, 1)), theirs(pubrec(1))], Packet::Pubrel(telling(1, [property])));
    let completes = |property| {
        let events = vec![theirs(publish(Q2, 1)), mine(pubrec(1)), theirs(pubrel(1))];
        (events, Packet::Pubcomp(telling(1, [property])))
    };
    let farewell = |property| (vec![], disconnect(0, [property]));
    let auth = |property| (vec![], auth(0x18, [method("m"), property]));
    let (reason, user) = (reason_string, user_property);
    let large = |statement, (events, packet)| (statement, events, packet);
    vec![
        large(v5!("3.4.2-2"), acknowledges(reason())),
        large(v5!("3.4.2-3"), acknowledges(user())),
        large(v5!("3.5.2-2"), receives(reason())),
        large(v5!("3.5.2-3"), receives(user())),
        large(v5!("3.6.2-2"), releases(reason())),
        large(v5!("3.6.2-3"), releases(user())),
        large(v5!("3.7.2-2"), completes(reason())),
        large(v5!("3.7.2-3"), completes(user())),
        large(v5!("3.14.2-3"), farewell(reason())),
        large(v5!("3.14.2-4"), farewell(user())),
        large(v5!("3.15.2-2"), auth(reason())),
        large(v5!("3.15.2-3"), auth(user())),
    ]
}

fn server_only() -> Vec<Large> {
    let requested = || vec![c(subscribe(1, "u", Q0))];
    let withdrawn = || vec![c(unsubscribe(1, &["t"]))];
    let suback = |property| Packet::Suback(suback_with(1, &[0], [property]));
    let unsuback = |property| Packet::Unsuback(unsuback_with(1, &[0], [property]));
    vec![
        (v5!("3.9.2-1"), requested(), suback(reason_string())),
        (v5!("3.9.2-2"), requested(), suback(user_property())),
        (v5!("3.11.2-1"), withdrawn(), unsuback(reason_string())),
        (v5!("3.11.2-2"), withdrawn(), unsuback(user_property())),
    ]
}

fn connack() -> Vec<Case> {
    [(v5!("3.2.2-19"), reason_string()), (v5!("3.2.2-20"), user_property())]
        .into_iter()
        .map(|(statement, property)| {
            let asked = c(connect_with([Property::MaximumPacketSize(20)]));
            let case = server(statement, vec![asked, s(accept([property])).sized(21)]);
            Case { statements: vec![v5!("3.1.2-24"), statement], ..case }
        })
        .collect()
}

fn whole_packets() -> Vec<Case> {
    // Without its Reason String it would be too large all the same.
    let hopeless =
        then(narrow(), [s(publish(Q1, 1)), c(Packet::Puback(telling(1, [reason_string()]))).sized(100)]);
    vec![
        server(v5!("3.1.2-24"), then(narrow(), [s(publish(Q0, 0)).sized(21)])),
        client(v5!("3.2.2-15"), then(narrow(), [c(publish(Q0, 0)).sized(21)])),
        client(v5!("3.2.2-15"), hopeless),
    ]
}

fn problem_information() -> Vec<Case> {
    let quiet = || open_with([Property::RequestProblemInformation(0)], []);
    let asked = |packet, answer| server(v5!("3.1.2-29"), then(quiet(), [c(packet), s(answer)]));
    vec![
        asked(publish(Q1, 1), Packet::Puback(telling(1, [reason_string()]))),
        asked(publish(Q2, 1), Packet::Pubrec(telling(1, [user_property()]))),
        asked(subscribe(1, "t", Q0), Packet::Suback(suback_with(1, &[0], [user_property()]))),
    ]
}
