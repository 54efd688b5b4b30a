//! The scenario language: YAML in, checked scenarios or diagnostics out. Nothing in here can execute anything.
//!
//! A text becomes a tree of `node`s that know where they stand (`parse`), the tree becomes the scenario it means
//! (`lower` to [`ast`]), and whatever is wrong becomes a [`diagnostic`] with its place, what is allowed there and
//! the nearest right word. What can be said of packets stands in one table, the [`vocabulary`].
//! `load` finds the files.

pub mod ast;
mod load;
mod lower;
pub(crate) mod node;
pub(crate) mod parse;
mod part;
mod reason;
mod syntax;
#[cfg(test)]
mod tests;
pub mod vocabulary;

use crate::diagnostic::{self, suggest};
pub use crate::diagnostic::{Code, Diagnostic, Diagnostics, Mistake};
pub use load::{Lint, LoadError, builtin, lint, load_all, load_recipe, load_str, load_tree};
pub use lower::words;
