//! Where output goes, how wide it is and whether it has colours.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

use terminal_size::{Height, Width, terminal_size_of};

use crate::report::Page;

/// What is known about standard output and standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Its columns, if it is a terminal.
    width: Option<usize>,
    /// Whether to use ANSI colours on standard output.
    pub(super) colour: bool,
    /// Whether to use them on standard error.
    pub(super) stderr_colour: bool,
    /// The columns of standard error, if it is a terminal that can draw a line again.
    pub(super) redraw_width: Option<usize>,
}

impl Terminal {
    /// Looks at both. Colours need a terminal that is not dumb, and neither `--no-color` nor `NO_COLOR`.
    pub(super) fn look(no_color: bool) -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = columns(io::stdout().is_terminal(), terminal_size_of(io::stdout()));
        let stderr_width = columns(io::stderr().is_terminal(), terminal_size_of(io::stderr()));
        let colour = !no_color && !set("NO_COLOR") && !dumb;
        Self {
            width,
            colour: colour && width.is_some(),
            stderr_colour: colour && stderr_width.is_some(),
            redraw_width: stderr_width.filter(|_| !dumb),
        }
    }

    /// The columns of text to be read: those of the terminal, but lines do not get tediously long.
    pub(super) fn reading_width(self) -> usize {
        self.width.unwrap_or(100).min(120)
    }

    /// A page for text to be read.
    pub(super) fn page(self) -> Page {
        Page::new(self.reading_width(), self.colour)
    }

    /// A page for lists: cut to fit a terminal, whole lines for a pipe.
    pub(super) fn list_page(self) -> Page {
        Page::new(self.width.unwrap_or(usize::MAX), self.colour)
    }
}

/// The columns of a terminal; none for what is no terminal.
fn columns(is_terminal: bool, size: Option<(Width, Height)>) -> Option<usize> {
    const UNKNOWN: usize = 80;
    is_terminal.then(|| size.map_or(UNKNOWN, |(width, _)| usize::from(width.0)))
}

/// Writes to standard output. A reader that has seen enough, like `head`, is no error.
pub(super) fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// Writes to standard output what need not be text.
pub(super) fn print_bytes(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
