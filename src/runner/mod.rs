//! Plays scenarios against a target. Decides nothing about MQTT by itself.

mod build;
mod embedded;
pub mod event;
mod matching;
mod observe;
pub mod plan;
mod run;
mod script;
mod sockets;
mod value;

pub use embedded::Embedded;
pub use run::{Options, Stop, run};
