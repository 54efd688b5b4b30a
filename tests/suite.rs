//! The built-in suite against the true reference broker: every scenario passes, strictly. Those about WebSocket are played in
//! `tests/transports`.

use std::sync::Arc;

use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    verdict::Grade,
};
use reference_broker::{Rule, Rules};

#[test]
fn the_reference_broker_conforms() {
    let scenarios: Vec<_> =
        scenario::builtin().expect("the built-in scenarios load").into_iter().map(Arc::new).collect();
    let mut runs = plan::plan(&scenarios, &plan::Selection::default());
    runs.retain(|run| !run.scenario.over_websocket);
    assert!(runs.len() >= 80, "only {} runs", runs.len());
    let embedded = Embedded::probed();
    let failed: Vec<String> = runs
        .iter()
        .map(|run| embedded.play(run, Rules::all()))
        .filter(|result| result.grade != Grade::Pass)
        .map(|result| {
            let findings: Vec<String> = result
                .findings
                .iter()
                .map(|finding| {
                    let place = finding.place.as_ref().map_or(0, |place| place.line);
                    format!("    line {place}: expected {}; {}", finding.expected, finding.observed)
                })
                .collect();
            let name = format!("{} {} {}", result.scenario, result.version, result.variant);
            format!("{name}: {} {:?}\n{}", result.grade, result.broken, findings.join("\n"))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} runs:\n{}", failed.len(), runs.len(), failed.join("\n"));
}

/// A stream has no boundaries: what arrives byte by byte is judged as what arrives at once, also where it is wrong.
#[test]
fn drops_change_no_verdict() {
    let scenarios: Vec<_> =
        scenario::builtin().expect("the built-in scenarios load").into_iter().map(Arc::new).collect();
    let runs = plan::plan(&scenarios, &plan::Selection::default());
    let (whole, dripped) = (Embedded::probed(), Embedded::probed().dripped());
    for rules in [Rules::all(), Rules::all().without(Rule::ClosesAfterError)] {
        for run in &runs {
            let [expected, result] =
                [&whole, &dripped].map(|embedded| embedded.play(run, rules)).map(|it| (it.grade, it.broken));
            assert_eq!(result, expected, "{} {} {}", run.scenario.id, run.version, run.variant_name());
        }
    }
}
