//! Where a rule does not hold, and why. This table may only shrink: an entry that tolerates nothing is a finding.

use crate::finding::Finding;

/// A tolerated breach.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) rule: &'static str,
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

/// All of them.
pub(crate) const EXCEPTIONS: &[Exception] = &[];

/// The findings that no exception tolerates, and one for each exception that is of no use.
pub(crate) fn settle(findings: Vec<Finding>, exceptions: &[Exception]) -> Vec<Finding> {
    let covers = |e: &Exception, f: &Finding| e.rule == f.rule && e.path == f.path;
    let useless = exceptions.iter().filter(|e| !findings.iter().any(|f| covers(e, f))).map(|e| Finding {
        path: e.path.to_owned(),
        line: 1,
        rule: "exceptions",
        message: format!(
            "nothing here breaks the rule `{}` any more ({}): delete its entry in tests/tidy/exceptions.rs",
            e.rule, e.reason
        ),
    });
    let mut left: Vec<Finding> = useless.collect();
    left.extend(findings.into_iter().filter(|f| !exceptions.iter().any(|e| covers(e, f))));
    left.sort();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &'static str, path: &str) -> Finding {
        Finding { path: path.to_owned(), line: 7, rule, message: String::new() }
    }

    const TOLERATED: Exception = Exception { rule: "printing", path: "src/a.rs", reason: "it is a console" };

    #[test]
    fn an_exception_tolerates_its_own_rule_in_its_own_file() {
        let findings = vec![
            finding("printing", "src/a.rs"),
            finding("marks", "src/a.rs"),
            finding("printing", "src/b.rs"),
        ];
        let left = settle(findings, &[TOLERATED]);
        assert_eq!(left, [finding("marks", "src/a.rs"), finding("printing", "src/b.rs")]);
    }

    #[test]
    fn an_exception_that_tolerates_nothing_is_a_finding() {
        let left = settle(vec![], &[TOLERATED]);
        assert_eq!(
            left.iter().map(|f| (f.rule, f.path.as_str())).collect::<Vec<_>>(),
            [("exceptions", "src/a.rs")]
        );
    }
}
