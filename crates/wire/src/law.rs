//! Which statement a fault breaks: the rule that a check enforces, in the words of each version.

mod enforced;

use mqttspec_spec::{StatementId, Version, v3, v5};

pub use self::enforced::enforced;
use crate::{Sender, packet::PacketType};

/// The statements of the two versions that say the same thing; either may be silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Law {
    v3: Option<StatementId>,
    v5: Option<StatementId>,
}

/// `law!("label in 3.1.1", "label in 5.0")`, with `_` for a silent version.
macro_rules! law {
    (_, $v5:literal) => {
        Law { v3: None, v5: Some(v5!($v5)) }
    };
    ($v3:literal, _) => {
        Law { v3: Some(v3!($v3)), v5: None }
    };
    ($v3:literal, $v5:literal) => {
        Law { v3: Some(v3!($v3)), v5: Some(v5!($v5)) }
    };
}

impl Law {
    pub(crate) const FIRST_IS_CONNECT: Self = law!("3.1.0-1", "3.1.0-1");
    pub(crate) const RESERVED_TYPE: Self = law!("X-2.2.1-1", "X-2.1.2-1");
    pub(crate) const VARIABLE_BYTE_WIDTH: Self = law!("X-2.2.3-1", "X-1.5.5-1");
    pub(crate) const VARIABLE_BYTE_MINIMAL: Self = law!(_, "1.5.5-1");
    pub(crate) const WELL_FORMED_UTF8: Self = law!("1.5.3-1", "1.5.4-1");
    pub(crate) const NO_NULL_CHARACTER: Self = law!("1.5.3-2", "1.5.4-2");
    pub(crate) const STRING_PAIR: Self = law!(_, "1.5.7-1");
    pub(crate) const PROPERTY_LENGTH: Self = law!(_, "X-2.2.2.1-1");
    pub(crate) const PROPERTY_LENGTH_PRESENT: Self = law!(_, "2.2.2-1");
    pub(crate) const PROPERTY_DEFINED: Self = law!(_, "X-2.2.2.2-1");

    pub(crate) const PROTOCOL_NAME: Self = law!("3.1.2-1", "3.1.2-1");
    pub(crate) const PROTOCOL_LEVEL: Self = law!("3.1.2-2", "3.1.2-2");
    pub(crate) const CONNECT_RESERVED_FLAG: Self = law!("3.1.2-3", "3.1.2-3");
    pub(crate) const WILL_FIELDS: Self = law!("3.1.2-9", "3.1.2-9");
    pub(crate) const WILL_QOS_WITHOUT_WILL: Self = law!("3.1.2-13", "3.1.2-11");
    pub(crate) const WILL_QOS: Self = law!("3.1.2-14", "3.1.2-12");
    pub(crate) const WILL_RETAIN_WITHOUT_WILL: Self = law!("3.1.2-15", "3.1.2-13");
    pub(crate) const USER_NAME_FIELD: Self = law!("3.1.2-19", "3.1.2-17");
    pub(crate) const PASSWORD_FIELD: Self = law!("3.1.2-21", "3.1.2-19");
    pub(crate) const PASSWORD_NEEDS_USER_NAME: Self = law!("3.1.2-22", _);
    pub(crate) const CLIENT_ID_FIELD: Self = law!("3.1.3-3", "3.1.3-3");
    pub(crate) const CONNECT_AUTHENTICATION_METHOD: Self = law!(_, "X-3.1.2.11.10-1");

    pub(crate) const CONNACK_FLAGS: Self = law!("X-3.2.2.1-1", "3.2.2-1");
    pub(crate) const REFUSAL_WITHOUT_SESSION: Self = law!("3.2.2-4", "3.2.2-6");

    pub(crate) const DUP_AT_QOS_0: Self = law!("3.3.1-2", "3.3.1-2");
    pub(crate) const PUBLISH_QOS: Self = law!("3.3.1-4", "3.3.1-4");
    pub(crate) const TOPIC_OR_ALIAS: Self = law!(_, "X-3.3.2.1-1");

    pub(crate) const SUBSCRIBE_FILTERS: Self = law!("3.8.3-3", "3.8.3-2");
    pub(crate) const SUBSCRIBE_QOS: Self = law!("3.8.3-4", "X-3.8.3.1-1");
    pub(crate) const SUBSCRIBE_RESERVED_BITS: Self = law!("3.8.3-4", "3.8.3-5");
    pub(crate) const RETAIN_HANDLING: Self = law!(_, "X-3.8.3.1-2");
    pub(crate) const SUBACK_CODES: Self = law!("3.8.4-5", "3.8.4-6");
    pub(crate) const UNSUBSCRIBE_FILTERS: Self = law!("3.10.3-2", "3.10.3-2");
    pub(crate) const UNSUBACK_CODES: Self = law!(_, "3.11.3-2");
    pub(crate) const AUTH_METHOD: Self = law!(_, "X-3.15.2.2.2-1");

    /// A rule that MQTT 3.1.1 does not have.
    pub(crate) const fn v5(statement: StatementId) -> Self {
        Self { v3: None, v5: Some(statement) }
    }

    /// A rule of the version in force.
    pub(crate) const fn only(statement: StatementId) -> Self {
        Self { v3: Some(statement), v5: Some(statement) }
    }

    /// The statement of the version in force; none as long as that is not known.
    pub(crate) const fn of(self, version: Option<Version>) -> Option<StatementId> {
        match version {
            Some(Version::V3_1_1) => self.v3,
            Some(Version::V5_0) => self.v5,
            None => None,
        }
    }

    /// The flags of the fixed header (MQTT 3.1.1 §2.2.2, MQTT 5.0 §2.1.3).
    pub(crate) const fn flags(packet: PacketType) -> Self {
        match packet {
            PacketType::Pubrel => law!("3.6.1-1", "3.6.1-1"),
            PacketType::Subscribe => law!("3.8.1-1", "3.8.1-1"),
            PacketType::Unsubscribe => law!("3.10.1-1", "3.10.1-1"),
            PacketType::Disconnect => law!("3.14.1-1", "3.14.1-1"),
            PacketType::Auth => law!(_, "3.15.1-1"),
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Publish
            | PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubcomp
            | PacketType::Suback
            | PacketType::Unsuback
            | PacketType::Pingreq
            | PacketType::Pingresp => law!("2.2.2-1", "2.1.3-1"),
        }
    }

    /// The directions in which packets flow (MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2).
    pub(crate) const fn direction(sender: Sender) -> Self {
        match sender {
            Sender::Client => law!("X-2.2.1-2", "X-2.1.2-2"),
            Sender::Server => law!("X-7.1.1-1", "X-7.1.1-1"),
        }
    }

    /// The size that the receiver accepts (MQTT 5.0 §3.1.2.11.4, §3.2.2.3.6).
    pub(crate) const fn packet_size(sender: Sender) -> Self {
        match sender {
            Sender::Client => law!(_, "3.2.2-15"),
            Sender::Server => law!(_, "3.1.2-24"),
        }
    }

    /// Packet Identifiers are not zero (MQTT 3.1.1 §2.3.1, MQTT 5.0 §2.2.1).
    pub(crate) const fn packet_id(packet: PacketType, sender: Sender) -> Self {
        match packet {
            PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel => law!("2.3.1-6", "2.2.1-5"),
            PacketType::Pubcomp => law!("X-3.7.2-1", "2.2.1-5"),
            PacketType::Suback | PacketType::Unsuback => law!("2.3.1-7", "2.2.1-6"),
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Publish
            | PacketType::Subscribe
            | PacketType::Unsubscribe
            | PacketType::Pingreq
            | PacketType::Pingresp
            | PacketType::Disconnect
            | PacketType::Auth => match sender {
                Sender::Client => law!("2.3.1-1", "2.2.1-3"),
                Sender::Server => law!("2.3.1-1", "2.2.1-4"),
            },
        }
    }

    /// The fields of the packet, no fewer and no more.
    pub(crate) const fn format(packet: PacketType, sender: Sender) -> Self {
        match (packet, sender) {
            (PacketType::Connack, _) => law!("X-3.2.1-1", "X-1.5.6-1"),
            (PacketType::Puback, _) => law!("X-3.4.1-1", "X-1.5.6-1"),
            (PacketType::Pubrec, _) => law!("X-3.5.1-1", "X-1.5.6-1"),
            (PacketType::Pubrel, _) => law!("X-3.6.1-1", "X-1.5.6-1"),
            (PacketType::Pubcomp, _) => law!("X-3.7.1-1", "X-1.5.6-1"),
            (PacketType::Unsuback, _) => law!("X-3.11.1-1", "X-1.5.6-1"),
            (PacketType::Pingreq, _) => law!("X-3.12.1-1", "X-3.12.1-1"),
            (PacketType::Pingresp, _) => law!("X-3.13.1-1", "X-3.13.1-1"),
            (PacketType::Disconnect, _) => law!("X-3.14.1-1", "X-1.5.6-1"),
            (PacketType::Auth, _) => law!(_, "X-1.5.6-1"),
            (PacketType::Publish | PacketType::Suback, Sender::Server) => law!("X-7.1.1-1", "X-1.5.6-1"),
            (
                PacketType::Connect
                | PacketType::Publish
                | PacketType::Subscribe
                | PacketType::Suback
                | PacketType::Unsubscribe,
                _,
            ) => law!("X-2.4-1", "X-1.5.6-1"),
        }
    }

    /// Nothing after the last field.
    pub(crate) const fn end(packet: PacketType, sender: Sender) -> Self {
        match packet {
            PacketType::Connack => law!("X-3.2.1-1", "X-3.2.3-1"),
            PacketType::Connect
            | PacketType::Publish
            | PacketType::Puback
            | PacketType::Pubrec
            | PacketType::Pubrel
            | PacketType::Pubcomp
            | PacketType::Subscribe
            | PacketType::Suback
            | PacketType::Unsubscribe
            | PacketType::Unsuback
            | PacketType::Pingreq
            | PacketType::Pingresp
            | PacketType::Disconnect
            | PacketType::Auth => Self::format(packet, sender),
        }
    }
}
