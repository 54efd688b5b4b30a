//! `broker`: how the broker is to be set up.

use mqttspec_spec::Version;

use super::{
    Lower, Mistake,
    keys::Keys,
    literal::{Literal, literal},
};
use crate::scenario::{
    ast::{Challenge, Lack, Limit, Setting, Span},
    diagnostic::Code,
    node::{Entry, Node},
};

/// The users that a broker can be given at most.
const MAX_USERS: usize = 8;

impl Lower {
    /// The settings of a mapping, sorted.
    pub(super) fn settings(&mut self, node: &Node) -> Vec<Setting> {
        let Some(mut keys) = self.keys(node, "`broker`") else { return Vec::new() };
        if keys.left().is_empty() {
            let message = "`broker` names no setting";
            let label = "a setting is needed, as in `{maximum-qos: 1}`";
            self.add(Mistake::new(Code::Missing, &node.span, message, label));
        }
        let mut settings = Vec::new();
        for (lack, name) in Lack::ALL {
            settings.extend(keys.take(name).and_then(|node| self.lack(lack, node)));
        }
        for (limit, name, min, max) in Limit::ALL {
            let number = keys.take(name).and_then(|node| self.whole_number(node, min, max));
            settings.extend(number.map(|number| Setting::Limit(limit, number)));
        }
        settings.extend(self.named_settings(&mut keys));
        keys.finish(self);
        settings.sort();
        settings
    }

    fn named_settings(&mut self, keys: &mut Keys<'_>) -> Vec<Setting> {
        let [version, maximum_qos, users, deny_publish, deny_subscribe, challenge] =
            Setting::NAMES.map(|name| keys.take(name));
        let found = [
            version.and_then(|node| self.sole_version(node)).map(Setting::Version),
            maximum_qos.and_then(|node| self.maximum_qos(node)),
            users.and_then(|node| self.users(node)).map(Setting::Users),
            deny_publish.and_then(|node| self.topic_below(node)).map(Setting::DenyPublish),
            deny_subscribe.and_then(|node| self.topic_below(node)).map(Setting::DenySubscribe),
            challenge.and_then(|node| self.challenge(node)).map(Setting::Challenge),
        ];
        found.into_iter().flatten().collect()
    }

    fn lack(&mut self, lack: Lack, node: &Node) -> Option<Setting> {
        match node.word() {
            Some("false") => Some(Setting::Without(lack)),
            Some("true") => {
                let mistake = Mistake::new(
                    Code::WrongValue,
                    &node.span,
                    "this is no special setting",
                    "only `false` can stand here",
                );
                self.refuse(mistake.help("a scenario that needs a feature says so under `needs`"))
            }
            Some(_) | None => self.wrong_type(node, "`false`"),
        }
    }

    fn maximum_qos(&mut self, node: &Node) -> Option<Setting> {
        let number = self.whole_number(node, 0, 1)?;
        Some(Setting::MaximumQos(u8::try_from(number).unwrap_or(0)))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is whole and in a range within u32"
    )]
    fn whole_number(&mut self, node: &Node, min: u32, max: u32) -> Option<u32> {
        let wanted = format!("a whole number from {min} to {max}");
        let Some(word) = node.word() else { return self.wrong_type(node, &wanted) };
        match literal(word) {
            Some(Literal::Number(number))
                if number.fract() == 0.0 && (f64::from(min)..=f64::from(max)).contains(&number) =>
            {
                Some(number as u32)
            }
            Some(_) | None => {
                let message = format!("`{word}` cannot stand here");
                self.refuse(Mistake::new(Code::WrongValue, &node.span, message, format!("expected {wanted}")))
            }
        }
    }

    fn sole_version(&mut self, node: &Node) -> Option<Version> {
        let scalar = self.scalar(node, "`3.1.1` or `5.0`")?;
        let version = Version::ALL.into_iter().find(|version| version.number() == scalar.text);
        if version.is_none() {
            let message = format!("there is no version `{}`", scalar.text);
            self.add(Mistake::new(Code::WrongValue, &node.span, message, "expected `3.1.1` or `5.0`"));
        }
        version
    }

    /// A topic in the form `$topic/name`: what follows `$topic/`.
    fn topic_below(&mut self, node: &Node) -> Option<String> {
        let scalar = self.scalar(node, "a topic such as `$topic/secret`")?;
        let is_plain = |name: &&str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        if let Some(name) = scalar.text.strip_prefix("$topic/").filter(is_plain) {
            return Some(name.to_owned());
        }
        let message = format!("`{}` is no topic that can be set aside", scalar.text);
        let label = "expected `$topic/` and one level of the letters a-z";
        self.refuse(Mistake::new(Code::WrongValue, &node.span, message, label))
    }

    fn users(&mut self, node: &Node) -> Option<Vec<(String, String)>> {
        let wanted = "users with their passwords, as in `{alice: secret}`";
        let entries = match node.entries() {
            Some(entries) if (1..=MAX_USERS).contains(&entries.len()) => entries,
            Some(_) | None => return self.wrong_type(node, wanted),
        };
        let users: Vec<_> = entries.iter().map(|entry| self.user(entry)).collect();
        users.into_iter().collect()
    }

    fn user(&mut self, entry: &Entry) -> Option<(String, String)> {
        let (name, password) = (self.plain(&entry.key, &entry.key_span), self.plain_text(&entry.value));
        Some((name?, password?))
    }

    fn challenge(&mut self, node: &Node) -> Option<Challenge> {
        let mut keys = self.keys(node, "`enhanced-authentication`")?;
        let [method, question, answer] = ["method", "question", "answer"]
            .map(|key| keys.need(self, key).and_then(|node| self.plain_text(node)));
        keys.finish(self);
        Some(Challenge { method: method?, question: question?, answer: answer? })
    }

    fn plain_text(&mut self, node: &Node) -> Option<String> {
        let text = &self.scalar(node, "a text")?.text;
        self.plain(text, &node.span)
    }

    /// A text that goes into files of other programs: letters and digits.
    fn plain(&mut self, text: &str, span: &Span) -> Option<String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Some(text.to_owned());
        }
        let message = "this text has other characters than letters, digits and `-`";
        self.refuse(Mistake::new(Code::WrongValue, span, message, "it goes into files of the broker"))
    }
}
