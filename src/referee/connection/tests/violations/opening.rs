//! First, once, last; CONNECT against CONNACK; authentication; keep-alive.

use mqttspec_spec::{v3, v5};
use mqttspec_wire::{FaultKind, Packet, Property, Sender, packet::PacketType};

use super::super::build::*;
use crate::referee::Knowledge;

pub(in super::super) fn cases() -> Vec<Case> {
    [order(), last(), connect_and_connack(), wills(), authentication(), life(), resumption()].concat()
}

fn order() -> Vec<Case> {
    let knowing = |version| Knowledge { version: Some(version), ..STRICT };
    let malformed = |statement| fault(Sender::Client, FaultKind::ReservedBits(1), Some(statement));
    vec![
        client(v3!("3.1.0-1"), vec![c(Packet::Pingreq)]).knowing(knowing(V3)),
        client(v5!("3.1.0-1"), vec![c(publish(Q0, 0))]).knowing(knowing(V5)),
        client(
            v5!("3.1.0-1"),
            vec![fault(Sender::Client, FaultKind::ConnectExpected(PacketType::Pingreq), None)],
        )
        .knowing(knowing(V5)),
        client(v3!("3.1.0-2"), then(open(V3), [c(connect(asking(V3)))])),
        client(v5!("3.1.0-2"), then(open(V5), [c(connect(asking(V5)))])),
        server(v3!("3.2.0-1"), vec![c(connect(asking(V3))), s(publish(Q0, 0))]),
        server(v5!("3.2.0-1"), vec![c(connect(asking(V5))), s(Packet::Pingresp)]),
        server(v5!("3.2.0-2"), then(open(V5), [s(accept([]))])),
        server(v5!("3.2.0-2"), vec![c(connect(asking(V5))), s(refuse(0x87)), s(accept([]))]),
        server(v5!("3.14.0-1"), vec![c(connect(asking(V5))), s(disconnect(0x87, []))]),
        server(v5!("3.14.0-1"), vec![c(connect(asking(V5))), s(refuse(0x87)), s(disconnect(0x87, []))]),
        server(v3!("3.1.4-1"), vec![malformed(v3!("3.1.2-3")), s(accept([]))]).after_a_breach(),
        server(v5!("3.1.4-1"), vec![malformed(v5!("3.1.2-3")), s(accept([]))]).after_a_breach(),
        // Not even a malformed CONNECT entitles the server to DISCONNECT before CONNACK.
        server(v5!("3.14.0-1"), vec![malformed(v5!("3.1.2-3")), s(disconnect(0x81, []))]).after_a_breach(),
    ]
}

fn last() -> Vec<Case> {
    vec![
        server(v3!("3.2.2-5"), vec![c(connect(asking(V3))), s(refuse(5)), s(Packet::Pingresp)]),
        server(v5!("3.2.2-7"), vec![c(connect(asking(V5))), s(refuse(0x87)), s(publish(Q0, 0))]),
        client(v3!("3.14.4-2"), then(open(V3), [c(disconnect(0, [])), c(Packet::Pingreq)])),
        client(v5!("3.14.4-1"), then(open(V5), [c(disconnect(0, [])), c(disconnect(0, []))])),
        server(v5!("3.14.4-1"), then(open(V5), [s(disconnect(0x8B, [])), s(publish(Q0, 0))])),
        client(
            v5!("X-3.14.2.2.2-2"),
            then(open(V5), [c(disconnect(0, [Property::SessionExpiryInterval(9)]))]),
        ),
    ]
}

fn connect_and_connack() -> Vec<Case> {
    let unnamed = |version, clean_start| {
        connect(with(asking(version), |connect| {
            connect.client_id = text("");
            connect.clean_start = clean_start;
        }))
    };
    let mut cases = vec![
        client(v3!("3.1.3-7"), vec![c(unnamed(V3, false))]),
        server(v5!("3.1.3-7"), vec![c(unnamed(V5, false)), s(accept([]))]),
        server(
            v5!("3.1.3-7"),
            vec![c(unnamed(V5, true)), s(accept([Property::AssignedClientIdentifier(text(""))]))],
        ),
        server(v3!("3.2.2-1"), vec![c(connect(asking(V3))), s(answer(0, true, []))]),
        server(v5!("3.2.2-2"), vec![c(connect(asking(V5))), s(answer(0, true, []))]),
        server(v5!("3.1.2-28"), open_with([], [Property::ResponseInformation(text("r"))])),
        server(
            v5!("3.1.2-28"),
            open_with([Property::RequestResponseInformation(0)], [Property::ResponseInformation(text("r"))]),
        ),
    ];
    // The empty client identifier is the client's breach; accepting it is the server's.
    cases.push(server(v3!("3.1.3-8"), vec![c(unnamed(V3, false)), s(accept([]))]).after_a_breach());
    cases.push(
        server(v3!("3.1.0-2"), then(open(V3), [c(connect(asking(V3))), s(accept([]))])).after_a_breach(),
    );
    cases.push(
        server(v5!("3.2.0-2"), then(open(V5), [c(connect(asking(V5))), s(accept([]))])).after_a_breach(),
    );
    cases
}

fn wills() -> Vec<Case> {
    let willing =
        |version, will| vec![c(connect(with(asking(version), |connect| connect.will = Some(will))))];
    let garbled = with(will("w", Q0, false), |will| {
        will.properties = props([Property::PayloadFormatIndicator(1)]);
        will.payload = bytes::Bytes::from_static(&[0xFF]);
    });
    vec![
        client(v3!("4.7.1-1"), willing(V3, will("a/#", Q0, false))),
        client(v5!("4.7.0-1"), willing(V5, will("a/+", Q0, false))),
        client(v3!("4.7.3-1"), willing(V3, will("", Q0, false))),
        client(v5!("4.7.3-1"), willing(V5, will("", Q0, false))),
        client(v5!("X-3.1.3.2.3-2"), willing(V5, garbled)),
        server(
            v5!("3.2.2-12"),
            then(willing(V5, will("w", Q2, false)), [s(accept([Property::MaximumQoS(1)]))]),
        ),
        server(
            v5!("3.2.2-13"),
            then(willing(V5, will("w", Q0, true)), [s(accept([Property::RetainAvailable(0)]))]),
        ),
    ]
}

fn authentication() -> Vec<Case> {
    let asking = || vec![c(connect_with([method("m")]))];
    let authenticated = || then(asking(), [s(accept([method("m")]))]);
    vec![
        client(v5!("3.1.2-30"), then(asking(), [c(publish(Q0, 0))])),
        server(v5!("4.12.0-2"), then(asking(), [s(auth(0, [method("m")]))])),
        client(v5!("4.12.0-3"), then(asking(), [s(auth(0x18, [method("m")])), c(auth(0x19, [method("m")]))])),
        server(v5!("4.12.0-5"), then(asking(), [s(auth(0x18, [method("n")]))])),
        server(v5!("4.12.0-5"), then(asking(), [s(accept([]))])),
        client(v5!("4.12.0-5"), then(asking(), [s(auth(0x18, [method("m")])), c(auth(0x18, [method("n")]))])),
        server(v5!("4.12.0-6"), vec![c(connect_with([])), s(auth(0x18, [method("m")]))]),
        server(v5!("4.12.0-6"), open_with([], [method("m")])),
        client(v5!("4.12.0-7"), then(open(V5), [c(auth(0x19, [method("m")]))])),
        client(v5!("4.12.1-1"), then(authenticated(), [c(auth(0x19, [method("n")]))])),
    ]
}

/// What the client does after a CONNACK that does not fit its own state.
fn resumption() -> Vec<Case> {
    let unknown =
        then(vec![c(connect(asking(V5))), s(answer(0, true, []))], [s(publish(Q1, 1)), c(puback(1))]);
    let forgotten = |packet| {
        let asking = with(asking(V5), |connect| connect.clean_start = false);
        let open = vec![c(connect(asking)), s(answer(0, false, [])), c(subscribe(100, "#", Q2))];
        then(open, [s(suback(100, &[2])), s(publish(Q1, 1)), c(puback(1)), c(packet)])
    };
    vec![
        client(v5!("3.2.2-4"), unknown).after_a_breach(),
        client(v5!("3.2.2-5"), forgotten(again(Q1, 7))),
        client(v5!("3.2.2-5"), forgotten(pubrel(7))),
    ]
}

fn life() -> Vec<Case> {
    let silent = |events, seconds| then(events, [Event::Wait(seconds), c(Packet::Pingreq)]);
    vec![
        server(v3!("3.12.4-1"), then(open(V3), [s(Packet::Pingresp)])),
        server(
            v5!("3.12.4-1"),
            then(open(V5), [c(Packet::Pingreq), s(Packet::Pingresp), s(Packet::Pingresp)]),
        ),
        client(v3!("3.1.2-23"), silent(open(V3), 91)),
        client(v5!("3.1.2-20"), silent(open(V5), 91)),
        Case {
            statements: vec![v5!("3.1.2-21"), v5!("3.2.2-21")],
            ..client(v5!("3.1.2-21"), silent(open_with([], [Property::ServerKeepAlive(10)]), 16))
        },
    ]
}
