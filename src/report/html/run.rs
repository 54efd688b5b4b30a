//! One run of a scenario: what was found, what happened, how the network connections ended.

use std::collections::BTreeMap;

use maud::{Markup, html};
use mqttspec_wire::Sender;

use super::{
    book::{Book, Run, case_name, sign, word},
    ladder, shown,
};
use crate::{
    report::{link, marks::Marks, text::clean},
    verdict::{Evidence, EvidenceKind, Finding, Grade, ScenarioResult},
};

/// So many findings of a run are told.
const FINDINGS: usize = 6;
/// Of so many packets that show something the bytes are shown.
const DUMPS: usize = 3;
/// Of the bytes of a packet so many lines are shown.
const DUMP_LINES: usize = 40;

/// A run with all that happened in it.
pub(super) fn drawn(book: &Book<'_>, run: &Run<'_>) -> Markup {
    let result = run.result;
    let marks = Marks::of(&result.findings);
    let marked = marks.packets();
    html! {
        article.run id=(book.address(run)) data-s=(word(result.grade)) tabindex="-1" {
            h4 { (heading(book, run)) }
            (known(book, run))
            (findings(result))
            (ladder::draw(result, &marked))
            @for packet in marked.iter().take(DUMPS) {
                @if let (Some(event), Some(text)) = (result.evidence.get(*packet), marks.dump(&result.evidence, *packet)) {
                    (dump(event, &text))
                }
            }
            (endings(&result.evidence))
            (about(book, run))
        }
    }
}

/// A run whose events are drawn when somebody wants to see them.
pub(super) fn later(book: &Book<'_>, run: &Run<'_>) -> Markup {
    let (column, index) = run.place;
    html! {
        details.run id=(book.address(run)) data-s=(word(run.result.grade)) data-run=(format!("{column}:{index}")) {
            summary { (heading(book, run)) }
            (known(book, run))
            (findings(run.result))
            (about(book, run))
        }
    }
}

fn heading(book: &Book<'_>, run: &Run<'_>) -> Markup {
    let result = run.result;
    html! {
        span.grade data-s=(word(result.grade)) { (sign(result.grade)) " " (result.grade) } " "
        (case_name(result.version, &result.variant))
        @if let [_, _, ..] = book.columns.as_slice() {
            @if let Some(column) = book.columns.get(run.place.0) { ", " b { (column.name) } }
        }
    }
}

/// The reason for which a baseline accepts the failure.
fn known(book: &Book<'_>, run: &Run<'_>) -> Markup {
    let (column, index) = run.place;
    let why = book.columns.get(column).and_then(|column| column.report.known.get(&index));
    html! { @if let Some(why) = why { p.faint { "Known: " (shown(why)) } } }
}

fn findings(result: &ScenarioResult) -> Markup {
    let mut told: Vec<&Finding> = Vec::new();
    for finding in result.findings.iter().filter(|finding| finding.grade != Grade::Pass) {
        let said = |finding: &Finding| {
            (finding.statements.clone(), finding.expected.clone(), finding.observed.clone())
        };
        if told.len() <= FINDINGS && !told.iter().any(|other| said(other) == said(finding)) {
            told.push(finding);
        }
    }
    told.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    html! {
        @for finding in told.iter().take(FINDINGS) {
            dl.finding {
                @for id in &finding.statements {
                    div {
                        dt { @if finding.grade == Grade::Fail { "Broken" } @else { "Warned" } }
                        dd {
                            a href=(format!("#{id}")) { (id) } " " (id.statement().title) " ("
                            a href=(link(*id)) rel="noreferrer" { "MQTT " (id.version().number()) " §" (id.statement().section) } ")"
                        }
                    }
                }
                div { dt { "Expected" } dd { (shown(&finding.expected)) } }
                div { dt { "Observed" } dd.observed { (shown(&finding.observed)) } }
                @if let Some(place) = &finding.place {
                    div { dt { "Step" } dd { code { (shown(&place.path)) ":" (place.line) } " " code { (shown(&place.text)) } } }
                }
            }
        }
        @if told.len() > FINDINGS { p.faint { "There are more findings in the JSON." } }
    }
}

/// The bytes of a packet, each part with its name and meaning; what is wrong is marked.
fn dump(event: &Evidence, text: &str) -> Markup {
    let EvidenceKind::Packet { from, .. } = &event.kind else { return html! {} };
    let lines: Vec<&str> = text.lines().collect();
    let (start, rest) = lines.split_at(lines.len().min(DUMP_LINES));
    html! {
        figure.dump {
            figcaption { "The bytes that the " (from) " sent at " (seconds(event)) " s" }
            pre tabindex="0" {
                @for line in start {
                    @if line.trim_start().starts_with("^^") { mark { (clean(line)) } } @else { (clean(line)) }
                    "\n"
                }
                @if !rest.is_empty() { "… " (rest.len()) " more lines\n" }
            }
        }
    }
}

pub(super) fn seconds(event: &Evidence) -> String {
    format!("{:.3}", event.at.as_secs_f64())
}

/// How each network connection of the run ended: by whom, and whether with a word of why.
fn endings(evidence: &[Evidence]) -> Markup {
    let mut endings: BTreeMap<(&str, u32), String> = BTreeMap::new();
    let mut last_words: BTreeMap<(&str, u32), &str> = BTreeMap::new();
    for event in evidence {
        let key = (event.client.as_str(), event.connection);
        match &event.kind {
            EvidenceKind::Opened => {
                endings.insert(key, "was left open".to_owned());
            }
            EvidenceKind::Refused { .. } => {
                endings.insert(key, "was refused".to_owned());
            }
            EvidenceKind::Packet { from: Sender::Server, summary, .. } => {
                last_words.insert(key, summary);
            }
            EvidenceKind::Packet { from: Sender::Client, .. } => {}
            EvidenceKind::Closed { by: Sender::Client, .. } => {
                endings.entry(key).and_modify(|ending| {
                    if ending == "was left open" {
                        "closed by the client".clone_into(ending);
                    }
                });
            }
            EvidenceKind::Closed { by: Sender::Server, how } => {
                let words = last_words.get(&key).filter(|words| words.starts_with("DISCONNECT"));
                let why =
                    words.map_or("without DISCONNECT".to_owned(), |words| format!("after {}", shown(words)));
                endings.insert(key, format!("{} by the broker {why}", shown(how)));
            }
        }
    }
    html! {
        @if !endings.is_empty() {
            p.faint {
                "Network connections: "
                @for (count, ((client, connection), ending)) in endings.iter().take(12).enumerate() {
                    @if count > 0 { "; " }
                    (shown(client)) @if *connection > 1 { "#" (connection) } " " (ending)
                }
                @if endings.len() > 12 { "; and " (endings.len() - 12) " more" }
                "."
            }
        }
    }
}

/// The command that plays it again, and where it is in the capture.
fn about(book: &Book<'_>, run: &Run<'_>) -> Markup {
    let (column, index) = run.place;
    let Some(column) = book.columns.get(column) else { return html! {} };
    let frames = column.frames.get(index).and_then(|frames| frames.range);
    html! {
        dl.again {
            @if !run.result.statements.is_empty() {
                div { dt { "Again" } dd { code { (clean(&column.report.reproduce(run.result))) } } }
            }
            @if let Some((first, last)) = frames {
                div { dt { "Capture" } dd { "frames " (first) " to " (last) " of the run's pcapng" } }
            }
        }
    }
}
