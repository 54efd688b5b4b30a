//! What happened on the network connections of a run, one line per event, with the bytes that matter.

use std::collections::BTreeSet;

use mqttspec_wire::Sender;

use super::{
    marks::Marks,
    page::{Page, Tone},
    text::{clean, fit, width},
};
use crate::verdict::{Evidence, EvidenceKind};

/// Up to so many events are shown all.
const ALL: usize = 16;
/// Of so many marked packets the bytes are shown.
const DUMPS: usize = 3;
/// Up to so many lines of bytes are shown of one packet.
const DUMP_LINES: usize = 24;
/// Of more lines, so many of the beginning are shown, and the others of the end, where a fault is likely to be.
const DUMP_START: usize = 12;
/// The most columns that clients' names take.
const NAME: usize = 16;

/// Writes the events, the marked ones with their bytes.
pub(super) fn write(page: &mut Page, evidence: &[Evidence], marks: &Marks<'_>) {
    let marked = marks.packets();
    let names: Vec<String> = evidence.iter().map(name).collect();
    let column = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let title = if marked.is_empty() {
        "what happened, with the time in seconds"
    } else {
        "what happened, with the time in seconds; > marks what shows it"
    };
    page.line(2, &[(Tone::Faint, title)]);
    let shown = selection(evidence.len(), &marked, ALL);
    let mut dumps = 0;
    let mut next = 0;
    for (index, (event, name)) in evidence.iter().zip(&names).enumerate() {
        if !shown.contains(&index) {
            continue;
        }
        gap(page, index - next);
        next = index + 1;
        let relevant = marked.contains(&index);
        write_event(page, event, &format!("{name:column$}"), relevant);
        if relevant
            && dumps < DUMPS
            && let Some(text) = marks.dump(evidence, index)
        {
            dumps += usize::from(dump(page, &text));
        }
    }
    gap(page, evidence.len() - next);
}

fn gap(page: &mut Page, left_out: usize) {
    if left_out > 0 {
        page.line(4, &[(Tone::Faint, &format!("    ... {left_out} more ..."))]);
    }
}

/// Which of so many events are shown, unless all are: the ends, and the surroundings of the marked ones.
pub(super) fn selection(length: usize, marked: &BTreeSet<usize>, all: usize) -> BTreeSet<usize> {
    if length <= all {
        return (0..length).collect();
    }
    let last = length.saturating_sub(if marked.is_empty() { 10 } else { 1 });
    let mut shown: BTreeSet<usize> = (0..3).chain(last..length).collect();
    let ends = marked.iter().take(3).chain(marked.iter().rev().take(1));
    for index in ends {
        shown.extend(index.saturating_sub(3)..(index + 2).min(length));
    }
    shown
}

/// `subscriber`, or `subscriber#2` on its second network connection.
fn name(event: &Evidence) -> String {
    let client = clean(&event.client);
    let client = fit(&client, NAME);
    if event.connection > 1 { format!("{client}#{}", event.connection) } else { client.into_owned() }
}

fn write_event(page: &mut Page, event: &Evidence, name: &str, relevant: bool) {
    let (mark, tone) = if relevant { (">", Tone::Strong) } else { (" ", Tone::Plain) };
    let (arrow, text) = match &event.kind {
        EvidenceKind::Opened => ("   ", "opens a network connection".to_owned()),
        EvidenceKind::Refused { why } => ("   ", format!("cannot open a network connection: {why}")),
        EvidenceKind::Packet { from, summary, fault, .. } => {
            let fault = fault.as_ref().map(|fault| format!(" [malformed: {fault}]")).unwrap_or_default();
            (arrow(*from), format!("{summary}{fault}"))
        }
        EvidenceKind::Closed { by, how } => (arrow(*by), how.clone()),
    };
    let start = format!("{mark} {:>7.3}  {name}  {arrow} ", event.at.as_secs_f64());
    page.hanging(2, &start, tone, &text);
}

const fn arrow(from: Sender) -> &'static str {
    match from {
        Sender::Client => "-->",
        Sender::Server => "<--",
    }
}

/// Writes the bytes of a packet with their meaning; says whether there were any.
fn dump(page: &mut Page, text: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let cut = if lines.len() > DUMP_LINES { DUMP_START } else { lines.len() };
    let (start, rest) = lines.split_at(cut);
    let (middle, end) = rest.split_at(rest.len().saturating_sub(DUMP_LINES - DUMP_START));
    for line in start {
        page.line(8, &[(Tone::Plain, line)]);
    }
    if !middle.is_empty() {
        page.line(8, &[(Tone::Faint, &format!("      … {} lines left out", middle.len()))]);
    }
    for line in end {
        page.line(8, &[(Tone::Plain, line)]);
    }
    !lines.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_histories_are_shown_whole() {
        assert_eq!(selection(16, &BTreeSet::new(), ALL).len(), 16);
    }

    #[test]
    fn long_histories_show_their_ends_and_what_is_marked() {
        let shown = selection(1000, &BTreeSet::from([500]), ALL);
        assert_eq!(Vec::from_iter(shown), [0, 1, 2, 497, 498, 499, 500, 501, 999]);
    }

    #[test]
    fn many_marks_do_not_make_a_long_report() {
        assert!(selection(1000, &(0..1000).collect(), ALL).len() < 20);
    }
}
