//! Reason Codes and the return codes of MQTT 3.1.1.

use std::fmt;

use mqttspec_spec::Version;

use crate::packet::PacketType;

/// A Reason Code (MQTT 5.0 §2.4), or a return code of MQTT 3.1.1 CONNACK (§3.2.2.3) and SUBACK (§3.9.3).
///
/// Values that no version defines survive, so that they can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(pub u8);

/// One row a code: its constant, its number, its name in the standard.
macro_rules! reasons {
    ($($constant:ident $number:literal $name:literal;)*) => {
        impl ReasonCode {
            $(#[doc = $name] pub const $constant: Self = Self($number);)*

            /// The codes of MQTT 5.0 with the name that most packets use for each.
            pub const NAMES: &[(Self, &'static str)] = &[$((Self($number), $name)),*];
        }
    };
}

reasons! {
    SUCCESS 0x00 "Success";
    GRANTED_QOS_1 0x01 "Granted QoS 1";
    GRANTED_QOS_2 0x02 "Granted QoS 2";
    DISCONNECT_WITH_WILL_MESSAGE 0x04 "Disconnect with Will Message";
    NO_MATCHING_SUBSCRIBERS 0x10 "No matching subscribers";
    NO_SUBSCRIPTION_EXISTED 0x11 "No subscription existed";
    CONTINUE_AUTHENTICATION 0x18 "Continue authentication";
    RE_AUTHENTICATE 0x19 "Re-authenticate";
    UNSPECIFIED_ERROR 0x80 "Unspecified error";
    MALFORMED_PACKET 0x81 "Malformed Packet";
    PROTOCOL_ERROR 0x82 "Protocol Error";
    IMPLEMENTATION_SPECIFIC_ERROR 0x83 "Implementation specific error";
    UNSUPPORTED_PROTOCOL_VERSION 0x84 "Unsupported Protocol Version";
    CLIENT_IDENTIFIER_NOT_VALID 0x85 "Client Identifier not valid";
    BAD_USER_NAME_OR_PASSWORD 0x86 "Bad User Name or Password";
    NOT_AUTHORIZED 0x87 "Not authorized";
    SERVER_UNAVAILABLE 0x88 "Server unavailable";
    SERVER_BUSY 0x89 "Server busy";
    BANNED 0x8A "Banned";
    SERVER_SHUTTING_DOWN 0x8B "Server shutting down";
    BAD_AUTHENTICATION_METHOD 0x8C "Bad authentication method";
    KEEP_ALIVE_TIMEOUT 0x8D "Keep Alive timeout";
    SESSION_TAKEN_OVER 0x8E "Session taken over";
    TOPIC_FILTER_INVALID 0x8F "Topic Filter invalid";
    TOPIC_NAME_INVALID 0x90 "Topic Name invalid";
    PACKET_IDENTIFIER_IN_USE 0x91 "Packet Identifier in use";
    PACKET_IDENTIFIER_NOT_FOUND 0x92 "Packet Identifier not found";
    RECEIVE_MAXIMUM_EXCEEDED 0x93 "Receive Maximum exceeded";
    TOPIC_ALIAS_INVALID 0x94 "Topic Alias invalid";
    PACKET_TOO_LARGE 0x95 "Packet too large";
    MESSAGE_RATE_TOO_HIGH 0x96 "Message rate too high";
    QUOTA_EXCEEDED 0x97 "Quota exceeded";
    ADMINISTRATIVE_ACTION 0x98 "Administrative action";
    PAYLOAD_FORMAT_INVALID 0x99 "Payload format invalid";
    RETAIN_NOT_SUPPORTED 0x9A "Retain not supported";
    QOS_NOT_SUPPORTED 0x9B "QoS not supported";
    USE_ANOTHER_SERVER 0x9C "Use another server";
    SERVER_MOVED 0x9D "Server moved";
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED 0x9E "Shared Subscriptions not supported";
    CONNECTION_RATE_EXCEEDED 0x9F "Connection rate exceeded";
    MAXIMUM_CONNECT_TIME 0xA0 "Maximum connect time";
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED 0xA1 "Subscription Identifiers not supported";
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED 0xA2 "Wildcard Subscriptions not supported";
}

impl ReasonCode {
    /// The refusals of an MQTT 3.1.1 CONNACK, whose numbers mean other things in MQTT 5.0.
    pub const V3_UNACCEPTABLE_PROTOCOL_VERSION: Self = Self(0x01);
    /// MQTT 3.1.1 CONNACK: identifier rejected.
    pub const V3_IDENTIFIER_REJECTED: Self = Self(0x02);
    /// MQTT 3.1.1 CONNACK: server unavailable.
    pub const V3_SERVER_UNAVAILABLE: Self = Self(0x03);
    /// MQTT 3.1.1 CONNACK: bad user name or password.
    pub const V3_BAD_USER_NAME_OR_PASSWORD: Self = Self(0x04);
    /// MQTT 3.1.1 CONNACK: not authorized.
    pub const V3_NOT_AUTHORIZED: Self = Self(0x05);
    /// MQTT 3.1.1 SUBACK: failure.
    pub const V3_SUBSCRIPTION_FAILURE: Self = Self(0x80);

    /// Whether it tells of a failure: 0x80 or above (MQTT 5.0 §2.4).
    ///
    /// Not for MQTT 3.1.1 CONNACK, where every code but zero refuses.
    pub const fn is_error(self) -> bool {
        self.0 >= 0x80
    }

    /// What it means in a packet of this type and version.
    pub fn name(self, version: Version, packet: PacketType) -> &'static str {
        match (version, packet, self.0) {
            (Version::V3_1_1, PacketType::Connack, 0) => "Connection Accepted",
            (Version::V3_1_1, PacketType::Connack, 1) => "unacceptable protocol version",
            (Version::V3_1_1, PacketType::Connack, 2) => "identifier rejected",
            (Version::V3_1_1, PacketType::Connack, 3) => "server unavailable",
            (Version::V3_1_1, PacketType::Connack, 4) => "bad user name or password",
            (Version::V3_1_1, PacketType::Connack, 5) => "not authorized",
            (Version::V3_1_1, PacketType::Suback, 0x80) => "Failure",
            (Version::V3_1_1, PacketType::Connack, _) => "reserved",
            (_, PacketType::Suback, 0) => "Granted QoS 0",
            (_, PacketType::Disconnect, 0) => "Normal disconnection",
            _ => Self::NAMES.iter().find(|(code, _)| *code == self).map_or("unassigned", |(_, name)| name),
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}", self.0)
    }
}
