//! Expectations, and the verdicts if they are not met.

use mqttspec_spec::{StatementId, Version};

use super::{Expr, PacketPattern};
use crate::verdict::Grade;

/// An expected packet with the terms of expecting it.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is expected.
    pub pattern: PacketPattern,
    /// How long, and what it means if it does not happen.
    pub terms: Terms,
}

/// How long something is awaited and what follows if it does not happen.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The latest time; the player's own patience if not given.
    pub within: Option<Expr>,
    /// The earliest time.
    pub not_before: Option<Expr>,
    /// The mark from which both are measured; the start of the step if not given.
    pub since: Option<String>,
    /// The verdict otherwise; without it, a breach of the scenario's main statement.
    pub otherwise: Option<Otherwise>,
    /// The verdict if nothing of the kind comes; that of `otherwise` if not given.
    pub missing: Option<Otherwise>,
}

impl Terms {
    /// The verdicts that are given.
    pub fn verdicts(&self) -> impl Iterator<Item = &Otherwise> {
        self.otherwise.iter().chain(&self.missing)
    }
}

/// A verdict on a failed step: `else: fail 3.3.1-5`, one for each version of the scenario.
#[derive(Clone, Debug)]
pub struct Otherwise {
    /// Under MQTT 3.1.1.
    pub v3: Judgement,
    /// Under MQTT 5.0.
    pub v5: Judgement,
}

impl Otherwise {
    /// The judgement for one version.
    pub fn of(&self, version: Version) -> &Judgement {
        match version {
            Version::V3_1_1 => &self.v3,
            Version::V5_0 => &self.v5,
        }
    }
}

/// A grade, with the statements concerned.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// `Fail`, `Warn`, `Pass` or `Inconclusive`.
    pub grade: Grade,
    /// The statements; where a file names none, the scenario's main statement.
    pub statements: Vec<StatementId>,
    /// What it means, in the scenario's words.
    pub says: Option<String>,
}

/// The fence of `expect-nothing-more`: a marker that another client publishes and this one must receive.
#[derive(Clone, Debug)]
pub struct Fence {
    /// Who publishes it.
    pub client: String,
    /// To which topic.
    pub topic: Expr,
    /// At which QoS; 1 if not given.
    pub qos: Option<Expr>,
}

/// One outcome of `expect-one-of`.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What happens.
    pub event: OutcomeEvent,
    /// How that is graded, for each version.
    pub otherwise: Otherwise,
}

/// What may happen.
#[derive(Clone, Debug)]
pub enum OutcomeEvent {
    /// A packet arrives.
    Packet(PacketPattern),
    /// The broker closes the network connection.
    Closed,
    /// Nothing arrives although the broker answers a PINGREQ.
    Nothing,
}

/// How the broker must end a network connection.
#[derive(Clone, Debug)]
pub struct CloseExpectation {
    /// The fitting reason codes of the DISCONNECT or CONNACK before it (MQTT 5.0); any if empty.
    pub reasons: Vec<u8>,
    /// The grade of a close without a packet that says why; `None` for the ruling of the version and packet.
    pub bare: Option<Grade>,
    /// The grade of another error code.
    pub other_reason: Option<Grade>,
    /// The grade of a network connection left open.
    pub left_open: Option<Grade>,
    /// The return code that an MQTT 3.1.1 CONNACK must carry before the close, when one is due.
    pub return_code: Option<u8>,
    /// How long, and which statement is broken.
    pub terms: Terms,
}
