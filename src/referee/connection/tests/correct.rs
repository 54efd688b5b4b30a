//! Correct exchanges, to which nothing is said.

use mqttspec_wire::{
    Packet, Property, Sender, Version,
    packet::{Delivery, RetainHandling},
};
use rstest::rstest;

use super::build::*;

/// QoS 1 and QoS 2 both ways, with the identifiers chosen again at once, and everything else that has an answer.
fn everything(version: Version) -> Vec<Event> {
    let own = |by: fn(Packet) -> Event, peer: fn(Packet) -> Event| {
        [
            by(publish(Q0, 0)),
            by(publish(Q1, 1)),
            by(publish(Q2, 2)),
            peer(puback(1)),
            by(publish(Q1, 1)),
            peer(pubrec(2)),
            by(pubrel(2)),
            peer(puback(1)),
            peer(pubcomp(2)),
            by(publish(Q2, 2)),
            peer(pubrec(2)),
            by(pubrel(2)),
            peer(pubcomp(2)),
        ]
    };
    let codes: &[u8] = if version == V5 { &[0x00, 0x11] } else { &[] };
    let events = then(
        open(version),
        [
            c(Packet::Pingreq),
            c(Packet::Pingreq),
            c(Packet::Subscribe(asking_for(9, [filter("t", Q2), filter("u/#", Q1)]))),
            s(Packet::Pingresp),
            s(suback(9, &[2, 0x80])),
            s(Packet::Pingresp),
        ],
    );
    let events = then(then(events, own(c, s)), own(s, c));
    then(
        events,
        [
            c(unsubscribe(9, &["t", "v"])),
            s(unsuback(9, codes)),
            // It may have been on its way.
            s(publish(Q2, 3)),
            c(pubrec(3)),
            s(pubrel(3)),
            c(pubcomp(3)),
            c(disconnect(0, [])),
            s(publish(Q1, 4)),
            Event::Closed(Sender::Client),
            Event::Closed(Sender::Server),
        ],
    )
}

/// Before CONNACK a client may send what it wants, and nobody has told it any limit.
fn eager() -> Vec<Event> {
    vec![
        c(connect_with([])),
        c(publish(Q2, 1)),
        c(publish(Q2, 2)),
        c(retained("t")),
        c(publish_with("t", [Property::TopicAlias(3)])),
        c(subscribe_as(3, "$share/g/#", 7)),
        s(accept([
            Property::ReceiveMaximum(2),
            Property::MaximumQoS(1),
            Property::RetainAvailable(0),
            Property::SharedSubscriptionAvailable(0),
        ])),
        s(disconnect(0x9B, [])),
    ]
}

/// The identifiers of an earlier connection, its subscriptions and its messages.
fn resuming(version: Version) -> Vec<Event> {
    then(
        resumed(version),
        [
            s(again(Q1, 5)),
            s(again(Q2, 6)),
            s(pubrel(7)),
            c(again(Q1, 5)),
            c(again(Q2, 6)),
            c(pubrel(7)),
            c(puback(5)),
            c(pubrec(6)),
            c(pubcomp(7)),
            s(puback(5)),
            s(pubrec(6)),
            s(pubcomp(7)),
            s(pubrel(6)),
            c(pubrel(6)),
            s(Packet::Publish(message("of/an/earlier/subscription", qos2(8, false)))),
            c(pubrec(8)),
            c(pubcomp(6)),
            s(pubcomp(6)),
            // Of the earlier connection, as far as anybody knows.
            c(puback(100)),
            s(pubcomp(101)),
        ],
    )
}

/// In MQTT 3.1.1 a PUBLISH may be repeated at any time, also while its answer is on the way.
fn repeating() -> Vec<Event> {
    then(
        open(V3),
        [
            c(subscribe(1, "t", Q2)),
            c(subscribe(1, "t", Q2)),
            s(suback(1, &[2])),
            s(suback(1, &[2])),
            s(publish(Q1, 1)),
            s(again(Q1, 1)),
            c(puback(1)),
            s(again(Q1, 1)),
            s(publish(Q1, 1)),
            c(puback(1)),
            c(puback(1)),
            c(puback(1)),
            s(publish(Q2, 2)),
            s(publish(Q2, 3)),
            s(again(Q2, 2)),
            c(pubrec(3)),
            c(pubrec(2)),
            s(again(Q2, 2)),
            s(pubrel(2)),
            s(pubrel(2)),
            c(pubrec(2)),
            c(pubcomp(2)),
            s(publish(Q1, 2)),
            c(pubcomp(2)),
            c(puback(2)),
            c(unsubscribe(4, &["t"])),
            c(unsubscribe(4, &["t"])),
            s(unsuback(4, &[])),
            s(unsuback(4, &[])),
        ],
    )
}

/// A PUBREC with an error ends the exchange; one more PUBREC may have one more PUBREL.
fn errors() -> Vec<Event> {
    then(
        open_with([Property::ReceiveMaximum(1)], [Property::ReceiveMaximum(1)]),
        [
            c(subscribe(1, "t", Q2)),
            s(suback(1, &[2])),
            s(publish(Q2, 1)),
            c(Packet::Pubrec(ack(1, 0x97))),
            s(publish(Q2, 1)),
            c(Packet::Pubrec(ack(1, 0x10))),
            c(pubrec(1)),
            s(pubrel(1)),
            s(pubrel(1)),
            c(pubcomp(1)),
            s(publish(Q1, 1)),
            c(Packet::Puback(ack(1, 0x87))),
            s(publish(Q1, 2)),
            c(publish(Q1, 1)),
            s(Packet::Puback(ack(1, 0x10))),
            c(publish(Q2, 2)),
            s(Packet::Pubrec(ack(2, 0x99))),
            c(publish(Q2, 2)),
        ],
    )
}

fn authenticating() -> Vec<Event> {
    vec![
        c(connect_with([method("m")])),
        s(auth(0x18, [method("m")])),
        c(auth(0x18, [method("m")])),
        s(accept([method("m")])),
        c(auth(0x19, [method("m")])),
        c(publish(Q0, 0)),
        s(auth(0x18, [method("m")])),
        c(auth(0x18, [method("m")])),
        s(auth(0, [])),
    ]
}

fn limits() -> Vec<Event> {
    let large = || Property::MaximumPacketSize(20);
    then(
        open_with(
            [large(), Property::TopicAliasMaximum(2), Property::RequestProblemInformation(0)],
            [large(), Property::TopicAliasMaximum(2), reason_string(), user_property()],
        ),
        [
            c(publish_with("t", [Property::TopicAlias(2)])).sized(20),
            c(publish_with("", [Property::TopicAlias(2)])),
            c(publish_with("u", [Property::TopicAlias(2)])),
            c(subscribe(1, "a/#", Q0)),
            s(suback(1, &[0])),
            s(publish_with("a/b", [Property::TopicAlias(1), user_property()])).sized(20),
            s(publish_with("", [Property::TopicAlias(1)])),
            s(disconnect(0x8B, [reason_string()])),
        ],
    )
}

fn overlapping() -> Vec<Event> {
    let identified = |topic, identifiers: &[u32]| {
        s(publish_with(topic, identifiers.iter().copied().map(Property::SubscriptionIdentifier)))
    };
    then(
        open(V5),
        [
            c(subscribe_as(1, "a/#", 7)),
            // It may come before the SUBACK.
            identified("a/b", &[7]),
            s(suback(1, &[0])),
            c(subscribe_as(2, "a/+", 8)),
            s(suback(2, &[0])),
            identified("a/b", &[8, 7]),
            identified("a/b", &[7]),
            identified("a/b", &[8]),
            // The subscription is made anew with another identifier; the old one may be in messages on their way.
            c(subscribe_as(3, "a/+", 9)),
            s(suback(3, &[0])),
            identified("a/b", &[8]),
            identified("a/b", &[7, 9]),
            c(subscribe(4, "$share/g/+/c", Q0)),
            s(suback(4, &[0])),
            identified("a/c", &[]),
            s(publish_with("b/c", [])),
        ],
    )
}

fn retaining(version: Version) -> Vec<Event> {
    then(
        open(version),
        [
            c(Packet::Subscribe(asking_for(1, [filter("a/#", Q1), filter("a/+", Q1)]))),
            s(retained("a/b")),
            s(suback(1, &[1, 0])),
            s(retained("a/b")),
            s(retained("a/c")),
            c(subscribe(2, "a/+", Q0)),
            s(suback(2, &[0])),
            s(retained("a/b")),
            s(Packet::Publish(message("a/b", Delivery::AtMostOnce))),
        ],
    )
}

fn forwarding_retain() -> Vec<Event> {
    let as_published = with(filter("a", Q0), |subscription| {
        subscription.retain_as_published = true;
        subscription.retain_handling = RetainHandling::DoNotSend;
    });
    then(
        open(V5),
        [
            c(Packet::Subscribe(asking_for(1, [as_published]))),
            s(suback(1, &[0])),
            s(retained("a")),
            s(retained("a")),
            s(retained("a")),
        ],
    )
}

/// Some servers know filters of their own that begin with `$`.
fn own_filters(version: Version) -> Vec<Event> {
    then(
        open(version),
        [
            c(subscribe(1, "$share/g/a/#", Q1)),
            s(suback(1, &[1])),
            s(Packet::Publish(message("a/b", qos1(1, false)))),
            c(puback(1)),
            c(subscribe(2, "$delayed/a", Q1)),
            s(suback(2, &[1])),
            s(Packet::Publish(message("x", qos1(2, false)))),
        ],
    )
}

#[rstest]
#[case::everything_v3(everything(V3))]
#[case::everything_v5(everything(V5))]
#[case::eager(eager())]
#[case::resuming_v3(resuming(V3))]
#[case::resuming_v5(resuming(V5))]
#[case::repeating(repeating())]
#[case::errors(errors())]
#[case::authenticating(authenticating())]
#[case::limits(limits())]
#[case::overlapping(overlapping())]
#[case::retaining_v3(retaining(V3))]
#[case::retaining_v5(retaining(V5))]
#[case::forwarding_retain(forwarding_retain())]
#[case::own_filters_v3(own_filters(V3))]
#[case::own_filters_v5(own_filters(V5))]
#[case::refused_v3(vec![c(connect(asking(V3))), c(publish(Q0, 0)), s(refuse(5)), c(Packet::Pingreq), Event::Closed(Sender::Server)])]
#[case::refused_v5(vec![c(connect(asking(V5))), s(refuse(0x87)), Event::Closed(Sender::Server)])]
#[case::rejected_authentication(vec![c(connect_with([method("m")])), s(answer(0x8C, false, []))])]
#[case::closed_at_once(vec![c(connect(asking(V5))), Event::Closed(Sender::Server)])]
#[case::assigned(vec![
    c(connect(with(asking(V5), |connect| connect.client_id = text("")))),
    s(accept([Property::AssignedClientIdentifier(text("x")), Property::ReceiveMaximum(1)])),
])]
#[case::unnamed_v3(vec![c(connect(with(asking(V3), |connect| connect.client_id = text("")))), s(accept([]))])]
#[case::both_disconnect(then(open(V5), [s(disconnect(0x8B, [])), c(publish(Q1, 1)), c(disconnect(0, []))]))]
#[case::response_information(open_with(
    [Property::RequestResponseInformation(1)],
    [Property::ResponseInformation(text("r"))],
))]
#[case::a_will_that_is_kept(vec![
    c(connect(with(asking(V5), |connect| connect.will = Some(will("w", Q1, false))))),
    s(accept([Property::MaximumQoS(1), Property::RetainAvailable(0)])),
])]
#[case::kept_alive(then(open(V3), [Event::Wait(89), c(Packet::Pingreq), Event::Wait(89), c(publish(Q0, 0))]))]
#[case::keep_alive_from_server(then(
    open_with([], [Property::ServerKeepAlive(0)]),
    [Event::Wait(10_000), c(Packet::Pingreq)],
))]
#[case::session_expiry_changed(then(
    open_with([Property::SessionExpiryInterval(1)], []),
    [c(disconnect(4, [Property::SessionExpiryInterval(9)]))],
))]
fn nothing_is_said(#[case] events: Vec<Event>) {
    assert_eq!(watch(STRICT, &events), []);
}
