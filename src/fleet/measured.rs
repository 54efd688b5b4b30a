//! What was counted of a fleet, as reports tell it.

use mqttspec_fleet::{
    follower::Conduct,
    numbers::{GroupNumbers, Numbers, Times},
    plan::Plan,
};

use crate::report::fleet::{Group, Measured, Misdeed, Percentiles, Phase, Point};

/// What clients did wrong that are a library, by the numbers of their groups.
pub fn misdeeds(plan: &Plan, conduct: &[(u32, Conduct)]) -> Vec<Misdeed> {
    let groups =
        conduct.iter().filter_map(|(group, conduct)| Some((plan.groups.get(*group as usize)?, conduct)));
    groups
        .flat_map(|(group, conduct)| {
            conduct.all().map(|(misdeed, times, first)| Misdeed {
                group: group.name.clone(),
                statement: misdeed.statement(group.version).to_string(),
                what: misdeed.text().to_owned(),
                times,
                first,
            })
        })
        .collect()
}

/// What was measured, for a report.
pub fn measured(numbers: &Numbers, misdeeds: Vec<Misdeed>) -> Measured {
    let groups = |groups: &[GroupNumbers]| groups.iter().map(group).collect();
    Measured {
        groups: groups(&numbers.groups()),
        phases: numbers
            .phases
            .iter()
            .map(|phase| Phase {
                name: phase.name.clone(),
                began: phase.began,
                ended: phase.ended,
                groups: groups(&phase.groups),
            })
            .collect(),
        interval: numbers.series.every,
        series: numbers
            .series
            .points
            .iter()
            .map(|point| Point {
                online: point.online,
                connects: point.connects,
                published: point.published,
                delivered: point.delivered,
                slowest: point.slowest,
            })
            .collect(),
        misdeeds,
    }
}

fn group(group: &GroupNumbers) -> Group {
    Group {
        name: group.name.clone(),
        connects: group.connects,
        losses: group.losses,
        published: group.published,
        repeated: group.repeated,
        acknowledged: group.acked,
        delivered: group.delivered,
        bytes_sent: group.bytes_sent,
        bytes_received: group.bytes_received,
        bytes_of_payload: group.bytes_of_payload,
        latency: percentiles(&group.latency),
        reconnect: percentiles(&group.reconnect),
    }
}

fn percentiles(times: &Times) -> Option<Percentiles> {
    let at = |hundredths| times.percentile(hundredths);
    (times.count() > 0).then(|| Percentiles {
        count: times.count(),
        p50: at(5000),
        p90: at(9000),
        p99: at(9900),
        p99_9: at(9990),
        p99_99: at(9999),
        most: at(10_000),
    })
}
