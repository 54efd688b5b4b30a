//! What of the standards is judged, by whom, and why the rest is not.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use mqttspec_spec::{StatementId, Version};

use super::{book::Book, shown};

pub(super) fn write(book: &Book<'_>) -> Markup {
    let mut judges: BTreeMap<&str, BTreeSet<StatementId>> = BTreeMap::new();
    for column in book.columns.iter().take(1) {
        for (id, judge) in &column.report.judges {
            judges.entry(judge).or_default().insert(*id);
        }
    }
    let count =
        |ids: &BTreeSet<StatementId>, version| ids.iter().filter(|id| id.version() == version).count();
    let unseen: Vec<StatementId> =
        judges.values().flatten().copied().filter(|id| id.statement().out_of_reach.is_some()).collect();
    html! {
        section #coverage aria-labelledby="coverage-title" {
            h2 #coverage-title { "Coverage" }
            p { "Who judges the statements of the standards. What the referee watches is judged on every packet of every scenario." }
            table.plain {
                caption.unseen { "Statements by who judges them" }
                thead { tr {
                    th scope="col" { "Judged" }
                    @for version in Version::ALL { th.number scope="col" { "MQTT " (version.number()) } }
                } }
                tbody {
                    @for (judge, ids) in &judges {
                        tr {
                            th scope="row" { (shown(judge)) }
                            @for version in Version::ALL { td.number { (count(ids, version)) } }
                        }
                    }
                }
            }
            @if !unseen.is_empty() {
                details {
                    summary { "Why " (unseen.len()) " statements cannot be judged" }
                    ul { @for id in &unseen {
                        li {
                            a href=(format!("#{id}")) { (id) } " "
                            @if let Some(reason) = id.statement().out_of_reach { (reason) }
                        }
                    } }
                }
            }
        }
    }
}
