//! What a scenario's run came to: its grade, the statements it breaks, and the evidence.

mod grade;

pub use grade::Grade;
