//! The packets and connection events of one scenario's run, as they happened.

use std::{fmt, time::Duration};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::Sender;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::written::{self, seconds};

/// One thing that happened on a network connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When, counted from the start of the scenario's run.
    #[serde(with = "seconds", rename = "at_seconds")]
    pub at: Duration,
    /// The client's name in the scenario.
    pub client: String,
    /// Which of this client's network connections, counted from 1.
    pub connection: u32,
    /// What happened.
    #[serde(flatten)]
    pub kind: EvidenceKind,
}

/// What happened on a network connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// It was opened.
    Opened,
    /// It could not be opened.
    Refused {
        /// Why, as the operating system says it.
        why: String,
    },
    /// Bytes travelled: a whole packet, or as much of one as came.
    Packet {
        /// Who sent it.
        #[serde(with = "written::sender")]
        from: Sender,
        /// The version by which it is to be read.
        #[serde(with = "written::version")]
        version: Version,
        /// A line that says what it is: `PUBLISH QoS 1, id 7, topic a/b, 3 bytes`.
        summary: String,
        /// What is wrong with it, if it is malformed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        /// Its bytes.
        hex: Hex,
    },
    /// One side closed it, or its sending direction.
    Closed {
        /// Who.
        #[serde(with = "written::sender")]
        by: Sender,
        /// How: `closed`, `reset`.
        how: String,
    },
}

/// How a broker is brought to its end before it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// It is asked to end, and takes the time it needs.
    Asked,
    /// Its process is killed.
    Killed,
}

impl Restart {
    /// How evidence tells the end that network connections came to with it.
    pub const fn how(self) -> &'static str {
        match self {
            Self::Asked => "closed for a restart",
            Self::Killed => "killed",
        }
    }
}

/// Bytes that are written as hexadecimal text.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Bytes);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written::text(deserializer, |text| {
            bytes(text.as_bytes()).map(Self).ok_or("bytes are pairs of hexadecimal digits")
        })
    }
}

fn bytes(digits: &[u8]) -> Option<Bytes> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty())
}
