//! How a broker is to be set up for a scenario, in the standard's terms.

use std::fmt;

use mqttspec_spec::Version;

/// One thing in which a broker is to differ from one that offers everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// It speaks only this version.
    Version(Version),
    /// Its Maximum QoS, 0 or 1 (MQTT 5.0 §3.2.2.3.4).
    MaximumQos(u8),
    /// It lacks something that a CONNACK can say to be lacking.
    Without(Lack),
    /// It limits something to a number.
    Limit(Limit, u32),
    /// It knows these users, by name and password, and no others; clients without a user name are let in.
    Users(Vec<(String, String)>),
    /// Nobody may publish to this topic below `$topic`.
    DenyPublish(String),
    /// Nobody may subscribe to this topic below `$topic`.
    DenySubscribe(String),
    /// It has an Authentication Method in which it asks once and takes one answer (MQTT 5.0 §4.12).
    Challenge(Challenge),
}

/// What a broker can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Retained messages (MQTT 5.0 §3.2.2.3.5).
    Retain,
    /// Wildcards in topic filters (MQTT 5.0 §3.2.2.3.11).
    WildcardSubscriptions,
    /// Subscription Identifiers (MQTT 5.0 §3.2.2.3.12).
    SubscriptionIdentifiers,
    /// Shared Subscriptions (MQTT 5.0 §3.2.2.3.13).
    SharedSubscriptions,
}

/// What a broker can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The messages of a client that are unacknowledged (MQTT 5.0 §3.2.2.3.3).
    ReceiveMaximum,
    /// The bytes of a packet (MQTT 5.0 §3.2.2.3.6).
    MaximumPacketSize,
    /// The Topic Aliases of a client (MQTT 5.0 §3.2.2.3.8).
    TopicAliasMaximum,
    /// The seconds for which a session is kept (MQTT 5.0 §3.2.2.3.2).
    SessionExpiryMaximum,
    /// The keep alive in seconds of every client (MQTT 5.0 §3.2.2.3.14).
    ServerKeepAlive,
}

/// A method of enhanced authentication with one question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Challenge {
    /// Authentication Method.
    pub method: String,
    /// The Authentication Data with which the broker asks.
    pub question: String,
    /// The Authentication Data that is the right answer.
    pub answer: String,
}

impl Lack {
    /// Everything that a broker can do without, by its name in scenarios.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Retain, "retain"),
        (Self::WildcardSubscriptions, "wildcard-subscriptions"),
        (Self::SubscriptionIdentifiers, "subscription-identifiers"),
        (Self::SharedSubscriptions, "shared-subscriptions"),
    ];
}

impl Limit {
    /// Everything that a broker can limit, by its name in scenarios, with the lowest and the highest number.
    pub const ALL: [(Self, &'static str, u32, u32); 5] = [
        (Self::ReceiveMaximum, "receive-maximum", 1, 0xFFFF),
        (Self::MaximumPacketSize, "maximum-packet-size", 64, 0x0FFF_FFFF),
        (Self::TopicAliasMaximum, "topic-alias-maximum", 0, 0xFFFF),
        (Self::SessionExpiryMaximum, "session-expiry-maximum", 1, u32::MAX),
        (Self::ServerKeepAlive, "server-keep-alive", 1, 0xFFFF),
    ];
}

impl Setting {
    /// The names of the settings that are neither a lack nor a limit.
    pub const NAMES: [&'static str; 6] =
        ["version", "maximum-qos", "users", "deny-publish", "deny-subscribe", "enhanced-authentication"];

    /// Its name in scenarios and in recipes.
    pub fn name(&self) -> &'static str {
        let [version, maximum_qos, users, deny_publish, deny_subscribe, challenge] = Self::NAMES;
        match self {
            Self::Version(_) => version,
            Self::MaximumQos(_) => maximum_qos,
            Self::Without(lack) => Lack::ALL.iter().find(|(it, _)| it == lack).map_or("", |(_, name)| name),
            Self::Limit(limit, _) => {
                Limit::ALL.iter().find(|(it, ..)| it == limit).map_or("", |(_, name, ..)| name)
            }
            Self::Users(_) => users,
            Self::DenyPublish(_) => deny_publish,
            Self::DenySubscribe(_) => deny_subscribe,
            Self::Challenge(_) => challenge,
        }
    }
}

/// As it stands in a scenario: `maximum-qos: 1`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name())?;
        match self {
            Self::Version(version) => f.write_str(version.number()),
            Self::MaximumQos(qos) => qos.fmt(f),
            Self::Without(_) => f.write_str("false"),
            Self::Limit(_, number) => number.fmt(f),
            Self::Users(users) => {
                let names: Vec<&str> = users.iter().map(|(name, _)| name.as_str()).collect();
                f.write_str(&names.join(", "))
            }
            Self::DenyPublish(topic) | Self::DenySubscribe(topic) => write!(f, "$topic/{topic}"),
            Self::Challenge(challenge) => f.write_str(&challenge.method),
        }
    }
}
