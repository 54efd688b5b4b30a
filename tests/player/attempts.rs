//! What the load of many scenarios may have brought about is played again; what packets prove is not.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mqttspec::{
    runner::{self, Options, Stop, plan::Selection},
    scenario,
    target::Trust,
    verdict::{Evidence, EvidenceKind, Grade, RunReport},
};
use mqttspec_spec::{Version, v3};
use mqttspec_wire::{
    Decoder, Packet, PacketId, Properties, Sender,
    packet::{Ack, Suback},
};
use rstest::rstest;

use crate::broker::{Act, courtesy, stray};

const SCENARIO: &str = "
title: made up
covers: {v3.1.1: [3.3.4-1]}
prepare:
  - client: connect
steps:
  - client: {publish: {topic: $topic/t, qos: 1, payload: x}, else: fail}
";

const SUBSCRIBING: &str = "
title: made up
covers: {v3.1.1: [3.3.4-1]}
prepare:
  - client: connect
steps:
  - client: {subscribe: {filter: $topic/t, qos: 2}, else: fail}
";

const OPEN_TOO_LONG: &str = "
title: made up
covers: {v3.1.1: [3.3.4-1]}
prepare:
  - client: connect
  - client: {publish: {topic: $topic/t, qos: 1, payload: x}}
steps:
  - client: {expect-closed: {left-open: fail}, within: 50ms}
";

/// What the broker does about the first messages; it acknowledges the others.
#[derive(Clone, Copy)]
enum Mood {
    Closes,
    /// And is at leisure: it answers a ping at once.
    StaysSilent,
    /// And takes its time for every ping from then on.
    IsBusy,
    AnswersSomethingElse,
    /// And sends what others published.
    MixesUp,
    /// And sends clients that come a message on the topic that they will subscribe to.
    IsRash,
}

/// The bytes at the beginning of a client identifier that name the run, as its topics do.
const UNIQUE: usize = 9;

/// The time that this broker takes to end its side after a DISCONNECT.
const SLOW_END: Duration = Duration::from_millis(30);

/// A broker for MQTT 3.1.1 on a port of its own, with the number of messages that it got.
fn broker(mood: Mood, first: usize) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let messages = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&messages);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let messages = Arc::clone(&messages);
            std::thread::spawn(move || serve(stream, mood, first, &messages));
        }
    });
    (port, counted)
}

fn serve(mut stream: TcpStream, mood: Mood, first: usize, messages: &AtomicUsize) {
    let mut decoder = Decoder::new(Sender::Client, None);
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        decoder.feed(&buffer[..count]);
        while let Ok(Some(frame)) = decoder.next() {
            for act in answer(&frame.packet, mood, first, messages) {
                match act {
                    Act::Send(packet) => {
                        stream.write_all(&packet.to_bytes(Version::V3_1_1)).unwrap();
                    }
                    _ => return,
                }
            }
        }
    }
}

fn answer(packet: &Packet, mood: Mood, first: usize, messages: &AtomicUsize) -> Vec<Act> {
    let puback = |id| vec![Act::Send(Packet::Puback(Ack::success(id)))];
    match packet {
        Packet::Connect(connect) if connect.version == Version::V5_0 => vec![Act::Close],
        Packet::Connect(connect) if matches!(mood, Mood::IsRash) && connect.client_id.ends_with("client") => {
            [courtesy(packet), vec![stray(&format!("mqttspec/{}/t", &connect.client_id[..UNIQUE]))]].concat()
        }
        Packet::Subscribe(subscribe) => vec![Act::Send(Packet::Suback(Suback {
            id: subscribe.id,
            properties: Properties::new(),
            reasons: vec![mqttspec_wire::ReasonCode(2)],
        }))],
        Packet::Publish(publish) => {
            let id = publish.delivery.id().unwrap();
            // The probe publishes too, to topics with `$`.
            if publish.topic.starts_with('$') || messages.fetch_add(1, Ordering::SeqCst) >= first {
                return puback(id);
            }
            match mood {
                Mood::Closes => vec![Act::Close],
                Mood::StaysSilent | Mood::IsBusy => Vec::new(),
                Mood::AnswersSomethingElse => puback(PacketId::new(0x7777).unwrap()),
                Mood::IsRash => puback(id),
                Mood::MixesUp => [vec![stray("mqttspec/of-another/t")], puback(id)].concat(),
            }
        }
        Packet::Pingreq if matches!(mood, Mood::IsBusy) && messages.load(Ordering::SeqCst) > 0 => {
            std::thread::sleep(Duration::from_millis(200));
            courtesy(packet)
        }
        other => courtesy(other),
    }
}

fn run(port: u16, count: usize) -> RunReport {
    run_all(port, SCENARIO, count, None)
}

fn run_all(port: u16, text: &str, count: usize, jobs: Option<usize>) -> RunReport {
    let scenario = |number| scenario::load_str(&format!("made-up-{number}"), "made-up.yaml", text).unwrap();
    let scenarios: Vec<_> = (0..count).map(|number| Arc::new(scenario(number))).collect();
    let options = Options {
        target: format!("mqtt://127.0.0.1:{port}").parse().unwrap(),
        trust: Trust::default(),
        drip: false,
        selection: Selection::default(),
        jobs,
        launcher: None,
        seed: 7,
    };
    runner::run(&scenarios, &options, &Stop::default(), &mut |_| ()).unwrap()
}

#[rstest]
#[case::well(Mood::Closes, 0, Grade::Pass, 1)]
#[case::closed_once(Mood::Closes, 1, Grade::Pass, 2)]
#[case::closed_twice(Mood::Closes, 2, Grade::Pass, 3)]
#[case::closed_every_time(Mood::Closes, 9, Grade::Fail, 3)]
#[case::silent_at_leisure(Mood::StaysSilent, 1, Grade::Fail, 1)]
#[case::busy_once(Mood::IsBusy, 1, Grade::Pass, 2)]
#[case::busy_every_time(Mood::IsBusy, 9, Grade::Fail, 2)]
#[case::mixed_up_once(Mood::MixesUp, 1, Grade::Pass, 2)]
#[case::mixed_up_every_time(Mood::MixesUp, 9, Grade::Pass, 2)]
#[case::wrong_once(Mood::AnswersSomethingElse, 1, Grade::Fail, 1)]
fn attempts(#[case] mood: Mood, #[case] first: usize, #[case] grade: Grade, #[case] expected: usize) {
    let (port, messages) = broker(mood, first);
    let report = run(port, 1);
    let grades: Vec<Grade> = report.results.iter().map(|result| result.grade).collect();
    assert_eq!(grades, [grade], "{:#?}", report.results);
    assert_eq!(messages.load(Ordering::SeqCst), expected);
}

/// Who answers a ping at once does not keep a network connection open because there is so much to do.
#[rstest]
#[case::at_leisure(Mood::StaysSilent, 1)]
#[case::busy(Mood::IsBusy, 2)]
fn what_stays_open_too_long(#[case] mood: Mood, #[case] expected: usize) {
    let (port, messages) = broker(mood, 0);
    let report = run_all(port, OPEN_TOO_LONG, 1, None);
    assert_eq!(report.results[0].grade, Grade::Fail, "{:#?}", report.results);
    assert_eq!(messages.load(Ordering::SeqCst), expected);
}

/// If one client gets the messages of others, all that was played beside others is played again.
#[test]
fn a_broker_that_mixes_up_its_clients_is_judged_by_what_is_played_alone() {
    let (port, messages) = broker(Mood::MixesUp, 1);
    let report = run(port, 3);
    assert_eq!(report.results.len(), 3, "{:#?}", report.results);
    assert!(report.results.iter().all(|result| result.grade == Grade::Pass));
    assert_eq!(messages.load(Ordering::SeqCst), 6);
}

/// What a broker sends without being asked has come before a client asks, if there is time for that.
#[rstest]
#[case::alone(Some(1), &["CONNECT", "CONNACK", "PINGREQ", "PINGRESP", "SUBSCRIBE", "SUBACK"])]
#[case::beside_others(None, &["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK"])]
fn who_is_alone_pings_before_it_subscribes(#[case] jobs: Option<usize>, #[case] expected: &[&str]) {
    let (port, _) = broker(Mood::Closes, 0);
    let report = run_all(port, SUBSCRIBING, 1, jobs);
    let result = &report.results[0];
    assert_eq!(result.grade, Grade::Pass, "{result:#?}");
    let packets: Vec<String> = result.evidence.iter().filter_map(packet_type).collect();
    assert_eq!(packets, expected);
}

/// It is no answer either: only the referee accuses the broker.
#[test]
fn what_comes_before_anybody_asked_is_no_answer() {
    let (port, _) = broker(Mood::IsRash, 0);
    let text = format!("{SUBSCRIBING}  - client: {{expect-nothing-more: {{}}, else: fail}}\n");
    let report = run_all(port, &text, 1, Some(1));
    assert_eq!(report.results[0].broken, [v3!("3.3.2-3")], "{:#?}", report.results);
}

/// The type of the packet that was sent or received.
fn packet_type(evidence: &Evidence) -> Option<String> {
    match &evidence.kind {
        EvidenceKind::Packet { summary, .. } => summary.split(' ').next().map(str::to_owned),
        _ => None,
    }
}

/// The next scenario begins when the broker is done with the clients of the one before.
#[test]
fn clients_of_two_scenarios_do_not_meet() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (present, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&present), Arc::clone(&most));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (present, most) = (Arc::clone(&counted), Arc::clone(&highest));
            std::thread::spawn(move || serve_slowly(stream, &present, &most));
        }
    });
    let report = run_all(port, SCENARIO, 4, Some(1));
    assert!(report.results.iter().all(|result| result.grade == Grade::Pass), "{:#?}", report.results);
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

/// Serves a client, counts how many of the scenarios' clients are there, and ends its side a while after DISCONNECT.
fn serve_slowly(mut stream: TcpStream, present: &AtomicUsize, most: &AtomicUsize) {
    let mut decoder = Decoder::new(Sender::Client, None);
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        decoder.feed(&buffer[..count]);
        while let Ok(Some(frame)) = decoder.next() {
            match &frame.packet {
                Packet::Connect(connect) if connect.client_id.ends_with("client") => {
                    most.fetch_max(present.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                }
                Packet::Disconnect(_) if present.load(Ordering::SeqCst) > 0 => {
                    std::thread::sleep(SLOW_END);
                    present.fetch_sub(1, Ordering::SeqCst);
                    return;
                }
                _ => {}
            }
            for act in answer(&frame.packet, Mood::Closes, 0, &AtomicUsize::new(0)) {
                match act {
                    Act::Send(packet) => stream.write_all(&packet.to_bytes(Version::V3_1_1)).unwrap(),
                    _ => return,
                }
            }
        }
    }
}
