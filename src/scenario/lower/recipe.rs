//! A recipe: how a broker is launched.

use super::{
    Lower, Mistake, keys,
    literal::{Literal, literal},
};
use crate::scenario::{
    ast::{Feature, Given, Lack, Limit, Recipe, Setting, Span},
    diagnostic::Code,
    node::{Entry, Node},
};

/// What can stand in braces everywhere.
const ALWAYS: &[&str] = &["port", "folder"];
/// What can stand in braces where a setting is concerned.
const OF_SETTINGS: &[&str] = &["port", "folder", "value", "topic", "user", "password"];
/// Where a broker listens if the recipe does not say it.
const ADDRESS: &str = "mqtt://127.0.0.1:{port}";
/// How long a broker may take to answer and to end if the recipe does not say it, in milliseconds.
const READY: u64 = 10_000;
const STOP: u64 = 10_000;

/// The recipe that the document `root` means; `None` if anything in it is wrong, which is then among the mistakes.
pub(in crate::scenario) fn recipe(root: &Node, mistakes: &mut Vec<Mistake>) -> Option<Recipe> {
    let mut lower = Lower::default();
    let recipe = lower.recipe(root);
    mistakes.append(&mut lower.mistakes);
    recipe.filter(|_| mistakes.is_empty())
}

impl Lower {
    fn recipe(&mut self, root: &Node) -> Option<Recipe> {
        let mut keys = self.keys(root, "a recipe")?;
        let broker = keys.need(self, "broker").and_then(|node| self.scalar(node, "the broker's name"));
        let command = keys.need(self, "command").and_then(|node| self.command(node, ALWAYS));
        let address = keys.take("address").and_then(|node| self.template(node, ALWAYS));
        let files = keys.take("files").map_or_else(Vec::new, |node| self.texts(node, ALWAYS));
        let settings = keys.take("settings").map_or_else(Vec::new, |node| self.given_settings(node));
        let lacks = keys.take("does-not-offer").map_or_else(Vec::new, |node| self.lacks(node));
        let ready_within = keys.take("ready-within").and_then(|node| self.milliseconds(node));
        let stop_within = keys.take("stop-within").and_then(|node| self.milliseconds(node));
        keys.finish(self);
        Some(Recipe {
            broker: broker?.text.clone(),
            command: command?,
            address: address.unwrap_or_else(|| ADDRESS.to_owned()),
            files,
            settings,
            lacks,
            ready_within: ready_within.unwrap_or(READY),
            stop_within: stop_within.unwrap_or(STOP),
        })
    }

    fn command(&mut self, node: &Node, known: &[&'static str]) -> Option<Vec<String>> {
        let wanted = "a program with its arguments, as in `[mosquitto, -v]`";
        let words: Vec<_> =
            self.filled_list(node, wanted)?.iter().map(|item| self.template(item, known)).collect();
        words.into_iter().collect()
    }

    /// A text in which only known names stand in braces.
    fn template(&mut self, node: &Node, known: &[&'static str]) -> Option<String> {
        let text = &self.scalar(node, "a text")?.text;
        for (range, name) in placeholders(text) {
            if !known.contains(&name) {
                let message = format!("nothing is known to stand for `{{{name}}}`");
                self.add(keys::unknown(&node.part(range), message, name, known.iter().copied()));
            }
        }
        Some(text.clone())
    }

    /// Texts by the names of their files.
    fn texts(&mut self, node: &Node, known: &[&'static str]) -> Vec<(String, String)> {
        let Some(entries) = node.entries() else {
            self.wrong_type::<()>(node, "files with their texts, as in `{broker.conf: \"port {port}\"}`");
            return Vec::new();
        };
        entries.iter().filter_map(|entry| self.file(entry, known)).collect()
    }

    fn file(&mut self, entry: &Entry, known: &[&'static str]) -> Option<(String, String)> {
        let text = self.template(&entry.value, known);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if entry.key.starts_with('.') || !entry.key.bytes().all(is_plain) {
            let message = format!("`{}` is no name of a file in the broker's folder", entry.key);
            let label = "expected letters, digits, `.`, `_` and `-`";
            return self.refuse(Mistake::new(Code::WrongValue, &entry.key_span, message, label));
        }
        Some((entry.key.clone(), text?))
    }

    fn given_settings(&mut self, node: &Node) -> Vec<(&'static str, Given)> {
        let Some(mut keys) = self.keys(node, "`settings`") else { return Vec::new() };
        let lacks = Lack::ALL.into_iter().map(|(_, name)| name);
        let limits = Limit::ALL.into_iter().map(|(_, name, ..)| name);
        let mut settings = Vec::new();
        for name in lacks.chain(limits).chain(Setting::NAMES) {
            let given = keys.take(name).and_then(|node| self.measures(node));
            settings.extend(given.map(|given| (name, given)));
        }
        keys.finish(self);
        settings
    }

    fn measures(&mut self, node: &Node) -> Option<Given> {
        let mut keys = self.keys(node, "a setting")?;
        let add = keys.take("add").map_or_else(Vec::new, |node| self.texts(node, OF_SETTINGS));
        let run = keys.take("run").and_then(|node| self.filled_list(node, "a list of commands"));
        let run = run.unwrap_or_default().iter().filter_map(|item| self.command(item, OF_SETTINGS)).collect();
        keys.finish(self);
        Some(Given { add, run })
    }

    fn lacks(&mut self, node: &Node) -> Vec<(Feature, String)> {
        let Some(mut keys) = self.keys(node, "`does-not-offer`") else { return Vec::new() };
        let mut lacks = Vec::new();
        for (feature, name) in Feature::ALL {
            let proof = keys.take(name).and_then(|node| self.scalar(node, "who says so"));
            lacks.extend(proof.map(|proof| (feature, proof.text.clone())));
        }
        keys.finish(self);
        lacks
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number of seconds is not negative, and bounded"
    )]
    fn milliseconds(&mut self, node: &Node) -> Option<u64> {
        match node.word().and_then(literal) {
            Some(Literal::Duration(seconds)) if (0.001..=3600.0).contains(&seconds) => {
                Some((seconds * 1000.0) as u64)
            }
            Some(_) | None => self.wrong_type(node, "a duration of at most an hour, such as `10s`"),
        }
    }
}

/// The names in braces, with where they stand. Other braces are text.
fn placeholders(text: &str) -> Vec<(Span, &str)> {
    let braces = text.match_indices('{').filter_map(|(start, _)| {
        let rest = text.get(start + 1..)?;
        let name = rest.get(..rest.find('}')?)?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        is_name.then(|| (start..start + name.len() + 2, name))
    });
    braces.collect()
}
