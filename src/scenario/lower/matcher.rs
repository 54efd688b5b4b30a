//! What a field of a received packet must be.

use mqttspec_wire::packet::PacketType;

use super::{
    Lower, Mistake, keys,
    packet::Table,
    scope::{Origin, Type},
};
use crate::scenario::{
    ast::{Matcher, PacketPattern, Span},
    diagnostic::Code,
    node::{Entry, Node, Value},
    vocabulary::{FieldWords, Kind, PacketWords},
};

/// The matchers that are written as mappings; `save` may stand beside one of them.
pub const MATCHERS: [&str; 11] = [
    "equal",
    "any-of",
    "not",
    "at-least",
    "at-most",
    "between",
    "matches",
    "unordered",
    "hex",
    "bytes",
    "save",
];

/// A field to be matched, or an element of one.
#[derive(Clone, Copy)]
struct Target<'f> {
    field: &'f FieldWords,
    packet: PacketType,
    /// Whether an element of a list is to be matched.
    element: bool,
    /// Whether a value may be kept: not within `not` and `any-of`, where it need not be what was matched.
    may_save: bool,
}

impl Target<'_> {
    fn is_list(self) -> bool {
        !self.element
            && matches!(
                self.field.kind,
                Kind::Numbers | Kind::Reasons | Kind::Pairs | Kind::Filters | Kind::Subscriptions
            )
    }

    fn is_pair(self) -> bool {
        self.element && self.field.kind == Kind::Pairs
    }

    fn is_number(self) -> bool {
        match self.field.kind {
            Kind::Number { .. } | Kind::Reason => true,
            Kind::Numbers | Kind::Reasons => self.element,
            Kind::Text | Kind::Binary | Kind::Flag | Kind::Pairs | Kind::Filters | Kind::Subscriptions => {
                false
            }
        }
    }

    fn variable_type(self) -> Type {
        match self.field.kind {
            Kind::Text | Kind::Pairs | Kind::Filters | Kind::Subscriptions => Type::Text,
            Kind::Binary => Type::Bytes,
            Kind::Flag => Type::Flag,
            Kind::Number { .. } | Kind::Numbers | Kind::Reason | Kind::Reasons => Type::Number,
        }
    }
}

impl Lower {
    /// A packet to expect; `span` is its name in the file.
    pub(super) fn pattern(&mut self, words: &'static PacketWords, span: &Span, node: &Node) -> PacketPattern {
        self.check_sender(words, span);
        let mut fields = Vec::new();
        for given in self.given(&Table::of(words), node) {
            let lower_value = |lower: &mut Self, field: &'static FieldWords| {
                let target = Target { field, packet: words.packet, element: false, may_save: true };
                lower.matcher(target, given.node)
            };
            self.fields(&given, lower_value, &mut fields);
        }
        PacketPattern { packet: words.packet, fields, span: span.clone() }
    }

    /// Refuses a packet that no server sends.
    pub(super) fn check_sender(&mut self, words: &PacketWords, span: &Span) {
        if words.from_server.is_empty() {
            let message = format!("a broker never sends {}", words.packet);
            return self.add(Mistake::new(Code::WrongValue, span, message, "it cannot be expected"));
        }
        if let Some(version) = self.versions.iter().find(|version| !words.from_server.contains(version)) {
            let message = format!("under MQTT {} a broker never sends {}", version.number(), words.packet);
            self.add(self.not_in_this_version(span, message));
        }
    }

    fn matcher(&mut self, target: Target<'_>, node: &Node) -> Option<Matcher> {
        match &node.value {
            Value::Nothing { .. } => self.wrong_type(node, "a value or a matcher"),
            Value::Scalar(_) => match node.word() {
                Some("absent") => self.presence(target, node, Matcher::Absent),
                Some("present") => self.presence(target, node, Matcher::Present),
                _ => self.equal(target, node),
            },
            Value::List(items) if target.is_list() => {
                Some(Matcher::List(self.matchers(Target { element: true, ..target }, items)))
            }
            Value::List(_) if target.is_pair() => self.equal(target, node),
            Value::List(_) => self.any_of(target, node),
            Value::Map(entries) => self.described(target, node, entries),
        }
    }

    fn matchers(&mut self, target: Target<'_>, nodes: &[Node]) -> Vec<Matcher> {
        nodes.iter().filter_map(|node| self.matcher(target, node)).collect()
    }

    fn any_of(&mut self, target: Target<'_>, node: &Node) -> Option<Matcher> {
        let items = self.filled_list(node, "a list of the values that are allowed")?;
        Some(Matcher::AnyOf(self.matchers(Target { may_save: false, ..target }, items)))
    }

    fn presence(&mut self, target: Target<'_>, node: &Node, matcher: Matcher) -> Option<Matcher> {
        if target.field.optional && !target.element {
            return Some(matcher);
        }
        let message = format!("`{}` is never absent from {}", target.field.name, target.packet);
        let mistake = Mistake::new(Code::WrongValue, &node.span, message, "a value is needed");
        self.refuse(mistake.help("the text `absent` or `present` itself is written `{equal: absent}`"))
    }

    /// Equality with a value; lists and pairs have matchers in them.
    fn equal(&mut self, target: Target<'_>, node: &Node) -> Option<Matcher> {
        if target.is_pair() {
            let (name, value) = self.pair_items(node)?;
            let part = Target { element: false, field: FieldWords::text_in_a_pair(), ..target };
            let pair = self.matcher(part, name).zip(self.matcher(part, value))?;
            return Some(Matcher::Pair(Box::new(pair)));
        }
        if target.is_list() {
            if target.field.kind == Kind::Numbers && node.scalar().is_some() {
                let element = self.equal(Target { element: true, ..target }, node)?;
                return Some(Matcher::List(vec![element]));
            }
            let items = self.list(node, "a list")?;
            return Some(Matcher::List(self.matchers(Target { element: true, ..target }, items)));
        }
        self.one(target.field.kind, target.packet, node).map(Matcher::Equal)
    }

    /// A matcher written as a mapping.
    fn described(&mut self, target: Target<'_>, node: &Node, entries: &[Entry]) -> Option<Matcher> {
        let (saves, others): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| entry.key == "save");
        let inner = match others.as_slice() {
            [] if saves.is_empty() => return self.wrong_type(node, "a matcher"),
            [] => Some(Matcher::Present),
            [entry] => self.named(target, node, entry),
            [_, second, ..] => {
                let message = "two matchers stand in one mapping";
                let mistake =
                    Mistake::new(Code::Duplicate, &second.key_span, message, "one matcher, and `save`");
                self.refuse(mistake.help("a range is written `{between: [1, 10]}`"))
            }
        };
        match saves.first() {
            None => inner,
            Some(entry) => {
                let name = self.saved(target, entry);
                Some(Matcher::Save(name?, Box::new(inner?)))
            }
        }
    }

    fn saved(&mut self, target: Target<'_>, entry: &Entry) -> Option<String> {
        let name = self.scalar(&entry.value, "the name of a variable")?.text.clone();
        if target.is_list() || target.is_pair() {
            let mistake = Mistake::new(
                Code::WrongValue,
                &entry.key_span,
                "a list cannot be kept",
                "keep one of its elements",
            );
            return self.refuse(mistake.help("an element is kept with `[{save: name}]`"));
        }
        if !target.may_save {
            let message = "nothing can be kept within `not` and `any-of`";
            let label = "put `save` beside the matcher";
            return self.refuse(Mistake::new(Code::WrongValue, &entry.key_span, message, label));
        }
        self.introduce(&name, &entry.value.span, target.variable_type(), Origin::Saved)?;
        Some(name)
    }

    fn named(&mut self, target: Target<'_>, node: &Node, entry: &Entry) -> Option<Matcher> {
        let value = &entry.value;
        match entry.key.as_str() {
            "equal" => self.equal(target, value),
            "any-of" => self.any_of(target, value),
            "not" => {
                let inner = self.matcher(Target { may_save: false, ..target }, value)?;
                Some(Matcher::Not(Box::new(inner)))
            }
            "hex" | "bytes" if target.field.kind == Kind::Binary => self.binary(node).map(Matcher::Equal),
            "at-least" | "at-most" | "between" if target.is_number() => self.range(target, entry),
            "matches" if matches!(target.field.kind, Kind::Text | Kind::Binary) => self.regex(value),
            "unordered" if target.is_list() => {
                let items = self.list(value, "a list")?;
                Some(Matcher::Unordered(self.matchers(Target { element: true, ..target }, items)))
            }
            key if MATCHERS.contains(&key) => {
                let message = format!("`{key}` does not apply to `{}`", target.field.name);
                let label = format!("its value is {}", kind_name(target));
                self.refuse(Mistake::new(Code::WrongType, &entry.key_span, message, label))
            }
            _ => self.refuse(keys::unknown_key("a matcher", entry, MATCHERS)),
        }
    }

    fn range(&mut self, target: Target<'_>, entry: &Entry) -> Option<Matcher> {
        let mut bound = |node: &Node| self.one(target.field.kind, target.packet, node).map(Some);
        match entry.key.as_str() {
            "at-least" => Some(Matcher::Between(bound(&entry.value)?, None)),
            "at-most" => Some(Matcher::Between(None, bound(&entry.value)?)),
            _ => match &entry.value.value {
                Value::List(bounds) if let [low, high] = bounds.as_slice() => {
                    let (low, high) = bound(low).zip(bound(high))?;
                    Some(Matcher::Between(low, high))
                }
                Value::Nothing { .. } | Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                    self.wrong_type(&entry.value, "a list of the lowest and the highest value")
                }
            },
        }
    }

    fn regex(&mut self, node: &Node) -> Option<Matcher> {
        let pattern = self.scalar(node, "a regular expression")?.text.as_str();
        match regex_lite::Regex::new(pattern) {
            Ok(_) => Some(Matcher::Regex(pattern.to_owned())),
            Err(error) => {
                let label = error.to_string();
                self.refuse(Mistake::new(
                    Code::WrongValue,
                    &node.span,
                    "this is no regular expression",
                    label,
                ))
            }
        }
    }
}

fn kind_name(target: Target<'_>) -> &'static str {
    if target.is_list() {
        return "a list";
    }
    if target.is_pair() { "a pair of texts" } else { target.variable_type().name() }
}
