//! The scenario language: YAML in, checked scenarios or diagnostics out. Nothing in here can execute anything.

pub mod ast;
