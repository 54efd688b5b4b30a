//! Conformance test suite and protocol simulator for MQTT 3.1.1 and 5.0.

pub mod capture;
pub mod cli;
pub mod coverage;
pub mod describe;
pub mod diagnostic;
pub mod fleet;
pub mod referee;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod schema;
pub mod settings;
pub mod stage;
pub mod target;
pub mod verdict;
