//! A comparison as a page for a browser.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use mqttspec_spec::StatementId;

use super::{Change, Comparison, Pair, ending, name, subject};
use crate::report::{
    html::{STYLE, policy, shown},
    link,
};

/// The page of a comparison, in one file without scripts.
pub fn html(comparison: &Comparison<'_>) -> String {
    let worse = comparison.is_worse();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "MQTT conformance: what changed" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.front {
                    p.kicker { "MQTT conformance: what changed" }
                    h1 { (shown(&comparison.new.subject())) }
                    p.verdict data-verdict=(if worse { "bad" } else { "good" }) {
                        strong { @if worse { "✕ Worse" } @else { "✓ Not worse" } }
                        span { (comparison.sentence()) }
                    }
                    dl.provenance {
                        div.long { dt { "Old" } dd { (shown(&subject(comparison.old))) } }
                        div.long { dt { "New" } dd { (shown(&subject(comparison.new))) } }
                    }
                }
                main {
                    (statements("Broken now", &mut comparison.broken.iter()))
                    (statements("Mended", &mut comparison.mended.iter()))
                    @for (change, pairs) in &comparison.changes { (changes(*change, pairs)) }
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn statements(title: &str, ids: &mut dyn ExactSizeIterator<Item = &StatementId>) -> Markup {
    html! {
        @if ids.len() > 0 {
            section {
                h2 { (title) " (" (ids.len()) ")" }
                ol.broken { @for id in ids {
                    li { a.label href=(link(*id)) rel="noreferrer" { (id) } " " (id.statement().title) }
                } }
            }
        }
    }
}

fn changes(change: Change, pairs: &[Pair<'_>]) -> Markup {
    html! {
        section {
            h2 { (change.title()) " (" (pairs.len()) ")" }
            div.wide tabindex="0" role="region" aria-label=(change.title()) {
                table.plain {
                    thead { tr { th scope="col" { "Run" } th scope="col" { "Old" } th scope="col" { "New" } } }
                    tbody {
                        @for pair in pairs {
                            @if let Some(result) = pair.either() {
                                tr {
                                    th scope="row" { (shown(&result.title)) br; code { (shown(&name(result))) } }
                                    td { (ending(pair.old)) }
                                    td.observed[change.is_worse()] { (ending(pair.new)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
