//! The statements by chapter, with what each report says of them.

use std::collections::BTreeMap;

use maud::{Markup, html};
use mqttspec_spec::{StatementId, Version};

use super::book::{Book, Column, standing_word};
use crate::report::{Chapter, Standing, link};

/// So many scenarios of a statement are named.
const NAMED: usize = 8;

pub(super) fn write(book: &Book<'_>) -> Markup {
    let mut chapters: BTreeMap<Chapter, Vec<StatementId>> = BTreeMap::new();
    for id in Version::ALL.into_iter().flat_map(Version::statements) {
        chapters.entry(Chapter::of_statement(id)).or_default().push(id);
    }
    let scenarios = scenarios(book);
    html! {
        section #statements aria-labelledby="statements-title" {
            h2 #statements-title { "Statements" }
            details {
                summary { "What the words mean" }
                dl {
                    @for standing in Standing::ALL {
                        div { dt { (standing.sign()) " " (standing) } dd { (standing.about()) } }
                    }
                }
            }
            @for (chapter, ids) in &chapters { (table(book, chapter, ids, &scenarios)) }
        }
    }
}

/// The scenarios that cover statements.
type Covering<'b> = BTreeMap<StatementId, Vec<&'b str>>;

/// One table for each chapter: what is out of sight need not be laid out.
fn table(book: &Book<'_>, chapter: &Chapter, ids: &[StatementId], scenarios: &Covering<'_>) -> Markup {
    let label = format!("Statements of {chapter}");
    html! {
        section.chapter {
            h3 { (chapter) }
            div.wide tabindex="0" role="region" aria-label=(label) {
                table.matrix {
                    colgroup { col.id; col; @for _ in &book.columns { col.standing; } }
                    thead {
                        tr {
                            th scope="col" { "Statement" }
                            th scope="col" { "What it requires" }
                            @for column in &book.columns {
                                th scope="col" { @if book.columns.len() > 1 { (column.name) } @else { "Standing" } }
                            }
                        }
                    }
                    tbody { @for id in ids { (row(book, *id, scenarios.get(id).map_or(&[], Vec::as_slice))) } }
                }
            }
        }
    }
}

fn scenarios<'b>(book: &'b Book<'_>) -> Covering<'b> {
    let mut covering = Covering::new();
    for tale in book.chapters.values().flatten() {
        for id in &tale.statements {
            covering.entry(*id).or_default().push(tale.id);
        }
    }
    covering
}

fn row(book: &Book<'_>, id: StatementId, scenarios: &[&str]) -> Markup {
    let statement = id.statement();
    let standing = |column: &Column<'_>| column.standings.get(&id).copied().unwrap_or(Standing::NotJudged);
    let mut words: Vec<&str> = book.columns.iter().map(|column| standing_word(standing(column))).collect();
    words.sort_unstable();
    words.dedup();
    html! {
        tr.item id=(id) data-s=(words.join(" ")) data-v=(id.version().number()) {
            th scope="row" {
                a href=(format!("#{id}")) { (id) }
                span.level { (statement.level) }
            }
            td {
                details {
                    summary { (statement.title) }
                    p { (statement.requires) }
                    p.faint {
                        a href=(link(id)) rel="noreferrer" { "MQTT " (id.version().number()) " §" (statement.section) }
                        " · binds the " (statement.binds) " · judged: " (judged(book, id))
                    }
                    @if !scenarios.is_empty() {
                        p.faint {
                            "Scenarios: "
                            @for (count, scenario) in scenarios.iter().take(NAMED).enumerate() {
                                @if count > 0 { ", " }
                                a href=(format!("#{}", super::slug(scenario))) { (super::shown(scenario)) }
                            }
                            @if scenarios.len() > NAMED { " and " (scenarios.len() - NAMED) " more" }
                        }
                    }
                }
            }
            @for column in &book.columns { (cell(column, id, standing(column))) }
        }
    }
}

fn judged(book: &Book<'_>, id: StatementId) -> String {
    let judge = book.columns.first().and_then(|column| column.report.judges.get(&id));
    let judge = judge.map_or("unknown", String::as_str);
    let why = id.statement().out_of_reach.map(|reason| format!(". {reason}"));
    format!("{}{}", super::shown(judge), why.unwrap_or_default())
}

fn cell(column: &Column<'_>, id: StatementId, standing: Standing) -> Markup {
    let own = (!column.mark.is_empty()).then(|| format!("{id}{}", column.mark));
    html! {
        td.standing id=[own] data-s=(standing_word(standing)) {
            @match column.proofs.get(&id) {
                Some(address) => a href=(format!("#{address}")) { (standing.sign()) " " (standing) },
                None => { (standing.sign()) " " (standing) }
            }
        }
    }
}
