//! A reference MQTT broker: the interface of its core, which follows.

use std::time::Duration;

use bytes::Bytes;

/// The broker.
#[derive(Debug)]
pub struct Broker;
/// What it offers.
#[derive(Debug, Default)]
pub struct Config {
    _more: (),
}
/// A rule that it obeys.
#[derive(Clone, Copy, Debug)]
pub enum Rule {}
/// The rules that it obeys.
#[derive(Clone, Copy, Debug)]
pub struct Rules;
/// One of its network connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionId(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A network connection was opened.
    Opened(ConnectionId),
    /// Bytes came.
    Bytes(ConnectionId, Bytes),
    /// A network connection was closed.
    Closed(ConnectionId),
    /// Time passed.
    Tick,
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// Send bytes.
    Send(ConnectionId, Bytes),
    /// Close a network connection.
    Close(ConnectionId),
}

impl Rule {
    /// All rules.
    pub const ALL: &[Self] = &[];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {}
    }

    /// The statements that it carries out.
    pub fn statements(self) -> &'static [mqttspec_spec::StatementId] {
        match self {}
    }
}

impl Rules {
    /// All of them.
    pub fn all() -> Self {
        Self
    }

    /// All but one.
    #[must_use]
    pub fn without(self, rule: Rule) -> Self {
        match rule {}
    }
}

impl Broker {
    /// A broker.
    pub fn new(_: Config, _: Rules) -> Self {
        Self
    }

    /// Takes in what happened.
    pub fn handle(&mut self, _: Duration, _: Input, _: &mut Vec<Output>) {}

    /// When it wants to go on.
    pub fn next_timeout(&self) -> Option<Duration> {
        None
    }
}
