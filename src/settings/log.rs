//! What a broker writes into its log, and how.

use tracing::Level;

use super::value::{Fault, Kind, Scalar, any_of, name_of, named};

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What keeps the broker from doing its work.
    Error,
    /// What an operator should look at.
    Warn,
    /// Who comes, goes and is refused.
    Info,
    /// What clients may not do, too.
    Debug,
}

impl LogLevel {
    /// The least severe events that are written, if any are.
    pub const fn tracing(self) -> Option<Level> {
        match self {
            Self::Off => None,
            Self::Error => Some(Level::ERROR),
            Self::Warn => Some(Level::WARN),
            Self::Info => Some(Level::INFO),
            Self::Debug => Some(Level::DEBUG),
        }
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// As lines to be read.
    Text,
    /// As lines of JSON.
    Json,
}

const LEVELS: [(&str, LogLevel); 5] = [
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

impl Scalar for LogLevel {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        any_of(&LEVELS)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        named(&LEVELS, text)
    }

    fn text(&self) -> String {
        name_of(&LEVELS, self)
    }
}

const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

impl Scalar for LogFormat {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        any_of(&FORMATS)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        named(&FORMATS, text)
    }

    fn text(&self) -> String {
        name_of(&FORMATS, self)
    }
}
