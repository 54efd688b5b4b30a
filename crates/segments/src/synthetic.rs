//! Frames of a conversation that was not captured as frames: Ethernet, IP and TCP around bytes that are known.

use core::net::{IpAddr, SocketAddr};

use crate::{End, Party};

/// Payload of a frame at most; an IPv4 packet holds no more than 65,535 bytes.
const SEGMENT: usize = 60_000;

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
    /// Who has ended its stream.
    ended: [bool; 2],
}

impl Wire {
    /// A connection that `first` will open to `second`. Both are of the same family.
    pub const fn new(first: SocketAddr, second: SocketAddr) -> Self {
        Self { addresses: [first, second], next: [1000, 2000], ended: [false; 2] }
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

    /// An attempt to open it that is refused.
    pub fn refuse(&mut self) -> Vec<Vec<u8>> {
        vec![self.frame(Party::First, SYN, &[]), self.frame(Party::Second, RST | ACK, &[])]
    }

    /// Bytes that a party sends; several frames if they are many.
    pub fn bytes(&mut self, by: Party, bytes: &[u8]) -> Vec<Vec<u8>> {
        bytes.chunks(SEGMENT).map(|part| self.frame(by, PSH | ACK, part)).collect()
    }

    /// A party ends its stream; none if it has done so before.
    pub fn end(&mut self, by: Party, how: End) -> Option<Vec<u8>> {
        let [first, second] = &mut self.ended;
        let ended = match by {
            Party::First => first,
            Party::Second => second,
        };
        let flags = match how {
            End::Fin => FIN | ACK,
            End::Reset => RST | ACK,
        };
        (!std::mem::replace(ended, true)).then(|| self.frame(by, flags, &[]))
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
        ethernet(from.ip(), to.ip(), tcp)
    }
}

/// The frame of a TCP segment whose checksum is still to be set.
fn ethernet(from: IpAddr, to: IpAddr, mut tcp: Vec<u8>) -> Vec<u8> {
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
    let mut frame = [hardware(to), hardware(from)].concat();
    frame.extend_from_slice(if from.is_ipv4() && to.is_ipv4() { &[0x08, 0x00] } else { &[0x86, 0xDD] });
    frame.extend_from_slice(&network);
    frame.extend_from_slice(&tcp);
    frame
}

/// A hardware address that nobody owns, since it is administered locally: one for each address.
fn hardware(address: IpAddr) -> [u8; 6] {
    let [a, b, c, d] = match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => {
            let [.., a, b, c, d] = address.octets();
            [a, b, c, d]
        }
    };
    [0x02, 0x00, a, b, c, d]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> Wire {
        Wire::new(([10, 0, 0, 2], 49152).into(), ([10, 0, 0, 1], 1883).into())
    }

    /// Worked out by hand from RFC 791, RFC 9293 and RFC 1071.
    #[test]
    fn the_first_frame_of_a_conversation() {
        let frame = wire().open().swap_remove(0);
        let hex = frame.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let expected = [
            "02000a000001 02000a000002 0800",
            "4500 0028 0000 4000 40 06 26ce 0a000002 0a000001",
            "c000 075b 000003e8 00000000 50 02 ffff d09c 0000",
        ];
        assert_eq!(hex, expected.concat().replace(' ', ""));
    }

    #[test]
    fn bytes_are_cut_into_frames_that_ip_can_hold() {
        let mut wire = wire();
        wire.open();
        let frames = wire.bytes(Party::Second, &vec![1; 150_000]);
        assert_eq!(frames.iter().map(|frame| frame.len() - 54).collect::<Vec<_>>(), [60_000, 60_000, 30_000]);
    }

    #[test]
    fn each_party_ends_its_stream_once() {
        let mut wire = wire();
        assert!(wire.end(Party::Second, End::Fin).is_some());
        assert!(wire.end(Party::Second, End::Reset).is_none());
        assert!(wire.end(Party::First, End::Reset).is_some());
    }

    #[test]
    fn a_refusal_is_answered_by_a_reset() {
        let flags: Vec<u8> = wire().refuse().iter().map(|frame| frame[47]).collect();
        assert_eq!(flags, [SYN, RST | ACK]);
    }
}
