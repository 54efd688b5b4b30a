//! What of the standard is judged, by whom, and how that is known.
//!
//! [`Coverage`] says for every statement who judges it. [`Matrix`] plays the scenarios against mutants of the reference
//! broker: that is the proof that they can fail. [`breaches`] says where the proof has a gap.

mod blame;
mod class;
mod effects;
mod guards;
mod matrix;
mod parallel;
mod seam;

pub use class::{Class, Coverage};
pub use guards::{breaches, why_unnoticed};
pub use matrix::{Matrix, Named, Played};
pub use seam::{Caught, Seam, why_unnoticed as why_untampered};
