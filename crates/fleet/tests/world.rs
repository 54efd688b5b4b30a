//! Whole runs in virtual time: they repeat, they conform, and mutants of the broker show.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use mqttspec_fleet::{
    explore::random_plan,
    history::{Decision, Finding, Promise},
    layout::Layout,
    plan::{
        Backoff, Client, Duty, Group, Limits, Link, Pace, Parting, Phase, PhaseEvent, Plan, Publish, SECOND,
        Sizes, Subscribe, SubscriptionOptions, Template, Will,
    },
    random::Range,
    shrink::shrink,
    world::{Far, LeftOut, Near, Options, Outcome, World},
};
use mqttspec_wire::{QoS, Version};
use reference_broker::{ConnectionId, Input, Output, Rule, Rules};
use rstest::rstest;

fn topic(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn bad_link() -> Link {
    Link {
        latency: Range { least: 20_000, most: 200_000 },
        loss: 10_000,
        stall: Range { least: SECOND / 5, most: 2 * SECOND },
        cut: Some(Range { least: 5 * SECOND, most: 40 * SECOND }),
        ..Link::default()
    }
}

fn group(name: &str, count: u32, version: Version) -> Group {
    Group {
        name: name.to_owned(),
        count,
        version,
        clean_start: false,
        expiry: 3600,
        keep_alive: 10,
        credentials: None,
        receive_maximum: None,
        clock_skew: 0,
        will: None,
        subscribe: Vec::new(),
        publish: Vec::new(),
        client: Client::Own,
        acknowledge_after: Range::default(),
        duty: None,
        backoff: Backoff { first: SECOND, most: 8 * SECOND },
        link: bad_link(),
    }
}

fn publish(text: &str, qos: [u32; 3], retain: bool) -> Vec<Publish> {
    let every = Range { least: SECOND, most: 3 * SECOND };
    vec![Publish {
        topic: topic(text),
        qos,
        pace: Pace::Every(every),
        retain,
        clears: 0,
        size: Sizes::only(Range::only(40)),
        expiry: None,
    }]
}

fn subscribe(filter: &str, qos: QoS) -> Vec<Subscribe> {
    vec![Subscribe { filter: topic(filter), qos, renewal: None, options: SubscriptionOptions::default() }]
}

/// Publishers of both versions, readers that keep their sessions and readers that begin anew, and wills.
fn fleet() -> Plan {
    let mut reader = group("reader", 3, Version::V5_0);
    reader.receive_maximum = Some(Range::only(3));
    reader.acknowledge_after = Range::only(20_000);
    reader.subscribe = subscribe("a/#", QoS::ExactlyOnce);
    let mut old_reader = group("old-reader", 2, Version::V3_1_1);
    old_reader.subscribe = subscribe("a/#", QoS::ExactlyOnce);
    let mut fresh = group("fresh", 4, Version::V5_0);
    fresh.clean_start = true;
    fresh.subscribe = subscribe("a/state/#", QoS::AtLeastOnce);
    fresh.duty = Some(Duty {
        online: Range { least: 4 * SECOND, most: 8 * SECOND },
        offline: Range { least: SECOND, most: 3 * SECOND },
        parting: Parting::Disconnects(None),
    });
    let mut writer = group("writer", 10, Version::V5_0);
    writer.publish = publish("a/{n}", [1, 2, 2], false);
    writer.will = Some(Will {
        topic: topic("a/will/{n}"),
        qos: QoS::AtLeastOnce,
        retain: false,
        delay: 0,
        chance: 1_000_000,
    });
    let mut old_writer = group("old-writer", 5, Version::V3_1_1);
    old_writer.publish = publish("a/state/{n}", [0, 1, 1], true);
    let phase = |lasts, event| Phase { name: "phase".to_owned(), lasts, event };
    Plan {
        title: "A small fleet".to_owned(),
        groups: vec![reader, old_reader, fresh, writer, old_writer],
        phases: vec![phase(2 * SECOND, PhaseEvent::Ramp), phase(58 * SECOND, PhaseEvent::Steady)],
        limits: Limits::default(),
    }
}

fn play(options: &Options) -> Outcome {
    let layout = Layout::new(fleet()).unwrap();
    World::new(&layout, options).play(|_| true)
}

fn seeded(seed: u64) -> Options {
    Options { seed, ..Options::default() }
}

#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
fn the_reference_broker_keeps_its_promises(#[case] seed: u64) {
    let verdict = play(&seeded(seed)).verdict;
    assert_eq!(verdict.findings, []);
    assert!(verdict.is_conforming());
    let kept: u64 = verdict.kept.values().sum();
    assert!(kept > 500, "only {kept} deliveries were owed");
}

#[test]
fn a_seed_means_the_same_run() {
    let (first, again, other) = (play(&seeded(7)), play(&seeded(7)), play(&seeded(8)));
    assert_eq!(first.trace, again.trace);
    assert_ne!(first.trace, other.trace);
    assert!(first.events > 10_000, "{} events", first.events);
}

/// Another value means that every run has become another one: by intention, or because something depends on the machine,
/// the build or the order of a hash.
#[test]
fn a_seed_means_the_same_run_on_every_machine() {
    let outcome = play(&seeded(7));
    assert_eq!((outcome.events, outcome.trace), (12_501, 12_271_738_642_003_253_436));
}

#[rstest]
#[case(Rule::UnacknowledgedResent, Promise::Delivered)]
#[case(Rule::MessagesKeptForAbsent, Promise::Delivered)]
#[case(Rule::Qos2DuplicatesNotPassedOn, Promise::ExactlyOnce)]
#[case(Rule::SessionOutlivesConnection, Promise::SessionKept)]
#[case(Rule::CleanStartDiscardsSession, Promise::NothingFromBefore)]
#[case(Rule::WillPublished, Promise::WillPublished)]
#[case(Rule::RetainedReplaced, Promise::LastWriterRetained)]
#[case(Rule::RetainedSentOnSubscribe, Promise::RetainedSent)]
#[case(Rule::QueueInOrder, Promise::InOrder)]
#[case(Rule::GrantedQosIsMaximum, Promise::RightQoS)]
#[case(Rule::ReceiveMaximumHonoured, Promise::ReceiveMaximum)]
fn a_mutant_shows(#[case] rule: Rule, #[case] promise: Promise) {
    let options = Options { rules: Rules::all().without(rule), ..seeded(1) };
    let verdict = play(&options).verdict;
    let counts = verdict.counts;
    assert!(counts.contains_key(&(Decision::Broken, promise)), "{counts:?}");
}

#[test]
fn what_is_left_out_changes_nothing_for_the_others() {
    let everybody: Vec<u32> = (0..24).collect();
    let left_out = LeftOut { devices: Some(everybody), ..LeftOut::default() };
    assert_eq!(play(&Options { left_out, ..seeded(7) }).trace, play(&seeded(7)).trace);
    let left_out = LeftOut { devices: Some(vec![0, 9]), ..LeftOut::default() };
    let outcome = play(&Options { left_out, ..seeded(7) });
    assert!(outcome.verdict.is_conforming());
    assert_eq!(outcome.numbers.groups().iter().map(|group| u64::from(group.connects > 0)).sum::<u64>(), 2);
}

#[test]
fn a_run_that_is_ended_says_so() {
    let layout = Layout::new(fleet()).unwrap();
    let outcome = World::new(&layout, &seeded(1)).play(|progress| progress.now < 10 * SECOND);
    assert!(!outcome.verdict.complete && !outcome.verdict.is_conforming() && !outcome.verdict.is_broken());
    assert!(outcome.ended < 12 * SECOND);
}

#[test]
fn random_plans_are_kept_by_the_reference_broker_and_not_by_mutants() {
    let outcome = |seed, rules| {
        let layout = Layout::new(random_plan(seed)).unwrap();
        World::new(&layout, &Options { rules, ..seeded(seed) }).play(|_| true)
    };
    for seed in 1..8 {
        let verdict = outcome(seed, Rules::all()).verdict;
        assert_eq!(verdict.broken().collect::<Vec<_>>(), Vec::<&Finding>::new(), "seed {seed}");
    }
    let lossy = Rules::all().without(Rule::UnacknowledgedResent);
    let found = (1..25).find(|seed| outcome(*seed, lossy).verdict.is_broken());
    assert!(found.is_some(), "no seed shows that messages are not sent again");
}

#[test]
fn a_finding_is_shrunk_to_few_devices() {
    let layout = Layout::new(fleet()).unwrap();
    let options = Options { rules: Rules::all().without(Rule::UnacknowledgedResent), ..seeded(1) };
    let verdict = World::new(&layout, &options).play(|_| true).verdict;
    let finding = verdict.broken().next().unwrap();
    let shrunk = shrink(&layout, &options, finding, &|| false).unwrap();
    assert!(shrunk.left_out.devices.as_ref().is_some_and(|devices| devices.len() <= 3), "{shrunk:?}");
    assert!(shrunk.left_out.faults.as_ref().is_some_and(|faults| faults.len() <= 3), "{shrunk:?}");
    let options = Options { left_out: shrunk.left_out, ..options };
    let again = World::new(&layout, &options).play(|_| true).verdict;
    assert!(again.broken().any(|finding| *finding == shrunk.finding));
    let whole = Options { rules: Rules::all(), ..options };
    assert!(!World::new(&layout, &whole).play(|_| true).verdict.is_broken());
}

/// The reference broker, with all that it got on each network connection.
struct Listening {
    near: Near,
    heard: Rc<RefCell<BTreeMap<ConnectionId, Vec<u8>>>>,
}

impl Far for Listening {
    fn handle(&mut self, now: u64, input: Input, outputs: &mut Vec<Output>) {
        if let Input::Bytes(id, bytes) = &input {
            self.heard.borrow_mut().entry(*id).or_default().extend_from_slice(bytes);
        }
        self.near.handle(now, input, outputs);
    }

    fn next_timeout(&self) -> Option<u64> {
        self.near.next_timeout()
    }

    fn restart(&mut self) -> bool {
        self.near.restart()
    }

    fn opens_at_once(&self) -> bool {
        true
    }
}

/// How many bytes of these are whole packets: the others are the beginning of one.
fn whole(mut bytes: &[u8]) -> bool {
    while let [first, length, rest @ ..] = bytes {
        let is_short = length & 0x80 == 0;
        assert!(matches!(first >> 4, 1 | 3..=8 | 10 | 12 | 14), "{first:#x} begins no packet of a client");
        let (size, rest) = match rest {
            [more, rest @ ..] if !is_short => (usize::from(length & 0x7F) + (usize::from(*more) << 7), rest),
            _ if is_short => (usize::from(*length), rest),
            _ => return false,
        };
        let Some(behind) = rest.get(size..) else { return false };
        bytes = behind;
    }
    bytes.is_empty()
}

#[test]
fn a_part_of_a_packet_is_the_last_that_comes_of_a_connection() {
    let mut plan = fleet();
    for group in &mut plan.groups {
        group.link.cut = Some(Range { least: SECOND, most: 4 * SECOND });
    }
    let layout = Layout::new(plan).unwrap();
    let (options, heard) = (seeded(3), Rc::default());
    let near = Near::new(&options.config, options.rules, false);
    let mut world = World::with(&layout, &options, Listening { near, heard: Rc::clone(&heard) });
    world.advance(30 * SECOND);
    let heard = heard.borrow();
    let cut = heard.values().filter(|bytes| !whole(bytes)).count();
    assert!(cut > 10, "{cut} of {} connections were cut inside a packet", heard.len());
}
