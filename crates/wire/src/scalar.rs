//! The small values that packets are made of.

use std::{fmt, num::NonZeroU16, ops::Deref};

use bytes::Bytes;
use bytestring::ByteString;

/// Which end of the network connection sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The client, which opened the network connection.
    Client,
    /// The server.
    Server,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A Packet Identifier, which is never zero (MQTT 3.1.1 §2.3.1, MQTT 5.0 §2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The lowest identifier.
    pub const MIN: Self = Self(NonZeroU16::MIN);

    /// The identifier with this value, unless it is zero.
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// Its value, 1 to 65535.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The following identifier; 65535 is followed by 1.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(value) => Self(value),
            None => Self::MIN,
        }
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Quality of Service (MQTT 3.1.1 §4.3, MQTT 5.0 §4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QoS {
    /// QoS 0.
    #[default]
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce,
    /// QoS 2.
    ExactlyOnce,
}

impl QoS {
    /// The three levels, lowest first.
    pub const ALL: [Self; 3] = [Self::AtMostOnce, Self::AtLeastOnce, Self::ExactlyOnce];

    /// The level with this number; there is no QoS 3.
    pub const fn new(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// Its number, 0 to 2.
    pub const fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QoS {}", self.level())
    }
}

/// A UTF-8 Encoded String: well-formed, without U+0000 (MQTT 3.1.1 §1.5.3, MQTT 5.0 §1.5.4).
///
/// A decoded one shares the memory of the packet it came in. Its length is at most 65,535 bytes.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8String(ByteString);

/// Why some bytes are not a UTF-8 Encoded String. Offsets count from the first byte of the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Utf8Fault {
    /// The bytes from here on are not well-formed UTF-8 (this includes encoded surrogates).
    #[error("ill-formed UTF-8 at byte {0} of the string")]
    IllFormed(usize),
    /// Here stands U+0000.
    #[error("U+0000 at byte {0} of the string")]
    Null(usize),
    /// The string is longer than its two-byte length can say.
    #[error("the string has {0} bytes; 65535 is the most")]
    TooLong(usize),
}

impl Utf8String {
    /// The empty string.
    pub const fn new() -> Self {
        Self(ByteString::new())
    }

    /// These bytes as a string, sharing their memory.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, Utf8Fault> {
        if bytes.len() > usize::from(u16::MAX) {
            return Err(Utf8Fault::TooLong(bytes.len()));
        }
        let text = ByteString::try_from(bytes).map_err(|error| Utf8Fault::IllFormed(error.valid_up_to()))?;
        match text.bytes().position(|byte| byte == 0) {
            Some(offset) => Err(Utf8Fault::Null(offset)),
            None => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes, sharing their memory.
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// The same text in memory of its own. A text of a decoded packet keeps in memory what arrived together with it.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(ByteString::from(self.as_str()))
    }
}

impl Deref for Utf8String {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Utf8String {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Utf8String {
    type Error = Utf8Fault;

    fn try_from(text: &str) -> Result<Self, Utf8Fault> {
        Self::from_bytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl TryFrom<String> for Utf8String {
    type Error = Utf8Fault;

    fn try_from(text: String) -> Result<Self, Utf8Fault> {
        Self::from_bytes(Bytes::from(text))
    }
}

impl PartialEq<str> for Utf8String {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl fmt::Debug for Utf8String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
