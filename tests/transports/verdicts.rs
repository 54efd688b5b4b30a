//! The whole suite, everywhere at once.

use std::{collections::BTreeMap, path::Path, thread};

use mqttspec::{
    runner::plan::Selection,
    scenario::{self, ast::Scenario},
    target::{Address, Transport, Trust},
    verdict::{Grade, ScenarioResult},
};
use mqttspec_spec::{StatementId, Version};

use super::{
    broker::{Broker, Certificate},
    play, play_against,
};

type Run = (String, Version, String);
type Verdicts = BTreeMap<Run, (Grade, Vec<StatementId>)>;

/// How many times the runs with other verdicts are played again. A busy machine can be too slow for a timer; what
/// differs because of the transport differs again.
const TRIES: usize = 3;

pub(crate) fn verdicts<'a>(results: impl IntoIterator<Item = &'a ScenarioResult>) -> Verdicts {
    let verdict = |result: &ScenarioResult| {
        let run = (result.scenario.clone(), result.version, result.variant.clone());
        (run, (result.grade, result.broken.clone()))
    };
    results.into_iter().map(verdict).collect()
}

/// How the suite gets to a broker, and what that broker does beside.
#[derive(Clone, Copy, Debug)]
struct Way {
    transport: Transport,
    /// Every byte comes by itself.
    drip: bool,
    /// The broker keeps its state in a file.
    has_store: bool,
}

/// A broker and the way to it.
struct Target {
    broker: Broker,
    trust: Trust,
    way: Way,
}

impl Target {
    fn start(way: Way, certificate: &Certificate, trusted: &Path) -> Self {
        let trust = Trust::certificates(trusted).unwrap();
        Self { broker: Broker::start(way.transport, certificate, way.has_store), trust, way }
    }

    /// The runs of these scenarios (of all, if none is named) that come to other verdicts than expected, and to which.
    fn differing(&self, only: Vec<String>, expected: &Verdicts) -> Verdicts {
        let selection = Selection { only, ..Selection::default() };
        let report = play(&self.broker.url, selection, self.trust.clone(), self.way.drip);
        assert_eq!(report.stopped, None, "{}", self.broker.url);
        let mut played = verdicts(&report.results);
        assert!(!played.is_empty());
        played.retain(|run, verdict| expected.get(run) != Some(verdict));
        played
    }
}

/// A broker that is not launched by us is neither set up for the scenarios that want it nor restarted.
fn skip_what_wants_it_launched(expected: &mut Verdicts) {
    let wants_it = |scenario: &Scenario| !scenario.broker.is_empty() || !scenario.restarts().is_empty();
    regrade(expected, wants_it, [Grade::Pass, Grade::Skip]);
}

/// A broker of this process has no frames, which some scenarios are about.
fn pass_over_websocket(expected: &mut Verdicts) {
    regrade(expected, |scenario| scenario.over_websocket, [Grade::Skip, Grade::Pass]);
}

fn regrade(expected: &mut Verdicts, which: fn(&Scenario) -> bool, [from, to]: [Grade; 2]) {
    let scenarios = scenario::builtin().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let is_one = |id: &str| scenarios.iter().any(|it| it.id == id && which(it));
    for ((id, ..), verdict) in expected.iter_mut().filter(|((id, ..), _)| is_one(id)) {
        assert_eq!(verdict.0, from, "{id}");
        *verdict = (to, Vec::new());
    }
}

#[test]
fn every_transport_comes_to_the_verdicts_of_virtual_time() {
    let embedded = play_against(Address::Embedded, Selection::default(), Trust::default(), false);
    let mut expected = verdicts(&embedded.results);
    assert!(expected.len() > 500, "only {} verdicts", expected.len());
    skip_what_wants_it_launched(&mut expected);
    let mut over_websocket = expected.clone();
    pass_over_websocket(&mut over_websocket);
    let expected = |way: Way| if way.transport.is_websocket() { &over_websocket } else { &expected };
    let certificate = Certificate::for_host("127.0.0.1", false);
    let plain = |transport| Way { transport, drip: false, has_store: false };
    let drip = Way { drip: true, ..plain(Transport::Tcp) };
    let stored = Way { has_store: true, ..plain(Transport::Tcp) };
    let ways = Transport::ALL.into_iter().map(plain).chain([drip, stored]);
    let first = thread::scope(|scope| {
        let playing: Vec<_> = ways
            .map(|way| {
                let (certificate, expected) = (&certificate, expected(way));
                scope.spawn(move || {
                    let target = Target::start(way, certificate, &certificate.certificate());
                    let differing = target.differing(Vec::new(), expected);
                    (target, differing)
                })
            })
            .collect();
        playing.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (target, mut differing) in first {
        for _ in 1..TRIES {
            if differing.is_empty() {
                break;
            }
            let mut again: Vec<String> = differing.into_keys().map(|(scenario, ..)| scenario).collect();
            again.dedup();
            differing = target.differing(again, expected(target.way));
        }
        assert!(differing.is_empty(), "{}, {:?}: {differing:#?}", target.broker.url, target.way);
    }
}
