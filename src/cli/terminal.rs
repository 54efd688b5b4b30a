//! Where output goes, how wide it is and whether it has colours.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

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
}

impl Terminal {
    /// Looks at both. Colours need a terminal that is not dumb, and neither `--no-color` nor `NO_COLOR`.
    pub(super) fn look(no_color: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wanted = !no_color && !set("NO_COLOR") && !dumb;
        Self {
            width: width.filter(|_| is_terminal),
            colour: wanted && is_terminal,
            stderr_colour: wanted && io::stderr().is_terminal(),
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

/// Writes to standard output. A reader that has seen enough, like `head`, is no error.
pub(super) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
