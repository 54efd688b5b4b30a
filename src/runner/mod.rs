//! Plays scenarios against a target. Decides nothing about MQTT by itself.

mod build;
pub mod event;
mod matching;
mod observe;
pub mod plan;
mod value;
