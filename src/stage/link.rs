//! One network connection as the player sees it: packets decoded both ways, watched by the referee.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Decoder, Fault, FaultKind, Frame, Packet, PacketId, Properties, ReasonCode, Rejected, Sender,
    packet::{Connack, PacketType},
};

use crate::{
    describe::describe,
    referee::{self, Violation},
    verdict::{EvidenceKind, Hex},
};

/// More than this from one network connection is a flood, and no scenario asks for so much.
const RECEIVED_LIMIT: usize = 64 << 20;
/// More packets than this on one network connection are a flood too.
const PACKET_LIMIT: usize = 50_000;

/// A packet that the broker sent and no step has dealt with yet.
#[derive(Clone, Debug)]
pub struct Received {
    /// When it came.
    pub at: Duration,
    /// The packet.
    pub packet: Packet,
    /// Where it stands in the evidence.
    pub evidence: usize,
}

/// How far a network connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Being opened.
    Opening,
    /// Open.
    Open,
    /// It could not be opened, for this reason.
    Refused(String),
    /// Ended by one side.
    Closed {
        /// Who closed first.
        by: Sender,
        /// When.
        at: Duration,
    },
}

/// A network connection.
#[expect(clippy::struct_excessive_bools, reason = "they have nothing to do with each other")]
pub struct Link {
    /// The scenario's name of the client.
    pub client: String,
    /// Which of the client's network connections, counted from 1.
    pub ordinal: u32,
    /// How far it is.
    pub state: LinkState,
    /// What the broker sent and no step has dealt with yet.
    pub inbox: VecDeque<Received>,
    /// What is wrong with the broker's bytes, once something is; nothing can be read after that.
    pub garbled: Option<String>,
    /// Whether the broker sent a CONNACK that accepts.
    pub accepted: bool,
    /// Answers to fences that nobody waits for any more: by type and packet identifier.
    owed: Vec<(PacketType, Option<PacketId>)>,
    /// What the topics of the script have in common. A message whose topic lacks it is not for the script: no standard
    /// keeps a server from sending a client more than it asked for.
    topics: Option<String>,
    /// Something was to be sent when the broker had closed already.
    pub outlived: bool,
    /// How many PINGREQs were sent that can be read.
    pub pings_sent: u32,
    /// How many PINGRESPs came.
    pub pings_answered: u32,
    /// It has asked for messages of any topic, or for nobody knows what.
    pub(super) wants_all: bool,
    pub(super) version: Version,
    sent: Decoder,
    /// Our own bytes stopped making sense, on purpose.
    sent_wrong: bool,
    /// The broker has refused a CONNECT of MQTT 5.0 in the words of MQTT 3.1.1; nothing follows that.
    refused_in_old_words: bool,
    received: Decoder,
    received_bytes: usize,
    received_packets: usize,
    referee: referee::Connection,
}

/// Something to be written down about a link.
pub struct Note {
    /// What happened.
    pub kind: EvidenceKind,
    /// The packet, if it came whole from the broker.
    pub packet: Option<Packet>,
    /// What the referee says to it.
    pub violations: Vec<Violation>,
}

impl Link {
    /// A network connection that is being opened.
    pub fn new(client: String, ordinal: u32, version: Version) -> Self {
        Self {
            client,
            ordinal,
            state: LinkState::Opening,
            inbox: VecDeque::new(),
            garbled: None,
            accepted: false,
            owed: Vec::new(),
            outlived: false,
            topics: None,
            pings_sent: 0,
            pings_answered: 0,
            wants_all: false,
            version,
            sent: Decoder::new(Sender::Client, None),
            sent_wrong: false,
            refused_in_old_words: false,
            received: Decoder::new(Sender::Server, Some(version)),
            received_bytes: 0,
            received_packets: 0,
            referee: referee::Connection::new(referee::Knowledge::default()),
        }
    }

    /// Whether it is open and its bytes can be read.
    pub fn is_usable(&self) -> bool {
        self.state == LinkState::Open && self.garbled.is_none()
    }

    /// From here on no client but those of the script uses topics with this in their names.
    pub fn has_topics_of_its_own(&mut self, mark: String) {
        self.referee.solicits_all_with(mark.clone());
        self.topics = Some(mark);
    }

    /// Whether a packet of the broker is a message that has nothing to do with the script.
    pub fn is_foreign(&self, packet: &Packet) -> bool {
        let Packet::Publish(publish) = packet else { return false };
        let topic: &str = &publish.topic;
        !topic.is_empty() && self.topics.as_ref().is_some_and(|ours| !topic.contains(ours.as_str()))
    }

    /// Nobody waits any more for this answer to a fence, which may have come already beside what was awaited.
    pub fn forget_answer(&mut self, answer: (PacketType, Option<PacketId>)) {
        if self.take(|packet| (packet.packet_type(), packet.packet_id()) == answer).is_none() {
            self.owed.push(answer);
        }
    }

    /// Whether a packet is the answer to a fence that nobody waits for any more. It is then owed no longer.
    pub fn settles_debt(&mut self, packet: &Packet) -> bool {
        let answer = (packet.packet_type(), packet.packet_id());
        let debt = self.owed.iter().position(|owed| *owed == answer);
        debt.map(|index| self.owed.swap_remove(index)).is_some()
    }

    /// How many PINGRESPs there will be once a PINGREQ that is sent now is answered.
    pub fn next_ping(&self) -> u32 {
        self.pings_sent.max(self.pings_answered) + 1
    }

    /// Takes the PINGRESP that makes it so many, the answers to earlier PINGREQs being left to those who wait for them.
    pub fn take_answer(&mut self, ping: u32) -> Option<Received> {
        if self.pings_answered < ping {
            return None;
        }
        let index = self.inbox.iter().rposition(|received| matches!(received.packet, Packet::Pingresp))?;
        self.inbox.remove(index)
    }

    /// Takes the first packet in the inbox that is wanted.
    pub fn take(&mut self, mut wanted: impl FnMut(&Packet) -> bool) -> Option<Received> {
        let index = self.inbox.iter().position(|received| wanted(&received.packet))?;
        self.inbox.remove(index)
    }

    /// What we send, packet by packet.
    pub fn sent(&mut self, now: Duration, bytes: &Bytes) -> Vec<Note> {
        let mut notes = Vec::new();
        if self.sent_wrong {
            notes.push(self.raw(
                Sender::Client,
                bytes.clone(),
                "bytes after a malformed packet".into(),
                None,
            ));
            return notes;
        }
        self.sent.feed(bytes);
        loop {
            match self.sent.next() {
                Ok(Some(frame)) => {
                    self.wants_all |= asks_for_all(&frame.packet);
                    self.pings_sent += u32::from(matches!(frame.packet, Packet::Pingreq));
                    let violations = self.referee.packet(now, Sender::Client, &frame.packet, frame.raw.len());
                    notes.push(self.whole(Sender::Client, frame, violations));
                }
                Ok(None) => break,
                Err(Rejected { raw, fault }) => {
                    self.sent_wrong = true;
                    self.wants_all = true;
                    let violations = self.referee.fault(now, Sender::Client, &fault);
                    let mut note =
                        self.raw(Sender::Client, raw, "malformed on purpose".into(), Some(fault.to_string()));
                    note.violations = violations;
                    notes.push(note);
                    return notes;
                }
            }
        }
        if !self.sent.pending().is_empty() {
            let pending = Bytes::copy_from_slice(self.sent.pending());
            notes.push(self.raw(Sender::Client, pending, "the beginning of a packet".into(), None));
        }
        notes
    }

    /// What the broker sent, packet by packet. `None` after the notes means that it sent more than anybody asked for.
    pub fn received(&mut self, now: Duration, bytes: &[u8]) -> Vec<Note> {
        let mut notes = Vec::new();
        if self.garbled.is_some() || self.refused_in_old_words {
            return notes;
        }
        self.received_bytes = self.received_bytes.saturating_add(bytes.len());
        if self.received_bytes > RECEIVED_LIMIT || self.received_packets > PACKET_LIMIT {
            self.garbled =
                Some(format!("the broker sent more than {RECEIVED_LIMIT} bytes or {PACKET_LIMIT} packets"));
            return notes;
        }
        self.received.feed(bytes);
        loop {
            match self.received.next() {
                Ok(Some(frame)) => {
                    self.received_packets += 1;
                    self.pings_answered += u32::from(matches!(frame.packet, Packet::Pingresp));
                    if let Packet::Connack(connack) = &frame.packet {
                        self.accepted = connack.reason.0 == 0;
                    }
                    let violations = self.referee.packet(now, Sender::Server, &frame.packet, frame.raw.len());
                    notes.push(self.whole(Sender::Server, frame, violations));
                }
                Ok(None) => return notes,
                Err(Rejected { raw, fault: Fault { kind: FaultKind::OldConnack(code), .. } })
                    if code.0 != 0 =>
                {
                    self.refused_in_old_words = true;
                    notes.push(refusal_in_old_words(raw, code));
                    return notes;
                }
                Err(Rejected { raw, fault }) => {
                    self.garbled = Some(fault.to_string());
                    let name = raw
                        .first()
                        .and_then(|byte| PacketType::from_number(byte >> 4))
                        .map_or("no control packet", PacketType::name);
                    let violations = self.referee.fault(now, Sender::Server, &fault);
                    let mut note = self.raw(Sender::Server, raw, name.to_owned(), Some(fault.to_string()));
                    note.violations = violations;
                    notes.push(note);
                    return notes;
                }
            }
        }
    }

    /// One side closed the network connection.
    pub fn closed(&mut self, now: Duration, by: Sender) -> Vec<Violation> {
        self.state = LinkState::Closed { by, at: now };
        self.referee.closed(now, by)
    }

    fn whole(&self, from: Sender, frame: Frame, violations: Vec<Violation>) -> Note {
        let version =
            if let Packet::Connect(connect) = &frame.packet { connect.version } else { self.version };
        Note {
            kind: EvidenceKind::Packet {
                from,
                version,
                summary: describe(&frame.packet, version),
                fault: None,
                hex: Hex(frame.raw),
            },
            packet: (from == Sender::Server).then_some(frame.packet),
            violations,
        }
    }

    pub(super) fn raw(&self, from: Sender, bytes: Bytes, summary: String, fault: Option<String>) -> Note {
        Note {
            kind: EvidenceKind::Packet { from, version: self.version, summary, fault, hex: Hex(bytes) },
            packet: None,
            violations: Vec::new(),
        }
    }
}

/// Whether a packet subscribes to a filter that begins with a wildcard.
fn asks_for_all(packet: &Packet) -> bool {
    let Packet::Subscribe(subscribe) = packet else { return false };
    let begins = |filter: &str| filter.starts_with(['#', '+']) || filter.starts_with("$share");
    subscribe.filters.iter().any(|subscription| begins(&subscription.filter))
}

/// A server that does not speak MQTT 5.0, or not the level that was asked for, may say so as MQTT 3.1.1 does.
fn refusal_in_old_words(raw: Bytes, reason: ReasonCode) -> Note {
    let connack = Packet::Connack(Connack { session_present: false, reason, properties: Properties::new() });
    let version = Version::V3_1_1;
    let summary = describe(&connack, version);
    Note {
        kind: EvidenceKind::Packet { from: Sender::Server, version, summary, fault: None, hex: Hex(raw) },
        packet: Some(connack),
        violations: Vec::new(),
    }
}
