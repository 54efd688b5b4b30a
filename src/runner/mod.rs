//! Plays scenarios against a target. Decides nothing about MQTT by itself.

mod build;
mod configured;
mod embedded;
pub mod event;
mod lanes;
mod launched;
mod matching;
mod observe;
mod options;
pub mod plan;
mod record;
mod restarting;
mod run;
mod script;
mod sockets;
mod value;

pub use configured::Configured;
pub use embedded::Embedded;
pub use options::{Options, Stop};
pub use run::run;
