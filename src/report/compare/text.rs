//! A comparison as text for a terminal, and as Markdown.

use std::fmt::Write as _;

use super::{Change, Comparison, ending, name, subject};
use crate::report::{
    markdown::inline,
    page::{Page, Tone},
};

/// So many runs of a kind are named; in Markdown, whose readers have limits.
const NAMED: usize = 400;

/// The comparison for a terminal. Its last line is one sentence with the outcome.
pub fn terminal(comparison: &Comparison<'_>, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.entry(0, "old", Tone::Plain, &subject(comparison.old));
    page.entry(0, "new", Tone::Strong, &subject(comparison.new));
    for (label, tone, ids) in
        [("broken now", Tone::Bad, &comparison.broken), ("mended", Tone::Good, &comparison.mended)]
    {
        for (count, id) in ids.iter().enumerate() {
            let text = format!("{id} {}", id.statement().title);
            page.entry(0, if count == 0 { label } else { "" }, tone, &text);
        }
    }
    for (change, pairs) in &comparison.changes {
        page.blank();
        page.line(0, &[(tone(*change), &format!("{} ({})", change.title(), pairs.len()))]);
        for pair in pairs {
            let Some(result) = pair.either() else { continue };
            page.paragraph(2, Tone::Plain, &name(result));
            page.paragraph(4, Tone::Faint, &format!("{} → {}", ending(pair.old), ending(pair.new)));
        }
    }
    page.blank();
    let tone = if comparison.is_worse() { Tone::Bad } else { Tone::Good };
    page.verbatim(0, tone, &comparison.sentence());
    page.finish()
}

const fn tone(change: Change) -> Tone {
    match change {
        Change::NewFailure => Tone::Bad,
        Change::Worse => Tone::Caution,
        Change::Fixed => Tone::Good,
        Change::Changed | Change::Appeared | Change::Vanished => Tone::Strong,
    }
}

/// The comparison as Markdown.
pub fn markdown(comparison: &Comparison<'_>) -> String {
    let sign = if comparison.is_worse() { "❌" } else { "✅" };
    let mut text = format!("# {sign} {}\n\n", inline(&comparison.sentence()));
    let _ = writeln!(text, "{} → {}\n", inline(&subject(comparison.old)), inline(&subject(comparison.new)));
    for (title, ids) in [("Broken now", &comparison.broken), ("Mended", &comparison.mended)] {
        for id in ids {
            let _ = writeln!(text, "- {title}: {} {}", inline(&id.to_string()), inline(id.statement().title));
        }
    }
    for (change, pairs) in &comparison.changes {
        let _ = writeln!(text, "\n## {} ({})\n", change.title(), pairs.len());
        for pair in pairs.iter().take(NAMED) {
            let Some(result) = pair.either() else { continue };
            let endings = format!("{} → {}", ending(pair.old), ending(pair.new));
            let _ = writeln!(text, "- {}: {}", inline(&name(result)), inline(&endings));
        }
        if pairs.len() > NAMED {
            let _ = writeln!(text, "- … and {} more", pairs.len() - NAMED);
        }
    }
    text
}
