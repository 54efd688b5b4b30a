//! What the script of the page draws when somebody asks for it.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use mqttspec_wire::Sender;
use serde::Serialize;

use super::{book::Book, ladder::sentence, shown};
use crate::{
    report::json::harmless,
    verdict::{Evidence, EvidenceKind, Grade},
};

/// So many events of a run are kept.
const EVENTS: usize = 120;
/// So many bytes of a packet are kept.
const BYTES: usize = 160;
/// So many bytes of the page may go into events; what passed is left out first.
const ROOM: usize = 5 * 1024 * 1024;

#[derive(Serialize)]
struct Data<'a> {
    sources: BTreeMap<&'a str, &'a str>,
    /// For each run its clients, and its events.
    runs: BTreeMap<String, Story>,
}

#[derive(Clone, Serialize)]
struct Story {
    clients: Vec<String>,
    events: Vec<Event>,
    /// How many events were left out.
    more: usize,
}

/// Milliseconds, client, what happened, in words, bytes.
#[derive(Clone, Serialize)]
struct Event(f64, usize, u8, String, String);

/// The data as JSON in an element that is no script. Nothing in it can end that element.
pub(super) fn write(book: &Book<'_>) -> Markup {
    let mut data = Data { sources: BTreeMap::new(), runs: BTreeMap::new() };
    for tale in book.chapters.values().flatten() {
        data.sources.extend(book.source(tale.id).map(|source| (tale.id, source)));
    }
    let mut runs: Vec<_> = book.chapters.values().flatten().flat_map(super::book::Tale::runs).collect();
    runs.sort_by_key(|run| run.result.grade == Grade::Pass);
    let mut room = ROOM;
    for run in runs.into_iter().filter(|run| book.tells(run) && !run.result.evidence.is_empty()) {
        let events = Story::of(&run.result.evidence);
        let Some(left) = room.checked_sub(events.size()) else { break };
        room = left;
        data.runs.insert(format!("{}:{}", run.place.0, run.place.1), events);
    }
    let json = serde_json::to_string(&data).unwrap_or_else(|_| "{}".to_owned());
    html! { script #data type="application/json" { (PreEscaped(harmless(&json).replace('<', "\\u003c"))) } }
}

impl Story {
    fn of(evidence: &[Evidence]) -> Self {
        let mut clients: Vec<String> = Vec::new();
        let mut place = |event: &Evidence| {
            let number = if event.connection > 1 { format!("#{}", event.connection) } else { String::new() };
            let name = format!("{}{number}", shown(&event.client));
            clients.iter().position(|known| *known == name).unwrap_or_else(|| {
                clients.push(name);
                clients.len() - 1
            })
        };
        let shown = evidence.iter().take(EVENTS);
        let events = shown.map(|event| {
            let milliseconds = (event.at.as_secs_f64() * 1e6).round() / 1e3;
            Event(milliseconds, place(event), kind(&event.kind), sentence(event), bytes(&event.kind))
        });
        Self { events: events.collect(), clients, more: evidence.len().saturating_sub(EVENTS) }
    }

    /// About so many bytes it takes.
    fn size(&self) -> usize {
        self.events.iter().map(|event| event.3.len() + event.4.len() + 24).sum::<usize>() + 60
    }
}

/// What the script draws: a sign at the client, an arrow to the broker or from it, a cross at either.
const fn kind(kind: &EvidenceKind) -> u8 {
    match kind {
        EvidenceKind::Opened => 0,
        EvidenceKind::Refused { .. } => 1,
        EvidenceKind::Packet { from: Sender::Client, .. } => 2,
        EvidenceKind::Packet { from: Sender::Server, .. } => 3,
        EvidenceKind::Closed { by: Sender::Client, .. } => 4,
        EvidenceKind::Closed { by: Sender::Server, .. } => 5,
    }
}

fn bytes(kind: &EvidenceKind) -> String {
    let EvidenceKind::Packet { hex, .. } = kind else { return String::new() };
    let digits = hex.to_string();
    match digits.get(..BYTES * 2) {
        Some(start) if digits.len() > BYTES * 2 => format!("{start}…"),
        Some(_) | None => digits,
    }
}
