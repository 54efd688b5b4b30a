//! Properties of MQTT 5.0 packets (MQTT 5.0 §2.2.2).

use bytes::Bytes;

use crate::Utf8String;

/// One row a property: its number, its name in the standard and as a part of a packet, its type, its documentation.
macro_rules! properties {
    ($($number:literal $id:ident $name:literal $kebab:literal $kind:ident $value:ty, $doc:literal;)*) => {
        /// Which property: its identifier on the wire (MQTT 5.0 §2.2.2.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum PropertyId {
            $(#[doc = $doc] $id = $number,)*
        }

        /// A property with its value.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Property {
            $(#[doc = $doc] $id($value),)*
        }

        impl PropertyId {
            /// All properties, by number.
            pub const ALL: &[Self] = &[$(Self::$id),*];

            /// The property with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$id),)*
                    _ => None,
                }
            }

            /// The name as the standard prints it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$id => $name,)* }
            }

            /// The name in lower case with hyphens, which names the part of a packet that the property is.
            pub const fn kebab_name(self) -> &'static str {
                match self { $(Self::$id => $kebab,)* }
            }

            /// The name of the part when the property stands in Will Properties.
            pub(crate) const fn will_name(self) -> &'static str {
                if matches!(self, Self::WillDelayInterval) {
                    return self.kebab_name();
                }
                match self { $(Self::$id => concat!("will-", $kebab),)* }
            }

            /// The type of its value.
            pub const fn kind(self) -> ValueKind {
                match self { $(Self::$id => ValueKind::$kind,)* }
            }
        }

        impl Property {
            /// Which property it is.
            pub const fn id(&self) -> PropertyId {
                match self { $(Self::$id(_) => PropertyId::$id,)* }
            }

            /// Its value, whatever its type.
            pub fn value(&self) -> Value {
                match self { $(Self::$id(value) => Value::$kind(value.clone()),)* }
            }

            pub(crate) const fn value_ref(&self) -> ValueRef<'_> {
                match self { $(Self::$id(value) => ValueRef::$kind(value),)* }
            }

            /// The property `id` with `value`, if the value is of its type.
            pub fn new(id: PropertyId, value: Value) -> Option<Self> {
                match (id, value) {
                    $((PropertyId::$id, Value::$kind(value)) => Some(Self::$id(value)),)*
                    _ => None,
                }
            }
        }
    };
}

properties! {
    0x01 PayloadFormatIndicator "Payload Format Indicator" "payload-format-indicator" Byte u8, "Payload Format Indicator: 0 bytes, 1 UTF-8.";
    0x02 MessageExpiryInterval "Message Expiry Interval" "message-expiry-interval" FourByte u32, "Message Expiry Interval in seconds.";
    0x03 ContentType "Content Type" "content-type" Text Utf8String, "Content Type.";
    0x08 ResponseTopic "Response Topic" "response-topic" Text Utf8String, "Response Topic, a topic name.";
    0x09 CorrelationData "Correlation Data" "correlation-data" Binary Bytes, "Correlation Data.";
    0x0B SubscriptionIdentifier "Subscription Identifier" "subscription-identifier" VariableByte u32, "Subscription Identifier, 1 to 268,435,455.";
    0x11 SessionExpiryInterval "Session Expiry Interval" "session-expiry-interval" FourByte u32, "Session Expiry Interval in seconds; 0xFFFFFFFF is never.";
    0x12 AssignedClientIdentifier "Assigned Client Identifier" "assigned-client-identifier" Text Utf8String, "Assigned Client Identifier.";
    0x13 ServerKeepAlive "Server Keep Alive" "server-keep-alive" TwoByte u16, "Server Keep Alive in seconds.";
    0x15 AuthenticationMethod "Authentication Method" "authentication-method" Text Utf8String, "Authentication Method.";
    0x16 AuthenticationData "Authentication Data" "authentication-data" Binary Bytes, "Authentication Data.";
    0x17 RequestProblemInformation "Request Problem Information" "request-problem-information" Byte u8, "Request Problem Information, 0 or 1.";
    0x18 WillDelayInterval "Will Delay Interval" "will-delay-interval" FourByte u32, "Will Delay Interval in seconds.";
    0x19 RequestResponseInformation "Request Response Information" "request-response-information" Byte u8, "Request Response Information, 0 or 1.";
    0x1A ResponseInformation "Response Information" "response-information" Text Utf8String, "Response Information.";
    0x1C ServerReference "Server Reference" "server-reference" Text Utf8String, "Server Reference.";
    0x1F ReasonString "Reason String" "reason-string" Text Utf8String, "Reason String, for people.";
    0x21 ReceiveMaximum "Receive Maximum" "receive-maximum" TwoByte u16, "Receive Maximum, 1 to 65,535.";
    0x22 TopicAliasMaximum "Topic Alias Maximum" "topic-alias-maximum" TwoByte u16, "Topic Alias Maximum; 0 is none.";
    0x23 TopicAlias "Topic Alias" "topic-alias" TwoByte u16, "Topic Alias, at least 1.";
    0x24 MaximumQoS "Maximum QoS" "maximum-qos" Byte u8, "Maximum QoS, 0 or 1.";
    0x25 RetainAvailable "Retain Available" "retain-available" Byte u8, "Retain Available, 0 or 1.";
    0x26 UserProperty "User Property" "user-property" Pair (Utf8String, Utf8String), "User Property: a name and a value.";
    0x27 MaximumPacketSize "Maximum Packet Size" "maximum-packet-size" FourByte u32, "Maximum Packet Size in bytes, at least 1.";
    0x28 WildcardSubscriptionAvailable "Wildcard Subscription Available" "wildcard-subscription-available" Byte u8, "Wildcard Subscription Available, 0 or 1.";
    0x29 SubscriptionIdentifierAvailable "Subscription Identifier Available" "subscription-identifier-available" Byte u8, "Subscription Identifier Available, 0 or 1.";
    0x2A SharedSubscriptionAvailable "Shared Subscription Available" "shared-subscription-available" Byte u8, "Shared Subscription Available, 0 or 1.";
}

impl Property {
    /// The bytes of its texts or binary data.
    fn text_bytes(&self) -> usize {
        match self.value_ref() {
            ValueRef::Byte(_) | ValueRef::TwoByte(_) | ValueRef::FourByte(_) | ValueRef::VariableByte(_) => 0,
            ValueRef::Text(text) => text.len(),
            ValueRef::Binary(bytes) => bytes.len(),
            ValueRef::Pair((name, value)) => name.len() + value.len(),
        }
    }

    fn detached(&self) -> Self {
        let value = match self.value() {
            Value::Text(text) => Value::Text(text.detached()),
            Value::Binary(bytes) => Value::Binary(Bytes::copy_from_slice(&bytes)),
            Value::Pair((name, value)) => Value::Pair((name.detached(), value.detached())),
            number @ (Value::Byte(_) | Value::TwoByte(_) | Value::FourByte(_) | Value::VariableByte(_)) => {
                number
            }
        };
        Self::new(self.id(), value).unwrap_or_else(|| self.clone())
    }
}

impl PropertyId {
    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// The type of a property's value (MQTT 5.0 §1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the standard's data types, documented at `Value`")]
pub enum ValueKind {
    Byte,
    TwoByte,
    FourByte,
    VariableByte,
    Text,
    Binary,
    Pair,
}

/// The value of a property, whatever its type (MQTT 5.0 §1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A byte.
    Byte(u8),
    /// A Two Byte Integer.
    TwoByte(u16),
    /// A Four Byte Integer.
    FourByte(u32),
    /// A Variable Byte Integer, at most 268,435,455.
    VariableByte(u32),
    /// A UTF-8 Encoded String.
    Text(Utf8String),
    /// Binary Data.
    Binary(Bytes),
    /// A UTF-8 String Pair.
    Pair((Utf8String, Utf8String)),
}

/// Counts how often each property stands in one list, to number the repeated ones.
pub(crate) struct Occurrences([u32; 48]);

impl Occurrences {
    pub(crate) const fn new() -> Self {
        Self([0; 48])
    }

    /// Counts one more, and says how many there were before.
    pub(crate) fn count(&mut self, id: PropertyId) -> usize {
        let Some(count) = self.0.get_mut(usize::from(id.number())) else { return 0 };
        let before = usize::try_from(*count).unwrap_or(usize::MAX);
        *count = count.saturating_add(1);
        before
    }
}

/// A [`Value`] that is only looked at.
pub(crate) enum ValueRef<'a> {
    Byte(&'a u8),
    TwoByte(&'a u16),
    FourByte(&'a u32),
    VariableByte(&'a u32),
    Text(&'a Utf8String),
    Binary(&'a Bytes),
    Pair(&'a (Utf8String, Utf8String)),
}

/// The properties of a packet in the order in which they stand in it.
///
/// The decoder admits only properties that the packet may carry, and repetitions only where they are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<Property>);

impl Properties {
    /// No properties; allocates nothing.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The memory that the list takes.
    #[cfg(test)]
    pub(crate) const fn list_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Property>()
    }

    /// The bytes of memory that they take.
    pub fn size(&self) -> usize {
        self.0.iter().map(|property| size_of::<Property>() + property.text_bytes()).sum()
    }

    /// The same properties in memory of their own. Those of a decoded packet keep in memory what arrived together with it.
    #[must_use]
    pub fn detached(&self) -> Self {
        self.0.iter().map(Property::detached).collect()
    }

    /// Adds a property at the end.
    pub fn push(&mut self, property: Property) {
        self.0.push(property);
    }

    /// The properties in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }

    /// The first property of this kind.
    pub fn get(&self, id: PropertyId) -> Option<&Property> {
        self.0.iter().find(|property| property.id() == id)
    }

    /// Keeps the properties for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&Property) -> bool) {
        self.0.retain(keep);
    }

    /// All Subscription Identifiers in order.
    pub fn subscription_identifiers(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter_map(|property| {
            if let Property::SubscriptionIdentifier(id) = property { Some(*id) } else { None }
        })
    }

    /// All User Properties in order.
    pub fn user_properties(&self) -> impl Iterator<Item = &(Utf8String, Utf8String)> {
        self.0.iter().filter_map(
            |property| if let Property::UserProperty(pair) = property { Some(pair) } else { None },
        )
    }
}

/// Typed look-ups of the properties that stand at most once.
macro_rules! lookups {
    ($($method:ident $id:ident $value:ty;)*) => {
        impl Properties {
            $(
                #[doc = concat!("The value of [`PropertyId::", stringify!($id), "`], if it is there.")]
                pub fn $method(&self) -> Option<$value> {
                    self.0.iter().find_map(|property| match property {
                        Property::$id(value) => Some(value.clone()),
                        _ => None,
                    })
                }
            )*
        }
    };
}

lookups! {
    payload_format_indicator PayloadFormatIndicator u8;
    message_expiry_interval MessageExpiryInterval u32;
    content_type ContentType Utf8String;
    response_topic ResponseTopic Utf8String;
    correlation_data CorrelationData Bytes;
    session_expiry_interval SessionExpiryInterval u32;
    assigned_client_identifier AssignedClientIdentifier Utf8String;
    server_keep_alive ServerKeepAlive u16;
    authentication_method AuthenticationMethod Utf8String;
    authentication_data AuthenticationData Bytes;
    request_problem_information RequestProblemInformation u8;
    will_delay_interval WillDelayInterval u32;
    request_response_information RequestResponseInformation u8;
    response_information ResponseInformation Utf8String;
    server_reference ServerReference Utf8String;
    reason_string ReasonString Utf8String;
    receive_maximum ReceiveMaximum u16;
    topic_alias_maximum TopicAliasMaximum u16;
    topic_alias TopicAlias u16;
    maximum_qos MaximumQoS u8;
    retain_available RetainAvailable u8;
    maximum_packet_size MaximumPacketSize u32;
    wildcard_subscription_available WildcardSubscriptionAvailable u8;
    subscription_identifier_available SubscriptionIdentifierAvailable u8;
    shared_subscription_available SharedSubscriptionAvailable u8;
}

impl FromIterator<Property> for Properties {
    fn from_iter<T: IntoIterator<Item = Property>>(properties: T) -> Self {
        Self(properties.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Properties {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
