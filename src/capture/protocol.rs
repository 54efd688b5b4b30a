//! What a client speaks, and what cannot be known about a conversation.

use std::fmt;

use mqttspec_segments::Lost;
use mqttspec_spec::Version;

use super::{sniff::protocol_level, unpacked::Unreadable};

/// What the client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Its CONNECT was not captured.
    #[default]
    Unknown,
    /// A version that is judged.
    Known(Version),
    /// Its CONNECT was not captured, but its packets fit only this version.
    Likely(Version),
    /// MQTT 3.1 (protocol name `MQIsdp`), which is counted and shown only.
    Mqtt31,
    /// Another protocol level, such as that of a bridge of mosquitto.
    Level(u8),
}

impl Protocol {
    pub(super) fn of(connect: &[u8]) -> Self {
        match protocol_level(connect) {
            Some((3, true)) => Self::Mqtt31,
            Some((4, false)) => Self::Known(Version::V3_1_1),
            Some((5, false)) => Self::Known(Version::V5_0),
            Some((level, _)) => Self::Level(level),
            None => Self::Unknown,
        }
    }

    /// The version by whose rules packets are read.
    pub const fn reading(self) -> Option<Version> {
        match self {
            Self::Known(version) | Self::Likely(version) => Some(version),
            // MQTT 3.1 differs in CONNECT; bridges of mosquitto set the highest bit of the level.
            Self::Mqtt31 | Self::Level(0x83 | 0x84) => Some(Version::V3_1_1),
            Self::Level(_) | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("MQTT of an unknown version"),
            Self::Known(version) => write!(f, "MQTT {}", version.number()),
            Self::Likely(version) => write!(f, "MQTT {} by the look of its packets", version.number()),
            Self::Mqtt31 => f.write_str("MQTT 3.1"),
            Self::Level(level) => write!(f, "MQTT of protocol level {level}"),
        }
    }
}

/// Why something about a conversation cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blind {
    /// The capture began after the connection, so that nobody knows what CONNECT and CONNACK agreed on.
    Late,
    /// Bytes are missing.
    Missing(Lost),
    /// What it travels in cannot be opened any further.
    Wrapped(Unreadable),
    /// A packet is too large to be looked at.
    TooLarge,
    /// The version is not one of those that are judged.
    Version,
}

impl Blind {
    /// Says it in a sentence without a full stop; `bytes` are missing.
    pub fn describe(self, bytes: u64) -> String {
        match self {
            Self::Late => {
                "the capture began after CONNECT and CONNACK, so nobody knows what was agreed on".to_owned()
            }
            Self::Missing(Lost::NotCaptured) => {
                format!("{bytes} bytes that travelled are not in the capture")
            }
            Self::Missing(Lost::Cut) => {
                format!("{bytes} bytes were cut off by the snap length; capture with `-s 0`")
            }
            Self::Missing(Lost::Memory) => {
                format!("{bytes} bytes were passed over because too many segments waited for missing ones")
            }
            Self::Wrapped(why) => why.to_string(),
            Self::TooLarge => "a packet is too large to be kept in memory".to_owned(),
            Self::Version => "only MQTT 3.1.1 and 5.0 are judged".to_owned(),
        }
    }
}
