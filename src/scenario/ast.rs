//! What a scenario file says, checked and with its names resolved, but nothing computed yet.
//!
//! Every name in here exists: fields belong to their packet, statements to the catalogue, clients and variables are
//! introduced before they are used. What remains for a run is to evaluate [`Expr`]essions and to play the steps.

use std::{ops::Range, sync::Arc};

use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::packet::PacketType;

use crate::verdict::Grade;

/// A byte range in the scenario's source text.
pub type Span = Range<usize>;

/// One scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its path below the scenario folder without the ending: `v5.0/3.3-publish/retained-replaced`.
    pub id: String,
    /// The file it was read from.
    pub source: Arc<Source>,
    /// One line that says what holds when it passes.
    pub title: String,
    /// The statements it judges, for each version that it runs under; the first is the main one.
    pub covers: Covers,
    /// Optional features without which it is skipped.
    pub needs: Vec<Feature>,
    /// Variables and the values they take; it runs once per combination.
    pub vary: Vec<(String, Vec<Scalar>)>,
    /// Whether it needs the broker to itself.
    pub exclusive: bool,
    /// How a contested point is judged here, and why.
    pub ruling: Option<String>,
    /// Steps whose failure is inconclusive.
    pub prepare: Vec<Step>,
    /// The control arm: shows that the path works before a violation is judged. Its failure is inconclusive.
    pub control: Vec<Step>,
    /// The steps that are judged.
    pub steps: Vec<Step>,
}

/// A scenario's text and where it came from, for diagnostics and reports.
#[derive(Debug)]
pub struct Source {
    /// The path as the user named it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The statements that a scenario judges, by version.
#[derive(Clone, Debug, Default)]
pub struct Covers {
    /// Of MQTT 3.1.1; empty when the scenario does not run under it.
    pub v3: Vec<StatementId>,
    /// Of MQTT 5.0; empty when the scenario does not run under it.
    pub v5: Vec<StatementId>,
}

impl Covers {
    /// The statements of one version.
    pub fn of(&self, version: Version) -> &[StatementId] {
        match version {
            Version::V3_1_1 => &self.v3,
            Version::V5_0 => &self.v5,
        }
    }

    /// The versions the scenario runs under.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        Version::ALL.into_iter().filter(|version| !self.of(*version).is_empty())
    }
}

/// An optional feature of a broker; the probe and the target's profile say whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Subscriptions and publications at QoS 1.
    QoS1,
    /// Subscriptions and publications at QoS 2.
    QoS2,
    /// Retained messages.
    Retain,
    /// Wildcards in topic filters.
    Wildcard,
    /// Shared subscriptions (MQTT 5.0).
    Shared,
    /// Subscription Identifiers (MQTT 5.0).
    SubscriptionIdentifier,
    /// Topic aliases from client to server (MQTT 5.0).
    TopicAlias,
    /// Sessions that outlive their network connection.
    Session,
    /// Will messages.
    Will,
    /// Topics that begin with `$` and may be used by clients.
    DollarTopic,
    /// Enhanced authentication (MQTT 5.0).
    EnhancedAuth,
}

impl Feature {
    /// Every feature with its name in scenarios and profiles.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::QoS1, "qos1"),
        (Self::QoS2, "qos2"),
        (Self::Retain, "retain"),
        (Self::Wildcard, "wildcard"),
        (Self::Shared, "shared"),
        (Self::SubscriptionIdentifier, "subscription-identifier"),
        (Self::TopicAlias, "topic-alias"),
        (Self::Session, "session"),
        (Self::Will, "will"),
        (Self::DollarTopic, "dollar-topic"),
        (Self::EnhancedAuth, "enhanced-auth"),
    ];

    /// Its name in scenarios and profiles.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(feature, _)| *feature == self).map_or("", |(_, name)| name)
    }
}

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
#[expect(clippy::large_enum_variant, reason = "nearly all steps are of the large variant")]
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
    /// A client acts.
    Client {
        /// The client's name in the scenario.
        name: String,
        /// What it does.
        action: Action,
    },
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

/// A packet in terms of its fields; what is not named has its default.
#[derive(Clone, Debug)]
pub struct PacketSpec {
    /// Its type.
    pub packet: PacketType,
    /// Its fields, each at most once per version.
    pub fields: Vec<Field<FieldValue>>,
    /// Changes to its layout that make it a wrong packet.
    pub edits: Vec<EditSpec>,
}

/// A field of a packet by its name in the vocabulary (`client-id`, `will.topic`, `session-expiry-interval`).
#[derive(Clone, Debug, PartialEq)]
pub struct Field<T> {
    /// Its name.
    pub name: &'static str,
    /// The only version under which it counts, if it stands under `v3.1.1:` or `v5.0:`.
    pub only: Option<Version>,
    /// What it holds or must hold.
    pub value: T,
    /// Where the value stands in the source.
    pub span: Span,
}

/// The value of a field in a packet to send.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// One value.
    One(Expr),
    /// A list: `reasons`, `subscription-identifier`, the filters of UNSUBSCRIBE.
    Many(Vec<Expr>),
    /// User properties.
    Pairs(Vec<(Expr, Expr)>),
    /// The filters of SUBSCRIBE with their options (`filter`, `qos`, `no-local`, `retain-as-published`,
    /// `retain-handling`).
    Filters(Vec<Vec<Field<Expr>>>),
}

/// A change to the layout of a packet, on a part named as `mqttspec_wire::layout` names it.
#[derive(Clone, Debug, PartialEq)]
pub enum EditSpec {
    /// Replaces the first byte of the packet.
    FirstByte(Expr),
    /// Replaces the low four bits of the first byte.
    Flags(Expr),
    /// Removes a part.
    Drop(String),
    /// Writes a part twice.
    Repeat(String),
    /// Moves a part before another.
    Move {
        /// Which.
        part: String,
        /// Before which.
        before: String,
    },
    /// Replaces the content of a part (after its length prefix, if it has one).
    Replace {
        /// Which.
        part: String,
        /// By what: bytes in hex, or a text.
        with: Expr,
    },
    /// Inserts bytes before a part.
    Insert {
        /// Before which.
        before: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Lies about the length in front of a part.
    Length {
        /// Which; `remaining-length` for the whole packet.
        part: String,
        /// What is claimed.
        length: Expr,
    },
    /// Writes a variable byte integer in this many bytes, more than it needs.
    Pad {
        /// Which.
        part: String,
        /// How many bytes.
        width: u8,
    },
    /// Sends only this many bytes of the packet.
    Cut(Expr),
    /// Adds bytes at the end, inside the Remaining Length.
    Append(Vec<u8>),
}

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

/// A packet as it is expected; what is not named may be anything.
#[derive(Clone, Debug)]
pub struct PacketPattern {
    /// Its type.
    pub packet: PacketType,
    /// What its fields must be.
    pub fields: Vec<Field<Matcher>>,
    /// Where it stands in the source.
    pub span: Span,
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Exactly this.
    Equal(Expr),
    /// A list with exactly these elements in this order.
    List(Vec<Matcher>),
    /// A list with exactly these elements in any order.
    Unordered(Vec<Matcher>),
    /// A pair, of which a User Property consists.
    Pair(Box<(Matcher, Matcher)>),
    /// One of these.
    AnyOf(Vec<Matcher>),
    /// None of these.
    Not(Box<Matcher>),
    /// Not less than the first, not more than the second.
    Between(Option<Expr>, Option<Expr>),
    /// Not there.
    Absent,
    /// There, whatever it is.
    Present,
    /// A text in which this regular expression is found.
    Regex(String),
    /// Whatever the inner matcher admits; the value is kept under a name.
    Save(String, Box<Matcher>),
}

/// A value to compute.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Constant(Scalar),
    /// A text with variables in it.
    Template(Vec<Segment>),
    /// A variable with its type.
    Variable(String),
    /// Arithmetic on numbers and durations.
    Binary(Box<Expr>, Operator, Box<Expr>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// Text as it stands.
    Text(String),
    /// The value of a variable.
    Variable(String),
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}

/// A constant. A duration (`1.5s`, `200ms`) is a number of seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `true`, `false`
    Bool(bool),
    /// A number, or a duration in seconds.
    Number(f64),
    /// A text.
    Text(String),
    /// Bytes, written `{hex: "c3 28"}` or `{bytes: 1000}` for that many bytes.
    Bytes(Vec<u8>),
}
