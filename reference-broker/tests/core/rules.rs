//! The rules themselves.

use std::collections::BTreeSet;

use mqttspec_wire::{Packet, QoS, Version};
use reference_broker::{Rule, Rules};

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
