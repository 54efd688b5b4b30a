//! What is wrong with a packet that cannot be accepted.

use std::fmt;

use mqttspec_spec::StatementId;

use crate::{PropertyId, ReasonCode, Sender, Utf8Fault, Utf8String, packet::PacketType};

/// Why some bytes are not a packet that their sender may send: where, what, and against which statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where the offending bytes begin, counted from the packet's first byte.
    pub offset: usize,
    /// The part of the packet that is at fault, such as `topic-name`.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// The statement that is broken, of the version in force. `None` before the version is known, and where the
    /// limit is the receiver's own.
    pub statement: Option<StatementId>,
}

/// What is wrong with a part of a packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The packet type is 0, or it is 15 in MQTT 3.1.1.
    #[error("packet type {0} is reserved")]
    ReservedType(u8),
    /// This end of the connection does not send packets of this type.
    #[error("a {sender} does not send {packet}")]
    NotFromSender {
        /// What was sent.
        packet: PacketType,
        /// Who sent it.
        sender: Sender,
    },
    /// The first packet of a client is not CONNECT.
    #[error("the first packet is {0}, not CONNECT")]
    ConnectExpected(PacketType),
    /// A server's packet came before it was said which version it speaks; no breach of the standard.
    #[error("{0} came before the version was known")]
    VersionUnknown(PacketType),
    /// The flags of the fixed header are not the required ones.
    #[error("the flags are {found:04b}; they must be {required:04b}")]
    ReservedFlags {
        /// The low four bits of the first byte.
        found: u8,
        /// What they must be.
        required: u8,
    },
    /// QoS 3 in PUBLISH or for a will.
    #[error("there is no QoS 3")]
    QoS3,
    /// DUP is set at QoS 0.
    #[error("DUP is set at QoS 0")]
    DupAtQoS0,
    /// A Variable Byte Integer goes on after its fourth byte.
    #[error("the Variable Byte Integer has more than four bytes")]
    VariableByteTooLong,
    /// A Variable Byte Integer takes more bytes than its value needs.
    #[error("the value {value} is written in {width} bytes, more than it needs")]
    VariableByteNotMinimal {
        /// The value.
        value: u32,
        /// The bytes it takes.
        width: usize,
    },
    /// The packet is larger than its receiver accepts.
    #[error("the packet has {}; its receiver accepts {maximum}", bytes(*size))]
    TooLarge {
        /// The size of the whole packet in bytes.
        size: usize,
        /// The Maximum Packet Size in force.
        maximum: u32,
    },
    /// CONNECT asks for another protocol, or a version of MQTT other than 3.1.1 and 5.0.
    #[error("the protocol {name:?} with level {level} is neither MQTT 3.1.1 nor MQTT 5.0")]
    UnsupportedProtocol {
        /// Protocol name.
        name: Utf8String,
        /// Protocol level (protocol version).
        level: u8,
    },
    /// There are no bytes left where a field must stand.
    #[error("the packet ends before it")]
    Missing,
    /// A field of fixed size is cut off.
    #[error("it takes {}; {} left", bytes(*needed), bytes(*left))]
    CutShort {
        /// The bytes it takes.
        needed: usize,
        /// The bytes there are.
        left: usize,
    },
    /// A length says more than there is.
    #[error("the length says {}; {} left", bytes(*length), bytes(*left))]
    LengthPastEnd {
        /// The length as it stands there.
        length: usize,
        /// The bytes that follow it.
        left: usize,
    },
    /// Bytes follow the last field.
    #[error("there is more after the last field: {}", bytes(*.0))]
    TrailingBytes(usize),
    /// A string is not a UTF-8 Encoded String.
    #[error(transparent)]
    Utf8(#[from] Utf8Fault),
    /// The Packet Identifier is zero.
    #[error("the Packet Identifier is zero")]
    ZeroPacketId,
    /// There is no such property.
    #[error("there is no property 0x{0:02X}")]
    UnknownProperty(u32),
    /// The property does not belong into this packet.
    #[error("{} does not belong here", .0.name())]
    PropertyNotAllowed(PropertyId),
    /// The property belongs into this packet, but not from this sender.
    #[error("a {sender} does not send {} here", .property.name())]
    PropertyNotFromSender {
        /// Which property.
        property: PropertyId,
        /// Who sent it.
        sender: Sender,
    },
    /// The property stands twice.
    #[error("{} stands here more than once", .0.name())]
    PropertyRepeated(PropertyId),
    /// The property's value is outside its range.
    #[error("{} cannot be {value}", .property.name())]
    PropertyValue {
        /// Which property.
        property: PropertyId,
        /// Its value.
        value: u32,
    },
    /// Authentication Data without Authentication Method, or AUTH without Authentication Method.
    #[error("Authentication Method is missing")]
    NoAuthenticationMethod,
    /// The Topic Name is empty and no Topic Alias stands for it.
    #[error("the Topic Name is empty and there is no Topic Alias")]
    NoTopic,
    /// Reserved bits of a byte are set.
    #[error("reserved bits are set in 0x{0:02X}")]
    ReservedBits(u8),
    /// Will QoS is not zero although the Will Flag is.
    #[error("Will QoS is {0} without the Will Flag")]
    WillQoSWithoutWill(u8),
    /// Will Retain is set although the Will Flag is not.
    #[error("Will Retain is set without the Will Flag")]
    WillRetainWithoutWill,
    /// MQTT 3.1.1 allows a password only beside a user name.
    #[error("a password without a user name")]
    PasswordWithoutUserName,
    /// SUBSCRIBE or UNSUBSCRIBE without a Topic Filter.
    #[error("there is no Topic Filter")]
    NoTopicFilter,
    /// QoS 3 in Subscription Options, or as Requested QoS.
    #[error("a subscription cannot ask for QoS 3")]
    SubscriptionQoS3,
    /// Retain Handling is 3.
    #[error("Retain Handling cannot be 3")]
    RetainHandling3,
    /// Session Present is set in a refusal.
    #[error("Session Present is set beside {0}, which refuses the connection")]
    SessionPresentInRefusal(ReasonCode),
    /// The CONNACK is in the format of MQTT 3.1.1, as a server answers that does not know MQTT 5.0.
    #[error("the CONNACK is in the format of MQTT 3.1.1, with return code {0}")]
    OldConnack(ReasonCode),
    /// SUBACK or UNSUBACK without a Reason Code.
    #[error("there is no Reason Code")]
    NoReasonCode,
    /// No version of the standard gives this code a meaning.
    #[error("the code {0} has no meaning")]
    ReasonUnassigned(ReasonCode),
    /// The code has a meaning, but not in this packet from this sender.
    #[error("a {sender} does not send the code {code} in {packet}")]
    ReasonNotAllowed {
        /// The code.
        code: ReasonCode,
        /// Where it stands.
        packet: PacketType,
        /// Who sent it.
        sender: Sender,
    },
}

/// The two kinds of error that MQTT 5.0 tells apart (§1.2, §4.13). MQTT 3.1.1 calls both a protocol violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// The packet cannot be parsed: Malformed Packet.
    Malformed,
    /// The packet can be parsed but holds what is not allowed: Protocol Error.
    ProtocolError,
}

impl Fault {
    /// Whether it makes the packet malformed or is a protocol error.
    pub const fn class(&self) -> FaultClass {
        self.kind.class()
    }

    /// The Reason Code with which a receiver ends the connection (MQTT 5.0 §4.13).
    pub const fn reason(&self) -> ReasonCode {
        match (&self.kind, self.class()) {
            (FaultKind::TooLarge { .. }, _) => ReasonCode::PACKET_TOO_LARGE,
            (FaultKind::UnsupportedProtocol { .. }, _) => ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
            (FaultKind::PropertyValue { property: PropertyId::TopicAlias, .. }, _) => {
                ReasonCode::TOPIC_ALIAS_INVALID
            }
            (_, FaultClass::Malformed) => ReasonCode::MALFORMED_PACKET,
            (_, FaultClass::ProtocolError) => ReasonCode::PROTOCOL_ERROR,
        }
    }
}

impl FaultKind {
    const fn class(&self) -> FaultClass {
        match self {
            Self::ReservedType(_)
            | Self::ReservedFlags { .. }
            | Self::QoS3
            | Self::DupAtQoS0
            | Self::VariableByteTooLong
            | Self::VariableByteNotMinimal { .. }
            | Self::Missing
            | Self::CutShort { .. }
            | Self::LengthPastEnd { .. }
            | Self::TrailingBytes(_)
            | Self::Utf8(_)
            | Self::UnknownProperty(_)
            | Self::PropertyNotAllowed(_)
            | Self::ReservedBits(_)
            | Self::OldConnack(_) => FaultClass::Malformed,
            Self::NotFromSender { .. }
            | Self::ConnectExpected(_)
            | Self::VersionUnknown(_)
            | Self::TooLarge { .. }
            | Self::UnsupportedProtocol { .. }
            | Self::ZeroPacketId
            | Self::PropertyNotFromSender { .. }
            | Self::PropertyRepeated(_)
            | Self::PropertyValue { .. }
            | Self::NoAuthenticationMethod
            | Self::NoTopic
            | Self::WillQoSWithoutWill(_)
            | Self::WillRetainWithoutWill
            | Self::PasswordWithoutUserName
            | Self::NoTopicFilter
            | Self::SubscriptionQoS3
            | Self::RetainHandling3
            | Self::SessionPresentInRefusal(_)
            | Self::NoReasonCode
            | Self::ReasonUnassigned(_)
            | Self::ReasonNotAllowed { .. } => FaultClass::ProtocolError,
        }
    }
}

/// `1 byte`, `2 bytes`.
fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.offset, self.kind)?;
        match self.statement {
            Some(statement) => write!(f, " ({statement})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}
