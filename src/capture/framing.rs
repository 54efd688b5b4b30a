//! One direction of a conversation cut into control packets, across gaps.
//!
//! The Remaining Length of a packet says where the next one begins, so a gap in the middle of a packet does no harm to
//! those that follow. Only when the place of the next packet is lost is it searched for, and what is found then is a
//! guess, however good.

use bytes::Bytes;

/// A packet of more bytes is passed over instead of being kept in memory.
const LARGEST: u64 = 16 << 20;
/// So much of a packet that is not kept as a whole.
const HEAD: usize = 256;

/// Something found in the bytes of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A packet with all its bytes.
    Whole(Bytes),
    /// A packet of which bytes are missing, or more than can be kept. `size`: with its fixed header.
    Part { head: Bytes, size: u64 },
    /// Bytes that cannot be the beginning of a packet: the Remaining Length has no end.
    Garbled(Bytes),
    /// The place of the next packet is unknown from here on.
    Lost,
    /// Packets were found again.
    Found,
}

/// Judges by the look of it whether the packet is one, for the search.
pub(super) trait Look {
    /// Whether the bytes are exactly one packet that can stand here.
    fn is_packet(&self, raw: &Bytes) -> bool;
}

/// Cuts the bytes of one direction into packets.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    /// The beginning of a packet.
    pending: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Synchronised,
    /// In the middle of a packet that is not kept.
    Passing {
        head: Bytes,
        size: u64,
        left: u64,
    },
    Searching,
}

/// What a fixed header says about the length.
pub(super) enum Length {
    Incomplete,
    Endless,
    /// Of the whole packet.
    Bytes(u64),
}

/// The length of the packet that begins here.
pub(super) fn length(bytes: &[u8]) -> Length {
    let mut remaining: u64 = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        remaining |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Length::Bytes(remaining + index as u64 + 2);
        }
    }
    if bytes.len() >= 5 { Length::Endless } else { Length::Incomplete }
}

impl Framing {
    /// `whole`: whether the first byte that will come is the first one of a packet.
    pub(super) fn new(whole: bool) -> Self {
        let state = if whole { State::Synchronised } else { State::Searching };
        Self { state, pending: Vec::new() }
    }

    /// The bytes of a packet that is not complete.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Forgets where packets begin.
    pub(super) fn lose(&mut self) {
        self.pending = Vec::new();
        self.state = State::Searching;
    }

    /// Takes the bytes of a segment.
    pub(super) fn bytes(&mut self, mut bytes: Bytes, look: &dyn Look, found: &mut Vec<Piece>) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Synchronised => bytes = self.take(bytes, found),
                State::Passing { left, .. } => {
                    let passed = (bytes.len() as u64).min(*left);
                    *left -= passed;
                    bytes = bytes.split_off(usize::try_from(passed).unwrap_or(bytes.len()));
                    self.pass(found);
                }
                State::Searching => match search(&bytes, look) {
                    Some(at) => {
                        bytes = bytes.split_off(at);
                        self.state = State::Synchronised;
                        found.push(Piece::Found);
                    }
                    None => return,
                },
            }
        }
    }

    /// So many bytes are missing.
    pub(super) fn gap(&mut self, missing: u64, found: &mut Vec<Piece>) {
        if let (State::Synchronised, Length::Bytes(size)) = (&self.state, length(&self.pending)) {
            let have = self.pending.len() as u64;
            self.pass_over(size, have);
        }
        match &mut self.state {
            State::Passing { left, .. } if missing <= *left => {
                *left -= missing;
                self.pass(found);
            }
            State::Passing { head, size, .. } => {
                found.push(Piece::Part { head: head.clone(), size: *size });
                found.push(Piece::Lost);
                self.lose();
            }
            State::Synchronised => {
                found.push(Piece::Lost);
                self.lose();
            }
            State::Searching => {}
        }
    }

    /// Keeps only the head of the pending packet, of which `have` bytes have come.
    fn pass_over(&mut self, size: u64, have: u64) {
        self.pending.truncate(HEAD);
        let head = Bytes::from(std::mem::take(&mut self.pending));
        self.state = State::Passing { head, size, left: size.saturating_sub(have) };
    }

    fn pass(&mut self, found: &mut Vec<Piece>) {
        if let State::Passing { head, size, left: 0 } = &self.state {
            found.push(Piece::Part { head: head.clone(), size: *size });
            self.state = State::Synchronised;
        }
    }

    /// Takes packets from the beginning of `bytes`; gives back what is still to be looked at.
    fn take(&mut self, mut bytes: Bytes, found: &mut Vec<Piece>) -> Bytes {
        if self.pending.is_empty() {
            return self.take_whole(bytes, found);
        }
        // The fixed header first, then as much as it asks for.
        while let Length::Incomplete = length(&self.pending) {
            if bytes.is_empty() {
                return bytes;
            }
            self.pending.extend_from_slice(&bytes.split_to(1));
        }
        match length(&self.pending) {
            Length::Bytes(size) if size > LARGEST => {
                let have = self.pending.len() as u64;
                self.pass_over(size, have);
            }
            Length::Bytes(size) => {
                let missing = size.saturating_sub(self.pending.len() as u64);
                let part = usize::try_from(missing).unwrap_or(usize::MAX).min(bytes.len());
                self.pending.extend_from_slice(&bytes.split_to(part));
                if self.pending.len() as u64 == size {
                    found.push(Piece::Whole(std::mem::take(&mut self.pending).into()));
                }
            }
            Length::Endless => self.give_up(found),
            Length::Incomplete => {}
        }
        bytes
    }

    fn take_whole(&mut self, mut bytes: Bytes, found: &mut Vec<Piece>) -> Bytes {
        while let Length::Bytes(size) = length(&bytes) {
            match usize::try_from(size) {
                Ok(size) if size <= bytes.len() => found.push(Piece::Whole(bytes.split_to(size))),
                _ => break,
            }
        }
        self.pending.extend_from_slice(&bytes);
        let size = match length(&bytes) {
            Length::Bytes(size) => size,
            Length::Incomplete => 0,
            Length::Endless => {
                self.give_up(found);
                0
            }
        };
        if size > LARGEST {
            self.pass_over(size, bytes.len() as u64);
        }
        Bytes::new()
    }

    fn give_up(&mut self, found: &mut Vec<Piece>) {
        let mut garbled = std::mem::take(&mut self.pending);
        garbled.truncate(HEAD);
        found.push(Piece::Garbled(garbled.into()));
        self.lose();
    }
}

/// So many places of a segment are tried.
const PLACES: usize = 4096;

/// Where in a segment packets begin, if that is beyond reasonable doubt.
///
/// Senders write packets, so a segment that begins with one and ends with one is no accident. Elsewhere it takes
/// three in a row.
fn search(bytes: &Bytes, look: &dyn Look) -> Option<usize> {
    (0..bytes.len().min(PLACES)).find(|at| {
        let (packets, ends) = chain(&bytes.slice(*at..), look);
        let enough = match (*at, ends) {
            (0, true) => 1,
            (0, false) => 2,
            (_, true) => 3,
            (_, false) => 4,
        };
        packets >= enough
    })
}

/// How many packets stand one behind the other, and whether the last one ends with the bytes.
pub(super) fn chain(bytes: &Bytes, look: &dyn Look) -> (usize, bool) {
    let mut rest = bytes.clone();
    let mut packets = 0;
    loop {
        let size = match length(&rest) {
            Length::Bytes(size) => usize::try_from(size).unwrap_or(usize::MAX),
            Length::Incomplete => return (packets, rest.is_empty()),
            Length::Endless => return (0, false),
        };
        if size > rest.len() {
            return (packets, false);
        }
        if !look.is_packet(&rest.split_to(size)) {
            return (0, false);
        }
        packets += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Knows PINGREQ and packets of the type 3.
    struct Plain;

    impl Look for Plain {
        fn is_packet(&self, raw: &Bytes) -> bool {
            raw[0] == 0x30 || raw[..] == [0xC0, 0]
        }
    }

    const PUBLISH: &[u8] = &[0x30, 5, 0, 1, b'a', b'x', b'y'];
    const PING: &[u8] = &[0xC0, 0];

    fn pieces(framing: &mut Framing, steps: &[Result<&[u8], u64>]) -> Vec<Piece> {
        let mut found = Vec::new();
        for step in steps {
            match step {
                Ok(bytes) => framing.bytes(Bytes::copy_from_slice(bytes), &Plain, &mut found),
                Err(missing) => framing.gap(*missing, &mut found),
            }
        }
        found
    }

    fn whole(bytes: &[u8]) -> Piece {
        Piece::Whole(Bytes::copy_from_slice(bytes))
    }

    fn part(head: &[u8], size: u64) -> Piece {
        Piece::Part { head: Bytes::copy_from_slice(head), size }
    }

    #[rstest]
    #[case::inside(&[Ok(&PUBLISH[..4]), Err(3), Ok(PING)], vec![part(&PUBLISH[..4], 7), whole(PING)])]
    #[case::in_the_middle(&[Ok(&PUBLISH[..3]), Err(2), Ok(&PUBLISH[5..]), Ok(PING)], vec![part(&PUBLISH[..3], 7), whole(PING)])]
    #[case::several(&[Ok(&PUBLISH[..2]), Err(1), Ok(&PUBLISH[3..4]), Err(3), Ok(PING)], vec![part(&PUBLISH[..2], 7), whole(PING)])]
    #[case::across(&[Ok(&PUBLISH[..4]), Err(9), Ok(PING)], vec![part(&PUBLISH[..4], 7), Piece::Lost, Piece::Found, whole(PING)])]
    #[case::between(&[Ok(PING), Err(2), Ok(PING)], vec![whole(PING), Piece::Lost, Piece::Found, whole(PING)])]
    #[case::in_a_header(&[Ok(&PUBLISH[..1]), Err(6), Ok(PING)], vec![Piece::Lost, Piece::Found, whole(PING)])]
    fn gaps_cost_no_more_than_they_must(#[case] steps: &[Result<&[u8], u64>], #[case] expected: Vec<Piece>) {
        assert_eq!(pieces(&mut Framing::new(true), steps), expected);
    }

    #[rstest]
    #[case::noise_then_packets(&[Ok(&b"ddd"[..]), Ok(PING)], 1)]
    #[case::one_in_the_middle_is_none(&[Ok(&[1, 0xC0, 0][..])], 0)]
    #[case::three_in_the_middle(&[Ok(&[1, 0xC0, 0, 0xC0, 0, 0xC0, 0][..])], 3)]
    fn packets_are_found_again(#[case] steps: &[Result<&[u8], u64>], #[case] packets: usize) {
        let found = pieces(&mut Framing::new(false), steps);
        assert_eq!(found.iter().filter(|piece| matches!(piece, Piece::Whole(_))).count(), packets);
    }

    #[test]
    fn a_length_without_end_is_garbled() {
        let found = pieces(&mut Framing::new(true), &[Ok(&[0x30, 0xFF, 0xFF]), Ok(&[0xFF, 0xFF, 1])]);
        assert_eq!(found, [Piece::Garbled(Bytes::from_static(&[0x30, 0xFF, 0xFF, 0xFF, 0xFF]))]);
    }

    #[test]
    fn a_packet_that_is_too_large_is_passed_over() {
        let mut framing = Framing::new(true);
        let mut found = pieces(&mut framing, &[Ok(&[0x30, 0x80, 0x80, 0x80, 0x10])]);
        for _ in 1..1 << 13 {
            framing.bytes(Bytes::from_static(&[7; 4096]), &Plain, &mut found);
        }
        assert!(found.is_empty() && framing.pending().is_empty());
        framing.bytes(Bytes::from_static(&[7; 4096]), &Plain, &mut found);
        framing.bytes(Bytes::from_static(PING), &Plain, &mut found);
        assert_eq!(found, [part(&[0x30, 0x80, 0x80, 0x80, 0x10], (1 << 25) + 5), whole(PING)]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_packets_are_the_same(
            sizes in prop::collection::vec(0u8..200, 0..20),
            cut in 1usize..300,
        ) {
            let packets: Vec<Vec<u8>> = sizes.iter().map(|size| {
                let mut packet = vec![0x30];
                if *size >= 128 { packet.extend([size | 0x80, 1]) } else { packet.push(*size) }
                packet.extend(vec![*size; usize::from(*size)]);
                packet
            }).collect();
            let stream = packets.concat();
            let steps: Vec<_> = stream.chunks(cut).map(Ok).collect();
            let expected: Vec<_> = packets.iter().map(|packet| whole(packet)).collect();
            prop_assert_eq!(pieces(&mut Framing::new(true), &steps), expected);
        }
    }
}
