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
