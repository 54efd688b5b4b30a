//! What packets tell of time. The bytes are made by hand.

use std::time::Duration;

use bytes::Bytes;
use mqttspec::{
    report::Latency,
    verdict::{Evidence, EvidenceKind, Grade, Hex, ScenarioResult},
};
use mqttspec_spec::Version;
use mqttspec_wire::Sender::{self, Client, Server};
use rstest::rstest;

use crate::sample;

/// A packet at so many milliseconds.
type Step = (u64, &'static str, Sender, &'static [u8]);

const CONNACK: &[u8] = b"\x20\x02\0\0";
const PUBLISH_0: &[u8] = b"\x30\x05\0\x01ahi";
const PUBLISH_1: &[u8] = b"\x32\x07\0\x01a\0\x01hi";
const SUBSCRIBE: &[u8] = b"\x82\x06\0\x07\0\x01a\x01";
const SUBACK: &[u8] = b"\x90\x03\0\x07\x01";
const PUBACK: &[u8] = b"\x40\x02\0\x01";

fn played(steps: &[Step]) -> ScenarioResult {
    let event = |(at, client, from, bytes): &Step| Evidence {
        at: Duration::from_millis(*at),
        client: (*client).to_owned(),
        connection: 1,
        kind: EvidenceKind::Packet {
            from: *from,
            version: Version::V3_1_1,
            summary: String::new(),
            fault: None,
            hex: Hex(Bytes::from_static(bytes)),
        },
    };
    let mut result = sample::only(Grade::Pass).results.remove(0);
    result.evidence = steps.iter().map(event).collect();
    result
}

const READY: [Step; 3] =
    [(0, "sub", Server, CONNACK), (1, "sub", Client, SUBSCRIBE), (4, "sub", Server, SUBACK)];

#[rstest]
#[case::answers(&[(5, "pub", Client, PUBLISH_1), (12, "pub", Server, PUBACK)], 2, 3, 7, None)]
#[case::delivery(&[(5, "pub", Client, PUBLISH_1), (25, "sub", Server, PUBLISH_0)], 1, 3, 3, Some(20))]
#[case::sent_twice(&[(5, "pub", Client, PUBLISH_0), (6, "pub", Client, PUBLISH_0), (25, "sub", Server, PUBLISH_0)], 1, 3, 3, None)]
#[case::an_answer_of_somebody_else(&[(5, "pub", Client, PUBLISH_1), (12, "sub", Server, PUBACK)], 1, 3, 3, None)]
fn answers_and_deliveries_are_timed(
    #[case] steps: &[Step],
    #[case] count: usize,
    #[case] least: u64,
    #[case] most: u64,
    #[case] delivery: Option<u64>,
) {
    let latency = Latency::of(&[played(&[&READY[..], steps].concat())]);
    let answers = latency.round_trip.unwrap();
    let found = (answers.count, answers.min.as_millis(), answers.max.as_millis());
    assert_eq!(found, (count, u128::from(least), u128::from(most)));
    assert_eq!(answers.bins.iter().map(|bin| bin.count).sum::<usize>(), count);
    let delivered = latency.delivery.map(|times| times.max);
    assert_eq!(delivered, delivery.map(Duration::from_millis));
}

#[test]
fn what_was_stored_before_somebody_subscribed_is_no_delivery_time() {
    let retained: [Step; 1] = [(0, "pub", Client, PUBLISH_0)];
    let steps = [&retained[..], &READY[..], &[(5, "sub", Server, PUBLISH_0)]].concat();
    assert_eq!(Latency::of(&[played(&steps)]).delivery, None);
}

#[test]
fn runs_do_not_answer_for_each_other() {
    let asks = played(&[(5, "pub", Client, PUBLISH_1)]);
    let answers = played(&[(12, "pub", Server, PUBACK)]);
    assert_eq!(Latency::of(&[asks, answers]), Latency::default());
}
