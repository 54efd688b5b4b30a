//! Conformance test suite and protocol simulator for MQTT 3.1.1 and 5.0.

pub mod cli;
pub mod describe;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod verdict;
