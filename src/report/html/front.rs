//! The head of the page: verdict, score, provenance, and the list of what is broken.

use std::collections::BTreeMap;

use maud::{Markup, html};
use mqttspec_spec::StatementId;

use super::{
    book::{Book, Column},
    shown,
};
use crate::report::{
    Conclusion, Score, Standing, sentence,
    text::{counted, quoted},
};

pub(super) fn write(book: &Book<'_>) -> Markup {
    html! {
        header.front {
            p.kicker { "MQTT conformance report" }
            h1 { (book.title()) }
            @if let [column] = book.columns.as_slice() {
                p.verdict data-verdict=(verdict(column).0) {
                    strong { (verdict(column).1) }
                    span { (reason(column)) }
                }
            }
            @if book.columns.len() > 1 { (provenances(&book.columns)) }
            (score(book))
            @if let [column] = book.columns.as_slice() { (provenance(column)) }
        }
    }
}

fn verdict(column: &Column<'_>) -> (&'static str, &'static str) {
    match column.report.conclusion() {
        Conclusion::Conforming => ("good", "✓ Conforming"),
        Conclusion::NotConforming => ("bad", "✕ Not conforming"),
        Conclusion::Undecided => ("open", "? Could not decide"),
    }
}

/// The verdict's sentence after its first words, which stand above it.
fn reason(column: &Column<'_>) -> String {
    let sentence = shown(&sentence(&column.report.run, column.report.provenance.strict));
    sentence.split_once(": ").map(|(_, reason)| reason.to_owned()).unwrap_or(sentence)
}

/// How many statements of each version are kept, broken and so on, in figures and as a bar.
fn score(book: &Book<'_>) -> Markup {
    let several = book.columns.len() > 1;
    html! {
        div.wide tabindex="0" role="region" aria-label="Score" {
            table.score {
                caption { "Statements that bind a server, by what the run says of them" }
                thead {
                    tr {
                        @if several { th scope="col" { "Broker" } }
                        th scope="col" { "Version" }
                        th scope="col" { "Strength" }
                        @for standing in Standing::ALL { th.number scope="col" { (standing.sign()) " " (standing) } }
                        th.number scope="col" { "all" }
                        td.bar {}
                    }
                }
                tbody {
                    @for column in &book.columns {
                        @for (row, score) in column.scores.iter().enumerate() {
                            tr.first[several && row == 0] {
                                @if several && row == 0 {
                                    th scope="rowgroup" rowspan=(column.scores.len()) { (column.name) }
                                }
                                th scope="row" { "MQTT " (score.version.number()) }
                                td { (score.strength()) }
                                @for standing in Standing::ALL { (count(score, standing)) }
                                td.number { (score.total()) }
                                td.bar { (bar(score)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn count(score: &Score, standing: Standing) -> Markup {
    let count = score.of(standing);
    html! { td.number.none[count == 0] data-s=(super::book::standing_word(standing)) { (count) } }
}

fn bar(score: &Score) -> Markup {
    const WIDTH: usize = 240;
    let total = score.total().max(1);
    let mut before = 0;
    let parts = Standing::ALL.map(|standing| {
        let from = before * WIDTH / total;
        before += score.of(standing);
        (standing, from, before * WIDTH / total - from)
    });
    html! {
        svg.bar width=(WIDTH) height="12" viewBox=(format!("0 0 {WIDTH} 12")) aria-hidden="true" {
            @for (standing, from, width) in parts {
                @if width > 0 {
                    rect x=(from) y="0" width=(width) height="12" class=(super::book::standing_word(standing)) {}
                }
            }
        }
    }
}

/// What is known about one run, each with its name.
fn facts(column: &Column<'_>) -> Vec<(&'static str, String)> {
    let (run, provenance) = (&column.report.run, &column.report.provenance);
    let mut facts = vec![("Suite", format!("mqttspec {}", shown(&run.mqttspec)))];
    facts.extend(provenance.broker.as_ref().map(|broker| ("Broker", shown(&broker.to_string()))));
    facts.extend(provenance.profile.as_ref().map(|profile| ("Profile", shown(profile))));
    if let Some(target) = &run.target {
        facts.push(("Address", shown(&target.address)));
        facts.push(("Speaks", format!("MQTT {}", shown(&target.versions.join(" and ")))));
        if !target.round_trip.is_zero() {
            facts.push(("Round trip", crate::report::duration(target.round_trip)));
        }
    }
    facts.extend(provenance.date.map(|date| ("Date", date.to_string())));
    facts.push(("Runs", format!("{} in {}", run.results.len(), crate::report::duration(run.duration))));
    facts.extend(run.stopped.as_ref().map(|why| ("Ended early", shown(why))));
    facts
}

fn command(column: &Column<'_>) -> String {
    let words = column.report.provenance.command.iter().map(|word| quoted(word));
    shown(&words.collect::<Vec<_>>().join(" "))
}

fn provenance(column: &Column<'_>) -> Markup {
    html! {
        dl.provenance {
            @for (name, text) in facts(column) { div { dt { (name) } dd { (text) } } }
            div.long { dt { "Command" } dd { code { (command(column)) } } }
            @if let Some(target) = column.report.run.target.as_ref().filter(|target| !target.missing.is_empty()) {
                div.long { dt { "Not offered" } dd { ul {
                    @for (feature, proof) in &target.missing { li { b { (shown(feature)) } ": " (shown(proof)) } }
                } } }
            }
        }
    }
}

fn provenances(columns: &[Column<'_>]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Where the results come from" {
            table.provenance {
                caption { "Where the results come from" }
                thead { tr { th scope="col" { "Broker" } th scope="col" { "Verdict" } th scope="col" { "Run" } } }
                tbody {
                    @for column in columns {
                        tr {
                            th scope="row" { (column.name) }
                            td { strong data-verdict=(verdict(column).0) { (verdict(column).1) } }
                            td {
                                @let facts = facts(column).into_iter().filter(|(name, _)| *name != "Broker");
                                @for (count, (name, text)) in facts.enumerate() {
                                    @if count > 0 { " · " }
                                    span.faint { (name) } " " (text)
                                }
                                br;
                                code { (command(column)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The statements that are broken, each with the brokers that break it and the way to the proof.
pub(super) fn findings(book: &Book<'_>) -> Markup {
    let mut broken: BTreeMap<StatementId, Vec<&Column<'_>>> = BTreeMap::new();
    for column in &book.columns {
        for (id, _) in column.standings.iter().filter(|(_, standing)| **standing == Standing::Broken) {
            broken.entry(*id).or_default().push(column);
        }
    }
    html! {
        section #broken aria-labelledby="broken-title" {
            h2 #broken-title { "What is broken" }
            @if broken.is_empty() {
                p { "No statement was shown broken." }
            } @else {
                p.faint { (counted(broken.len(), "statement")) ". Each leads to the first run that shows it." }
                ol.broken {
                    @for (id, columns) in &broken {
                        li {
                            a.label href=(format!("#{id}")) { (id) } " "
                            span { (id.statement().title) }
                            @for column in columns { (proof(book, column, *id)) }
                        }
                    }
                }
            }
        }
    }
}

fn proof(book: &Book<'_>, column: &Column<'_>, id: StatementId) -> Markup {
    let name = if book.columns.len() > 1 { column.name.as_str() } else { "see it" };
    let context = format!(", where {id} is broken");
    html! {
        @if let Some(address) = column.proofs.get(&id) {
            " " a.chip href=(format!("#{address}")) { (name) span.unseen { (context) } }
        }
    }
}
