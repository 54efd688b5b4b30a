//! The file as a whole.

use std::{collections::BTreeSet, sync::Arc};

use mqttspec_spec::{StatementId, Version};

use super::{
    Lower, Mistake, claims, judgement, keys,
    scope::{Origin, Type},
    step, version_named,
};
use crate::scenario::{
    ast::{Covers, Feature, Need, Scalar, Scenario, Source, Span, Step},
    diagnostic::Code,
    node::{Entry, Node},
};

/// The most combinations of the values that vary.
const MAX_COMBINATIONS: usize = 256;

/// The scenario that the document `root` means.
pub(super) fn scenario(lower: &mut Lower, id: &str, source: &Arc<Source>, root: &Node) -> Option<Scenario> {
    let mut keys = lower.keys(root, "a scenario")?;
    let title = keys.need(lower, "title").and_then(|node| lower.title(node));
    let covers = keys.need(lower, "covers");
    if let Some(node) = covers {
        lower.read_covers(node);
    }
    let (needs, vary) = (keys.take("needs"), keys.take("vary"));
    let vary = vary.map_or_else(Vec::new, |node| lower.vary(node));
    let needs = needs.map_or_else(Vec::new, |node| lower.needs(node, &vary));
    let broker = keys.take("broker").map_or_else(Vec::new, |node| lower.settings(node));
    let exclusive = keys.take("exclusive").is_some_and(|node| lower.plain_flag(node));
    lower.over_websocket = keys.take("transport").is_some_and(|node| lower.transport(node));
    let ruling = keys.take("ruling").and_then(|node| Some(lower.scalar(node, "a text")?.text.clone()));
    let (prepare, control) = (keys.take("prepare"), keys.take("control"));
    let steps = keys.need(lower, "steps");
    keys.finish(lower);

    for node in [prepare, control, steps].into_iter().flatten() {
        lower.note_clients(node);
    }
    let prepare = prepare.map_or_else(Vec::new, |node| lower.steps(node));
    let control = control.map_or_else(Vec::new, |node| lower.steps(node));
    lower.judged = true;
    let steps = steps.map(|node| {
        let lowered = lower.steps(node);
        lower.check_judged(&lowered, &node.span);
        lowered
    });
    lower.check_unused();
    Some(Scenario {
        id: id.to_owned(),
        source: Arc::clone(source),
        title: title?,
        covers: lower.covers.clone(),
        needs,
        broker,
        vary,
        exclusive,
        over_websocket: lower.over_websocket,
        ruling,
        prepare,
        control,
        steps: steps?,
    })
}

impl Lower {
    fn title(&mut self, node: &Node) -> Option<String> {
        let title = self.scalar(node, "a line of text")?.text.trim();
        if title.is_empty() || title.contains('\n') {
            let message = "the title is not one line of text";
            return self.refuse(Mistake::new(Code::WrongValue, &node.span, message, "one line is needed"));
        }
        Some(title.to_owned())
    }

    /// The one transport of which the standard says more than that it carries bytes.
    fn transport(&mut self, node: &Node) -> bool {
        let is_websocket = node.word() == Some("websocket");
        if !is_websocket {
            self.wrong_type::<()>(node, "`websocket`; without it a scenario is played over any transport");
        }
        is_websocket
    }

    fn read_covers(&mut self, node: &Node) {
        let wanted = "versions with statements, as in `{v5.0: [3.3.1-5]}`";
        let entries = match node.entries() {
            Some(entries) if !entries.is_empty() => entries,
            Some(_) | None => {
                self.wrong_type::<()>(node, wanted);
                return;
            }
        };
        let mut covers = Covers::default();
        for entry in entries {
            let Some(version) = version_named(&entry.key) else {
                self.add(keys::unknown_key("`covers`", entry, ["v3.1.1", "v5.0"]));
                continue;
            };
            self.versions = self.versions.with(version);
            self.covers_spans.push((version, entry.key_span.clone()));
            let statements = self.statements(version, &entry.value);
            match version {
                Version::V3_1_1 => covers.v3 = statements,
                Version::V5_0 => covers.v5 = statements,
            }
        }
        self.covers = covers;
    }

    fn statements(&mut self, version: Version, node: &Node) -> Vec<StatementId> {
        let mut found: Vec<(StatementId, Span)> = Vec::new();
        for item in self.filled_list(node, "a list of statements, as in `[3.3.1-5]`").unwrap_or_default() {
            let Some(label) = self.scalar(item, "a statement such as `3.3.1-5`").map(|scalar| &scalar.text)
            else {
                continue;
            };
            let Some(id) = StatementId::lookup(version, label) else {
                self.add(judgement::unknown_statement(version, label, &item.span));
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(known, _)| *known == id) {
                let message = format!("`{label}` is listed twice");
                let mistake = Mistake::new(Code::Duplicate, &item.span, message, "each statement once");
                self.add(mistake.also(first, "first listed here"));
                continue;
            }
            found.push((id, item.span.clone()));
        }
        self.covered_spans.extend(found.iter().cloned());
        found.into_iter().map(|(id, _)| id).collect()
    }

    fn needs(&mut self, node: &Node, vary: &[(String, Vec<Scalar>)]) -> Vec<Need> {
        let mut needs = Vec::new();
        for item in self.filled_list(node, "a list of features").unwrap_or_default() {
            let Some(name) = self.scalar(item, "the name of a feature").map(|scalar| &scalar.text) else {
                continue;
            };
            match self.need(item, name, vary) {
                Some(need) if needs.contains(&need) => {
                    let message = format!("`{name}` is listed twice");
                    self.add(Mistake::new(Code::Duplicate, &item.span, message, "each feature once"));
                }
                need => needs.extend(need),
            }
        }
        needs
    }

    /// A feature by its name, or `qos$VARIABLE`: the QoS that varies.
    fn need(&mut self, item: &Node, name: &str, vary: &[(String, Vec<Scalar>)]) -> Option<Need> {
        if let Some(variable) = name.strip_prefix("qos$") {
            let is_qos =
                |value: &Scalar| matches!(value, Scalar::Number(qos) if [0.0, 1.0, 2.0].contains(qos));
            let varies = vary.iter().find(|(name, _)| name == variable);
            if varies.is_none_or(|(_, values)| !values.iter().all(is_qos)) {
                let message = format!("`{variable}` does not vary over QoS 0 to 2");
                let mistake =
                    Mistake::new(Code::WrongValue, &item.span, message, "no QoS is known from that");
                return self.refuse(mistake.help("`qos$NAME` goes with `vary: {NAME: [0, 1, 2]}`"));
            }
            return Some(Need::Qos(variable.to_owned()));
        }
        let feature = Feature::ALL.into_iter().find(|(_, known)| *known == name);
        if feature.is_none() {
            let message = format!("there is no feature `{name}`");
            self.add(keys::unknown(
                &item.span,
                message,
                name,
                Feature::ALL.into_iter().map(|(_, known)| known),
            ));
        }
        feature.map(|(feature, _)| Need::Feature(feature))
    }

    fn vary(&mut self, node: &Node) -> Vec<(String, Vec<Scalar>)> {
        let entries = match node.entries() {
            Some(entries) if !entries.is_empty() => entries,
            Some(_) | None => {
                self.wrong_type::<()>(node, "variables with their values, as in `{qos: [1, 2]}`");
                return Vec::new();
            }
        };
        let varied: Vec<(String, Vec<Scalar>)> =
            entries.iter().filter_map(|entry| self.varied(entry)).collect();
        let combinations = varied.iter().map(|(_, values)| values.len()).fold(1, usize::saturating_mul);
        if combinations > MAX_COMBINATIONS {
            let message = format!("the values that vary have {combinations} combinations");
            let label = format!("at most {MAX_COMBINATIONS} are played");
            self.add(Mistake::new(Code::WrongValue, &node.span, message, label));
        }
        varied
    }

    fn varied(&mut self, entry: &Entry) -> Option<(String, Vec<Scalar>)> {
        let items = self.filled_list(&entry.value, "a list of values")?;
        let mut values: Vec<(Scalar, Span)> = Vec::new();
        for item in items {
            let Some(value) = self.untyped(item) else { continue };
            if let Some((_, first)) = values.iter().find(|(known, _)| *known == value) {
                let mistake =
                    Mistake::new(Code::Duplicate, &item.span, "this value stands twice", "each value once");
                self.add(mistake.also(first, "first here"));
                continue;
            }
            if let Some((first, span)) = values.first()
                && type_of(first) != type_of(&value)
            {
                let message = format!("this value is {}", type_of(&value).name());
                let label = "values of one type are needed";
                let mistake = Mistake::new(Code::WrongType, &item.span, message, label);
                self.add(mistake.also(span, format!("this is {}", type_of(first).name())));
                continue;
            }
            values.push((value, item.span.clone()));
        }
        let what = values.first().map_or(Type::Text, |(value, _)| type_of(value));
        self.introduce(&entry.key, &entry.key_span, what, Origin::Vary)?;
        self.takes(&entry.key, values.iter().filter_map(|(value, _)| number(value)).collect());
        Some((entry.key.clone(), values.into_iter().map(|(value, _)| value).collect()))
    }

    /// Refuses a scenario that can do nothing but pass.
    fn check_judged(&mut self, steps: &[Step], span: &Span) {
        if !self.mistakes.is_empty() {
            return;
        }
        for version in self.versions.iter().filter(|version| !step::judge(steps, *version)) {
            let message = format!("no step of this scenario is judged under MQTT {}", version.number());
            let label = "an expectation is needed, or an `else` that fails";
            self.add(Mistake::new(Code::NotJudged, span, message, label));
        }
        if self.mistakes.is_empty() {
            self.check_claims(steps);
        }
    }

    /// Refuses statements that are listed and that no step can report as broken.
    fn check_claims(&mut self, steps: &[Step]) {
        let claims = |version| claims::claims(steps, version, self.covers.of(version).first().copied());
        let named: BTreeSet<StatementId> = self.versions.iter().flat_map(claims).collect();
        for (id, span) in self.covered_spans.clone() {
            if !named.contains(&id) {
                let label = id.statement().label;
                let message =
                    format!("no step reports `{label}` of MQTT {} as broken", id.version().number());
                let mistake = Mistake::new(Code::NotJudged, &span, message, "claimed but not judged");
                self.add(mistake.help(format!(
                    "name it where it is judged, as in `else: fail {label}`, or leave it out; \
                     what is judged on every packet needs no scenario"
                )));
            }
        }
    }
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Number(number) => Some(*number),
        Scalar::Bool(_) | Scalar::Text(_) | Scalar::Bytes(_) => None,
    }
}

fn type_of(value: &Scalar) -> Type {
    match value {
        Scalar::Bool(_) => Type::Flag,
        Scalar::Number(_) => Type::Number,
        Scalar::Text(_) => Type::Text,
        Scalar::Bytes(_) => Type::Bytes,
    }
}
