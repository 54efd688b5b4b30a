//! Packets as the fields of a step.

use std::fmt::Write as _;

use mqttspec_wire::{
    Sender, Utf8String,
    packet::{Connect, Publish, Subscribe},
};

pub(super) fn connect(packet: &Connect) -> String {
    let mut fields = format!("clean-start: {}, keep-alive: {}", packet.clean_start, packet.keep_alive);
    if packet.client_id.is_empty() {
        fields += ", client-id: \"\"";
    }
    if let Some(interval) = packet.properties.session_expiry_interval() {
        let _ = write!(fields, ", session-expiry-interval: {interval}");
    }
    if let Some(will) = &packet.will {
        let (topic, payload) = (topic(&will.topic), binary(&will.payload));
        let (qos, retain) = (will.qos.level(), will.retain);
        let _ =
            write!(fields, ", will: {{topic: {topic}, payload: {payload}, qos: {qos}, retain: {retain}}}");
    }
    format!("{{{fields}}}")
}

pub(super) fn subscribe(packet: &Subscribe) -> String {
    let filters: Vec<String> = packet
        .filters
        .iter()
        .map(|wanted| {
            let mut fields = format!("filter: {}, qos: {}", topic(&wanted.filter), wanted.qos.level());
            for (name, is_set) in
                [("no-local", wanted.no_local), ("retain-as-published", wanted.retain_as_published)]
            {
                if is_set {
                    let _ = write!(fields, ", {name}: true");
                }
            }
            format!("{{{fields}}}")
        })
        .collect();
    match &filters[..] {
        [only] => only.clone(),
        several => format!("{{filters: [{}]}}", several.join(", ")),
    }
}

/// A PUBLISH; that of a server with the topic that a Topic Alias stands for, `full`.
pub(super) fn publish(packet: &Publish, full: &Utf8String, sender: Sender) -> String {
    let (qos, retain) = (packet.delivery.qos().level(), packet.retain);
    let name = match sender {
        Sender::Client if packet.topic.is_empty() => "\"\"".to_owned(),
        Sender::Client | Sender::Server => topic(full),
    };
    let mut fields = format!("topic: {name}, qos: {qos}, payload: {}", binary(&packet.payload));
    if let Some(alias) = packet.properties.topic_alias().filter(|_| sender == Sender::Client) {
        let _ = write!(fields, ", topic-alias: {alias}");
    }
    if retain || sender == Sender::Server {
        let _ = write!(fields, ", retain: {retain}");
    }
    let properties = &packet.properties;
    if let Some(kind) = properties.content_type() {
        let _ = write!(fields, ", content-type: {}", quoted(&kind));
    }
    if let Some(interval) = properties.message_expiry_interval().filter(|_| sender == Sender::Client) {
        let _ = write!(fields, ", message-expiry-interval: {interval}");
    }
    let pairs: Vec<String> = properties
        .user_properties()
        .map(|(name, value)| format!("[{}, {}]", quoted(name), quoted(value)))
        .collect();
    if !pairs.is_empty() {
        let _ = write!(fields, ", user-property: [{}]", pairs.join(", "));
    }
    format!("{{{fields}}}")
}

/// A topic or filter below the scenario's own.
pub(super) fn topic(text: &Utf8String) -> String {
    let shared = text.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
    let inner = |text: &str| quoted(text).trim_matches('"').to_owned();
    match shared {
        Some((group, filter)) => format!("\"$$share/{}/$topic/{}\"", inner(group), inner(filter)),
        None if text.starts_with('$') => quoted(text),
        None => format!("\"$topic/{}\"", inner(text)),
    }
}

fn binary(bytes: &[u8]) -> String {
    let is_plain = |char: char| !char.is_control();
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_plain) => quoted(text),
        Ok(_) | Err(_) => {
            let mut hex = String::new();
            for byte in bytes {
                let _ = write!(hex, "{byte:02x}");
            }
            format!("{{hex: \"{hex}\"}}")
        }
    }
}

/// A text between quotation marks; `$` would begin a variable.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '$' => quoted.push_str("$$"),
            char if char.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
