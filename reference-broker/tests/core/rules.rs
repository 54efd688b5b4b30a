//! The rules themselves.

use std::{collections::BTreeSet, fs, path::Path};

use mqttspec_spec::Binds;
use mqttspec_wire::{Packet, Property, QoS, Version, packet::Connect};
use reference_broker::{Config, Rule, Rules};
use rstest::rstest;

use crate::world::*;

#[test]
fn names_are_unique_and_readable() {
    let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    assert!(
        names.contains("clean-start-discards-session") && names.contains("qos2-duplicates-not-passed-on")
    );
    for rule in Rule::ALL {
        assert_eq!(Rule::named(rule.name()), Some(*rule));
        assert!(!rule.statements().is_empty(), "{rule} carries out nothing");
    }
}

/// In both directions: what a rule carries out needs no reason, and what the client owes needs neither.
#[test]
fn a_statement_about_servers_has_rules_or_a_reason() {
    for statement in Version::ALL.into_iter().flat_map(Version::statements) {
        let has_rules = Rule::carrying_out(statement).next().is_some();
        let has_reason = Rule::why_none(statement).is_some();
        let is_servers = statement.statement().binds != Binds::Client;
        assert!(has_rules || has_reason || !is_servers, "{statement} has neither rule nor reason");
        assert!(!has_reason || is_servers, "{statement} needs no reason: it binds the client");
        assert!(!has_rules || !has_reason, "{statement} has a rule now: delete its reason");
    }
}

#[test]
fn every_rule_stands_at_one_place() {
    let mut code = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("rules") {
                folders.push(path);
            } else if path.is_file() {
                code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let names: Vec<_> =
        code.split("Rule::").skip(1).filter_map(|rest| rest.split(|c| !is_word(c)).next()).collect();
    // The rules about faults stand last in the table, by which they are found.
    let first = Rule::ALL.iter().position(|rule| *rule == Rule::StringsWellFormed).unwrap();
    for rule in &Rule::ALL[..first] {
        let count = names.iter().filter(|name| **name == format!("{rule:?}")).count();
        assert_eq!(count, 1, "{rule:?} is used {count} times");
    }
}

#[test]
fn a_mutant_lacks_one_rule() {
    for rule in Rule::ALL {
        let rules = Rules::all().without(*rule);
        let broken: Vec<_> = Rule::ALL.iter().filter(|rule| !rules.obeys(**rule)).collect();
        assert_eq!(broken, [rule]);
    }
}

#[test]
fn a_mutant_is_a_broker_that_breaks_its_rule() {
    let mut world = World::without(Rule::PingreqAnswered);
    let client = world.subscriber(Version::V5_0, "t", QoS::AtMostOnce);
    world.send(client, Packet::Pingreq);
    world.expect_nothing(client);
    world.publish(client, publish("t", "x", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["x"]);
}

#[rstest]
#[case::all(Rules::all(), &[0x40, 2, 0, 1], "one two")]
#[case::short(Rules::all().without(Rule::ShortPubackAccepted), &[0x40, 2, 0, 1], "one")]
#[case::full(Rules::all().without(Rule::ShortPubackAccepted), &[0x40, 4, 0, 1, 0, 0], "one two")]
#[case::refusal(Rules::all(), &[0x40, 3, 0, 1, 0x80], "one two")]
#[case::refusal_of_one(Rules::all().without(Rule::RefusalConcernsOneMessage), &[0x40, 3, 0, 1, 0x80], "one")]
fn a_puback_makes_room_for_the_next_message(
    #[case] rules: Rules,
    #[case] puback: &[u8],
    #[case] expected: &str,
) {
    let mut world = World::mutant(Config::default(), rules);
    let one_at_a_time =
        Connect { properties: properties([Property::ReceiveMaximum(1)]), ..connect(Version::V5_0, "s") };
    let (subscriber, _) = world.connect(one_at_a_time);
    world.subscribe(subscriber, subscription("t", QoS::AtLeastOnce));
    let publisher = world.client(Version::V5_0, "p");
    world.publish(publisher, publish("t", "one", QoS::AtLeastOnce));
    world.publish(publisher, publish("t", "two", QoS::AtLeastOnce));
    world.send_bytes(subscriber, puback);
    assert_eq!(world.payloads(subscriber).join(" "), expected);
}
