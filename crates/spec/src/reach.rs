//! What cannot be judged on a broker as it comes.

use std::fmt;

/// Why no scenario can judge a statement on a broker as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfReach {
    /// How the broker has to be launched so that one can; if not given, it cannot be judged at all.
    pub setting: Option<Setting>,
    /// The reason, in one sentence.
    pub reason: &'static str,
}

/// A setting with which a broker has to be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// WebSocket as the transport (MQTT 3.1.1 §6, MQTT 5.0 §6).
    WebSocket,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebSocket => f.write_str("WebSocket"),
        }
    }
}
