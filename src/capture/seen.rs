//! A packet of a conversation, as it is passed to those who look on.

use bytes::Bytes;
use mqttspec_segments::Stamp;
use mqttspec_spec::Version;
use mqttspec_wire::{Fault, Packet, Sender};

use crate::referee::Violation;

/// A packet, as it is shown to those who look on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When, and in which frame its last byte was.
    pub stamp: Stamp,
    /// Who sent it.
    pub sender: Sender,
    /// Its bytes; only the first ones of a packet that is not there as a whole.
    pub raw: &'a Bytes,
    /// Its size in bytes.
    pub size: u64,
    /// The version by which it is read, if any is known.
    pub version: Option<Version>,
    /// What it says, if it can be decoded.
    pub packet: Option<&'a Packet>,
    /// Why it cannot be decoded.
    pub fault: Option<&'a Fault>,
    /// What it breaks.
    pub violations: &'a [Violation],
}

impl<'a> Seen<'a> {
    /// A packet of which nothing is known but its bytes.
    pub(super) const fn bare(stamp: Stamp, sender: Sender, raw: &'a Bytes) -> Self {
        let size = raw.len() as u64;
        Self { stamp, sender, raw, size, version: None, packet: None, fault: None, violations: &[] }
    }
}

/// Is told of every packet.
pub type Watcher<'w> = dyn FnMut(&Seen<'_>) + 'w;
