//! The configuration file of the reference broker.

use serde_json::{Map, Value, json};

use super::{any_of, document, mapping, scalar};
use crate::settings::SETTINGS;

/// The schema of a configuration file.
pub fn configuration() -> Value {
    let mut tables: Map<String, Value> = Map::new();
    let mut keys: Map<String, Value> = Map::new();
    for setting in SETTINGS {
        let one = scalar();
        let several = json!({"type": "array", "items": scalar()});
        let mut schema = if setting.holds_several() { any_of([one, several]) } else { one };
        if let Some(rules) = schema.as_object_mut() {
            let about = format!("{} Write {}.", setting.about, setting.allowed());
            rules.insert("description".to_owned(), json!(about));
        }
        match setting.key.split_once('.') {
            None => keys.insert(setting.key.to_owned(), schema),
            Some((table, key)) => {
                let table = tables.entry(table).or_insert_with(|| mapping(Map::new(), &[]));
                let properties = table.get_mut("properties").and_then(Value::as_object_mut);
                properties.and_then(|properties| properties.insert(key.to_owned(), schema))
            }
        };
    }
    keys.append(&mut tables);
    document("The configuration of the broker of mqttspec", mapping(keys, &[]))
}
