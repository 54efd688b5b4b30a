//! What a conversation is, by what is said in it.

use bytes::Bytes;
use mqttspec_segments::{Kind, Party, Stamp};
use mqttspec_spec::Version;
use mqttspec_wire::{Sender, decode};

use super::{
    framing::{Look, chain},
    websocket::is_upgrade,
};

/// The port that is registered for MQTT.
const PORT: u16 = 1883;
/// More is not looked at before a conversation is taken for something else.
const EVENTS: usize = 256;
/// The same in bytes. On its port, MQTT may begin in the middle of a large packet.
const BYTES_ON_PORT: usize = 256 << 10;
const BYTES: usize = 16 << 10;
/// Bytes at the beginning of a stream that say what it is.
const BEGINNING: usize = 16 << 10;

/// What a conversation turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// MQTT.
    Mqtt {
        /// Who the client is.
        client: Party,
        /// The first bytes of the client are a CONNECT.
        begins: bool,
    },
    /// WebSocket, and who asked for it.
    WebSocket(Party),
    /// TLS.
    Encrypted,
    /// Nothing that is known here.
    Other,
}

/// What was heard before it is known what it is.
#[derive(Debug)]
pub(super) struct Backlog {
    /// The ports of the two parties.
    ports: [u16; 2],
    pub(super) events: Vec<(Stamp, Kind)>,
    bytes: usize,
}

impl Backlog {
    pub(super) const fn new(ports: [u16; 2]) -> Self {
        Self { ports, events: Vec::new(), bytes: 0 }
    }

    /// Whether nobody has said anything yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds what happened; says what the conversation is as soon as that is clear.
    pub(super) fn add(&mut self, stamp: Stamp, kind: Kind) -> Option<Decision> {
        let size = if let Kind::Bytes { bytes, .. } = &kind { bytes.len() } else { 0 };
        self.bytes += size;
        self.events.push((stamp, kind));
        if size == 0 && self.events.len() <= EVENTS {
            return None;
        }
        let room = if self.is_on_port() { BYTES_ON_PORT } else { BYTES };
        let is_full = self.events.len() > EVENTS || self.bytes > room;
        self.decide(is_full).or(is_full.then_some(Decision::Other))
    }

    /// What it is, as far as that can be told. `at_last`: more will not come.
    pub(super) fn decide(&self, at_last: bool) -> Option<Decision> {
        let mut may_be_mqtt = true;
        for party in [Party::First, Party::Second] {
            let (beginning, whole) = self.beginning(party);
            match opening(&beginning) {
                Opening::Connect => return Some(Decision::Mqtt { client: party, begins: true }),
                Opening::Upgrade => return Some(Decision::WebSocket(party)),
                Opening::Tls => return Some(Decision::Encrypted),
                Opening::Unclear if !at_last => return None,
                Opening::Unclear => {}
                // Only on its port, a client is expected to speak MQTT wrongly.
                Opening::Other => may_be_mqtt &= !whole || self.is_on_port(),
            }
        }
        if may_be_mqtt { self.likely(at_last) } else { Some(Decision::Other) }
    }

    fn is_on_port(&self) -> bool {
        self.ports.contains(&PORT)
    }

    /// The first bytes of a party, and whether they are the first of its stream.
    fn beginning(&self, party: Party) -> (Vec<u8>, bool) {
        let mut beginning = Vec::new();
        let mut begins_whole = false;
        for (_, kind) in &self.events {
            match kind {
                Kind::Begins { by, whole } if *by == party => begins_whole = *whole,
                Kind::Bytes { by, bytes } if *by == party => beginning.extend_from_slice(bytes),
                Kind::Gap { by, .. } if *by == party => {
                    begins_whole &= !beginning.is_empty();
                    break;
                }
                Kind::Opened { .. }
                | Kind::Begins { .. }
                | Kind::Bytes { .. }
                | Kind::Gap { .. }
                | Kind::Ended { .. }
                | Kind::Over => {}
            }
            if beginning.len() > BEGINNING {
                break;
            }
        }
        (beginning, begins_whole)
    }

    /// Weighs how well the segments fit a conversation that was there before the capture.
    fn likely(&self, at_last: bool) -> Option<Decision> {
        let first = self.weigh(Party::First);
        let second = self.weigh(Party::Second);
        let best = first.packets.max(second.packets);
        let enough = if self.is_on_port() { 1 } else { 3 };
        if best < enough || !self.is_on_port() && first.misfits.min(second.misfits) > best {
            return None;
        }
        let [first_port, second_port] = self.ports;
        let by_port = match (first_port, second_port) {
            (_, PORT) => Some(Party::First),
            (PORT, _) => Some(Party::Second),
            _ if at_last => Some(if first_port > second_port { Party::First } else { Party::Second }),
            _ => None,
        };
        match first.packets.cmp(&second.packets) {
            std::cmp::Ordering::Greater => Some(Party::First),
            std::cmp::Ordering::Less => Some(Party::Second),
            std::cmp::Ordering::Equal => by_port,
        }
        .map(|client| Decision::Mqtt { client, begins: false })
    }

    /// How the segments fit if `client` is the client.
    fn weigh(&self, client: Party) -> Weight {
        let mut weight = Weight::default();
        for (_, kind) in &self.events {
            if let Kind::Bytes { by, bytes } = kind {
                let sender = if *by == client { Sender::Client } else { Sender::Server };
                match chain(bytes, &Known { sender, version: None }) {
                    (packets, true) => weight.packets += packets,
                    (_, false) => weight.misfits += 1,
                }
            }
        }
        weight
    }
}

#[derive(Debug, Default)]
struct Weight {
    packets: usize,
    misfits: usize,
}

/// What a sender may send, under one version or any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) sender: Sender,
    pub(super) version: Option<Version>,
}

impl Look for Known {
    fn is_packet(&self, raw: &Bytes) -> bool {
        let fits = |version| decode(self.sender, Some(version), raw).is_ok();
        match self.version {
            Some(version) => fits(version),
            None => Version::ALL.into_iter().any(fits),
        }
    }
}

/// What a stream is by its first bytes.
enum Opening {
    Connect,
    Upgrade,
    Tls,
    /// There are too few of them.
    Unclear,
    Other,
}

fn opening(bytes: &[u8]) -> Opening {
    match bytes {
        [0x10, ..] => match protocol_name(bytes) {
            Some(b"MQTT" | b"MQIsdp") => Opening::Connect,
            Some(_) => Opening::Other,
            None => Opening::Unclear,
        },
        [0x14..=0x17, 0x03, 0x00..=0x04, ..] => Opening::Tls,
        [b'G', b'E', b'T', b' ', ..] => match is_upgrade(bytes) {
            Some(true) => Opening::Upgrade,
            None if bytes.len() < BEGINNING => Opening::Unclear,
            Some(false) | None => Opening::Other,
        },
        _ => Opening::Other,
    }
}

/// The protocol name of a CONNECT (§3.1.2.1), as far as there are bytes enough to tell.
fn protocol_name(bytes: &[u8]) -> Option<&[u8]> {
    let width = bytes.get(1..)?.iter().take(4).position(|byte| byte & 0x80 == 0).map(|index| index + 2);
    let Some(width) = width else { return (bytes.len() > 5).then_some(b"") };
    let length = u16::from_be_bytes(*bytes.get(width..)?.first_chunk()?);
    bytes.get(width + 2..)?.get(..usize::from(length.min(8)))
}

/// The protocol level of a CONNECT (§3.1.2.2), and whether its name is that of MQTT 3.1.
pub(super) fn protocol_level(connect: &[u8]) -> Option<(u8, bool)> {
    let name = protocol_name(connect)?;
    let width = connect.get(1..)?.iter().take(4).position(|byte| byte & 0x80 == 0)? + 2;
    Some((*connect.get(width + 2 + name.len())?, name == b"MQIsdp"))
}
