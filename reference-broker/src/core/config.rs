//! What a broker offers and where its limits are.

use std::time::Duration;

use bytes::Bytes;
use mqttspec_wire::{QoS, Version};
use regex_lite::Regex;

use super::{permission::Permission, redirect::Redirect, scram::Scram, verification::Password};

/// What a broker offers and where its limits are. The default offers everything, with limits that are safe.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a feature of its own that MQTT 5.0 lets a server lack"
)]
pub struct Config {
    /// Whether MQTT 3.1.1 is spoken.
    pub version_3_1_1: bool,
    /// Whether MQTT 5.0 is spoken.
    pub version_5_0: bool,
    /// The highest QoS of PUBLISH packets and wills (MQTT 5.0 §3.2.2.3.4). Subscriptions are granted up to it.
    pub maximum_qos: QoS,
    /// What becomes of a SUBSCRIBE that asks for more than the Maximum QoS.
    pub above_maximum_qos: AboveMaximumQos,
    /// Whether messages are retained (MQTT 5.0 §3.2.2.3.5).
    pub retain: bool,
    /// Whether subscriptions with wildcards get retained messages. The standard wants it.
    pub retained_for_wildcards: bool,
    /// Whether clients may have wills. One that brings a will is refused otherwise.
    pub wills: bool,
    /// Whether filters may contain wildcards (MQTT 5.0 §3.2.2.3.11).
    pub wildcard_subscriptions: bool,
    /// Whether there are Subscription Identifiers (MQTT 5.0 §3.2.2.3.12).
    pub subscription_identifiers: bool,
    /// Whether there are Shared Subscriptions (MQTT 5.0 §3.2.2.3.13).
    pub shared_subscriptions: bool,
    /// Whether a client gets a copy of a message for each of its subscriptions that match, and not one for all of them
    /// (§3.3.4, in MQTT 3.1.1 §3.3.5).
    pub copy_for_each_subscription: bool,
    /// How many Topic Aliases a client may set (MQTT 5.0 §3.2.2.3.8).
    pub topic_alias_maximum: u16,
    /// How many QoS 1 and QoS 2 messages an MQTT 5.0 client may have unacknowledged; not 0 (MQTT 5.0 §3.2.2.3.3).
    pub receive_maximum: u16,
    /// The largest packet that is accepted, in bytes (MQTT 5.0 §3.2.2.3.6).
    pub maximum_packet_size: u32,
    /// The longest Session Expiry Interval that is granted, in seconds; `None` is no limit (MQTT 5.0 §3.2.2.3.2).
    /// Sessions of MQTT 3.1.1 with Clean Session 0 live that long without a network connection, too.
    pub session_expiry_maximum: Option<u32>,
    /// The keep alive in seconds that clients must use instead of their own (MQTT 5.0 §3.2.2.3.14).
    pub server_keep_alive: Option<u16>,
    /// The longest keep alive in seconds; a client that asks for a longer one, or for none, gets this one.
    pub keep_alive_maximum: Option<u16>,
    /// What a client gets that requests Response Information (MQTT 5.0 §3.2.2.3.15).
    pub response_information: Option<String>,
    /// The longest client identifier that is accepted, in bytes; at least 23.
    pub client_id_maximum: usize,
    /// What the client identifiers that clients bring must match.
    pub client_id_pattern: Option<Regex>,
    /// Whether clients that bring no client identifier get one.
    pub assigned_client_ids: bool,
    /// Whether clients without a user name are let in.
    pub anonymous: bool,
    /// Who may come in with a user name and password. When there are neither users here nor for SCRAM nor by certificates,
    /// every user name and password will do.
    pub users: Vec<User>,
    /// Whether certificates say who clients are ([`Input::Identified`](super::Input::Identified)), so that a user name is to
    /// be proved by one even when there are no users here.
    pub certified_users: bool,
    /// A method of enhanced authentication with a question of one's own (MQTT 5.0 §4.12).
    pub challenge: Option<Challenge>,
    /// SCRAM-SHA-256 as a method of enhanced authentication.
    pub scram: Option<Scram>,
    /// Another server to which clients are sent (MQTT 5.0 §4.11).
    pub redirect: Option<Redirect>,
    /// How often the `$SYS` topics are published; `None` and zero are never.
    pub statistics_interval: Option<Duration>,
    /// Who may publish and subscribe to what: the first that fits decides, and what none fits is refused. When empty,
    /// everybody may do everything.
    pub permissions: Vec<Permission>,
    /// Whether [`Notice`](super::Notice)s are made. They are to be taken then.
    pub notices: bool,
    /// Whether QoS 0 messages are kept for clients that are away.
    pub queue_qos_0: bool,
    /// How long a network connection may take to be accepted.
    pub connect_timeout: Duration,
    /// How long a client may hold others back without progress before it is disconnected.
    pub slow_reader_timeout: Duration,
    /// Bounds on what is kept in memory.
    pub limits: Limits,
}

/// What becomes of a SUBSCRIBE that asks for more than the Maximum QoS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AboveMaximumQos {
    /// The Maximum QoS is granted.
    #[default]
    Lowered,
    /// There is no SUBACK, and no subscription. No conforming server does so (MQTT 5.0 §3.8.4).
    Ignored,
}

/// A client's user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User Name.
    pub name: String,
    /// Password.
    pub password: Password,
}

/// A method of enhanced authentication in which the server asks once and the client must give the right answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Authentication Method.
    pub method: String,
    /// The Authentication Data with which the server asks.
    pub question: Bytes,
    /// The Authentication Data that is the right answer.
    pub answer: Bytes,
}

/// Bounds on what is kept in memory.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Network connections.
    pub connections: usize,
    /// Bytes of a CONNECT, and of an AUTH before the CONNACK.
    pub connect_bytes: u32,
    /// Sessions, with and without a network connection.
    pub sessions: usize,
    /// Subscriptions of one session.
    pub subscriptions: usize,
    /// Bytes of the subscriptions of all sessions together: those of each topic filter, and 128 more.
    pub all_subscription_bytes: usize,
    /// Topic levels in the trees of subscriptions and of retained messages, each.
    pub topic_levels: usize,
    /// Levels of one topic name or topic filter, without `$share/NAME/`.
    pub levels_per_topic: usize,
    /// Bytes of one topic name or topic filter, without `$share/NAME/`.
    pub bytes_per_topic: usize,
    /// Topic filters in one SUBSCRIBE.
    pub filters_per_subscribe: usize,
    /// Retained messages.
    pub retained: usize,
    /// Bytes of retained messages, with their topic names and properties.
    pub retained_bytes: usize,
    /// QoS 1 and QoS 2 messages that one client has been sent and has not acknowledged; not 0.
    pub in_flight: u16,
    /// Messages that wait for one session. Further ones are dropped.
    pub queued_messages: usize,
    /// Bytes of the messages that wait for one session, with their topic names and properties, and 128 more for each.
    pub queued_bytes: usize,
    /// The same for all sessions together, with what clients that are away have not acknowledged, and wills.
    pub all_queued_bytes: usize,
    /// Bytes that may wait for a connected client before those who send to it are [held back](super::Broker::hold_back),
    /// and that it may have been sent and not have acknowledged before it is sent more.
    pub backlog: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version_3_1_1: true,
            version_5_0: true,
            maximum_qos: QoS::ExactlyOnce,
            above_maximum_qos: AboveMaximumQos::Lowered,
            retain: true,
            retained_for_wildcards: true,
            wills: true,
            wildcard_subscriptions: true,
            subscription_identifiers: true,
            shared_subscriptions: true,
            copy_for_each_subscription: false,
            topic_alias_maximum: 16,
            receive_maximum: 256,
            maximum_packet_size: 1 << 20,
            session_expiry_maximum: None,
            server_keep_alive: None,
            keep_alive_maximum: None,
            response_information: None,
            client_id_maximum: 128,
            client_id_pattern: None,
            assigned_client_ids: true,
            anonymous: true,
            users: Vec::new(),
            certified_users: false,
            challenge: None,
            scram: None,
            redirect: None,
            statistics_interval: None,
            permissions: Vec::new(),
            notices: false,
            queue_qos_0: false,
            connect_timeout: Duration::from_secs(10),
            slow_reader_timeout: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            connect_bytes: 128 << 10,
            sessions: 200_000,
            subscriptions: 100_000,
            all_subscription_bytes: 1 << 30,
            topic_levels: 2_000_000,
            levels_per_topic: 65_536,
            bytes_per_topic: 65_535,
            filters_per_subscribe: 10_000,
            retained: 1_000_000,
            retained_bytes: 1 << 30,
            in_flight: 1024,
            queued_messages: 100_000,
            queued_bytes: 16 << 20,
            all_queued_bytes: 1 << 30,
            backlog: 1 << 20,
        }
    }
}

impl Limits {
    /// Whether a topic name, or what a topic filter is about, is neither too long nor too deep.
    pub(crate) fn admit_topic(&self, topic: &str) -> bool {
        topic.len() <= self.bytes_per_topic
            && (self.levels_per_topic > topic.len() || topic.split('/').count() <= self.levels_per_topic)
    }
}

impl Config {
    /// The keep alive in force for a client that asks for `asked` seconds.
    pub(crate) fn keep_alive(&self, version: Version, asked: u16) -> u16 {
        match (self.server_keep_alive, self.keep_alive_maximum) {
            (Some(own), _) if version == Version::V5_0 => own,
            (_, Some(maximum)) if asked == 0 || asked > maximum => maximum,
            (_, _) => asked,
        }
    }

    /// Whether user names are to be proved.
    pub(crate) fn knows_users(&self) -> bool {
        !self.users.is_empty() || self.scram.is_some() || self.certified_users
    }

    pub(crate) fn offers(&self, version: Version) -> bool {
        match version {
            Version::V3_1_1 => self.version_3_1_1,
            Version::V5_0 => self.version_5_0,
        }
    }
}
