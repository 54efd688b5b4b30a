//! A reference MQTT broker.

pub mod core;

pub use crate::core::{Broker, Config, ConnectionId, Input, Output, Rule, Rules};
