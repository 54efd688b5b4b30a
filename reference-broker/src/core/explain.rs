//! A log of what the broker goes by: for everything that happens, the rules that were asked and what came of it.

use std::{cell::Cell, time::Duration};

use mqttspec_wire::{Packet, Version};

use super::{ConnectionId, Output, Rule, Rules};

/// Something that happened, and what the broker did about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, on the clock of [`Broker::handle`](super::Broker::handle).
    pub at: Duration,
    /// What happened.
    pub cause: Cause,
    /// The rules that had a say, except those on how topic names and topic filters match, which always have.
    pub rules: Vec<Rule>,
    /// What was done.
    pub done: Vec<Output>,
}

/// What a broker takes notice of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A client has opened a network connection.
    Opened(ConnectionId),
    /// A packet has come.
    Packet(ConnectionId, Version, Box<Packet>),
    /// Something has come that is no packet, for this reason.
    Fault(ConnectionId, String),
    /// A network connection has ended.
    Lost(ConnectionId),
    /// Something else: a password was verified, something is due, the broker ends.
    Other(&'static str),
}

/// The steps of one call of [`Broker::handle`](super::Broker::handle).
#[derive(Debug, Default)]
pub(crate) struct Log {
    steps: Vec<Step>,
    /// The step that goes on, with the number of outputs when it began.
    current: Option<(Cause, usize)>,
    /// The rules that were asked in it, as those that are missing.
    asked: Cell<Rules>,
}

impl Log {
    /// A rule is asked.
    pub(crate) fn note(&self, rule: Rule) {
        self.asked.set(self.asked.get().without(rule));
    }

    /// The next step begins.
    pub(crate) fn begin(&mut self, at: Duration, cause: Cause, out: &[Output]) {
        self.end(at, out);
        self.current = Some((cause, out.len()));
    }

    fn end(&mut self, at: Duration, out: &[Output]) {
        let asked = self.asked.take();
        let Some((cause, start)) = self.current.take() else { return };
        let rules: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| !asked.obeys(*rule)).collect();
        let done = out.get(start..).unwrap_or_default().to_vec();
        // That time passes is only worth a word if something comes of it.
        if !matches!(cause, Cause::Other(_)) || !done.is_empty() {
            self.steps.push(Step { at, cause, rules, done });
        }
    }

    /// All steps.
    pub(crate) fn finish(mut self, at: Duration, out: &[Output]) -> Vec<Step> {
        self.end(at, out);
        self.steps
    }
}
