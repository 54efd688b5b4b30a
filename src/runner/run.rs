//! A whole run: probe, plan, play, report.

use std::{sync::Arc, time::Instant};

use super::{
    embedded,
    event::Event,
    launched,
    options::{Options, Stop},
    plan::plan,
    record::Record,
    sockets,
};
use crate::{
    scenario::ast::Scenario,
    target::{Address, network::Network},
    verdict::RunReport,
};

/// Plays the selected scenarios and tells `events` what happens.
///
/// `None` if the selection admits no scenario.
pub fn run(
    scenarios: &[Arc<Scenario>],
    options: &Options,
    stop: &Stop,
    events: &mut dyn FnMut(&Event),
) -> Option<RunReport> {
    let started = Instant::now();
    let runs = plan(scenarios, &options.selection);
    if runs.is_empty() {
        return None;
    }
    let mut record = Record::new(events);
    match (&options.launcher, &options.target) {
        (Some(launcher), _) => launched::run(&runs, options, launcher, stop, &mut record),
        (None, Address::Embedded) => embedded::run(&runs, options, stop, &mut record),
        (None, Address::Network { endpoint, .. }) => {
            let (endpoint, trust) = (endpoint.clone(), options.trust.clone());
            let network = Network { endpoint, trust, drip: options.drip, keeper: None };
            sockets::run(&runs, options, network, stop, &mut record);
        }
    }
    Some(record.report(started.elapsed()))
}
