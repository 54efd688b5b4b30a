//! From the tree of a file to the scenario it means, collecting every mistake on the way.
//!
//! Each function lowers one construct and returns `None` if it is wrong, after having noted why in [`Lower`].
//! A mistake in one part keeps no other part from being looked at.

mod action;
mod arithmetic;
mod claims;
mod edit;
mod expect;
mod expr;
mod judgement;
mod keys;
mod literal;
mod matcher;
mod packet;
mod recipe;
mod scenario;
mod scope;
mod setting;
mod step;
mod versions;
mod whichever;

/// The words of steps, beside those of packets.
pub mod words {
    pub use super::{
        action::{ACTIONS, Form},
        edit::EDITS,
        expect::GRADES,
        matcher::MATCHERS,
        step::RESTARTS,
    };
}

use std::sync::Arc;

use mqttspec_spec::{StatementId, Version};

pub(super) use self::recipe::recipe;
use self::{keys::Keys, scope::Scope, versions::Versions};
use super::{
    ast::{Covers, Scenario, Source, Span},
    diagnostic::{Code, Mistake},
    node::{Node, Scalar, Value},
};

/// The scenario that `root` means; `None` if anything in it is wrong, which is then among the mistakes.
pub(super) fn lower(
    id: &str,
    source: &Arc<Source>,
    root: &Node,
    mistakes: &mut Vec<Mistake>,
) -> Option<Scenario> {
    let mut lower = Lower::default();
    let scenario = scenario::scenario(&mut lower, id, source, root);
    mistakes.append(&mut lower.mistakes);
    scenario.filter(|_| mistakes.is_empty())
}

/// What is known while a file is lowered.
#[derive(Default)]
struct Lower {
    /// The mistakes found.
    mistakes: Vec<Mistake>,
    /// The versions under which what is being lowered counts.
    versions: Versions,
    /// What the scenario covers.
    covers: Covers,
    /// Where the statements covered are listed, by version.
    covers_spans: Vec<(Version, Span)>,
    /// Where each statement covered stands.
    covered_spans: Vec<(StatementId, Span)>,
    /// The names that can be used.
    scope: Scope,
    /// How many bytes were made for `{bytes: n}`.
    bytes_made: usize,
    /// Whether the scenario is about MQTT over WebSocket.
    over_websocket: bool,
    /// Whether the steps being lowered are judged: those of `steps`, not those that lead up to them.
    judged: bool,
}

impl Lower {
    /// Notes a mistake.
    fn add(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// Notes a mistake and gives `None`.
    fn refuse<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }

    /// Adds advice to the mistake that was noted last, if it is about a value that does not fit.
    fn hint(&mut self, help: &str) {
        if let Some(last) = self.mistakes.last_mut().filter(|last| last.code == Code::WrongValue) {
            last.help.get_or_insert_with(|| help.to_owned());
        }
    }

    /// Refuses a node of the wrong type: `wanted` is what may stand there.
    fn wrong_type<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let label = format!("expected {wanted}");
        let mistake = match &node.value {
            Value::Nothing { commented: false } => {
                Mistake::new(Code::Missing, &node.span, "a value is missing", label)
            }
            Value::Nothing { commented: true } => {
                Mistake::new(Code::Missing, &node.span, "a value is missing", label)
                    .help("`#` begins a comment here; quote a text that begins with `#`")
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                let message = format!("{} cannot stand here", node.describe());
                Mistake::new(Code::WrongType, &node.span, message, label)
            }
        };
        self.refuse(mistake)
    }

    /// The scalar that a node must be.
    fn scalar<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n Scalar> {
        match node.scalar() {
            Some(scalar) => Some(scalar),
            None => self.wrong_type(node, wanted),
        }
    }

    /// The items of the list that a node must be.
    fn list<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            Value::Nothing { .. } | Value::Scalar(_) | Value::Map(_) => self.wrong_type(node, wanted),
        }
    }

    /// The items of a list that must not be empty.
    fn filled_list<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n [Node]> {
        let items = self.list(node, wanted)?;
        if items.is_empty() {
            let label = format!("expected {wanted}");
            return self.refuse(Mistake::new(Code::Missing, &node.span, "this list is empty", label));
        }
        Some(items)
    }

    /// The keys of the mapping that a node must be; `owner` names it in messages.
    fn keys<'n>(&mut self, node: &'n Node, owner: &str) -> Option<Keys<'n>> {
        match node.entries() {
            Some(entries) => Some(Keys::new(owner, &node.span, entries)),
            None => self.wrong_type(node, "a mapping"),
        }
    }

    /// Lowers something that counts under one of the present versions only.
    fn under<T>(&mut self, only: Option<Version>, lower: impl FnOnce(&mut Self) -> T) -> T {
        let versions = self.versions;
        if let Some(only) = only {
            self.versions = versions.only(only);
        }
        let lowered = lower(self);
        self.versions = versions;
        lowered
    }

    /// Whether a key such as `v5.0`, which restricts what is in it to one version, may stand here.
    fn check_version_key(&mut self, version: Version, span: &Span) -> Option<()> {
        if self.versions.is_empty() || self.versions.several() {
            return Some(());
        }
        let (message, label) = if self.versions.contains(version) {
            (
                "this restriction says nothing new",
                format!("leave `{version}:` out and write directly what is in it"),
            )
        } else {
            ("this is never played", format!("not `{version}`"))
        };
        let mistake = Mistake::new(Code::WrongVersion, span, message, label);
        self.refuse(mistake.help(format!("only {} counts here", self.versions)))
    }
}

/// The version that a key names: `v3.1.1` or `v5.0`.
fn version_named(key: &str) -> Option<Version> {
    Version::ALL.into_iter().find(|version| version.to_string() == key)
}
