//! Conversations of a capture as they can be played again.

use std::{collections::BTreeMap, io::Read, time::Duration};

use mqttspec_segments::ReadError;
use mqttspec_spec::Version;
use mqttspec_wire::{Packet, Sender};

use super::{KeyLog, Protocol, Seen, Summary, survey};

/// Packets that are kept at most.
const PACKETS: usize = 200_000;
/// Bytes of all of them at most.
const BYTES: usize = 64 << 20;

/// A conversation that is known from its CONNECT to its end.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its number in the capture.
    pub number: u64,
    /// What is spoken.
    pub version: Version,
    /// The Client Identifier that it had in the end.
    pub client_id: String,
    /// When it was opened, counted from the first one of the capture.
    pub opened: Duration,
    /// What was said, in order.
    pub turns: Vec<Turn>,
    /// Who ended it, if anybody did, and when.
    pub ended: Option<(Sender, Duration)>,
}

/// A packet of a recording.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Its place among all packets of the capture, in the order in which they can have happened; that of the frames may
    /// be another one.
    pub place: usize,
    /// When, counted as [`Recording::opened`] is.
    pub at: Duration,
    /// The frame of its last byte.
    pub frame: u64,
    /// Who sent it.
    pub sender: Sender,
    /// What it says.
    pub packet: Packet,
}

/// The recordings of a capture.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// Those that can be played again, in order of their numbers.
    pub whole: Vec<Recording>,
    /// The numbers of the others, with the reasons.
    pub left_out: Vec<(u64, String)>,
}

/// Reads the conversations of a capture, or only those with these numbers.
///
/// # Errors
/// The capture cannot be read, or there is too much in it.
pub fn record(input: impl Read, keys: KeyLog, wanted: &[u64]) -> Result<Recordings, RecordError> {
    let mut kept = Kept::default();
    let is_wanted = |number: u64| wanted.is_empty() || wanted.contains(&number);
    let survey = survey(input, keys, &mut |number, seen| {
        if is_wanted(number) {
            kept.add(number, seen);
        }
    })?;
    if kept.packets > PACKETS || kept.bytes > BYTES {
        return Err(RecordError::TooMuch);
    }
    let mut recordings = Recordings::default();
    let began = survey.conversations.iter().map(|summary| summary.opened.at).min().unwrap_or_default();
    for summary in survey.conversations.iter().filter(|summary| is_wanted(summary.number)) {
        let turns = kept.turns.remove(&summary.number).unwrap_or_default();
        match recording(summary, turns, kept.garbled.get(&summary.number), began) {
            Ok(recording) => recordings.whole.push(recording),
            Err(why) => recordings.left_out.push((summary.number, why)),
        }
    }
    Ok(recordings)
}

/// Why there are no recordings.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The capture cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds more than can be kept.
    #[error(
        "it holds more than {PACKETS} packets or {BYTES} bytes of them; choose some with `--conversation`"
    )]
    TooMuch,
}

#[derive(Default)]
struct Kept {
    turns: BTreeMap<u64, Vec<Turn>>,
    garbled: BTreeMap<u64, u64>,
    packets: usize,
    bytes: usize,
}

impl Kept {
    fn add(&mut self, number: u64, seen: &Seen<'_>) {
        let Some(packet) = seen.packet else {
            self.garbled.entry(number).or_insert(seen.stamp.frame);
            return;
        };
        self.packets += 1;
        self.bytes += seen.raw.len();
        if self.packets > PACKETS || self.bytes > BYTES {
            return;
        }
        let turn = Turn {
            place: self.packets,
            at: seen.stamp.at,
            frame: seen.stamp.frame,
            sender: seen.sender,
            packet: packet.clone(),
        };
        self.turns.entry(number).or_default().push(turn);
    }
}

fn recording(
    summary: &Summary,
    mut turns: Vec<Turn>,
    garbled: Option<&u64>,
    began: Duration,
) -> Result<Recording, String> {
    if let Some((blind, (_, bytes))) = summary.blind.first_key_value() {
        return Err(blind.describe(*bytes));
    }
    if let Some(frame) = garbled {
        return Err(format!("frame {frame} holds a packet that cannot be decoded"));
    }
    let Protocol::Known(version) = summary.protocol else {
        return Err("only MQTT 3.1.1 and 5.0 can be played".to_owned());
    };
    let since = |at: Duration| at.saturating_sub(began);
    for turn in &mut turns {
        turn.at = since(turn.at);
    }
    Ok(Recording {
        number: summary.number,
        version,
        client_id: summary.client_id.clone().unwrap_or_default(),
        opened: since(summary.opened.at),
        turns,
        ended: summary.ended.map(|(by, _)| (by, since(summary.latest.at))),
    })
}
