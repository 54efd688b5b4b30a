//! The built-in suite against the true reference broker: every scenario passes, strictly.

use std::sync::Arc;

use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    verdict::Grade,
};
use reference_broker::Rules;

#[test]
fn the_reference_broker_conforms() {
    let scenarios: Vec<_> =
        scenario::builtin().expect("the built-in scenarios load").into_iter().map(Arc::new).collect();
    let runs = plan::plan(&scenarios, &plan::Selection::default());
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
