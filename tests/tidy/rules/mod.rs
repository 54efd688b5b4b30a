//! The rules, by family.

mod crates;
mod examined;
mod marks;
mod modules;
mod purity;
mod scenarios;
mod size;
mod statements;

use crate::{
    finding::Finding,
    source::{File, Tree},
};

/// Everything that is wrong with the tree.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let families = [
        size::check,
        crates::check,
        modules::check,
        purity::check,
        marks::check,
        statements::check,
        scenarios::check,
        examined::check,
    ];
    families.iter().flat_map(|family| family(tree)).collect()
}

impl File {
    /// A finding of `rule` at a byte of this file.
    fn finding(&self, rule: &'static str, offset: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line: self.line(offset), rule, message: message.into() }
    }

    /// Whether this is the file of the module at `folder` (`src/referee`) or of one inside it.
    fn belongs_to(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// The rules that `text` breaks when it stands at `path`, each with its line, for the tests of a family.
#[cfg(test)]
fn broken(family: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<(&'static str, usize)> {
    family(&crate::source::tree(path, text)).iter().map(|finding| (finding.rule, finding.line)).collect()
}
