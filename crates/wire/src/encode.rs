//! Packets to bytes.
//!
//! One description of each packet serves the encoder, the count of its bytes and the [layout](crate::Layout): it
//! tells a [`Sink`] the parts of the packet in order.

mod packets;
mod sink;

use bytes::Bytes;
use bytes::{BufMut, BytesMut};
use mqttspec_spec::Version;

pub(crate) use packets::Whole;
pub(crate) use sink::{Content, Prefix, Sink};

use crate::{Packet, part::Part, variable_byte};

impl Packet {
    /// Appends the packet to `out`, in its shortest form.
    ///
    /// All that the packet holds is written, also what the standard forbids. Under MQTT 3.1.1 what only MQTT 5.0 has
    /// is left out. A CONNECT is encoded in the version that it asks for, whatever `version` is. Binary data that is
    /// longer than its two-byte length can say is cut off at 65,535 bytes.
    pub fn encode(&self, version: Version, out: &mut BytesMut) {
        out.reserve(self.encoded_len(version));
        Whole::new(self, version).write(&mut Bare(out));
    }

    /// The packet as bytes; see [`encode`](Self::encode).
    pub fn to_bytes(&self, version: Version) -> Bytes {
        let mut out = BytesMut::new();
        self.encode(version, &mut out);
        out.freeze()
    }

    /// The size of the whole packet in bytes; see [`encode`](Self::encode).
    pub fn encoded_len(&self, version: Version) -> usize {
        length(&Whole::new(self, version))
    }
}

/// The bytes that `content` takes.
fn length(content: &impl Content) -> usize {
    let mut count = Count(0);
    content.write(&mut count);
    count.0
}

/// Counts the bytes.
struct Count(usize);

impl Sink for Count {
    fn leaf(&mut self, _: Part, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn variable_byte(&mut self, _: Part, value: u32) {
        self.0 += variable_byte::width(value);
    }

    fn group(&mut self, _: Part, content: &impl Content) {
        content.write(self);
    }

    fn prefixed(&mut self, _: Part, prefix: Prefix, content: &impl Content) {
        let before = self.0;
        content.write(self);
        self.0 += match prefix {
            Prefix::TwoByte => 2,
            Prefix::VariableByte => variable_byte::width(saturated(self.0 - before)),
        };
    }
}

/// Appends the bytes, nothing else.
struct Bare<'a>(&'a mut BytesMut);

impl Sink for Bare<'_> {
    fn leaf(&mut self, _: Part, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    fn variable_byte(&mut self, _: Part, value: u32) {
        variable_byte::write(value, variable_byte::width(value), |byte| self.0.put_u8(byte));
    }

    fn group(&mut self, _: Part, content: &impl Content) {
        content.write(self);
    }

    fn prefixed(&mut self, part: Part, prefix: Prefix, content: &impl Content) {
        let length = length(content);
        match prefix {
            Prefix::TwoByte => self.0.put_u16(u16::try_from(length).unwrap_or(u16::MAX)),
            Prefix::VariableByte => self.variable_byte(part, saturated(length)),
        }
        content.write(self);
    }
}

pub(crate) fn saturated(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
