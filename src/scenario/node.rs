//! A YAML document as a tree in which everything knows where it stands.

use super::ast::Span;

/// A value with its place in the source.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands. A value that is missing has the place of its key.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) value: Value,
}

/// What a [`Node`] can be.
#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing where a value could stand: `key:`.
    Nothing {
        /// Whether a comment stands there instead.
        commented: bool,
    },
    /// A word, a number, a text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping; its keys are distinct.
    Map(Vec<Entry>),
}

/// A scalar as written; what it means depends on what is wanted where it stands.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// Its text without quotes and escapes.
    pub(crate) text: String,
    /// Whether it is written without quotes.
    pub(crate) plain: bool,
    /// The byte offset at which `text` stands in the source, if it stands there letter by letter.
    pub(crate) verbatim_at: Option<usize>,
}

/// A key with its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) key_span: Span,
    /// The value.
    pub(crate) value: Node,
}

impl Node {
    /// The scalar, if it is one.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Nothing { .. } | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The text of a scalar without quotes.
    pub(crate) fn word(&self) -> Option<&str> {
        self.scalar().filter(|scalar| scalar.plain).map(|scalar| scalar.text.as_str())
    }

    /// The entries, if it is a mapping.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Nothing { .. } | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The only entry of a mapping that has one.
    pub(crate) fn only_entry(&self) -> Option<&Entry> {
        match self.entries() {
            Some([entry]) => Some(entry),
            Some(_) | None => None,
        }
    }

    /// Where a part of a scalar's text stands in the source; the whole scalar if that cannot be told.
    pub(crate) fn part(&self, range: Span) -> Span {
        match self.scalar().and_then(|scalar| scalar.verbatim_at) {
            Some(start) => start + range.start..start + range.end,
            None => self.span.clone(),
        }
    }

    /// What it is, in words: `this is ...`.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Nothing { .. } => "nothing",
            Value::Scalar(scalar) if scalar.plain => "a plain value",
            Value::Scalar(_) => "a text in quotes",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}
