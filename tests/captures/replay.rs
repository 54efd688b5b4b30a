//! Recorded clients, played against the reference broker: it does what mosquitto did, and a mutant does not.

use std::{collections::BTreeMap, fs, path::Path, rc::Rc, time::Duration};

use mqttspec::{
    capture::{
        KeyLog, record,
        replay::{Options, Outcome, replay},
    },
    stage::Play,
    target::in_process,
};
use reference_broker::{Broker, Config, Rule, Rules};
use rstest::rstest;

fn played(name: &str, broken: Option<&str>, prefix: &str) -> Outcome {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap").join(name);
    let file = fs::read(path).unwrap_or_default();
    let recordings = record(&file[..], KeyLog::default(), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recordings.left_out, []);
    let options = Options {
        patience: Duration::from_secs(3),
        speed: None,
        topic_prefix: prefix.to_owned(),
        client_prefix: prefix.to_owned(),
        passwords: BTreeMap::new(),
    };
    let rules = broken.into_iter().filter_map(Rule::named).fold(Rules::all(), Rules::without);
    let script = |stage| replay(stage, Rc::new(recordings.whole), Rc::new(options));
    let outcome =
        in_process::play(Play::new(Duration::ZERO, script), &mut Broker::new(Config::default(), rules));
    outcome.unwrap_or_else(|stuck| panic!("{stuck}"))
}

#[rstest]
#[case("mosquitto-3.1.1.pcapng", "")]
#[case("mosquitto-3.1.1.pcapng", "elsewhere/")]
#[case("paho-3.1.1.pcapng", "")]
#[case("paho-5.0.pcapng", "elsewhere/")]
#[case("websocket-5.0.pcapng", "")]
#[case("rumqttc-3.1.1.pcapng", "")]
#[case("rumqttc-5.0.pcapng", "")]
#[case("reordered.pcapng", "")]
fn a_broker_that_keeps_the_standard_does_the_same(#[case] name: &str, #[case] prefix: &str) {
    let outcome = played(name, None, prefix);
    assert_eq!((outcome.differences, outcome.stopped), (vec![], None));
    assert!(outcome.same >= 10, "{}", outcome.same);
}

#[rstest]
#[case("pubrec-sent", &["it did not come"])]
#[case("qos0-sent-once", &["it is not in the capture"])]
#[case("pubrel-echoes-identifier", &["packet identifier 512 instead of 2"])]
#[case("no-session-present-after-clean-start", &["session present 1 instead of 0"; 6])]
#[case("pubrel-flags", &["it did not come; what came cannot be decoded: "])]
fn a_mutant_differs_in_its_fault_and_in_nothing_else(#[case] rule: &str, #[case] expected: &[&str]) {
    let outcome = played("mosquitto-3.1.1.pcapng", Some(rule), "");
    let told: Vec<_> = outcome.differences.iter().map(|difference| difference.what.as_str()).collect();
    assert_eq!(told.len(), expected.len(), "{told:?}");
    assert!(told.iter().zip(expected).all(|(told, expected)| told.starts_with(expected)), "{told:?}");
}

#[test]
fn state_from_before_the_capture_is_a_difference() {
    let told = played("mosquitto-5.0.pcapng", None, "").differences;
    let live: Vec<_> = told.iter().map(|difference| difference.live.as_deref()).collect();
    assert_eq!(live, [None]);
    assert!(told[0].recorded.as_ref().is_some_and(|packet| packet.contains("RETAIN")), "{told:?}");
}
