//! Which mutants of the reference broker fail which scenarios.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use mqttspec_spec::{StatementId, Version};
use reference_broker::{Rule, Rules};

use crate::{
    runner::{Embedded, plan::Run},
    verdict::{Grade, ScenarioResult},
};

/// A scenario under one version.
pub type Played = (String, Version);

/// What the variants of one scenario named on a mutant.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Statements that its steps named.
    pub by_steps: BTreeSet<StatementId>,
    /// Statements that the referee named.
    pub by_referee: BTreeSet<StatementId>,
}

impl Named {
    /// Whether anybody named one of these.
    pub fn names_any(&self, statements: &[StatementId]) -> bool {
        statements.iter().any(|id| self.by_steps.contains(id) || self.by_referee.contains(id))
    }

    fn add(&mut self, result: &ScenarioResult) {
        let accusing =
            result.findings.iter().filter(|found| matches!(found.grade, Grade::Fail | Grade::Warn));
        for finding in accusing {
            // What the referee finds belongs to no step.
            let named = if finding.place.is_some() { &mut self.by_steps } else { &mut self.by_referee };
            named.extend(finding.statements.iter().copied());
        }
    }

    fn is_empty(&self) -> bool {
        self.by_steps.is_empty() && self.by_referee.is_empty()
    }
}

/// Each mutant with the scenarios that fail on it.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What was played, with the statements that it covers.
    pub played: BTreeMap<Played, Vec<StatementId>>,
    /// For each rule, what fails on the broker that breaks it.
    pub failures: BTreeMap<Rule, BTreeMap<Played, Named>>,
}

impl Matrix {
    /// Plays the runs against the mutants of these rules, on all processors.
    ///
    /// A mutant is played against each run that covers a statement of its rule. The referee may name the rule's
    /// statements in other scenarios too: these are tried one after the other until it has named those of
    /// `for_the_referee`, or anything at all.
    pub fn of(runs: &[Run], rules: &[Rule], for_the_referee: &BTreeSet<StatementId>) -> Self {
        let embedded = Embedded::probed();
        let next = AtomicUsize::new(0);
        let failures = Mutex::new(BTreeMap::new());
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(rule) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let failing =
                            Mutant { embedded: &embedded, rule: *rule }.failing(runs, for_the_referee);
                        failures
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .insert(*rule, failing);
                    }
                });
            }
        });
        let played =
            runs.iter().map(|run| (played(run), run.scenario.covers.of(run.version).to_vec())).collect();
        let failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Self { played, failures }
    }
}

fn played(run: &Run) -> Played {
    (run.scenario.id.clone(), run.version)
}

/// The reference broker without one of its rules.
struct Mutant<'a> {
    embedded: &'a Embedded,
    rule: Rule,
}

impl Mutant<'_> {
    fn failing(&self, runs: &[Run], for_the_referee: &BTreeSet<StatementId>) -> BTreeMap<Played, Named> {
        let own = self.rule.statements();
        let covers = |run: &&Run| run.scenario.covers.of(run.version).iter().any(|id| own.contains(id));
        let (covering, others): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(covers);
        let mut failing = BTreeMap::new();
        for run in covering {
            self.play(run, &mut failing);
        }
        let wanted: Vec<StatementId> =
            own.iter().copied().filter(|id| for_the_referee.contains(id)).collect();
        let mut tried = BTreeSet::new();
        for run in others {
            if self.is_seen(&wanted, &failing) {
                break;
            }
            if tried.insert(played(run)) {
                self.play(run, &mut failing);
            }
        }
        failing
    }

    fn play(&self, run: &Run, failing: &mut BTreeMap<Played, Named>) {
        let mut named = Named::default();
        named.add(&self.embedded.play(run, Rules::all().without(self.rule)));
        if !named.is_empty() {
            let known: &mut Named = failing.entry(played(run)).or_default();
            known.by_steps.append(&mut named.by_steps);
            known.by_referee.append(&mut named.by_referee);
        }
    }

    /// Whether the referee has named each statement that is left to it, and somebody has named one of the rule.
    fn is_seen(&self, wanted: &[StatementId], failing: &BTreeMap<Played, Named>) -> bool {
        wanted.iter().all(|id| failing.values().any(|named| named.by_referee.contains(id)))
            && failing.values().any(|named| named.names_any(self.rule.statements()))
    }
}
