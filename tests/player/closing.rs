//! How a network connection ends, and when.

use std::time::Duration;

use mqttspec::verdict::Grade;
use mqttspec_spec::{StatementId, Version, v3};
use mqttspec_wire::{
    Packet, Properties, ReasonCode,
    packet::{Disconnect, Suback},
};
use rstest::rstest;

use crate::broker::{Act, connack, courtesy, play};

fn disconnect(reason: ReasonCode) -> Act {
    Act::Send(Packet::Disconnect(Disconnect { reason, properties: Properties::new() }))
}

fn closed(version: Version) -> &'static str {
    match version {
        Version::V3_1_1 => "expect-closed",
        Version::V5_0 => "{expect-closed: {reason: [protocol-error, malformed-packet]}}",
    }
}

#[rstest]
#[case::fitting_v5(Version::V5_0, vec![disconnect(ReasonCode::PROTOCOL_ERROR), Act::Close], Grade::Pass)]
#[case::other_v5(Version::V5_0, vec![disconnect(ReasonCode::SERVER_BUSY), Act::Close], Grade::Warn)]
#[case::bare_v5(Version::V5_0, vec![Act::Close], Grade::Warn)]
#[case::open_v5(Version::V5_0, vec![], Grade::Fail)]
#[case::late_v5(Version::V5_0, vec![Act::After(Duration::from_millis(900), vec![Act::Close])], Grade::Warn)]
#[case::bare_v3(Version::V3_1_1, vec![Act::Close], Grade::Pass)]
#[case::open_v3(Version::V3_1_1, vec![], Grade::Fail)]
fn a_connection_that_must_be_closed(
    #[case] version: Version,
    #[case] answer: Vec<Act>,
    #[case] expected: Grade,
) {
    let steps = format!(
        "
prepare:
  - client: connect
steps:
  - client: {{send: {{subscribe: {{filter: $topic/t}}}}}}
  - client: {}
",
        closed(version)
    );
    let result = play(version, &steps, |packet| match packet {
        Packet::Subscribe(_) => answer.clone(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

/// The SUBACK comes so late that it is asked for by a PINGREQ, whose answer comes with it.
#[test]
fn the_answer_to_an_earlier_fence_is_no_answer_to_what_is_wrong() {
    let steps = "
prepare:
  - client: connect
  - client: {subscribe: {filter: $topic/t}}
steps:
  - client: {send: {connect: {}}}
  - client: expect-closed
";
    let (mut connected, mut subscribed) = (false, None);
    let result = play(Version::V3_1_1, steps, |packet| match packet {
        Packet::Connect(_) if std::mem::replace(&mut connected, true) => vec![Act::Close],
        Packet::Subscribe(subscribe) => {
            subscribed = Some(subscribe.id);
            Vec::new()
        }
        Packet::Pingreq => {
            let reasons = vec![ReasonCode::SUCCESS];
            let suback =
                |id| Act::Send(Packet::Suback(Suback { id, properties: Properties::new(), reasons }));
            subscribed.take().map(suback).into_iter().chain(courtesy(packet)).collect()
        }
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Pass, "{:#?}", result.findings);
}

/// What the broker closes by itself shows nothing of what it would have made of the packet.
#[test]
fn a_close_before_the_packet_is_no_answer_to_it() {
    let steps = "
prepare:
  - client: connect
steps:
  - wait: 1s
  - client: {send: {connect: {}}}
  - client: expect-closed
";
    let result = play(Version::V3_1_1, steps, |packet| match packet {
        Packet::Connect(_) => vec![connack(0), Act::After(Duration::from_millis(500), vec![Act::Close])],
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Inconclusive, "{:#?}", result.findings);
}

#[test]
fn what_may_stay_open_may_be_closed_after_the_window() {
    let steps = "
prepare:
  - client: {connect: {}, mark: begun}
steps:
  - wait: 2s
  - client: {expect-closed: {left-open: pass}, within: 1s, not-before: 0.5s, since: begun}
";
    let result = play(Version::V3_1_1, steps, |packet| match packet {
        Packet::Connect(_) => vec![connack(0), Act::After(Duration::from_millis(1500), vec![Act::Close])],
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Pass, "{:#?}", result.findings);
}

#[test]
fn an_answer_before_the_close_is_a_breach() {
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: {subscribe: {filter: $topic/t, packet-id: 9}}}
  - client: {expect-closed: {reason: [protocol-error]}}
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Subscribe(subscribe) => vec![
            Act::Send(Packet::Suback(Suback {
                id: subscribe.id,
                properties: Properties::new(),
                reasons: vec![ReasonCode::SUCCESS],
            })),
            Act::Close,
        ],
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Fail, "{:#?}", result.findings);
}

#[test]
fn an_unreadable_answer_is_an_answer() {
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: {subscribe: {filter: $topic/t, packet-id: 9}}}
  - client: expect-closed
";
    let result = play(Version::V3_1_1, steps, |packet| match packet {
        Packet::Subscribe(_) => vec![Act::Raw(&[0x90, 0x03, 0x00, 0x00, 0x00])],
        other => courtesy(other),
    });
    assert_eq!(result.findings[0].grade, Grade::Fail, "{:#?}", result.findings);
}

#[rstest]
#[case::bare_v5(Version::V5_0, vec![Act::Close], Grade::Pass)]
#[case::refused_v5(Version::V5_0, vec![connack(0x81), Act::Close], Grade::Pass)]
#[case::other_v5(Version::V5_0, vec![connack(0x89), Act::Close], Grade::Warn)]
#[case::accepted_v5(Version::V5_0, vec![connack(0)], Grade::Fail)]
#[case::refused_in_the_words_of_v3(Version::V5_0, vec![Act::Raw(&[0x20, 0x02, 0x00, 0x01]), Act::Close], Grade::Warn)]
#[case::bare_v3(Version::V3_1_1, vec![Act::Close], Grade::Pass)]
#[case::refused_v3(Version::V3_1_1, vec![connack(2), Act::Close], Grade::Fail)]
#[case::accepted_v3(Version::V3_1_1, vec![connack(0)], Grade::Fail)]
fn a_wrong_connect(#[case] version: Version, #[case] answer: Vec<Act>, #[case] expected: Grade) {
    let steps = format!(
        "
steps:
  - client: open
  - client: {{send: {{connect: {{}}}}}}
  - client: {}
",
        closed(version)
    );
    let result = play(version, &steps, |packet| match packet {
        Packet::Connect(_) => answer.clone(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

#[rstest]
#[case::too_early(1400, Grade::Fail)]
#[case::in_time(1600, Grade::Warn)]
#[case::too_late(2600, Grade::Fail)]
fn the_time_of_a_close(#[case] milliseconds: u64, #[case] expected: Grade) {
    let steps = "
steps:
  - client: {connect: {keep-alive: 1}, mark: start}
  - client: {expect-closed: {reason: [keep-alive-timeout]}, not-before: 1.5s, within: 2.5s, since: start}
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Connect(_) => {
            let close = Act::After(Duration::from_millis(milliseconds), vec![Act::Close]);
            [courtesy(packet), vec![close]].concat()
        }
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

const SUBSCRIBES: &str = "
prepare:
  - client: connect
steps:
  - client: {send: {subscribe: {filter: $topic/t}}}
  - client: expect-closed
";

#[rstest]
#[case::a_broker_that_serves_others(true, Grade::Fail)]
#[case::a_broker_that_serves_nobody(false, Grade::Inconclusive)]
fn a_connection_that_is_neither_closed_nor_answered(#[case] serves_others: bool, #[case] expected: Grade) {
    let mut forgotten = false;
    let result = play(Version::V3_1_1, SUBSCRIBES, |packet| {
        forgotten = match packet {
            Packet::Subscribe(_) => true,
            Packet::Connect(_) => forgotten && !serves_others,
            _ => forgotten,
        };
        if forgotten { Vec::new() } else { courtesy(packet) }
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

/// A SUBACK with the packet identifier 0.
const WRONG_ANSWER: Act = Act::Raw(&[0x90, 0x03, 0, 0, 0]);

#[rstest]
#[case::left_open(vec![WRONG_ANSWER], &[v3!("2.3.1-7"), v3!("3.3.4-1")])]
#[case::closed(vec![WRONG_ANSWER, Act::Close], &[v3!("2.3.1-7")])]
#[case::closed_later(vec![WRONG_ANSWER, Act::After(Duration::from_millis(900), vec![Act::Close])], &[v3!("2.3.1-7")])]
fn a_wrong_answer_is_no_close(#[case] answer: Vec<Act>, #[case] broken: &[StatementId]) {
    let result = play(Version::V3_1_1, SUBSCRIBES, |packet| match packet {
        Packet::Subscribe(_) => answer.clone(),
        other => courtesy(other),
    });
    assert_eq!(result.broken, broken, "{:#?}", result.findings);
}
