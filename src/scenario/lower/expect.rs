//! What is expected, how long, and what it means if it does not happen.

use mqttspec_spec::Version;
use mqttspec_wire::packet::PacketType;

use super::{Keys, Lower, Mistake, expr, keys};
use crate::{
    scenario::{
        ast::{
            CloseExpectation, Expr, Fence, Otherwise, Outcome, OutcomeEvent, PacketPattern, Scalar, Span,
            Terms,
        },
        diagnostic::Code,
        node::{Entry, Node, Value},
        vocabulary,
    },
    verdict::Grade,
};

/// The grades that an outcome or a way of closing can have.
pub const GRADES: [&str; 4] = ["pass", "warn", "fail", "inconclusive"];

impl Lower {
    /// The modifiers of an expectation.
    pub(super) fn terms(&mut self, keys: &mut Keys<'_>) -> Terms {
        let within = keys.take("within").and_then(|node| self.duration(node));
        let not_before = keys.take_entry("not-before").and_then(|entry| {
            let earliest = self.duration(&entry.value)?;
            if let (Some(Expr::Constant(Scalar::Number(latest))), Expr::Constant(Scalar::Number(earliest))) =
                (&within, &earliest)
                && latest <= earliest
            {
                let message = "`within` ends before `not-before` begins";
                self.add(Mistake::new(
                    Code::WrongValue,
                    &entry.value.span,
                    message,
                    "nothing can happen in time",
                ));
            }
            Some(earliest)
        });
        let since = keys.take_entry("since").and_then(|entry| {
            let name = self.scalar(&entry.value, "the name of a mark")?.text.clone();
            self.since(&name, &entry.value.span)?;
            if within.is_none() && not_before.is_none() {
                let message = "`since` measures nothing";
                let label = "`within` or `not-before` is needed beside it";
                self.add(Mistake::new(Code::Missing, &entry.key_span, message, label));
            }
            Some(name)
        });
        let otherwise = self.else_of(keys);
        Terms { within, not_before, since, otherwise, missing: None }
    }

    /// The modifiers of waiting for packets, which may not come.
    pub(super) fn terms_of_packets(&mut self, keys: &mut Keys<'_>) -> Terms {
        let terms = self.terms(keys);
        Terms { missing: self.verdict_under("missing", keys), ..terms }
    }

    /// The verdict under `else`.
    pub(super) fn else_of(&mut self, keys: &mut Keys<'_>) -> Option<Otherwise> {
        self.verdict_under("else", keys)
    }

    fn verdict_under(&mut self, key: &'static str, keys: &mut Keys<'_>) -> Option<Otherwise> {
        let entry = keys.take_entry(key)?;
        if self.judged {
            return self.otherwise(key, &entry.value);
        }
        let message = "a step that leads up to the scenario's point has no verdict";
        let label = format!("leave `{key}` out here");
        let mistake = Mistake::new(Code::WrongValue, &entry.key_span, message, label);
        self.refuse(
            mistake.help("if it fails the scenario is inconclusive; what is judged stands in `steps`"),
        )
    }

    /// A packet with the values of its fields: `{puback: {packet-id: 7}}`, or its name alone.
    pub(super) fn expected_packet(&mut self, node: &Node) -> Option<PacketPattern> {
        let names = || vocabulary::packets().iter().filter(|words| !words.from_server.is_empty());
        let names = || names().map(|words| words.name.as_str());
        if let Some(word) = node.word() {
            let Some(words) = vocabulary::packet(word) else {
                let message = format!("`{word}` is not a packet");
                return self.refuse(keys::unknown(&node.span, message, word, names()));
            };
            let empty = Node { span: node.span.clone(), value: Value::Map(Vec::new()) };
            return Some(self.pattern(words, &node.span, &empty));
        }
        let keys = self.keys(node, "an expected packet")?;
        let (entry, words) = self.packet_entry(node, &keys, ("a packet", names()))?;
        Some(self.pattern(words, &entry.key_span, &entry.value))
    }

    /// The patterns of `expect-any-order`.
    pub(super) fn expected_packets(&mut self, node: &Node) -> Vec<PacketPattern> {
        let items = self.filled_list(node, "a list of packets").unwrap_or_default();
        items.iter().filter_map(|item| self.expected_packet(item)).collect()
    }

    /// The pattern of a message that is received.
    pub(super) fn message(&mut self, node: &Node) -> Option<PacketPattern> {
        let words = vocabulary::words_of(PacketType::Publish)?;
        Some(self.pattern(words, &node.span, node))
    }

    /// The patterns of `receive-any-order`.
    pub(super) fn messages(&mut self, node: &Node) -> Vec<PacketPattern> {
        let items = self.filled_list(node, "a list of messages").unwrap_or_default();
        items.iter().filter_map(|item| self.message(item)).collect()
    }

    /// The sets of patterns of `receive-one-of`.
    pub(super) fn sets_of_messages(&mut self, node: &Node) -> Vec<Vec<PacketPattern>> {
        let items = self.filled_list(node, "a list of lists of messages").unwrap_or_default();
        items.iter().map(|item| self.messages(item)).collect()
    }

    /// The outcomes of `expect-one-of`.
    pub(super) fn outcomes(&mut self, node: &Node) -> Vec<Outcome> {
        let items = self.filled_list(node, "a list of outcomes").unwrap_or_default();
        items.iter().filter_map(|item| self.outcome(item)).collect()
    }

    fn outcome(&mut self, node: &Node) -> Option<Outcome> {
        let mut keys = self.keys(node, "an outcome")?;
        let graded: Vec<&Entry> = GRADES.into_iter().filter_map(|grade| keys.take_entry(grade)).collect();
        let event = if let Some(closed) = keys.take("closed") {
            self.nothing_in(closed);
            keys.finish(self);
            Some(OutcomeEvent::Closed)
        } else if let Some(nothing) = keys.take("nothing") {
            self.nothing_in(nothing);
            keys.finish(self);
            Some(OutcomeEvent::Nothing)
        } else {
            let received = vocabulary::packets().iter().filter(|words| !words.from_server.is_empty());
            let known = received.map(|words| words.name.as_str()).chain(["closed", "nothing"]).chain(GRADES);
            let packet = self.packet_entry(node, &keys, ("an outcome", known));
            packet.map(|(entry, words)| {
                OutcomeEvent::Packet(self.pattern(words, &entry.key_span, &entry.value))
            })
        };
        if let [first, second, ..] = graded.as_slice() {
            let mistake =
                Mistake::new(Code::Duplicate, &second.key_span, "an outcome has two grades", "one grade");
            self.add(mistake.also(&first.key_span, "the other one"));
        }
        let otherwise = match graded.first() {
            None => self.judge(node, Grade::Pass, 0),
            Some(entry) => self.graded(entry),
        };
        Some(Outcome { event: event?, otherwise: otherwise? })
    }

    fn graded(&mut self, entry: &Entry) -> Option<Otherwise> {
        let grade = Grade::parse(&entry.key)?;
        if !self.judged && grade != Grade::Pass {
            let message = "a step that leads up to the scenario's point has no verdict";
            let label = "leave this outcome out here";
            return self.refuse(Mistake::new(Code::WrongValue, &entry.key_span, message, label));
        }
        match entry.value.value {
            Value::Nothing { .. } | Value::Scalar(_) => self.judge(&entry.value, grade, 0),
            Value::List(_) | Value::Map(_) => {
                self.wrong_type(&entry.value, "text such as `3.3.1-5 and what it means`")
            }
        }
    }

    /// Refuses anything in the braces of `{closed: {}}`.
    fn nothing_in(&mut self, node: &Node) {
        if node.entries().is_none_or(|entries| !entries.is_empty()) {
            self.wrong_type::<()>(node, "`{}`");
        }
    }

    /// The fence of `expect-nothing-more`.
    pub(super) fn fence(&mut self, node: &Node) -> Option<Fence> {
        let mut keys = self.keys(node, "`expect-nothing-more`")?;
        let fence = keys.take("fence");
        keys.finish(self);
        let fence = fence?;
        let Some(entry) = fence.only_entry() else {
            return self
                .wrong_type(fence, "the publishing client and a topic, as in `{publisher: $topic/fence}`");
        };
        self.act(&entry.key, &entry.key_span, super::scope::Effect::Sends);
        if entry.value.entries().is_none() {
            let topic = self.text(&entry.value)?;
            return Some(Fence { client: entry.key.clone(), topic, qos: None });
        }
        let mut keys = self.keys(&entry.value, "a fence")?;
        let topic = keys.need(self, "topic").and_then(|node| self.text(node));
        let qos = keys.take("qos").and_then(|node| self.number(node, 0, 2));
        keys.finish(self);
        Some(Fence { client: entry.key.clone(), topic: topic?, qos })
    }

    /// How the network connection must be closed.
    pub(super) fn close(&mut self, node: &Node, terms: Terms) -> Option<CloseExpectation> {
        let mut keys = self.keys(node, "`expect-closed`")?;
        let reasons = keys.take_entry("reason").map_or_else(Vec::new, |entry| self.close_reasons(entry));
        let bare = keys.take("bare").and_then(|node| self.close_grade(node));
        let other_reason = keys.take("other-reason").and_then(|node| self.close_grade(node));
        let left_open = keys.take("left-open").and_then(|node| self.close_grade(node));
        let return_code = keys.take_entry("return-code").and_then(|entry| {
            self.needs_version(Version::V3_1_1, "return-code", &entry.key_span)?;
            let code =
                self.under(Some(Version::V3_1_1), |lower| lower.reason(PacketType::Connack, &entry.value));
            self.code(&entry.value.span, &code?)
        });
        keys.finish(self);
        Some(CloseExpectation { reasons, bare, other_reason, left_open, return_code, terms })
    }

    fn close_reasons(&mut self, entry: &Entry) -> Vec<u8> {
        if self.needs_version(Version::V5_0, "reason", &entry.key_span).is_none() {
            return Vec::new();
        }
        let nodes = match &entry.value.value {
            Value::List(_) => self.filled_list(&entry.value, "a list of reason codes").unwrap_or_default(),
            Value::Nothing { .. } | Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(&entry.value),
        };
        let code = |node: &Node| {
            let code = self.under(Some(Version::V5_0), |lower| lower.reason(PacketType::Disconnect, node))?;
            self.code(&node.span, &code)
        };
        nodes.iter().filter_map(code).collect()
    }

    fn needs_version(&mut self, version: Version, key: &str, span: &Span) -> Option<()> {
        if self.versions.is_empty() || self.versions.contains(version) {
            return Some(());
        }
        let message = format!("`{key}` has a meaning under MQTT {} only", version.number());
        let label = format!("{} is played here", self.versions);
        self.refuse(Mistake::new(Code::WrongVersion, span, message, label))
    }

    /// The number of a reason code that is written without variables.
    fn code(&mut self, span: &Span, code: &Expr) -> Option<u8> {
        if let Expr::Constant(Scalar::Number(number)) = code {
            return expr::whole(*number, 0, 255).and_then(|code| u8::try_from(code).ok());
        }
        self.refuse(Mistake::new(
            Code::WrongType,
            span,
            "variables cannot be used here",
            "a reason code is needed",
        ))
    }

    fn close_grade(&mut self, node: &Node) -> Option<Grade> {
        let word = self.scalar(node, "a grade")?.text.as_str();
        let grade = Grade::parse(word).filter(|_| GRADES.contains(&word));
        if grade.is_none() {
            let message = format!("`{word}` is no grade");
            self.add(keys::unknown(&node.span, message, word, GRADES));
        }
        grade
    }
}
