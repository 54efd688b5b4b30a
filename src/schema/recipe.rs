//! Recipes, by which brokers are launched.

use serde_json::{Value, json};

use super::{document, filled_list, keys, mapping, scalar, text};
use crate::scenario::ast::{Feature, Lack, Limit, Setting};

/// The schema of a recipe.
pub fn recipe() -> Value {
    let texts = json!({"type": "object", "additionalProperties": scalar()});
    let command = filled_list(&scalar());
    let given = mapping(keys([("add", texts.clone()), ("run", filled_list(&command))]), &[]);
    let names = Lack::ALL.map(|(_, name)| name).into_iter();
    let names = names.chain(Limit::ALL.map(|(_, name, ..)| name)).chain(Setting::NAMES);
    let features = Feature::ALL.map(|(_, name)| (name, text()));
    let duration = json!({"type": "string", "pattern": "^[0-9.]+(ms|s|min|h)$"});
    let recipe = mapping(
        keys([
            ("broker", text()),
            ("command", command),
            ("address", text()),
            ("files", texts),
            ("settings", mapping(keys(names.map(|name| (name, given.clone()))), &[])),
            ("does-not-offer", mapping(keys(features), &[])),
            ("ready-within", duration.clone()),
            ("stop-within", duration),
        ]),
        &["broker", "command"],
    );
    document("How a broker is launched by mqttspec", recipe)
}
