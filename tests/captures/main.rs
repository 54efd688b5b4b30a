//! Captures of real conversations, read and judged as a whole.
#![expect(clippy::panic, reason = "the helpers of a test may fail it")]

mod damaged;
mod folder;
mod replay;
mod scenario;
