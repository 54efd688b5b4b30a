//! How reports look: compared with the files in `tests/report/expected`. To accept a change, set `ACCEPT=1` and read
//! the difference before it is committed.
#![expect(clippy::panic, reason = "the helpers of a test may fail it")]

mod baseline;
mod ci;
mod compare;
mod frames;
mod html;
mod json;
mod latency;
mod sample;
mod schema;

use std::{env, fs, path::Path, time::Duration};

use mqttspec::{
    report::{View, json, terminal},
    verdict::{Grade, RunReport},
};
use rstest::rstest;

const PLAIN: View<'_> = View { width: 100, colour: false, strict: false, arguments: &[] };

pub(crate) fn expect(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/expected").join(name);
    if env::var_os("ACCEPT").is_some() {
        assert!(fs::write(&path, actual).is_ok(), "cannot write {}", path.display());
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "differs from {}; to accept it, set ACCEPT=1", path.display());
}

#[rstest]
#[case("every-grade-80.txt", 80)]
#[case("every-grade-120.txt", 120)]
fn every_grade_fits_the_width(#[case] name: &str, #[case] width: usize) {
    let text = terminal(&sample::every_grade(), &View { width, ..PLAIN });
    let too_wide = |line: &&str| line.chars().count() > width && !line.contains("mqttspec run");
    assert_eq!(text.lines().rev().skip(1).find(too_wide), None);
    expect(name, &text);
}

#[rstest]
#[case("conforming.txt", sample::conforming())]
#[case("stopped-early.txt", sample::stopped())]
#[case("unreachable.txt", sample::unreachable())]
#[case("hostile.txt", sample::hostile())]
#[case("close-look.txt", sample::only(Grade::Warn))]
fn a_report_looks_like_this(#[case] name: &str, #[case] report: RunReport) {
    expect(name, &terminal(&report, &PLAIN));
}

/// Of a run that mostly waited for one scenario, it is said for which. Virtual time explains nothing.
#[rstest]
#[case::short(3, None)]
#[case::long(11_000, Some("the longest 11.0 s ("))]
#[case::virtual_time(60_000, None)]
fn what_all_waited_for(#[case] millis: u64, #[case] expected: Option<&str>) {
    let mut report = sample::every_grade();
    report.results[1].duration = Duration::from_millis(millis);
    let said = expected.map(|words| format!("{words}{})", report.results[1].scenario));
    let text = terminal(&report, &View { width: 200, ..PLAIN });
    assert_eq!(text.contains("the longest"), said.is_some());
    assert!(said.is_none_or(|said| text.contains(&said)), "{text}");
}

#[test]
fn what_is_the_same_is_said_once() {
    expect("many-alike.txt", &terminal(&sample::many_alike(), &PLAIN));
}

#[test]
fn colour_is_all_that_colour_adds() {
    let report = sample::every_grade();
    let coloured = terminal(&report, &View { colour: true, ..PLAIN });
    expect("colour.txt", &coloured.replace('\u{1b}', "^"));
    let mut pieces = coloured.split("\u{1b}[");
    let first = pieces.next().unwrap().to_owned();
    let plain = pieces.fold(first, |plain, piece| plain + piece.split_once('m').unwrap().1);
    assert_eq!(plain, terminal(&report, &PLAIN));
}

#[test]
fn nothing_that_a_broker_sends_reaches_the_terminal_raw() {
    let text = terminal(&sample::hostile(), &PLAIN);
    assert_eq!(text.chars().find(|char| char.is_control() && *char != '\n'), None);
    assert!(!text.contains('\u{202e}'), "a bidirectional override");
    assert!(!text.lines().any(|line| line.starts_with("conforming")), "a forged verdict");
    let json = json(&sample::report(sample::hostile())).unwrap();
    assert_eq!(json.chars().find(|char| char.is_control() && *char != '\n' || *char == '\u{202e}'), None);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let observed = document["results"][0]["findings"][0]["observed"].as_str().unwrap();
    assert_eq!(observed, sample::hostile().results[0].findings[0].observed);
    assert!(text.lines().count() < 120, "{} lines", text.lines().count());
}

#[rstest]
#[case(sample::conforming(), false, "conforming: 2 statements judged, none broken")]
#[case(sample::only(Grade::Fail), false, "not conforming: 2 statements broken: v5.0:2.2.1-4, v5.0:3.3.1-5")]
#[case(
    sample::only(Grade::Warn),
    true,
    "not conforming: nothing that must hold is broken, but --strict counts 1 warning: v5.0:4.13.1-1"
)]
#[case(
    sample::only(Grade::Warn),
    false,
    "conforming: 1 statement judged, none broken; 1 run with lesser deviations"
)]
#[case(sample::only(Grade::Skip), false, "could not decide: every run was skipped")]
#[case(
    sample::only(Grade::Inconclusive),
    false,
    "could not decide: nothing was found broken, but 1 run did not get to the point"
)]
#[case(
    sample::only(Grade::Error),
    false,
    "could not decide: nothing was found broken, but 1 run ended in an error"
)]
#[case(sample::unreachable(), false, "could not decide: mqtt://127.0.0.1:1 refused the network connection")]
#[case(
    sample::stopped(),
    false,
    "not conforming: 2 statements broken: v5.0:2.2.1-4, v5.0:3.3.1-5; the run ended early: interrupted"
)]
fn the_last_line_is_the_verdict(#[case] report: RunReport, #[case] strict: bool, #[case] expected: &str) {
    let text = terminal(&report, &View { strict, ..PLAIN });
    assert_eq!(text.lines().last(), Some(expected));
}
