//! What the referee does not know, it says nothing about.

use mqttspec_spec::v5;
use mqttspec_wire::{
    FaultKind, Packet, Property, ReasonCode, Sender, Version,
    packet::{Delivery, PacketType},
};
use rstest::rstest;

use super::build::*;
use crate::referee::Knowledge;

const MIDWAY: Knowledge = Knowledge { version: Some(V5), midway: true, solicited_only: true };

/// What nobody may do who has been seen from the beginning.
fn suspicious() -> Vec<Event> {
    vec![
        s(Packet::Pingresp),
        s(suback(1, &[0])),
        s(unsuback(1, &[0])),
        s(again(Q1, 1)),
        s(again(Q1, 1)),
        s(publish_with("nowhere", [Property::SubscriptionIdentifier(7)])),
        s(publish_with("", [Property::TopicAlias(1)])),
        s(puback(3)),
        s(pubrec(4)),
        s(pubcomp(5)),
        s(pubrel(6)),
        c(puback(7)),
        c(pubrec(8)),
        c(pubcomp(9)),
        c(pubrel(10)),
        c(publish(Q1, 11)),
        c(publish(Q1, 11)),
    ]
}

fn is_of(party: Sender) -> impl Fn(&(usize, crate::referee::Violation)) -> bool {
    move |(_, violation)| violation.party == party
}

#[test]
fn suspicious_packets_are_breaches_where_all_was_seen() {
    let asked = [Property::TopicAliasMaximum(9)];
    assert!(watch(STRICT, &then(open_with(asked, []), suspicious())).len() > 5);
}

#[rstest]
#[case::midway(MIDWAY, vec![])]
#[case::midway_without_a_version(Knowledge { version: None, ..MIDWAY }, vec![])]
#[case::no_connect(Knowledge::default(), vec![])]
#[case::gap(STRICT, then(open_with([Property::TopicAliasMaximum(9)], []), [Event::Gap]))]
#[case::gap_first(STRICT, vec![Event::Gap])]
#[case::other_protocol(STRICT, vec![
    fault(Sender::Client, FaultKind::UnsupportedProtocol { name: text("MQIsdp"), level: 3 }, Some(v5!("3.1.2-1"))),
    fault(Sender::Server, FaultKind::ReservedBits(2), Some(v5!("3.2.2-1"))),
])]
#[case::server_of_another_version(STRICT, vec![
    c(connect(asking(V5))),
    fault(Sender::Server, FaultKind::OldConnack(ReasonCode(1)), Some(v5!("2.2.2-1"))),
])]
#[case::version_unknown(STRICT, vec![
    fault(Sender::Server, FaultKind::VersionUnknown(PacketType::Publish), None),
])]
fn without_sight_nobody_is_accused(#[case] knowledge: Knowledge, #[case] before: Vec<Event>) {
    assert_eq!(watch(knowledge, &then(before, suspicious())), []);
}

#[test]
fn a_resumed_session_excuses_what_an_earlier_connection_explains() {
    assert_eq!(watch(STRICT, &then(resumed(V5), of_an_earlier_connection())), []);
}

/// It breaks a statement about Session Present, which a single connection does not show.
#[test]
fn a_session_that_goes_on_although_it_is_said_to_be_none_is_no_other_breach() {
    for version in [V3, V5] {
        let reconnect = c(connect(with(asking(version), |connect| connect.clean_start = false)));
        let events = [reconnect, s(accept([])), s(again(Q1, 1)), s(pubrel(6))];
        assert_eq!(watch(STRICT, &events), []);
    }
}

/// What a client sends before it has read the CONNACK does not show what it makes of it.
#[rstest]
#[case::sent_at_once(vec![c(again(Q1, 7)), c(again(Q2, 8)), c(pubrel(9))])]
#[case::asked_for(vec![s(publish(Q1, 1)), c(puback(1)), s(pubrec(7)), c(pubrel(7))])]
#[case::new(vec![s(publish(Q1, 1)), c(puback(1)), c(publish(Q2, 7)), s(pubrec(7)), c(pubrel(7))])]
fn a_client_may_have_sent_what_the_connack_forbids(#[case] then: Vec<Event>) {
    let reconnect = c(connect(with(asking(V5), |connect| connect.clean_start = false)));
    assert_eq!(watch(Knowledge::default(), &super::build::then(vec![reconnect, s(accept([]))], then)), []);
}

/// What is sent again in the order in which it was sent first, also more than once, and what was answered before.
#[rstest]
#[case(vec![c(again(Q1, 1)), c(again(Q1, 2)), c(again(Q1, 3)), c(again(Q1, 1))])]
#[case(vec![c(again(Q1, 2)), c(again(Q1, 3))])]
#[case(vec![s(puback(1)), c(again(Q1, 2)), c(publish(Q1, 1)), c(again(Q1, 3)), c(again(Q1, 1))])]
fn what_is_sent_again_in_order_is_right(#[case] then: Vec<Event>) {
    let sent = [c(publish(Q1, 1)), c(publish(Q1, 2)), c(publish(Q1, 3))];
    let events = super::build::then(super::build::then(open(V3), sent), then);
    assert_eq!(watch(STRICT, &events), []);
}

fn of_an_earlier_connection() -> Vec<Event> {
    vec![
        s(again(Q1, 1)),
        s(publish_with("nowhere", [Property::SubscriptionIdentifier(7)])),
        s(puback(3)),
        s(pubrec(4)),
        s(pubcomp(5)),
        s(pubrel(6)),
        c(again(Q2, 2)),
        c(puback(7)),
        c(pubrec(8)),
        c(pubcomp(9)),
        c(pubrel(10)),
    ]
}

/// A PUBREC that nobody can judge may be answered by a PUBREL.
#[rstest]
#[case(V3)]
#[case(V5)]
fn an_answer_that_may_be_of_an_earlier_connection_excuses_what_it_brings_about(#[case] version: Version) {
    let reconnect = c(connect(with(asking(version), |connect| connect.clean_start = false)));
    let events = [reconnect, s(accept([])), c(pubrec(78)), s(pubrel(78)), c(pubcomp(78)), s(publish(Q0, 0))];
    assert_eq!(watch(Knowledge::default(), &events), []);
}

/// After a breach by the client, what the server owes it for the most part is not said.
#[rstest]
#[case::second_connect(c(connect(asking(V5))))]
#[case::malformed(fault(Sender::Client, FaultKind::ReservedFlags { found: 1, required: 0 }, Some(v5!("2.1.3-1"))))]
#[case::wildcard(c(publish_with("a/#", [])))]
#[case::too_early(c(pubrel(1)))]
fn a_breach_by_the_client_excuses_the_server(#[case] breach: Event) {
    let reaction = [
        s(suback(9, &[0])),
        s(puback(9)),
        s(publish_with("nowhere", [])),
        s(publish(Q2, 1)),
        s(publish(Q2, 1)),
    ];
    let said = watch(STRICT, &then(open(V5), [breach].into_iter().chain(reaction)));
    assert!(said.iter().any(is_of(Sender::Client)) && !said.iter().any(is_of(Sender::Server)), "{said:#?}");
}

#[test]
fn what_a_client_sends_after_its_disconnect_may_be_answered() {
    let after = [c(disconnect(0, [])), c(Packet::Pingreq), s(Packet::Pingresp)];
    let said = watch(STRICT, &then(open(V5), after));
    assert!(!said.iter().any(is_of(Sender::Server)), "{said:#?}");
}

#[rstest]
#[case::size(s(publish_with("t", [])).sized(21), v5!("3.1.2-24"))]
#[case::alias(s(publish_with("t", [Property::TopicAlias(1)])), v5!("3.1.2-27"))]
#[case::connack(s(accept([])), v5!("3.2.0-2"))]
#[case::wildcard(s(publish_with("#", [])), v5!("3.3.2-2"))]
fn what_holds_in_any_case_is_judged_in_any_case(
    #[case] reaction: Event,
    #[case] statement: mqttspec_spec::StatementId,
) {
    let events = then(
        open_with([Property::MaximumPacketSize(20)], []),
        [fault(Sender::Client, FaultKind::ReservedBits(1), Some(v5!("2.1.3-1"))), reaction],
    );
    let said = watch(STRICT, &events);
    let last: Vec<_> = said.iter().filter(|(place, _)| *place == 3).map(|(_, said)| said.statement).collect();
    assert_eq!(last, [statement]);
}

/// A server may be set up to send what no subscription asked for (MQTT 5.0 §3.3.4).
#[test]
fn unsolicited_messages_are_not_compared_with_subscriptions() {
    let unsolicited = [
        c(subscribe_as(1, "t", 7)),
        s(suback(1, &[0])),
        s(publish(Q2, 1)),
        s(Packet::Publish(message("nowhere", Delivery::AtMostOnce))),
        s(retained("t")),
        s(retained("t")),
    ];
    assert_eq!(watch(Knowledge::default(), &then(open(V5), unsolicited.clone())), []);
    assert!(watch(STRICT, &then(open(V5), unsolicited)).len() > 3);
}

#[rstest]
#[case(Some(v5!("X-1.5.6-1")), 1)]
#[case(None, 0)]
fn a_fault_counts_for_the_statement_that_the_decoder_names(
    #[case] statement: Option<mqttspec_spec::StatementId>,
    #[case] expected: usize,
) {
    let events = then(open(V5), [fault(Sender::Server, FaultKind::TrailingBytes(1), statement)]);
    let said = watch(STRICT, &events);
    assert_eq!(said.len(), expected);
    assert!(said.iter().all(|(_, said)| said.party == Sender::Server && Some(said.statement) == statement));
}
