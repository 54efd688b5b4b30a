//! What a check judges: a statement of each version, and what has to be known before it can be judged.

use mqttspec_spec::{StatementId, Version};

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

/// An obligation in the words of one or both versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duty {
    pub(super) holds: Holds,
    /// At most one of each version.
    pub(super) statements: &'static [StatementId],
}

impl Duty {
    /// The statement of this version, unless the version does not have the duty.
    pub(super) fn statement(self, version: Version) -> Option<StatementId> {
        self.statements.iter().copied().find(|statement| statement.version() == version)
    }
}

/// Defines the duties of one topic, and `DUTIES`, which lists them:
///
/// ```text
/// duties! {
///     NAME: Always, v3 "3.1.2-1", v5 "3.1.2-1";
/// }
/// ```
macro_rules! duties {
    ($($(#[$doc:meta])* $name:ident: $holds:ident, $($version:ident $label:literal),+;)*) => {
        $(
            $(#[$doc])*
            const $name: $crate::referee::duty::Duty = $crate::referee::duty::Duty {
                holds: $crate::referee::duty::Holds::$holds,
                statements: &[$(mqttspec_spec::$version!($label)),+],
            };
        )*

        /// All that is judged here.
        pub(in crate::referee) const DUTIES: &[$crate::referee::duty::Duty] = &[$($name),*];
    };
}

pub(super) use duties;
