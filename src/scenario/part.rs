//! The names of a packet's parts that edits can change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Layout, Packet, PacketId, Properties, Property, PropertyId, QoS, ReasonCode, Utf8String, Value,
    packet::{
        Ack, Auth, Connack, Connect, Delivery, Disconnect, PacketType, Publish, RetainHandling, Suback,
        Subscribe, Subscription, Unsuback, Unsubscribe, Will,
    },
    property::ValueKind,
};

use super::vocabulary;

/// The names of all parts that a packet can have, without indexes: `topic-name`, `user-property.name.text`.
pub(super) fn names(packet: PacketType, version: Version) -> &'static BTreeSet<String> {
    static NAMES: LazyLock<BTreeMap<(PacketType, Version), BTreeSet<String>>> = LazyLock::new(|| {
        let both =
            Version::ALL.into_iter().flat_map(|version| PacketType::ALL.map(|packet| (packet, version)));
        both.map(|(packet, version)| ((packet, version), parts(packet, version))).collect()
    });
    static NONE: BTreeSet<String> = BTreeSet::new();
    NAMES.get(&(packet, version)).unwrap_or(&NONE)
}

/// The name of a part without its indexes.
pub(super) fn without_index(name: &str) -> String {
    let mut pieces = name.split('[');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |name, piece| match piece.split_once(']') {
        Some((index, rest)) if !index.is_empty() && index.bytes().all(|digit| digit.is_ascii_digit()) => {
            name + rest
        }
        Some(_) | None => name + "[" + piece,
    })
}

fn parts(packet: PacketType, version: Version) -> BTreeSet<String> {
    Layout::of(&fullest(packet, version), version)
        .parts()
        .into_iter()
        .map(|(part, _)| without_index(&part.to_string()))
        .collect()
}

/// A packet that has every part that its type can have.
fn fullest(packet: PacketType, version: Version) -> Packet {
    let (id, reason, properties) = (PacketId::MIN, ReasonCode::UNSPECIFIED_ERROR, properties(packet, ""));
    let ack = || Ack { id, reason, properties: properties.clone() };
    match packet {
        PacketType::Connect => Packet::Connect(Box::new(connect(version, properties))),
        PacketType::Connack => Packet::Connack(Connack { session_present: false, reason, properties }),
        PacketType::Publish => Packet::Publish(Publish {
            delivery: Delivery::AtLeastOnce { id, dup: false },
            retain: false,
            topic: text(),
            properties,
            payload: bytes(),
        }),
        PacketType::Puback => Packet::Puback(ack()),
        PacketType::Pubrec => Packet::Pubrec(ack()),
        PacketType::Pubrel => Packet::Pubrel(ack()),
        PacketType::Pubcomp => Packet::Pubcomp(ack()),
        PacketType::Subscribe => {
            let filter = Subscription {
                filter: text(),
                qos: QoS::AtMostOnce,
                no_local: false,
                retain_as_published: false,
                retain_handling: RetainHandling::Send,
            };
            Packet::Subscribe(Subscribe { id, properties, filters: vec![filter] })
        }
        PacketType::Suback => Packet::Suback(Suback { id, properties, reasons: vec![reason] }),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe { id, properties, filters: vec![text()] }),
        PacketType::Unsuback => Packet::Unsuback(Unsuback { id, properties, reasons: vec![reason] }),
        PacketType::Pingreq => Packet::Pingreq,
        PacketType::Pingresp => Packet::Pingresp,
        PacketType::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
        PacketType::Auth => Packet::Auth(Auth { reason, properties }),
    }
}

fn connect(version: Version, properties_of_connect: Properties) -> Connect {
    let will = Will {
        qos: QoS::AtMostOnce,
        retain: false,
        properties: properties(PacketType::Connect, "will."),
        topic: text(),
        payload: bytes(),
    };
    Connect {
        version,
        clean_start: true,
        keep_alive: 0,
        properties: properties_of_connect,
        client_id: text(),
        will: Some(will),
        username: Some(text()),
        password: Some(bytes()),
    }
}

/// Every property that the packet can have, or that its will can.
fn properties(packet: PacketType, prefix: &str) -> Properties {
    let words = vocabulary::words_of(packet);
    let has = |id: &PropertyId| {
        words.is_some_and(|words| words.field(&format!("{prefix}{}", id.kebab_name())).is_some())
    };
    PropertyId::ALL
        .iter()
        .filter(|id| has(id))
        .filter_map(|id| Property::new(*id, value(id.kind())))
        .collect()
}

fn value(kind: ValueKind) -> Value {
    match kind {
        ValueKind::Byte => Value::Byte(1),
        ValueKind::TwoByte => Value::TwoByte(1),
        ValueKind::FourByte => Value::FourByte(1),
        ValueKind::VariableByte => Value::VariableByte(1),
        ValueKind::Text => Value::Text(text()),
        ValueKind::Binary => Value::Binary(bytes()),
        ValueKind::Pair => Value::Pair((text(), text())),
    }
}

fn text() -> Utf8String {
    Utf8String::try_from("x").unwrap_or_default()
}

fn bytes() -> Bytes {
    Bytes::from_static(b"x")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("topic-name", "topic-name")]
    #[case("filter[1]", "filter")]
    #[case("user-property[12].name.text", "user-property.name.text")]
    #[case("filter[x]", "filter[x]")]
    #[case("filter[", "filter[")]
    #[case("filter[]", "filter[]")]
    fn names_lose_their_indexes(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(without_index(name), expected);
    }

    #[rstest]
    #[case(PacketType::Publish, Version::V3_1_1, &["first-byte", "packet-id", "payload", "remaining-length", "topic-name", "topic-name.length", "topic-name.text"])]
    #[case(PacketType::Unsuback, Version::V3_1_1, &["first-byte", "packet-id", "remaining-length"])]
    #[case(PacketType::Pingreq, Version::V5_0, &["first-byte", "remaining-length"])]
    fn every_part_is_known(#[case] packet: PacketType, #[case] version: Version, #[case] expected: &[&str]) {
        let found: Vec<&str> = names(packet, version).iter().map(String::as_str).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn properties_are_parts_of_version_5() {
        let of = |version| names(PacketType::Connect, version);
        for part in [
            "user-property.name.text",
            "will-delay-interval.value",
            "will-user-property",
            "properties.length",
        ] {
            assert!(of(Version::V5_0).contains(part) && !of(Version::V3_1_1).contains(part), "{part}");
        }
    }
}
