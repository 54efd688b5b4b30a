//! How long answers and deliveries took.

use maud::{Markup, html};

use super::book::{Book, Column};
use crate::report::{Bin, Distribution, Latency, duration};

pub(super) fn write(book: &Book<'_>) -> Markup {
    let measured: Vec<(&Column<'_>, &str, Distribution)> = book
        .columns
        .iter()
        // What travelled in a fleet is told as a whole.
        .filter(|column| column.report.fleet.is_none())
        .flat_map(|column| {
            let Latency { round_trip, delivery } = Latency::of(&column.report.run.results);
            let named = [("answer", round_trip), ("delivery", delivery)];
            named.into_iter().filter_map(move |(name, times)| Some((column, name, times?)))
        })
        .collect();
    html! {
        section #times aria-labelledby="times-title" {
            h2 #times-title { "Times" }
            @if measured.is_empty() {
                p { "Nothing was measured: in-process, time is virtual." }
            } @else {
                p {
                    "From a packet to its answer, and from a PUBLISH to its delivery to a subscriber, while many scenarios were "
                    "played at once. These are no benchmark: they say what the verdicts rest on."
                }
                div.wide tabindex="0" role="region" aria-label="Times" {
                    table.plain {
                        caption.unseen { "Round-trip and delivery times" }
                        thead { tr {
                            @if book.columns.len() > 1 { th scope="col" { "Broker" } }
                            th scope="col" { "Time to" }
                            @for name in ["count", "least", "median", "90 %", "99 %", "most"] { th.number scope="col" { (name) } }
                            th scope="col" { "distribution" }
                        } }
                        tbody { @for (column, name, times) in &measured {
                            tr {
                                @if book.columns.len() > 1 { th scope="row" { (column.name) } }
                                th scope="row" { (name) }
                                td.number { (times.count) }
                                @for time in [times.min, times.median, times.p90, times.p99, times.max] {
                                    td.number { (duration(time)) }
                                }
                                td { (histogram(&times.bins)) }
                            }
                        } }
                    }
                }
            }
        }
    }
}

/// A bar for each bin, with its bound below.
fn histogram(bins: &[Bin]) -> Markup {
    const WIDTH: usize = 26;
    const HEIGHT: usize = 44;
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let height = |bin: &Bin| (bin.count * HEIGHT).div_ceil(most);
    let named = |bin: &Bin| match bin.below_microseconds {
        None => "more".to_owned(),
        Some(bound) if bound < 1000 => format!("{bound}µ"),
        Some(bound) if bound < 1_000_000 => format!("{}m", bound / 1000),
        Some(bound) => format!("{}s", bound / 1_000_000),
    };
    html! {
        svg.histogram width=(bins.len() * WIDTH) height=(HEIGHT + 16) viewBox=(format!("0 0 {} {}", bins.len() * WIDTH, HEIGHT + 16)) role="img" {
            title { "How many took less than each time: " @for bin in bins { (named(bin)) " " (bin.count) ", " } }
            @for (index, bin) in bins.iter().enumerate() {
                rect x=(index * WIDTH + 2) y=(HEIGHT - height(bin)) width=(WIDTH - 4) height=(height(bin)) {}
                text x=(index * WIDTH + WIDTH / 2) y=(HEIGHT + 12) text-anchor="middle" { (named(bin)) }
            }
        }
    }
}
