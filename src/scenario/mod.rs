//! The scenario language: YAML in, checked scenarios or diagnostics out. Nothing in here can execute anything.

pub mod ast;
mod diagnostic;
mod load;
mod lower;
mod node;
mod parse;
mod part;
mod reason;
pub(crate) mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Mistake};
pub use load::{Lint, LoadError, builtin, lint, load_all, load_str, load_tree};
