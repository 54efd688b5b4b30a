//! Scenarios made of captures are sound, pass, and fail on a mutant.

use std::{fs, path::Path, sync::Arc};

use mqttspec::{
    capture::{
        KeyLog, record,
        scenario::{Options, scenario},
    },
    runner::{Embedded, plan},
    scenario::load_str,
    verdict::Grade,
};
use reference_broker::{Rule, Rules};
use rstest::rstest;

fn made(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap").join(name);
    let file = fs::read(path).unwrap_or_default();
    let recordings = record(&file[..], KeyLog::default(), &[]).unwrap_or_else(|error| panic!("{error}"));
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
