//! Small histories made by hand, and what they come to.

mod asked;

use mqttspec_wire::{QoS, Utf8String, Version};
use rstest::rstest;

use super::*;
use crate::{
    plan::{Group, Limits, Plan, SECOND, Template, Will},
    testing::{self, group, publication, subscription},
};

const SUBSCRIBER: u32 = 0;
const PUBLISHER: u32 = 1;

/// The streams of the publisher: one for each QoS, then its will.
const QOS_0: u32 = 0;
const QOS_1: u32 = 1;
const QOS_2: u32 = 2;
const WILL: u32 = 3;

const DISCONNECT: Event = Event::Disconnect { with_will: false, expiry: None };

fn layout(version: Version, limits: Limits) -> Layout {
    Layout::new(plan(version, limits)).unwrap()
}

fn plan(version: Version, limits: Limits) -> Plan {
    let will = Will {
        topic: Template::plain("t"),
        qos: QoS::AtLeastOnce,
        retain: false,
        delay: 0,
        chance: 1_000_000,
    };
    let publisher = Group {
        keep_alive: 10,
        will: Some(will),
        publish: vec![publication([1, 1, 1])],
        ..group("publisher", version)
    };
    let subscriber =
        Group { keep_alive: 10, subscribe: vec![subscription()], ..group("subscriber", version) };
    testing::plan(vec![subscriber, publisher], limits)
}

/// A step of a history: a second later, this device did or saw that.
type Step = (u32, Event);

fn message(stream: u32, sequence: u32) -> Identity {
    Identity { stream, sequence, due: 0 }
}

fn publish(stream: u32, sequence: u32) -> Step {
    (PUBLISHER, Event::Publish { message: message(stream, sequence), again: false })
}

fn acked(stream: u32, sequence: u32) -> Step {
    (PUBLISHER, Event::Acked { message: message(stream, sequence), accepted: true })
}

fn got(stream: u32, sequence: u32) -> Step {
    let qos = match stream {
        QOS_0 => QoS::AtMostOnce,
        QOS_2 => QoS::ExactlyOnce,
        _ => QoS::AtLeastOnce,
    };
    let topic = Utf8String::try_from("t").unwrap();
    let message = message(stream, sequence);
    (SUBSCRIBER, Event::Delivered(Delivered { message, topic, qos, dup: false, retain: false, expiry: None }))
}

fn connect(device: u32, session_present: bool) -> Vec<Step> {
    vec![
        (device, Event::Connect { clean_start: false, will: true }),
        (device, Event::Connack { session_present }),
    ]
}

fn subscribed() -> Vec<Step> {
    vec![(SUBSCRIBER, Event::Subscribe(0)), (SUBSCRIBER, Event::Suback(0, Some(QoS::ExactlyOnce)))]
}

fn lost(device: u32) -> Vec<Step> {
    vec![(device, Event::Ended { by_broker: false })]
}

/// Both connected, the subscriber subscribed.
fn beginning() -> Vec<Step> {
    [connect(SUBSCRIBER, false), subscribed(), connect(PUBLISHER, false)].concat()
}

fn judge_with(limits: Limits, steps: Vec<Step>) -> Vec<(Decision, Promise)> {
    judge_on(&layout(Version::V5_0, limits), steps)
}

fn judge_on(layout: &Layout, steps: Vec<Step>) -> Vec<(Decision, Promise)> {
    let mut oracle = Oracle::new(layout);
    let mut now = 0;
    for (device, event) in steps {
        now += SECOND;
        oracle.note(now, device, event);
    }
    now += 3600 * SECOND;
    oracle.note(now, SUBSCRIBER, Event::Alive(now - SECOND));
    oracle.finish(now, true);
    oracle.into_verdict().counts.into_keys().collect()
}

/// What a history comes to that goes on after the beginning with `steps`.
fn judge(steps: Vec<Step>) -> Vec<(Decision, Promise)> {
    judge_with(Limits::default(), [beginning(), steps].concat())
}

fn broken(promise: Promise) -> Vec<(Decision, Promise)> {
    vec![(Decision::Broken, promise)]
}

#[test]
fn what_came_is_settled_and_forgotten() {
    let layout = layout(Version::V5_0, Limits::default());
    let mut oracle = Oracle::new(&layout);
    let steps =
        [beginning(), (1..1000).flat_map(|n| [publish(QOS_1, n), acked(QOS_1, n), got(QOS_1, n)]).collect()];
    for (now, (device, event)) in (1..).zip(steps.concat()) {
        oracle.note(now * SECOND, device, event);
    }
    assert_eq!(oracle.verdict().kept, [(Version::V5_0, 999)].into());
    // The will of the open connection is the only thing under way.
    assert_eq!(oracle.streams.iter().map(|stream| stream.records.len()).sum::<usize>(), 1);
}

#[rstest]
#[case::lost(vec![publish(QOS_1, 1), acked(QOS_1, 1)], Promise::Delivered)]
#[case::skipped(
    vec![publish(QOS_2, 1), acked(QOS_2, 1), publish(QOS_2, 2), acked(QOS_2, 2), got(QOS_2, 2)],
    Promise::Delivered
)]
#[case::late(
    vec![publish(QOS_1, 1), acked(QOS_1, 1), publish(QOS_1, 2), acked(QOS_1, 2), got(QOS_1, 2), got(QOS_1, 1)],
    Promise::InOrder
)]
#[case::twice(vec![publish(QOS_2, 1), got(QOS_2, 1), got(QOS_2, 1), acked(QOS_2, 1)], Promise::ExactlyOnce)]
#[case::twice_at_qos_0(vec![publish(QOS_0, 1), got(QOS_0, 1), got(QOS_0, 1)], Promise::AtMostOnce)]
#[case::session_lost([lost(SUBSCRIBER), connect(SUBSCRIBER, false)].concat(), Promise::SessionKept)]
#[case::will_missing(lost(PUBLISHER), Promise::WillPublished)]
#[case::will_of_an_open_connection(
    vec![got(WILL, 1), (PUBLISHER, Event::Alive(9 * SECOND))],
    Promise::WillOfTheLost
)]
#[case::will_after_disconnect(
    vec![(PUBLISHER, DISCONNECT), (PUBLISHER, Event::Ended { by_broker: true }), got(WILL, 1)],
    Promise::WillDiscarded
)]
#[case::identifier(vec![(SUBSCRIBER, Event::Breach(Breach::IdentifierInUse))], Promise::IdentifierUnused)]
fn what_is_broken_is_found(#[case] steps: Vec<Step>, #[case] promise: Promise) {
    assert_eq!(judge(steps), broken(promise));
}

#[rstest]
#[case::not_acknowledged(vec![publish(QOS_1, 1)])]
#[case::refused(vec![publish(QOS_1, 1), (PUBLISHER, Event::Acked { message: message(QOS_1, 1), accepted: false })])]
#[case::abandoned(vec![publish(QOS_2, 1), (PUBLISHER, Event::Abandoned(message(QOS_2, 1)))])]
#[case::qos_0_lost(vec![publish(QOS_0, 1), publish(QOS_0, 2), got(QOS_0, 2)])]
#[case::qos_1_twice(vec![publish(QOS_1, 1), got(QOS_1, 1), got(QOS_1, 1), acked(QOS_1, 1)])]
#[case::before_the_acknowledgement(vec![publish(QOS_2, 1), got(QOS_2, 1), acked(QOS_2, 1)])]
#[case::session_kept([
    lost(SUBSCRIBER), vec![publish(QOS_1, 1), acked(QOS_1, 1)], connect(SUBSCRIBER, true), vec![got(QOS_1, 1)],
].concat())]
#[case::will_published([lost(PUBLISHER), vec![got(WILL, 1)]].concat())]
#[case::will_perhaps_discarded([vec![(PUBLISHER, DISCONNECT)], lost(PUBLISHER), vec![got(WILL, 1)]].concat())]
#[case::will_perhaps_not([vec![(PUBLISHER, DISCONNECT)], lost(PUBLISHER)].concat())]
fn what_is_not_broken_is_left_alone(#[case] steps: Vec<Step>) {
    assert_eq!(judge(steps), []);
}

#[test]
fn nothing_is_owed_to_a_subscription_that_was_granted_later() {
    let steps = [
        connect(SUBSCRIBER, false),
        connect(PUBLISHER, false),
        vec![(SUBSCRIBER, Event::Subscribe(0)), publish(QOS_1, 1), acked(QOS_1, 1)],
        vec![(SUBSCRIBER, Event::Suback(0, Some(QoS::ExactlyOnce)))],
    ];
    assert_eq!(judge_with(Limits::default(), steps.concat()), []);
}

#[test]
fn a_message_from_before_the_subscription_does_not_come() {
    let steps = [
        connect(SUBSCRIBER, false),
        connect(PUBLISHER, false),
        vec![publish(QOS_1, 1), acked(QOS_1, 1)],
        subscribed(),
        vec![got(QOS_1, 1)],
    ];
    assert_eq!(judge_with(Limits::default(), steps.concat()), broken(Promise::NothingFromBefore));
}

#[test]
fn a_declared_limit_permits_what_it_explains() {
    let messages = (1..=5).flat_map(|n| [publish(QOS_1, n), acked(QOS_1, n)]).collect();
    let steps = [beginning(), lost(SUBSCRIBER), messages, connect(SUBSCRIBER, true)].concat();
    let limited = Limits { queued_messages: Some(3), ..Limits::default() };
    assert_eq!(
        judge_with(limited, steps.clone()),
        [(Decision::Permitted(Limit::QueuedMessages), Promise::Delivered)]
    );
    assert_eq!(judge_with(Limits::default(), steps), broken(Promise::Delivered));
}

#[test]
fn what_its_subscriber_was_not_there_for_is_undecided() {
    let layout = layout(Version::V5_0, Limits::default());
    let mut oracle = Oracle::new(&layout);
    let steps = [beginning(), vec![publish(QOS_1, 1), acked(QOS_1, 1)], lost(SUBSCRIBER)].concat();
    for (now, (device, event)) in (1..).zip(steps) {
        oracle.note(now * SECOND, device, event);
    }
    oracle.finish(7200 * SECOND, true);
    let verdict = oracle.into_verdict();
    assert!(verdict.counts.contains_key(&(Decision::Undecided, Promise::Delivered)), "{:?}", verdict.counts);
    assert!(!verdict.is_broken());
}
