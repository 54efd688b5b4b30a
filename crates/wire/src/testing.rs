//! Generators of well-formed packets for property tests (feature `proptest`).
//!
//! They draw from the same tables that the decoder judges by, so they reach every property and Reason Code.

mod packets;
mod values;

pub use packets::{any_packet, connect, packet, packet_of_type, publish};
pub use values::{data, packet_id, qos, text, topic_filter, topic_name};
