//! The keys of a mapping, taken one by one; what nobody takes is unknown.

use super::{Lower, Mistake};
use crate::scenario::{
    ast::Span,
    diagnostic::Code,
    node::{Entry, Node},
    suggest,
};

/// The entries of a mapping and which of them have been taken.
pub(super) struct Keys<'n> {
    owner: String,
    span: Span,
    left: Vec<&'n Entry>,
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// The keys of a mapping; `owner` names it in messages (`a scenario`).
    pub(super) fn new(owner: &str, span: &Span, entries: &'n [Entry]) -> Self {
        Self {
            owner: owner.to_owned(),
            span: span.clone(),
            left: entries.iter().collect(),
            known: Vec::new(),
        }
    }

    /// The entry with this key.
    pub(super) fn take_entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        let index = self.left.iter().position(|entry| entry.key == key)?;
        Some(self.left.remove(index))
    }

    /// The value of this key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_entry(key).map(|entry| &entry.value)
    }

    /// The value of this key, which must be there. A misspelt key is left to [`Keys::finish`].
    pub(super) fn need(&mut self, lower: &mut Lower, key: &'static str) -> Option<&'n Node> {
        let found = self.take(key);
        let misspelt = || self.left.iter().any(|entry| suggest::closest(&entry.key, [key]).is_some());
        if found.is_none() && !misspelt() {
            let message = format!("{} has no `{key}`", self.owner);
            lower.add(Mistake::new(Code::Missing, &self.span, message, format!("`{key}` is needed")));
        }
        found
    }

    /// What has not been taken, as the modifiers of `owner`.
    pub(super) fn modifiers(self, owner: &str) -> Self {
        Self { owner: owner.to_owned(), known: Vec::new(), ..self }
    }

    /// The entries that have not been taken.
    pub(super) fn left(&self) -> &[&'n Entry] {
        &self.left
    }

    /// Refuses what has not been taken.
    pub(super) fn finish(self, lower: &mut Lower) {
        for entry in self.left {
            lower.add(unknown_key(&self.owner, entry, self.known.iter().copied()));
        }
    }
}

/// The refusal of a key that is none of those `known`.
pub(super) fn unknown_key<'k>(
    owner: &str,
    entry: &Entry,
    known: impl IntoIterator<Item = &'k str>,
) -> Mistake {
    let message = format!("{owner} has no `{}`", entry.key);
    unknown(&entry.key_span, message, &entry.key, known)
}

/// The refusal of a name that is none of those `known`.
pub(super) fn unknown<'k>(
    span: &Span,
    message: String,
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Mistake {
    let (label, help) = suggest::guidance(name, &known.into_iter().collect::<Vec<_>>());
    Mistake::new(Code::UnknownName, span, message, label).maybe_help(help)
}
