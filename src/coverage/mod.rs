//! What of the standard is judged, by whom, and how that is known.
//!
//! [`Coverage`] says for every statement who judges it. [`Matrix`] plays the scenarios against mutants of the reference
//! broker: that is the proof that they can fail.

mod class;
mod matrix;

pub use class::{Class, Coverage};
pub use matrix::{Matrix, Named, Played};
