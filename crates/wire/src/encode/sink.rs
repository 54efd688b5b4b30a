//! What the description of a packet is told to.

use bytes::Bytes;

use crate::{
    Utf8String,
    part::{Counted, Part},
};

/// Takes the parts of a packet in order.
pub(crate) trait Sink: Sized {
    /// A part that has no parts.
    fn leaf(&mut self, part: Part, bytes: &[u8]);

    /// A Variable Byte Integer that is a value, not a length.
    fn variable_byte(&mut self, part: Part, value: u32);

    /// A part that consists of parts.
    fn group(&mut self, part: Part, content: &impl Content);

    /// The length of `content`, then `content`.
    fn prefixed(&mut self, length: Part, prefix: Prefix, content: &impl Content);

    /// A part that consists of a length and what it counts.
    fn counted(&mut self, part: Counted, prefix: Prefix, content: &impl Content) {
        self.group(part.whole, &Prefixed { length: part.length, prefix, content });
    }

    /// A UTF-8 Encoded String.
    fn string(&mut self, part: Counted, text: &Utf8String) {
        self.counted(part, Prefix::TwoByte, &Bare(part.content, text.as_bytes()));
    }

    /// Binary Data, cut off where its length could not count it.
    fn data(&mut self, part: Counted, data: &Bytes) {
        let data = data.get(..usize::from(u16::MAX)).unwrap_or(data);
        self.counted(part, Prefix::TwoByte, &Bare(part.content, data));
    }
}

/// The form of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// A Two Byte Integer.
    TwoByte,
    /// A Variable Byte Integer.
    VariableByte,
}

/// What can tell its parts.
pub(crate) trait Content {
    fn write<S: Sink>(&self, sink: &mut S);
}

struct Prefixed<'a, C> {
    length: Part,
    prefix: Prefix,
    content: &'a C,
}

impl<C: Content> Content for Prefixed<'_, C> {
    fn write<S: Sink>(&self, sink: &mut S) {
        sink.prefixed(self.length, self.prefix, self.content);
    }
}

struct Bare<'a>(Part, &'a [u8]);

impl Content for Bare<'_> {
    fn write<S: Sink>(&self, sink: &mut S) {
        sink.leaf(self.0, self.1);
    }
}
