//! Steps: what happens one after the other.

use mqttspec_spec::Version;

use super::{
    CloseExpectation, Expectation, Expr, Fence, Otherwise, Outcome, PacketPattern, PacketSpec, Span, Terms,
};
use crate::verdict::Restart;

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands in the source.
    pub span: Span,
    /// The only version under which it is played, if it stands under `v3.1.1:` or `v5.0:`.
    pub only: Option<Version>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Lets time pass.
    Wait(Expr),
    /// Plays some steps several times; `variable` counts from 1.
    Repeat {
        /// How often.
        count: Expr,
        /// The variable that counts, if the steps use it.
        variable: Option<String>,
        /// What is repeated.
        steps: Vec<Step>,
    },
    /// One of several clients, whichever the broker chooses, gets a message.
    Whichever(Whichever),
    /// The broker is brought to its end and started again.
    Restart(Restart),
    /// A client acts.
    Client {
        /// The client's name in the scenario.
        name: String,
        /// What it does.
        action: Action,
    },
}

/// A message that goes to one of several clients.
#[derive(Clone, Debug)]
pub struct Whichever {
    /// The clients that may get it.
    pub of: Vec<String>,
    /// What they are called from then on: first the one that got it, then the others in their order; none if empty.
    pub roles: Vec<String>,
    /// The message.
    pub expectation: Expectation,
    /// Whether its handshake is completed.
    pub acknowledge: bool,
}

/// What a client does.
///
/// The actions that include the answering packets (`Connect`, `Publish`, ...) are preparation by nature: without an
/// `otherwise` their failure is inconclusive. `Receive` and the expectations are judged.
#[derive(Clone, Debug)]
pub enum Action {
    /// Opens a network connection and sends nothing.
    Open,
    /// Opens a network connection if none is open, sends CONNECT, expects a CONNACK that accepts.
    Connect(Exchange),
    /// Sends DISCONNECT and closes the network connection.
    Disconnect(PacketSpec),
    /// Closes the network connection without DISCONNECT.
    Cut,
    /// Closes the sending direction of the network connection.
    HalfClose,
    /// Sends PUBLISH and completes its handshake as the QoS demands.
    Publish(Exchange),
    /// Sends SUBSCRIBE, expects a SUBACK that grants every filter.
    Subscribe(Exchange),
    /// Sends UNSUBSCRIBE, expects UNSUBACK.
    Unsubscribe(Exchange),
    /// Sends PINGREQ, expects PINGRESP.
    Ping(Option<Otherwise>),
    /// Sends packets or bytes in one segment and expects nothing.
    Send {
        /// What is sent, in order.
        items: Vec<SendItem>,
        /// A name for the moment of sending, to which `within` and `not-before` may refer.
        mark: Option<String>,
        /// What carries it, over WebSocket.
        frame: Frame,
    },
    /// Expects a PUBLISH and completes its handshake by the QoS it has.
    Receive(Expectation),
    /// Expects a packet. Of the packets not yet expected, the first of this type must match.
    Expect(Expectation),
    /// Expects these packets in whatever order.
    ExpectAnyOrder {
        /// What is expected.
        patterns: Vec<PacketPattern>,
        /// Whether PUBLISH handshakes are completed, as by `Receive`.
        acknowledge: bool,
        /// How long, and what it means if it does not happen.
        terms: Terms,
    },
    /// Expects that the messages that come are exactly those of one of these sets, in whatever order, and completes
    /// their handshakes.
    ReceiveOneOf {
        /// The sets.
        sets: Vec<Vec<PacketPattern>>,
        /// How long, and what it means if it does not happen.
        terms: Terms,
    },
    /// Expects one of several outcomes, each with its grade.
    ExpectOneOf {
        /// The acceptable outcomes and those known to be wrong.
        outcomes: Vec<Outcome>,
        /// How long, and what it means if none of them happens.
        terms: Terms,
    },
    /// Expects that the broker has nothing more to send, shown by a fence.
    ExpectNothingMore {
        /// A marker message that must arrive first.
        fence: Option<Fence>,
        /// What it means if something arrives.
        terms: Terms,
    },
    /// Expects that the broker closes the network connection.
    ExpectClosed(CloseExpectation),
}

/// What carries bytes over WebSocket (MQTT 5.0 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A binary frame, as MQTT wants it.
    Binary,
    /// A text frame, in which there may be no MQTT.
    Text,
}

/// A packet to send whose answering packets are awaited too.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What is sent.
    pub packet: PacketSpec,
    /// The verdict if the answer does not come or refuses; inconclusive without it.
    pub otherwise: Option<Otherwise>,
    /// A name for the moment of sending.
    pub mark: Option<String>,
}

/// Something to send.
#[derive(Clone, Debug)]
pub enum SendItem {
    /// A packet.
    Packet(PacketSpec),
    /// These bytes.
    Hex(Vec<u8>),
}

/// The restarts of the broker among steps, in order.
pub(super) fn restarts(steps: &[Step]) -> Vec<Restart> {
    let of = |step: &Step| match &step.kind {
        StepKind::Restart(restart) => vec![*restart],
        StepKind::Repeat { steps, .. } => restarts(steps),
        StepKind::Wait(_) | StepKind::Whichever(_) | StepKind::Client { .. } => Vec::new(),
    };
    steps.iter().flat_map(of).collect()
}
