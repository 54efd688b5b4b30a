//! The control packets, one type for both versions (MQTT 3.1.1 §3, MQTT 5.0 §3).
//!
//! A packet that travels under MQTT 3.1.1 has empty properties; fields that only MQTT 5.0 has hold their defaults.
//! What a type cannot express (a reserved flag, QoS 3, DUP at QoS 0) is made by editing a packet's layout.

mod packet_type;

use bytes::Bytes;
use mqttspec_spec::Version;

pub use packet_type::PacketType;

use crate::{PacketId, Properties, QoS, ReasonCode, Utf8String};

/// A control packet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is named after its packet, whose type has the documentation")]
pub enum Packet {
    Connect(Box<Connect>),
    Connack(Connack),
    Publish(Publish),
    Puback(Ack),
    Pubrec(Ack),
    Pubrel(Ack),
    Pubcomp(Ack),
    Subscribe(Subscribe),
    Suback(Suback),
    Unsubscribe(Unsubscribe),
    Unsuback(Unsuback),
    /// PINGREQ (§3.12).
    Pingreq,
    /// PINGRESP (§3.13).
    Pingresp,
    Disconnect(Disconnect),
    Auth(Auth),
}

/// CONNECT (§3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The version that the client asks for by protocol name and level.
    pub version: Version,
    /// Clean Start (MQTT 5.0 §3.1.2.4), Clean Session (MQTT 3.1.1 §3.1.2.4).
    pub clean_start: bool,
    /// Keep Alive in seconds, 0 for none.
    pub keep_alive: u16,
    /// CONNECT properties.
    pub properties: Properties,
    /// Client Identifier, possibly empty.
    pub client_id: Utf8String,
    /// The Will Message, when the Will Flag is set.
    pub will: Option<Will>,
    /// User Name.
    pub username: Option<Utf8String>,
    /// Password. MQTT 3.1.1 allows one only beside a user name.
    pub password: Option<Bytes>,
}

/// The will of a CONNECT (MQTT 3.1.1 §3.1.2.5, MQTT 5.0 §3.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Will QoS.
    pub qos: QoS,
    /// Will Retain.
    pub retain: bool,
    /// Will Properties.
    pub properties: Properties,
    /// Will Topic.
    pub topic: Utf8String,
    /// Will Payload (Will Message in MQTT 3.1.1).
    pub payload: Bytes,
}

/// CONNACK (§3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connack {
    /// Session Present.
    pub session_present: bool,
    /// Connect Reason Code, or the Connect Return code of MQTT 3.1.1 (0 to 5).
    pub reason: ReasonCode,
    /// CONNACK properties.
    pub properties: Properties,
}

/// PUBLISH (§3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// QoS with what depends on it.
    pub delivery: Delivery,
    /// RETAIN.
    pub retain: bool,
    /// Topic Name as sent; empty when a Topic Alias stands for it.
    pub topic: Utf8String,
    /// PUBLISH properties.
    pub properties: Properties,
    /// The Application Message's payload.
    pub payload: Bytes,
}

/// The QoS of a PUBLISH. Only above QoS 0 are there a Packet Identifier and a DUP flag that may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// Packet Identifier.
        id: PacketId,
        /// DUP.
        dup: bool,
    },
    /// QoS 2.
    ExactlyOnce {
        /// Packet Identifier.
        id: PacketId,
        /// DUP.
        dup: bool,
    },
}

impl Delivery {
    /// Its QoS.
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// Its Packet Identifier.
    pub const fn id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { id, .. } | Self::ExactlyOnce { id, .. } => Some(id),
        }
    }

    /// Its DUP flag.
    pub const fn dup(self) -> bool {
        match self {
            Self::AtMostOnce => false,
            Self::AtLeastOnce { dup, .. } | Self::ExactlyOnce { dup, .. } => dup,
        }
    }
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP (§3.4 to §3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Packet Identifier.
    pub id: PacketId,
    /// Reason Code; always success under MQTT 3.1.1.
    pub reason: ReasonCode,
    /// Properties.
    pub properties: Properties,
}

impl Ack {
    /// An acknowledgement without more to say.
    pub const fn success(id: PacketId) -> Self {
        Self { id, reason: ReasonCode::SUCCESS, properties: Properties::new() }
    }
}

/// SUBSCRIBE (§3.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Packet Identifier.
    pub id: PacketId,
    /// Properties.
    pub properties: Properties,
    /// What is subscribed to; the decoder guarantees at least one.
    pub filters: Vec<Subscription>,
}

/// One Topic Filter of a SUBSCRIBE with its Subscription Options (MQTT 5.0 §3.8.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Topic Filter as sent, not yet checked.
    pub filter: Utf8String,
    /// Maximum QoS (Requested QoS in MQTT 3.1.1).
    pub qos: QoS,
    /// No Local.
    pub no_local: bool,
    /// Retain As Published.
    pub retain_as_published: bool,
    /// Retain Handling.
    pub retain_handling: RetainHandling,
}

/// Whether retained messages are sent when a subscription is made (MQTT 5.0 §3.8.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetainHandling {
    /// 0: send them. What MQTT 3.1.1 always does.
    #[default]
    Send,
    /// 1: send them only if the subscription did not exist.
    SendIfNew,
    /// 2: do not send them.
    DoNotSend,
}

/// SUBACK (§3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suback {
    /// Packet Identifier of the SUBSCRIBE.
    pub id: PacketId,
    /// Properties.
    pub properties: Properties,
    /// A Reason Code (return code) for each Topic Filter, in order.
    pub reasons: Vec<ReasonCode>,
}

/// UNSUBSCRIBE (§3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// Packet Identifier.
    pub id: PacketId,
    /// Properties.
    pub properties: Properties,
    /// Topic Filters as sent; the decoder guarantees at least one.
    pub filters: Vec<Utf8String>,
}

/// UNSUBACK (§3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsuback {
    /// Packet Identifier of the UNSUBSCRIBE.
    pub id: PacketId,
    /// Properties.
    pub properties: Properties,
    /// A Reason Code for each Topic Filter, in order; none under MQTT 3.1.1.
    pub reasons: Vec<ReasonCode>,
}

/// DISCONNECT (§3.14). Under MQTT 3.1.1 only the client sends it, without a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// Disconnect Reason Code.
    pub reason: ReasonCode,
    /// Properties.
    pub properties: Properties,
}

/// AUTH (MQTT 5.0 §3.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Authenticate Reason Code.
    pub reason: ReasonCode,
    /// Properties.
    pub properties: Properties,
}

impl Packet {
    /// Its type.
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// Its properties; PINGREQ and PINGRESP have none.
    pub const fn properties(&self) -> Option<&Properties> {
        match self {
            Self::Connect(packet) => Some(&packet.properties),
            Self::Connack(packet) => Some(&packet.properties),
            Self::Publish(packet) => Some(&packet.properties),
            Self::Puback(packet) | Self::Pubrec(packet) | Self::Pubrel(packet) | Self::Pubcomp(packet) => {
                Some(&packet.properties)
            }
            Self::Subscribe(packet) => Some(&packet.properties),
            Self::Suback(packet) => Some(&packet.properties),
            Self::Unsubscribe(packet) => Some(&packet.properties),
            Self::Unsuback(packet) => Some(&packet.properties),
            Self::Disconnect(packet) => Some(&packet.properties),
            Self::Auth(packet) => Some(&packet.properties),
            Self::Pingreq | Self::Pingresp => None,
        }
    }

    /// Its Packet Identifier, where it has one.
    pub const fn packet_id(&self) -> Option<PacketId> {
        match self {
            Self::Publish(packet) => packet.delivery.id(),
            Self::Puback(packet) | Self::Pubrec(packet) | Self::Pubrel(packet) | Self::Pubcomp(packet) => {
                Some(packet.id)
            }
            Self::Subscribe(packet) => Some(packet.id),
            Self::Suback(packet) => Some(packet.id),
            Self::Unsubscribe(packet) => Some(packet.id),
            Self::Unsuback(packet) => Some(packet.id),
            Self::Connect(_)
            | Self::Connack(_)
            | Self::Pingreq
            | Self::Pingresp
            | Self::Disconnect(_)
            | Self::Auth(_) => None,
        }
    }
}
