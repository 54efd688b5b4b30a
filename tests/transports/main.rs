//! The same suite on every transport comes to the same verdicts, and what can be wrong with a transport is told.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of a test may fail it")]

mod broker;
mod fleet;
mod impostors;
mod mosquitto;
mod verdicts;
mod websocket;

use std::sync::Arc;

use mqttspec::{
    runner::{Options, Stop, plan::Selection, run},
    scenario::{self, ast::Scenario},
    target::{Address, Trust},
    verdict::RunReport,
};

/// Scenarios at once: few enough for tests that play on several transports at the same time.
const JOBS: usize = 64;

/// The built-in scenarios.
fn scenarios() -> Vec<Arc<Scenario>> {
    scenario::builtin().unwrap_or_else(|_| panic!("they load")).into_iter().map(Arc::new).collect()
}

/// Plays what is selected against the broker at an address.
fn play(address: &str, selection: Selection, trust: Trust, drip: bool) -> RunReport {
    play_against(address.parse().unwrap(), selection, trust, drip)
}

fn play_against(target: Address, selection: Selection, trust: Trust, drip: bool) -> RunReport {
    let options = Options { target, launcher: None, trust, drip, selection, jobs: Some(JOBS), seed: 7 };
    run(&scenarios(), &options, &Stop::default(), &mut |_| {}).unwrap()
}
