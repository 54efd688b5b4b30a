//! A fleet on every transport, and brokers that come back or do not.

use std::{path::Path, time::Duration};

use mqttspec::{
    fleet::{
        plan,
        sockets::{self, Ending, Played},
    },
    scenario::load_recipe,
    target::{Address, Launched, Launcher, Transport, Trust, network::Network},
};
use mqttspec_fleet::{
    layout::Layout,
    world::{Options, Progress},
};
use rstest::rstest;

use super::broker::{Broker, Certificate};

const PLAN: &str = "\
title: Small
groups:
  publisher:
    count: 8
    session: {expiry: 1h}
    publish: [{topic: 'a/{n}', qos: {0: 1, 1: 1, 2: 1}, every: 5ms..20ms, size: 20..5000}]
    backoff: {first: 50ms, most: 100ms}
    link: {latency: 1ms..5ms}
  subscriber:
    count: 2
    session: {expiry: 1h}
    subscribe: [{filter: 'a/#', qos: 2}]
    backoff: {first: 50ms, most: 100ms}
phases: [{ramp: 100ms}, {steady: 300ms}, {restart: 20s, down: 200ms}]
";

fn layout() -> Layout {
    Layout::new(plan::load_str("plan.yaml", PLAN).unwrap()).unwrap()
}

/// Plays until `enough`, which has to come about.
fn play(
    address: &Address,
    trust: Trust,
    launched: Option<&mut Launched>,
    enough: impl Fn(&Progress<'_>) -> bool,
) -> Played {
    let Address::Network { endpoint, .. } = address else { panic!("{address} is not on the network") };
    let network = Network { endpoint: endpoint.clone(), trust, drip: false, keeper: None };
    let (layout, options) = (layout(), Options::default());
    let mut watch = |progress: &Progress<'_>| !enough(progress);
    sockets::play((&layout, &options), &network, launched, &mut watch).unwrap()
}

#[rstest]
#[case(Transport::Tcp)]
#[case(Transport::Tls)]
#[case(Transport::WebSocket)]
#[case(Transport::SecureWebSocket)]
fn a_fleet_travels_on(#[case] transport: Transport) {
    let certificate = Certificate::for_host("127.0.0.1", false);
    let broker = Broker::start(transport, &certificate, false);
    let trust = Trust::certificates(&certificate.certificate()).unwrap();
    let played = play(&broker.url.parse().unwrap(), trust, None, |progress| {
        (progress.online)() == 10 && progress.numbers.total(|group| group.delivered) > 200
    });
    assert_eq!(played.ending, Ending::Interrupted, "it is over as soon as that many messages have come");
    assert_eq!(played.outcome.verdict.counts.len(), 0, "{:?}", played.outcome.verdict.findings);
    assert_eq!(played.absences, []);
}

#[test]
fn a_broker_that_was_launched_is_restarted() {
    let program = env!("CARGO_BIN_EXE_mqttspec");
    let recipe = format!(
        "broker: mqttspec\ncommand: [{program}, broker, --listen, 'mqtt://127.0.0.1:{{port}}']\nready-within: 20s\n"
    );
    let recipe = load_recipe("recipe.yaml", &recipe).unwrap();
    let launcher = Launcher { recipe, home: Path::new("").into(), folder: None };
    let mut broker = launcher.start(&[]).unwrap();
    assert!(broker.patience() == Duration::from_secs(20));
    let address = broker.address.clone();
    let played = play(&address, Trust::default(), Some(&mut broker), |progress| {
        progress.numbers.total(|group| group.connects) >= 20
    });
    assert_eq!(played.outcome.verdict.broken().count(), 0, "{:?}", played.outcome.verdict.findings);
    let [absence] = played.absences.as_slice() else { panic!("{:?}", played.absences) };
    assert!(absence.until.is_some_and(|until| until > absence.from), "{absence}");
}
