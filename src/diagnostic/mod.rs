//! What is wrong with a file that a person wrote, a scenario or the settings of a broker, shown the way a compiler
//! shows it.

pub(crate) mod suggest;

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// How many mistakes of one file are shown.
const MOST_MISTAKES: usize = 100;

/// A byte range in a source text.
pub type Span = Range<usize>;

/// A text and where it came from.
#[derive(Debug)]
pub struct Source {
    /// The path as the user named it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub span: Span,
    /// Its kind.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What is allowed at this place.
    pub label: String,
    /// How it may be put right.
    pub help: Option<String>,
    /// Another place that has to do with it, and why.
    pub also: Option<(Span, String)>,
}

/// The kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The file is not text, not YAML or TOML, or uses more of it than the language does.
    Syntax,
    /// A key, field, packet, client, variable, mark, feature, statement or rule that does not exist.
    UnknownName,
    /// Something that must be there is not.
    Missing,
    /// Something that may be said once is said twice.
    Duplicate,
    /// A value of another type than its place wants.
    WrongType,
    /// A value of the right type that means nothing here.
    WrongValue,
    /// Something that one of the scenario's versions does not have.
    WrongVersion,
    /// A step that comes before what it needs.
    WrongOrder,
    /// Something that is introduced and never used.
    Unused,
    /// A scenario that cannot fail.
    NotJudged,
}

impl Code {
    /// Its name as printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownName => "unknown-name",
            Self::Missing => "missing",
            Self::Duplicate => "duplicate",
            Self::WrongType => "wrong-type",
            Self::WrongValue => "wrong-value",
            Self::WrongVersion => "wrong-version",
            Self::WrongOrder => "wrong-order",
            Self::Unused => "unused",
            Self::NotJudged => "not-judged",
        }
    }
}

impl Mistake {
    /// A mistake of this kind at `span`: what is wrong, and what is allowed there.
    pub(crate) fn new(code: Code, span: &Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        let (span, message, label) = (span.clone(), message.into(), label.into());
        Self { span, code, message, label, help: None, also: None }
    }

    /// Says how it may be put right.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Says how it may be put right if there is something to say; keeps what was said before otherwise.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }

    /// Points to another place.
    pub(crate) fn also(self, span: &Span, label: impl Into<String>) -> Self {
        Self { also: Some((span.clone(), label.into())), ..self }
    }
}

/// A mistake with the file in which it is.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The file.
    pub source: Arc<Source>,
    /// The mistake.
    pub mistake: Mistake,
}

impl Diagnostic {
    /// The line and column where it begins, both from 1; columns count characters.
    pub fn position(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.mistake.span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// As text for a terminal, with the place underlined.
    pub fn render(&self, colour: bool) -> String {
        let Mistake { span, code, message, label, help, also } = &self.mistake;
        let text = self.source.text.as_str();
        let primary = AnnotationKind::Primary.span(first_line(text, span)).label(label.as_str());
        let context = also
            .iter()
            .map(|(span, label)| AnnotationKind::Context.span(first_line(text, span)).label(label.as_str()));
        let snippet =
            Snippet::source(text).path(self.source.path.as_str()).annotation(primary).annotations(context);
        let report = Level::ERROR
            .primary_title(message.as_str())
            .id(code.name())
            .element(snippet)
            .elements(help.iter().map(|help| Level::HELP.message(help.as_str())));
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[report])
    }
}

/// The part of a span on its first line: a mistake is easiest found where it begins.
fn first_line(text: &str, span: &Span) -> Span {
    let line = text.get(span.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
    span.start..span.start + line.trim_end().len()
}

/// The mistakes of one or several files, in the order in which they stand there; at least one.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// The mistakes of one file, in order and without repetitions; of very many only the first.
    pub(crate) fn of(source: &Arc<Source>, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.start);
        mistakes.dedup_by(|later, first| later.span == first.span && later.message == first.message);
        if let Some(first) = mistakes.get(MOST_MISTAKES) {
            let message = format!("there are {} more mistakes", mistakes.len() - MOST_MISTAKES);
            let more = Mistake::new(Code::Syntax, &first.span, message, "the first of them");
            mistakes.truncate(MOST_MISTAKES);
            mistakes.push(more);
        }
        Self(mistakes.into_iter().map(|mistake| Diagnostic { source: Arc::clone(source), mistake }).collect())
    }

    /// As text for a terminal, one after the other.
    pub fn render(&self, colour: bool) -> String {
        self.0.iter().map(|diagnostic| diagnostic.render(colour) + "\n").collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
