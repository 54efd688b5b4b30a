//! Whether failures name what is broken: on a mutant, each failure of a step names a statement that the mutant breaks.

use mqttspec_spec::StatementId;
use reference_broker::Rule;

use super::{
    effects::{EFFECTS, UNTOLD},
    matrix::Matrix,
};

/// The failures of steps that name nothing which the mutant breaks, and the entries above that are needed no more.
pub(super) fn wrong(matrix: &Matrix) -> Vec<String> {
    let mut found = Vec::new();
    for (rule, failing) in &matrix.failures {
        for ((scenario, version), named) in failing {
            let blamed = named.blamed.iter().filter(|blamed| !is_right(*rule, blamed));
            let blamed = blamed.filter(|_| !is_untold(*rule, scenario));
            found.extend(blamed.map(|blamed| {
                let ids: Vec<String> = blamed.iter().map(ToString::to_string).collect();
                format!(
                    "{scenario} under {version} blames {} on the mutant of `{rule}`, which keeps it",
                    ids.join(" ")
                )
            }));
        }
    }
    if matrix.has_every_pair {
        found.extend(needless(matrix));
    }
    found
}

/// Entries that no failure needs. Only a matrix of every pair shows them.
fn needless(matrix: &Matrix) -> Vec<String> {
    let named = |rule: Rule, id: StatementId| {
        let mut failing = matrix.failures.get(&rule).into_iter().flatten();
        failing.any(|(_, named)| named.blamed.iter().any(|blamed| blamed.contains(&id)))
    };
    let fails = |rule: Rule, scenario: &str| {
        let mut failing = matrix.failures.get(&rule).into_iter().flatten();
        failing.any(|((id, _), named)| {
            id == scenario && named.blamed.iter().any(|blamed| !is_right(rule, blamed))
        })
    };
    let effects = EFFECTS.iter().flat_map(|(rule, ids)| ids.iter().map(|id| (*rule, *id)));
    let effects = effects.filter(|(rule, id)| !named(*rule, *id));
    let untold = UNTOLD.iter().filter(|(rule, scenario, _)| !fails(*rule, scenario));
    let mut found: Vec<String> =
        effects.map(|(rule, id)| format!("that `{rule}` breaks {id} needs not be said any more")).collect();
    found.extend(untold.map(|(rule, scenario, _)| {
        format!("{scenario} needs no exception for the mutant of `{rule}` any more")
    }));
    found
}

fn is_right(rule: Rule, blamed: &[StatementId]) -> bool {
    let effects = EFFECTS.iter().filter(|(other, _)| *other == rule).flat_map(|(_, ids)| ids.iter());
    rule.statements().iter().chain(effects).any(|id| blamed.contains(id))
}

fn is_untold(rule: Rule, scenario: &str) -> bool {
    UNTOLD.iter().any(|(other, id, _)| *other == rule && *id == scenario)
}
