//! For each statement that is judged, exchanges that break it with their last packet.

pub(super) mod content;
pub(super) mod delivering;
pub(super) mod identifiers;
pub(super) mod opening;
pub(super) mod sizes;
pub(super) mod subscribing;
