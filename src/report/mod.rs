//! Renders what a run found.
//!
//! Everything is rendered from one model, the [`Report`], which is written as JSON and read back. Pure functions: no
//! clock, no files, no look at the terminal. Dates, width and colour are arguments. A [`Page`] makes all that is written on it safe to print, so no byte of a broker can move
//! the cursor, forge a line or hide another.

mod annotations;
pub mod baseline;
pub mod capture;
mod chapter;
pub mod compare;
mod conclusion;
mod date;
mod detail;
pub mod fleet;
mod frames;
mod html;
mod json;
mod junit;
mod kind;
mod ladder;
mod latency;
mod lines;
mod markdown;
mod marks;
mod model;
mod page;
mod standing;
mod summary;
mod table;
mod text;

pub use annotations::annotations;
pub use chapter::Chapter;
pub use conclusion::{Conclusion, broken, judged, sentence};
pub use date::{Date, ParseDateError};
pub use frames::{Frames, frames, pcapng};
pub use html::html;
pub(crate) use html::{STYLE, policy_for};
pub use json::{FORMAT, ReadError, json, merged, read};
pub use junit::junit;
pub use kind::{Kind, ParseKindError, RenderError};
pub use latency::{Bin, Distribution, Latency};
pub use lines::{last_line, line};
pub use markdown::markdown;
pub use model::{Broker, Provenance, Report};
pub use page::{Page, Tone};
pub use standing::{Score, Standing, link, scores, standings};
use summary::duration;
pub use table::Table;
pub use text::{clean as safe, counted};

use crate::verdict::{Grade, RunReport};

/// How a report is to look, and what of the command line it has to repeat.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Columns to fill.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Whether a warning counts as a failure.
    pub strict: bool,
    /// What else a command line needs to play the same scenarios against the same target.
    pub arguments: &'a [String],
}

/// A run of so few scenarios shows everything about each that did not pass.
const CLOSE_LOOK: usize = 10;

/// The report for a terminal. Its last line is one sentence with the verdict.
pub fn terminal(report: &RunReport, view: &View<'_>) -> String {
    let mut page = Page::new(view.width, view.colour);
    summary::header(&mut page, report);
    if !report.results.is_empty() {
        summary::chapters(&mut page, &report.results);
        summary::statements(&mut page, &report.results);
    }
    let close = report.results.len() <= CLOSE_LOOK;
    for (grade, whole) in
        [(Grade::Fail, true), (Grade::Error, true), (Grade::Warn, close), (Grade::Inconclusive, close)]
    {
        let mut results: Vec<_> = report.results.iter().filter(|result| result.grade == grade).collect();
        // What came before the scenarios may be the reason for what became of them.
        results.sort_by_key(|result| !result.statements.is_empty());
        if !results.is_empty() {
            summary::heading(&mut page, grade, results.len());
        }
        for (result, same) in detail::groups(&results) {
            detail::item(&mut page, &detail::Item { result, same, report, view, whole });
        }
    }
    summary::skipped(&mut page, report);
    summary::verdict(&mut page, report, view.strict);
    page.finish()
}

/// Only the last line of [`terminal`].
pub fn verdict(report: &RunReport, view: &View<'_>) -> String {
    let mut page = Page::new(view.width, view.colour);
    summary::verdict(&mut page, report, view.strict);
    page.finish()
}
