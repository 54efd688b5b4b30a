//! What a run is doing, on standard error while that is a terminal.

use std::time::{Duration, Instant};

use super::terminal::{Terminal, complain};
use crate::{report::counted, runner::event::Event, verdict::Grade};

/// The line is drawn at most this often.
const EVERY: Duration = Duration::from_millis(50);

/// A line that is drawn over and over.
#[derive(Debug)]
pub(super) struct Progress {
    /// The columns of the terminal; none if nobody is looking.
    width: Option<usize>,
    counts: Counts,
    drawn: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    planned: usize,
    done: usize,
    failed: usize,
}

impl Progress {
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { width: terminal.redraw_width, counts: Counts::default(), drawn: None }
    }

    /// Takes notice of an event.
    pub(super) fn notice(&mut self, event: &Event) {
        let Some(width) = self.width else { return };
        let last = match event {
            Event::Probed(_) | Event::Stopped(_) => return,
            Event::Planned(count) => {
                self.counts.planned = self.counts.done + *count;
                ""
            }
            Event::Finished(result) => {
                self.counts.done += 1;
                self.counts.failed += usize::from(result.grade == Grade::Fail);
                &result.scenario
            }
        };
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            complain(&format!("\r{}\u{1b}[K", line(self.counts, last, width)));
        }
    }

    /// Removes the line.
    pub(super) fn finish(self) {
        if self.drawn.is_some() {
            complain("\r\u{1b}[K");
        }
    }
}

/// `[#####               ] 52 of 412, 2 failures  v5.0/3.3-publish/retained-kept`
fn line(counts: Counts, last: &str, width: usize) -> String {
    const BAR: usize = 20;
    let filled = (counts.done * BAR).checked_div(counts.planned).unwrap_or(0).min(BAR);
    let bar = "#".repeat(filled) + &" ".repeat(BAR - filled);
    let failed =
        if counts.failed > 0 { format!(", {}", counted(counts.failed, "failure")) } else { String::new() };
    let line = format!("[{bar}] {} of {}{failed}  {last}", counts.done, counts.planned);
    line.chars().filter(|char| !char.is_control()).take(width.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 0, 0, 80, "[                    ] 0 of 0  x/y")]
    #[case(400, 100, 0, 80, "[#####               ] 100 of 400  x/y")]
    #[case(400, 400, 2, 80, "[####################] 400 of 400, 2 failures  x/y")]
    #[case(4, 9, 1, 30, "[####################] 9 of 4")]
    fn the_line_fits_and_counts(
        #[case] planned: usize,
        #[case] done: usize,
        #[case] failed: usize,
        #[case] width: usize,
        #[case] expected: &str,
    ) {
        assert_eq!(line(Counts { planned, done, failed }, "x/y", width), expected);
    }
}
