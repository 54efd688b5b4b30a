//! Failures as commands to GitHub's runner, which shows them beside a change.

use std::fmt::Write as _;

use super::{
    Report,
    text::{capped, clean},
};
use crate::verdict::Grade;

/// GitHub shows so many of a step.
const SHOWN: usize = 10;

/// A line for each failure that no baseline accepts, of many the first, and one for a run that ended early.
pub fn annotations(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let results = report.run.results.iter().enumerate();
        let new = results
            .filter(|(place, result)| result.grade == Grade::Fail && !report.known.contains_key(place));
        for (_, result) in new.take(SHOWN) {
            let Some(finding) = result.findings.iter().find(|finding| finding.grade == Grade::Fail) else {
                continue;
            };
            let ids: Vec<String> = result.broken.iter().map(ToString::to_string).collect();
            let title = format!("{} {}", report.subject(), ids.join(" "));
            let (expected, observed) = (capped(&finding.expected), capped(&finding.observed));
            let again = report.reproduce(result);
            let message = format!("{}: expected {expected}; observed {observed}; {again}", result.title);
            let _ = writeln!(text, "::error title={}::{}", property(&title), data(&message));
        }
        if let Some(why) = &report.run.stopped {
            let _ = writeln!(text, "::error title={}::{}", property(&report.subject()), data(why));
        }
    }
    text
}

/// A text as the message of a command. It is clean already, so there are no line ends in it.
fn data(text: &str) -> String {
    clean(text).replace('%', "%25")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
