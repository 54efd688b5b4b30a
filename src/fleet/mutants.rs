//! The ready plans against the mutants of the reference broker: for each rule the plan in which its breach shows, or the
//! reason why none can show it.

mod shown;
#[cfg(test)]
mod tests;
mod unseen;

use mqttspec_fleet::{
    history::Finding,
    layout::Layout,
    plan::Plan,
    world::{Options, World},
};
use reference_broker::{Rule, Rules};

pub use self::{shown::SHOWN, unseen::UNSEEN};

/// A ready plan in which the breach of a rule has shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The name of the plan.
    pub plan: &'static str,
    /// What broke.
    pub finding: Finding,
}

/// Plays ready plans against a broker without this rule until a promise breaks, first the one that is known to show it.
/// `stop` ends the search early.
pub fn show(rule: Rule, plans: &[(&'static str, Plan)], seed: u64, stop: &dyn Fn() -> bool) -> Option<Shown> {
    let known = plan_for(rule);
    let (first, rest): (Vec<_>, Vec<_>) = plans.iter().partition(|(name, _)| Some(*name) == known);
    first.into_iter().chain(rest).find_map(|(plan, text)| {
        let finding = play(text, Rules::all().without(rule), seed, stop)?;
        Some(Shown { plan, finding })
    })
}

/// The first promise that breaks.
fn play(plan: &Plan, rules: Rules, seed: u64, stop: &dyn Fn() -> bool) -> Option<Finding> {
    let layout = Layout::new(plan.clone()).ok()?;
    let options = Options { seed, rules, ..Options::default() };
    let outcome = World::new(&layout, &options).play(|progress| !progress.verdict.is_broken() && !stop());
    outcome.verdict.broken().next().cloned()
}

fn plan_for(rule: Rule) -> Option<&'static str> {
    SHOWN.iter().find(|(own, _)| *own == rule).map(|(_, plan)| *plan)
}
