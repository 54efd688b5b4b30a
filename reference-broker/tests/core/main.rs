//! The broker's core, driven in virtual time.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of the tests fail as tests do"
)]
#![expect(clippy::needless_pass_by_value, reason = "packets are built where they are sent")]

mod actions;
mod authenticating;
mod connecting;
mod durability;
mod effort;
mod equivalence;
mod everybody;
mod invariants;
mod limits;
mod mutants;
mod notices;
mod ordering;
mod packets;
mod passwords;
mod permissions;
mod pressure;
mod publishing;
mod redirecting;
mod replaying;
mod restricted;
mod retaining;
mod rules;
mod statistics;
mod subscribing;
mod world;
