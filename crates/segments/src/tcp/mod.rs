//! TCP connections put together from what was captured of them.
//!
//! Captures are not connections: segments are seen twice, in another order, in part, or not at all, and a capture may
//! begin and end in the middle. Two rules make streams of them:
//!
//! - *A byte is handed out once, in order.* What overlaps counts as it was first seen.
//! - *Nothing is handed out before its cause.* A segment acknowledges what its sender had received when it sent it, so
//!   it waits until that much of the other direction has been handed out. The two directions stay in an order in which
//!   they can have happened, even if they were captured in another one.
//!
//! A hole that the peer has acknowledged is there only in the capture. If nothing fills it soon, it becomes a
//! [`Kind::Gap`] of known size. A hole that nobody has acknowledged is waited for: TCP will send it again.

mod flow;
mod half;
mod streams;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;

use bytes::Bytes;

pub use self::streams::Streams;
use crate::Stamp;

/// A TCP connection in the capture, by its number in the order of appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(pub u32);

/// One of the two who talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Who opened the connection, as far as that was captured; else who was heard first.
    First,
    /// The other one.
    Second,
}

impl Party {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Something that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub conversation: ConversationId,
    /// The frame that shows it.
    pub stamp: Stamp,
    /// What.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A conversation appeared.
    Opened {
        /// The address of [`Party::First`].
        first: SocketAddr,
        /// The address of [`Party::Second`].
        second: SocketAddr,
    },
    /// The place in a party's stream is known at which it begins. Comes before anything else of that party.
    Begins {
        /// Whose stream.
        by: Party,
        /// Whether that is its very beginning.
        whole: bool,
    },
    /// Bytes that came in one segment.
    Bytes {
        /// Who sent them.
        by: Party,
        /// The bytes.
        bytes: Bytes,
    },
    /// Bytes that travelled but are not in the capture.
    Gap {
        /// Who sent them.
        by: Party,
        /// How many.
        bytes: u64,
        /// Why they are missing.
        lost: Lost,
    },
    /// A party's stream ends.
    Ended {
        /// Whose.
        by: Party,
        /// How.
        how: End,
    },
    /// Nothing more will be said about the conversation.
    Over,
}

/// Why bytes are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// No frame with them was captured.
    NotCaptured,
    /// The snap length cut them off.
    Cut,
    /// They were given up so that others could be kept in memory.
    Memory,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The party has said all it had to say.
    Fin,
    /// The party broke the connection off.
    Reset,
}

/// How much may be held back at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Conversations that are followed.
    pub conversations: usize,
    /// Bytes of one conversation that wait for others.
    pub conversation: usize,
    /// Bytes of all conversations that wait for others.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { conversations: 1 << 16, conversation: 8 << 20, total: 24 << 20 }
    }
}

/// What was peculiar about the segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Segments with data.
    pub data: u64,
    /// Of those, the ones that brought nothing new.
    pub repeated: u64,
    /// Of those, the ones that came before others that precede them in the stream.
    pub early: u64,
    /// Segments whose numbers fit nowhere.
    pub implausible: u64,
    /// Conversations that were given up to make room.
    pub evicted: u64,
}
