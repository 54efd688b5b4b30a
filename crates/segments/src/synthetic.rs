//! Frames of a conversation that was not captured as frames: Ethernet, IP and TCP around bytes that are known.

use core::net::{IpAddr, SocketAddr};

use crate::Party;

/// Payload of a frame at most.
const SEGMENT: usize = 16_384;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Makes the frames of a TCP connection, one after another. Their link type is Ethernet.
#[derive(Clone, Debug)]
pub struct Wire {
    addresses: [SocketAddr; 2],
    /// The sequence numbers that follow.
    next: [u32; 2],
}

impl Wire {
    /// A connection that `first` will open to `second`. Both are of the same family.
    pub const fn new(first: SocketAddr, second: SocketAddr) -> Self {
        Self { addresses: [first, second], next: [1000, 2000] }
    }

    /// The same with other sequence numbers, which tell it from an earlier connection of the same ports.
    #[must_use]
    pub const fn starting_at(self, sequence: u32) -> Self {
        Self { next: [sequence, sequence.wrapping_add(1000)], ..self }
    }

    /// The handshake.
    pub fn open(&mut self) -> Vec<Vec<u8>> {
        vec![
            self.frame(Party::First, SYN, &[]),
            self.frame(Party::Second, SYN | ACK, &[]),
            self.frame(Party::First, ACK, &[]),
        ]
    }

    /// Bytes that a party sends; several frames if they are many.
    pub fn bytes(&mut self, by: Party, bytes: &[u8]) -> Vec<Vec<u8>> {
        bytes.chunks(SEGMENT).map(|part| self.frame(by, PSH | ACK, part)).collect()
    }

    /// A party ends its stream.
    pub fn fin(&mut self, by: Party) -> Vec<u8> {
        self.frame(by, FIN | ACK, &[])
    }

    /// A party breaks the connection off.
    pub fn reset(&mut self, by: Party) -> Vec<u8> {
        self.frame(by, RST | ACK, &[])
    }

    fn frame(&mut self, by: Party, flags: u8, payload: &[u8]) -> Vec<u8> {
        let [first, second] = self.addresses;
        let [next_first, next_second] = &mut self.next;
        let (from, to, next, acknowledged) = match by {
            Party::First => (first, second, next_first, *next_second),
            Party::Second => (second, first, next_second, *next_first),
        };
        let mut tcp = Vec::with_capacity(20 + payload.len());
        tcp.extend_from_slice(&from.port().to_be_bytes());
        tcp.extend_from_slice(&to.port().to_be_bytes());
        tcp.extend_from_slice(&next.to_be_bytes());
        tcp.extend_from_slice(&if flags & ACK == 0 { 0 } else { acknowledged }.to_be_bytes());
        tcp.extend_from_slice(&[0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        tcp.extend_from_slice(payload);
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        *next = next.wrapping_add(length).wrapping_add(u32::from(flags & (SYN | FIN) != 0));
        ethernet(from.ip(), to.ip(), by, tcp)
    }
}

/// The frame of a TCP segment whose checksum is still to be set.
fn ethernet(from: IpAddr, to: IpAddr, by: Party, mut tcp: Vec<u8>) -> Vec<u8> {
    let (mut pseudo, network) = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            ([from.octets(), to.octets()].concat(), ipv4(from.octets(), to.octets(), tcp.len()))
        }
        (from, to) => {
            let octets = |address: IpAddr| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            ([octets(from), octets(to)].concat(), ipv6(octets(from), octets(to), tcp.len()))
        }
    };
    pseudo.extend_from_slice(&6u32.to_be_bytes());
    pseudo.extend_from_slice(&u32::try_from(tcp.len()).unwrap_or(u32::MAX).to_be_bytes());
    pseudo.extend_from_slice(&tcp);
    let sum = checksum(&pseudo).to_be_bytes();
    if let Some(place) = tcp.get_mut(16..18) {
        place.copy_from_slice(&sum);
    }
    let (source, destination) = match by {
        Party::First => (1, 2),
        Party::Second => (2, 1),
    };
    // Addresses that are administered locally, so that nobody owns them.
    let mut frame = vec![2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source];
    frame.extend_from_slice(if from.is_ipv4() && to.is_ipv4() { &[0x08, 0x00] } else { &[0x86, 0xDD] });
    frame.extend_from_slice(&network);
    frame.extend_from_slice(&tcp);
    frame
}

fn ipv4(from: [u8; 4], to: [u8; 4], length: usize) -> Vec<u8> {
    let total = u16::try_from(20 + length).unwrap_or(u16::MAX).to_be_bytes();
    let mut header = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 6, 0, 0];
    header.extend_from_slice(&from);
    header.extend_from_slice(&to);
    let sum = checksum(&header).to_be_bytes();
    if let Some(place) = header.get_mut(10..12) {
        place.copy_from_slice(&sum);
    }
    header
}

fn ipv6(from: [u8; 16], to: [u8; 16], length: usize) -> Vec<u8> {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let mut header = vec![0x60, 0, 0, 0, length[0], length[1], 6, 64];
    header.extend_from_slice(&from);
    header.extend_from_slice(&to);
    header
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.fold(0, u32::wrapping_add);
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}
