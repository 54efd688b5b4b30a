//! What cannot be judged on a broker as it comes.

use std::fmt;

/// Why no scenario can judge a statement on a broker as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfReach {
    /// How the broker has to be launched so that one can; if not given, it cannot be judged at all.
    pub setting: Option<Setting>,
    /// The reason, in one sentence.
    pub reason: &'static str,
}

/// A setting with which a broker has to be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// Users with passwords.
    Authentication,
    /// A method of enhanced authentication (MQTT 5.0 §4.12).
    EnhancedAuthentication,
    /// Topics that a client must not use.
    Authorization,
    /// A Maximum QoS of 0 or 1 (MQTT 5.0 §3.2.2.3.4).
    MaximumQoS,
    /// Messages are not retained (MQTT 5.0 §3.2.2.3.5).
    NoRetainedMessages,
    /// Clients may not use Topic Aliases (MQTT 5.0 §3.2.2.3.8).
    NoTopicAliases,
    /// Topic filters may not contain wildcards (MQTT 5.0 §3.2.2.3.11).
    NoWildcardSubscriptions,
    /// There are no Subscription Identifiers (MQTT 5.0 §3.2.2.3.12).
    NoSubscriptionIdentifiers,
    /// There are no Shared Subscriptions (MQTT 5.0 §3.2.2.3.13).
    NoSharedSubscriptions,
    /// A limit on the Session Expiry Interval (MQTT 5.0 §3.2.2.3.2).
    SessionExpiryLimit,
    /// WebSocket as the transport (MQTT 3.1.1 §6, MQTT 5.0 §6).
    WebSocket,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "authentication",
            Self::EnhancedAuthentication => "enhanced authentication",
            Self::Authorization => "authorization",
            Self::MaximumQoS => "maximum QoS",
            Self::NoRetainedMessages => "no retained messages",
            Self::NoTopicAliases => "no topic aliases",
            Self::NoWildcardSubscriptions => "no wildcard subscriptions",
            Self::NoSubscriptionIdentifiers => "no subscription identifiers",
            Self::NoSharedSubscriptions => "no shared subscriptions",
            Self::SessionExpiryLimit => "session expiry limit",
            Self::WebSocket => "WebSocket",
        })
    }
}
