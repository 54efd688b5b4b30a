//! Walks the tree of a plan and notes what is wrong with it.

use crate::{
    diagnostic::{Code, Mistake, Span, suggest},
    scenario::node::{Entry, Node, Value},
};

/// Notes mistakes.
pub(super) struct Reader<'m> {
    mistakes: &'m mut Vec<Mistake>,
}

impl<'m> Reader<'m> {
    pub(super) const fn new(mistakes: &'m mut Vec<Mistake>) -> Self {
        Self { mistakes }
    }

    /// Notes a mistake and gives `None`.
    pub(super) fn refuse<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }

    /// Refuses a node of the wrong type: `wanted` is what may stand there.
    pub(super) fn wrong_type<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let label = format!("expected {wanted}");
        let mistake = match &node.value {
            Value::Nothing { .. } => Mistake::new(Code::Missing, &node.span, "a value is missing", label),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                let message = format!("{} cannot stand here", node.describe());
                Mistake::new(Code::WrongType, &node.span, message, label)
            }
        };
        self.refuse(mistake)
    }

    /// Refuses a value that means nothing here.
    pub(super) fn wrong_value<T>(&mut self, span: &Span, message: String, label: &str) -> Option<T> {
        self.refuse(Mistake::new(Code::WrongValue, span, message, label))
    }

    /// Refuses a name that is none of those known.
    pub(super) fn unknown<'k, T>(
        &mut self,
        span: &Span,
        message: String,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<T> {
        let (label, help) = suggest::guidance(name, &known.into_iter().collect::<Vec<_>>());
        self.refuse(Mistake::new(Code::UnknownName, span, message, label).maybe_help(help))
    }

    /// The items of the list that a node must be.
    pub(super) fn list<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Nothing { .. } | Value::Scalar(_) | Value::Map(_) => self.wrong_type(node, wanted),
        }
    }

    /// The keys of the mapping that a node must be; `owner` names it in messages.
    pub(super) fn keys<'n>(&mut self, node: &'n Node, owner: &str) -> Option<Keys<'n>> {
        match node.entries() {
            Some(entries) => Some(Keys {
                owner: owner.to_owned(),
                span: node.span.clone(),
                left: entries.iter().collect(),
                known: Vec::new(),
            }),
            None => self.wrong_type(node, "a mapping"),
        }
    }
}

/// The keys of a mapping, taken one by one; what nobody takes is unknown.
pub(super) struct Keys<'n> {
    owner: String,
    span: Span,
    left: Vec<&'n Entry>,
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// The value of this key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let index = self.left.iter().position(|entry| entry.key == key)?;
        Some(&self.left.remove(index).value)
    }

    /// The value of this key, which must be there. A misspelt key is left to [`Keys::finish`].
    pub(super) fn need(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<&'n Node> {
        let found = self.take(key);
        let misspelt = || self.left.iter().any(|entry| suggest::closest(&entry.key, [key]).is_some());
        if found.is_none() && !misspelt() {
            let message = format!("{} has no `{key}`", self.owner);
            reader.refuse::<()>(Mistake::new(
                Code::Missing,
                &self.span,
                message,
                format!("`{key}` is needed"),
            ));
        }
        found
    }

    /// Refuses what has not been taken.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for entry in self.left {
            let message = format!("{} has no `{}`", self.owner, entry.key);
            reader.unknown::<()>(&entry.key_span, message, &entry.key, self.known.iter().copied());
        }
    }
}
