//! Packets as they are sent and as they are expected.

use mqttspec_spec::Version;
use mqttspec_wire::packet::PacketType;

use super::{Expr, Span};

/// A packet in terms of its fields; what is not named has its default.
#[derive(Clone, Debug)]
pub struct PacketSpec {
    /// Its type.
    pub packet: PacketType,
    /// Its fields, each at most once per version.
    pub fields: Vec<Field<FieldValue>>,
    /// Changes to its layout that make it a wrong packet.
    pub edits: Vec<EditSpec>,
}

/// A field of a packet by its name in the vocabulary (`client-id`, `will.topic`, `session-expiry-interval`).
#[derive(Clone, Debug, PartialEq)]
pub struct Field<T> {
    /// Its name.
    pub name: &'static str,
    /// The only version under which it counts, if it stands under `v3.1.1:` or `v5.0:`.
    pub only: Option<Version>,
    /// What it holds or must hold.
    pub value: T,
    /// Where the value stands in the source.
    pub span: Span,
}

/// The value of a field in a packet to send.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// One value.
    One(Expr),
    /// A list: `reasons`, `subscription-identifier`, the filters of UNSUBSCRIBE.
    Many(Vec<Expr>),
    /// User properties.
    Pairs(Vec<(Expr, Expr)>),
    /// The filters of SUBSCRIBE with their options (`filter`, `qos`, `no-local`, `retain-as-published`,
    /// `retain-handling`).
    Filters(Vec<Vec<Field<Expr>>>),
}

/// A change to the layout of a packet, on a part named as `mqttspec_wire::layout` names it.
#[derive(Clone, Debug, PartialEq)]
pub enum EditSpec {
    /// Replaces the first byte of the packet.
    FirstByte(Expr),
    /// Replaces the low four bits of the first byte.
    Flags(Expr),
    /// Removes a part.
    Drop(String),
    /// Writes a part twice.
    Repeat(String),
    /// Moves a part before another.
    Move {
        /// Which.
        part: String,
        /// Before which.
        before: String,
    },
    /// Replaces the content of a part (after its length prefix, if it has one).
    Replace {
        /// Which.
        part: String,
        /// By what: bytes in hex, or a text.
        with: Expr,
    },
    /// Inserts bytes before a part.
    Insert {
        /// Before which.
        before: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Lies about the length in front of a part.
    Length {
        /// Which; `remaining-length` for the whole packet.
        part: String,
        /// What is claimed.
        length: Expr,
    },
    /// Writes a variable byte integer in this many bytes, more than it needs.
    Pad {
        /// Which.
        part: String,
        /// How many bytes.
        width: u8,
    },
    /// Sends only this many bytes of the packet.
    Cut(Expr),
    /// Adds bytes at the end, inside the Remaining Length.
    Append(Vec<u8>),
}

/// A packet as it is expected; what is not named may be anything.
#[derive(Clone, Debug)]
pub struct PacketPattern {
    /// Its type.
    pub packet: PacketType,
    /// What its fields must be.
    pub fields: Vec<Field<Matcher>>,
    /// Where it stands in the source.
    pub span: Span,
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Exactly this.
    Equal(Expr),
    /// A list with exactly these elements in this order.
    List(Vec<Matcher>),
    /// A list with exactly these elements in any order.
    Unordered(Vec<Matcher>),
    /// A pair, of which a User Property consists.
    Pair(Box<(Matcher, Matcher)>),
    /// One of these.
    AnyOf(Vec<Matcher>),
    /// None of these.
    Not(Box<Matcher>),
    /// Not less than the first, not more than the second.
    Between(Option<Expr>, Option<Expr>),
    /// Not there.
    Absent,
    /// There, whatever it is.
    Present,
    /// A text in which this regular expression is found.
    Regex(String),
    /// Whatever the inner matcher admits; the value is kept under a name.
    Save(String, Box<Matcher>),
}
