//! A packet in one line, as traces and reports show it.

use std::fmt::Write as _;

use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, ReasonCode, Utf8String, Value,
    packet::{Connect, PacketType, Publish},
};

/// The packet in one line: `PUBLISH QoS 1, id 7, topic "a/b", 3 bytes "new"`.
pub fn describe(packet: &Packet, version: Version) -> String {
    let mut words: Vec<String> = Vec::new();
    if !matches!(packet, Packet::Publish(_))
        && let Some(id) = packet.packet_id()
    {
        words.push(format!("id {id}"));
    }
    let kind = packet.packet_type();
    match packet {
        Packet::Connect(connect) => connect_words(connect, &mut words),
        Packet::Connack(connack) => {
            words.push(reason(connack.reason, version, kind));
            words.push(format!("session present {}", u8::from(connack.session_present)));
        }
        Packet::Publish(publish) => publish_words(publish, &mut words),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            if ack.reason != ReasonCode::SUCCESS {
                words.push(reason(ack.reason, version, kind));
            }
        }
        Packet::Subscribe(subscribe) => {
            words.extend(
                subscribe
                    .filters
                    .iter()
                    .map(|wanted| format!("{} at {}", quoted(&wanted.filter), wanted.qos)),
            );
        }
        Packet::Unsubscribe(unsubscribe) => words.extend(unsubscribe.filters.iter().map(quoted)),
        Packet::Suback(suback) => {
            words.extend(suback.reasons.iter().map(|code| reason(*code, version, kind)));
        }
        Packet::Unsuback(unsuback) => {
            words.extend(unsuback.reasons.iter().map(|code| reason(*code, version, kind)));
        }
        Packet::Disconnect(disconnect) if version == Version::V5_0 => {
            words.push(reason(disconnect.reason, version, kind));
        }
        Packet::Auth(auth) => words.push(reason(auth.reason, version, kind)),
        Packet::Disconnect(_) | Packet::Pingreq | Packet::Pingresp => {}
    }
    for property in packet.properties().into_iter().flatten() {
        words.push(format!("{} {}", property.id().name(), value(&property.value())));
    }
    let mut line = kind.name().to_owned();
    for (index, word) in words.iter().enumerate() {
        let _ = write!(line, "{}{word}", if index == 0 { " " } else { ", " });
    }
    line
}

fn connect_words(connect: &Connect, words: &mut Vec<String>) {
    words.push(format!("client id {}", quoted(&connect.client_id)));
    let clean = if connect.version == Version::V5_0 { "Clean Start" } else { "Clean Session" };
    words.push(format!("{clean} {}", u8::from(connect.clean_start)));
    words.push(format!("Keep Alive {}", connect.keep_alive));
    if let Some(will) = &connect.will {
        words.push(format!("will to {} at {}", quoted(&will.topic), will.qos));
        if will.retain {
            words.push("Will Retain".to_owned());
        }
        words.extend(
            will.properties
                .iter()
                .map(|property| format!("{} {}", property.id().name(), value(&property.value()))),
        );
    }
    if let Some(username) = &connect.username {
        words.push(format!("user {}", quoted(username)));
    }
    if connect.password.is_some() {
        words.push("password".to_owned());
    }
}

fn publish_words(publish: &Publish, words: &mut Vec<String>) {
    words.push(publish.delivery.qos().to_string());
    words.extend(publish.delivery.id().map(|id| format!("id {id}")));
    if publish.delivery.dup() {
        words.push("DUP".to_owned());
    }
    if publish.retain {
        words.push("RETAIN".to_owned());
    }
    words.push(format!("topic {}", quoted(&publish.topic)));
    words.push(bytes(&publish.payload));
}

fn reason(code: ReasonCode, version: Version, packet: PacketType) -> String {
    format!("{code} {}", code.name(version, packet))
}

fn value(value: &Value) -> String {
    match value {
        Value::Byte(number) => number.to_string(),
        Value::TwoByte(number) => number.to_string(),
        Value::FourByte(number) | Value::VariableByte(number) => number.to_string(),
        Value::Text(text) => quoted(text),
        Value::Binary(binary) => bytes(binary),
        Value::Pair((name, value)) => format!("{}: {}", quoted(name), quoted(value)),
    }
}

/// Long or unprintable text is shortened and escaped: it may come from a hostile peer.
fn quoted(text: &Utf8String) -> String {
    const SHOWN: usize = 60;
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        let _ = write!(short, "… ({} bytes)", text.len());
    }
    format!("\"{short}\"")
}

fn bytes(bytes: &[u8]) -> String {
    const SHOWN: usize = 24;
    let count = match bytes.len() {
        1 => "1 byte".to_owned(),
        many => format!("{many} bytes"),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.is_empty() && bytes.len() <= SHOWN => {
            format!("{count} \"{}\"", text.escape_debug())
        }
        _ => count,
    }
}
