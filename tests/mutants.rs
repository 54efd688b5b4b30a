//! The proof that the suite can fail: each scenario, under each version, fails on a mutant of the reference broker
//! that breaks a rule of a statement it covers, and names such a statement.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    verdict::Grade,
};
use reference_broker::{Rule, Rules};

/// The rules whose mutants fail the run, naming a statement that it covers.
fn killers(embedded: &Embedded, run: &plan::Run) -> BTreeSet<&'static str> {
    let covered = run.scenario.covers.of(run.version);
    Rule::ALL
        .iter()
        .filter(|rule| rule.statements().iter().any(|statement| covered.contains(statement)))
        .filter(|rule| {
            let result = embedded.play(run, Rules::all().without(**rule));
            matches!(result.grade, Grade::Fail | Grade::Warn)
                && result.broken.iter().any(|statement| covered.contains(statement))
        })
        .map(|rule| rule.name())
        .collect()
}

#[test]
fn every_scenario_fails_on_a_mutant() {
    let scenarios: Vec<_> =
        scenario::builtin().expect("the built-in scenarios load").into_iter().map(Arc::new).collect();
    let runs = plan::plan(&scenarios, &plan::Selection::default());
    let embedded = Embedded::probed();
    let mut caught: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for run in &runs {
        let key = (run.scenario.id.clone(), run.version.to_string());
        caught.entry(key).or_default().extend(killers(&embedded, run));
    }
    let vacuous: Vec<String> = caught
        .iter()
        .filter(|(_, rules)| rules.is_empty())
        .map(|((id, version), _)| format!("  {id} under {version}"))
        .collect();
    assert!(
        vacuous.is_empty(),
        "{} of {} scenarios pass on every mutant of the rules they cover, so they prove nothing:\n{}",
        vacuous.len(),
        caught.len(),
        vacuous.join("\n")
    );
}
