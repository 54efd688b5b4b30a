//! The events of a run as a ladder: a line for each network connection, one for the broker, a row for each event.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use mqttspec_wire::Sender;

use super::{run::seconds, shown};
use crate::{
    report::{
        ladder::selection,
        text::{clean, fit},
    },
    verdict::{Evidence, EvidenceKind, ScenarioResult},
};

/// Up to so many events are drawn all.
const ALL: usize = 40;
/// The height of a row.
const ROW: usize = 22;
/// Where the first line is, below the names.
const TOP: usize = 44;
/// The columns that the time takes.
const TIME: usize = 70;
/// So many network connections have a line of their own; the others share the last one.
const LANES: usize = 12;
/// The most characters of an event.
const TEXT: usize = 104;
/// The width of a character in tenths.
const LETTER: usize = 76;

/// Where everything stands.
struct Lanes<'a> {
    names: Vec<String>,
    places: BTreeMap<(&'a str, u32), usize>,
    gap: usize,
}

impl<'a> Lanes<'a> {
    fn of(evidence: &'a [Evidence]) -> Self {
        let (mut names, mut places) = (Vec::new(), BTreeMap::new());
        for event in evidence {
            places.entry((event.client.as_str(), event.connection)).or_insert_with(|| {
                if names.len() < LANES {
                    let number =
                        if event.connection > 1 { format!("#{}", event.connection) } else { String::new() };
                    names.push(format!("{}{number}", fit(&clean(&event.client), 16)));
                } else if let Some(last) = names.last_mut() {
                    "others".clone_into(last);
                }
                names.len() - 1
            });
        }
        let gap = (420 / names.len().max(1)).clamp(56, 130);
        Self { names, places, gap }
    }

    fn at(&self, lane: usize) -> usize {
        TIME + 40 + lane * self.gap
    }

    fn broker(&self) -> usize {
        self.at(self.names.len())
    }

    fn of_event(&self, event: &Evidence) -> usize {
        self.at(self.places.get(&(event.client.as_str(), event.connection)).copied().unwrap_or(0))
    }
}

/// The ladder of a run; the marked events are those that show something.
pub(super) fn draw(result: &ScenarioResult, marked: &BTreeSet<usize>) -> Markup {
    let evidence = &result.evidence;
    if evidence.is_empty() {
        return html! {};
    }
    let lanes = Lanes::of(evidence);
    let shown = selection(evidence.len(), marked, ALL);
    let mut rows = Vec::new();
    let mut next = 0;
    for (index, event) in evidence.iter().enumerate().filter(|(index, _)| shown.contains(index)) {
        if index > next {
            rows.push(Row::Gap(index - next));
        }
        rows.push(Row::Event(event, marked.contains(&index)));
        next = index + 1;
    }
    if evidence.len() > next {
        rows.push(Row::Gap(evidence.len() - next));
    }
    let (width, height) = (lanes.broker() + 24 + TEXT * LETTER / 10, TOP + rows.len() * ROW + 8);
    html! {
        div.wide tabindex="0" role="region" aria-label="What happened" {
            svg.ladder width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) role="img" {
                title { "What happened in " (clean(&result.scenario)) ": " (evidence.len()) " events" }
                (names(&lanes, height))
                @for (number, row) in rows.iter().enumerate() { (row.draw(&lanes, TOP + number * ROW, width)) }
            }
        }
    }
}

fn names(lanes: &Lanes<'_>, height: usize) -> Markup {
    let all = lanes.names.iter().map(String::as_str).chain(["broker"]);
    html! {
        @for (lane, name) in all.enumerate() {
            @let x = lanes.at(lane);
            text.name x=(x) y=(if lane % 2 == 0 { 14 } else { 30 }) text-anchor="middle" { (name) }
            path.line d=(format!("M{x} 36V{height}")) {}
        }
    }
}

enum Row<'a> {
    Event(&'a Evidence, bool),
    Gap(usize),
}

impl Row<'_> {
    fn draw(&self, lanes: &Lanes<'_>, top: usize, width: usize) -> Markup {
        let (middle, text) = (top + ROW / 2, lanes.broker() + 24);
        match self {
            Self::Gap(count) => html! { text.gap x=(text) y=(middle + 4) { "… " (count) " more …" } },
            Self::Event(event, marked) => html! {
                g.m[*marked] {
                    @if *marked {
                        rect x="0" y=(top) width=(width) height=(ROW) {}
                        text.sign x="4" y=(middle + 4) { "▶" }
                    }
                    text.time x=(TIME) y=(middle + 4) text-anchor="end" { (seconds(event)) }
                    (arrow(event, lanes, middle))
                    text x=(text) y=(middle + 4) { (fit(&sentence(event), TEXT)) }
                }
            },
        }
    }
}

/// What travels, as an arrow; what happens to the network connection, as a sign on its line.
fn arrow(event: &Evidence, lanes: &Lanes<'_>, y: usize) -> Markup {
    let (client, broker) = (lanes.of_event(event), lanes.broker());
    let at = |side: Sender| match side {
        Sender::Client => client,
        Sender::Server => broker,
    };
    match &event.kind {
        EvidenceKind::Opened => html! { circle cx=(client) cy=(y) r="4" {} },
        EvidenceKind::Refused { .. } => html! { (cross(client, y)) },
        EvidenceKind::Closed { by, .. } => html! {
            path.dash d=(format!("M{client} {y}H{broker}")) {}
            (cross(at(*by), y))
        },
        EvidenceKind::Packet { from: Sender::Client, .. } => html! {
            path.to d=(format!("M{client} {y}H{broker}m-7 -4l7 4l-7 4")) {}
        },
        EvidenceKind::Packet { from: Sender::Server, .. } => html! {
            path.from d=(format!("M{broker} {y}H{client}m7 -4l-7 4l7 4")) {}
        },
    }
}

fn cross(x: usize, y: usize) -> Markup {
    html! { path.cross d=(format!("M{} {}l8 8m0 -8l-8 8", x.saturating_sub(4), y.saturating_sub(4))) {} }
}

/// An event in words.
pub(super) fn sentence(event: &Evidence) -> String {
    match &event.kind {
        EvidenceKind::Opened => "opens a network connection".to_owned(),
        EvidenceKind::Refused { why } => format!("cannot open a network connection: {}", shown(why)),
        EvidenceKind::Packet { summary, fault: None, .. } => shown(summary),
        EvidenceKind::Packet { summary, fault: Some(fault), .. } => {
            format!("{} [malformed: {}]", shown(summary), shown(fault))
        }
        EvidenceKind::Closed { by, how } => format!("{} by the {by}", shown(how)),
    }
}
