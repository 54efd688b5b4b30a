//! The bytes of a packet, taken apart so far that they can grow and shrink. Only mutants need that.

use bytes::{BufMut, BytesMut};

/// A packet's first byte and what follows its Remaining Length.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) first: u8,
    pub(crate) body: Vec<u8>,
    /// The bytes that the fixed header takes.
    header: usize,
}

impl Raw {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = 2 + bytes.iter().skip(1).take(3).take_while(|byte| **byte >= 0x80).count();
        Some(Self { first: *bytes.first()?, body: bytes.get(header..)?.to_vec(), header })
    }

    /// Where in the body the byte is that was at `offset` of the packet.
    pub(crate) fn at(&self, offset: usize) -> Option<usize> {
        offset.checked_sub(self.header)
    }

    /// Writes the packet with a Remaining Length that is right, in the fewest bytes or in one more.
    pub(crate) fn write(&mut self, minimal: bool, into: &mut BytesMut) {
        into.put_u8(self.first);
        let mut length = self.body.len();
        self.header = 2;
        while length >= 0x80 {
            into.put_u8(low_bits(length) | 0x80);
            length >>= 7;
            self.header += 1;
        }
        if minimal {
            into.put_u8(low_bits(length));
        } else {
            into.put_slice(&[low_bits(length) | 0x80, 0]);
        }
        into.put_slice(&self.body);
    }
}

fn low_bits(length: usize) -> u8 {
    u8::try_from(length & 0x7F).unwrap_or(0)
}
