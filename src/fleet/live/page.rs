//! The page: draws what the events say. It looks as reports do.

use maud::{DOCTYPE, PreEscaped, html};

use crate::report::{STYLE, policy_for};

const SCRIPT: &str = include_str!("live.js");
const OWN_STYLE: &str = include_str!("live.css");

/// The page, which is the same for every fleet.
pub(super) fn page() -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "mqttspec fleet" }
                link rel="icon" href="data:,";
                style { (PreEscaped(style())) }
            }
            body {
                header.front {
                    p.kicker #about { }
                    h1 #title { "Fleet" }
                    p.verdict #verdict role="status" { strong { "waiting for the first reading" } span { } }
                }
                main {
                    div.tiles {
                        @for (id, name) in &TILES {
                            div { span.faint { (name) } strong id=(id) { "–" } span.faint id={ (id) "-more" } { } }
                        }
                    }
                    @for (id, title, lines) in &CHARTS {
                        section {
                            h2 { (title) }
                            p.keys-of-chart { @for (class, name) in *lines { span class=(class) { (name) } } }
                            svg.chart id=(id) role="img" aria-label=(title) { }
                        }
                    }
                    section {
                        h2 { "Groups" }
                        div.wide { table {
                            thead { tr {
                                th { "group" }
                                @for name in ["connects", "lost", "published", "again", "acknowledged", "received"] {
                                    th.number { (name) }
                                }
                            } }
                            tbody #groups { }
                        } }
                    }
                    section {
                        h2 { "Findings" }
                        p #none { "Nothing so far." }
                        ul #findings { }
                    }
                }
                footer { "mqttspec fleet. The same numbers are at " a href="metrics" { "/metrics" } "." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Only this program's script runs, and it asks nobody but this program.
pub(super) fn policy() -> String {
    format!("{}; connect-src 'self'", policy_for(&style(), SCRIPT))
}

fn style() -> String {
    format!("{STYLE}{OWN_STYLE}")
}

/// What is shown as a number, by the name that the script knows it by.
const TILES: [(&str, &str); 5] = [
    ("online", "connected"),
    ("published", "published per second"),
    ("delivered", "received per second"),
    ("latency", "latency, median"),
    ("broken", "promises broken"),
];

type Line = (&'static str, &'static str);

/// What is drawn over time, and the lines in it.
const CHARTS: [(&str, &str, &[Line]); 3] = [
    ("chart-online", "Devices connected", &[("a", "connected")]),
    ("chart-rates", "Messages per second", &[("a", "published"), ("b", "received")]),
    ("chart-latency", "Latency, from when a message was due", &[("a", "50 %"), ("b", "99 %")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_draws_what_the_page_has() {
        let page = page();
        for (_, rest) in SCRIPT.match_indices("$(\"").map(|(at, found)| SCRIPT.split_at(at + found.len())) {
            let id = rest.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        assert!(!SCRIPT.contains("innerHTML"), "what a broker is called must not become part of the page");
    }
}
