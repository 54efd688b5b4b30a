//! What a scenario file says, checked and with its names resolved, but nothing computed yet.
//!
//! Every name in here exists: fields belong to their packet, statements to the catalogue, clients and variables are
//! introduced before they are used. What remains for a run is to evaluate [`Expr`]essions and to play the steps.

mod expect;
mod expr;
mod packet;
mod recipe;
mod setting;
mod step;

use std::sync::Arc;

use mqttspec_spec::{StatementId, Version};

pub use crate::diagnostic::{Source, Span};
pub use expect::{CloseExpectation, Expectation, Fence, Judgement, Otherwise, Outcome, OutcomeEvent, Terms};
pub use expr::{Expr, Operator, Scalar, Segment};
pub use packet::{EditSpec, Field, FieldValue, Matcher, PacketPattern, PacketSpec};
pub use recipe::{Given, Recipe};
pub use setting::{Challenge, Lack, Limit, Setting};
pub use step::{Action, Exchange, Frame, SendItem, Step, StepKind, Whichever};

use crate::verdict::Restart;

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
    pub needs: Vec<Need>,
    /// How the broker is to be set up, sorted; a broker as it comes will do if empty.
    pub broker: Vec<Setting>,
    /// Variables and the values they take; it runs once per combination.
    pub vary: Vec<(String, Vec<Scalar>)>,
    /// Whether it needs the broker to itself.
    pub exclusive: bool,
    /// Whether it is about MQTT over WebSocket, and means nothing over another transport.
    pub over_websocket: bool,
    /// How a contested point is judged here, and why.
    pub ruling: Option<String>,
    /// Steps whose failure is inconclusive.
    pub prepare: Vec<Step>,
    /// The control arm: shows that the path works before a violation is judged. Its failure is inconclusive.
    pub control: Vec<Step>,
    /// The steps that are judged.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The features without which it cannot be played with these values.
    pub fn needs_with(&self, values: &[(String, Scalar)]) -> Vec<Feature> {
        let qos =
            |variable: &String| values.iter().find(|(name, _)| name == variable).map(|(_, value)| value);
        let named = self.needs.iter().filter_map(|need| match need {
            Need::Feature(feature) => Some(*feature),
            Need::Qos(variable) => qos(variable).and_then(Feature::of_qos),
        });
        let mut needs: Vec<Feature> = named.collect();
        let restarts = self.restarts();
        let durable =
            [(Feature::Session, Feature::DurableSessions), (Feature::Retain, Feature::DurableRetained)];
        if !restarts.is_empty() {
            let is_needed = |(kept, _): &&(Feature, Feature)| needs.contains(kept);
            let more: Vec<Feature> = durable.iter().filter(is_needed).map(|(_, durable)| *durable).collect();
            needs.extend(more);
        }
        needs.extend(restarts.contains(&Restart::Killed).then_some(Feature::SurvivesKill));
        needs
    }

    /// The restarts of the broker, in order. With any, it needs a broker of its own.
    pub fn restarts(&self) -> Vec<Restart> {
        [&self.prepare, &self.control, &self.steps]
            .into_iter()
            .flat_map(|steps| step::restarts(steps))
            .collect()
    }
}

/// What a scenario needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A feature.
    Feature(Feature),
    /// The QoS that is the value of this variable, which varies.
    Qos(String),
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
    /// A Topic Alias Maximum of the server that a client can exceed (MQTT 5.0).
    TopicAliasMaximum,
    /// A Receive Maximum of the server that a client can exceed (MQTT 5.0).
    ReceiveMaximum,
    /// A Maximum Packet Size of the server (MQTT 5.0).
    MaximumPacketSize,
    /// Sessions that outlive their network connection.
    Session,
    /// Will messages.
    Will,
    /// Topics that begin with `$` and may be used by clients.
    DollarTopic,
    /// Clients with neither user name nor password.
    Anonymous,
    /// Clients with any user name and password.
    AnyCredentials,
    /// Enhanced authentication (MQTT 5.0).
    EnhancedAuth,
    /// Sessions that outlive an orderly restart of the broker.
    DurableSessions,
    /// Retained messages that outlive an orderly restart of the broker.
    DurableRetained,
    /// What outlives an orderly restart of the broker outlives the sudden end of its process, too.
    SurvivesKill,
}

impl Feature {
    /// Every feature with its name in scenarios and profiles.
    pub const ALL: [(Self, &'static str); 19] = [
        (Self::QoS1, "qos1"),
        (Self::QoS2, "qos2"),
        (Self::Retain, "retain"),
        (Self::Wildcard, "wildcard"),
        (Self::Shared, "shared"),
        (Self::SubscriptionIdentifier, "subscription-identifier"),
        (Self::TopicAlias, "topic-alias"),
        (Self::TopicAliasMaximum, "topic-alias-maximum"),
        (Self::ReceiveMaximum, "receive-maximum"),
        (Self::MaximumPacketSize, "maximum-packet-size"),
        (Self::Session, "session"),
        (Self::Will, "will"),
        (Self::DollarTopic, "dollar-topic"),
        (Self::Anonymous, "anonymous"),
        (Self::AnyCredentials, "any-credentials"),
        (Self::EnhancedAuth, "enhanced-auth"),
        (Self::DurableSessions, "durable-sessions"),
        (Self::DurableRetained, "durable-retained"),
        (Self::SurvivesKill, "survives-kill"),
    ];

    /// The feature that a QoS is; QoS 0 is none, since every broker has it.
    fn of_qos(qos: &Scalar) -> Option<Self> {
        let Scalar::Number(qos) = qos else { return None };
        [(1.0_f64, Self::QoS1), (2.0, Self::QoS2)]
            .into_iter()
            .find(|(number, _)| number.total_cmp(qos).is_eq())
            .map(|(_, feature)| feature)
    }

    /// Its name in scenarios and profiles.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(feature, _)| *feature == self).map_or("", |(_, name)| name)
    }
}
