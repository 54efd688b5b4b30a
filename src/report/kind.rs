//! The forms in which reports leave the program.

use std::{fmt, path::Path, str::FromStr};

use super::{Report, annotations, frames, html, json, junit, markdown};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Commands to GitHub's runner.
    Annotations,
    /// A page for a browser.
    Html,
    /// JSON, from which all others can be made.
    Json,
    /// JUnit's XML.
    Junit,
    /// A summary in Markdown.
    Markdown,
    /// The packets as a capture.
    Pcapng,
}

impl Kind {
    /// All, with the names by which users choose them.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Annotations, "github"),
        (Self::Html, "html"),
        (Self::Json, "json"),
        (Self::Junit, "junit"),
        (Self::Markdown, "md"),
        (Self::Pcapng, "pcapng"),
    ];

    /// The form that a file's name asks for by its ending.
    pub fn of_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::ALL.into_iter().find(|(kind, _)| kind.ending() == ending).map(|(kind, _)| kind)
    }

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Annotations => "github",
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Markdown => "md",
            Self::Pcapng => "pcapng",
        }
    }

    /// The name by which users choose it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// What it is good for.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Annotations => "a line for each failure that GitHub shows beside a change",
            Self::Html => "a page for a browser, in one file that needs no network",
            Self::Json => "all there is, for programs; the others can be made from it later",
            Self::Junit => "JUnit's XML, for continuous integration",
            Self::Markdown => "a summary with the failures first, for GitHub and the like",
            Self::Pcapng => "the packets, for Wireshark",
        }
    }

    /// Renders one report, or several together.
    pub fn render(self, reports: &[Report]) -> Result<Vec<u8>, RenderError> {
        match self {
            Self::Annotations => Ok(annotations::annotations(reports).into_bytes()),
            Self::Html => Ok(html::html(reports).into_bytes()),
            Self::Json => match reports {
                [report] => json::json(report),
                several => json::merged(several),
            }
            .map(String::into_bytes)
            .map_err(|error| RenderError(error.to_string())),
            Self::Junit => junit::junit(reports).map(String::into_bytes),
            Self::Markdown => Ok(markdown::markdown(reports).into_bytes()),
            Self::Pcapng => match reports {
                [report] => frames::pcapng(report),
                _ => Err(RenderError("a capture holds the packets of one run: name one report".to_owned())),
            },
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no form of a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of report; there are {kinds}", kinds = names())]
pub struct ParseKindError(String);

fn names() -> String {
    Kind::ALL.map(|(_, name)| name).join(", ")
}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|(_, name)| *name == text);
        known.map(|(kind, _)| kind).ok_or_else(|| ParseKindError(text.to_owned()))
    }
}

/// Why a report cannot have the form that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub(super) String);
