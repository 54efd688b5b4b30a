//! Which statements the steps can report as broken.

use std::collections::BTreeSet;

use mqttspec_spec::{StatementId, Version};

use crate::{
    scenario::ast::{Action, Otherwise, Step, StepKind, Terms},
    verdict::Grade,
};

/// The statements that some step names if it fails under this version, or can warn about.
pub(super) fn claims(steps: &[Step], version: Version, main: Option<StatementId>) -> BTreeSet<StatementId> {
    let mut claims = Claims { version, main, named: BTreeSet::new() };
    claims.steps(steps);
    claims.named
}

struct Claims {
    version: Version,
    /// What an expectation names that says nothing else.
    main: Option<StatementId>,
    named: BTreeSet<StatementId>,
}

impl Claims {
    fn steps(&mut self, steps: &[Step]) {
        let version = self.version;
        for step in steps.iter().filter(|step| step.only.is_none_or(|only| only == version)) {
            match &step.kind {
                StepKind::Wait(_) | StepKind::Restart(_) => {}
                StepKind::Repeat { steps, .. } => self.steps(steps),
                StepKind::Whichever(whichever) => {
                    self.expectation(&whichever.expectation.terms);
                }
                StepKind::Client { action, .. } => self.action(action),
            }
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Open | Action::Disconnect(_) | Action::Cut | Action::HalfClose | Action::Send { .. } => {}
            Action::Connect(exchange)
            | Action::Publish(exchange)
            | Action::Subscribe(exchange)
            | Action::Unsubscribe(exchange) => self.otherwise(exchange.otherwise.as_ref()),
            Action::Ping(otherwise) => self.otherwise(otherwise.as_ref()),
            Action::Receive(expected) | Action::Expect(expected) => {
                self.expectation(&expected.terms);
            }
            Action::ExpectAnyOrder { terms, .. }
            | Action::ReceiveOneOf { terms, .. }
            | Action::ExpectNothingMore { terms, .. } => self.expectation(terms),
            Action::ExpectOneOf { outcomes, terms } => {
                self.expectation(terms);
                for outcome in outcomes {
                    self.otherwise(Some(&outcome.otherwise));
                }
            }
            Action::ExpectClosed(close) => self.expectation(&close.terms),
        }
    }

    /// What is judged even if it says nothing.
    fn expectation(&mut self, terms: &Terms) {
        if terms.otherwise.is_none() {
            self.named.extend(self.main);
        }
        for verdict in terms.verdicts() {
            self.otherwise(Some(verdict));
        }
    }

    fn otherwise(&mut self, otherwise: Option<&Otherwise>) {
        let judgement = otherwise.map(|otherwise| otherwise.of(self.version));
        let accusing = judgement.filter(|judged| matches!(judged.grade, Grade::Warn | Grade::Fail));
        self.named.extend(accusing.into_iter().flat_map(|judged| judged.statements.iter().copied()));
    }
}
