//! Fleets: reads plans, plays them, and turns what was found into something to work with.
//!
//! The devices, the virtual world and the oracle are the crate [`mqttspec_fleet`]. Here is what needs more than that: the
//! plan language, which shares its diagnostics with the scenarios, and the reports.

pub mod evidence;
pub mod explore;
pub mod live;
pub mod measured;
pub mod mutants;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod shards;
pub mod sockets;
