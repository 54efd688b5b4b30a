//! In which order many runs are played at once.

use std::collections::VecDeque;

use super::plan::Run;
use crate::scenario::ast::{Action, Step, StepKind};

/// Of the runs that wait for no timer, so many at once: they keep broker and player busy, and those that measure time are
/// to find both at leisure.
const BUSY: usize = 48;

/// The runs still to be played. Those that wait for timers begin first, so that nobody waits for them at the end.
pub(super) struct Lanes<'r> {
    jobs: usize,
    timed: VecDeque<(usize, &'r Run)>,
    busy: VecDeque<(usize, &'r Run)>,
    playing_timed: usize,
    playing_busy: usize,
}

/// Whether a run waits for time to pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Timed,
    Busy,
}

impl<'r> Lanes<'r> {
    pub(super) fn new(runs: Vec<(usize, &'r Run)>, jobs: usize) -> Self {
        let (mut timed, busy): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(_, run)| timers(run) > 0);
        timed.sort_by_key(|(index, run)| (std::cmp::Reverse(timers(run)), *index));
        Self { jobs, timed: timed.into(), busy: busy.into(), playing_timed: 0, playing_busy: 0 }
    }

    /// The run to begin now, if there is room for one.
    pub(super) fn next(&mut self) -> Option<(Lane, usize, &'r Run)> {
        if self.playing_timed + self.playing_busy >= self.jobs {
            return None;
        }
        if let Some((index, run)) = self.timed.pop_front() {
            self.playing_timed += 1;
            return Some((Lane::Timed, index, run));
        }
        if self.playing_busy >= BUSY {
            return None;
        }
        let (index, run) = self.busy.pop_front()?;
        self.playing_busy += 1;
        Some((Lane::Busy, index, run))
    }

    pub(super) fn finished(&mut self, lane: Lane) {
        match lane {
            Lane::Timed => self.playing_timed -= 1,
            Lane::Busy => self.playing_busy -= 1,
        }
    }
}

/// How many steps of a run wait for time to pass.
fn timers(run: &Run) -> usize {
    fn count(steps: &[Step]) -> usize {
        steps
            .iter()
            .map(|step| match &step.kind {
                StepKind::Wait(_) | StepKind::Restart(_) => 1,
                StepKind::Repeat { steps, .. } => count(steps),
                StepKind::Whichever(whichever) => usize::from(whichever.expectation.terms.within.is_some()),
                StepKind::Client { action, .. } => match action {
                    Action::Receive(expectation) | Action::Expect(expectation) => {
                        usize::from(expectation.terms.within.is_some())
                    }
                    Action::ExpectClosed(expectation) => usize::from(expectation.terms.within.is_some()),
                    Action::ExpectAnyOrder { terms, .. }
                    | Action::ReceiveOneOf { terms, .. }
                    | Action::ExpectOneOf { terms, .. } => usize::from(terms.within.is_some()),
                    Action::Open
                    | Action::Connect(_)
                    | Action::Disconnect(_)
                    | Action::Cut
                    | Action::HalfClose
                    | Action::Publish(_)
                    | Action::Subscribe(_)
                    | Action::Unsubscribe(_)
                    | Action::Ping(_)
                    | Action::Send { .. }
                    | Action::ExpectNothingMore { .. } => 0,
                },
            })
            .sum()
    }
    count(&run.scenario.prepare) + count(&run.scenario.control) + count(&run.scenario.steps)
}
