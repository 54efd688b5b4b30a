//! The contract between the runner and whoever shows what it does.

use crate::verdict::{ScenarioResult, TargetReport};

/// What happens during a run, in order.
#[derive(Debug)]
pub enum Event {
    /// The target was reached and probed.
    Probed(TargetReport),
    /// So many scenario runs follow. Said again where results are taken back: the runs are played again.
    Planned(usize),
    /// A scenario's run is over. Results come in the order in which the runs end.
    Finished(Box<ScenarioResult>),
    /// The run ends here although some scenarios were not played.
    Stopped(String),
}
