//! The verdict on a step that does not hold.

use mqttspec_spec::{Level, StatementId};
use mqttspec_wire::Sender;

use super::{
    Script, Section,
    trouble::{Nature, Trouble},
};
use crate::{
    referee::Violation,
    scenario::ast::{Action, Judgement, Otherwise, Step, StepKind, Terms},
    stage::Objection,
    verdict::Grade,
};

impl Script {
    /// The grade, the statements that are broken, and what the scenario says about it.
    ///
    /// Where a packet differs from what a step expects in just the part that the referee has found to be wrong, the
    /// difference breaks the referee's statement and not that of which the step is one of many signs.
    pub(super) fn judge(
        &self,
        section: Section,
        step: &Step,
        trouble: &Trouble,
    ) -> (Grade, Vec<StatementId>, Option<String>) {
        let (grade, statements, says) = self.judge_by_itself(section, step, trouble);
        let named = self.named_by_the_referee(trouble);
        let is_another_matter = !named.is_empty() && !named.iter().any(|id| statements.contains(id));
        if grade == Grade::Fail && is_another_matter {
            let says = "what differs is judged by itself".to_owned();
            return (Grade::Inconclusive, Vec::new(), Some(says));
        }
        (grade, statements, says)
    }

    /// What the referee says is broken by the parts of packets on which this trouble rests.
    fn named_by_the_referee(&self, trouble: &Trouble) -> Vec<StatementId> {
        let is_fail = |violation: &Violation| {
            violation.party == Sender::Server && matches!(violation.level, Level::Must | Level::MustNot)
        };
        // The first byte holds several fields, of which this may be about others.
        let differs = |part: &str| part != "first-byte" && trouble.parts.iter().any(|other| other == part);
        let is_it = |objection: &&Objection| {
            is_fail(&objection.violation)
                && trouble.packets.contains(&objection.evidence)
                && objection.violation.part.is_some_and(differs)
        };
        self.stage.with(|world| {
            world.objections.iter().filter(is_it).map(|objection| objection.violation.statement).collect()
        })
    }

    fn judge_by_itself(
        &self,
        section: Section,
        step: &Step,
        trouble: &Trouble,
    ) -> (Grade, Vec<StatementId>, Option<String>) {
        let judgement = match (&trouble.nature, section) {
            (Nature::Harness | Nature::Unreachable, _) => return (Grade::Error, Vec::new(), None),
            (Nature::Undecided, _)
            | (Nature::Breach | Nature::Missing | Nature::Graded(_), Section::Preparation) => {
                return (Grade::Inconclusive, Vec::new(), None);
            }
            (Nature::Graded(judgement), Section::Judged) => {
                return (judgement.grade, judgement.statements.clone(), judgement.says.clone());
            }
            (Nature::Breach, Section::Judged) => otherwise(step),
            (Nature::Missing, Section::Judged) => missing(step).or_else(|| otherwise(step)),
        };
        let judgement = judgement.map(|otherwise| otherwise.of(self.version()));
        let grade = match judgement {
            Some(judgement) => judgement.grade,
            // An exchange only leads to the scenario's point.
            None if terms(step).is_none() => return (Grade::Inconclusive, Vec::new(), None),
            None => Grade::Fail,
        };
        let says = judgement.and_then(|judgement| judgement.says.clone());
        (grade, self.statements(judgement), says)
    }

    /// The statements that a judgement names, or else the scenario's main statement.
    pub(super) fn statements(&self, judgement: Option<&Judgement>) -> Vec<StatementId> {
        match judgement {
            Some(judgement) if !judgement.statements.is_empty() => judgement.statements.clone(),
            _ => self.run.scenario.covers.of(self.version()).iter().take(1).copied().collect(),
        }
    }
}

/// The verdict that a step itself gives for its failure.
fn otherwise(step: &Step) -> Option<&Otherwise> {
    exchange(step).or_else(|| terms(step)?.otherwise.as_ref())
}

/// The verdict that a step gives if nothing of the kind that it waits for comes.
fn missing(step: &Step) -> Option<&Otherwise> {
    terms(step)?.missing.as_ref()
}

/// The terms on which a step waits for something; none if it does not.
fn terms(step: &Step) -> Option<&Terms> {
    let action = match &step.kind {
        StepKind::Client { action, .. } => action,
        StepKind::Whichever(whichever) => return Some(&whichever.expectation.terms),
        StepKind::Wait(_) | StepKind::Repeat { .. } | StepKind::Restart(_) => return None,
    };
    match action {
        Action::Receive(expectation) | Action::Expect(expectation) => Some(&expectation.terms),
        Action::ExpectAnyOrder { terms, .. }
        | Action::ReceiveOneOf { terms, .. }
        | Action::ExpectOneOf { terms, .. }
        | Action::ExpectNothingMore { terms, .. } => Some(terms),
        Action::ExpectClosed(expectation) => Some(&expectation.terms),
        Action::Open
        | Action::Connect(_)
        | Action::Disconnect(_)
        | Action::Cut
        | Action::HalfClose
        | Action::Publish(_)
        | Action::Subscribe(_)
        | Action::Unsubscribe(_)
        | Action::Ping(_)
        | Action::Send { .. } => None,
    }
}

/// The verdict that an exchange gives for its failure. Without one it only leads to the scenario's point.
fn exchange(step: &Step) -> Option<&Otherwise> {
    let StepKind::Client { action, .. } = &step.kind else { return None };
    match action {
        Action::Connect(exchange)
        | Action::Publish(exchange)
        | Action::Subscribe(exchange)
        | Action::Unsubscribe(exchange) => exchange.otherwise.as_ref(),
        Action::Ping(otherwise) => otherwise.as_ref(),
        Action::Open
        | Action::Disconnect(_)
        | Action::Cut
        | Action::HalfClose
        | Action::Send { .. }
        | Action::Receive(_)
        | Action::Expect(_)
        | Action::ExpectAnyOrder { .. }
        | Action::ReceiveOneOf { .. }
        | Action::ExpectOneOf { .. }
        | Action::ExpectNothingMore { .. }
        | Action::ExpectClosed(_) => None,
    }
}
