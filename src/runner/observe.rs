//! The fields of a received packet by the names that scenarios use.

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, Property, PropertyId, ReasonCode, Utf8String, Value,
    packet::{Connect, Publish},
    property::ValueKind,
};

use super::{build::property_named, value::Datum};

/// What a field of a packet holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Observed {
    /// The packet does not have it.
    Absent,
    /// One value.
    One(Datum),
    /// A list.
    Many(Vec<Datum>),
    /// Pairs of name and value.
    Pairs(Vec<(Datum, Datum)>),
}

/// The field `name` of a packet.
pub(super) fn field(packet: &Packet, version: Version, name: &str) -> Observed {
    if let Some(id) = property_named(name) {
        let properties =
            if name.starts_with("will.") { will_properties(packet) } else { packet.properties() };
        return properties.map_or(Observed::Absent, |properties| property(properties, id));
    }
    if name == "packet-id" {
        return packet.packet_id().map_or(Observed::Absent, |id| number(id.get()));
    }
    match packet {
        Packet::Connect(connect) => connect_field(connect, name),
        Packet::Connack(connack) => match name {
            "session-present" => Observed::One(Datum::Bool(connack.session_present)),
            _ => reason(connack.reason, name),
        },
        Packet::Publish(publish) => publish_field(publish, name),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            reason(ack.reason, name)
        }
        Packet::Suback(suback) => reasons(&suback.reasons, name),
        Packet::Unsuback(unsuback) if version == Version::V5_0 => reasons(&unsuback.reasons, name),
        Packet::Disconnect(disconnect) if version == Version::V5_0 => reason(disconnect.reason, name),
        Packet::Auth(auth) => reason(auth.reason, name),
        Packet::Unsuback(_)
        | Packet::Disconnect(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => Observed::Absent,
    }
}

/// The names of the parts that hold the field `name` in a packet of the server, or just these elements of it.
pub(super) fn parts(name: &str, elements: &[usize]) -> Vec<String> {
    let part = match name {
        "session-present" => "connack-flags",
        "reasons" => "reason",
        "topic" => "topic-name",
        "qos" | "retain" | "dup" => "first-byte",
        same => same,
    };
    if elements.is_empty() {
        return vec![part.to_owned()];
    }
    elements.iter().map(|element| format!("{part}[{element}]")).collect()
}

fn will_properties(packet: &Packet) -> Option<&Properties> {
    if let Packet::Connect(connect) = packet {
        connect.will.as_ref().map(|will| &will.properties)
    } else {
        None
    }
}

fn publish_field(publish: &Publish, name: &str) -> Observed {
    match name {
        "topic" => text(&publish.topic),
        "payload" => bytes(&publish.payload),
        "retain" => Observed::One(Datum::Bool(publish.retain)),
        "dup" => Observed::One(Datum::Bool(publish.delivery.dup())),
        "qos" => number(publish.delivery.qos().level()),
        _ => Observed::Absent,
    }
}

fn connect_field(connect: &Connect, name: &str) -> Observed {
    match name {
        "client-id" => text(&connect.client_id),
        "clean-start" => Observed::One(Datum::Bool(connect.clean_start)),
        "keep-alive" => number(connect.keep_alive),
        "username" => connect.username.as_ref().map_or(Observed::Absent, text),
        "password" => connect.password.as_ref().map_or(Observed::Absent, bytes),
        _ => match (&connect.will, name.strip_prefix("will.")) {
            (Some(will), Some("topic")) => text(&will.topic),
            (Some(will), Some("payload")) => bytes(&will.payload),
            (Some(will), Some("qos")) => number(will.qos.level()),
            (Some(will), Some("retain")) => Observed::One(Datum::Bool(will.retain)),
            (_, _) => Observed::Absent,
        },
    }
}

fn reason(code: ReasonCode, name: &str) -> Observed {
    if name == "reason" { number(code.0) } else { Observed::Absent }
}

fn reasons(codes: &[ReasonCode], name: &str) -> Observed {
    if name == "reasons" {
        Observed::Many(codes.iter().map(|code| Datum::Number(f64::from(code.0))).collect())
    } else {
        Observed::Absent
    }
}

fn property(properties: &Properties, id: PropertyId) -> Observed {
    let values: Vec<Value> =
        properties.iter().filter(|property| property.id() == id).map(Property::value).collect();
    if values.is_empty() {
        return Observed::Absent;
    }
    match id.kind() {
        ValueKind::Pair => Observed::Pairs(values.into_iter().filter_map(pair).collect()),
        ValueKind::VariableByte => Observed::Many(values.into_iter().filter_map(datum).collect()),
        ValueKind::Byte | ValueKind::TwoByte | ValueKind::FourByte | ValueKind::Text | ValueKind::Binary => {
            values.into_iter().find_map(datum).map_or(Observed::Absent, Observed::One)
        }
    }
}

fn pair(value: Value) -> Option<(Datum, Datum)> {
    if let Value::Pair((name, value)) = value {
        Some((Datum::Text(name.to_string()), Datum::Text(value.to_string())))
    } else {
        None
    }
}

fn datum(value: Value) -> Option<Datum> {
    Some(match value {
        Value::Byte(value) => Datum::Number(value.into()),
        Value::TwoByte(value) => Datum::Number(value.into()),
        Value::FourByte(value) | Value::VariableByte(value) => Datum::Number(value.into()),
        Value::Text(value) => Datum::Text(value.to_string()),
        Value::Binary(value) => Datum::Bytes(value),
        Value::Pair(_) => return None,
    })
}

fn number(value: impl Into<f64>) -> Observed {
    Observed::One(Datum::Number(value.into()))
}

fn text(value: &Utf8String) -> Observed {
    Observed::One(Datum::Text(value.to_string()))
}

fn bytes(value: &Bytes) -> Observed {
    Observed::One(Datum::Bytes(value.clone()))
}

#[cfg(test)]
mod tests {
    use mqttspec_wire::{
        Layout, PacketId,
        packet::{Connack, Delivery, Suback},
    };
    use rstest::rstest;

    use super::*;

    fn publish() -> Packet {
        let delivery = Delivery::AtLeastOnce { id: PacketId::MIN, dup: false };
        let properties = [Property::ContentType(Utf8String::default())].into_iter().collect();
        Packet::Publish(Publish {
            delivery,
            retain: false,
            topic: Utf8String::default(),
            properties,
            payload: Bytes::from_static(b"x"),
        })
    }

    fn connack() -> Packet {
        let (reason, properties) = (ReasonCode::SUCCESS, Properties::default());
        Packet::Connack(Connack { session_present: false, reason, properties })
    }

    fn suback() -> Packet {
        let (reasons, properties) = (vec![ReasonCode::SUCCESS; 2], Properties::default());
        Packet::Suback(Suback { id: PacketId::MIN, properties, reasons })
    }

    #[rstest]
    #[case(publish(), &["topic", "payload", "retain", "dup", "qos", "packet-id", "content-type"])]
    #[case(connack(), &["session-present", "reason"])]
    #[case(suback(), &["reasons"])]
    fn a_field_that_is_observed_has_its_parts(#[case] packet: Packet, #[case] fields: &[&str]) {
        let layout = Layout::of(&packet, Version::V5_0).parts();
        for name in fields {
            assert_ne!(field(&packet, Version::V5_0, name), Observed::Absent, "{name}");
            let parts = parts(name, &[]);
            let is_part = |stem: &String| layout.iter().any(|(part, _)| part.stem() == stem);
            assert!(!parts.is_empty() && parts.iter().all(is_part), "{name}: {parts:?}");
        }
    }

    #[rstest]
    #[case(&[], &["reason"])]
    #[case(&[1], &["reason[1]"])]
    fn elements_are_named_by_their_places(#[case] elements: &[usize], #[case] expected: &[&str]) {
        assert_eq!(parts("reasons", elements), expected);
    }
}
