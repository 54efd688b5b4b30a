//! What a broker writes into its log, and how.

use tracing::Level;

use super::value::Named;

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

impl Named for LogLevel {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
    ];
}

impl Named for LogFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}
