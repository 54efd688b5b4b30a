//! What must hold of the scenarios and their mutants, and where it does not, with the reason.
//!
//! The lists of exceptions may only shrink: one that is needed no more is a breach of its own.

use std::collections::BTreeSet;

use mqttspec_spec::{Level, StatementId};
use reference_broker::Rule;

use super::{
    blame,
    class::{Class, Coverage},
    matrix::Matrix,
    seam::Seam,
};

/// Rules whose mutants nobody notices. A rule needs no entry if all of its statements are out of reach.
const UNNOTICED: &[(Rule, &str)] = &[
    (
        Rule::KeepAliveTimeoutTold,
        "3.1.2-22 wants the connection closed as if the network had failed, so that a bare close passes",
    ),
    (
        Rule::AcknowledgementsMatchById,
        "takes a broker that sends a message before the one before it is acknowledged, and none has to",
    ),
];

/// Statements that scenarios cover and that their steps name on no mutant.
const UNPROVED: &[(StatementId, &str)] = &[];

/// Statements that the referee judges and names on no mutant.
const UNSEEN: &[(StatementId, &str)] = &[];

/// What does not hold, a sentence each. Of a matrix that was not computed for all scenarios and all rules only the
/// scenarios can be judged.
pub fn breaches(coverage: &Coverage, matrix: &Matrix) -> Vec<String> {
    let mut found = Vec::new();
    scenarios_can_fail(matrix, &mut found);
    found.extend(blame::wrong(matrix));
    if matrix.is_whole {
        rules_are_noticed(matrix, &mut found);
        statements_are_proved(matrix, &mut found);
        the_referee_sees(coverage, matrix, &mut found);
        nothing_is_nearer_than_it_seems(matrix, &mut found);
    }
    found.extend(matrix.seam.iter().flat_map(Seam::breaches));
    found
}

/// Why nobody notices the mutant of this rule, if that is known.
pub fn why_unnoticed(rule: Rule) -> Option<String> {
    if let Some((_, reason)) = UNNOTICED.iter().find(|(listed, _)| *listed == rule) {
        return Some((*reason).to_owned());
    }
    if rule.statements().iter().copied().all(is_permission) {
        return Some("what it carries out is a permission".to_owned());
    }
    let reasons: Option<Vec<_>> = rule.statements().iter().map(|id| id.statement().out_of_reach).collect();
    reasons?.first().map(|reason| (*reason).to_owned())
}

fn is_permission(id: StatementId) -> bool {
    id.statement().level == Level::May
}

fn scenarios_can_fail(matrix: &Matrix, found: &mut Vec<String>) {
    found.extend(matrix.without_mutant().map(|(id, version)| {
        format!("{id} under {version}: no mutant of a rule that it covers fails one of its steps, so it proves nothing")
    }));
}

fn rules_are_noticed(matrix: &Matrix, found: &mut Vec<String>) {
    for rule in matrix.failures.keys() {
        let is_noticed = matrix.caught_by(*rule).next().is_some() || matrix.is_seen_by_the_referee(*rule);
        let nobody_sees = |id: &StatementId| id.statement().out_of_reach.is_some() || is_permission(*id);
        let is_out_of_reach = rule.statements().iter().all(nobody_sees);
        let exception = UNNOTICED.iter().find(|(listed, _)| listed == rule);
        found.extend(match (is_noticed || is_out_of_reach, exception) {
            (true, None) | (false, Some(_)) => None,
            (false, None) => Some(format!("rule `{rule}`: nobody notices its mutant")),
            (true, Some(_)) => {
                Some(format!("rule `{rule}` needs no exception any more: its mutant is noticed"))
            }
        });
    }
}

fn statements_are_proved(matrix: &Matrix, found: &mut Vec<String>) {
    let covered: BTreeSet<StatementId> = matrix.played.values().flatten().copied().collect();
    check(UNPROVED, &covered, &matrix.proved(), "the scenarios that cover it name it on no mutant", found);
}

fn the_referee_sees(coverage: &Coverage, matrix: &Matrix, found: &mut Vec<String>) {
    let named: BTreeSet<StatementId> =
        matrix.named().flat_map(|named| named.by_referee.iter().copied()).collect();
    let judged = coverage.all(Class::Referee.name());
    check(UNSEEN, &judged, &named, "the referee names it on no mutant", found);
}

/// All that `wanted` holds must be in `shown` or among the exceptions, but not in both.
fn check(
    exceptions: &[(StatementId, &str)],
    wanted: &BTreeSet<StatementId>,
    shown: &BTreeSet<StatementId>,
    complaint: &str,
    found: &mut Vec<String>,
) {
    let excepted: BTreeSet<StatementId> = exceptions.iter().map(|(id, _)| *id).collect();
    let missing = wanted.difference(shown).filter(|id| !excepted.contains(id));
    found.extend(missing.map(|id| format!("{id}: {complaint}")));
    let needless = excepted.iter().filter(|id| shown.contains(id) || !wanted.contains(id));
    found.extend(needless.map(|id| format!("{id} needs no exception any more")));
}

/// What is said to be out of reach is named by nobody.
fn nothing_is_nearer_than_it_seems(matrix: &Matrix, found: &mut Vec<String>) {
    let named: BTreeSet<StatementId> =
        matrix.named().flat_map(|named| named.by_steps.union(&named.by_referee)).copied().collect();
    let reached = named.into_iter().filter(|id| id.statement().out_of_reach.is_some());
    found.extend(reached.map(|id| format!("{id} is named on a mutant, so it is not out of reach")));
}
