//! The proof that the suite can fail, on brokers that break one rule each: every scenario fails on a mutant of a rule
//! that it covers, every mutant is noticed, and every statement that is judged is named on some mutant.
#![expect(clippy::panic, reason = "the helpers of a test may fail it")]

use std::{collections::BTreeSet, sync::Arc};

use mqttspec::{
    coverage::{Coverage, Matrix, breaches},
    runner::plan::Selection,
    scenario::{self, ast::Scenario},
};
use reference_broker::Rule;

fn scenarios() -> Vec<Arc<Scenario>> {
    scenario::builtin().unwrap_or_else(|mistakes| panic!("{mistakes}")).into_iter().map(Arc::new).collect()
}

#[test]
fn the_proof_has_no_gap() {
    let scenarios = scenarios();
    let matrix = Matrix::of(&scenarios, &Selection::default());
    let coverage = Coverage::of(scenarios.iter().map(Arc::as_ref));
    let gaps = breaches(&coverage, &matrix);
    assert!(gaps.is_empty(), "{} gaps:\n{}", gaps.len(), gaps.join("\n"));
}

#[test]
fn a_scenario_that_cannot_fail_is_found() {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: connect}, {a: {expect-nothing-more: {}}}]\n";
    let idle = scenario::load_str("idle", "idle.yaml", text).expect("it has no mistakes");
    let mut scenarios = scenarios();
    scenarios.retain(|scenario| scenario.id == "common/3.3-publish/retained-stored");
    scenarios.push(Arc::new(idle));
    let selection =
        Selection { only: vec!["idle".to_owned(), "retained-stored".to_owned()], ..Selection::default() };
    let matrix = Matrix::of(&scenarios, &selection);
    let without: BTreeSet<&str> = matrix.without_mutant().map(|(id, _)| id.as_str()).collect();
    assert_eq!(without, BTreeSet::from(["idle"]));
    assert!(matrix.caught_by(Rule::RetainedStored).next().is_some());
    assert_eq!(breaches(&Coverage::of(scenarios.iter().map(Arc::as_ref)), &matrix).len(), 1);
}

#[test]
fn a_scenario_that_blames_what_the_mutant_keeps_is_found() {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5, 3.12.4-1]}\n\
                prepare: [{a: connect}, {a: {publish: {topic: $topic/t, qos: 1, retain: true, payload: x}}}]\n\
                steps:\n  - a: {subscribe: {filter: $topic/t}}\n\
                \x20 - a: {receive: {payload: x}, else: fail 3.12.4-1}\n\
                \x20 - a: {expect-nothing-more: {}, else: fail 3.3.1-5}\n";
    let wrong = Arc::new(scenario::load_str("wrong", "wrong.yaml", text).expect("it has no mistakes"));
    let selection = Selection { only: vec!["wrong".to_owned()], ..Selection::default() };
    let scenarios = [wrong];
    let matrix = Matrix::of_some(&scenarios, &selection);
    let found = breaches(&Coverage::of(scenarios.iter().map(Arc::as_ref)), &matrix);
    let expected = "wrong under v5.0 blames v5.0:3.12.4-1 on the mutant of `retained-stored`, which keeps it";
    assert!(found.iter().any(|breach| breach == expected), "{found:?}");
}
