//! Steps.

use mqttspec_spec::Version;

use super::{
    Lower, Mistake, action,
    action::Client,
    keys,
    scope::{Origin, Type},
    version_named,
};
use crate::{
    scenario::{
        ast::{Step, StepKind},
        diagnostic::Code,
        node::{Entry, Node, Value},
        suggest,
    },
    verdict::Restart,
};

/// The name that stands for the broker where a step names who acts.
const BROKER: &str = "broker";
/// What a step can do to the broker.
pub const RESTARTS: [(&str, Restart); 2] = [("restart", Restart::Asked), ("kill", Restart::Killed)];
/// The most repetitions of a step.
const MAX_REPEAT: u32 = 100_000;

impl Lower {
    /// The steps in a list, those under a version flattened into it.
    pub(super) fn steps(&mut self, node: &Node) -> Vec<Step> {
        let items = self.filled_list(node, "a list of steps").unwrap_or_default();
        let mut steps = Vec::new();
        for item in items {
            self.step(item, None, &mut steps);
        }
        steps
    }

    fn step(&mut self, node: &Node, only: Option<Version>, steps: &mut Vec<Step>) {
        let Some(entry) = node.only_entry() else {
            self.not_a_step(node);
            return;
        };
        if let Some(version) = version_named(&entry.key) {
            if self.check_version_key(version, &entry.key_span).is_some() {
                self.under(Some(version), |lower| {
                    let items = lower.filled_list(&entry.value, "a list of steps").unwrap_or_default();
                    for item in items {
                        lower.step(item, Some(version), steps);
                    }
                });
            }
            return;
        }
        let kind = match entry.key.as_str() {
            "wait" => self.duration(&entry.value).map(StepKind::Wait),
            "repeat" => self.repeat(&entry.value),
            "whichever" => self.whichever(&entry.value).map(StepKind::Whichever),
            BROKER => self.restart(entry).map(StepKind::Restart),
            _ => self.client(entry),
        };
        steps.extend(kind.map(|kind| Step { span: node.span.clone(), only, kind }));
    }

    fn not_a_step(&mut self, node: &Node) {
        if let Some([_, second, ..]) = node.entries() {
            let message = "a step has a second key";
            let mistake =
                Mistake::new(Code::Duplicate, &second.key_span, message, "one client with one action");
            for entry in node.entries().unwrap_or_default() {
                self.doubt(&entry.key);
            }
            let help = "modifiers stand beside the action: `- client: {expect: {...}, else: ...}`";
            return self.add(mistake.help(help));
        }
        let wanted = "a step such as `client: connect`, `wait: 1s`, `repeat: {...}` or `v5.0: [...]`";
        self.wrong_type::<()>(node, wanted);
    }

    fn repeat(&mut self, node: &Node) -> Option<StepKind> {
        let mut keys = self.keys(node, "`repeat`")?;
        let count = keys.need(self, "count").and_then(|node| self.number(node, 1, MAX_REPEAT));
        let variable = keys.take("as").and_then(|node| {
            let name = self.scalar(node, "the name of a variable")?.text.clone();
            self.introduce(&name, &node.span, Type::Number, Origin::Counter)?;
            Some(name)
        });
        let steps = keys.need(self, "steps").map(|node| self.steps(node));
        keys.finish(self);
        if let Some(name) = &variable {
            self.forget(name);
        }
        Some(StepKind::Repeat { count: count?, variable, steps: steps? })
    }

    /// What happens to the broker. No network connection outlives it.
    fn restart(&mut self, entry: &Entry) -> Option<Restart> {
        let word = &self.scalar(&entry.value, "`restart` or `kill`")?.text;
        let found = RESTARTS.into_iter().find(|(name, _)| name == word);
        let Some((_, restart)) = found else {
            let message = format!("`{word}` cannot be done to a broker");
            let names = RESTARTS.into_iter().map(|(name, _)| name);
            return self.refuse(keys::unknown(&entry.value.span, message, word, names));
        };
        self.all_closed(&entry.value.span);
        Some(restart)
    }

    fn client(&mut self, entry: &Entry) -> Option<StepKind> {
        let looks_like_a_version = entry.key.strip_prefix('v').unwrap_or(&entry.key);
        if looks_like_a_version.starts_with(|c: char| c.is_ascii_digit()) {
            let message = format!("`{}` is no version", entry.key);
            let (label, help) = suggest::guidance(&entry.key, &["v3.1.1", "v5.0"]);
            return self
                .refuse(Mistake::new(Code::UnknownName, &entry.key_span, message, label).maybe_help(help));
        }
        self.check_name(&entry.key, &entry.key_span, "client")?;
        let client = Client { name: &entry.key, span: &entry.key_span };
        let Some(action) = self.action(client, &entry.value) else {
            self.doubt(&entry.key);
            return None;
        };
        Some(StepKind::Client { name: entry.key.clone(), action })
    }

    /// Notes the names of all clients that act in a list of steps.
    pub(super) fn note_clients(&mut self, node: &Node) {
        let Value::List(items) = &node.value else { return };
        for entry in items.iter().filter_map(Node::only_entry) {
            if version_named(&entry.key).is_some() {
                self.note_clients(&entry.value);
            } else if entry.key == "repeat" {
                let inner = entry.value.entries().unwrap_or_default();
                for steps in inner.iter().filter(|inner| inner.key == "steps") {
                    self.note_clients(&steps.value);
                }
            } else if entry.key == "whichever" {
                self.note_roles(&entry.value);
            } else if entry.key != "wait" && entry.key != BROKER {
                self.scope.clients.insert(entry.key.clone());
            }
        }
    }
}

/// Whether one of the steps can end in `warn` or `fail` under this version.
pub(super) fn judge(steps: &[Step], version: Version) -> bool {
    steps.iter().filter(|step| step.only.is_none_or(|only| only == version)).any(|step| match &step.kind {
        StepKind::Wait(_) | StepKind::Restart(_) => false,
        StepKind::Repeat { steps, .. } => judge(steps, version),
        StepKind::Whichever(whichever) => action::expects(&whichever.expectation.terms, version),
        StepKind::Client { action, .. } => action::judges(action, version),
    })
}
