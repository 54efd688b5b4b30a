//! Conversations as frames: what a network connection would have looked like on an Ethernet.
//!
//! Bytes that travelled in TLS, in WebSocket or inside a process become plain TCP to port 1883, which every tool that
//! knows MQTT understands without being told.

use std::net::Ipv4Addr;

use mqttspec_wire::Sender;

/// The port of MQTT.
const PORT: u16 = 1883;
/// The broker of all conversations.
const BROKER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The first of the ports that are given to clients for a while.
const FIRST_PORT: u16 = 49_152;
/// The most bytes of a conversation in one frame; an IPv4 packet holds no more than 65,535.
const SEGMENT: usize = 60_000;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// One network connection of a client with the broker.
#[derive(Clone, Debug)]
pub struct Conversation {
    address: Ipv4Addr,
    port: u16,
    /// What the client and the server send next.
    next: [u32; 2],
    /// Who has closed already.
    closed: [bool; 2],
}

impl Conversation {
    /// The conversation with this number; 16,384 of them share the address of a client.
    pub fn new(number: u32) -> Self {
        let (host, port) = (number >> 14, number & 0x3fff);
        let [_, b, c, d] = (host + 2).to_be_bytes();
        let port = FIRST_PORT + u16::try_from(port).unwrap_or(0);
        Self { address: Ipv4Addr::new(10, b, c, d), port, next: [1000, 2000], closed: [false; 2] }
    }

    /// The three frames of opening it.
    pub fn open(&mut self) -> Vec<Vec<u8>> {
        let call = self.frame(Sender::Client, SYN, &[]);
        self.advance(Sender::Client, 1);
        let answer = self.frame(Sender::Server, SYN | ACK, &[]);
        self.advance(Sender::Server, 1);
        vec![call, answer, self.frame(Sender::Client, ACK, &[])]
    }

    /// The two frames of an attempt to open it that the server refuses.
    pub fn refuse(&mut self) -> Vec<Vec<u8>> {
        let call = self.frame(Sender::Client, SYN, &[]);
        self.advance(Sender::Client, 1);
        vec![call, self.frame(Sender::Server, RST | ACK, &[])]
    }

    /// The frames in which these bytes travel.
    pub fn send(&mut self, from: Sender, bytes: &[u8]) -> Vec<Vec<u8>> {
        let segments = bytes.chunks(SEGMENT).map(|segment| {
            let frame = self.frame(from, PSH | ACK, segment);
            self.advance(from, segment.len());
            frame
        });
        segments.collect()
    }

    /// The frame of closing it, or one direction of it; none if that was done before.
    pub fn close(&mut self, by: Sender, reset: bool) -> Option<Vec<u8>> {
        let [client, server] = &mut self.closed;
        let closed = match by {
            Sender::Client => client,
            Sender::Server => server,
        };
        if std::mem::replace(closed, true) {
            return None;
        }
        let frame = self.frame(by, if reset { RST | ACK } else { FIN | ACK }, &[]);
        self.advance(by, 1);
        Some(frame)
    }

    fn advance(&mut self, from: Sender, bytes: usize) {
        let [client, server] = &mut self.next;
        let next = match from {
            Sender::Client => client,
            Sender::Server => server,
        };
        *next = next.wrapping_add(u32::try_from(bytes).unwrap_or(0));
    }

    fn frame(&self, from: Sender, flags: u8, payload: &[u8]) -> Vec<u8> {
        let [client, server] = self.next;
        let (source, destination, ports, numbers) = match from {
            Sender::Client => (self.address, BROKER, [self.port, PORT], [client, server]),
            Sender::Server => (BROKER, self.address, [PORT, self.port], [server, client]),
        };
        // Without ACK the field of the number that is acknowledged has no meaning.
        let [own, other] = numbers;
        let other = if flags & ACK == 0 { 0 } else { other };
        let mut tcp = tcp(ports, [own, other], flags, payload);
        let ip = ip(source, destination, &mut tcp);
        let ethernet = [hardware(destination), hardware(source)].concat();
        [ethernet.as_slice(), &[0x08, 0x00], &ip, &tcp].concat()
    }
}

/// A hardware address of the range for private use.
fn hardware(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x00, a, b, c, d]
}

/// The header of an IPv4 packet (RFC 791) with this segment, whose checksum covers the addresses too.
fn ip(source: Ipv4Addr, destination: Ipv4Addr, tcp: &mut [u8]) -> Vec<u8> {
    const HEADER: usize = 20;
    let length = u16::try_from(HEADER + tcp.len()).unwrap_or(u16::MAX);
    let mut header = vec![0x45, 0x00];
    header.extend(length.to_be_bytes());
    // No identification, not to be fragmented, 64 hops, TCP, and room for the checksum.
    header.extend([0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00]);
    header.extend(source.octets());
    header.extend(destination.octets());
    let sum = checksum(&[&header]);
    put(&mut header, 10, sum);
    let size = u16::try_from(tcp.len()).unwrap_or(u16::MAX).to_be_bytes();
    let pseudo = [&source.octets()[..], &destination.octets(), &[0x00, 0x06], &size].concat();
    let sum = checksum(&[&pseudo, tcp]);
    put(tcp, 16, sum);
    header
}

/// A TCP segment (RFC 9293) without its checksum.
fn tcp(ports: [u16; 2], numbers: [u32; 2], flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    segment.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    // A header of five words, the largest window, room for the checksum, nothing urgent.
    segment.extend([0x50, flags, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00]);
    segment.extend(payload);
    segment
}

fn put(header: &mut [u8], at: usize, value: [u8; 2]) {
    if let Some(field) = header.get_mut(at..at + 2) {
        field.copy_from_slice(&value);
    }
}

/// The Internet checksum of parts of which all but the last have an even length (RFC 1071).
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.chunks(2)).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let [.., high, low] = (!folded).to_be_bytes();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by hand from RFC 791, RFC 9293 and RFC 1071.
    #[test]
    fn the_first_frame_of_a_conversation() {
        let mut conversation = Conversation::new(0);
        let frame = conversation.open().swap_remove(0);
        let expected = [
            "02000a000001 02000a000002 0800",
            "4500 0028 0000 4000 40 06 26ce 0a000002 0a000001",
            "c000 075b 000003e8 00000000 50 02 ffff d09c 0000",
        ];
        let expected = expected.concat().replace(' ', "");
        assert_eq!(crate::verdict::Hex(frame.into()).to_string(), expected);
    }

    #[test]
    fn bytes_are_cut_into_frames_that_ip_can_hold() {
        let mut conversation = Conversation::new(7);
        conversation.open();
        let frames = conversation.send(Sender::Server, &vec![1; 150_000]);
        assert_eq!(frames.iter().map(|frame| frame.len() - 54).collect::<Vec<_>>(), [60_000, 60_000, 30_000]);
    }

    #[test]
    fn each_side_closes_once() {
        let mut conversation = Conversation::new(1);
        assert!(conversation.close(Sender::Server, false).is_some());
        assert!(conversation.close(Sender::Server, false).is_none());
        assert!(conversation.close(Sender::Client, true).is_some());
    }

    #[test]
    fn conversations_have_ends_of_their_own() {
        let ends: std::collections::BTreeSet<_> = (0..40_000)
            .map(Conversation::new)
            .map(|conversation| (conversation.address, conversation.port))
            .collect();
        assert_eq!(ends.len(), 40_000);
    }
}
