//! No false accusation: brokers that make use of what the standard leaves to them are accused of nothing.
#![expect(clippy::panic, reason = "the helpers of a test may fail it")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a liberty is about a few packets and leaves the others as they are"
)]

mod leisurely;
mod liberal;

use std::sync::Arc;

use mqttspec::{
    runner::{Configured, Embedded, plan},
    scenario,
    target::{Deed, Tampering, in_process::Peer},
    verdict::{Grade, ScenarioResult},
};
use mqttspec_wire::{QoS, packet::PacketType};
use reference_broker::{Broker, Config, Rules};
use rstest::rstest;

use self::{
    leisurely::{Leisurely, Unhurried},
    liberal::{Aliasing, Liberal, Liberty, Modest},
};

fn runs() -> Vec<plan::Run> {
    let scenarios = scenario::builtin().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let scenarios: Vec<_> = scenarios.into_iter().map(Arc::new).collect();
    plan::plan(&scenarios, &plan::Selection::default())
}

/// The accusations among these results, one line each.
fn accusations(results: &[ScenarioResult]) -> Vec<String> {
    let is_bad = |result: &&ScenarioResult| matches!(result.grade, Grade::Fail | Grade::Error);
    let line = |result: &ScenarioResult| {
        let findings: Vec<String> = result
            .findings
            .iter()
            .map(|finding| format!("expected {}; {}", finding.expected, finding.observed))
            .collect();
        format!("{} {} {}: {}", result.scenario, result.version, result.variant, findings.join("\n    "))
    };
    results.iter().filter(is_bad).map(line).collect()
}

/// Offers as little as a server may.
fn sparing(config: &mut Config) {
    config.maximum_qos = QoS::AtMostOnce;
    config.retain = false;
    config.wildcard_subscriptions = false;
    config.subscription_identifiers = false;
    config.shared_subscriptions = false;
    config.topic_alias_maximum = 0;
    config.client_id_maximum = 23;
}

/// Has limits of its own on everything, and small ones.
fn narrow(config: &mut Config) {
    config.maximum_qos = QoS::AtLeastOnce;
    config.receive_maximum = 1;
    config.topic_alias_maximum = 1;
    config.maximum_packet_size = 70_000;
    config.session_expiry_maximum = Some(60);
    config.limits.in_flight = 1;
}

/// Has no limits that a client could exceed.
fn generous(config: &mut Config) {
    config.receive_maximum = u16::MAX;
    config.topic_alias_maximum = u16::MAX;
    config.maximum_packet_size = u32::MAX;
    config.client_id_maximum = 65_535;
    config.response_information = Some("responses/for/you".to_owned());
    config.queue_qos_0 = true;
}

/// Keeps sessions for a moment only, and is impatient.
fn forgetful(config: &mut Config) {
    config.session_expiry_maximum = Some(1);
    config.server_keep_alive = Some(2);
    config.limits.in_flight = 2;
}

/// Sends a message as often as a client has subscribed to it.
fn repetitive(config: &mut Config) {
    config.copy_for_each_subscription = true;
}

fn only_the_older(config: &mut Config) {
    config.version_5_0 = false;
}

fn only_the_newer(config: &mut Config) {
    config.version_3_1_1 = false;
}

#[rstest]
#[case::sparing(sparing, 300)]
#[case::narrow(narrow, 500)]
#[case::generous(generous, 900)]
#[case::forgetful(forgetful, 500)]
#[case::repetitive(repetitive, 1_100)]
#[case::only_the_older(only_the_older, 200)]
#[case::only_the_newer(only_the_newer, 500)]
fn a_broker_is_not_accused_of_its_limits(#[case] set: fn(&mut Config), #[case] passed: usize) {
    let mut config = Config::default();
    set(&mut config);
    let broker = Configured::probed(config);
    let results: Vec<ScenarioResult> = runs().iter().map(|run| broker.play(run)).collect();
    let accusations = accusations(&results);
    assert!(accusations.is_empty(), "{}", accusations.join("\n"));
    let passes = results.iter().filter(|result| result.grade == Grade::Pass).count();
    assert!(passes >= passed, "only {passes} pass");
}

/// To close without a DISCONNECT that says why is a lesser deviation at most.
#[test]
fn a_broker_that_closes_without_a_word_is_not_accused() {
    let embedded = Embedded::probed();
    let silent = Tampering { packet: PacketType::Disconnect, deed: Deed::Dropped };
    let results: Vec<ScenarioResult> = runs().iter().map(|run| embedded.play_tampered(run, silent)).collect();
    let accusations = accusations(&results);
    assert!(accusations.is_empty(), "{}", accusations.join("\n"));
}

/// Of two right ways to say something, each is right.
#[rstest]
#[case::discreet(liberal::discreet, 1_080)]
#[case::terse(liberal::terse, 1_080)]
#[case::unspecific(liberal::unspecific, 900)]
#[case::lossy(liberal::lossy, 700)]
fn a_broker_is_not_accused_of_how_it_says_something(#[case] liberty: Liberty, #[case] passed: usize) {
    nobody_is_accused(|broker| Liberal::new(broker, liberty), passed);
}

/// What a server offers less than it was asked for, and what it uses of what clients offer, is its own choice.
#[rstest]
#[case::at_least_once(QoS::AtLeastOnce, 1_000)]
#[case::at_most_once(QoS::AtMostOnce, 700)]
fn a_broker_is_not_accused_of_granting_less(#[case] granted: QoS, #[case] passed: usize) {
    nobody_is_accused(|broker| Liberal::new(broker, Modest(granted)), passed);
}

#[test]
fn a_broker_is_not_accused_of_topic_aliases_of_its_own() {
    nobody_is_accused(|broker| Liberal::new(broker, Aliasing::default()), 1_080);
}

/// Nothing is promised about the order of an acknowledgement and a delivery, nor how soon either comes.
#[rstest]
#[case::acknowledges_late(leisurely::acknowledges_late, 1_000)]
#[case::delivers_late(leisurely::delivers_late, 1_000)]
#[case::is_slow(leisurely::is_slow, 1_000)]
fn a_broker_is_not_accused_of_taking_its_time(#[case] unhurried: Unhurried, #[case] passed: usize) {
    nobody_is_accused(|broker| Leisurely::new(broker, unhurried), passed);
}

/// Plays all scenarios against such brokers, of which so many pass and none fails.
fn nobody_is_accused<P: Peer>(make: impl Fn(Broker) -> P, least: usize) {
    let embedded = Embedded::probed();
    let play =
        |run: &plan::Run| embedded.play_against(run, &mut make(Broker::new(Config::default(), Rules::all())));
    // Which broker a scenario wants to be set up, only `Embedded` knows.
    let results: Vec<ScenarioResult> =
        runs().iter().filter(|run| run.scenario.broker.is_empty()).map(play).collect();
    let accusations = accusations(&results);
    assert!(accusations.is_empty(), "{}", accusations.join("\n"));
    let passes = results.iter().filter(|result| result.grade == Grade::Pass).count();
    assert!(passes >= least, "only {passes} pass");
}
