//! What can be said of a fleet at a moment.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Write as _},
};

use mqttspec_fleet::{
    history::{Decision, Verdict},
    layout::Layout,
    numbers::GroupNumbers,
    plan::{Micros, SECOND},
    world::Progress,
};
use serde::Serialize;

use crate::fleet::report::time;

/// How many findings are told in full. All are counted.
const TOLD: usize = 20;

/// Reads the numbers of a fleet now and then. What is counted in a second is what came about since the last reading.
#[derive(Debug)]
pub struct Meter<'a> {
    layout: &'a Layout,
    at: Micros,
    totals: Totals,
    latencies: BTreeMap<Micros, u64>,
}

/// What can be said of a fleet at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// When, in microseconds since the start.
    pub at: Micros,
    /// How long the phases last together.
    pub length: Micros,
    /// The phase.
    pub phase: String,
    /// How many devices there are.
    pub devices: u64,
    /// How many of them are connected.
    pub online: u64,
    /// What was counted since the start.
    pub totals: Totals,
    /// What was counted in a second since the last reading.
    pub rates: Totals,
    /// The time from when a message was due to when it came, of those since the last reading.
    pub latency: Option<Latency>,
    /// How many promises were broken, permitted not to be kept, and undecided.
    pub findings: Findings,
    /// For each group its name and what was counted of it.
    pub groups: Vec<(String, Totals)>,
}

/// Things counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Connections accepted.
    pub connects: u64,
    /// Connections lost.
    pub losses: u64,
    /// Messages published.
    pub published: u64,
    /// Messages published again.
    pub repeated: u64,
    /// Messages that the broker took over.
    pub acked: u64,
    /// Messages that came.
    pub delivered: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half took no longer.
    pub p50: Micros,
    /// One in a hundred took longer.
    pub p99: Micros,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Promises broken.
    pub broken: u64,
    /// Promises that a limit of the broker permits not to keep.
    pub permitted: u64,
    /// What the history leaves open.
    pub undecided: u64,
    /// The last of those that are kept in full, a sentence each.
    pub told: VecDeque<String>,
}

impl<'a> Meter<'a> {
    /// Nothing has been read yet.
    pub fn new(layout: &'a Layout) -> Self {
        Self { layout, at: 0, totals: Totals::default(), latencies: BTreeMap::new() }
    }

    /// Reads.
    pub fn read(&mut self, progress: &Progress<'_>) -> Reading {
        let counted = progress.numbers.groups();
        let groups: Vec<_> = counted.iter().map(|group| (group.name.clone(), Totals::of(group))).collect();
        let totals = groups.iter().fold(Totals::default(), |sum, (_, group)| sum.with(group, |a, b| a + b));
        let passed = progress.now.saturating_sub(self.at).max(1);
        let rates = totals.with(&self.totals, |now, before| now.saturating_sub(before) * SECOND / passed);
        let latencies = latencies(&counted);
        let latency = Latency::between(&self.latencies, &latencies);
        (self.at, self.totals, self.latencies) = (progress.now, totals, latencies);
        Reading {
            at: progress.now,
            length: self.layout.plan.length(),
            phase: self.phase(progress.now),
            devices: u64::try_from(self.layout.devices.len()).unwrap_or(u64::MAX),
            online: u64::try_from((progress.online)()).unwrap_or(u64::MAX),
            totals,
            rates,
            latency,
            findings: Findings::of(progress.verdict, self.layout),
            groups,
        }
    }

    fn phase(&self, now: Micros) -> String {
        let mut ends = 0;
        let current = self.layout.plan.phases.iter().find(|phase| {
            ends += phase.lasts;
            now < ends
        });
        current.map_or_else(|| "calm".to_owned(), |phase| phase.name.clone())
    }
}

impl Totals {
    const fn of(group: &GroupNumbers) -> Self {
        Self {
            connects: group.connects,
            losses: group.losses,
            published: group.published,
            repeated: group.repeated,
            acked: group.acked,
            delivered: group.delivered,
            bytes_sent: group.bytes_sent,
            bytes_received: group.bytes_received,
        }
    }

    fn with(self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            connects: join(self.connects, other.connects),
            losses: join(self.losses, other.losses),
            published: join(self.published, other.published),
            repeated: join(self.repeated, other.repeated),
            acked: join(self.acked, other.acked),
            delivered: join(self.delivered, other.delivered),
            bytes_sent: join(self.bytes_sent, other.bytes_sent),
            bytes_received: join(self.bytes_received, other.bytes_received),
        }
    }
}

/// How many messages of all groups took how long.
fn latencies(groups: &[GroupNumbers]) -> BTreeMap<Micros, u64> {
    let mut all = BTreeMap::new();
    for (micros, times) in groups.iter().flat_map(|group| group.latency.all()) {
        *all.entry(micros).or_default() += times;
    }
    all
}

impl Latency {
    /// Of what came after `before` was counted; none if nothing did.
    fn between(before: &BTreeMap<Micros, u64>, now: &BTreeMap<Micros, u64>) -> Option<Self> {
        let new =
            || now.iter().map(|(at, count)| (*at, count - before.get(at).copied().unwrap_or(0).min(*count)));
        let total: u64 = new().map(|(_, count)| count).sum();
        let percentile = |hundredths: u64| {
            let wanted = (total * hundredths).div_ceil(100);
            let mut seen = 0;
            new().find(|(_, count)| {
                seen += count;
                seen >= wanted
            })
        };
        let (p50, p99) = (percentile(50)?.0, percentile(99)?.0);
        (total > 0).then_some(Self { p50, p99 })
    }
}

impl Findings {
    fn of(verdict: &Verdict, layout: &Layout) -> Self {
        let mut findings = Self::default();
        for ((decision, _), count) in &verdict.counts {
            *match decision {
                Decision::Broken => &mut findings.broken,
                Decision::Permitted(_) => &mut findings.permitted,
                Decision::Undecided => &mut findings.undecided,
            } += count;
        }
        let last = verdict.findings.iter().rev().take(TOLD);
        findings.told = last
            .map(|finding| {
                let devices: Vec<_> =
                    finding.devices.iter().map(|device| layout.client_id(*device)).collect();
                let (at, devices) = (time(finding.at), devices.join(", "));
                let mut told = format!("{at}  {}  {}", finding.decision, finding.promise.text());
                let _ = write!(told, " ({}; {devices})", finding.statement);
                told
            })
            .collect();
        findings
    }
}

/// In a line, for the terminal.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, online, devices, rates, .. } = self;
        write!(f, "{} of {} s  {phase}  ", self.at / SECOND, self.length / SECOND)?;
        write!(f, "{online} of {devices} connected  ")?;
        write!(f, "{} published/s  {} received/s  ", rates.published, rates.delivered)?;
        if let Some(Latency { p50, p99 }) = self.latency {
            let milliseconds = |micros: Micros| format!("{}.{}", micros / 1000, micros % 1000 / 100);
            write!(f, "p50 {} ms  p99 {} ms  ", milliseconds(p50), milliseconds(p99))?;
        }
        write!(f, "{} broken", self.findings.broken)
    }
}

impl Reading {
    /// In the text format of Prometheus.
    pub fn metrics(&self) -> String {
        let Self { totals, findings, .. } = self;
        let rows = [
            ("devices", "gauge", "Devices of the plan.", self.devices),
            ("devices_connected", "gauge", "Devices that are connected.", self.online),
            ("connects_total", "counter", "Connections accepted.", totals.connects),
            ("losses_total", "counter", "Connections lost.", totals.losses),
            ("messages_published_total", "counter", "Messages published.", totals.published),
            ("messages_published_again_total", "counter", "Messages published again.", totals.repeated),
            ("messages_acknowledged_total", "counter", "Messages that the broker took over.", totals.acked),
            ("messages_received_total", "counter", "Messages that came.", totals.delivered),
            ("bytes_sent_total", "counter", "Bytes to the broker.", totals.bytes_sent),
            ("bytes_received_total", "counter", "Bytes from the broker.", totals.bytes_received),
            ("promises_broken_total", "counter", "Promises broken.", findings.broken),
            ("promises_undecided_total", "counter", "Promises left undecided.", findings.undecided),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in rows {
            let name = format!("mqttspec_fleet_{name}");
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        if let Some(Latency { p50, p99 }) = self.latency {
            let name = "mqttspec_fleet_latency_microseconds";
            let _ = writeln!(text, "# HELP {name} From when a message was due to when it came, lately.");
            let _ = writeln!(text, "# TYPE {name} gauge");
            let _ = writeln!(text, "{name}{{quantile=\"0.5\"}} {p50}\n{name}{{quantile=\"0.99\"}} {p99}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_of_what_came_lately() {
        let before = BTreeMap::from([(10, 1000), (500, 4)]);
        let now = BTreeMap::from([(10, 1000), (20, 60), (500, 4), (900, 39), (7000, 1)]);
        assert_eq!(Latency::between(&before, &now), Some(Latency { p50: 20, p99: 900 }));
        assert_eq!(Latency::between(&now, &now), None);
    }

    #[test]
    fn a_reading_is_a_line_and_numbers() {
        let reading = Reading {
            at: 12_400_000,
            length: 70 * SECOND,
            phase: "storm".to_owned(),
            devices: 200,
            online: 198,
            rates: Totals { published: 40, delivered: 39, ..Totals::default() },
            latency: Some(Latency { p50: 1_550, p99: 20_000 }),
            ..Reading::default()
        };
        assert_eq!(
            reading.to_string(),
            "12 of 70 s  storm  198 of 200 connected  40 published/s  39 received/s  p50 1.5 ms  p99 20.0 ms  0 broken"
        );
        let metrics = reading.metrics();
        assert!(metrics.contains(
            "# TYPE mqttspec_fleet_devices_connected gauge\nmqttspec_fleet_devices_connected 198\n"
        ));
        assert!(
            metrics.ends_with("mqttspec_fleet_latency_microseconds{quantile=\"0.99\"} 20000\n"),
            "{metrics}"
        );
    }
}
