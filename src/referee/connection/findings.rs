//! Collects what one packet shows.

use std::fmt;

use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::Sender;

use crate::referee::{
    Violation,
    duty::{Duty, Holds},
};

/// The breaches by the sender of one packet. The only place where it is decided whether a duty is judged at all.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) party: Sender,
    pub(super) version: Version,
    /// The most that a breach may rest on at this point.
    extent: Holds,
    found: Vec<Violation>,
}

impl Findings {
    pub(super) const fn new(party: Sender, version: Version, extent: Holds) -> Self {
        Self { party, version, extent, found: Vec::new() }
    }

    pub(super) const fn is_v5(&self) -> bool {
        matches!(self.version, Version::V5_0)
    }

    /// The sender broke `duty`: `what` was seen.
    pub(super) fn breach(&mut self, duty: Duty, what: fmt::Arguments<'_>) {
        if let Some(statement) = duty.statement(self.version).filter(|_| duty.holds <= self.extent) {
            self.found.push(Violation { part: duty.part, ..violation(self.party, statement, what) });
        }
    }

    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.found
    }
}

/// A violation at the level that the catalogue gives.
pub(super) fn violation(party: Sender, statement: StatementId, what: fmt::Arguments<'_>) -> Violation {
    Violation { party, statement, level: statement.statement().level, what: what.to_string(), part: None }
}
