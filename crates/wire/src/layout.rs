//! A packet as a tree of named parts, from which its bytes can be made after some parts were changed.
//!
//! Parts nest as lengths do: what stands behind a length, up to the end of the enclosing part, is what it counts.
//! So lengths are right after every edit, except one that an edit sets on purpose.

mod tree;

use std::{fmt, ops::Range};

use bytes::Bytes;
use mqttspec_spec::Version;

use crate::{
    Packet,
    encode::{Content, Prefix, Sink, Whole, saturated},
    part::Part,
    variable_byte,
};

/// The parts of a packet. Made from a well-formed packet, made malformed by [edits](Self::edit).
///
/// ```
/// use mqttspec_wire::{Edit, Layout, Packet, PacketId, Version, packet::Ack};
///
/// let puback = Packet::Puback(Ack::success(PacketId::MIN));
/// let mut layout = Layout::of(&puback, Version::V5_0);
/// assert_eq!(layout.bytes(), puback.to_bytes(Version::V5_0));
///
/// layout.edit(&Edit::Repeat { part: "packet-id".to_owned() }).unwrap();
/// assert_eq!(layout.bytes()[..], [0x40, 4, 0, 1, 0, 1]);
///
/// layout.edit(&Edit::SetLength { part: "remaining-length".to_owned(), length: 2 }).unwrap();
/// assert_eq!(layout.bytes()[..], [0x40, 2, 0, 1, 0, 1]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Layout {
    pub(crate) parts: Vec<Node>,
    /// Only so many bytes of the packet are sent.
    pub(crate) keep: Option<usize>,
}

/// A part with what it consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) part: Part,
    pub(crate) body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    /// A Variable Byte Integer, in `width` bytes if it is to be padded.
    Number {
        value: u32,
        width: Option<usize>,
    },
    /// Counts the bytes of the parts that follow it in the same group, if it does not lie.
    Length {
        prefix: Prefix,
        lie: Option<u32>,
        width: Option<usize>,
    },
    Group(Vec<Node>),
}

impl Layout {
    /// The parts of `packet`, whose bytes are those of [`Packet::encode`].
    pub fn of(packet: &Packet, version: Version) -> Self {
        let mut recorder = Recorder(Vec::new());
        Whole::new(packet, version).write(&mut recorder);
        Self { parts: recorder.0, keep: None }
    }

    /// The bytes of all parts in order.
    pub fn bytes(&self) -> Bytes {
        self.render().bytes.into()
    }

    /// The parts with the bytes that they take, each before the parts that it consists of.
    pub fn parts(&self) -> Vec<(Part, Range<usize>)> {
        self.render().parts
    }

    fn render(&self) -> Rendering {
        let mut rendering = Rendering::default();
        rendering.all(&self.parts);
        if let Some(end) = self.keep {
            rendering.bytes.truncate(end);
            rendering.parts.retain(|(_, range)| range.start < end);
            for (_, range) in &mut rendering.parts {
                range.end = range.end.min(end);
            }
        }
        rendering
    }
}

/// The bytes of some parts, and which are whose.
#[derive(Default)]
struct Rendering {
    bytes: Vec<u8>,
    parts: Vec<(Part, Range<usize>)>,
}

impl Rendering {
    fn all(&mut self, nodes: &[Node]) {
        let mut rest = nodes;
        while let Some((node, after)) = rest.split_first() {
            let slot = self.parts.len();
            let start = self.bytes.len();
            self.parts.push((node.part, start..start));
            self.one(&node.body, after);
            if let Some((_, range)) = self.parts.get_mut(slot) {
                range.end = self.bytes.len();
            }
            rest = after;
        }
    }

    /// `after` is what follows in the same group.
    fn one(&mut self, body: &Body, after: &[Node]) {
        match body {
            Body::Bytes(bytes) => self.bytes.extend_from_slice(bytes),
            Body::Number { value, width } => self.number(*value, *width),
            Body::Length { prefix, lie, width } => {
                let length = lie.unwrap_or_else(|| saturated(size(after)));
                match prefix {
                    Prefix::TwoByte => {
                        self.bytes
                            .extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
                    }
                    Prefix::VariableByte => self.number(length, *width),
                }
            }
            Body::Group(parts) => self.all(parts),
        }
    }

    fn number(&mut self, value: u32, width: Option<usize>) {
        let width = width.unwrap_or_default().max(variable_byte::width(value));
        variable_byte::write(value, width, |byte| self.bytes.push(byte));
    }
}

fn size(nodes: &[Node]) -> usize {
    let mut rendering = Rendering::default();
    rendering.all(nodes);
    rendering.bytes.len()
}

/// Lists the parts with their bytes, a line each.
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        let parts = self.parts().into_iter();
        f.debug_map().entries(parts.map(|(part, range)| (part.to_string(), bytes.slice(range)))).finish()
    }
}

/// Keeps the parts that it is told.
struct Recorder(Vec<Node>);

impl Recorder {
    fn push(&mut self, part: Part, body: Body) {
        self.0.push(Node { part, body });
    }
}

impl Sink for Recorder {
    fn leaf(&mut self, part: Part, bytes: &[u8]) {
        self.push(part, Body::Bytes(bytes.to_vec()));
    }

    fn variable_byte(&mut self, part: Part, value: u32) {
        self.push(part, Body::Number { value, width: None });
    }

    fn group(&mut self, part: Part, content: &impl Content) {
        let mut inner = Self(Vec::new());
        content.write(&mut inner);
        self.push(part, Body::Group(inner.0));
    }

    fn prefixed(&mut self, length: Part, prefix: Prefix, content: &impl Content) {
        self.push(length, Body::Length { prefix, lie: None, width: None });
        content.write(self);
    }
}
