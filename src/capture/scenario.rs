//! Conversations of a capture as a scenario that people can read and change.
//!
//! Exchanges become one step each: a PUBLISH with its whole handshake, a SUBSCRIBE with its SUBACK. Packet Identifiers
//! are left to whoever plays the scenario, topics move below `$topic`, and Client Identifiers give the clients their
//! names. Messages that came one after another may come in any order, since what is promised depends on their topics.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, ReasonCode, Sender, Utf8String,
    packet::{Connect, Publish, Subscribe},
};

use super::{Recording, Turn};

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The scenario's title.
    pub title: String,
    /// PINGREQ and PINGRESP are left out.
    pub without_pings: bool,
}

/// A conversation holds something that is not put into scenarios.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("conversation {number}, frame {frame}: {what}")]
pub struct CannotSay {
    /// The conversation's number.
    pub number: u64,
    /// The frame's.
    pub frame: u64,
    /// What it is.
    pub what: String,
}

/// The text of a scenario in which the clients of these recordings do what they did, and the broker has to do what it
/// did.
pub fn scenario(recordings: &[Recording], options: &Options) -> Result<String, CannotSay> {
    let version = recordings.first().map_or(Version::V5_0, |recording| recording.version);
    let mut writer = Writer {
        version,
        names: names(recordings),
        lines: Vec::new(),
        messages: None,
        covers: Vec::new(),
        published: BTreeSet::new(),
    };
    let mut turns: Vec<(&Recording, &Turn)> = Vec::new();
    for recording in recordings {
        if recording.version != version {
            let frame = recording.turns.first().map_or(0, |turn| turn.frame);
            let what = "it is of another version than the first one; choose with `--conversation`".to_owned();
            return Err(CannotSay { number: recording.number, frame, what });
        }
        turns.extend(recording.turns.iter().map(|turn| (recording, turn)));
    }
    turns.sort_by_key(|(_, turn)| turn.place);
    for (recording, turn) in turns {
        let is_noise = matches!(turn.packet, Packet::Pingreq) && options.without_pings;
        if !is_noise {
            writer.turn(recording, turn).map_err(|what| CannotSay {
                number: recording.number,
                frame: turn.frame,
                what,
            })?;
        }
        let is_last = recording.turns.last().is_some_and(|last| last.place == turn.place);
        if is_last && !matches!(turn.packet, Packet::Disconnect(_)) {
            writer.end(recording);
        }
    }
    Ok(writer.finish(&options.title))
}

/// The names of the clients, by the numbers of their conversations.
fn names(recordings: &[Recording]) -> BTreeMap<u64, String> {
    let mut names: BTreeMap<u64, String> = BTreeMap::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for recording in recordings {
        let plain: String = recording
            .client_id
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' })
            .take(24)
            .collect();
        let plain = plain.trim_matches('_');
        let starts_well = plain.starts_with(|char: char| char.is_ascii_alphabetic());
        let wanted = if starts_well { plain.to_owned() } else { format!("client_{}", recording.number) };
        let is_taken = ids.iter().any(|(id, name)| *name == wanted && *id != recording.client_id);
        let name = if is_taken { format!("client_{}", recording.number) } else { wanted };
        let name = ids.entry(&recording.client_id).or_insert(name).clone();
        names.insert(recording.number, name);
    }
    names
}

struct Writer {
    version: Version,
    names: BTreeMap<u64, String>,
    lines: Vec<String>,
    /// Messages of one client that came one after another.
    messages: Option<(String, Vec<String>)>,
    covers: Vec<&'static str>,
    /// Topics and payloads of what the clients have published, wills included.
    published: BTreeSet<(Utf8String, Bytes)>,
}

impl Writer {
    fn turn(&mut self, recording: &Recording, turn: &Turn) -> Result<(), String> {
        let name = self.names.get(&recording.number).cloned().unwrap_or_default();
        match (&turn.packet, turn.sender) {
            (Packet::Connect(packet), _) => {
                let will = packet.will.as_ref().map(|will| (will.topic.clone(), will.payload.clone()));
                self.published.extend(will);
                let statement = self.statement("3.1.4-4", "3.1.4-5");
                self.step(&name, "connect", &connect(packet), statement);
            }
            (Packet::Publish(packet), Sender::Client) => {
                self.published.insert((packet.topic.clone(), packet.payload.clone()));
                let statement = match packet.delivery.qos() {
                    mqttspec_wire::QoS::AtMostOnce => "",
                    mqttspec_wire::QoS::AtLeastOnce => self.statement("4.3.2-2", "4.3.2-4"),
                    mqttspec_wire::QoS::ExactlyOnce => self.statement("4.3.3-2", "4.3.3-8"),
                };
                self.step(&name, "publish", &publish(packet, Sender::Client)?, statement);
            }
            (Packet::Publish(packet), Sender::Server) => {
                let fields = publish(packet, Sender::Server)?;
                if self.published.contains(&(packet.topic.clone(), packet.payload.clone())) {
                    self.message(&name, fields);
                } else {
                    // Whoever plays the scenario does not have what was there before, or came from elsewhere.
                    self.flush();
                    self.lines.push(format!("  # {name} also got what nobody here has published: {fields}"));
                }
            }
            (Packet::Subscribe(packet), _) => {
                let statement = self.statement("3.8.4-1", "3.8.4-1");
                self.step(&name, "subscribe", &subscribe(packet), statement);
            }
            (Packet::Unsubscribe(packet), _) => {
                let filters: Vec<String> = packet.filters.iter().map(topic).collect();
                let statement = self.statement("3.10.4-4", "3.10.4-4");
                self.step(&name, "unsubscribe", &format!("{{filters: [{}]}}", filters.join(", ")), statement);
            }
            (Packet::Pingreq, _) => {
                let statement = self.statement("3.12.4-1", "3.12.4-1");
                self.flush();
                self.lines.push(format!("  - {name}: {{ping: , else: fail {statement}}}"));
            }
            (Packet::Disconnect(packet), Sender::Client) => {
                let reason = u8::from(packet.reason != ReasonCode::SUCCESS) * packet.reason.0;
                let fields = if reason == 0 { String::new() } else { format!("reason: 0x{reason:02x}") };
                self.flush();
                self.lines.push(format!("  - {name}: {{disconnect: {{{fields}}}}}"));
            }
            (Packet::Connack(packet), _) => refused(&[packet.reason])?,
            (Packet::Suback(packet), _) => refused(&packet.reasons)?,
            (Packet::Unsuback(packet), _) => refused(&packet.reasons)?,
            (Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack), _) => {
                refused(&[ack.reason])?;
            }
            (Packet::Pingresp, _) => {}
            (Packet::Disconnect(_) | Packet::Auth(_), _) => {
                return Err(format!("{} cannot be put into a scenario here", turn.packet.packet_type()));
            }
        }
        Ok(())
    }

    /// How a conversation ended that did not end with DISCONNECT.
    fn end(&mut self, recording: &Recording) {
        let name = self.names.get(&recording.number).cloned().unwrap_or_default();
        self.flush();
        if let Some((Sender::Client, _)) = recording.ended {
            self.lines.push(format!("  - {name}: cut"));
        }
    }

    /// The statement of the version in question, which the scenario then covers.
    fn statement(&mut self, older: &'static str, newer: &'static str) -> &'static str {
        let statement = match self.version {
            Version::V3_1_1 => older,
            Version::V5_0 => newer,
        };
        if !self.covers.contains(&statement) {
            self.covers.push(statement);
        }
        statement
    }

    fn step(&mut self, name: &str, action: &str, fields: &str, statement: &str) {
        self.flush();
        let verdict = if statement.is_empty() { String::new() } else { format!(", else: fail {statement}") };
        self.lines.push(format!("  - {name}: {{{action}: {fields}{verdict}}}"));
    }

    fn message(&mut self, name: &str, fields: String) {
        match &mut self.messages {
            Some((client, messages)) if client == name => messages.push(fields),
            Some(_) | None => {
                self.flush();
                self.messages = Some((name.to_owned(), vec![fields]));
            }
        }
    }

    fn flush(&mut self) {
        let Some((name, messages)) = self.messages.take() else { return };
        let statement = self.statement("3.8.4-6", "3.8.4-8");
        if let [only] = &messages[..] {
            self.lines.push(format!("  - {name}: {{receive: {only}, else: fail {statement}}}"));
            return;
        }
        self.lines.push(format!("  - {name}:\n      receive-any-order:"));
        self.lines.extend(messages.iter().map(|message| format!("        - {message}")));
        self.lines.push(format!("      else: fail {statement}"));
    }

    fn finish(mut self, title: &str) -> String {
        self.flush();
        let (version, covers) = (self.version.number(), self.covers.join(", "));
        let lines = self.lines.join("\n");
        format!("title: {}\ncovers: {{v{version}: [{covers}]}}\nsteps:\n{lines}\n", quoted(title))
    }
}

fn refused(reasons: &[ReasonCode]) -> Result<(), String> {
    match reasons.iter().find(|reason| reason.0 >= 0x80) {
        Some(reason) => Err(format!("the broker answers with {reason}, which a made scenario cannot expect")),
        None => Ok(()),
    }
}

fn connect(packet: &Connect) -> String {
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

fn subscribe(packet: &Subscribe) -> String {
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

fn publish(packet: &Publish, sender: Sender) -> Result<String, String> {
    if packet.topic.is_empty() {
        return Err("a Topic Alias stands for the topic, which cannot be put into a scenario".to_owned());
    }
    let (qos, retain) = (packet.delivery.qos().level(), packet.retain);
    let mut fields =
        format!("topic: {}, qos: {qos}, payload: {}", topic(&packet.topic), binary(&packet.payload));
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
    Ok(format!("{{{fields}}}"))
}

/// A topic or filter below the scenario's own.
fn topic(text: &Utf8String) -> String {
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
fn quoted(text: &str) -> String {
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
