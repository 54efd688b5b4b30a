//! The page that terminal reports are written on: lines of a given width, in colour or without.

use std::fmt::Write as _;

use super::text::{capped, clean, fit, width, wrap};

/// What a piece of text means for the reader; its colour where there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// What the eye should find first.
    Strong,
    /// What may be skipped.
    Faint,
    /// Passed.
    Good,
    /// Worth a look.
    Caution,
    /// Failed.
    Bad,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Caution => "33",
            Self::Bad => "1;31",
        }
    }
}

/// A text under construction. Every method makes what it is given safe to print first.
#[derive(Debug)]
pub struct Page {
    width: usize,
    colour: bool,
    text: String,
}

impl Page {
    /// An empty page of at least 40 columns.
    pub fn new(width: usize, colour: bool) -> Self {
        Self { width: width.max(40), colour, text: String::new() }
    }

    /// The columns that are left beside so many.
    pub(super) const fn room(&self, taken: usize) -> usize {
        self.width.saturating_sub(taken)
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line, unless there is one already or the page is empty.
    pub fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line of several pieces, cut where the page ends.
    pub fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
        self.space(indent);
        let mut left = self.width.saturating_sub(indent);
        for (tone, piece) in pieces {
            let piece = clean(piece);
            let piece = fit(&piece, left);
            left = left.saturating_sub(width(&piece));
            self.paint(*tone, &piece);
            if left == 0 {
                break;
            }
        }
        self.end();
    }

    /// A text as long as it needs, in one line however long; for what is to be copied.
    pub fn verbatim(&mut self, indent: usize, tone: Tone, text: &str) {
        self.space(indent);
        self.paint(tone, &clean(text));
        self.end();
    }

    /// A text broken into lines; of a very long one the beginning and the end.
    pub fn paragraph(&mut self, indent: usize, tone: Tone, text: &str) {
        self.hanging(indent, "", tone, text);
    }

    /// A label and a text beside it, broken into lines that stay clear of the label.
    pub fn entry(&mut self, indent: usize, label: &str, tone: Tone, text: &str) {
        const LABEL: usize = 11;
        self.space(indent);
        self.paint(Tone::Faint, &format!("{:LABEL$}", clean(label)));
        self.lines(indent + LABEL, tone, text);
    }

    /// Like [`Page::entry`] with a mark of any width.
    pub fn hanging(&mut self, indent: usize, mark: &str, tone: Tone, text: &str) {
        let mark = clean(mark);
        self.space(indent);
        self.paint(tone, &mark);
        self.lines(indent + width(&mark), tone, text);
    }

    /// Goes on at `indent` in a line that was begun.
    fn lines(&mut self, indent: usize, tone: Tone, text: &str) {
        let columns = self.width.saturating_sub(indent);
        for (count, line) in wrap(&clean(&capped(text)), columns).iter().enumerate() {
            if count > 0 {
                self.space(indent);
            }
            self.paint(tone, line);
            self.end();
        }
    }

    fn space(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        if self.colour && tone != Tone::Plain && !text.is_empty() {
            let _ = write!(self.text, "\u{1b}[{}m{text}\u{1b}[0m", tone.code());
        } else {
            self.text.push_str(text);
        }
    }

    fn end(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_the_page_ends() {
        let mut page = Page::new(40, false);
        page.line(
            2,
            &[(Tone::Bad, "12345678901234567890 "), (Tone::Plain, "12345678901234567890"), (Tone::Good, "x")],
        );
        assert_eq!(page.finish(), "  12345678901234567890 1234567890123456…\n");
    }

    #[test]
    fn colour_surrounds_and_never_leaks() {
        let mut page = Page::new(40, true);
        page.entry(0, "observed", Tone::Bad, "\u{1b}[0m\nconforming");
        assert_eq!(
            page.finish(),
            "\u{1b}[2mobserved   \u{1b}[0m\u{1b}[1;31m\\u{1b}[0m\\nconforming\u{1b}[0m\n"
        );
    }

    #[test]
    fn empty_lines_do_not_pile_up() {
        let mut page = Page::new(40, false);
        page.blank();
        page.line(0, &[(Tone::Plain, "a")]);
        page.blank();
        page.blank();
        page.line(0, &[(Tone::Plain, "b")]);
        assert_eq!(page.finish(), "a\n\nb\n");
    }
}
