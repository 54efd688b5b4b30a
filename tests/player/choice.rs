//! Messages for which the broker has a choice: how many copies it sends, and to whom.

use mqttspec::verdict::Grade;
use mqttspec_spec::{Version, v5};
use mqttspec_wire::{
    Packet, PacketId, Properties, QoS, Utf8String,
    packet::{Delivery, Publish},
};
use rstest::rstest;

use crate::broker::{Act, courtesy, play};

fn copy(payload: &'static str) -> Act {
    Act::Send(Packet::Publish(Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: Utf8String::try_from("mqttspec/membedded/t").unwrap(),
        properties: Properties::new(),
        payload: bytes::Bytes::from_static(payload.as_bytes()),
    }))
}

fn later(copies: Vec<Act>) -> Act {
    Act::After(std::time::Duration::from_millis(300), copies)
}

#[rstest]
#[case::the_first_set(vec![copy("a")], Grade::Pass)]
#[case::the_second_set(vec![copy("a"), copy("b")], Grade::Pass)]
#[case::in_another_order(vec![copy("b"), copy("a")], Grade::Pass)]
#[case::the_rest_comes_later(vec![copy("b"), later(vec![copy("a")])], Grade::Pass)]
#[case::a_part_of_a_set(vec![copy("b")], Grade::Fail)]
#[case::too_many(vec![copy("a"), copy("a")], Grade::Fail)]
#[case::another_one(vec![copy("c")], Grade::Fail)]
#[case::none(vec![], Grade::Fail)]
fn one_of_several_sets(#[case] copies: Vec<Act>, #[case] expected: Grade) {
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: {publish: {topic: $topic/t}}}
  - client: {receive-one-of: [[{payload: a}], [{payload: a}, {payload: b}]]}
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Publish(_) => copies.clone(),
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
    assert_eq!(result.broken.contains(&v5!("3.3.4-1")), expected == Grade::Fail);
}

/// A broker that sends one copy, and the other one when the first is acknowledged.
#[test]
fn copies_may_come_one_by_one() {
    let numbered = |id, payload| {
        Act::Send(Packet::Publish(Publish {
            delivery: Delivery::AtLeastOnce { id: PacketId::new(id).unwrap(), dup: false },
            retain: false,
            topic: Utf8String::try_from("mqttspec/membedded/t").unwrap(),
            properties: Properties::new(),
            payload: bytes::Bytes::from_static(payload),
        }))
    };
    let steps = "
prepare:
  - client: connect
steps:
  - client: {send: {publish: {topic: $topic/t}}}
  - client: {receive-one-of: [[{payload: one}], [{payload: one}, {payload: two}, {payload: three}]]}
";
    let result = play(Version::V5_0, steps, |packet| match packet {
        Packet::Publish(_) => vec![numbered(1, b"two")],
        Packet::Puback(ack) if ack.id.get() == 1 => vec![numbered(2, b"one")],
        Packet::Puback(ack) if ack.id.get() == 2 => vec![later(vec![numbered(3, b"three")])],
        other => courtesy(other),
    });
    assert_eq!(result.grade, Grade::Pass, "{:#?}", result.findings);
}

/// The broker sends to those who publish; who does, is known as `chosen` from then on.
#[rstest]
#[case::the_first("first", "a", Grade::Pass)]
#[case::the_second("second", "a", Grade::Pass)]
#[case::the_third("third", "a", Grade::Pass)]
#[case::another_message("second", "c", Grade::Fail)]
#[case::nobody("second", "", Grade::Fail)]
fn one_of_several_clients(#[case] chosen: &str, #[case] payload: &'static str, #[case] expected: Grade) {
    let steps = format!(
        "
prepare:
  - first: connect
  - second: connect
  - third: connect
steps:
  - {chosen}: {{send: {{publish: {{topic: $topic/t, qos: 0}}}}}}
  - whichever: {{of: [first, second, third], receive: {{payload: a}}, as: [chosen, other, another]}}
  - chosen: {{send: {{publish: {{topic: \"for/${{id.chosen}}\", qos: 1}}}}}}
  - {chosen}: {{receive: {{payload: chosen}}, else: fail}}
  - other: expect-nothing-more
  - another: expect-nothing-more
"
    );
    let result = play(Version::V5_0, &steps, |packet| match packet {
        Packet::Publish(publish) if publish.delivery.qos() == QoS::AtLeastOnce => {
            let its_own = publish.topic.ends_with(chosen);
            vec![copy(if its_own { "chosen" } else { "mistaken" })]
        }
        Packet::Publish(_) if payload.is_empty() => Vec::new(),
        Packet::Publish(_) => vec![copy(payload)],
        other => courtesy(other),
    });
    assert_eq!(result.grade, expected, "{:#?}", result.findings);
}
