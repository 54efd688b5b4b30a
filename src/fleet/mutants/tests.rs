//! That the lists are complete.

use std::collections::BTreeMap;

use super::*;
use crate::fleet::plan;

#[test]
fn every_rule_is_shown_by_a_plan_or_unseen_for_a_reason() {
    let mut listed: BTreeMap<Rule, u32> = BTreeMap::new();
    let unseen = UNSEEN.iter().flat_map(|(_, rules)| rules.iter());
    for rule in SHOWN.iter().map(|(rule, _)| rule).chain(unseen) {
        *listed.entry(*rule).or_default() += 1;
    }
    let wrong = Rule::ALL.iter().filter(|rule| listed.get(rule) != Some(&1));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&Rule>::new(), "each in one of the lists, and once");
}

#[test]
fn the_plans_that_show_rules_are_ready_ones() {
    let ready: Vec<&str> = plan::builtin().map(|(name, _)| name).collect();
    let unknown = SHOWN.iter().filter(|(_, plan)| !ready.contains(plan));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&(Rule, &str)>::new());
}
