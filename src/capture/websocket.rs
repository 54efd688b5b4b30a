//! MQTT inside WebSocket (RFC 6455, MQTT 5.0 §6): the bytes of the frames' payloads.

use bytes::Bytes;

use super::unpacked::{Unpacked, Unreadable};

/// More of an HTTP header is not read.
const HEADER: usize = 16 << 10;

/// One direction of a WebSocket connection, from its first byte on.
#[derive(Debug)]
pub(super) struct Tunnel {
    state: State,
    /// Bytes of the HTTP header or of a frame's header that is not complete.
    pending: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// In the HTTP header.
    Handshake,
    /// Between frames.
    Header,
    Payload {
        left: u64,
        mask: Option<[u8; 4]>,
        /// How many bytes of the payload have come.
        at: usize,
        /// It is not a ping, pong or close.
        is_data: bool,
    },
    /// Nothing can be read any more.
    Broken,
}

/// The header of a frame.
struct Header {
    width: usize,
    length: u64,
    mask: Option<[u8; 4]>,
    is_data: bool,
    is_text: bool,
}

impl Tunnel {
    pub(super) fn new() -> Self {
        Self { state: State::Handshake, pending: Vec::new() }
    }

    /// Takes the bytes of a segment.
    pub(super) fn bytes(&mut self, bytes: &[u8], unpacked: &mut Vec<Unpacked>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Handshake => self.handshake(rest, unpacked),
                State::Header => self.header(rest, unpacked),
                State::Payload { left, mask, at, is_data } => {
                    let (part, after) =
                        rest.split_at(usize::try_from(*left).unwrap_or(rest.len()).min(rest.len()));
                    if *is_data {
                        unpacked.push(Unpacked::Bytes(unmasked(part, *mask, *at)));
                    }
                    *left -= part.len() as u64;
                    *at += part.len();
                    if *left == 0 {
                        self.state = State::Header;
                    }
                    after
                }
                State::Broken => return,
            };
        }
    }

    /// Bytes are missing.
    pub(super) fn gap(&mut self, unpacked: &mut Vec<Unpacked>) {
        self.fail(Unreadable::WebSocketGap, unpacked);
    }

    fn fail(&mut self, why: Unreadable, unpacked: &mut Vec<Unpacked>) {
        if !matches!(self.state, State::Broken) {
            self.state = State::Broken;
            self.pending = Vec::new();
            unpacked.push(Unpacked::Broken(why));
        }
    }

    fn handshake<'a>(&mut self, rest: &'a [u8], unpacked: &mut Vec<Unpacked>) -> &'a [u8] {
        let known = self.pending.len();
        self.pending.extend_from_slice(rest);
        if let Some(end) = self.pending.windows(4).position(|window| window == b"\r\n\r\n") {
            self.pending = Vec::new();
            self.state = State::Header;
            return rest.get((end + 4).saturating_sub(known)..).unwrap_or_default();
        }
        if self.pending.len() > HEADER {
            self.fail(Unreadable::WebSocketHeader, unpacked);
        }
        &[]
    }

    fn header<'a>(&mut self, rest: &'a [u8], unpacked: &mut Vec<Unpacked>) -> &'a [u8] {
        let known = self.pending.len();
        // No header is longer.
        self.pending.extend_from_slice(rest.get(..rest.len().min(14)).unwrap_or_default());
        let Some(header) = Header::parse(&self.pending) else { return &[] };
        self.pending.clear();
        if header.is_text {
            self.fail(Unreadable::WebSocketText, unpacked);
            return &[];
        }
        self.state = if header.length == 0 {
            State::Header
        } else {
            State::Payload { left: header.length, mask: header.mask, at: 0, is_data: header.is_data }
        };
        rest.get(header.width.saturating_sub(known)..).unwrap_or_default()
    }
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [first, second]: [u8; 2] = *bytes.first_chunk()?;
        let (length, width) = match second & 0x7F {
            126 => (u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let is_masked = second & 0x80 != 0;
        let mask = if is_masked { Some(*bytes.get(width..)?.first_chunk()?) } else { None };
        let width = width + if is_masked { 4 } else { 0 };
        let code = first & 0x0F;
        Some(Self { width, length, mask, is_data: code & 0x08 == 0, is_text: code == 1 })
    }
}

fn unmasked(part: &[u8], mask: Option<[u8; 4]>, at: usize) -> Bytes {
    match mask {
        None => Bytes::copy_from_slice(part),
        Some(mask) => {
            part.iter().zip(mask.iter().cycle().skip(at % 4)).map(|(byte, key)| byte ^ key).collect()
        }
    }
}

/// Whether an HTTP request asks for WebSocket; none as long as its header is not complete.
pub(super) fn is_upgrade(request: &[u8]) -> Option<bool> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n");
    let header = String::from_utf8_lossy(request.get(..end?)?).to_ascii_lowercase();
    Some(header.lines().any(|line| line.starts_with("upgrade:") && line.contains("websocket")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
        let bit = if mask.is_some() { 0x80 } else { 0 };
        let mut frame = vec![first];
        match payload.len() {
            short @ 0..126 => frame.push(bit | u8::try_from(short).unwrap()),
            long => {
                frame.push(bit | 0x7E);
                frame.extend(u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        frame.extend(mask.into_iter().flatten());
        frame.extend(&unmasked(payload, mask, 0));
        frame
    }

    fn all(unpacked: &[Unpacked]) -> Vec<u8> {
        let bytes = unpacked.iter().map(|unpacked| match unpacked {
            Unpacked::Bytes(bytes) => bytes.to_vec(),
            Unpacked::Broken(why) => panic!("{why}"),
        });
        bytes.collect::<Vec<_>>().concat()
    }

    proptest! {
        #[test]
        fn payloads_come_out_however_the_stream_is_cut(
            parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), any::<Option<[u8; 4]>>()), 0..10),
            cut in 1usize..200,
        ) {
            let mut stream = b"GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec();
            for (index, (payload, mask)) in parts.iter().enumerate() {
                // Messages in fragments, with a ping between them.
                stream.extend(frame(if index % 3 == 0 { 0x82 } else { 0x00 }, payload, *mask));
                stream.extend(frame(0x89, b"are you there", *mask));
            }
            let mut tunnel = Tunnel::new();
            let mut unpacked = Vec::new();
            for piece in stream.chunks(cut) {
                tunnel.bytes(piece, &mut unpacked);
            }
            let expected: Vec<u8> = parts.iter().flat_map(|(payload, _)| payload.clone()).collect();
            prop_assert_eq!(all(&unpacked), expected);
        }
    }

    #[test]
    fn after_a_text_frame_nothing_is_read() {
        let mut tunnel = Tunnel::new();
        let mut unpacked = Vec::new();
        tunnel.bytes(b"HTTP/1.1 101 X\r\n\r\n", &mut unpacked);
        tunnel.bytes(&frame(0x81, b"hello", None), &mut unpacked);
        tunnel.bytes(&frame(0x82, b"hello", None), &mut unpacked);
        tunnel.gap(&mut unpacked);
        assert!(matches!(unpacked[..], [Unpacked::Broken(_)]));
    }

    #[test]
    fn an_upgrade_is_recognised_when_its_header_is_complete() {
        let request = b"GET / HTTP/1.1\r\nupgrade: WebSocket\r\n\r\n";
        assert_eq!(is_upgrade(&request[..30]), None);
        assert_eq!(is_upgrade(request), Some(true));
        assert_eq!(is_upgrade(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Some(false));
    }
}
