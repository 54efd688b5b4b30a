//! What a client does.

use mqttspec_spec::Version;
use mqttspec_wire::packet::PacketType;

use super::{Keys, Lower, Mistake, keys, scope::Effect};
use crate::{
    scenario::{
        ast::{Action, Exchange, Expectation, Frame, Otherwise, OutcomeEvent, PacketSpec, Span, Terms},
        diagnostic::Code,
        node::{Node, Value},
        vocabulary,
    },
    verdict::Grade,
};

/// How an action is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a word: `client: cut`.
    Word,
    /// With what belongs to it: `client: {publish: {...}}`.
    Mapping,
    /// Either way.
    Both,
}

/// What clients do, and how it is written.
pub const ACTIONS: [(&str, Form); 18] = [
    ("open", Form::Word),
    ("connect", Form::Both),
    ("disconnect", Form::Both),
    ("cut", Form::Word),
    ("half-close", Form::Word),
    ("publish", Form::Mapping),
    ("subscribe", Form::Mapping),
    ("unsubscribe", Form::Mapping),
    ("ping", Form::Both),
    ("send", Form::Mapping),
    ("receive", Form::Mapping),
    ("receive-any-order", Form::Mapping),
    ("receive-one-of", Form::Mapping),
    ("expect", Form::Mapping),
    ("expect-any-order", Form::Mapping),
    ("expect-one-of", Form::Mapping),
    ("expect-nothing-more", Form::Both),
    ("expect-closed", Form::Both),
];

/// The client that acts: its name and where that stands.
#[derive(Clone, Copy)]
pub(super) struct Client<'n> {
    pub(super) name: &'n str,
    pub(super) span: &'n Span,
}

impl Lower {
    /// What a client does: a word, or a mapping of the action and its modifiers.
    pub(super) fn action(&mut self, client: Client<'_>, node: &Node) -> Option<Action> {
        if let Some(word) = node.word() {
            let Some((name, form)) = ACTIONS.into_iter().find(|(name, _)| *name == word) else {
                let message = format!("a client cannot `{word}`");
                return self.refuse(keys::unknown(&node.span, message, word, action_names()));
            };
            if form == Form::Mapping {
                let message = format!("`{word}` has something to say");
                let label = format!("`{{{word}: ...}}` is needed");
                return self.refuse(Mistake::new(Code::Missing, &node.span, message, label));
            }
            let nothing = Node { span: node.span.clone(), value: Value::Map(Vec::new()) };
            let mut no_modifiers = Keys::new("this step", &node.span, &[]);
            return self.perform(client, name, &nothing, &mut no_modifiers);
        }
        if node.entries().is_none() {
            return self.wrong_type(node, "an action such as `connect` or `{publish: {...}}`");
        }
        let mut keys = self.keys(node, "this step")?;
        let found: Vec<_> = ACTIONS
            .into_iter()
            .filter_map(|(name, form)| keys.take_entry(name).map(|entry| (name, form, entry)))
            .collect();
        let Some((name, form, entry)) = found.first() else {
            return self.no_action(node, &keys);
        };
        for (name, _, other) in found.iter().skip(1) {
            let message = format!("`{name}` is a second action of the step");
            let mistake = Mistake::new(Code::Duplicate, &other.key_span, message, "one action a step");
            self.add(mistake.also(&entry.key_span, "the first"));
        }
        if *form == Form::Word {
            let message = format!("`{name}` has nothing to say");
            let label = format!("write `{}: {name}`", client.name);
            return self.refuse(Mistake::new(Code::WrongType, &entry.key_span, message, label));
        }
        let mut modifiers = keys.modifiers(&format!("`{name}`"));
        let action = self.perform(client, name, &entry.value, &mut modifiers);
        modifiers.finish(self);
        action
    }

    fn no_action<T>(&mut self, node: &Node, keys: &Keys<'_>) -> Option<T> {
        match keys.left().first() {
            None => self.wrong_type(node, "an action such as `connect` or `{publish: {...}}`"),
            Some(entry) => {
                let message = format!("a client cannot `{}`", entry.key);
                self.refuse(keys::unknown(&entry.key_span, message, &entry.key, action_names()))
            }
        }
    }

    /// The action `name` with what belongs to it, and its modifiers.
    fn perform(
        &mut self,
        client: Client<'_>,
        name: &str,
        node: &Node,
        keys: &mut Keys<'_>,
    ) -> Option<Action> {
        let effect = match name {
            "open" => Effect::Opens,
            "connect" => Effect::Connects,
            "disconnect" | "cut" => Effect::Closes,
            "half-close" => Effect::HalfCloses,
            "publish" | "subscribe" | "unsubscribe" | "ping" | "send" => Effect::Sends,
            _ => Effect::Listens,
        };
        self.act(client.name, client.span, effect);
        match name {
            "open" => Some(Action::Open),
            "cut" => Some(Action::Cut),
            "half-close" => Some(Action::HalfClose),
            "connect" => self.exchange(PacketType::Connect, node, keys).map(Action::Connect),
            "publish" => self.exchange(PacketType::Publish, node, keys).map(Action::Publish),
            "subscribe" => self.exchange(PacketType::Subscribe, node, keys).map(Action::Subscribe),
            "unsubscribe" => self.exchange(PacketType::Unsubscribe, node, keys).map(Action::Unsubscribe),
            "disconnect" => self.fields_of(PacketType::Disconnect, node).map(Action::Disconnect),
            "ping" => {
                self.fields_of(PacketType::Pingreq, node)?;
                Some(Action::Ping(self.else_of(keys)))
            }
            "send" => {
                let items = self.send_items(node);
                let (mark, frame) = (self.mark_of(keys), self.frame_of(keys)?);
                Some(Action::Send { items, mark, frame })
            }
            _ => self.expectation(client, name, node, keys),
        }
    }

    fn expectation(
        &mut self,
        client: Client<'_>,
        name: &str,
        node: &Node,
        keys: &mut Keys<'_>,
    ) -> Option<Action> {
        match name {
            "receive" => {
                let (pattern, terms) = (self.message(node), self.terms_of_packets(keys));
                Some(Action::Receive(Expectation { pattern: pattern?, terms }))
            }
            "expect" => {
                let (pattern, terms) = (self.expected_packet(node), self.terms_of_packets(keys));
                Some(Action::Expect(Expectation { pattern: pattern?, terms }))
            }
            "receive-any-order" => {
                let (patterns, terms) = (self.messages(node), self.terms_of_packets(keys));
                Some(Action::ExpectAnyOrder { patterns, acknowledge: true, terms })
            }
            "receive-one-of" => {
                let (sets, terms) = (self.sets_of_messages(node), self.terms_of_packets(keys));
                Some(Action::ReceiveOneOf { sets, terms })
            }
            "expect-any-order" => {
                let patterns = self.expected_packets(node);
                let acknowledge = keys.take("acknowledge").is_some_and(|node| self.plain_flag(node));
                let terms = self.terms_of_packets(keys);
                Some(Action::ExpectAnyOrder { patterns, acknowledge, terms })
            }
            "expect-one-of" => {
                let (outcomes, terms) = (self.outcomes(node), self.terms(keys));
                if outcomes.iter().any(|outcome| matches!(outcome.event, OutcomeEvent::Closed)) {
                    self.act(client.name, client.span, Effect::MayClose);
                }
                Some(Action::ExpectOneOf { outcomes, terms })
            }
            "expect-nothing-more" => {
                let (fence, terms) = (self.fence(node), self.terms(keys));
                Some(Action::ExpectNothingMore { fence, terms })
            }
            _ => {
                let terms = self.terms(keys);
                let close = self.close(node, terms)?;
                let effect = if close.left_open.is_some() { Effect::MayClose } else { Effect::Closes };
                self.act(client.name, client.span, effect);
                Some(Action::ExpectClosed(close))
            }
        }
    }

    fn exchange(&mut self, packet: PacketType, node: &Node, keys: &mut Keys<'_>) -> Option<Exchange> {
        let spec = self.fields_of(packet, node);
        let (otherwise, mark) = (self.else_of(keys), self.mark_of(keys));
        Some(Exchange { packet: spec?, otherwise, mark })
    }

    fn fields_of(&mut self, packet: PacketType, node: &Node) -> Option<PacketSpec> {
        let words = vocabulary::words_of(packet)?;
        let spec = self.packet(words, &node.span, node);
        self.check_some_filter(&spec, node);
        Some(spec)
    }

    /// Refuses an exchange without any filter, which no broker grants; `send` can do that.
    fn check_some_filter(&mut self, spec: &PacketSpec, node: &Node) {
        use crate::scenario::ast::FieldValue;
        let empty = spec.fields.iter().find(|field| match &field.value {
            FieldValue::Filters(filters) => filters.is_empty(),
            FieldValue::Many(filters) => field.name == "filters" && filters.is_empty(),
            FieldValue::One(_) | FieldValue::Pairs(_) => false,
        });
        if let Some(field) = empty {
            let verb = spec.packet.name().to_lowercase();
            let message = format!("`{verb}` without a filter cannot succeed");
            let span = if field.span.is_empty() { &node.span } else { &field.span };
            let mistake = Mistake::new(Code::Missing, span, message, "at least one filter is needed");
            self.add(mistake.help(format!("to send it nevertheless write `send: {{{verb}: ...}}`")));
        }
    }

    /// `frame: text`, where the transport has frames.
    fn frame_of(&mut self, keys: &mut Keys<'_>) -> Option<Frame> {
        let Some(node) = keys.take("frame") else { return Some(Frame::Binary) };
        if node.word() != Some("text") {
            return self.wrong_type(node, "`text`, since frames are binary otherwise");
        }
        if !self.over_websocket {
            let message = "only WebSocket has frames";
            let mistake = Mistake::new(Code::Missing, &node.span, message, "no other transport has them");
            return self.refuse(mistake.help("`transport: websocket` says that the scenario is about it"));
        }
        Some(Frame::Text)
    }

    fn mark_of(&mut self, keys: &mut Keys<'_>) -> Option<String> {
        let node = keys.take("mark")?;
        let name = self.scalar(node, "a name")?.text.clone();
        self.mark(&name, &node.span)?;
        Some(name)
    }

    /// `true` or `false` without variables.
    pub(super) fn plain_flag(&mut self, node: &Node) -> bool {
        match node.word() {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => {
                self.wrong_type::<()>(node, "`true` or `false`");
                false
            }
        }
    }
}

fn action_names() -> impl Iterator<Item = &'static str> {
    ACTIONS.into_iter().map(|(name, _)| name)
}

/// Whether a version's steps are judged by this action: whether it can end in `warn` or `fail`.
pub(super) fn judges(action: &Action, version: Version) -> bool {
    let judged = |otherwise: &Option<Otherwise>| otherwise.as_ref().is_some_and(|it| accuses(it, version));
    match action {
        Action::Open | Action::Cut | Action::HalfClose | Action::Disconnect(_) | Action::Send { .. } => false,
        Action::Connect(exchange)
        | Action::Publish(exchange)
        | Action::Subscribe(exchange)
        | Action::Unsubscribe(exchange) => judged(&exchange.otherwise),
        Action::Ping(otherwise) => judged(otherwise),
        Action::Receive(expected) | Action::Expect(expected) => expects(&expected.terms, version),
        Action::ExpectAnyOrder { terms, .. }
        | Action::ReceiveOneOf { terms, .. }
        | Action::ExpectNothingMore { terms, .. } => expects(terms, version),
        Action::ExpectOneOf { outcomes, terms } => {
            expects(terms, version) || outcomes.iter().any(|outcome| accuses(&outcome.otherwise, version))
        }
        Action::ExpectClosed(close) => expects(&close.terms, version),
    }
}

/// Whether an expectation on these terms can end in `warn` or `fail`.
pub(super) fn expects(terms: &Terms, version: Version) -> bool {
    terms.otherwise.is_none() || terms.verdicts().any(|verdict| accuses(verdict, version))
}

fn accuses(otherwise: &Otherwise, version: Version) -> bool {
    matches!(otherwise.of(version).grade, Grade::Warn | Grade::Fail)
}
