//! The words of the language: packets, their fields, and what values a field takes.
//!
//! One table serves packets to send, packets to expect, diagnostics and editors. Properties have the standard's
//! names in kebab-case (`session-expiry-interval`); the fields of a will have `will.` in front of their names.

use std::sync::LazyLock;

use mqttspec_spec::Version;
use mqttspec_wire::{PropertyId, packet::PacketType, property::ValueKind};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A UTF-8 string.
    Text,
    /// Binary data: a text, `{hex: ...}` or `{bytes: ...}`.
    Binary,
    /// `true` or `false`.
    Flag,
    /// A whole number in this range.
    Number {
        /// The lowest.
        min: u32,
        /// The highest.
        max: u32,
    },
    /// A list of numbers from 0 to 268,435,455; a number alone is a list of one.
    Numbers,
    /// A reason code: its number or its name.
    Reason,
    /// A list of reason codes.
    Reasons,
    /// A list of pairs of texts.
    Pairs,
    /// A list of topic filters.
    Filters,
    /// A list of topic filters with their subscription options.
    Subscriptions,
}

/// What a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The packet.
    Packet,
    /// One topic filter of SUBSCRIBE or UNSUBSCRIBE, which can be written without the list `filters`.
    Filter,
}

/// A field of a packet.
#[derive(Debug)]
pub struct FieldWords {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether only MQTT 5.0 has it.
    pub v5_only: bool,
    /// Whether a packet to send must name it, since no default makes sense.
    pub needed: bool,
    /// Whether a received packet may be without it.
    pub optional: bool,
    /// What it belongs to.
    pub place: Place,
}

/// A packet with its fields.
#[derive(Debug)]
pub struct PacketWords {
    /// Its type.
    pub packet: PacketType,
    /// Its name: `publish`.
    pub name: String,
    /// The versions in which a server sends it.
    pub from_server: &'static [Version],
    /// The versions that have it.
    pub versions: &'static [Version],
    /// Its fields, the properties last.
    pub fields: Vec<FieldWords>,
}

/// All packets, by the number of their type.
pub fn packets() -> &'static [PacketWords] {
    static PACKETS: LazyLock<Vec<PacketWords>> =
        LazyLock::new(|| PacketType::ALL.into_iter().map(packet_words).collect());
    &PACKETS
}

/// The packet with this name.
pub fn packet(name: &str) -> Option<&'static PacketWords> {
    packets().iter().find(|words| words.name == name)
}

/// The packet of this type.
pub fn words_of(packet: PacketType) -> Option<&'static PacketWords> {
    packets().iter().find(|words| words.packet == packet)
}

impl PacketWords {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&FieldWords> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl FieldWords {
    fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            v5_only: false,
            needed: false,
            optional: false,
            place: Place::Packet,
        }
    }

    fn v5_only(self) -> Self {
        Self { v5_only: true, ..self }
    }

    fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    fn of_filter(self) -> Self {
        Self { place: Place::Filter, ..self }
    }

    /// A text that is part of a field: the name or value of a User Property.
    pub(super) fn text_in_a_pair() -> &'static Self {
        static TEXT: LazyLock<FieldWords> = LazyLock::new(|| FieldWords::new("user-property", Kind::Text));
        &TEXT
    }

    fn property(prefix: &str, id: PropertyId) -> Self {
        let name = format!("{prefix}{}", id.name().to_lowercase().replace(' ', "-"));
        let kind = match id.kind() {
            _ if id == PropertyId::SubscriptionIdentifier => Kind::Numbers,
            ValueKind::Byte => Kind::Number { min: 0, max: u32::from(u8::MAX) },
            ValueKind::TwoByte => WORD,
            ValueKind::FourByte | ValueKind::VariableByte => Kind::Number { min: 0, max: u32::MAX },
            ValueKind::Text => Kind::Text,
            ValueKind::Binary => Kind::Binary,
            ValueKind::Pair => Kind::Pairs,
        };
        Self::new(&name, kind).v5_only().optional()
    }
}

const WORD: Kind = Kind::Number { min: 0, max: 65_535 };
const QOS: Kind = Kind::Number { min: 0, max: 2 };

fn packet_words(packet: PacketType) -> PacketWords {
    let (_, versions, from_server) = directions(packet);
    let mut fields = own_fields(packet);
    if packet == PacketType::Connect {
        fields.extend(will_properties().iter().map(|id| FieldWords::property("will.", *id)));
    }
    fields.extend(properties(packet).iter().map(|id| FieldWords::property("", *id)));
    PacketWords { packet, name: packet.name().to_lowercase(), versions, from_server, fields }
}

/// The versions that have the packet, and those in which servers send it.
fn directions(packet: PacketType) -> (PacketType, &'static [Version], &'static [Version]) {
    const BOTH: &[Version] = &Version::ALL;
    const V5: &[Version] = &[Version::V5_0];
    let (versions, from_server): (_, &[Version]) = match packet {
        PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::Pingreq => {
            (BOTH, &[])
        }
        PacketType::Connack
        | PacketType::Publish
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Suback
        | PacketType::Unsuback
        | PacketType::Pingresp => (BOTH, BOTH),
        PacketType::Disconnect => (BOTH, V5),
        PacketType::Auth => (V5, V5),
    };
    (packet, versions, from_server)
}

fn own_fields(packet: PacketType) -> Vec<FieldWords> {
    let field = FieldWords::new;
    let packet_id = || field("packet-id", Kind::Number { min: 1, max: 65_535 });
    match packet {
        PacketType::Connect => vec![
            field("client-id", Kind::Text),
            field("clean-start", Kind::Flag),
            field("keep-alive", WORD),
            field("username", Kind::Text).optional(),
            field("password", Kind::Binary).optional(),
            field("will.topic", Kind::Text),
            field("will.payload", Kind::Binary),
            field("will.qos", QOS),
            field("will.retain", Kind::Flag),
        ],
        PacketType::Connack => vec![field("session-present", Kind::Flag), field("reason", Kind::Reason)],
        PacketType::Publish => vec![
            field("topic", Kind::Text).needed(),
            field("payload", Kind::Binary),
            field("qos", QOS),
            field("retain", Kind::Flag),
            field("dup", Kind::Flag),
            packet_id().optional(),
        ],
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
            vec![packet_id().needed(), field("reason", Kind::Reason).v5_only()]
        }
        PacketType::Subscribe => vec![
            packet_id(),
            field("filters", Kind::Subscriptions),
            field("filter", Kind::Text).of_filter(),
            field("qos", QOS).of_filter(),
            field("no-local", Kind::Flag).v5_only().of_filter(),
            field("retain-as-published", Kind::Flag).v5_only().of_filter(),
            field("retain-handling", QOS).v5_only().of_filter(),
        ],
        PacketType::Suback => vec![packet_id().needed(), field("reasons", Kind::Reasons)],
        PacketType::Unsubscribe => {
            vec![packet_id(), field("filters", Kind::Filters), field("filter", Kind::Text).of_filter()]
        }
        PacketType::Unsuback => vec![packet_id().needed(), field("reasons", Kind::Reasons).v5_only()],
        PacketType::Pingreq | PacketType::Pingresp => Vec::new(),
        PacketType::Disconnect | PacketType::Auth => vec![field("reason", Kind::Reason).v5_only()],
    }
}

/// The properties that a packet may carry (MQTT 5.0 §2.2.2.2).
fn properties(packet: PacketType) -> &'static [PropertyId] {
    use PropertyId as P;
    match packet {
        PacketType::Connect => &[
            P::SessionExpiryInterval,
            P::AuthenticationMethod,
            P::AuthenticationData,
            P::RequestProblemInformation,
            P::RequestResponseInformation,
            P::ReceiveMaximum,
            P::TopicAliasMaximum,
            P::UserProperty,
            P::MaximumPacketSize,
        ],
        PacketType::Connack => &[
            P::SessionExpiryInterval,
            P::AssignedClientIdentifier,
            P::ServerKeepAlive,
            P::AuthenticationMethod,
            P::AuthenticationData,
            P::ResponseInformation,
            P::ServerReference,
            P::ReasonString,
            P::ReceiveMaximum,
            P::TopicAliasMaximum,
            P::MaximumQoS,
            P::RetainAvailable,
            P::UserProperty,
            P::MaximumPacketSize,
            P::WildcardSubscriptionAvailable,
            P::SubscriptionIdentifierAvailable,
            P::SharedSubscriptionAvailable,
        ],
        PacketType::Publish => &[
            P::PayloadFormatIndicator,
            P::MessageExpiryInterval,
            P::ContentType,
            P::ResponseTopic,
            P::CorrelationData,
            P::SubscriptionIdentifier,
            P::TopicAlias,
            P::UserProperty,
        ],
        PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Suback
        | PacketType::Unsuback => &[P::ReasonString, P::UserProperty],
        PacketType::Subscribe => &[P::SubscriptionIdentifier, P::UserProperty],
        PacketType::Unsubscribe => &[P::UserProperty],
        PacketType::Disconnect => {
            &[P::SessionExpiryInterval, P::ServerReference, P::ReasonString, P::UserProperty]
        }
        PacketType::Auth => {
            &[P::AuthenticationMethod, P::AuthenticationData, P::ReasonString, P::UserProperty]
        }
        PacketType::Pingreq | PacketType::Pingresp => &[],
    }
}

/// The Will Properties (MQTT 5.0 §3.1.3.2).
fn will_properties() -> &'static [PropertyId] {
    use PropertyId as P;
    &[
        P::PayloadFormatIndicator,
        P::MessageExpiryInterval,
        P::ContentType,
        P::ResponseTopic,
        P::CorrelationData,
        P::WillDelayInterval,
        P::UserProperty,
    ]
}
