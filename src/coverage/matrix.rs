//! Which mutants of the reference broker fail which scenarios.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mqttspec_spec::{StatementId, Version};
use reference_broker::{Rule, Rules};

use super::{
    class::{Class, Coverage},
    parallel::on_all_processors,
    seam::Seam,
};
use crate::{
    runner::{
        Embedded,
        plan::{Run, Selection, plan},
    },
    scenario::ast::Scenario,
    verdict::{Grade, ScenarioResult},
};

/// Of the scenarios that have nothing to do with a rule, one in so many is played on its mutant nevertheless.
const SAMPLE: usize = 12;

/// A scenario, by its id, under one version.
pub type Played = (String, Version);

/// Each mutant with the scenarios that fail on it.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What was played, with the statements that it covers.
    pub played: BTreeMap<Played, Vec<StatementId>>,
    /// For each rule, what fails on the broker that breaks it.
    pub failures: BTreeMap<Rule, BTreeMap<Played, Named>>,
    /// What comes of tampering with packets; only if no scenario was left out.
    pub seam: Option<Seam>,
    /// Whether no scenario was left out.
    pub is_whole: bool,
    /// Whether each scenario was played on each mutant.
    pub has_every_pair: bool,
}

/// What the variants of one scenario name on a mutant.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Statements that its steps name.
    pub by_steps: BTreeSet<StatementId>,
    /// Statements that the referee names.
    pub by_referee: BTreeSet<StatementId>,
    /// The statements that each failure of a step names together.
    pub blamed: BTreeSet<Vec<StatementId>>,
}

impl Matrix {
    /// Plays the runs that the selection admits against the mutant of each rule, on all processors.
    ///
    /// A mutant is played against each run that covers a statement of its rule. If the selection leaves nothing out,
    /// the other scenarios follow, until the referee has named the statements of the rule that only the referee judges,
    /// and somebody has named any; then a sample of the rest, so that those who blame the wrong statements are found.
    pub fn of(scenarios: &[Arc<Scenario>], selection: &Selection) -> Self {
        let is_whole = *selection == Selection::default();
        Self::played(scenarios, selection, is_whole.then_some(SAMPLE))
    }

    /// The same with every scenario on every mutant, which takes minutes if it was compiled for debugging.
    pub fn of_every_pair(scenarios: &[Arc<Scenario>]) -> Self {
        Self::played(scenarios, &Selection::default(), Some(1))
    }

    /// The same with scenarios that are not all there are.
    pub fn of_some(scenarios: &[Arc<Scenario>], selection: &Selection) -> Self {
        Self::played(scenarios, selection, None)
    }

    /// `sample`: which part of the scenarios that have nothing to do with a rule are played nevertheless, one in so many;
    /// none if others than these scenarios are left out.
    fn played(scenarios: &[Arc<Scenario>], selection: &Selection, sample: Option<usize>) -> Self {
        let coverage = Coverage::of(scenarios.iter().map(Arc::as_ref));
        let is_whole = sample.is_some();
        let theatre = Theatre {
            embedded: Embedded::probed(),
            // Those over WebSocket are proved over sockets.
            runs: plan(scenarios, selection).into_iter().filter(|run| !run.scenario.over_websocket).collect(),
            for_the_referee: coverage.all(Class::Referee.name()),
            sample,
        };
        let failures = on_all_processors(Rule::ALL, |rule| theatre.failing(*rule));
        let covers = |run: &Run| run.scenario.covers.of(run.version).to_vec();
        Self {
            played: theatre.runs.iter().map(|run| (played(run), covers(run))).collect(),
            failures: Rule::ALL.iter().copied().zip(failures).collect(),
            seam: is_whole.then(|| Seam::of(scenarios)),
            is_whole,
            has_every_pair: sample == Some(1),
        }
    }

    /// The rules that concern what was played.
    pub fn rules(&self) -> impl Iterator<Item = Rule> {
        let concerns = |rule: &Rule| {
            self.is_whole || self.played.values().flatten().any(|id| rule.statements().contains(id))
        };
        Rule::ALL.iter().copied().filter(concerns)
    }

    /// How many scenarios were played.
    pub fn scenarios(&self) -> usize {
        self.played.keys().map(|(id, _)| id).collect::<BTreeSet<_>>().len()
    }

    /// The scenarios in which a step names a statement of the rule on its mutant.
    pub fn caught_by(&self, rule: Rule) -> impl Iterator<Item = &Played> {
        let failing = self.failures.get(&rule).into_iter().flatten();
        failing.filter(move |(_, named)| any(rule.statements(), &named.by_steps)).map(|(played, _)| played)
    }

    /// Whether the referee names a statement of the rule on its mutant.
    pub fn is_seen_by_the_referee(&self, rule: Rule) -> bool {
        let mut failing = self.failures.get(&rule).into_iter().flat_map(BTreeMap::values);
        failing.any(|named| any(rule.statements(), &named.by_referee))
    }

    /// The scenarios that prove nothing: on no mutant of a rule that they cover does a step name a statement that they
    /// cover.
    pub fn without_mutant(&self) -> impl Iterator<Item = &Played> {
        let proves = |played: &Played, covered: &[StatementId]| {
            self.failures.iter().any(|(rule, failing)| {
                rule.statements().iter().any(|id| covered.contains(id))
                    && failing.get(played).is_some_and(|named| any(covered, &named.by_steps))
            })
        };
        self.played.iter().filter(move |(played, covered)| !proves(played, covered)).map(|(played, _)| played)
    }

    /// The statements that a step of a scenario that covers them names on some mutant.
    pub fn proved(&self) -> BTreeSet<StatementId> {
        let failing = self.failures.values().flatten();
        let pairs = failing.filter_map(|(played, named)| Some((self.played.get(played)?, named)));
        pairs
            .flat_map(|(covered, named)| covered.iter().filter(|id| named.by_steps.contains(id)))
            .copied()
            .collect()
    }

    /// What is named in any scenario on any mutant.
    pub fn named(&self) -> impl Iterator<Item = &Named> {
        self.failures.values().flat_map(BTreeMap::values)
    }
}

fn any(wanted: &[StatementId], named: &BTreeSet<StatementId>) -> bool {
    wanted.iter().any(|id| named.contains(id))
}

fn played(run: &Run) -> Played {
    (run.scenario.id.clone(), run.version)
}

/// Where mutants are played against runs.
struct Theatre {
    embedded: Embedded,
    runs: Vec<Run>,
    for_the_referee: BTreeSet<StatementId>,
    sample: Option<usize>,
}

impl Theatre {
    /// What fails on the mutant of this rule.
    fn failing(&self, rule: Rule) -> BTreeMap<Played, Named> {
        let covers = |run: &&Run| {
            let covered = run.scenario.covers.of(run.version);
            rule.statements().iter().any(|id| covered.contains(id))
        };
        let (covering, others): (Vec<&Run>, Vec<&Run>) = self.runs.iter().partition(covers);
        let mut failing = BTreeMap::new();
        for run in covering {
            self.play(run, rule, &mut failing);
        }
        let Some(sample) = self.sample else { return failing };
        let mut tried = BTreeSet::new();
        let others = others.into_iter().filter(|run| tried.insert(played(run)));
        for (index, run) in others.enumerate() {
            let is_in_sample = (index + rule as usize).is_multiple_of(sample);
            if is_in_sample || !self.is_noticed(rule, &failing) {
                self.play(run, rule, &mut failing);
            }
        }
        failing
    }

    fn play(&self, run: &Run, rule: Rule, failing: &mut BTreeMap<Played, Named>) {
        let mut named = Named::of(&self.embedded.play(run, Rules::all().without(rule)));
        if !named.by_steps.is_empty() || !named.by_referee.is_empty() {
            let of_scenario = failing.entry(played(run)).or_default();
            of_scenario.by_steps.append(&mut named.by_steps);
            of_scenario.by_referee.append(&mut named.by_referee);
            of_scenario.blamed.append(&mut named.blamed);
        }
    }

    /// Whether playing on would show nothing new.
    fn is_noticed(&self, rule: Rule, failing: &BTreeMap<Played, Named>) -> bool {
        let all_named = || failing.values();
        let mut for_the_referee = rule.statements().iter().filter(|id| self.for_the_referee.contains(id));
        for_the_referee.all(|id| all_named().any(|named| named.by_referee.contains(id)))
            && all_named().any(|named| {
                any(rule.statements(), &named.by_steps) || any(rule.statements(), &named.by_referee)
            })
    }
}

impl Named {
    fn of(result: &ScenarioResult) -> Self {
        let mut named = Self::default();
        let accusing = |grade| matches!(grade, Grade::Fail | Grade::Warn);
        for finding in result.findings.iter().filter(|finding| accusing(finding.grade)) {
            // What the referee finds belongs to no step.
            let by = if finding.place.is_some() { &mut named.by_steps } else { &mut named.by_referee };
            by.extend(finding.statements.iter().copied());
            if finding.place.is_some() && finding.grade == Grade::Fail {
                named.blamed.insert(finding.statements.clone());
            }
        }
        named
    }
}
