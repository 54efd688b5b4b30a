//! The vocabulary against the tables of the standard.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_spec::Version;
use mqttspec_wire::{PropertyId, packet::PacketType};
use serde_yaml::Value;

use crate::scenario::{
    reason,
    vocabulary::{self, Kind},
};

fn tables() -> Value {
    serde_yaml::from_str(include_str!("../../../crates/spec/catalogue/tables-5.0.yaml")).unwrap()
}

#[test]
fn every_packet_has_exactly_its_properties() {
    let tables = tables();
    let table: BTreeMap<String, Vec<u8>> =
        serde_yaml::from_value(tables["mqtt_5_0"]["allowed_properties"].clone()).unwrap();
    let names = |ids: &[u8], prefix: &str| -> BTreeSet<String> {
        ids.iter()
            .map(|id| format!("{prefix}{}", PropertyId::from_number(*id).unwrap().kebab_name()))
            .collect()
    };
    for words in vocabulary::packets() {
        let mut expected = table.get(words.packet.name()).map_or_else(BTreeSet::new, |ids| names(ids, ""));
        if words.packet == PacketType::Connect {
            expected.extend(names(&table["WILL"], "will."));
        }
        let is_property = |name: &str| {
            let name = name.strip_prefix("will.").unwrap_or(name);
            PropertyId::ALL.iter().any(|id| id.kebab_name() == name)
        };
        let found: BTreeSet<String> =
            words.fields.iter().map(|field| field.name.clone()).filter(|name| is_property(name)).collect();
        assert_eq!(found, expected, "{}", words.packet);
    }
}

#[test]
fn properties_are_fields_of_version_5_that_may_be_absent() {
    for field in vocabulary::packets().iter().flat_map(|words| &words.fields) {
        let name = field.name.strip_prefix("will.").unwrap_or(&field.name);
        if let Some(id) = PropertyId::ALL.iter().find(|id| id.kebab_name() == name) {
            assert!(field.v5_only && field.optional && !field.needed, "{id:?}");
        }
    }
}

#[test]
fn the_names_of_fields_and_packets_are_distinct() {
    for words in vocabulary::packets() {
        let names: BTreeSet<&str> = words.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names.len(), words.fields.len(), "{}", words.packet);
        assert_eq!(vocabulary::packet(&words.name).unwrap().packet, words.packet);
        assert_eq!(vocabulary::words_of(words.packet).unwrap().name, words.name);
    }
}

#[test]
fn reason_codes_have_one_name_and_one_number_each() {
    for version in Version::ALL {
        for words in vocabulary::packets() {
            let names = reason::names(version, words.packet);
            for (name, code) in &names {
                assert_eq!(reason::code(version, words.packet, name), Some(*code));
            }
            let numbers: BTreeSet<u8> = names.iter().map(|(_, code)| *code).collect();
            assert_eq!(numbers.len(), names.len(), "{version} {}", words.packet);
        }
    }
}

#[test]
fn only_packets_with_reason_codes_of_their_own_have_them_in_version_3() {
    for words in vocabulary::packets() {
        let has = words
            .fields
            .iter()
            .any(|field| matches!(field.kind, Kind::Reason | Kind::Reasons) && !field.v5_only);
        assert_eq!(has, !reason::names(Version::V3_1_1, words.packet).is_empty(), "{}", words.packet);
    }
}
