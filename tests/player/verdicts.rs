//! Packets that come, do not come, come wrong, or come too late.

use std::{sync::Arc, time::Duration};

use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    verdict::Grade,
};
use mqttspec_spec::{Version, v5};
use mqttspec_wire::{
    Packet, PacketId, Properties, ReasonCode, Utf8String,
    packet::{Ack, Delivery, Disconnect, Publish},
};
use reference_broker::{Rule, Rules};
use rstest::rstest;

use crate::broker::{Act, connack, courtesy, play, stray};

const PUBACK_EXPECTED: &str = "
prepare:
  - client: connect
steps:
  - client: {send: {publish: {topic: $topic/t, qos: 1, packet-id: 7, payload: x}}}
  - client: {expect: {puback: {packet-id: 7}}}
";

fn puback(id: u16) -> Act {
    Act::Send(Packet::Puback(Ack::success(PacketId::new(id).unwrap())))
}

fn disconnect(reason: ReasonCode) -> Act {
    Act::Send(Packet::Disconnect(Disconnect { reason, properties: Properties::new() }))
}

#[rstest]
#[case::answered(vec![puback(7)], Grade::Pass)]
#[case::answered_after_the_patience(vec![Act::After(Duration::from_millis(900), vec![puback(7)])], Grade::Pass)]
#[case::not_answered(vec![], Grade::Fail)]
#[case::closed_without_a_word(vec![Act::Close], Grade::Fail)]
#[case::closed_for_an_error(vec![disconnect(ReasonCode::PROTOCOL_ERROR), Act::Close], Grade::Fail)]
#[case::closed_by_choice(vec![disconnect(ReasonCode::QUOTA_EXCEEDED), Act::Close], Grade::Inconclusive)]
fn an_expected_packet(#[case] answer: Vec<Act>, #[case] expected: Grade) {
    let result = play(Version::V5_0, PUBACK_EXPECTED, |packet| match packet {
        Packet::Publish(_) => answer.clone(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
    assert_eq!(result.broken.contains(&v5!("3.3.4-1")), expected == Grade::Fail);
}

/// What is wrong with a packet in itself is not blamed on what the scenario is about.
#[test]
fn the_difference_decides_the_statement() {
    let result = play(Version::V5_0, PUBACK_EXPECTED, |packet| match packet {
        Packet::Publish(_) => vec![puback(8)],
        other => courtesy(other),
    });
    assert_eq!((result.grade, result.broken), (Grade::Fail, vec![v5!("2.2.1-5")]), "{:#?}", result.findings);
}

/// What does not come may mean another thing than what is wrong.
#[rstest]
#[case::answered(vec![puback(7)], Grade::Pass)]
#[case::not_answered(vec![], Grade::Inconclusive)]
#[case::closed_without_a_word(vec![Act::Close], Grade::Inconclusive)]
#[case::wrong_identifier(vec![puback(8)], Grade::Warn)]
fn an_expected_packet_with_a_verdict_on_its_absence(#[case] answer: Vec<Act>, #[case] expected: Grade) {
    let steps = PUBACK_EXPECTED.replace("7}}}\n", "7}}, else: warn, missing: inconclusive}\n");
    let result = play(Version::V5_0, &steps, |packet| match packet {
        Packet::Publish(_) => answer.clone(),
        other => courtesy(other),
    });
    let found = result.findings.iter().filter(|finding| finding.place.is_some()).map(|finding| finding.grade);
    assert_eq!(found.max().unwrap_or(Grade::Pass), expected, "{:#?}", result.findings);
}

#[rstest]
#[case::accepted(0, Grade::Pass)]
#[case::identifier_rejected(2, Grade::Fail)]
#[case::server_unavailable(3, Grade::Inconclusive)]
#[case::bad_user_name_or_password(4, Grade::Inconclusive)]
#[case::not_authorized(5, Grade::Inconclusive)]
fn a_refusal_that_any_client_may_meet_is_no_breach(
    #[values(
        "[client: {connect: {}, else: fail}]",
        "[client: open, client: {send: connect}, client: {expect: {connack: {reason: success}}}]",
        "[client: open, client: {send: connect}, client: {expect-one-of: [connack: {reason: success}]}]"
    )]
    steps: &str,
    #[case] code: u8,
    #[case] expected: Grade,
) {
    let result = play(Version::V3_1_1, &format!("steps: {steps}"), |packet| match packet {
        Packet::Connect(_) => vec![connack(code)],
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

/// A broker that sends one message, and the other one when the first is acknowledged.
#[rstest]
#[case::with_acknowledgement("receive-any-order: [{payload: two}, {payload: one}]", Grade::Pass)]
#[case::without("expect-any-order: [{publish: {payload: one}}, {publish: {payload: two}}]", Grade::Fail)]
fn messages_in_any_order_may_come_one_by_one(#[case] step: &str, #[case] expected: Grade) {
    let message = |id, payload| {
        Act::Send(Packet::Publish(Publish {
            delivery: Delivery::AtLeastOnce { id: PacketId::new(id).unwrap(), dup: false },
            retain: false,
            topic: Utf8String::try_from("mqttspec/membedded/t").unwrap(),
            properties: Properties::new(),
            payload: bytes::Bytes::from_static(payload),
        }))
    };
    let steps = format!("prepare:\n  - client: connect\nsteps:\n  - client: {{{step}}}\n");
    let result = play(Version::V5_0, &steps, |packet| match packet {
        Packet::Connect(_) => [courtesy(packet), vec![message(1, b"one")]].concat(),
        Packet::Puback(ack) if ack.id.get() == 1 => vec![message(2, b"two")],
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

#[test]
fn a_broker_that_falls_silent_is_not_accused() {
    let result = play(Version::V5_0, PUBACK_EXPECTED, |packet| match packet {
        Packet::Connect(_) => courtesy(packet),
        _ => Vec::new(),
    });
    assert_eq!(result.grade, Grade::Inconclusive, "{:#?}", result.findings);
    assert!(result.broken.is_empty());
}

#[test]
fn what_fails_in_preparation_is_inconclusive() {
    let steps = "
prepare:
  - client: connect
  - client: {publish: {topic: $topic/t, qos: 1, payload: x}}
steps:
  - client: {receive: {topic: $topic/t}}
";
    let result = play(Version::V5_0, steps, courtesy);
    assert_eq!(result.grade, Grade::Inconclusive, "{:#?}", result.findings);
}

#[rstest]
#[case::by_itself("", Grade::Fail)]
#[case::as_the_file_says(", else: warn 3.3.4-1", Grade::Warn)]
fn the_file_grades_a_failure(#[case] otherwise: &str, #[case] expected: Grade) {
    let steps = format!(
        "
prepare:
  - client: connect
steps:
  - client: {{send: {{publish: {{topic: $topic/t, qos: 1, packet-id: 7, payload: x}}}}}}
  - client: {{expect: {{puback: {{packet-id: 7}}}}{otherwise}}}
"
    );
    let result = play(Version::V5_0, &steps, courtesy);
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

#[test]
fn bytes_that_are_no_mqtt_are_evidence() {
    let result = play(Version::V5_0, PUBACK_EXPECTED, |packet| match packet {
        Packet::Publish(_) => vec![Act::Raw(&[0x40, 0x01, 0x00])],
        other => courtesy(other),
    });
    assert!(matches!(result.grade, Grade::Inconclusive | Grade::Fail), "{:#?}", result.findings);
    assert!(!result.evidence.is_empty());
}

/// What a broker says to a protocol level that neither version has is read as best one can; if it cannot be read, the
/// close that follows is not the outcome that was waited for.
#[test]
fn a_close_behind_bytes_that_cannot_be_read_is_no_outcome() {
    let text = "
title: made up
covers: {v3.1.1: [3.1.2-2]}
steps:
  - client: open
  - client: {send: {connect: {}, edit: [{replace: {part: protocol-level, with: {hex: \"06\"}}}]}}
  - client: {expect-one-of: [{connack: {reason: success}, fail: }, {closed: {}}]}
";
    let scenario = scenario::load_str("made-up", "made-up.yaml", text).unwrap();
    let runs = plan::plan(&[Arc::new(scenario)], &plan::Selection::default());
    let grade = |rules| Embedded::probed().play(&runs[0], rules).grade;
    // The mutant sets Session Present beside a return code that refuses, which no decoder accepts.
    assert_eq!(grade(Rules::all().without(Rule::NoSessionPresentInRefusal)), Grade::Inconclusive);
    assert_eq!(grade(Rules::all().without(Rule::UnsupportedLevelAnswered)), Grade::Pass);
}

#[rstest]
#[case::nothing(vec![], Grade::Pass)]
#[case::a_stray_message(vec![stray("mqttspec/membedded/t")], Grade::Fail)]
#[case::a_message_of_somebody_else(vec![stray("sport/tennis")], Grade::Pass)]
fn nothing_more(#[case] before_the_ping: Vec<Act>, #[case] expected: Grade) {
    let steps = "
prepare:
  - client: connect
steps:
  - client: expect-nothing-more
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Pingreq => [before_the_ping.clone(), courtesy(packet)].concat(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

#[rstest]
#[case::refusal(ReasonCode::NOT_AUTHORIZED, Grade::Pass)]
#[case::lesser(ReasonCode::NO_MATCHING_SUBSCRIBERS, Grade::Warn)]
#[case::success(ReasonCode::SUCCESS, Grade::Fail)]
#[case::unlisted(ReasonCode::QUOTA_EXCEEDED, Grade::Fail)]
fn one_of_several_outcomes(#[case] reason: ReasonCode, #[case] expected: Grade) {
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: {publish: {topic: $topic/t, qos: 1, packet-id: 7, payload: x}}}
  - client:
      expect-one-of:
        - {puback: {reason: not-authorized}}
        - {puback: {reason: no-matching-subscribers}, warn: 3.3.4-1 a lesser deviation}
        - {puback: {reason: success}, fail: 3.3.4-1}
        - {closed: {}}
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Publish(_) => {
            let id = PacketId::new(7).unwrap();
            vec![Act::Send(Packet::Puback(Ack { id, reason, properties: Properties::new() }))]
        }
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}

#[test]
fn an_answer_to_a_fence_that_comes_late_is_not_something_more() {
    let steps = "
prepare:
  - client: connect
  - client: {publish: {topic: $topic/t, qos: 1, packet-id: 7, payload: x}}
steps:
  - client: expect-nothing-more
";
    let mut pings = 0;
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Publish(_) => vec![Act::After(Duration::from_millis(1100), vec![puback(7)])],
        Packet::Pingreq if pings == 0 => {
            pings += 1;
            vec![Act::After(Duration::from_millis(102), courtesy(packet))]
        }
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Pass, "{:#?}", result.findings);
}

/// A late answer to a PINGREQ of the scenario does not show that the broker has dealt with what came after it.
#[test]
fn an_earlier_ping_is_no_fence() {
    const LATE: Duration = Duration::from_millis(1500);
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: [pingreq, {publish: {topic: $topic/t, qos: 1, packet-id: 7, payload: x}}]}
  - client: {expect: {puback: {packet-id: 7}}}
";
    let mut pings = 0;
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Pingreq => {
            pings += 1;
            if pings == 1 { vec![Act::After(LATE, vec![Act::Send(Packet::Pingresp)])] } else { Vec::new() }
        }
        Packet::Publish(_) => Vec::new(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Inconclusive, "{:#?}", result.findings);
}
