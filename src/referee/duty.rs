//! What a check judges: a statement of each version, and what has to be known before it can be judged.

use mqttspec_spec::{Binds, StatementId, Version};
use mqttspec_wire::Sender;

/// What a breach has to rest on, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    /// Nothing but the packet itself and what CONNECT and CONNACK announced: the duty holds in any case.
    Always,
    /// No packet of the connection has escaped the referee so far.
    Sighted,
    /// Besides, the other side has kept its own duties so far. What a side owes to a peer that breaks the protocol is
    /// for the most part not said by the standard.
    Mutual,
}

/// Whose duty it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
    Both,
}

/// An obligation in the words of one or both versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duty {
    pub(super) side: Side,
    pub(super) holds: Holds,
    /// At most one of each version.
    pub(super) statements: &'static [StatementId],
    /// The part of the packet whose value breaks it, where it is always the same one.
    pub(super) part: Option<&'static str>,
}

impl Duty {
    /// The statement of this version, unless the version does not have the duty.
    pub(super) fn statement(self, version: Version) -> Option<StatementId> {
        self.statements.iter().copied().find(|statement| statement.version() == version)
    }

    /// The statements of it that `party` can break. What is a duty of both sides in one version may be the client's
    /// alone in the other: a server of MQTT 3.1.1 sends no DISCONNECT.
    pub(super) fn broken_by(self, party: Sender) -> impl Iterator<Item = StatementId> {
        let is_own = match (self.side, party) {
            (Side::Both, _) | (Side::Client, Sender::Client) | (Side::Server, Sender::Server) => true,
            (Side::Client, Sender::Server) | (Side::Server, Sender::Client) => false,
        };
        let binds = move |id: &StatementId| party == Sender::Client || id.statement().binds != Binds::Client;
        self.statements.iter().copied().filter(move |id| is_own && binds(id))
    }
}

/// Defines the duties of one topic, and `DUTIES`, which lists them. The part that shows a breach may stand at the end:
///
/// ```text
/// duties! {
///     NAME: Client, Always, v3 "3.1.2-1", v5 "3.1.2-1";
///     OTHER: Server, Always, v5 "3.3.2-11" in "topic-alias";
/// }
/// ```
macro_rules! duties {
    ($($(#[$doc:meta])* $name:ident: $side:ident, $holds:ident, $($version:ident $label:literal),+ $(in $part:literal)?;)*) => {
        $(
            $(#[$doc])*
            const $name: $crate::referee::duty::Duty = $crate::referee::duty::Duty {
                side: $crate::referee::duty::Side::$side,
                holds: $crate::referee::duty::Holds::$holds,
                statements: &[$(mqttspec_spec::$version!($label)),+],
                part: $crate::referee::duty::part!($($part)?),
            };
        )*

        /// All that is judged here.
        pub(in crate::referee) const DUTIES: &[$crate::referee::duty::Duty] = &[$($name),*];
    };
}

macro_rules! part {
    () => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

pub(super) use duties;
pub(super) use part;
