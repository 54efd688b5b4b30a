//! What was measured of a fleet, for each group in each phase and over time, and how it is told in Markdown.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::markdown::inline;

/// What was measured of a fleet. Times are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// For each group what was measured in all phases together.
    pub groups: Vec<Group>,
    /// The phases, and the calm behind them.
    pub phases: Vec<Phase>,
    /// How long each interval of the series is.
    pub interval: u64,
    /// What was counted over time.
    pub series: Vec<Point>,
    /// What devices did wrong whose client is a library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misdeeds: Vec<Misdeed>,
}

/// What clients did against the standard that are a library. The broker has no part in it, so neither has the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misdeed {
    /// The group of the devices.
    pub group: String,
    /// The statement that forbids it, with its version.
    pub statement: String,
    /// What was done.
    pub what: String,
    /// How often.
    pub times: u64,
    /// When first, since the start.
    pub first: u64,
}

/// What was measured in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// When it began, since the start.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// For each group what was measured in it.
    pub groups: Vec<Group>,
}

/// What was measured of a group of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Connections accepted.
    pub connects: u64,
    /// Connections that ended other than by DISCONNECT.
    pub losses: u64,
    /// Messages published.
    pub published: u64,
    /// Messages published again.
    pub repeated: u64,
    /// Messages that the broker took over.
    pub acknowledged: u64,
    /// Messages that came.
    pub delivered: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes of payload in messages published, once each, and in messages that came.
    pub bytes_of_payload: u64,
    /// From when a message of the group was due to when it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Percentiles>,
    /// From the loss of a connection to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconnect: Option<Percentiles>,
}

/// Of many times, how long so many of them are at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the percentiles")]
pub struct Percentiles {
    /// How many times there are.
    pub count: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p99_9: u64,
    pub p99_99: u64,
    /// The longest.
    pub most: u64,
}

/// What was counted in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Devices connected at its end.
    pub online: u64,
    /// Connections accepted.
    pub connects: u64,
    /// Messages published.
    pub published: u64,
    /// Messages that came.
    pub delivered: u64,
    /// The longest time from when a message was due to when it came.
    pub slowest: u64,
}

impl Percentiles {
    /// The names of the percentiles and their times, in order.
    pub const fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("50 %", self.p50),
            ("90 %", self.p90),
            ("99 %", self.p99),
            ("99.9 %", self.p99_9),
            ("99.99 %", self.p99_99),
            ("most", self.most),
        ]
    }
}

impl Group {
    /// Bytes on the wire for each hundred bytes of payload, if there were any.
    pub fn overhead(&self) -> Option<u64> {
        ((self.bytes_sent + self.bytes_received) * 100).checked_div(self.bytes_of_payload)
    }
}

impl Phase {
    /// How often something happened in a second, with a tenth.
    pub fn rate(&self, count: u64) -> String {
        let lasted = self.ended.saturating_sub(self.began).max(1);
        let tenths = u128::from(count) * 10_000_000 / u128::from(lasted);
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// A time in microseconds as people read it.
pub fn time(micros: u64) -> String {
    match micros {
        0..100_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// The cells of a table: a row for each group in each phase in which it did something.
pub fn rows(measured: &Measured) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for phase in &measured.phases {
        for group in &phase.groups {
            if group.connects + group.losses + group.published + group.delivered == 0 {
                continue;
            }
            let dash = || "–".to_owned();
            let overhead = group.overhead();
            let mut row = vec![
                phase.name.clone(),
                group.name.clone(),
                phase.rate(group.connects),
                group.losses.to_string(),
                phase.rate(group.published),
                phase.rate(group.delivered),
                overhead.map_or_else(dash, |percent| format!("{}.{:02}", percent / 100, percent % 100)),
            ];
            let latency = group.latency.map(|latency| latency.named().map(|(_, micros)| time(micros)));
            row.extend(latency.map_or_else(|| vec![dash(); 6], Vec::from));
            row.push(group.reconnect.map_or_else(dash, |reconnect| time(reconnect.p50)));
            row.push(group.reconnect.map_or_else(dash, |reconnect| time(reconnect.most)));
            rows.push(row);
        }
    }
    rows
}

/// The names of the columns.
pub const COLUMNS: [&str; 15] = [
    "phase",
    "group",
    "connects/s",
    "lost",
    "published/s",
    "received/s",
    "wire : payload",
    "latency 50 %",
    "90 %",
    "99 %",
    "99.9 %",
    "99.99 %",
    "most",
    "back after 50 %",
    "most",
];

/// What stands above misdeeds.
pub const MISDEEDS: &str = "What libraries did wrong (no fault of the broker's)";

/// The names of the columns of misdeeds.
pub const MISDEED_COLUMNS: [&str; 5] = ["group", "statement", "what was done", "times", "first at"];

impl Misdeed {
    /// The cells of a table's row.
    pub fn cells(&self) -> [String; 5] {
        let Self { group, statement, what, times, first } = self;
        [group.clone(), statement.clone(), what.clone(), times.to_string(), time(*first)]
    }
}

/// The tables in Markdown.
pub(super) fn markdown(text: &mut String, measured: &Measured) {
    let _ = writeln!(text, "## Measured\n\n| {} |", COLUMNS.join(" | "));
    let _ = writeln!(text, "|---|---|{}", "--:|".repeat(COLUMNS.len() - 2));
    for row in rows(measured) {
        let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    if measured.misdeeds.is_empty() {
        return;
    }
    let _ = writeln!(text, "## {MISDEEDS}\n\n| {} |\n|---|---|---|--:|--:|", MISDEED_COLUMNS.join(" | "));
    for misdeed in &measured.misdeeds {
        let cells = misdeed.cells().map(|cell| inline(&cell));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_overhead_are_exact() {
        let phase =
            Phase { name: "steady".to_owned(), began: 1_000_000, ended: 5_000_000, groups: Vec::new() };
        assert_eq!(phase.rate(10), "2.5");
        assert_eq!(phase.rate(0), "0.0");
        assert_eq!([99_999, 100_000, 10_000_000].map(time), ["99.9 ms", "100 ms", "10 s"]);
    }
}
