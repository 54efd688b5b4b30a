//! What a broker does in another way than in a capture.

use crate::{
    capture::replay::{Difference, Outcome},
    report::{Page, Tone, counted},
};

/// Breaches of the live broker that are told.
const BROKEN: usize = 10;

/// The outcome of a replay as a text of `width` columns. Its last line is one sentence.
pub fn replay(outcome: &Outcome, target: &str, (width, colour): (usize, bool)) -> String {
    let mut page = Page::new(width, colour);
    for difference in &outcome.differences {
        write_difference(&mut page, difference);
    }
    if !outcome.broken.is_empty() {
        page.blank();
        page.line(0, &[(Tone::Bad, "what the broker breaks besides, whatever is in the capture")]);
        for finding in outcome.broken.iter().take(BROKEN) {
            let statements: Vec<String> = finding.statements.iter().map(ToString::to_string).collect();
            page.hanging(2, &format!("{}  ", statements.join(" ")), Tone::Plain, &finding.observed);
        }
    }
    page.blank();
    let sent = counted(outcome.sent, "packet");
    let same = format!("{} of the broker as captured", counted(outcome.same, "packet"));
    page.line(0, &[(Tone::Plain, &format!("{target}: {sent} sent, {same}"))]);
    let differences = counted(outcome.differences.len(), "difference");
    match (&outcome.stopped, outcome.differences.is_empty()) {
        (None, true) => page.paragraph(0, Tone::Good, "no difference"),
        (None, false) => page.paragraph(0, Tone::Bad, &differences),
        (Some(why), is_empty) => {
            let found = if is_empty { "could not decide".to_owned() } else { differences };
            page.paragraph(0, Tone::Caution, &format!("{found}; the replay ended early: {why}"));
        }
    }
    page.finish()
}

fn write_difference(page: &mut Page, difference: &Difference) {
    page.blank();
    let frame = difference.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
    let place = format!("conversation {}{frame}: ", difference.number);
    page.hanging(0, &place, Tone::Strong, &difference.what);
    for (label, packet) in [("captured", &difference.recorded), ("live", &difference.live)] {
        match packet {
            Some(packet) => page.entry(2, label, Tone::Plain, packet),
            None if difference.recorded.is_some() || difference.live.is_some() => {
                page.entry(2, label, Tone::Faint, "nothing");
            }
            None => {}
        }
    }
}
