//! Plans of fleets.

use serde_json::{Value, json};

use super::{any_of, document, filled_list, keys, mapping, scalar, text};
use crate::fleet::plan::PHASES;

/// The schema of a plan.
pub fn plan() -> Value {
    let limits = mapping(
        keys([
            ("queued-messages", number(1)),
            ("persistent", json!({"type": "boolean"})),
            ("session-expiry", scalar()),
        ]),
        &[],
    );
    let plan = mapping(
        keys([
            ("title", text()),
            ("limits", limits),
            ("links", named(&link())),
            ("groups", named(&group())),
            ("phases", filled_list(&phase())),
        ]),
        &["title", "groups", "phases"],
    );
    document("A plan of a fleet for mqttspec", plan)
}

/// Things by names that the plan gives them.
fn named(schema: &Value) -> Value {
    json!({"type": "object", "additionalProperties": schema})
}

fn number(least: u32) -> Value {
    json!({"type": "integer", "minimum": least})
}

fn qos() -> Value {
    json!({"enum": [0, 1, 2]})
}

fn link() -> Value {
    let durations = ["latency", "stall", "cut", "roam", "half-open", "nat-timeout", "radio-sleep"]
        .map(|key| (key, scalar()));
    let outage = mapping(keys([("every", scalar()), ("lasts", scalar())]), &["every", "lasts"]);
    let others = [("outage", outage), ("bandwidth", number(1)), ("loss", text())];
    mapping(keys(durations.into_iter().chain(others)), &[])
}

fn group() -> Value {
    let flag = || json!({"type": "boolean"});
    let will =
        [("topic", text()), ("qos", qos()), ("retain", flag()), ("delay", scalar()), ("chance", text())];
    let subscribe = [
        ("filter", text()),
        ("qos", qos()),
        ("lasts", scalar()),
        ("pause", scalar()),
        ("no-local", flag()),
        ("retain-as-published", flag()),
        ("retain-handling", qos()),
    ];
    let session = mapping(keys([("clean-start", flag()), ("expiry", scalar())]), &[]);
    let duty = [
        ("online", scalar()),
        ("offline", scalar()),
        ("vanishes", flag()),
        ("with-will", flag()),
        ("expiry", scalar()),
    ];
    let backoff = mapping(keys([("first", scalar()), ("most", scalar())]), &["first", "most"]);
    let list = |items: &Value| json!({"type": "array", "items": items});
    mapping(
        keys([
            ("count", number(1)),
            ("client", json!({"enum": ["own", "rumqttc"]})),
            ("version", json!({"enum": ["v3.1.1", "v5.0"]})),
            ("session", session),
            ("keep-alive", scalar()),
            ("user", scalar()),
            ("password", scalar()),
            ("receive-maximum", scalar()),
            ("will", mapping(keys(will), &["topic", "qos"])),
            ("subscribe", list(&mapping(keys(subscribe), &["filter", "qos"]))),
            ("publish", list(&publish())),
            ("acknowledge-after", scalar()),
            ("clock-skew", text()),
            ("duty", mapping(keys(duty), &["online", "offline"])),
            ("backoff", backoff),
            ("link", any_of([text(), link()])),
        ]),
        &["count"],
    )
}

fn publish() -> Value {
    let weighed = || any_of([scalar(), json!({"type": "object"})]);
    let own = [
        ("topic", text()),
        ("qos", weighed()),
        ("every", scalar()),
        ("in-flight", number(1)),
        ("pause", scalar()),
        ("retain", json!({"type": "boolean"})),
        ("clears", text()),
        ("size", weighed()),
        ("expiry", scalar()),
    ];
    mapping(keys(own), &["topic", "qos"])
}

/// A phase: its kind with how long it lasts, and what belongs to that kind.
fn phase() -> Value {
    any_of(PHASES.map(|kind| {
        let own = match kind {
            "storm" | "partition" => vec![("groups", filled_list(&text()))],
            "restart" => vec![("down", scalar())],
            _ => Vec::new(),
        };
        let common = [(kind, scalar()), ("name", text())];
        mapping(keys(common.into_iter().chain(own)), &[kind])
    }))
}
