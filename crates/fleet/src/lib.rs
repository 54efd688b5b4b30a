//! Fleets of MQTT devices on bad links, and what MQTT promises them.
//!
//! A [`plan`] says which devices there are and what happens to them; a [`layout`] is the plan written out. A [`device`]
//! is a client without input or output; a [`follower`] watches one that is somebody else's. The [`world`] puts devices,
//! [`link`]s and the reference broker on a virtual clock. The [`history`] that the devices see is judged by an oracle that
//! knows neither the world nor the broker.
//!
//! Nothing here reads a clock or touches a socket; everything is a function of a plan and a seed.

pub mod device;
pub mod explore;
pub mod follower;
pub mod history;
pub mod identity;
pub mod layout;
pub mod link;
pub mod numbers;
pub mod plan;
pub mod random;
pub mod segment;
pub mod shrink;
mod statements;
#[cfg(test)]
mod testing;
pub mod world;
