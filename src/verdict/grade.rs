//! The grades, from best to worst.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of a scenario's run. The order is the order of severity: the worst of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The required behaviour was seen.
    Pass,
    /// A feature that the scenario needs is not offered.
    Skip,
    /// A SHOULD was not followed, or a lesser deviation.
    Warn,
    /// The scenario could not get to its point.
    Inconclusive,
    /// A MUST or MUST NOT was broken.
    Fail,
    /// Our own fault, or the broker could not be reached.
    Error,
}

impl Grade {
    /// All grades in order of severity.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Skip, Self::Warn, Self::Inconclusive, Self::Fail, Self::Error];

    /// Its name, as scenarios and reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }

    /// The grade with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.name() == name)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
