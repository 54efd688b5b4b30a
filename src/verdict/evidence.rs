//! The packets and connection events of one scenario's run, as they happened.

use std::{fmt, time::Duration};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::Sender;
use serde::{Serialize, Serializer};

/// One thing that happened on a network connection.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// When, counted from the start of the scenario's run.
    #[serde(serialize_with = "seconds", rename = "at_seconds")]
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
#[derive(Clone, Debug, Serialize)]
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
        #[serde(serialize_with = "sender")]
        from: Sender,
        /// The version by which it is to be read.
        #[serde(serialize_with = "number")]
        version: Version,
        /// A line that says what it is: `PUBLISH QoS 1, id 7, topic a/b, 3 bytes`.
        summary: String,
        /// What is wrong with it, if it is malformed.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
        /// Its bytes.
        hex: Hex,
    },
    /// One side closed it, or its sending direction.
    Closed {
        /// Who.
        #[serde(serialize_with = "sender")]
        by: Sender,
        /// How: `closed`, `reset`.
        how: String,
    },
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

pub(super) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn sender<S: Serializer>(sender: &Sender, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(sender)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) fn number<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(version.number())
}
