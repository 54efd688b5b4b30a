//! What the player makes of brokers that behave in one particular way each.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may fail it, and a made-up broker knows only some packets"
)]

mod attempts;
mod broker;
mod choice;
mod closing;
mod nulls;
mod probe;
mod verdicts;
