//! The page as text. What a browser makes of it is tested by `.ci/report-page`.

use std::collections::BTreeSet;

use mqttspec::{
    report::{Report, html},
    verdict::{Grade, RunReport},
};
use mqttspec_spec::Version;
use rstest::rstest;

use crate::sample;

/// What stands between two marks, each time.
fn between<'t>(text: &'t str, start: &str, end: &str) -> BTreeSet<&'t str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

fn page(run: RunReport) -> String {
    html(&[sample::report(run)])
}

fn two() -> [Report; 2] {
    [sample::report(sample::every_grade()), sample::report(sample::only(Grade::Fail))]
}

#[rstest]
#[case(page(sample::every_grade()))]
#[case(page(sample::hostile()))]
#[case(page(sample::unreachable()))]
#[case(html(&two()))]
fn every_link_leads_somewhere_and_every_place_is_one(#[case] page: String) {
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len());
    let links = between(&page, "href=\"#", "\"");
    assert!(links.len() > 600, "{}", links.len());
    assert_eq!(links.difference(&distinct).next(), None);
}

#[test]
fn the_bytes_that_are_not_as_expected_are_marked() {
    let page = page(sample::only(Grade::Fail));
    let marks = between(&page, "<mark>", "</mark>").into_iter().map(str::trim);
    assert_eq!(marks.collect::<Vec<_>>(), ["^^^^^ not as expected", "^^^^^^^^ not as expected"]);
}

#[test]
fn every_statement_and_every_scenario_has_a_place() {
    let page = page(sample::every_grade());
    for id in Version::ALL.into_iter().flat_map(Version::statements) {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for result in sample::every_grade().results {
        assert!(page.contains(&format!("id=\"{}\"", result.scenario)), "{}", result.scenario);
    }
    assert!(page.contains("id=\"common/3.3-publish/retained-replaced@5.0@qos=1+retain=true\""));
    assert!(html(&two()).contains("id=\"v5.0:3.3.1-5@2.examplemq+1.2\""));
}

#[test]
fn failures_are_in_the_page_and_all_else_is_drawn_later() {
    let page = page(sample::every_grade());
    assert_eq!(page.matches("<svg class=\"ladder\"").count(), 1);
    assert_eq!(page.matches("<article class=\"run\"").count(), 1);
    assert!(page.contains("mqttspec run mqtt://127.0.0.1:1883 --only common/3.3-publish/retained-replaced"));
    assert_eq!(page.matches("data-run=\"0:").count(), sample::every_grade().results.len() - 1);
}

#[test]
fn nothing_is_fetched() {
    let page = page(sample::hostile());
    for fetching in
        [" src=", "@import", "url(", "<link rel=\"stylesheet\"", "fetch(", "XMLHttpRequest", "import("]
    {
        assert!(!page.contains(fetching), "{fetching}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
}

#[test]
fn a_broker_cannot_write_the_page() {
    const TRICK: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><!--";
    let mut run = sample::hostile();
    for result in &mut run.results {
        result.title = TRICK.to_owned();
        result.variant = TRICK.to_owned();
        for finding in &mut result.findings {
            finding.expected = TRICK.to_owned();
        }
        for event in &mut result.evidence {
            event.client = TRICK.to_owned();
        }
    }
    if let Some(target) = &mut run.target {
        target.address = TRICK.to_owned();
        target.missing.insert(TRICK.to_owned(), TRICK.to_owned());
    }
    run.stopped = Some(TRICK.to_owned());
    let mut report = sample::report(run);
    report.provenance.broker = None;
    report.scenarios.insert(TRICK.to_owned(), TRICK.to_owned());
    let page = html(&[report]);
    assert_eq!(page.matches("<script").count(), 2, "the data and the script of the page");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--"));
    assert_eq!(page.chars().find(|char| char.is_control() && *char != '\n'), None);
    assert!(!page.contains('\u{202e}'), "a bidirectional override");
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
}

#[test]
fn the_same_reports_give_the_same_page() {
    assert_eq!(html(&two()), html(&two()));
}
