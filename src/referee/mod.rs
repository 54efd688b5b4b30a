//! The universal judge: watches what travels, and names the statements that are broken whatever the traffic was for.
//!
//! [`Connection`] watches one network connection, packet by packet, both ways. It is pure: it has no clock and does no
//! I/O. It reads the standards on its own and shares no logic with the reference broker.
//!
//! It accuses a side only of what the packets prove. Three things make it fall silent: what it did not see (the
//! beginning of a connection, a gap, a packet that could not be decoded, the state of an earlier connection), what a
//! side owes to a peer that has itself broken the protocol, and what would need a time limit that no standard sets.
//! Packets in flight in opposite directions are taken into account: all that is required of the caller is that packets
//! are handed in in the order in which they pass one point of the network connection, at either end or in between.

mod connection;
mod duty;

use mqttspec_spec::{Level, StatementId};
use mqttspec_wire::Sender;

pub use connection::{Connection, Knowledge, judged};

/// A statement that one side broke, with the reason to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Who broke it.
    pub party: Sender,
    /// What was broken. Where the standard names an error only as what its receiver has to answer, this is the
    /// receiver's statement, although the sender is to blame.
    pub statement: StatementId,
    /// How strongly the statement binds.
    pub level: Level,
    /// What was seen and why that breaks the statement, in one sentence without a full stop.
    pub what: String,
    /// The name of the part of the packet that breaks it, where it is one: `packet-id`, `first-byte` for its flags.
    pub part: Option<&'static str>,
}
