//! What several tests use.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// The bytes that hexadecimal digits say; white space separates, `"…"` is text, `#` begins a comment.
///
/// # Panics
/// If a test's own text is not of that form.
#[expect(clippy::panic, reason = "a mistake in a test must stop it")]
pub(crate) fn hex(text: &str) -> Bytes {
    let mut bytes = Vec::new();
    for line in text.lines() {
        for (index, piece) in line.split('"').enumerate() {
            if index % 2 == 1 {
                bytes.extend_from_slice(piece.as_bytes());
                continue;
            }
            let (digits, comment) =
                piece.split_once('#').map_or((piece, false), |(digits, _)| (digits, true));
            for word in digits.split_whitespace() {
                match u8::from_str_radix(word, 16) {
                    Ok(byte) if word.len() == 2 => bytes.push(byte),
                    Ok(_) | Err(_) => panic!("`{word}` is not a byte in hexadecimal, in {text}"),
                }
            }
            if comment {
                break;
            }
        }
    }
    Bytes::from(bytes)
}

/// The wire tables of MQTT 5.0, as far as the tests read them.
#[derive(serde::Deserialize)]
struct Tables {
    mqtt_5_0: Version5,
}

#[derive(serde::Deserialize)]
struct Version5 {
    allowed_properties: BTreeMap<String, BTreeSet<u8>>,
}

/// Each packet (`WILL` for a will) with the number of each property that it may carry, from the catalogue.
#[expect(clippy::expect_used, reason = "the catalogue is part of the project")]
pub(crate) fn allowed_properties() -> BTreeSet<(String, u8)> {
    const TABLES: &str = include_str!("../../../spec/catalogue/tables-5.0.yaml");
    let tables: Tables = serde_yaml::from_str(TABLES).expect("the tables are of this form");
    let allowed = tables.mqtt_5_0.allowed_properties.into_iter();
    allowed.flat_map(|(packet, ids)| ids.into_iter().map(move |id| (packet.clone(), id))).collect()
}
