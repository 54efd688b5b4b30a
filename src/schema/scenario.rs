//! Scenarios.

use mqttspec_spec::Version;
use serde_json::{Map, Value, json};

use super::{any_of, document, filled_list, keys, mapping, scalar, text};
use crate::scenario::{
    ast::{Feature, Lack, Limit, Setting},
    vocabulary::{self, FieldWords, Kind, PacketWords},
    words::{ACTIONS, EDITS, Form, GRADES, MATCHERS, RESTARTS},
};

/// The schema of a scenario.
pub fn scenario() -> Value {
    let steps = || json!({"$ref": "#/$defs/steps"});
    let root = mapping(
        keys([
            ("title", text()),
            ("covers", by_version(&filled_list(&text()))),
            ("needs", filled_list(&need())),
            ("vary", json!({"type": "object", "additionalProperties": {"type": "array", "minItems": 1}})),
            ("broker", settings()),
            ("exclusive", json!({"type": "boolean"})),
            ("transport", text()),
            ("ruling", text()),
            ("prepare", steps()),
            ("control", steps()),
            ("steps", steps()),
        ]),
        &["title", "covers", "steps"],
    );
    let mut document = document("A scenario of mqttspec", root);
    if let Some(rules) = document.as_object_mut() {
        let steps = filled_list(&json!({"$ref": "#/$defs/step"}));
        rules.insert("$defs".to_owned(), json!({"steps": steps, "step": step(), "action": action()}));
    }
    document
}

/// Something for each version, or for one of them.
fn by_version(schema: &Value) -> Value {
    mapping(keys(Version::ALL.map(|version| (version.to_string(), schema.clone()))), &[])
}

fn need() -> Value {
    let features = Feature::ALL.map(|(_, name)| name);
    any_of([json!({"enum": features}), json!({"type": "string", "pattern": r"^qos\$"})])
}

fn settings() -> Value {
    let lacks = Lack::ALL.map(|(_, name)| (name, json!({"const": false})));
    let limit = |(_, name, min, max): (Limit, _, u32, u32)| {
        (name, json!({"type": "integer", "minimum": min, "maximum": max}))
    };
    let others = Setting::NAMES.map(|name| (name, json!({"type": ["string", "integer", "object"]})));
    mapping(keys(lacks.into_iter().chain(Limit::ALL.map(limit)).chain(others)), &[])
}

/// A step: a client with its action, or what is done by nobody in particular.
fn step() -> Value {
    let steps = json!({"$ref": "#/$defs/steps"});
    let repeat = [("count", scalar()), ("as", text()), ("steps", steps.clone())];
    let expected = [("receive", message()), ("expect", expected_packet())];
    let names = filled_list(&text());
    let whichever =
        [("of", names.clone()), ("as", names)].into_iter().chain(expected).chain(terms(&["missing"]));
    let by_nobody = keys([
        ("wait", scalar()),
        ("repeat", mapping(keys(repeat), &["count", "steps"])),
        ("whichever", mapping(keys(whichever), &["of"])),
        ("broker", json!({"enum": RESTARTS.map(|(name, _)| name)})),
    ]);
    let mut properties = keys(Version::ALL.map(|version| (version.to_string(), steps.clone())));
    properties.extend(by_nobody);
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": {"$ref": "#/$defs/action"},
        "minProperties": 1,
        "maxProperties": 1,
    })
}

fn action() -> Value {
    let words = ACTIONS.iter().filter(|(_, form)| *form != Form::Mapping).map(|(name, _)| *name);
    let mapped = ACTIONS.iter().filter(|(_, form)| *form != Form::Word);
    let forms = mapped.map(|(name, _)| {
        let own = [(*name, said(name))].into_iter().chain(modifiers(name));
        mapping(keys(own), &[name])
    });
    any_of([json!({"enum": words.collect::<Vec<_>>()})].into_iter().chain(forms))
}

/// What belongs to an action.
fn said(action: &str) -> Value {
    match action {
        "send" => any_of([sent(), filled_list(&sent())]),
        "receive" => message(),
        "receive-any-order" => filled_list(&message()),
        "receive-one-of" => filled_list(&filled_list(&message())),
        "expect" => expected_packet(),
        "expect-any-order" => filled_list(&expected_packet()),
        "expect-one-of" => filled_list(&outcome()),
        "expect-nothing-more" => {
            let marker = mapping(keys([("topic", text()), ("qos", scalar())]), &["topic"]);
            let fence = json!({
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": any_of([text(), marker]),
            });
            mapping(keys([("fence", fence)]), &[])
        }
        "expect-closed" => {
            let reasons = any_of([scalar(), filled_list(&scalar())]);
            let grades = ["bare", "other-reason", "left-open"].map(|key| (key, json!({"enum": GRADES})));
            mapping(keys([("reason", reasons), ("return-code", scalar())].into_iter().chain(grades)), &[])
        }
        // PINGREQ has no fields.
        "ping" => mapping(Map::new(), &[]),
        packet => vocabulary::packet(packet).map_or(Value::Bool(false), |words| fields(words, given)),
    }
}

/// What stands beside an action.
fn modifiers(action: &str) -> Vec<(&'static str, Value)> {
    match action {
        "connect" | "publish" | "subscribe" | "unsubscribe" => vec![("else", verdict()), ("mark", text())],
        "ping" => vec![("else", verdict())],
        "send" => vec![("mark", text()), ("frame", text())],
        "receive" | "receive-any-order" | "receive-one-of" | "expect" => terms(&["missing"]),
        "expect-any-order" => {
            let mut terms = terms(&["missing"]);
            terms.push(("acknowledge", json!({"type": "boolean"})));
            terms
        }
        "expect-one-of" | "expect-nothing-more" | "expect-closed" => terms(&[]),
        _ => Vec::new(),
    }
}

fn terms(verdicts: &[&'static str]) -> Vec<(&'static str, Value)> {
    let times = ["within", "not-before"].map(|key| (key, scalar()));
    let verdicts = ["else"].iter().chain(verdicts).map(|key| (*key, verdict()));
    times.into_iter().chain([("since", text())]).chain(verdicts).collect()
}

fn verdict() -> Value {
    let words = json!({"type": "string", "pattern": format!("^({})", GRADES.join("|"))});
    any_of([words.clone(), by_version(&words)])
}

/// A message that is received.
fn message() -> Value {
    vocabulary::packet("publish").map_or(Value::Bool(false), |words| fields(words, expected))
}

fn expected_packet() -> Value {
    let from_server = vocabulary::packets().iter().filter(|words| !words.from_server.is_empty());
    let (names, mapped): (Vec<_>, Vec<_>) =
        from_server.map(|words| (json!(words.name), (&words.name, fields(words, expected)))).unzip();
    let one = mapped.into_iter().map(|(name, fields)| mapping(keys([(name, fields)]), &[name]));
    any_of([json!({"enum": names})].into_iter().chain(one))
}

fn outcome() -> Value {
    let from_server = vocabulary::packets().iter().filter(|words| !words.from_server.is_empty());
    let packets = from_server.map(|words| (words.name.as_str(), fields(words, expected)));
    let others = ["closed", "nothing"].map(|name| (name, json!({"type": "object", "maxProperties": 0})));
    let grades = GRADES.map(|grade| (grade, json!({"type": ["string", "number", "null"]})));
    let outcomes = packets.chain(others);
    any_of(
        outcomes
            .map(|(name, schema)| mapping(keys([(name, schema)].into_iter().chain(grades.clone())), &[name])),
    )
}

/// A packet to send with its edits, its name alone, or bytes.
fn sent() -> Value {
    let edit = json!({
        "type": "object", "propertyNames": {"enum": EDITS}, "minProperties": 1, "maxProperties": 1,
    });
    let packets = vocabulary::packets();
    let names: Vec<&str> = packets.iter().map(|words| words.name.as_str()).collect();
    let mapped = packets.iter().map(|words| {
        let own = [(words.name.as_str(), fields(words, given)), ("edit", filled_list(&edit))];
        mapping(keys(own), &[words.name.as_str()])
    });
    let bytes = mapping(keys([("hex", scalar())]), &["hex"]);
    any_of([json!({"enum": names}), bytes].into_iter().chain(mapped))
}

/// The fields of a packet, also those of one version and those of its will.
fn fields(words: &PacketWords, value: fn(&FieldWords) -> Value) -> Value {
    let of_will = |field: &&FieldWords| field.name.starts_with("will.");
    let (will, own): (Vec<_>, Vec<_>) = words.fields.iter().partition(of_will);
    let mut own = keys(own.into_iter().map(|field| (field.name.clone(), value(field))));
    if !will.is_empty() {
        let name = |field: &FieldWords| field.name.trim_start_matches("will.").to_owned();
        let will = keys(will.into_iter().map(|field| (name(field), value(field))));
        own.insert("will".to_owned(), with_versions(will));
    }
    with_versions(own)
}

fn with_versions(own: Map<String, Value>) -> Value {
    let of_one = mapping(own.clone(), &[]);
    let mut all = own;
    all.extend(keys(Version::ALL.map(|version| (version.to_string(), of_one.clone()))));
    mapping(all, &[])
}

/// The value of a field that is sent. Instead of each there may be text with variables.
fn given(field: &FieldWords) -> Value {
    match field.kind {
        Kind::Flag => any_of([json!({"type": "boolean"}), variable()]),
        Kind::Number { min, max } => any_of([number(min, max), variable()]),
        Kind::Text | Kind::Reason => scalar(),
        Kind::Binary => any_of([scalar(), made()]),
        Kind::Numbers | Kind::Reasons | Kind::Pairs | Kind::Filters | Kind::Subscriptions => {
            any_of([scalar(), json!({"type": "array"})])
        }
    }
}

/// What a field of a received packet must be.
fn expected(field: &FieldWords) -> Value {
    let presence = json!({"enum": ["absent", "present"]});
    let matcher = json!({"type": "object", "propertyNames": {"enum": MATCHERS}, "minProperties": 1});
    any_of([given(field), presence, json!({"type": "array"}), matcher])
}

fn number(min: u32, max: u32) -> Value {
    json!({"type": "integer", "minimum": min, "maximum": max})
}

/// A text that stands for a number or a flag: a variable, or arithmetic with some.
fn variable() -> Value {
    json!({"type": "string", "pattern": r"\$|^0[bx]"})
}

/// Bytes that are written as such, or made.
fn made() -> Value {
    json!({"type": "object", "propertyNames": {"enum": ["hex", "bytes"]}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_something_to_say_or_is_a_word() {
        for (name, form) in ACTIONS {
            assert_eq!(said(name) == json!(false), form == Form::Word, "{name}: `said` has to know it");
        }
    }
}
