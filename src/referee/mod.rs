//! stub
use mqttspec_spec::StatementId;
use mqttspec_wire::{Fault, Packet, Sender};
use std::time::Duration;
#[derive(Default)]
pub struct Knowledge;
pub struct Connection;
pub struct Violation {
    pub party: Sender,
    pub statement: StatementId,
    pub what: String,
}
impl Connection {
    pub fn new(_: Knowledge) -> Self {
        Self
    }
    pub fn packet(&mut self, _at: Duration, _s: Sender, _p: &Packet, _size: usize) -> Vec<Violation> {
        vec![]
    }
    pub fn fault(&mut self, _at: Duration, _s: Sender, _f: &Fault) -> Vec<Violation> {
        vec![]
    }
    pub fn closed(&mut self, _at: Duration, _s: Sender) -> Vec<Violation> {
        vec![]
    }
}
