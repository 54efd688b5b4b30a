//! How fast virtual time passes: fleets of sensors that publish QoS 1 every ten seconds over links that stall and are
//! cut, with the oracle on, for ten virtual minutes, or for one if there are many.
//! `cargo bench -p mqttspec-fleet --bench virtual [DEVICES ...]`. Each fleet should have a process of its own, since what is
//! told is the most memory that the process ever had.

#![expect(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::time::Instant;

use mqttspec_fleet::{
    layout::Layout,
    plan::{
        Backoff, Client, Group, Limits, Link, Pace, Phase, PhaseEvent, Plan, Publish, SECOND, Sizes,
        Subscribe, SubscriptionOptions, Template,
    },
    random::Range,
    world::{Options, World},
};
use mqttspec_wire::{QoS, Version};

fn main() {
    let wanted: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let wanted = if wanted.is_empty() { vec![1000, 10_000] } else { wanted };
    println!(
        "| devices | virtual minutes | seconds | events/s | µs per event | deliveries | peak MB | bytes per device | trace |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    for devices in wanted {
        measure(devices);
    }
}

fn measure(devices: u32) {
    let begun = Instant::now();
    let Ok(layout) = Layout::new(sensors(devices)) else { return };
    let options = Options::default();
    let outcome = World::new(&layout, &options).play(|_| true);
    let seconds = begun.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(outcome.events).unwrap_or(u32::MAX)) / seconds;
    let verdict = &outcome.verdict;
    let kilobytes = peak_kilobytes();
    println!(
        "| {devices} | {} | {seconds:.2} | {rate:.0} | {:.2} | {} | {} | {} | {:016x} |",
        minutes(devices),
        1_000_000.0 / rate,
        verdict.kept.values().sum::<u64>(),
        kilobytes / 1024,
        kilobytes * 1024 / u64::from(devices),
        outcome.trace,
    );
    assert!(verdict.is_conforming(), "the reference broker kept every promise");
    for finding in &verdict.findings {
        println!("    {:?}: {:?}", finding.promise, finding.because);
    }
}

/// How many virtual minutes a fleet of this size plays.
const fn minutes(devices: u32) -> u64 {
    if devices > 100_000 { 1 } else { 10 }
}

fn sensors(count: u32) -> Plan {
    let topic = |text| Template::parse(text).unwrap_or_else(|_| unreachable!("the text is a template"));
    let link = Link {
        latency: Range { least: 20_000, most: 200_000 },
        loss: 10_000,
        stall: Range { least: SECOND / 5, most: 3 * SECOND },
        cut: Some(Range { least: 60 * SECOND, most: 600 * SECOND }),
        ..Link::default()
    };
    let sensor = Group {
        name: "sensor".to_owned(),
        count,
        version: Version::V5_0,
        clean_start: false,
        expiry: 3600,
        keep_alive: 60,
        credentials: None,
        receive_maximum: None,
        clock_skew: 0,
        will: None,
        subscribe: Vec::new(),
        publish: vec![Publish {
            topic: topic("sensors/{n}"),
            qos: [0, 1, 0],
            pace: Pace::Every(Range::only(10 * SECOND)),
            retain: false,
            clears: 0,
            size: Sizes::only(Range { least: 32, most: 128 }),
            expiry: None,
        }],
        client: Client::Own,
        acknowledge_after: Range::default(),
        duty: None,
        backoff: Backoff::default(),
        link,
    };
    let options = SubscriptionOptions::default();
    let filter = topic("sensors/#");
    let subscribe = vec![Subscribe { filter, qos: QoS::AtLeastOnce, renewal: None, options }];
    let collector = Group {
        name: "collector".to_owned(),
        count: 1,
        subscribe,
        publish: Vec::new(),
        link: Link::default(),
        ..sensor.clone()
    };
    let phase = |name: &str, lasts, event| Phase { name: name.to_owned(), lasts, event };
    Plan {
        title: "Sensors on a bad link".to_owned(),
        groups: vec![collector, sensor],
        phases: vec![
            phase("ramp", 10 * SECOND, PhaseEvent::Ramp),
            phase("steady", (minutes(count) * 60 - 10) * SECOND, PhaseEvent::Steady),
        ],
        limits: Limits::default(),
    }
}

/// The most memory that this process had.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse().ok());
    kilobytes.unwrap_or(0_u64)
}
