//! Packets: the fields that are given, and their values in a packet to send.

use mqttspec_spec::Version;
use mqttspec_wire::{Utf8String, packet::PacketType};

use super::{Lower, Mistake, keys, literal, version_named};
use crate::scenario::{
    ast::{Expr, Field, FieldValue, PacketSpec, Scalar, Span},
    diagnostic::Code,
    node::{Entry, Node, Value},
    reason, suggest,
    vocabulary::{FieldWords, Kind, PacketWords, Place},
};

/// A field that is given in a mapping.
pub(super) struct Given<'n> {
    pub(super) field: &'static FieldWords,
    /// The only version under which it counts.
    pub(super) only: Option<Version>,
    pub(super) key_span: &'n Span,
    pub(super) node: &'n Node,
}

/// The fields that can be given in a mapping.
pub(super) struct Table {
    /// What has these fields, for messages.
    pub(super) owner: &'static str,
    /// The fields.
    pub(super) fields: Vec<&'static FieldWords>,
}

impl Table {
    /// The fields of a packet.
    pub(super) fn of(words: &'static PacketWords) -> Self {
        Self { owner: words.packet.name(), fields: words.fields.iter().collect() }
    }

    fn subscription(words: &'static PacketWords) -> Self {
        Self {
            owner: "a filter",
            fields: words.fields.iter().filter(|field| field.place == Place::Filter).collect(),
        }
    }

    fn field(&self, name: &str) -> Option<&'static FieldWords> {
        self.fields.iter().find(|field| field.name == name).copied()
    }
}

impl Lower {
    /// The fields given in a mapping, also those under a version and under `will`.
    pub(super) fn given<'n>(&mut self, table: &Table, node: &'n Node) -> Vec<Given<'n>> {
        let mut given = Vec::new();
        match node.entries() {
            Some(entries) => self.collect(table, entries, ("", None), &mut given),
            None => {
                self.wrong_type::<()>(node, &format!("a mapping with the fields of {}", table.owner));
            }
        }
        given
    }

    fn collect<'n>(
        &mut self,
        table: &Table,
        entries: &'n [Entry],
        (prefix, only): (&str, Option<Version>),
        given: &mut Vec<Given<'n>>,
    ) {
        for entry in entries {
            if let Some(version) = version_named(&entry.key) {
                if self.check_version_key(version, &entry.key_span).is_some()
                    && let Some(inner) = self.inner(entry)
                {
                    self.under(Some(version), |lower| {
                        lower.collect(table, inner, (prefix, Some(version)), given);
                    });
                }
                continue;
            }
            if prefix.is_empty() && entry.key == "will" && table.field("will.topic").is_some() {
                if let Some(inner) = self.inner(entry) {
                    self.collect(table, inner, ("will.", only), given);
                }
                continue;
            }
            let name = format!("{prefix}{}", entry.key);
            let Some(field) = table.field(&name) else {
                self.unknown_field(table, prefix, entry);
                continue;
            };
            self.check_versions_of(field, &entry.key_span, table.owner);
            let overlaps = |other: &&Given<'_>| {
                other.field.name == field.name && (other.only.is_none() || only.is_none())
            };
            if let Some(other) = given.iter().find(overlaps) {
                let message = format!("`{}` is given twice", entry.key);
                let mistake =
                    Mistake::new(Code::Duplicate, &entry.key_span, message, "at most once per version");
                self.add(mistake.also(other.key_span, "first given here"));
                continue;
            }
            given.push(Given { field, only, key_span: &entry.key_span, node: &entry.value });
        }
    }

    fn inner<'n>(&mut self, entry: &'n Entry) -> Option<&'n [Entry]> {
        match &entry.value.value {
            Value::Map(entries) => Some(entries),
            Value::Nothing { .. } | Value::Scalar(_) | Value::List(_) => {
                self.wrong_type(&entry.value, "a mapping of fields")
            }
        }
    }

    fn unknown_field(&mut self, table: &Table, prefix: &str, entry: &Entry) {
        let owner = if prefix.is_empty() { table.owner } else { "a will" };
        let mut known: Vec<&str> = table
            .fields
            .iter()
            .filter(|field| self.versions.contains(Version::V5_0) || !field.v5_only)
            .filter_map(|field| field.name.strip_prefix(prefix))
            .filter(|name| !name.starts_with("will."))
            .collect();
        if prefix.is_empty() && table.field("will.topic").is_some() {
            known.push("will");
        }
        self.add(keys::unknown_key(owner, entry, known));
    }

    fn check_versions_of(&mut self, field: &FieldWords, span: &Span, owner: &str) {
        if !field.v5_only || !self.versions.contains(Version::V3_1_1) {
            return;
        }
        let name = field.name.strip_prefix("will.").unwrap_or(&field.name);
        let message = format!("`{name}` of {owner} exists in MQTT 5.0 only");
        let help = self.versions.several().then(|| format!("write `v5.0: {{{name}: ...}}`"));
        let label = format!("this counts under {}", self.versions);
        self.add(Mistake::new(Code::WrongVersion, span, message, label).maybe_help(help));
    }

    /// Refuses a packet to send without the fields for which no default makes sense.
    fn check_needed(&mut self, table: &Table, given: &[Given<'_>], span: &Span) {
        for version in self.versions.iter() {
            let has = |name: &str| {
                given
                    .iter()
                    .any(|given| given.field.name == name && given.only.is_none_or(|only| only == version))
            };
            let mut missing: Vec<&str> = table
                .fields
                .iter()
                .filter(|field| field.needed && !(field.v5_only && version == Version::V3_1_1))
                .map(|field| field.name.as_str())
                .filter(|name| !has(name))
                .collect();
            let topics = table.field("filters").is_some() || table.owner == "a filter";
            if topics && !has("filter") && !has("filters") {
                missing.push("filter");
            }
            let of_will = |given: &Given<'_>| {
                given.field.name.starts_with("will.") && given.only.is_none_or(|only| only == version)
            };
            if let Some(will) = given.iter().find(|given| of_will(given)).filter(|_| !has("will.topic")) {
                let label = "`topic` is needed beside it";
                self.add(Mistake::new(Code::Missing, will.key_span, "the will has no `topic`", label));
            }
            for name in missing {
                let message = format!("{} has no `{name}`", table.owner);
                self.add(Mistake::new(Code::Missing, span, message, format!("`{name}` is needed")));
            }
        }
    }

    /// A packet to send.
    pub(super) fn packet(&mut self, words: &'static PacketWords, span: &Span, node: &Node) -> PacketSpec {
        self.check_packet_versions(words, span);
        let table = Table::of(words);
        let given = self.given(&table, node);
        self.check_needed(&table, &given, span);
        let (topics, others): (Vec<_>, Vec<_>) = given
            .into_iter()
            .partition(|given| given.field.place == Place::Filter || given.field.name == "filters");
        let mut fields: Vec<Field<FieldValue>> = Vec::new();
        fields.extend(self.filters(words, &topics));
        for given in &others {
            self.fields(given, |lower, field| lower.value(field, words.packet, given.node), &mut fields);
        }
        PacketSpec { packet: words.packet, fields, edits: Vec::new() }
    }

    /// Refuses a packet that one of the versions does not have.
    fn check_packet_versions(&mut self, words: &PacketWords, span: &Span) {
        if let Some(version) = self.versions.iter().find(|version| !words.versions.contains(version)) {
            let message = format!("MQTT {} has no {}", version.number(), words.packet);
            self.add(self.not_in_this_version(span, message));
        }
    }

    /// The refusal of what one of the versions that count does not have.
    pub(super) fn not_in_this_version(&self, span: &Span, message: String) -> Mistake {
        let label = format!("this counts under {}", self.versions);
        let help = self.versions.several().then(|| "put the step under `v5.0:`".to_owned());
        Mistake::new(Code::WrongVersion, span, message, label).maybe_help(help)
    }

    /// Lowers a field; one with reason codes for each version, since their names mean different numbers.
    pub(super) fn fields<T>(
        &mut self,
        given: &Given<'_>,
        mut lower_value: impl FnMut(&mut Self, &'static FieldWords) -> Option<T>,
        fields: &mut Vec<Field<T>>,
    ) {
        let apart = matches!(given.field.kind, Kind::Reason | Kind::Reasons);
        let versions = given.only.map_or(self.versions, |only| self.versions.only(only));
        let only: Vec<Option<Version>> =
            if apart && versions.several() { versions.iter().map(Some).collect() } else { vec![given.only] };
        for only in only {
            let value = self.under(only, |lower| lower_value(lower, given.field));
            let (name, span) = (given.field.name.as_str(), given.node.span.clone());
            fields.extend(value.map(|value| Field { name, only, value, span }));
        }
    }

    fn value(&mut self, field: &FieldWords, packet: PacketType, node: &Node) -> Option<FieldValue> {
        let many = |lower: &mut Self, kind: Kind| -> Option<FieldValue> {
            let items = lower.list(node, "a list")?;
            Some(FieldValue::Many(items.iter().filter_map(|item| lower.one(kind, packet, item)).collect()))
        };
        match field.kind {
            Kind::Text => {
                let text = self.text(node)?;
                self.check_string(node, &text)?;
                Some(FieldValue::One(text))
            }
            Kind::Number { .. } => {
                let number = self.one(field.kind, packet, node);
                if number.is_none() {
                    self.hint("a packet with another value is made with `send` and `edit`");
                }
                number.map(FieldValue::One)
            }
            Kind::Binary | Kind::Flag | Kind::Reason => {
                self.one(field.kind, packet, node).map(FieldValue::One)
            }
            Kind::Numbers if node.scalar().is_some() => {
                Some(FieldValue::Many(vec![self.one(Kind::Numbers, packet, node)?]))
            }
            Kind::Numbers => many(self, Kind::Numbers),
            Kind::Reasons => many(self, Kind::Reason),
            Kind::Filters | Kind::Subscriptions => many(self, Kind::Text),
            Kind::Pairs => {
                let items = self.filled_list(node, "a list of pairs such as `[[name, value]]`")?;
                Some(FieldValue::Pairs(items.iter().filter_map(|item| self.pair(item)).collect()))
            }
        }
    }

    /// Refuses a text that no UTF-8 string of MQTT can hold.
    fn check_string(&mut self, node: &Node, text: &Expr) -> Option<()> {
        let Expr::Constant(Scalar::Text(text)) = text else { return Some(()) };
        let Err(fault) = Utf8String::try_from(text.as_str()) else { return Some(()) };
        let mistake =
            Mistake::new(Code::WrongValue, &node.span, "no packet can hold this text", fault.to_string());
        self.refuse(mistake.help("a wrong string is made with `send` and `edit: [{replace: ...}]`"))
    }

    fn pair(&mut self, node: &Node) -> Option<(Expr, Expr)> {
        let (name, value) = self.pair_items(node)?;
        self.text(name).zip(self.text(value))
    }

    /// The two items of a pair.
    pub(super) fn pair_items<'n>(&mut self, node: &'n Node) -> Option<(&'n Node, &'n Node)> {
        match &node.value {
            Value::List(items) if let [name, value] = items.as_slice() => Some((name, value)),
            Value::Nothing { .. } | Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                self.wrong_type(node, "a pair such as `[name, value]`")
            }
        }
    }

    /// One value of this kind; of a list kind, one of its elements.
    pub(super) fn one(&mut self, kind: Kind, packet: PacketType, node: &Node) -> Option<Expr> {
        match kind {
            Kind::Text | Kind::Pairs | Kind::Filters | Kind::Subscriptions => self.text(node),
            Kind::Binary => self.binary(node),
            Kind::Flag => self.flag(node),
            Kind::Number { min, max } => self.number(node, min, max),
            Kind::Numbers => self.number(node, 0, 268_435_455),
            Kind::Reason | Kind::Reasons => self.reason(packet, node),
        }
    }

    /// A reason code of a packet: its number or its name.
    pub(super) fn reason(&mut self, packet: PacketType, node: &Node) -> Option<Expr> {
        let word = self.scalar(node, "a reason code")?.text.as_str();
        if word.starts_with('$') || literal::literal(word).is_some() {
            return self.number(node, 0, u32::from(u8::MAX));
        }
        let mut known = Vec::new();
        for version in self.versions.iter() {
            if let Some(code) = reason::code(version, packet, word) {
                return Some(Expr::Constant(Scalar::Number(f64::from(code))));
            }
            known.extend(reason::names(version, packet).into_iter().map(|(name, _)| name));
        }
        let message =
            match Version::ALL.iter().find(|version| reason::code(**version, packet, word).is_some()) {
                Some(other) => format!("`{word}` is a reason code of MQTT {} only", other.number()),
                None => format!("`{word}` is no reason code of {packet}"),
            };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let (label, help) = suggest::guidance(word, &known);
        self.refuse(Mistake::new(Code::UnknownName, &node.span, message, label).maybe_help(help))
    }

    /// The field `filters` of SUBSCRIBE or UNSUBSCRIBE, from `filters` or from the fields of a single filter.
    fn filters(&mut self, words: &'static PacketWords, given: &[Given<'_>]) -> Vec<Field<FieldValue>> {
        let Some(name) = words.field("filters").map(|field| field.name.as_str()) else { return Vec::new() };
        let subscriptions = words.packet == PacketType::Subscribe;
        let (single, listed): (Vec<&Given<'_>>, Vec<&Given<'_>>) =
            given.iter().partition(|given| given.field.place == Place::Filter);
        if let (Some(alone), Some(list)) = (single.first(), listed.first()) {
            let message = "a single filter and a list of filters are given";
            let mistake = Mistake::new(Code::Duplicate, alone.key_span, message, "put it into the list");
            self.add(mistake.also(list.key_span, "this list"));
            return Vec::new();
        }
        let mut fields = Vec::new();
        if let Some(first) = single.first() {
            let options = self.options(&single);
            let value = if subscriptions {
                FieldValue::Filters(vec![options])
            } else {
                FieldValue::Many(options.into_iter().map(|option| option.value).collect())
            };
            fields.push(Field { name, only: None, value, span: first.node.span.clone() });
        }
        for list in listed {
            let value = self.under(list.only, |lower| {
                let items = lower.list(list.node, "a list of filters")?;
                Some(if subscriptions {
                    FieldValue::Filters(items.iter().map(|item| lower.subscription(words, item)).collect())
                } else {
                    FieldValue::Many(items.iter().filter_map(|item| lower.text(item)).collect())
                })
            });
            fields.extend(value.map(|value| Field {
                name,
                only: list.only,
                value,
                span: list.node.span.clone(),
            }));
        }
        fields
    }

    fn subscription(&mut self, words: &'static PacketWords, node: &Node) -> Vec<Field<Expr>> {
        let table = Table::subscription(words);
        let given = self.given(&table, node);
        if node.entries().is_some() {
            self.check_needed(&table, &given, &node.span);
        }
        self.options(&given.iter().collect::<Vec<_>>())
    }

    fn options(&mut self, given: &[&Given<'_>]) -> Vec<Field<Expr>> {
        let option = |lower: &mut Self, given: &Given<'_>| {
            let value = lower
                .under(given.only, |lower| lower.one(given.field.kind, PacketType::Subscribe, given.node))?;
            Some(Field {
                name: given.field.name.as_str(),
                only: given.only,
                value,
                span: given.node.span.clone(),
            })
        };
        given.iter().filter_map(|given| option(self, given)).collect()
    }
}
