//! What the catalogue knows about one statement.

use std::fmt;

use crate::{StatementId, catalogue};

/// A version of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MQTT 3.1.1, OASIS Standard of 29 October 2014 (protocol level 4).
    V3_1_1,
    /// MQTT 5.0, OASIS Standard of 7 March 2019 (protocol version 5).
    V5_0,
}

impl Version {
    /// Both versions, older first.
    pub const ALL: [Self; 2] = [Self::V3_1_1, Self::V5_0];

    /// The version as the standard writes it: `3.1.1` or `5.0`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V3_1_1 => "3.1.1",
            Self::V5_0 => "5.0",
        }
    }

    /// The version whose number is `text`; a leading `v` is allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_prefix('v').unwrap_or(text);
        Self::ALL.into_iter().find(|version| version.number() == number)
    }

    /// The protocol level or protocol version byte of CONNECT (MQTT 3.1.1 §3.1.2.2, MQTT 5.0 §3.1.2.2).
    pub const fn protocol_level(self) -> u8 {
        match self {
            Self::V3_1_1 => 4,
            Self::V5_0 => 5,
        }
    }

    /// Where the standard can be read.
    pub const fn url(self) -> &'static str {
        match self {
            Self::V3_1_1 => "https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html",
            Self::V5_0 => "https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html",
        }
    }

    pub(crate) const fn table(self) -> &'static [Statement] {
        match self {
            Self::V3_1_1 => catalogue::V3_1_1,
            Self::V5_0 => catalogue::V5_0,
        }
    }

    /// All statements of this version: the numbered ones in document order, then the unnumbered ones.
    pub fn statements(self) -> impl Iterator<Item = StatementId> {
        (0u16..).zip(self.table()).map(move |(index, _)| StatementId { version: self, index })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.number())
    }
}

/// One statement, in this project's own words.
#[derive(Debug)]
pub struct Statement {
    /// The label without its `MQTT-` prefix (`3.1.2-4`), or this catalogue's own (`X-2.2.1-1`) where the standard
    /// gives none.
    pub label: &'static str,
    /// The section in which the label stands.
    pub section: &'static str,
    /// A line that names the obligation.
    pub title: &'static str,
    /// What is required.
    pub requires: &'static str,
    /// Whose obligation it is.
    pub binds: Binds,
    /// Its strongest keyword.
    pub level: Level,
    /// What a tester at the far end of the server's network connection can see of a breach.
    pub observable: Observable,
    /// How a breach is provoked and recognised.
    pub how: &'static str,
    /// The optional or feature-level function of the server that a check rests on, or `none`.
    pub capability: &'static str,
    /// Why nothing that is seen from outside shows a breach, in one sentence, if that is so.
    pub out_of_reach: Option<&'static str>,
}

impl Statement {
    /// Whether the standard itself numbers the statement.
    pub fn is_numbered(&self) -> bool {
        !self.label.starts_with("X-")
    }
}

/// Whose obligation a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binds {
    /// The client's.
    Client,
    /// The server's.
    Server,
    /// Both sides'.
    Both,
}

/// The strongest keyword of a statement (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// MUST.
    Must,
    /// MUST NOT.
    MustNot,
    /// SHOULD or SHOULD NOT.
    Should,
    /// MAY.
    May,
}

/// What it takes to see a breach from the far end of the server's network connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observable {
    /// The bytes of one network connection.
    Wire,
    /// Several clients, or a reconnect.
    Indirect,
    /// Measuring time.
    Timing,
    /// It cannot be seen.
    None,
}

impl fmt::Display for Binds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "client and server",
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

impl fmt::Display for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wire => "on one network connection",
            Self::Indirect => "with several clients or a reconnect",
            Self::Timing => "by measuring time",
            Self::None => "not from outside",
        })
    }
}
