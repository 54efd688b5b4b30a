//! What the Subscription Options, a Message Expiry Interval and a DISCONNECT ask of the broker.

use mqttspec_wire::packet::RetainHandling;

use super::*;
use crate::{
    plan::{Duty, Parting, Publish, Subscribe},
    random::Range,
};

/// A plan of which the subscriber and the publisher are a little different.
fn changed(change: impl FnOnce(&mut Subscribe, &mut Publish)) -> Layout {
    let mut plan = plan(Version::V5_0, Limits::default());
    let [subscriber, publisher] = plan.groups.as_mut_slice() else { unreachable!("there are two groups") };
    let (Some(subscribe), Some(publish)) = (subscriber.subscribe.first_mut(), publisher.publish.first_mut())
    else {
        unreachable!("both do something")
    };
    change(subscribe, publish);
    Layout::new(plan).unwrap()
}

fn judge_changed(
    change: impl FnOnce(&mut Subscribe, &mut Publish),
    steps: Vec<Step>,
) -> Vec<(Decision, Promise)> {
    judge_on(&changed(change), [beginning(), steps].concat())
}

/// What `got` says, with RETAIN and a Message Expiry Interval.
fn came(stream: u32, sequence: u32, with_retain: bool, left: Option<u32>) -> Step {
    let (device, event) = got(stream, sequence);
    let Event::Delivered(delivered) = event else { unreachable!("it is a delivery") };
    (device, Event::Delivered(Delivered { retain: with_retain, expiry: left, ..delivered }))
}

fn sent(sequence: u32) -> Vec<Step> {
    vec![publish(QOS_1, sequence), acked(QOS_1, sequence)]
}

#[rstest]
#[case::kept(true, vec![])]
#[case::lost(false, broken(Promise::RetainKept))]
fn retain_as_published_keeps_the_flag(#[case] retain: bool, #[case] expected: Vec<(Decision, Promise)>) {
    let change = |subscribe: &mut Subscribe, publish: &mut Publish| {
        subscribe.options.retain_as_published = true;
        publish.retain = true;
    };
    let steps = [sent(1), vec![came(QOS_1, 1, retain, None)]].concat();
    assert_eq!(judge_changed(change, steps), expected);
}

#[rstest]
#[case(RetainHandling::Send, vec![])]
#[case(RetainHandling::SendIfNew, broken(Promise::RetainedOnlyIfNew))]
#[case(RetainHandling::DoNotSend, broken(Promise::RetainedNotSent))]
fn retain_handling_says_what_a_renewal_brings(
    #[case] handling: RetainHandling,
    #[case] expected: Vec<(Decision, Promise)>,
) {
    let change = |subscribe: &mut Subscribe, publish: &mut Publish| {
        subscribe.options.retain_handling = handling;
        publish.retain = true;
    };
    let steps = [sent(1), vec![got(QOS_1, 1)], subscribed(), vec![came(QOS_1, 1, true, None)]].concat();
    assert_eq!(judge_changed(change, steps), expected);
}

#[test]
fn a_retained_message_that_was_removed_is_not_owed_and_does_not_come() {
    let clears =
        |_: &mut Subscribe, publish: &mut Publish| (publish.retain, publish.clears) = (true, 500_000);
    let layout = changed(clears);
    let clears = |sequence: &u32| layout.clears(message(QOS_1, *sequence));
    let removed = (2..100).find(|sequence| clears(sequence) && !clears(&(sequence - 1))).unwrap();
    let kept = removed - 1;
    let messages: Vec<Step> = (1..=removed).flat_map(sent).collect();
    let before = [connect(SUBSCRIBER, false), connect(PUBLISHER, false), messages, subscribed()].concat();
    assert_eq!(judge_on(&layout, before.clone()), []);
    let old = [before, vec![came(QOS_1, kept, true, None)]].concat();
    assert_eq!(judge_on(&layout, old), broken(Promise::LastWriterRetained));
}

/// The subscriber is away for ten seconds, while a message of an hour waits.
#[rstest]
#[case::told(Some(3590), vec![])]
#[case::rounded(Some(3589), vec![])]
#[case::as_it_came(Some(3600), broken(Promise::IntervalReduced))]
#[case::grown(Some(3601), broken(Promise::IntervalReduced))]
#[case::far_too_little(Some(100), broken(Promise::IntervalReduced))]
#[case::missing(None, broken(Promise::IntervalReduced))]
fn what_is_left_of_an_interval_is_told(
    #[case] left: Option<u32>,
    #[case] expected: Vec<(Decision, Promise)>,
) {
    let change = |_: &mut Subscribe, publish: &mut Publish| publish.expiry = Some(3600);
    let layout = changed(change);
    let wait = vec![(PUBLISHER, Event::Alive(0)); 7];
    let first = [lost(SUBSCRIBER), sent(1), wait, connect(SUBSCRIBER, true)].concat();
    let begun = beginning().len() + 2;
    let (device, event) = came(QOS_1, 1, false, left);
    let Event::Delivered(delivered) = event else { unreachable!("it is a delivery") };
    let due = u64::try_from(begun).unwrap() * SECOND;
    let delivered = Delivered { message: Identity { due, ..delivered.message }, ..delivered };
    let steps = [beginning(), first, vec![(device, Event::Delivered(delivered))]].concat();
    assert_eq!(judge_on(&layout, steps), expected);
}

#[rstest]
#[case::ended(false, vec![])]
#[case::kept(true, broken(Promise::SessionExpired))]
fn disconnect_can_end_the_session(#[case] present: bool, #[case] expected: Vec<(Decision, Promise)>) {
    let mut plan = plan(Version::V5_0, Limits::default());
    if let Some(subscriber) = plan.groups.first_mut() {
        let (online, offline) = (Range::only(SECOND), Range::only(9 * SECOND));
        subscriber.duty = Some(Duty { online, offline, parting: Parting::Disconnects(Some(0)) });
    }
    let leaves = vec![
        (SUBSCRIBER, Event::Disconnect { with_will: false, expiry: Some(0) }),
        (SUBSCRIBER, Event::Ended { by_broker: true }),
    ];
    let wait = vec![(PUBLISHER, Event::Alive(0)); 5];
    let steps = [beginning(), leaves, wait, connect(SUBSCRIBER, present)].concat();
    assert_eq!(judge_on(&Layout::new(plan).unwrap(), steps), expected);
}

#[test]
fn a_will_is_published_if_disconnect_asks_for_it() {
    let leaves = || {
        vec![
            (PUBLISHER, Event::Disconnect { with_will: true, expiry: None }),
            (PUBLISHER, Event::Ended { by_broker: true }),
        ]
    };
    assert_eq!(judge([leaves(), vec![got(WILL, 1)]].concat()), []);
    assert_eq!(judge(leaves()), broken(Promise::WillPublished));
}

/// The publisher subscribes to what it publishes.
#[test]
fn no_local_keeps_own_messages_away() {
    let mut plan = plan(Version::V5_0, Limits::default());
    let [subscriber, publisher] = plan.groups.as_mut_slice() else { unreachable!("there are two groups") };
    subscriber.will = None;
    publisher.will = None;
    publisher.subscribe = subscriber.subscribe.clone();
    for subscribe in &mut publisher.subscribe {
        subscribe.options.no_local = true;
    }
    let layout = Layout::new(plan).unwrap();
    let own = |(_, event): Step| (PUBLISHER, event);
    let before = [beginning(), subscribed().into_iter().map(own).collect()].concat();
    let others = [before, sent(1), vec![got(QOS_1, 1)]].concat();
    assert_eq!(judge_on(&layout, others.clone()), [], "its own message is not owed to it");
    let back = [others, vec![own(got(QOS_1, 1))]].concat();
    assert_eq!(judge_on(&layout, back), broken(Promise::NoLocal));
}

/// A will that has to wait comes at once, and its client is back before the wait is over.
#[rstest]
#[case::by_the_broker(None, vec![(Decision::Broken, Promise::WillDelayed)])]
#[case::after_its_restart(Some(()), vec![])]
fn a_will_may_come_early_if_the_broker_has_ended(
    #[case] restart: Option<()>,
    #[case] expected: Vec<(Decision, Promise)>,
) {
    let limits = Limits { persistent: true, ..Limits::default() };
    let mut plan = plan(Version::V5_0, limits);
    for will in plan.groups.iter_mut().filter_map(|group| group.will.as_mut()) {
        will.delay = 60;
    }
    let layout = Layout::new(plan).unwrap();
    let mut oracle = Oracle::new(&layout);
    let mut now = 0;
    for (device, event) in beginning() {
        now += SECOND;
        oracle.note(now, device, event);
    }
    if restart.is_some() {
        oracle.restarted(now + SECOND, now + 2 * SECOND);
    }
    for (device, event) in [lost(PUBLISHER), connect(PUBLISHER, true), vec![got(WILL, 1)]].concat() {
        now += SECOND;
        oracle.note(now, device, event);
    }
    assert_eq!(oracle.into_verdict().counts.into_keys().collect::<Vec<_>>(), expected);
}
