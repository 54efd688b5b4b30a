//! What continuous integration reads: JUnit and Markdown. Other people's parsers read them in `.ci/report-formats`.

use mqttspec::{
    report::{annotations, junit, markdown},
    verdict::{Grade, RunReport},
};
use rstest::rstest;

use crate::{expect, sample};

#[test]
fn junit_looks_like_this() {
    let mut run = sample::every_grade();
    run.results.truncate(8);
    expect("every-grade.xml", &junit(&[sample::report(run)]).unwrap());
}

#[test]
fn markdown_looks_like_this() {
    expect("every-grade.md", &markdown(&[sample::report(sample::every_grade())]));
}

#[rstest]
#[case(sample::only(Grade::Warn), false, 0)]
#[case(sample::only(Grade::Warn), true, 1)]
#[case(sample::only(Grade::Fail), false, 1)]
#[case(sample::only(Grade::Pass), false, 0)]
fn a_case_fails_where_the_run_does(#[case] run: RunReport, #[case] strict: bool, #[case] failures: usize) {
    let mut report = sample::report(run);
    report.provenance.strict = strict;
    let text = junit(&[report]).unwrap();
    assert!(text.contains(&format!("failures=\"{failures}\" errors=\"0\">")), "{text}");
    assert_eq!(text.matches("<failure").count(), failures);
}

#[test]
fn a_run_that_ended_early_is_an_error() {
    let text = junit(&[sample::report(sample::unreachable())]).unwrap();
    assert!(text.contains("errors=\"1\">"), "{text}");
    assert!(text.contains("refused the network connection"), "{text}");
}

#[test]
fn a_hostile_broker_stays_a_text() {
    let report = [sample::report(sample::hostile())];
    for text in [junit(&report).unwrap(), markdown(&report), annotations(&report)] {
        assert_eq!(text.chars().find(|char| char.is_control() && *char != '\n'), None);
        assert!(!text.contains('\u{202e}'));
        assert!(text.len() < 1024 * 1024, "{} bytes", text.len());
    }
}

#[test]
fn markdown_has_a_limit() {
    let mut run = sample::only(Grade::Fail);
    let one = run.results.remove(0);
    run.results = (0..40_000)
        .map(|count| mqttspec::verdict::ScenarioResult { variant: format!("qos={count}"), ..one.clone() })
        .collect();
    let text = markdown(&[sample::report(run)]);
    assert!(text.len() < 1024 * 1024, "{} bytes", text.len());
    assert!(text.contains("more; all are in the other reports."));
}
