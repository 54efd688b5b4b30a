//! The published JSON Schema holds for what is written. It is checked with as much of JSON Schema as it uses.

use std::collections::BTreeSet;

use mqttspec::report::{Report, json, merged};
use regex_lite::Regex;
use serde_json::{Value, json as value};

use crate::sample;

const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// The keywords that are understood; another one in the schema would not be checked.
const KEYWORDS: [&str; 15] = [
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "pattern",
    "minimum",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
];

/// Where a value does not fit its schema, and why; nothing if it fits.
fn mismatch(root: &Value, schema: &Value, value: &Value, place: &str) -> Option<String> {
    let rules = schema.as_object()?;
    if let Some(unknown) = rules.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
        return Some(format!("{place}: the schema says `{unknown}`, which nobody checks"));
    }
    let wrong = |why: &str| {
        Some(format!("{place}: {why}: {}", value.to_string().chars().take(80).collect::<String>()))
    };
    let holds = rules.iter().all(|(keyword, rule)| simple(keyword, rule, value));
    if !holds {
        return wrong(&format!("is not {schema}").chars().take(200).collect::<String>());
    }
    if let Some(name) = rules.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("no {name}"));
        if let Some(inner) = mismatch(root, target, value, place) {
            return Some(inner);
        }
    }
    if let Some(choices) = rules.get("anyOf").and_then(Value::as_array) {
        let tried: Vec<_> = choices.iter().map(|choice| mismatch(root, choice, value, place)).collect();
        if tried.iter().all(Option::is_some) {
            return tried.into_iter().flatten().max_by_key(String::len);
        }
    }
    inside(root, rules, value, place)
}

/// The keywords that look at a value alone.
fn simple(keyword: &str, rule: &Value, value: &Value) -> bool {
    match keyword {
        "type" => match rule.as_array() {
            Some(names) => names.iter().any(|name| is_a(value, text(name))),
            None => is_a(value, text(rule)),
        },
        "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
        "const" => rule == value,
        "minimum" => value.as_f64().is_none_or(|number| rule.as_f64().is_some_and(|least| number >= least)),
        "pattern" => value.as_str().is_none_or(|found| pattern(text(rule)).is_match(found)),
        _ => true,
    }
}

fn text(rule: &Value) -> &str {
    rule.as_str().unwrap_or_else(|| panic!("the schema says {rule}"))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    }
}

/// The keywords that look into objects and arrays.
fn inside(
    root: &Value,
    rules: &serde_json::Map<String, Value>,
    value: &Value,
    place: &str,
) -> Option<String> {
    if let (Some(items), Some(schema)) = (value.as_array(), rules.get("items")) {
        let mut items = items.iter().enumerate();
        return items.find_map(|(index, item)| mismatch(root, schema, item, &format!("{place}[{index}]")));
    }
    let object = value.as_object()?;
    let required = rules.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(name) = required.iter().find(|name| !object.contains_key(text(name))) {
        return Some(format!("{place}: {name} is missing"));
    }
    object.iter().find_map(|(name, inner)| {
        let here = format!("{place}.{name}");
        let known = rules.get("properties").and_then(|properties| properties.get(name));
        match (known, rules.get("additionalProperties")) {
            (None, Some(Value::Bool(false))) => Some(format!("{here}: the schema does not know it")),
            (Some(schema), _) | (None, Some(schema)) => mismatch(root, schema, inner, &here),
            (None, None) => None,
        }
    })
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap_or_else(|error| panic!("{error}"))
}

fn check(text: &str) -> Option<String> {
    let schema = schema();
    let document = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    mismatch(&schema, &schema, &document, "report")
}

#[test]
fn reports_are_what_the_schema_says() {
    let mut known = sample::report(sample::every_grade());
    known.known.insert(1, "It is known.".to_owned());
    let runs = [sample::hostile(), sample::unreachable(), sample::stopped(), sample::many_alike()];
    for report in runs.into_iter().map(sample::report).chain([known.clone()]) {
        assert_eq!(check(&json(&report).unwrap()), None);
    }
    assert_eq!(check(&merged(&[known.clone(), known]).unwrap()), None);
}

#[test]
fn the_schema_says_something() {
    let text = json(&sample::report(sample::every_grade())).unwrap();
    for (pointer, wrong) in [
        ("/format", value!(2)),
        ("/verdict", value!("good")),
        ("/results/0/grade", value!("good")),
        ("/results/0/evidence/1/hex", value!("xyz")),
        ("/results/0/evidence/0", value!({"event": "opened"})),
        ("/provenance/date", value!("today")),
        ("/provenance", value!({})),
        ("/summary/pass", value!(-1)),
    ] {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert!(check(&document.to_string()).is_some(), "{pointer}");
    }
}

/// A property that no report has is a slip of the schema.
#[test]
fn everything_in_the_schema_is_written_somewhere() {
    let mut report = sample::report(sample::every_grade());
    report.known.insert(1, "It is known.".to_owned());
    report.run.results[0].evidence.push(sample::refused());
    report.run.results[0].evidence.extend(sample::ping());
    let fleet = Report { fleet: Some(sample::measured()), ..sample::report(sample::hostile()) };
    let text = merged(&[report, fleet]).unwrap();
    assert_eq!(check(&text), None);
    let mut names = BTreeSet::new();
    let mut values = vec![schema()];
    while let Some(value) = values.pop() {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            names.extend(properties.keys().cloned());
        }
        match value {
            Value::Object(object) => values.extend(object.into_iter().map(|(_, inner)| inner)),
            Value::Array(items) => values.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let missing: Vec<_> = names.iter().filter(|name| !text.contains(&format!("\"{name}\": "))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
