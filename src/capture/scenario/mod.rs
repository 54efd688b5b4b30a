//! Conversations of a capture as a scenario that people can read and change.
//!
//! Exchanges become one step each: a PUBLISH with its whole handshake, a SUBSCRIBE with its SUBACK. Packet Identifiers
//! are left to whoever plays the scenario, topics move below `$topic`, and Client Identifiers give the clients their
//! names. Messages that came one after another may come in any order, since what is promised depends on their topics.
//!
//! What the broker refused is sent and its answer expected in steps of their own. A broker that does not refuse it breaks
//! nothing by that, so it makes the scenario inconclusive; no answer at all is a failure.

mod fields;
mod refusal;
mod silence;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, QoS, ReasonCode, Sender, Utf8String,
    packet::{Connect, Publish},
};

use self::{
    fields::{publish, quoted, subscribe, topic},
    refusal::{Refusal, refusal},
    silence::{Ledger, Silence},
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
        left: BTreeSet::new(),
        ledger: Ledger::default(),
        aliases: BTreeMap::new(),
        uses_aliases: false,
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
    /// The conversations that their clients have ended.
    left: BTreeSet<u64>,
    ledger: Ledger,
    /// What Topic Aliases stand for, by conversation and sender.
    aliases: BTreeMap<(u64, Sender, u16), Utf8String>,
    /// A client uses them.
    uses_aliases: bool,
    /// Topics and payloads of what the clients have published, wills included.
    published: BTreeSet<(Utf8String, Bytes)>,
}

impl Writer {
    fn turn(&mut self, recording: &Recording, turn: &Turn) -> Result<(), String> {
        let name = self.names.get(&recording.number).cloned().unwrap_or_default();
        if self.left.contains(&recording.number) {
            let (sender, kind) = (turn.sender, turn.packet.packet_type());
            self.comment(&format!("behind the DISCONNECT of {name} the {sender} still sent {kind}"));
            return Ok(());
        }
        if let Some(refusal) = refusal(recording, turn) {
            self.refused(&name, turn, &refusal);
            return Ok(());
        }
        match (&turn.packet, turn.sender) {
            (Packet::Connect(packet), _) => {
                self.arrives(&name, recording.number, packet);
                let statement = self.statement("3.1.4-4", "3.1.4-5");
                self.step(&name, "connect", &fields::connect(packet), statement);
            }
            (Packet::Publish(packet), sender) => self.publish(&name, recording.number, packet, sender)?,
            (Packet::Subscribe(packet), _) => {
                self.ledger.subscribe(&name, packet);
                let statement = self.statement("3.8.4-1", "3.8.4-1");
                self.step(&name, "subscribe", &subscribe(packet), statement);
            }
            (Packet::Unsubscribe(packet), _) => {
                self.ledger.unsubscribe(&name, packet);
                let filters: Vec<String> = packet.filters.iter().map(topic).collect();
                let statement = self.statement("3.10.4-4", "3.10.4-4");
                self.step(&name, "unsubscribe", &format!("{{filters: [{}]}}", filters.join(", ")), statement);
            }
            (Packet::Pingreq, _) => {
                let statement = self.statement("3.12.4-1", "3.12.4-1");
                self.line(&format!("{name}: {{ping: , else: fail {statement}}}"));
            }
            (Packet::Disconnect(packet), Sender::Client) => {
                self.left.insert(recording.number);
                self.nothing_more(&name);
                let reason = u8::from(packet.reason != ReasonCode::SUCCESS) * packet.reason.0;
                let fields = if reason == 0 { String::new() } else { format!("reason: 0x{reason:02x}") };
                self.line(&format!("{name}: {{disconnect: {{{fields}}}}}"));
            }
            (Packet::Disconnect(packet), Sender::Server) => self.sent_away(&name, packet.reason)?,
            (Packet::Auth(_), _) => {
                return Err(
                    "enhanced authentication cannot be repeated, since its challenges are never the same; \
                            leave the conversation out with `--conversation`"
                        .to_owned(),
                );
            }
            // Either party may refuse a message; what the broker refuses has been dealt with.
            (Packet::Puback(ack) | Packet::Pubrec(ack), Sender::Client) if ack.reason.0 >= 0x80 => {
                return Err(format!("the client refuses a message with {}, which no step does", ack.reason));
            }
            // They belong to the steps of what they answer.
            (
                Packet::Connack(_)
                | Packet::Suback(_)
                | Packet::Unsuback(_)
                | Packet::Puback(_)
                | Packet::Pubrec(_)
                | Packet::Pubrel(_)
                | Packet::Pubcomp(_)
                | Packet::Pingresp,
                _,
            ) => {}
        }
        Ok(())
    }

    /// A client comes, with a will perhaps.
    fn arrives(&mut self, name: &str, number: u64, packet: &Connect) {
        self.ledger.connect(name, packet);
        self.aliases.retain(|(conversation, _, _), _| *conversation != number);
        let will = packet.will.as_ref().map(|will| (will.topic.clone(), will.payload.clone()));
        self.published.extend(will);
        if let Some(user) = &packet.username {
            let user = quoted(user);
            self.comment(&format!(
                "{name} came as user {user}; if the broker asks for it, add user-name and password to the step"
            ));
        }
    }

    fn publish(&mut self, name: &str, number: u64, packet: &Publish, sender: Sender) -> Result<(), String> {
        let full = self.full_topic(number, packet, sender)?;
        let fields = publish(packet, &full, sender);
        let message = (full, packet.payload.clone());
        match sender {
            Sender::Client => {
                let statement = match packet.delivery.qos() {
                    QoS::AtMostOnce => "",
                    QoS::AtLeastOnce => self.statement("4.3.2-2", "4.3.2-4"),
                    QoS::ExactlyOnce => self.statement("4.3.3-2", "4.3.3-8"),
                };
                self.ledger.published(name, &message.0, packet);
                self.published.insert(message);
                self.step(name, "publish", &fields, statement);
            }
            Sender::Server if self.published.contains(&message) => {
                self.ledger.received(name);
                self.message(name, fields);
            }
            // Whoever plays the scenario does not have what was there before, or came from elsewhere.
            Sender::Server => {
                self.ledger.surprised(name);
                self.comment(&format!("{name} also got what nobody here has published: {fields}"));
            }
        }
        Ok(())
    }

    /// The topic of a message, also if a Topic Alias stands for it.
    fn full_topic(&mut self, number: u64, packet: &Publish, sender: Sender) -> Result<Utf8String, String> {
        let Some(alias) = packet.properties.topic_alias() else { return Ok(packet.topic.clone()) };
        self.uses_aliases |= sender == Sender::Client;
        let known = self.aliases.entry((number, sender, alias)).or_insert_with(|| packet.topic.clone());
        if !packet.topic.is_empty() {
            *known = packet.topic.clone();
        }
        if known.is_empty() {
            Err(format!("nothing says what Topic Alias {alias} stands for"))
        } else {
            Ok(known.clone())
        }
    }

    /// Something that the broker refused.
    fn refused(&mut self, name: &str, turn: &Turn, refusal: &Refusal) {
        if let Packet::Connect(packet) = &turn.packet {
            self.arrives(name, 0, packet);
            self.line(&format!("{name}: open"));
        }
        self.line(&format!("{name}: {{send: {{{}}}}}", refusal.request));
        let (older, newer) = refusal.answered;
        let missing = self.statement(older, newer);
        self.line(&format!(
            "{name}: {{expect: {{{}}}, else: inconclusive the capture shows a refusal, missing: fail {missing}}}",
            refusal.answer
        ));
        if let Packet::Connect(_) = turn.packet {
            let statement = self.statement("3.2.2-5", "3.2.2-7");
            self.line(&format!("{name}: {{expect-closed: {{}}, else: fail {statement}}}"));
        }
    }

    /// The broker sends a client away.
    fn sent_away(&mut self, name: &str, reason: ReasonCode) -> Result<(), String> {
        let statement = match reason {
            ReasonCode::SESSION_TAKEN_OVER => self.statement("3.1.4-2", "3.1.4-3"),
            ReasonCode::SERVER_BUSY
            | ReasonCode::SERVER_SHUTTING_DOWN
            | ReasonCode::KEEP_ALIVE_TIMEOUT
            | ReasonCode::ADMINISTRATIVE_ACTION
            | ReasonCode::USE_ANOTHER_SERVER
            | ReasonCode::SERVER_MOVED
            | ReasonCode::MAXIMUM_CONNECT_TIME => {
                return Err(format!(
                    "the broker ends the conversation with {reason}, for which the packets before it are no reason"
                ));
            }
            _ => self.statement("4.8.0-1", "4.13.1-1"),
        };
        self.line(&format!(
            "{name}: {{expect-closed: {{reason: 0x{:02x}}}, else: fail {statement}}}",
            reason.0
        ));
        Ok(())
    }

    /// Before a client goes: it has got everything, so that nothing more may come, which a PINGREQ proves.
    fn nothing_more(&mut self, name: &str) {
        let verdict = match self.ledger.silence(name) {
            Some(Silence::Promised) => format!("fail {}", self.statement("4.3.1-1", "4.3.1-1")),
            Some(Silence::Expected) => "inconclusive more came than in the capture".to_owned(),
            None => return,
        };
        self.line(&format!("{name}: {{expect-nothing-more: {{}}, else: {verdict}}}"));
    }

    fn comment(&mut self, text: &str) {
        self.flush();
        self.lines.push(format!("  # {text}"));
    }

    fn line(&mut self, step: &str) {
        self.flush();
        self.lines.push(format!("  - {step}"));
    }

    /// How a conversation ended that did not end with DISCONNECT.
    fn end(&mut self, recording: &Recording) {
        let name = self.names.get(&recording.number).cloned().unwrap_or_default();
        // What is refused, or sent away, is gone anyway.
        let is_gone = recording.turns.iter().any(|turn| {
            let is_refused =
                matches!(&turn.packet, Packet::Connack(packet) if packet.reason != ReasonCode::SUCCESS);
            is_refused || matches!(turn.packet, Packet::Disconnect(_))
        });
        match recording.ended {
            Some(_) if is_gone => {}
            Some((Sender::Client, _)) => {
                self.nothing_more(&name);
                self.line(&format!("{name}: cut"));
            }
            Some((Sender::Server, _)) => {
                self.comment(&format!("the broker closed the network connection of {name}"));
            }
            None => {}
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
        let verdict = if statement.is_empty() { String::new() } else { format!(", else: fail {statement}") };
        self.line(&format!("{name}: {{{action}: {fields}{verdict}}}"));
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
        let needs = if self.uses_aliases { "needs: [topic-alias]\n" } else { "" };
        format!("title: {}\ncovers: {{v{version}: [{covers}]}}\n{needs}steps:\n{lines}\n", quoted(title))
    }
}
