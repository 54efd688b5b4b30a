//! One MQTT conversation: its packets, counted, timed and judged.

use std::collections::BTreeMap;

use bytes::Bytes;
use mqttspec_segments::{Lost, Stamp};
use mqttspec_wire::{Fault, FaultKind, Packet, Sender, decode};

use super::{
    breach::{Breaches, Recent},
    framing::{Framing, Piece},
    guess::Guess,
    protocol::{Blind, Protocol},
    seen::{Seen, Watcher},
    sniff::Known,
    timing::Timings,
    unpacked::Unreadable,
};
use crate::referee::{self, Knowledge};

/// How many packets there are of each type, by its number.
pub type Counts = [u64; 16];

/// A conversation of which it is known that it is MQTT, and who is the client.
#[derive(Debug)]
pub struct Session {
    sides: [Side; 2],
    /// What the client speaks.
    pub protocol: Protocol,
    /// The client's identifier, once it is known.
    pub client_id: Option<String>,
    /// What was broken.
    pub breaches: Breaches,
    /// What cannot be known, and since when; bytes that are missing are counted.
    pub blind: BTreeMap<Blind, (Stamp, u64)>,
    /// How long answers took.
    pub timings: Timings,
    referee: Option<referee::Connection>,
    guess: Guess,
    recent: Recent,
    /// The first packet of either side is still to come.
    is_new: bool,
    found: Vec<Piece>,
}

/// One direction.
#[derive(Debug)]
struct Side {
    framing: Framing,
    counts: Counts,
    /// It is seen from its first byte on.
    whole: bool,
    /// Where packets begin is a guess.
    guessed: bool,
    /// How many packets have confirmed it.
    confirmed: u32,
    /// A packet could not be decoded, after which nothing has a meaning.
    garbled: bool,
}

impl Side {
    fn new(whole: bool) -> Self {
        Self {
            framing: Framing::new(whole),
            counts: [0; 16],
            whole,
            guessed: !whole,
            confirmed: 0,
            garbled: false,
        }
    }
}

/// So many packets in a row confirm a guess about where packets begin.
const CONFIRMED: u32 = 4;

const fn index(sender: Sender) -> usize {
    match sender {
        Sender::Client => 0,
        Sender::Server => 1,
    }
}

/// A conversation of which nothing has been heard yet.
impl Default for Session {
    fn default() -> Self {
        Self {
            sides: [Side::new(false), Side::new(false)],
            protocol: Protocol::Unknown,
            client_id: None,
            breaches: Breaches::default(),
            blind: BTreeMap::new(),
            timings: Timings::default(),
            referee: None,
            guess: Guess::default(),
            recent: Recent::default(),
            is_new: true,
            found: Vec::new(),
        }
    }
}

impl Session {
    /// How many packets of each type a side has sent.
    pub fn counts(&self, sender: Sender) -> &Counts {
        let [client, server] = &self.sides;
        match sender {
            Sender::Client => &client.counts,
            Sender::Server => &server.counts,
        }
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        let [client, server] = &mut self.sides;
        if index(sender) == 0 { client } else { server }
    }

    /// A side begins to speak. `whole`: it will be heard from its first byte on.
    pub fn begins(&mut self, sender: Sender, whole: bool) {
        *self.side(sender) = Side::new(whole);
    }

    /// A side sent bytes.
    pub fn bytes(&mut self, stamp: Stamp, sender: Sender, bytes: Bytes, watcher: &mut Watcher<'_>) {
        let mut found = std::mem::take(&mut self.found);
        let look = Known { sender, version: self.protocol.reading() };
        self.side(sender).framing.bytes(bytes, &look, &mut found);
        self.pieces(stamp, sender, &mut found, watcher);
        self.found = found;
    }

    /// So many bytes of a side are missing.
    pub fn gap(
        &mut self,
        stamp: Stamp,
        sender: Sender,
        (bytes, lost): (u64, Lost),
        watcher: &mut Watcher<'_>,
    ) {
        let mut found = Vec::new();
        self.side(sender).framing.gap(bytes, &mut found);
        self.lose_sight(stamp, Blind::Missing(lost), bytes);
        self.pieces(stamp, sender, &mut found, watcher);
    }

    /// A side has nothing more to say.
    pub fn ended(&mut self, stamp: Stamp, sender: Sender, watcher: &mut Watcher<'_>) {
        let side = self.side(sender);
        let raw = Bytes::copy_from_slice(side.framing.pending());
        if raw.is_empty() || side.guessed || side.garbled {
            return;
        }
        // Of a packet that was begun, the fixed header can already be wrong.
        if let Err(fault) = decode(sender, self.protocol.reading(), &raw)
            && fault.offset < 2
            && !matches!(fault.kind, FaultKind::LengthPastEnd { .. })
        {
            self.count(sender, &raw);
            self.fault(Seen::bare(stamp, sender, &raw), &fault, watcher);
        }
    }

    /// The bytes of a packet of which the rest has not come.
    pub fn pending(&self, sender: Sender) -> &[u8] {
        let [client, server] = &self.sides;
        if index(sender) == 0 { client.framing.pending() } else { server.framing.pending() }
    }

    /// Nothing more can be read of a side.
    pub(super) fn lose_side(&mut self, stamp: Stamp, why: Unreadable) {
        self.lose_sight(stamp, Blind::Wrapped(why), 0);
    }

    fn lose_sight(&mut self, stamp: Stamp, blind: Blind, bytes: u64) {
        self.blind.entry(blind).or_insert((stamp, 0)).1 += bytes;
        if let Some(referee) = &mut self.referee {
            referee.gap();
        }
    }

    fn pieces(&mut self, stamp: Stamp, sender: Sender, found: &mut Vec<Piece>, watcher: &mut Watcher<'_>) {
        for piece in found.drain(..) {
            match piece {
                Piece::Whole(raw) => self.packet(stamp, sender, &raw, watcher),
                Piece::Part { head, size } => {
                    if std::mem::take(&mut self.is_new) && sender == Sender::Client {
                        self.protocol = Protocol::of(&head);
                    }
                    self.count(sender, &head);
                    if !self.blind.keys().any(|blind| matches!(blind, Blind::Missing(_))) {
                        self.lose_sight(stamp, Blind::TooLarge, 0);
                    }
                    self.tell(&Seen { size, ..Seen::bare(stamp, sender, &head) }, watcher);
                }
                Piece::Garbled(raw) => match decode(sender, self.protocol.reading(), &raw) {
                    Err(fault) if !self.side(sender).guessed => {
                        self.fault(Seen::bare(stamp, sender, &raw), &fault, watcher);
                    }
                    Ok(_) | Err(_) => {}
                },
                Piece::Lost => {
                    let side = self.side(sender);
                    (side.guessed, side.confirmed) = (true, 0);
                }
                Piece::Found => {}
            }
        }
    }

    fn count(&mut self, sender: Sender, raw: &[u8]) {
        let number = usize::from(raw.first().map_or(0, |first| first >> 4));
        if let Some(count) = self.side(sender).counts.get_mut(number) {
            *count += 1;
        }
    }

    fn packet(&mut self, stamp: Stamp, sender: Sender, raw: &Bytes, watcher: &mut Watcher<'_>) {
        if std::mem::take(&mut self.is_new) {
            self.begin(stamp, sender, raw);
        }
        self.count(sender, raw);
        let is_readable = !self.side(sender).garbled;
        if self.protocol == Protocol::Unknown
            && let Some(version) = self.guess.packet(sender, raw)
        {
            self.protocol = Protocol::Likely(version);
            let known = Knowledge { version: Some(version), midway: true, ..Knowledge::default() };
            self.referee = Some(referee::Connection::new(known));
        }
        let version = self.protocol.reading();
        if version.is_none() || !is_readable {
            return self.tell(&Seen { version, ..Seen::bare(stamp, sender, raw) }, watcher);
        }
        // A client's first packet brings its version along.
        match decode(sender, version, raw) {
            Ok(packet) => {
                let seen = Seen { version, packet: Some(&packet), ..Seen::bare(stamp, sender, raw) };
                self.decoded(&seen, &packet, watcher);
            }
            Err(fault) => self.fault(Seen::bare(stamp, sender, raw), &fault, watcher),
        }
    }

    /// The first packet says whether the conversation can be judged.
    fn begin(&mut self, stamp: Stamp, sender: Sender, raw: &Bytes) {
        let is_connect = sender == Sender::Client && raw.first().is_some_and(|first| first >> 4 == 1);
        if is_connect {
            self.protocol = Protocol::of(raw);
            // Nothing comes before it, so what was captured of this side is all of it.
            let client = self.side(Sender::Client);
            (client.whole, client.guessed) = (true, false);
        }
        match self.protocol {
            Protocol::Known(_) if is_connect => {
                self.referee = Some(referee::Connection::new(Knowledge::default()));
            }
            Protocol::Mqtt31 | Protocol::Level(_) => self.lose_sight(stamp, Blind::Version, 0),
            Protocol::Unknown | Protocol::Known(_) | Protocol::Likely(_) => {
                self.lose_sight(stamp, Blind::Late, 0);
            }
        }
    }

    fn decoded(&mut self, seen: &Seen<'_>, packet: &Packet, watcher: &mut Watcher<'_>) {
        let Seen { stamp, sender, raw, .. } = *seen;
        self.recognise(stamp, sender, packet);
        self.timings.packet(stamp.at, sender, packet);
        let mut violations = match &mut self.referee {
            Some(referee) => referee.packet(stamp.at, sender, packet, raw.len()),
            None => Vec::new(),
        };
        let side = self.side(sender);
        side.confirmed = side.confirmed.saturating_add(1);
        if side.guessed && side.confirmed < CONFIRMED {
            violations.clear();
        }
        self.tell(&Seen { violations: &violations, ..*seen }, watcher);
    }

    /// What the packet says about the conversation itself.
    fn recognise(&mut self, stamp: Stamp, sender: Sender, packet: &Packet) {
        if let (Packet::Connect(connect), None) = (packet, &self.client_id) {
            self.client_id = Some(connect.client_id.to_string());
        }
        if let Packet::Connack(connack) = packet
            && let Some(assigned) = connack.properties.assigned_client_identifier()
        {
            self.client_id = Some(assigned.to_string());
        }
        // A server that was not heard from its first byte on may have said something before this.
        let side = self.side(sender);
        if sender == Sender::Server && !std::mem::replace(&mut side.whole, true) {
            side.guessed = !matches!(packet, Packet::Connack(_) | Packet::Auth(_));
            if side.guessed {
                self.lose_sight(stamp, Blind::Late, 0);
            }
        }
    }

    fn fault(&mut self, bare: Seen<'_>, fault: &Fault, watcher: &mut Watcher<'_>) {
        let Seen { stamp, sender, .. } = bare;
        let side = self.side(sender);
        let mut violations = Vec::new();
        if side.guessed {
            // The guess was wrong, or the bytes are; there is no telling which.
            side.framing.lose();
            side.confirmed = 0;
            if let Some(referee) = &mut self.referee {
                referee.gap();
            }
        } else {
            side.garbled = true;
            if let Some(referee) = &mut self.referee {
                violations = referee.fault(stamp.at, sender, fault);
            }
        }
        let version = self.protocol.reading();
        self.tell(&Seen { version, fault: Some(fault), violations: &violations, ..bare }, watcher);
    }

    /// Writes a packet down and shows it to who looks on.
    fn tell(&mut self, seen: &Seen<'_>, watcher: &mut Watcher<'_>) {
        if !seen.violations.is_empty() {
            self.breaches.add(seen, &self.recent);
        }
        self.recent.add(seen);
        watcher(seen);
    }
}
