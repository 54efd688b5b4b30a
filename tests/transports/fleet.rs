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
    follower::{Conduct, Misdeed},
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

/// Real clients, of whom one has a broker on the other side of the same link.
const LIBRARIES: &str = "\
title: Libraries
links:
  bad: {latency: 1ms..5ms, cut: 200ms..600ms}
groups:
  old:
    count: 2
    client: rumqttc
    version: v3.1.1
    session: {clean-start: false}
    keep-alive: 5s
    subscribe: [{filter: 'a/#', qos: 1}]
    publish: [{topic: 'a/old/{n}', qos: {0: 1, 1: 1}, every: 5ms..20ms, size: 20..2000}]
    backoff: {first: 20ms, most: 50ms}
    link: bad
  new:
    count: 2
    client: rumqttc
    session: {expiry: 1h}
    keep-alive: 5s
    will: {topic: 'a/gone/{n}', qos: 1}
    subscribe: [{filter: 'a/#', qos: 1}]
    publish: [{topic: 'a/new/{n}', qos: {0: 1, 1: 1}, every: 5ms..20ms, size: 20..2000}]
    backoff: {first: 20ms, most: 50ms}
    link: bad
phases: [{steady: 60s}]
";

/// Plays a plan until `enough`, which has to come about.
fn play(
    plan: &str,
    address: &Address,
    trust: Trust,
    launched: Option<&mut Launched>,
    enough: impl Fn(&Progress<'_>) -> bool,
) -> Played {
    let Address::Network { endpoint, .. } = address else { panic!("{address} is not on the network") };
    let network = Network { endpoint: endpoint.clone(), trust, drip: false, keeper: None };
    let layout = Layout::new(plan::load_str("plan.yaml", plan).unwrap()).unwrap();
    let options = Options::default();
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
    let played = play(PLAN, &broker.url.parse().unwrap(), trust, None, |progress| {
        (progress.online)() == 10 && progress.numbers.total(|group| group.delivered) > 200
    });
    assert_eq!(played.ending, Ending::Interrupted, "it is over as soon as that many messages have come");
    assert_eq!(played.outcome.verdict.counts.len(), 0, "{:?}", played.outcome.verdict.findings);
    assert_eq!(played.absences, []);
}

#[rstest]
#[case(Transport::Tcp)]
#[case(Transport::SecureWebSocket)]
fn libraries_travel_on(#[case] transport: Transport) {
    let certificate = Certificate::for_host("127.0.0.1", false);
    let broker = Broker::start(transport, &certificate, false);
    let trust = Trust::certificates(&certificate.certificate()).unwrap();
    let played = play(LIBRARIES, &broker.url.parse().unwrap(), trust, None, |progress| {
        let groups = progress.numbers.groups();
        groups.iter().all(|group| group.connects >= 6 && group.acked >= 40 && group.delivered >= 150)
    });
    assert_eq!(played.ending, Ending::Interrupted, "it is over as soon as that much has happened");
    assert_eq!(played.outcome.verdict.broken().count(), 0, "{:?}", played.outcome.verdict.findings);
    let [(0, old), (1, new)] = played.outcome.conduct.as_slice() else {
        panic!("{:?}", played.outcome.conduct)
    };
    // What was unacknowledged when a connection was cut is sent again as if it were new.
    let known = |conduct: &Conduct| conduct.all().all(|(misdeed, ..)| misdeed == Misdeed::WithoutDup);
    assert!(known(old) && known(new), "{old:?} {new:?}");
    assert!(played.failures.values().sum::<u64>() >= 4, "{:?}", played.failures);
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
    let played = play(PLAN, &address, Trust::default(), Some(&mut broker), |progress| {
        progress.numbers.total(|group| group.connects) >= 20
    });
    assert_eq!(played.outcome.verdict.broken().count(), 0, "{:?}", played.outcome.verdict.findings);
    let [absence] = played.absences.as_slice() else { panic!("{:?}", played.absences) };
    assert!(absence.until.is_some_and(|until| until > absence.from), "{absence}");
}
