//! Two runs compared.

use mqttspec::{
    report::{
        Report,
        compare::{Change, Comparison, html, markdown, terminal},
    },
    verdict::{Grade, ScenarioResult},
};
use mqttspec_spec::v5;
use rstest::rstest;

use crate::{expect, sample};

fn only(grade: Grade) -> Report {
    let mut report = sample::report(sample::only(grade));
    for result in &mut report.run.results {
        "the/same".clone_into(&mut result.scenario);
        result.variant.clear();
    }
    report
}

fn nothing() -> Report {
    sample::report(sample::unreachable())
}

#[rstest]
#[case(only(Grade::Pass), only(Grade::Pass), None)]
#[case(only(Grade::Fail), only(Grade::Fail), None)]
#[case(only(Grade::Pass), only(Grade::Fail), Some(Change::NewFailure))]
#[case(only(Grade::Skip), only(Grade::Fail), Some(Change::NewFailure))]
#[case(nothing(), only(Grade::Fail), Some(Change::NewFailure))]
#[case(only(Grade::Pass), only(Grade::Warn), Some(Change::Worse))]
#[case(only(Grade::Pass), only(Grade::Inconclusive), Some(Change::Worse))]
#[case(only(Grade::Fail), only(Grade::Warn), Some(Change::Fixed))]
#[case(only(Grade::Fail), only(Grade::Pass), Some(Change::Fixed))]
#[case(only(Grade::Fail), only(Grade::Inconclusive), Some(Change::Changed))]
#[case(only(Grade::Pass), only(Grade::Skip), Some(Change::Changed))]
#[case(nothing(), only(Grade::Pass), Some(Change::Appeared))]
#[case(only(Grade::Fail), nothing(), Some(Change::Vanished))]
fn each_run_has_one_change(#[case] old: Report, #[case] new: Report, #[case] expected: Option<Change>) {
    let comparison = Comparison::of(&old, &new);
    assert_eq!(comparison.changes.keys().next().copied(), expected);
    assert_eq!(comparison.changes.len(), usize::from(expected.is_some()));
    assert_eq!(comparison.is_worse(), expected.is_some_and(Change::is_worse));
}

#[test]
fn a_failure_that_breaks_more_is_new() {
    let (old, mut new) = (only(Grade::Fail), only(Grade::Fail));
    new.run.results[0].broken.push(v5!("4.1.0-1"));
    assert!(Comparison::of(&old, &new).is_worse());
}

/// One of each change.
fn reports() -> [Report; 2] {
    let case = |name: &str, grade: Grade| ScenarioResult {
        scenario: format!("v5.0/3.3-publish/{name}"),
        variant: String::new(),
        ..sample::only(grade).results.remove(0)
    };
    let mut old = sample::report(sample::only(Grade::Pass));
    let mut new = old.clone();
    let steps = [
        ("breaks", Some(Grade::Pass), Some(Grade::Fail)),
        ("worse", Some(Grade::Pass), Some(Grade::Warn)),
        ("mended", Some(Grade::Fail), Some(Grade::Pass)),
        ("changed", Some(Grade::Pass), Some(Grade::Skip)),
        ("new", None, Some(Grade::Pass)),
        ("gone", Some(Grade::Pass), None),
    ];
    for (name, before, after) in steps {
        old.run.results.extend(before.map(|grade| case(name, grade)));
        new.run.results.extend(after.map(|grade| case(name, grade)));
    }
    [old, new]
}

#[test]
fn a_comparison_looks_like_this() {
    let [old, new] = reports();
    let comparison = Comparison::of(&old, &new);
    expect("comparison.txt", &terminal(&comparison, 100, false));
    expect("comparison.md", &markdown(&comparison));
}

#[test]
fn a_comparison_is_rendered_harmlessly() {
    let (old, mut new) = (only(Grade::Pass), only(Grade::Fail));
    new.run.results[0].title = "<script>alert(1)</script>\u{1b}[2J".to_owned();
    new.run.results[0].scenario = "<img src=x>\u{1b}[2J".to_owned();
    let comparison = Comparison::of(&old, &new);
    for text in [html(&comparison), markdown(&comparison), terminal(&comparison, 100, false)] {
        assert_eq!(text.chars().find(|char| char.is_control() && *char != '\n'), None, "{text}");
        assert!(!text.contains("<script>"), "{text}");
    }
    assert!(!html(&comparison).contains("<img"));
    assert!(!markdown(&comparison).contains("<img"));
}
