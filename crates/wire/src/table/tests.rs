//! The tables of this crate against those of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    properties::{self, Range, Row, Table},
    reasons,
};
use crate::{PropertyId, ReasonCode, Sender, Version, packet::PacketType, property::ValueKind};

#[derive(Deserialize)]
struct Catalogue {
    mqtt_5_0: Version5,
    mqtt_3_1_1: Version3,
}

#[derive(Deserialize)]
struct Version5 {
    properties: Vec<PropertyEntry>,
    allowed_properties: BTreeMap<String, Vec<u8>>,
    reason_codes: Vec<ReasonEntry>,
    allowed_reason_codes: BTreeMap<String, Senders>,
    packet_types: Vec<TypeEntry>,
}

#[derive(Deserialize)]
struct Version3 {
    connect_return_codes: Vec<ReturnCode>,
    suback_return_codes: Vec<ReturnCode>,
    packet_types: Vec<TypeEntry>,
}

#[derive(Deserialize)]
struct PropertyEntry {
    id: u8,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    packets: Vec<String>,
    may_repeat: Repetition,
    values: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Repetition {
    Everywhere(String),
    PerPacket(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct ReasonEntry {
    code: u8,
    name: String,
    packets: Vec<String>,
}

#[derive(Deserialize)]
struct Senders {
    #[serde(default)]
    server: BTreeSet<u8>,
    #[serde(default)]
    client: BTreeSet<u8>,
}

#[derive(Deserialize)]
struct TypeEntry {
    #[serde(rename = "type")]
    number: u8,
    name: String,
    direction: String,
    flags: String,
}

#[derive(Deserialize)]
struct ReturnCode {
    code: u8,
}

fn catalogue() -> Catalogue {
    serde_yaml::from_str(include_str!("../../../spec/catalogue/tables-5.0.yaml")).unwrap()
}

fn table(packet: &str) -> &'static Table {
    match packet {
        "CONNECT" => &properties::CONNECT,
        "WILL" => &properties::WILL,
        "CONNACK" => &properties::CONNACK,
        "PUBLISH" => &properties::PUBLISH,
        "PUBACK" => &properties::PUBACK,
        "PUBREC" => &properties::PUBREC,
        "PUBREL" => &properties::PUBREL,
        "PUBCOMP" => &properties::PUBCOMP,
        "SUBSCRIBE" => &properties::SUBSCRIBE,
        "SUBACK" => &properties::SUBACK,
        "UNSUBSCRIBE" => &properties::UNSUBSCRIBE,
        "UNSUBACK" => &properties::UNSUBACK,
        "DISCONNECT" => &properties::DISCONNECT,
        "AUTH" => &properties::AUTH,
        other => panic!("{other} has no properties"),
    }
}

#[test]
fn packets_carry_the_properties_that_the_standard_lists() {
    for (packet, expected) in catalogue().mqtt_5_0.allowed_properties {
        let rows = if expected.is_empty() { &[] } else { table(&packet).rows };
        let found: Vec<_> = rows.iter().map(|row| row.id.number()).collect();
        assert_eq!(found, expected, "{packet}");
    }
}

#[test]
fn properties_are_those_of_the_standard() {
    let entries = catalogue().mqtt_5_0.properties;
    assert_eq!(entries.len(), PropertyId::ALL.len());
    for (entry, id) in entries.iter().zip(PropertyId::ALL) {
        let kind = match id.kind() {
            ValueKind::Byte => "byte",
            ValueKind::TwoByte => "two-byte-integer",
            ValueKind::FourByte => "four-byte-integer",
            ValueKind::VariableByte => "variable-byte-integer",
            ValueKind::Text => "utf8-string",
            ValueKind::Binary => "binary",
            ValueKind::Pair => "utf8-string-pair",
        };
        assert_eq!((entry.id, entry.name.as_str(), entry.kind.as_str()), (id.number(), id.name(), kind));
        assert_eq!(id.kebab_name(), entry.name.to_lowercase().replace(' ', "-"));
        assert_eq!(PropertyId::from_number(entry.id), Some(*id));
    }
}

#[test]
fn properties_repeat_and_range_as_the_standard_says() {
    for entry in catalogue().mqtt_5_0.properties {
        for packet in &entry.packets {
            let row = table(packet).rows.iter().find(|row| row.id.number() == entry.id).unwrap();
            let place = format!("{} in {packet}", entry.name);
            let repeats = match &entry.may_repeat {
                Repetition::Everywhere(answer) => answer,
                Repetition::PerPacket(answers) => &answers[packet],
            };
            assert_eq!(row.once.is_some(), repeats == "no", "{place}: {repeats}");
            assert_eq!(row.range.map(|(range, _)| range), range(&entry.values), "{place}: {}", entry.values);
        }
    }
}

/// Only what the catalogue calls a Protocol Error limits the values.
fn range(values: &str) -> Option<Range> {
    match values {
        _ if values.starts_with("0 or 1; else Protocol Error") => Some(Range::ZeroOrOne),
        _ if values.contains("0 is a Protocol Error") || values.contains("0 or above: Protocol Error") => {
            Some(Range::NonZero)
        }
        _ => None,
    }
}

#[test]
fn two_properties_depend_on_the_sender() {
    let tables = catalogue().mqtt_5_0.allowed_properties;
    let limited: Vec<_> = tables
        .keys()
        .filter(|packet| !packet.starts_with("PING"))
        .flat_map(|packet| table(packet).rows.iter().map(move |row| (packet.as_str(), row)))
        .filter_map(|(packet, Row { id, only_from, .. })| only_from.map(|(sender, _)| (packet, *id, sender)))
        .collect();
    assert_eq!(
        limited,
        [
            ("DISCONNECT", PropertyId::SessionExpiryInterval, Sender::Client),
            ("PUBLISH", PropertyId::SubscriptionIdentifier, Sender::Server),
        ]
    );
}

fn found_codes(version: Version, packet: PacketType, sender: Sender) -> BTreeSet<u8> {
    let every = (0..=u8::MAX).filter(|code| {
        reasons::codes(version, packet).is_some_and(|codes| codes.allow(ReasonCode(*code), sender))
    });
    every.collect()
}

#[test]
fn packets_carry_the_codes_that_the_standard_lists() {
    let mut listed = catalogue().mqtt_5_0.allowed_reason_codes;
    for packet in PacketType::ALL {
        let expected = listed.remove(packet.name());
        let (client, server) = expected.map(|codes| (codes.client, codes.server)).unwrap_or_default();
        assert_eq!(found_codes(Version::V5_0, packet, Sender::Client), client, "client's {packet}");
        assert_eq!(found_codes(Version::V5_0, packet, Sender::Server), server, "server's {packet}");
    }
    assert!(listed.is_empty());
}

#[test]
fn return_codes_are_those_of_the_standard() {
    let Version3 { connect_return_codes, suback_return_codes, .. } = catalogue().mqtt_3_1_1;
    for packet in PacketType::ALL {
        let listed =
            [(PacketType::Connack, &connect_return_codes), (PacketType::Suback, &suback_return_codes)];
        let listed = listed.into_iter().filter(|(of, _)| *of == packet).flat_map(|(_, codes)| codes);
        let expected = listed.map(|entry| entry.code).collect();
        assert_eq!(found_codes(Version::V3_1_1, packet, Sender::Server), expected, "{packet}");
    }
}

#[test]
fn codes_have_the_names_of_the_standard() {
    let entries = catalogue().mqtt_5_0.reason_codes;
    for entry in &entries {
        for packet in
            PacketType::ALL.into_iter().filter(|packet| entry.packets.contains(&packet.name().to_owned()))
        {
            assert_eq!(ReasonCode(entry.code).name(Version::V5_0, packet), entry.name);
        }
    }
    let named: BTreeSet<_> = ReasonCode::NAMES.iter().map(|(code, _)| code.0).collect();
    assert_eq!(named, entries.iter().map(|entry| entry.code).collect());
}

#[test]
fn types_are_those_of_the_standard() {
    let Catalogue { mqtt_5_0, mqtt_3_1_1 } = catalogue();
    assert_eq!((mqtt_5_0.packet_types.len(), mqtt_3_1_1.packet_types.len()), (15, 14));
    for entry in mqtt_5_0.packet_types.iter().chain(&mqtt_3_1_1.packet_types) {
        let packet = PacketType::from_number(entry.number).unwrap();
        let flags =
            packet.reserved_flags().map_or("DUP QoS QoS RETAIN".to_owned(), |flags| format!("{flags:04b}"));
        assert_eq!((packet.name(), flags), (entry.name.as_str(), entry.flags.clone()));
    }
}

#[test]
fn packets_flow_in_the_directions_of_the_standard() {
    let Catalogue { mqtt_5_0, mqtt_3_1_1 } = catalogue();
    let entries = [(Version::V5_0, mqtt_5_0.packet_types), (Version::V3_1_1, mqtt_3_1_1.packet_types)];
    for (version, entry) in
        entries.into_iter().flat_map(|(version, list)| list.into_iter().map(move |entry| (version, entry)))
    {
        let packet = PacketType::from_number(entry.number).unwrap();
        let from = |sender| crate::decode::may_send(sender, Some(version), packet);
        let direction = match (from(Sender::Client), from(Sender::Server)) {
            (true, true) => "both",
            (true, false) => "client-to-server",
            (false, true) => "server-to-client",
            (false, false) => "none",
        };
        assert_eq!(direction, entry.direction, "{version} {packet}");
    }
}
