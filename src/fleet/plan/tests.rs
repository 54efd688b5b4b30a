//! What plans mean, and what is said about wrong ones.

use mqttspec_fleet::{
    plan::{Pace, Renewal, SECOND, Sizes},
    random::Range,
};
use rstest::rstest;

use super::*;

#[test]
fn the_plans_of_the_program_are_without_mistakes() {
    let names: Vec<&str> = builtin().map(|(name, _)| name).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let plan = load(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(plan.devices() > 0, "{name}");
    }
}

const GOOD: &str = "\
title: t
groups:
  a: {count: 2, publish: [{topic: 'a/{n}', qos: 1, every: 1s}]}
phases: [{steady: 10s}]
";

#[test]
fn what_is_left_out_has_a_meaning() {
    let plan = load_str("p.yaml", GOOD).unwrap();
    let group = plan.groups.first().unwrap();
    assert_eq!((group.count, group.keep_alive, group.clean_start), (2, 60, true));
    assert_eq!(plan.length(), 10 * SECOND);
}

#[test]
fn loops_sizes_and_subscriptions_have_their_forms() {
    let text = GOOD.replace(
        "every: 1s",
        "in-flight: 4, pause: 1s..2s, size: {64: 9, 100..200: 1}}], subscribe: [{filter: b, qos: 0, lasts: 5s, pause: 2s",
    );
    let plan = load_str("p.yaml", &text).unwrap();
    let group = plan.groups.first().unwrap();
    let publish = group.publish.first().unwrap();
    let seconds = |least: u64, most: u64| Range { least: least * SECOND, most: most * SECOND };
    assert_eq!(publish.pace, Pace::InFlight(4, seconds(1, 2)));
    assert_eq!(publish.size, Sizes(vec![(Range::only(64), 9), (Range { least: 100, most: 200 }, 1)]));
    let renewal = Renewal { lasts: seconds(5, 5), pause: Some(seconds(2, 2)) };
    assert_eq!(group.subscribe.first().unwrap().renewal, Some(renewal));
}

#[rstest]
#[case("steady: 10s", "staedy: 10s", "a phase is one thing")]
#[case("count: 2", "count: -2", "expected a whole number of 1 or more")]
#[case("count: 2, ", "", "a group has no `count`")]
#[case("qos: 1", "qos: 3", "expected a QoS: 0, 1 or 2")]
#[case("'a/{n}'", "'a/#'", "`a/#` is no topic name")]
#[case("'a/{n}'", "'a/{m}'", "`{m}` stands for nothing")]
#[case("every: 1s", "every: 1", "expected a duration")]
#[case("every: 1s", "every: 0", "expected a longer interval")]
#[case("every: 1s", "every: 1s, in-flight: 2", "expected either `every`, or `in-flight`")]
#[case("every: 1s", "retain: true", "expected either `every`, or `in-flight`")]
#[case("qos: 1, every: 1s", "qos: 0, in-flight: 2", "nobody acknowledges them")]
#[case("every: 1s", "in-flight: 2000", "expected at most 1000")]
#[case("every: 1s", "every: 1s, size: {64: 0}", "no size has a weight")]
#[case("every: 1s", "every: 1s, size: {much: 1}", "`much` is no size")]
#[case("count: 2", "count: 2, password: p", "a `password` without `user`")]
#[case("count: 2", "count: 2, clock-skew: 1", "expected a share")]
#[case("count: 2", "count: 2, receive-maximum: 0..2", "or a range such as 1..20")]
#[case("count: 2", "count: 2, link: {outage: {every: 1s}}", "`outage` has no `lasts`")]
#[case("count: 2", "count: 2, subscribe: [{filter: a, qos: 1, pause: 1s}]", "say with `lasts`")]
#[case("every: 1s", "every: 1s, clears: 10%", "say `retain: true`, too")]
#[case(
    "count: 2",
    "count: 2, duty: {online: 1s, offline: 1s, vanishes: true, with-will: true}",
    "several ways"
)]
#[case("count: 2", "count: 2, duty: {online: 1s, offline: 1s, expiry: 5s}", "MQTT 5.0 forbids it")]
#[case(
    "count: 2",
    "count: 2, subscribe: [{filter: $share/s/a, qos: 1, no-local: true}]",
    "MQTT 5.0 forbids it"
)]
#[case("title: t", "titel: t", "did you mean `title`?")]
#[case("count: 2", "count: 2, link: cellular", "there is no link `cellular`")]
#[case("count: 2", "count: 2, version: v4", "there is no version `v4`")]
#[case("{steady: 10s}", "{storm: 10s, groups: [b]}", "there is no group `b`")]
#[case("{steady: 10s}", "{steady: 10s}, {ramp: 1s}", "can only be the first phase")]
#[case("count: 2", "count: 2, version: v3.1.1, receive-maximum: 2", "MQTT 3.1.1 does not have")]
#[case("count: 2", "count: 2, client: paho", "expected `own` or `rumqttc`")]
#[case(
    "count: 2",
    "count: 2, client: rumqttc, receive-maximum: 2",
    "`receive-maximum` is nothing that a device"
)]
#[case("count: 2", "count: 2, client: rumqttc, keep-alive: 2s", "expected at least 5s under v5.0")]
#[case("count: 2", "count: 2000, client: rumqttc", "expected at most 1000")]
#[case(
    "count: 2",
    "client: rumqttc, count: 2, duty: {online: 1s, offline: 1s}",
    "leave it out, or leave out `client`"
)]
#[case(
    "every: 1s}]",
    "in-flight: 2}], client: rumqttc",
    "`in-flight` in `publish` is nothing that a device with rumqttc does"
)]
#[case(GOOD, "", "this file says nothing")]
fn mistakes_are_shown_where_they_are(#[case] right: &str, #[case] wrong: &str, #[case] expected: &str) {
    assert!(GOOD.contains(right));
    let text = GOOD.replace(right, wrong);
    let shown = load_str("p.yaml", &text).unwrap_err().render(false);
    assert!(shown.contains(expected), "{shown}");
}
