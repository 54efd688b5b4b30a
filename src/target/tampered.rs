//! A broker between which and its clients somebody tampers with packets: mutants that no rule of the broker gives.

use std::{collections::BTreeMap, fmt, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use mqttspec_wire::packet::PacketType;
use reference_broker::{ConnectionId, Input, Output};

use super::in_process::Peer;
use crate::verdict::Restart;

/// How long a packet is delayed: longer than anybody waits for one.
const DELAY: Duration = Duration::from_secs(10);

/// The packets that a server never sends, and those that a client never sends.
const FROM_CLIENTS_ONLY: [PacketType; 4] =
    [PacketType::Connect, PacketType::Subscribe, PacketType::Unsubscribe, PacketType::Pingreq];
const FROM_SERVERS_ONLY: [PacketType; 4] =
    [PacketType::Connack, PacketType::Suback, PacketType::Unsuback, PacketType::Pingresp];

/// What is done to each packet of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tampering {
    /// The type.
    pub packet: PacketType,
    /// What is done.
    pub deed: Deed,
}

/// What can be done to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// The broker's never arrives.
    Dropped,
    /// The broker's arrives twice.
    Duplicated,
    /// The broker's arrives late.
    Delayed,
    /// The broker's arrives after the packet that follows it on the network connection.
    Swapped,
    /// The lowest of the flags in the broker's fixed header is turned over.
    Flagged,
    /// The broker's ends with another byte.
    Garbled,
    /// The last byte of the broker's is missing.
    Shortened,
    /// A byte is added to the broker's.
    Lengthened,
    /// The client's never arrives.
    Ignored,
}

impl Deed {
    const TO_THE_BROKERS: [(Self, &'static str); 8] = [
        (Self::Dropped, "dropped"),
        (Self::Duplicated, "duplicated"),
        (Self::Delayed, "delayed"),
        (Self::Swapped, "swapped"),
        (Self::Flagged, "flagged"),
        (Self::Garbled, "garbled"),
        (Self::Shortened, "shortened"),
        (Self::Lengthened, "lengthened"),
    ];
}

impl Tampering {
    /// Everything that can be done to any packet of either side.
    pub fn all() -> impl Iterator<Item = Self> {
        let deeds = |packet: PacketType| {
            let of_server = !FROM_CLIENTS_ONLY.contains(&packet);
            let deeds = Deed::TO_THE_BROKERS.into_iter().filter(move |_| of_server).map(|(deed, _)| deed);
            let ignored = (!FROM_SERVERS_ONLY.contains(&packet)).then_some(Deed::Ignored);
            deeds.chain(ignored).map(move |deed| Self { packet, deed })
        };
        PacketType::ALL.into_iter().flat_map(deeds)
    }
}

/// As in `PUBACK dropped`.
impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Deed::TO_THE_BROKERS.iter().find(|(deed, _)| *deed == self.deed);
        write!(f, "{} {}", self.packet, known.map_or("ignored", |(_, name)| name))
    }
}

/// A broker between which and its clients somebody tampers with packets.
pub struct Tampered<P> {
    broker: P,
    tampering: Tampering,
    /// Where each client is in the stream of its packets.
    reading: BTreeMap<ConnectionId, Reading>,
    /// What is sent after the next packet on the network connection.
    held: BTreeMap<ConnectionId, Bytes>,
    /// What is sent later, the earliest first.
    delayed: Vec<(Duration, Output)>,
}

impl<P: Peer> Tampered<P> {
    /// Begins to tamper.
    pub fn new(broker: P, tampering: Tampering) -> Self {
        let (reading, held) = (BTreeMap::new(), BTreeMap::new());
        Self { broker, tampering, reading, held, delayed: Vec::new() }
    }

    fn sent(&mut self, now: Duration, id: ConnectionId, packet: Bytes, outputs: &mut Vec<Output>) {
        let kind = packet.first().and_then(|byte| PacketType::from_number(byte >> 4));
        let held = self.held.remove(&id);
        let deed = self.tampering.deed;
        if kind != Some(self.tampering.packet) {
            outputs.push(Output::Send(id, packet));
        } else if deed == Deed::Delayed {
            self.delayed.push((now + DELAY, Output::Send(id, packet)));
        } else if deed == Deed::Swapped && held.is_none() {
            self.held.insert(id, packet);
        } else {
            outputs.extend(done(deed, packet).into_iter().map(|packet| Output::Send(id, packet)));
        }
        outputs.extend(held.map(|held| Output::Send(id, held)));
    }

    fn closed(&mut self, id: ConnectionId) {
        self.reading.remove(&id);
        self.held.remove(&id);
        self.delayed
            .retain(|(_, output)| !matches!(output, Output::Send(connection, _) if *connection == id));
    }

    /// What of the client's bytes arrives.
    fn received(&mut self, id: ConnectionId, bytes: &Bytes) -> Bytes {
        let ignored = (self.tampering.deed == Deed::Ignored).then_some(self.tampering.packet);
        let reading = self.reading.entry(id).or_default();
        bytes.iter().copied().filter(|byte| reading.takes(*byte, ignored)).collect()
    }
}

impl<P: Peer> Peer for Tampered<P> {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        let due = self.delayed.iter().take_while(|(at, _)| *at <= now).count();
        outputs.extend(self.delayed.drain(..due).map(|(_, output)| output));
        let input = match input {
            Input::Bytes(id, bytes) => Input::Bytes(id, self.received(id, &bytes)),
            Input::Closed(id) => {
                self.closed(id);
                Input::Closed(id)
            }
            other @ (Input::Opened(_)
            | Input::Identified(..)
            | Input::Written(..)
            | Input::Verified(..)
            | Input::Tick
            | Input::Shutdown) => other,
        };
        let mut made = Vec::new();
        self.broker.handle(now, input, &mut made);
        for output in made {
            match output {
                Output::Send(id, packet) | Output::Pass(id, packet) => self.sent(now, id, packet, outputs),
                Output::Close(id) | Output::Part(id) => {
                    self.closed(id);
                    outputs.push(output);
                }
                asks @ Output::Verify { .. } => outputs.push(asks),
            }
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        let delayed = self.delayed.first().map(|(at, _)| *at);
        [delayed, self.broker.next_timeout()].into_iter().flatten().min()
    }

    fn restart(&mut self, now: Duration, restart: Restart, outputs: &mut Vec<Output>) -> Result<(), String> {
        (self.reading, self.held, self.delayed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        self.broker.restart(now, restart, outputs)
    }
}

/// Where a client is in the stream of its packets.
#[derive(Clone, Copy, Debug, Default)]
enum Reading {
    /// The next byte begins a packet.
    #[default]
    First,
    /// The Remaining Length of a packet is being read, which arrives or not.
    Length { arrives: bool, so_far: usize, shift: u32 },
    /// So many bytes of a packet follow.
    Body { arrives: bool, left: usize },
}

impl Reading {
    /// Whether this byte arrives. Where there is no packet to be seen in the bytes, all do.
    fn takes(&mut self, byte: u8, ignored: Option<PacketType>) -> bool {
        match *self {
            Self::First => {
                let arrives = ignored.is_none() || PacketType::from_number(byte >> 4) != ignored;
                *self = Self::Length { arrives, so_far: 0, shift: 0 };
                arrives
            }
            Self::Length { arrives, so_far, shift } => {
                let left = so_far | usize::from(byte & 0x7f) << shift;
                *self = match (byte & 0x80 != 0, left) {
                    (true, _) if shift >= 21 => Self::Body { arrives: true, left: usize::MAX },
                    (true, _) => Self::Length { arrives, so_far: left, shift: shift + 7 },
                    (false, 0) => Self::First,
                    (false, _) => Self::Body { arrives, left },
                };
                arrives
            }
            Self::Body { arrives, left } => {
                *self = if left == 1 { Self::First } else { Self::Body { arrives, left: left - 1 } };
                arrives
            }
        }
    }
}

/// What arrives at once instead of a packet.
fn done(deed: Deed, packet: Bytes) -> Vec<Bytes> {
    match deed {
        Deed::Dropped => Vec::new(),
        Deed::Duplicated => vec![packet.clone(), packet],
        Deed::Delayed | Deed::Swapped | Deed::Ignored => vec![packet],
        Deed::Flagged => {
            let mut packet = BytesMut::from(packet.as_ref());
            packet.iter_mut().take(1).for_each(|first| *first ^= 1);
            vec![packet.freeze()]
        }
        Deed::Garbled => {
            vec![with_body(&packet, |body| body.iter_mut().rev().take(1).for_each(|last| *last ^= 1))]
        }
        Deed::Shortened => vec![with_body(&packet, |body| body.truncate(body.len().saturating_sub(1)))],
        Deed::Lengthened => vec![with_body(&packet, |body| body.push(0))],
    }
}

/// The packet with another body, and the Remaining Length that goes with it.
fn with_body(packet: &Bytes, change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let Some((first, rest)) = packet.split_first() else { return packet.clone() };
    let length = rest.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let mut body = rest.get(length..).unwrap_or_default().to_vec();
    change(&mut body);
    let mut packet = BytesMut::new();
    packet.put_u8(*first);
    let mut left = body.len();
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or(0);
        left >>= 7;
        packet.put_u8(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    packet.put_slice(&body);
    packet.freeze()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Deed::Dropped, &[])]
    #[case(Deed::Duplicated, &["40020007", "40020007"])]
    #[case(Deed::Flagged, &["41020007"])]
    #[case(Deed::Garbled, &["40020006"])]
    #[case(Deed::Shortened, &["400100"])]
    #[case(Deed::Lengthened, &["4003000700"])]
    fn deeds(#[case] deed: Deed, #[case] expected: &[&str]) {
        let hex = |packet: Bytes| crate::verdict::Hex(packet).to_string();
        let arrived = done(deed, Bytes::from_static(b"\x40\x02\x00\x07")).into_iter().map(hex);
        assert_eq!(arrived.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_client_s_packets_are_ignored_wherever_they_stand_in_the_stream() {
        let mut reading = Reading::default();
        let stream = [b"\xc0\x00".as_slice(), b"\x30\x81\x01", &[7; 129], b"\x30\x01\x07\xc0\x00"].concat();
        let arrived: Vec<u8> =
            stream.into_iter().filter(|byte| reading.takes(*byte, Some(PacketType::Publish))).collect();
        assert_eq!(arrived, b"\xc0\x00\xc0\x00");
    }
}
