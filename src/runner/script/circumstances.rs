//! What a script is told about its circumstances.

use std::time::Duration;

use crate::target::Credentials;

/// What a script is told about its circumstances.
#[derive(Clone, Debug)]
pub(in crate::runner) struct Circumstances {
    /// A prefix of at most ten letters and digits that no other run uses at the same time.
    pub(in crate::runner) unique: String,
    /// How long the broker may take to answer before its silence is put to the proof by a fence.
    pub(in crate::runner) patience: Duration,
    /// How long a message may be on its way that no fence can follow: a multiple of the round trip.
    pub(in crate::runner) settle: Duration,
    /// Whether nothing else is played at the same time, so that round trips cost nobody else anything.
    pub(in crate::runner) alone: bool,
    /// What the probe learnt, as variables: `limits.receive_maximum` and the like.
    pub(in crate::runner) limits: Vec<(String, f64)>,
    /// What the target wants to be told by its clients.
    pub(in crate::runner) credentials: Option<Credentials>,
}

impl Circumstances {
    /// Those of a play against the reference broker in virtual time, where nothing but the broker takes time.
    pub(in crate::runner) fn embedded(limits: Vec<(String, f64)>) -> Self {
        Self {
            unique: UNIQUE.to_owned(),
            patience: Duration::from_secs(1),
            settle: Duration::from_millis(10),
            alone: false,
            limits,
            credentials: None,
        }
    }
}

/// The prefix of a play against the reference broker, which has no other at the same time.
pub(in crate::runner) const UNIQUE: &str = "membedded";

/// What the topics of a run begin with.
pub(in crate::runner) fn topic(unique: &str) -> String {
    format!("mqttspec/{unique}")
}
