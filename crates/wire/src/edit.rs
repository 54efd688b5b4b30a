//! Deliberate malformation: changes to the parts of a packet.

use crate::{
    encode::Prefix,
    layout::{Body, Layout, Node},
    part::Part,
};

/// A change to the parts of a packet. Parts are named as [`Layout::parts`] prints them; `[0]` may be left out.
///
/// A name stays with its part when that is moved; a copy gets the next free index. Enclosing lengths follow every
/// change, except one that an edit has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Sets the first byte.
    SetFirstByte(u8),
    /// Sets the flags of the first byte, its low four bits; the other four bits of the argument have no effect.
    SetFlags(u8),
    /// Leaves a part out.
    Drop {
        /// The part's name.
        part: String,
    },
    /// Puts a copy behind a part.
    Repeat {
        /// The part's name.
        part: String,
    },
    /// Puts a part elsewhere.
    Move {
        /// The part's name.
        part: String,
        /// The part in front of which it is put.
        before: String,
    },
    /// Puts other bytes in the place of all of a part; of a string, that is its length and its text.
    Replace {
        /// The part's name.
        part: String,
        /// What stands there instead.
        bytes: Vec<u8>,
    },
    /// Makes the length of a part say something else.
    SetLength {
        /// The name of a length, or of a part of which the first length is meant.
        part: String,
        /// What it says.
        length: u32,
    },
    /// Writes a Variable Byte Integer in more bytes than it needs.
    PadVariableByte {
        /// The name of the integer, or of a part of which the first length or integer is meant.
        part: String,
        /// The bytes it takes. More than four make it malformed in itself.
        width: u8,
    },
    /// Puts bytes in front of a part.
    InsertBefore {
        /// The part's name.
        part: String,
        /// What is put there.
        bytes: Vec<u8>,
    },
    /// Puts bytes behind a part.
    InsertAfter {
        /// The part's name.
        part: String,
        /// What is put there.
        bytes: Vec<u8>,
    },
    /// Puts bytes behind the last part, where the Remaining Length counts them.
    Append {
        /// What is put there.
        bytes: Vec<u8>,
    },
    /// Keeps only the beginning of the packet, whatever its lengths say.
    Cut {
        /// How many bytes are kept.
        keep: usize,
    },
}

/// Why a packet cannot be edited so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The packet has no part of that name.
    #[error("there is no part `{name}`; the parts are {}", .known.join(", "))]
    UnknownPart {
        /// The name.
        name: String,
        /// The names of the parts there are.
        known: Vec<String>,
    },
    /// There is no length in the part.
    #[error("there is no length in `{part}`")]
    NoLength {
        /// The part's name.
        part: String,
    },
    /// The length is a Two Byte Integer and cannot say so much.
    #[error("the length of `{part}` is at most 65535")]
    LengthTooLarge {
        /// The part's name.
        part: String,
    },
    /// The part has no Variable Byte Integer, or its first length is none.
    #[error("`{part}` is not, nor begins with, a Variable Byte Integer")]
    NotVariableByte {
        /// The part's name.
        part: String,
    },
    /// The integer takes that many bytes anyway.
    #[error("`{part}` takes {width} bytes without padding")]
    TooNarrow {
        /// The part's name.
        part: String,
        /// The bytes it should take.
        width: u8,
    },
    /// The part would have to be put into itself.
    #[error("`{part}` cannot be put before `{before}`, which is inside it")]
    IntoItself {
        /// The part's name.
        part: String,
        /// The part in front of which it should be put.
        before: String,
    },
}

impl Layout {
    /// Changes the parts; if that is not possible, nothing changes.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::SetFirstByte(byte) => self.set_first_byte(|_| *byte),
            Edit::SetFlags(flags) => self.set_first_byte(|byte| byte & 0xF0 | flags & 0x0F),
            Edit::Drop { part } => self.remove(part),
            Edit::Repeat { part } => self.repeat(part),
            Edit::Move { part, before } => self.put_before(part, before),
            Edit::Replace { part, bytes } => {
                self.find(part)?.body = Body::Bytes(bytes.clone());
                Ok(())
            }
            Edit::SetLength { part, length } => self.set_length(part, *length),
            Edit::PadVariableByte { part, width } => self.pad(part, *width),
            Edit::InsertBefore { part, bytes } => self.insert(part, 0, Node::inserted(bytes, self)),
            Edit::InsertAfter { part, bytes } => self.insert(part, 1, Node::inserted(bytes, self)),
            Edit::Append { bytes } => {
                let node = Node::inserted(bytes, self);
                self.parts.push(node);
                Ok(())
            }
            Edit::Cut { keep } => {
                self.keep = Some(self.keep.map_or(*keep, |before| before.min(*keep)));
                Ok(())
            }
        }
    }

    fn set_first_byte(&mut self, change: impl FnOnce(u8) -> u8) -> Result<(), EditError> {
        let node = self.find(Part::FIRST_BYTE.stem())?;
        let byte = if let Body::Bytes(bytes) = &node.body { bytes.first().copied() } else { None };
        node.body = Body::Bytes(vec![change(byte.unwrap_or_default())]);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), EditError> {
        self.at(name, |siblings, at| {
            siblings.remove(at);
        })
    }

    /// `behind` is 1 to put the node behind the part, 0 to put it in front.
    fn insert(&mut self, name: &str, behind: usize, node: Node) -> Result<(), EditError> {
        self.at(name, |siblings, at| siblings.insert(at + behind, node))
    }

    fn repeat(&mut self, name: &str) -> Result<(), EditError> {
        let mut copy = self.copy(name)?;
        copy.renumber(self);
        self.insert(name, 1, copy)
    }

    fn put_before(&mut self, name: &str, before: &str) -> Result<(), EditError> {
        let mut node = self.copy(name)?;
        self.find(before)?;
        if node.contains(before) {
            let (part, before) = (name.to_owned(), before.to_owned());
            return Err(EditError::IntoItself { part, before });
        }
        self.remove(name)?;
        self.insert(before, 0, node)
    }

    fn set_length(&mut self, name: &str, length: u32) -> Result<(), EditError> {
        let part = name.to_owned();
        match self.find(name)?.number() {
            Some(Body::Length { prefix: Prefix::TwoByte, .. }) if u16::try_from(length).is_err() => {
                Err(EditError::LengthTooLarge { part })
            }
            Some(Body::Length { lie, .. }) => {
                *lie = Some(length);
                Ok(())
            }
            Some(Body::Bytes(_) | Body::Number { .. } | Body::Group(_)) | None => {
                Err(EditError::NoLength { part })
            }
        }
    }

    fn pad(&mut self, name: &str, padded: u8) -> Result<(), EditError> {
        let mut wider = self.clone();
        match wider.find(name)?.number() {
            Some(Body::Number { width, .. } | Body::Length { prefix: Prefix::VariableByte, width, .. }) => {
                *width = Some(padded.into());
            }
            Some(Body::Length { prefix: Prefix::TwoByte, .. } | Body::Bytes(_) | Body::Group(_)) | None => {
                return Err(EditError::NotVariableByte { part: name.to_owned() });
            }
        }
        if wider.bytes() == self.bytes() {
            return Err(EditError::TooNarrow { part: name.to_owned(), width: padded });
        }
        *self = wider;
        Ok(())
    }
}
