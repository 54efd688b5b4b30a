//! Plays scenarios against a target. Decides nothing about MQTT by itself.

mod build;
pub mod event;
mod matching;
mod observe;
pub mod plan;
mod run;
mod script;
mod sockets;
mod value;

pub use run::{Options, Stop, play_embedded, play_in_process, probe_embedded, run};
pub use script::Circumstances;
