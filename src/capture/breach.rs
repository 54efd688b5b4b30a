//! What was broken in a conversation, with the packets that show it.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
};

use bytes::Bytes;
use mqttspec_segments::Stamp;
use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::{Sender, decode};

use super::seen::Seen;
use crate::{describe::describe, referee::Violation};

/// Packets before a breach that are shown with it.
const BEFORE: usize = 6;
/// Bytes of such a packet that are remembered.
const REMEMBERED: usize = 96;
/// Bytes of the packet that shows the breach.
const SHOWN: usize = 64 << 10;
/// Frames that are named for a breach that comes again and again.
const FRAMES: usize = 5;

/// A statement that a party broke in a conversation.
#[derive(Clone, Debug)]
pub struct Breach {
    /// The breach, in the words of its first time.
    pub violation: Violation,
    /// The packets that led to it, the last one of which shows it.
    pub packets: Vec<Shown>,
    /// How often it was broken.
    pub times: u64,
    /// The frames of the first few times.
    pub frames: Vec<u64>,
}

/// A packet that is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When, and in which frame.
    pub stamp: Stamp,
    /// Who sent it.
    pub sender: Sender,
    /// The version by which it is read, if any is known.
    pub version: Option<Version>,
    /// What it is, in a line.
    pub summary: String,
    /// What is wrong with its form.
    pub fault: Option<String>,
    /// Its bytes, or the first of them.
    pub raw: Bytes,
}

/// All breaches of a conversation, in the order in which they came first.
#[derive(Debug, Default)]
pub struct Breaches {
    found: Vec<Breach>,
    known: BTreeMap<(Sender, StatementId), usize>,
}

impl Breaches {
    /// Writes down what a packet breaks.
    pub(super) fn add(&mut self, seen: &Seen<'_>, recent: &Recent) {
        for violation in seen.violations {
            let key = (violation.party, violation.statement);
            let index = *self.known.entry(key).or_insert(self.found.len());
            if self.found.get(index).is_none() {
                let violation = violation.clone();
                let mut packets = recent.shown();
                packets.push(Shown::of(seen));
                self.found.push(Breach { violation, packets, times: 0, frames: Vec::new() });
            }
            if let Some(breach) = self.found.get_mut(index) {
                breach.times += 1;
                if breach.frames.len() < FRAMES {
                    breach.frames.push(seen.stamp.frame);
                }
            }
        }
    }

    /// Takes them out.
    pub fn take(&mut self) -> Vec<Breach> {
        self.known.clear();
        mem::take(&mut self.found)
    }
}

impl Shown {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let raw = Bytes::copy_from_slice(seen.raw.get(..SHOWN).unwrap_or(seen.raw));
        Self {
            stamp: seen.stamp,
            sender: seen.sender,
            version: seen.version,
            summary: summary(seen),
            fault: seen.fault.map(ToString::to_string),
            raw,
        }
    }
}

/// A packet in one line, also if little is known about it.
pub fn summary(seen: &Seen<'_>) -> String {
    match (seen.packet, seen.version) {
        (Some(packet), Some(version)) => describe(packet, version),
        _ => name(seen.raw, seen.size),
    }
}

fn name(raw: &[u8], size: u64) -> String {
    let number = raw.first().map_or(0, |first| first >> 4);
    let name = mqttspec_wire::packet::PacketType::from_number(number);
    let name = name.map_or_else(|| format!("packet type {number}"), |name| name.name().to_owned());
    format!("{name}, {size} bytes")
}

/// The latest packets, in little memory.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Remembered>);

#[derive(Debug)]
struct Remembered {
    stamp: Stamp,
    sender: Sender,
    version: Option<Version>,
    size: u64,
    head: [u8; REMEMBERED],
}

impl Recent {
    pub(super) fn add(&mut self, seen: &Seen<'_>) {
        if self.0.len() == BEFORE {
            self.0.pop_front();
        }
        let mut head = [0; REMEMBERED];
        for (to, from) in head.iter_mut().zip(seen.raw.iter()) {
            *to = *from;
        }
        let Seen { stamp, sender, version, size, .. } = *seen;
        self.0.push_back(Remembered { stamp, sender, version, size, head });
    }

    fn shown(&self) -> Vec<Shown> {
        self.0.iter().map(Remembered::shown).collect()
    }
}

impl Remembered {
    fn shown(&self) -> Shown {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let raw = Bytes::copy_from_slice(self.head.get(..size).unwrap_or(&self.head));
        let packet = self.version.filter(|_| raw.len() == size).and_then(|version| {
            let packet = decode(self.sender, Some(version), &raw).ok()?;
            Some(describe(&packet, version))
        });
        Shown {
            stamp: self.stamp,
            sender: self.sender,
            version: self.version,
            summary: packet.unwrap_or_else(|| name(&raw, self.size)),
            fault: None,
            raw,
        }
    }
}
