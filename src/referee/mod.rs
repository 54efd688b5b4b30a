//! The universal judge: its interface, for which the judge follows.

use std::time::Duration;

use mqttspec_spec::StatementId;
use mqttspec_wire::{Fault, Packet, Sender};

/// What is known of a network connection beforehand.
#[derive(Debug, Default)]
pub struct Knowledge {
    _more: (),
}
/// The referee of one network connection.
#[derive(Debug)]
pub struct Connection;
/// A statement that one side broke.
#[derive(Debug)]
pub struct Violation {
    /// Who broke it.
    pub party: Sender,
    /// What was broken.
    pub statement: StatementId,
    /// What was seen.
    pub what: String,
}

impl Connection {
    /// A referee.
    pub fn new(_: Knowledge) -> Self {
        Self
    }

    /// A packet travelled.
    pub fn packet(&mut self, _: Duration, _: Sender, _: &Packet, _: usize) -> Vec<Violation> {
        Vec::new()
    }

    /// Bytes travelled that are no packet.
    pub fn fault(&mut self, _: Duration, _: Sender, _: &Fault) -> Vec<Violation> {
        Vec::new()
    }

    /// The network connection was closed.
    pub fn closed(&mut self, _: Duration, _: Sender) -> Vec<Violation> {
        Vec::new()
    }
}
