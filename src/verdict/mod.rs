//! What a scenario's run came to: its grade, the statements it breaks, and the evidence.
//!
//! This is plain data. The runner fills it, reports render it, and nothing in here knows how either works.

mod evidence;
mod grade;
mod outcome;
pub mod written;

pub use evidence::{Evidence, EvidenceKind, Hex, Restart};
pub use grade::Grade;
pub use outcome::{Finding, Place, RunReport, ScenarioResult, Summary, TargetReport};
