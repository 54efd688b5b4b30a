//! Runs held against a baseline.

use mqttspec::{
    report::{
        Broker, Conclusion, Report,
        baseline::{Accepted, Baseline, Settled, What},
        junit,
    },
    verdict::Grade,
};
use mqttspec_spec::{StatementId, Version, v5};
use rstest::rstest;

use crate::sample;

/// What the failure of the sample breaks.
const BROKEN: [&str; 2] = ["3.3.1-5", "2.2.1-4"];

fn failing() -> Report {
    sample::report(sample::every_grade())
}

fn entry(scenario: &str, variant: Option<&str>, broken: &[&str]) -> Accepted {
    Accepted {
        what: What::Scenario {
            id: scenario.to_owned(),
            version: Some(Version::V5_0),
            variant: variant.map(str::to_owned),
            broken: broken.iter().map(|label| (*label).to_owned()).collect(),
        },
        broker_version: None,
        why: "It forgets.".to_owned(),
    }
}

fn statement(id: StatementId) -> Accepted {
    Accepted { what: What::Statement(id), broker_version: None, why: "It never did.".to_owned() }
}

const FAILS: &str = "common/3.3-publish/retained-replaced";
const PASSES: &str = "common/3.3-publish/retained-kept";

fn of(entries: Vec<Accepted>) -> Baseline {
    Baseline { head: String::new(), entries }
}

#[rstest]
#[case::by_scenario(vec![entry(FAILS, None, &[])], (1, 0, 0, 0))]
#[case::by_variant_and_statements(vec![entry(FAILS, Some("qos=1 retain=true"), &BROKEN)], (1, 0, 0, 0))]
#[case::breaks_more_than_is_known(vec![entry(FAILS, None, &["3.3.1-5"])], (0, 1, 0, 0))]
#[case::another_variant(vec![entry(FAILS, Some("qos=2"), &[])], (0, 1, 0, 1))]
#[case::by_statements(vec![statement(v5!("3.3.1-5")), statement(v5!("2.2.1-4"))], (1, 0, 0, 0))]
#[case::by_one_of_two_statements(vec![statement(v5!("3.3.1-5"))], (0, 1, 0, 0))]
#[case::both_ways(vec![entry(FAILS, None, &["2.2.1-4"]), statement(v5!("3.3.1-5"))], (1, 0, 0, 0))]
#[case::it_passes(vec![entry(FAILS, None, &[]), entry(PASSES, None, &[])], (1, 0, 1, 0))]
#[case::a_statement_that_holds(vec![entry(FAILS, None, &[]), statement(v5!("3.3.1-6"))], (1, 0, 1, 0))]
#[case::nothing_is_about_it(vec![entry(FAILS, None, &[]), entry("gone", None, &[])], (1, 0, 0, 1))]
#[case::nothing_is_known(vec![], (0, 1, 0, 0))]
fn failures_are_known_new_or_gone(
    #[case] entries: Vec<Accepted>,
    #[case] (known, new, unexpected, stale): (usize, usize, usize, usize),
) {
    let settled = Settled::of(&failing(), &of(entries));
    let counts = (settled.known.len(), settled.new.len(), settled.unexpected.len(), settled.stale.len());
    assert_eq!(counts, (known, new, unexpected, stale));
}

#[rstest]
#[case("1.2", 1)]
#[case("1.3", 0)]
fn an_entry_may_hold_for_one_version_of_the_broker(#[case] version: &str, #[case] known: usize) {
    let condition = Accepted { broker_version: Some(version.to_owned()), ..entry(FAILS, None, &[]) };
    let mut report = failing();
    report.provenance.broker = Some(Broker::parse("examplemq 1.2"));
    assert_eq!(Settled::of(&report, &of(vec![condition])).known.len(), known);
}

#[rstest]
#[case(Grade::Fail, vec![entry(FAILS, None, &[])], Conclusion::Conforming)]
#[case(Grade::Fail, vec![], Conclusion::NotConforming)]
#[case(Grade::Pass, vec![], Conclusion::Conforming)]
#[case(Grade::Pass, vec![entry(PASSES, None, &[])], Conclusion::NotConforming)]
#[case(Grade::Inconclusive, vec![], Conclusion::Undecided)]
#[case(Grade::Skip, vec![], Conclusion::Undecided)]
fn only_what_the_baseline_does_not_say_counts(
    #[case] grade: Grade,
    #[case] entries: Vec<Accepted>,
    #[case] expected: Conclusion,
) {
    let report = sample::report(sample::only(grade));
    assert_eq!(Settled::of(&report, &of(entries)).conclusion(&report), expected);
}

#[test]
fn an_update_keeps_reasons_adds_failures_and_deletes_what_passes() {
    let report = failing();
    let old = Baseline {
        head: "# Ours.\n".to_owned(),
        entries: vec![entry(PASSES, None, &[]), entry("gone", None, &[]), statement(v5!("3.3.1-5"))],
    };
    let new = Settled::of(&report, &old).updated(&report, &old);
    let expected = "# Ours.
examined:
  - scenario: gone
    version: \"5.0\"
    why: It forgets.
  - statement: v5.0:3.3.1-5
    why: It never did.
  - scenario: common/3.3-publish/retained-replaced
    version: \"5.0\"
    variant: qos=1 retain=true
    broken: [2.2.1-4, 3.3.1-5]
    why: Not examined yet.
";
    assert_eq!(new.yaml(), expected);
    let settled = Settled::of(&report, &new);
    assert_eq!((settled.known.len(), settled.new.len(), settled.unexpected.len()), (1, 0, 0));
}

#[test]
fn a_known_failure_is_skipped_in_junit() {
    let mut report = failing();
    let known = Settled::of(&report, &of(vec![entry(FAILS, None, &[])])).known;
    report.known = known.into_iter().collect();
    let text = junit(&[report]).unwrap();
    assert!(!text.contains("<failure"), "{text}");
    assert!(text.contains("<skipped message=\"known: It forgets.; v5.0:3.3.1-5"), "{text}");
}
