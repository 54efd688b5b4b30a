//! JSON Schemas of the files that people write, so that editors complete and check them. They follow from the tables that
//! the loaders go by; what a schema cannot say, such as which names are introduced before, the loaders say alone.

mod configuration;
mod plan;
mod recipe;
mod scenario;

pub use configuration::configuration;
pub use plan::plan;
pub use recipe::recipe;
pub use scenario::scenario;

use serde_json::{Map, Value, json};

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema for a file.
fn document(title: &str, mut schema: Value) -> Value {
    if let Some(rules) = schema.as_object_mut() {
        rules.insert("$schema".to_owned(), json!(DIALECT));
        rules.insert("title".to_owned(), json!(title));
    }
    schema
}

/// A mapping with these keys and no others.
fn mapping(properties: Map<String, Value>, required: &[&str]) -> Value {
    let properties = Value::Object(properties);
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Keys with their schemas.
fn keys<K: Into<String>>(keys: impl IntoIterator<Item = (K, Value)>) -> Map<String, Value> {
    keys.into_iter().map(|(key, schema)| (key.into(), schema)).collect()
}

/// One of several schemas.
fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({"anyOf": schemas.into_iter().collect::<Vec<_>>()})
}

/// A list of at least one item.
fn filled_list(items: &Value) -> Value {
    json!({"type": "array", "items": items, "minItems": 1})
}

fn text() -> Value {
    json!({"type": "string"})
}

/// A value that is no list and no mapping; a text may hold variables.
fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}
