//! What every message says about itself, so that each of its copies can be recognised.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{plan::Micros, random::scramble};

/// Bytes that the identity takes at the beginning of a payload.
pub const IDENTITY_SIZE: usize = 20;

/// Which message it is, and when it was meant to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Its stream.
    pub stream: u32,
    /// Its place in the stream, counted from 1.
    pub sequence: u32,
    /// When it was due, which may be long before it could be sent.
    pub due: Micros,
}

impl Identity {
    /// A payload of `size` bytes, or of as many as the identity takes. `run` tells one run's messages from another's.
    pub fn payload(self, run: u32, size: usize) -> Bytes {
        let mut payload = BytesMut::with_capacity(size.max(IDENTITY_SIZE));
        payload.put_u32(run);
        payload.put_u32(self.stream);
        payload.put_u32(self.sequence);
        payload.put_u64(self.due);
        payload.resize(size.max(IDENTITY_SIZE), b'.');
        payload.freeze()
    }

    /// The identity that stands at the beginning of a payload, if the message is of this run.
    pub fn of_payload(run: u32, payload: &[u8]) -> Option<Self> {
        let (tag, rest) = payload.split_first_chunk()?;
        let (stream, rest) = rest.split_first_chunk()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (due, _) = rest.split_first_chunk()?;
        (u32::from_be_bytes(*tag) == run).then_some(Self {
            stream: u32::from_be_bytes(*stream),
            sequence: u32::from_be_bytes(*sequence),
            due: u64::from_be_bytes(*due),
        })
    }

    /// Where in a packet the place in the stream stands, if its payload begins at `at`.
    pub(crate) fn number_in(packet: &mut [u8], at: usize) -> Option<&mut [u8]> {
        packet.get_mut(at + 8..at + 12)
    }

    /// A number that only this message has, to derive its size from.
    pub const fn number(self) -> u64 {
        scramble(((self.stream as u64) << 32) | self.sequence as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_which_message_it_is() {
        let identity = Identity { stream: 7, sequence: 1, due: 3_000_000 };
        let payload = identity.payload(42, 64);
        assert_eq!(payload.len(), 64);
        assert_eq!(Identity::of_payload(42, &payload), Some(identity));
        assert_eq!(Identity::of_payload(43, &payload), None);
        assert_eq!(Identity::of_payload(42, payload.get(..19).unwrap()), None);
        assert_eq!(identity.payload(42, 0).len(), IDENTITY_SIZE);
    }
}
