//! Scenarios made of captures are sound, pass, and fail on a mutant.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use mqttspec::{
    capture::{
        KeyLog, record,
        scenario::{Options, scenario},
    },
    runner::{Embedded, plan},
    scenario::load_str,
    verdict::Grade,
};
use mqttspec_segments::{End, Frame, LinkType, Party, Recorder, synthetic::Wire};
use reference_broker::{Rule, Rules};
use rstest::rstest;

fn made(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap").join(name);
    made_of(&fs::read(path).unwrap_or_default())
}

fn made_of(file: &[u8]) -> String {
    let recordings = record(file, KeyLog::default(), &[]).unwrap_or_else(|error| panic!("{error}"));
    let options = Options { title: "As it was".to_owned(), without_pings: true };
    scenario(&recordings.whole, &options).unwrap_or_else(|error| panic!("{error}"))
}

/// The grade that a scenario gets from the reference broker, perhaps with a rule broken.
fn grade(text: &str, broken: Option<&str>) -> Grade {
    let scenario = load_str("made", "made.yaml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let runs = plan::plan(&[Arc::new(scenario)], &plan::Selection::default());
    let rules = broken.into_iter().filter_map(Rule::named).fold(Rules::all(), Rules::without);
    let embedded = Embedded::probed();
    runs.iter().map(|run| embedded.play(run, rules).grade).max().unwrap_or(Grade::Error)
}

#[rstest]
#[case("mosquitto-3.1.1.pcapng")]
#[case("mosquitto-5.0.pcapng")]
#[case("paho-3.1.1.pcapng")]
#[case("paho-5.0.pcapng")]
#[case("websocket-5.0.pcapng")]
#[case("rumqttc-3.1.1.pcapng")]
#[case("rumqttc-5.0.pcapng")]
#[case("tls-1.2.pcapng")]
#[case("reordered.pcapng")]
fn it_passes_where_nothing_is_broken(#[case] name: &str) {
    let text = made(name);
    assert!(text.contains("  - ") && text.contains("$topic/"), "{text}");
    assert_eq!(grade(&text, None), Grade::Pass, "{text}");
}

#[rstest]
#[case("pubrec-sent")]
#[case("puback-sent")]
#[case("forwarded-topic-matches")]
#[case("pubcomp-sent")]
fn it_fails_where_the_replay_differs(#[case] rule: &str) {
    assert_eq!(grade(&made("mosquitto-3.1.1.pcapng"), Some(rule)), Grade::Fail);
}

#[test]
fn what_nobody_published_is_not_expected() {
    let text = made("mosquitto-5.0.pcapng");
    assert!(text.contains("  # subscriber also got what nobody here has published: "), "{text}");
}

/// A capture of what clients, by their ports, and a broker said in turn. In the end the broker closes.
fn dialogue(turns: &[(u16, Party, &[u8])]) -> Vec<u8> {
    let mut wires: BTreeMap<u16, Wire> = BTreeMap::new();
    let mut frames = Vec::new();
    for (port, by, bytes) in turns {
        let wire = wires.entry(*port).or_insert_with(|| {
            let mut wire = Wire::new(([10, 0, 0, 1], *port).into(), ([10, 0, 0, 2], 1883).into());
            frames.extend(wire.open());
            wire
        });
        frames.extend(wire.bytes(*by, bytes));
    }
    frames.extend(wires.values_mut().filter_map(|wire| wire.end(Party::Second, End::Fin)));
    let mut recorder = Recorder::new(Vec::new()).unwrap_or_else(|error| panic!("{error}"));
    for (number, data) in (0..).zip(&frames) {
        let at = Duration::from_millis(number);
        let frame = Frame { number, at, link: LinkType::ETHERNET, data, original: data.len() };
        recorder.frame(&frame).unwrap_or_else(|error| panic!("{error}"));
    }
    recorder.finish()
}

const CLIENT: Party = Party::First;
const BROKER: Party = Party::Second;
/// Of MQTT 5.0, with the client identifier `c`, and an answer that allows ten Topic Aliases.
const CONNECT: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01c";
const CONNACK: &[u8] = b"\x20\x06\x00\x00\x03\x22\x00\x0A";

#[test]
fn a_refused_client_is_refused_again_and_gone() {
    let connect: &[u8] = b"\x10\x0C\x00\x04MQTT\x04\x00\x00\x3C\x00\x00";
    let text = made_of(&dialogue(&[(4000, CLIENT, connect), (4000, BROKER, b"\x20\x02\x00\x02")]));
    assert!(text.contains("{expect: {connack: {reason: 0x02}}, else: inconclusive"), "{text}");
    assert_eq!(grade(&text, None), Grade::Pass, "{text}");
    assert_eq!(grade(&text, Some("refusal-closes")), Grade::Fail, "{text}");
}

/// A broker may grant what another one refused, but has to answer.
#[test]
fn what_was_refused_may_be_granted_elsewhere() {
    let subscribe: &[u8] = b"\x82\x09\x00\x07\x00\x00\x03a/b\x01";
    let publish: &[u8] = b"\x32\x09\x00\x01t\x00\x08\x00abc";
    let text = made_of(&dialogue(&[
        (4000, CLIENT, CONNECT),
        (4000, BROKER, CONNACK),
        (4000, CLIENT, subscribe),
        (4000, BROKER, b"\x90\x04\x00\x07\x00\x87"),
    ]));
    assert!(
        text.contains("{expect: {suback: {packet-id: 7, reasons: [0x87]}}, else: inconclusive"),
        "{text}"
    );
    assert_eq!(grade(&text, None), Grade::Inconclusive, "{text}");
    assert_eq!(grade(&text, Some("suback-sent")), Grade::Fail, "{text}");
    let text = made_of(&dialogue(&[
        (4000, CLIENT, CONNECT),
        (4000, BROKER, CONNACK),
        (4000, CLIENT, publish),
        (4000, BROKER, b"\x40\x03\x00\x08\x97"),
    ]));
    assert!(text.contains("{expect: {puback: {packet-id: 8, reason: 0x97}}, else: inconclusive"), "{text}");
    assert_eq!(grade(&text, None), Grade::Inconclusive, "{text}");
    assert_eq!(grade(&text, Some("puback-sent")), Grade::Fail, "{text}");
}

#[test]
fn topic_aliases_are_used_again() {
    let message: &[u8] = b"\x30\x07\x00\x01t\x00abc";
    let text = made_of(&dialogue(&[
        (4000, CLIENT, CONNECT),
        (4000, BROKER, CONNACK),
        (4000, CLIENT, b"\x82\x07\x00\x01\x00\x00\x01t\x00"),
        (4000, BROKER, b"\x90\x04\x00\x01\x00\x00"),
        (4000, CLIENT, b"\x30\x0A\x00\x01t\x03\x23\x00\x01abc"),
        (4000, BROKER, message),
        (4000, CLIENT, b"\x30\x09\x00\x00\x03\x23\x00\x01abc"),
        (4000, BROKER, message),
    ]));
    assert!(text.contains("needs: [topic-alias]") && text.contains("topic: \"\", "), "{text}");
    assert_eq!(grade(&text, None), Grade::Pass, "{text}");
    assert_eq!(grade(&text, Some("forwarded-topic-matches")), Grade::Fail, "{text}");
}

/// Of two messages that were published only one had come when the client left: the other one may come.
#[test]
fn who_got_everything_gets_nothing_more() {
    const DISCONNECT: &[u8] = b"\xE0\x00";
    let message: &[u8] = b"\x30\x07\x00\x01t\x00abc";
    let turns = [
        (4000, CLIENT, CONNECT),
        (4000, BROKER, CONNACK),
        (4000, CLIENT, &b"\x82\x07\x00\x01\x00\x00\x01t\x00"[..]),
        (4000, BROKER, b"\x90\x04\x00\x01\x00\x00"),
        (4000, CLIENT, message),
        (4000, BROKER, message),
    ];
    let text = made_of(&dialogue(&[&turns[..], &[(4000, CLIENT, DISCONNECT)]].concat()));
    assert!(text.contains("{expect-nothing-more: {}, else: fail 4.3.1-1}"), "{text}");
    assert_eq!(grade(&text, None), Grade::Pass, "{text}");
    assert_eq!(grade(&text, Some("qos0-sent-once")), Grade::Fail, "{text}");
    let text =
        made_of(&dialogue(&[&turns[..], &[(4000, CLIENT, message), (4000, CLIENT, DISCONNECT)]].concat()));
    assert!(!text.contains("expect-nothing-more"), "{text}");
}

#[test]
fn who_was_sent_away_is_sent_away_again() {
    let text = made_of(&dialogue(&[
        (4000, CLIENT, CONNECT),
        (4000, BROKER, CONNACK),
        (4001, CLIENT, CONNECT),
        (4000, BROKER, b"\xE0\x02\x8E\x00"),
        (4001, BROKER, CONNACK),
    ]));
    assert!(text.contains("{expect-closed: {reason: 0x8e}, else: fail 3.1.4-3}"), "{text}");
}

#[rstest]
#[case(b"\xF0\x06\x18\x04\x15\x00\x01x", "enhanced authentication cannot be repeated")]
#[case(b"\xE0\x02\x8B\x00", "the broker ends the conversation with 0x8B, for which")]
fn what_cannot_happen_again_is_told(#[case] packet: &[u8], #[case] expected: &str) {
    let file = dialogue(&[(4000, CLIENT, CONNECT), (4000, BROKER, CONNACK), (4000, BROKER, packet)]);
    let recordings = record(&file[..], KeyLog::default(), &[]).unwrap();
    let options = Options { title: "As it was".to_owned(), without_pings: true };
    let error = scenario(&recordings.whole, &options).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}
