//! Plays scenarios against a target. Decides nothing about MQTT by itself.

pub mod event;
pub mod plan;
