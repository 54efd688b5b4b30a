//! What a capture holds, for programs.

use std::collections::BTreeMap;

use mqttspec_segments::End;
use mqttspec_wire::Sender;
use serde::Serialize;

use super::packet_name;
use crate::{
    capture::{Counts, Seen, Summary, Survey, summary},
    report::{RenderError, json::harmless},
};

/// The contents of the capture `name` as a document in JSON.
pub fn show_json(name: &str, survey: &Survey) -> Result<String, RenderError> {
    let document = document(name, survey);
    let text = serde_json::to_string_pretty(&document).map_err(|error| RenderError(error.to_string()))?;
    Ok(harmless(&text) + "\n")
}

/// A packet of a conversation as a line of JSON. `seconds` since the first packet.
pub fn packet_json(number: u64, seconds: f64, seen: &Seen<'_>) -> Result<String, RenderError> {
    let broken = seen.violations.iter().map(|violation| Broken {
        party: party(violation.party),
        statement: violation.statement.to_string(),
        what: &violation.what,
        times: 1,
        frames: vec![seen.stamp.frame],
    });
    let line = Packet {
        frame: seen.stamp.frame,
        seconds,
        conversation: number,
        from: party(seen.sender),
        kind: packet_name(seen.raw.first().map_or(0, |first| first >> 4)),
        bytes: seen.size,
        summary: summary(seen),
        malformed: seen.fault.map(ToString::to_string),
        broken: broken.collect(),
    };
    let text = serde_json::to_string(&line).map_err(|error| RenderError(error.to_string()))?;
    Ok(harmless(&text) + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    capture: &'a str,
    frames: u64,
    bytes: u64,
    /// Counted from 1970-01-01 00:00:00 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<String>,
    packets: BTreeMap<&'static str, BTreeMap<String, u64>>,
    answers: Vec<Answer>,
    topics: BTreeMap<&'a str, Topic>,
    conversations: Vec<Conversation<'a>>,
    more_conversations: u64,
    encrypted: Vec<Encrypted>,
    other_connections: u64,
}

#[derive(Serialize)]
struct Answer {
    by: &'static str,
    packet: String,
    count: u64,
    least_seconds: f64,
    mean_seconds: f64,
    most_seconds: f64,
}

#[derive(Serialize)]
struct Topic {
    published: u64,
    delivered: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Encrypted {
    connections: u64,
    why: String,
}

#[derive(Serialize)]
struct Conversation<'a> {
    number: u64,
    client: String,
    server: String,
    protocol: String,
    tls: bool,
    websocket: bool,
    client_id: Option<&'a str>,
    first_frame: u64,
    last_frame: u64,
    seconds: f64,
    ended: Option<Ended>,
    packets: BTreeMap<&'static str, BTreeMap<String, u64>>,
    broken: Vec<Broken<'a>>,
    cannot_know: Vec<Unknown>,
}

#[derive(Serialize)]
struct Ended {
    by: &'static str,
    how: &'static str,
}

#[derive(Serialize)]
struct Broken<'a> {
    party: &'static str,
    statement: String,
    what: &'a str,
    times: u64,
    frames: Vec<u64>,
}

#[derive(Serialize)]
struct Unknown {
    frame: u64,
    why: String,
}

#[derive(Serialize)]
struct Packet<'a> {
    frame: u64,
    seconds: f64,
    conversation: u64,
    from: &'static str,
    #[serde(rename = "packet")]
    kind: String,
    bytes: u64,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken<'a>>,
}

fn document<'a>(name: &'a str, survey: &'a Survey) -> Document<'a> {
    let answers = survey.answers.iter().map(|((sender, packet), spread)| Answer {
        by: party(*sender),
        packet: packet.name().to_owned(),
        count: spread.count,
        least_seconds: spread.least.as_secs_f64(),
        mean_seconds: spread.mean().as_secs_f64(),
        most_seconds: spread.most.as_secs_f64(),
    });
    let topics = survey.topics.iter().map(|(name, topic)| {
        let (published, delivered, bytes) = (topic.published, topic.delivered, topic.bytes);
        (name.as_str(), Topic { published, delivered, bytes })
    });
    let encrypted = survey.encrypted.iter();
    Document {
        capture: name,
        frames: survey.frames,
        bytes: survey.bytes,
        first_second: survey.span.map(|(first, _)| first.as_secs_f64()),
        last_second: survey.span.map(|(_, last)| last.as_secs_f64()),
        cut: survey.cut.as_ref().map(ToString::to_string),
        packets: packets(&survey.counts),
        answers: answers.collect(),
        topics: topics.collect(),
        conversations: survey.conversations.iter().map(conversation).collect(),
        more_conversations: survey.more,
        encrypted: encrypted
            .map(|(why, connections)| Encrypted { connections: *connections, why: why.to_string() })
            .collect(),
        other_connections: survey.other,
    }
}

fn conversation(summary: &Summary) -> Conversation<'_> {
    let ended = summary.ended.map(|(by, how)| Ended {
        by: party(by),
        how: match how {
            End::Fin => "fin",
            End::Reset => "reset",
        },
    });
    let broken = summary.breaches.iter().map(|breach| Broken {
        party: party(breach.violation.party),
        statement: breach.violation.statement.to_string(),
        what: &breach.violation.what,
        times: breach.times,
        frames: breach.frames.clone(),
    });
    let unknown = summary.blind.iter();
    Conversation {
        number: summary.number,
        client: summary.client.to_string(),
        server: summary.server.to_string(),
        protocol: summary.protocol.to_string(),
        tls: summary.tls,
        websocket: summary.websocket,
        client_id: summary.client_id.as_deref(),
        first_frame: summary.opened.frame,
        last_frame: summary.latest.frame,
        seconds: summary.latest.at.saturating_sub(summary.opened.at).as_secs_f64(),
        ended,
        packets: packets(&summary.counts),
        broken: broken.collect(),
        cannot_know: unknown
            .map(|(blind, (stamp, bytes))| Unknown { frame: stamp.frame, why: blind.describe(*bytes) })
            .collect(),
    }
}

/// How many packets of each type either side sent.
fn packets(counts: &[Counts; 2]) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
    let named = |counts: &Counts| {
        let found = counts.iter().zip(0u8..).filter(|(count, _)| **count > 0);
        found.map(|(count, number)| (packet_name(number), *count)).collect()
    };
    let [client, server] = counts;
    [("client", named(client)), ("server", named(server))].into()
}

const fn party(sender: Sender) -> &'static str {
    match sender {
        Sender::Client => "client",
        Sender::Server => "server",
    }
}
