//! A section for each scenario: what it proves, how its runs ended, and what happened in those that failed.

use maud::{Markup, html};

use super::{
    book::{Book, Tale, case_name, sign, word},
    run, shown, slug,
};
use crate::{report::link, verdict::Grade};

/// So many failed runs of a scenario are drawn in the page, fewer where several brokers stand side by side; the others
/// when they are asked for.
const DRAWN: usize = 4;
const DRAWN_BESIDE: usize = 2;

pub(super) fn write(book: &Book<'_>) -> Markup {
    html! {
        section #scenarios aria-labelledby="scenarios-title" {
            h2 #scenarios-title { "Scenarios" }
            p.faint { "Each proves one behaviour, with several versions and variants. What failed is open." }
            @for (chapter, tales) in &book.chapters {
                section.chapter {
                    h3 { (chapter) }
                    @for tale in tales { (section(book, tale)) }
                }
            }
        }
    }
}

fn section(book: &Book<'_>, tale: &Tale<'_>) -> Markup {
    let failed = tale.runs().any(|run| run.result.grade == Grade::Fail);
    let versions: Vec<&str> = tale.cases.keys().map(|(version, _)| version.number()).collect();
    html! {
        details.scenario.item id=(slug(tale.id)) data-s=(tale.words()) data-v=(versions.join(" ")) open[failed] {
            summary {
                span.grade data-s=(word(tale.grade())) { (sign(tale.grade())) span.unseen { " " (tale.grade()) } }
                span.title { (shown(tale.title)) }
                code { (shown(tale.id)) }
                span.tally { (tally(tale)) }
            }
            div.body {
                p.faint {
                    "It judges "
                    @for (count, id) in tale.statements.iter().enumerate() {
                        @if count > 0 { ", " }
                        a href=(format!("#{id}")) { (id) }
                        " (" a href=(link(*id)) rel="noreferrer" { "§" (id.statement().section) } ")"
                    }
                    @if tale.statements.is_empty() { "no statement of its own" }
                    "."
                }
                @if book.columns.len() > 1 { (table(book, tale)) }
                (runs(book, tale))
                @if let Some(source) = book.source(tale.id) {
                    @if failed {
                        details.source { summary { "The scenario as YAML" } pre tabindex="0" { (source) } }
                    } @else {
                        details.source data-source=(tale.id) { summary { "The scenario as YAML" } }
                    }
                }
            }
        }
    }
}

/// `12 pass, 1 fail`
fn tally(tale: &Tale<'_>) -> String {
    let count = |grade: Grade| tale.runs().filter(|run| run.result.grade == grade).count();
    let counted =
        Grade::ALL.into_iter().rev().map(|grade| (count(grade), grade)).filter(|(count, _)| *count > 0);
    counted.map(|(count, grade)| format!("{count} {grade}")).collect::<Vec<_>>().join(", ")
}

/// How each case ended with each broker.
fn table(book: &Book<'_>, tale: &Tale<'_>) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Runs of this scenario" {
            table.cases {
                thead { tr { th scope="col" { "Run" } @for column in &book.columns { th scope="col" { (column.name) } } } }
                tbody {
                    @for ((version, variant), runs) in &tale.cases {
                        tr {
                            th scope="row" { (case_name(*version, variant)) }
                            @for place in runs {
                                @match place {
                                    None => td.none { "not played" },
                                    Some(run) => td data-s=(word(run.result.grade)) {
                                        @if book.tells(run) {
                                            a href=(format!("#{}", book.address(run))) { (sign(run.result.grade)) " " (run.result.grade) }
                                        } @else {
                                            (sign(run.result.grade)) " " (run.result.grade)
                                        }
                                    },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn runs(book: &Book<'_>, tale: &Tale<'_>) -> Markup {
    let most = if book.columns.len() > 1 { DRAWN_BESIDE } else { DRAWN };
    let mut failures = 0;
    let mut draws = |grade: Grade| {
        let failed = grade == Grade::Fail;
        failures += usize::from(failed);
        failed && failures <= most
    };
    html! {
        @for run in tale.runs().filter(|run| book.tells(run)) {
            @if draws(run.result.grade) { (run::drawn(book, run)) } @else { (run::later(book, run)) }
        }
    }
}
