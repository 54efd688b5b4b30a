//! What the exit status says.

use std::{fmt, process::ExitCode};

use crate::report::Conclusion;

/// The exit status of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The target conforms, or the command did what it was asked to do.
    Success = 0,
    /// At least one statement was shown broken.
    NotConforming = 1,
    /// The command line, a scenario file or another input is wrong. Nothing was run.
    BadInput = 2,
    /// Nothing was shown broken, but the run could not decide: unreachable, interrupted, inconclusive.
    Undecided = 3,
}

impl From<Conclusion> for Exit {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Conforming => Self::Success,
            Conclusion::NotConforming => Self::NotConforming,
            Conclusion::Undecided => Self::Undecided,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What is wrong with the input, and what to do about it. Leads to [`Exit::BadInput`].
#[derive(Debug, PartialEq, Eq)]
pub struct BadInput(String);

impl BadInput {
    /// A complaint in one or more lines, without a line end.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}
