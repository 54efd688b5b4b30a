//! Which module of the root package may use which.

use crate::{
    finding::Finding,
    lexer::tokens,
    source::{File, Tree},
    syntax::{Path, inline_modules, paths},
};

/// Each module and those it may not use. `cli` uses everything and nobody uses it.
const MAY_NOT_USE: [(&str, &[&str]); 14] = [
    (
        "diagnostic",
        &[
            "scenario", "settings", "target", "runner", "referee", "verdict", "stage", "coverage", "fleet",
            "report", "cli",
        ],
    ),
    (
        "settings",
        &["scenario", "runner", "referee", "verdict", "stage", "coverage", "fleet", "report", "cli"],
    ),
    (
        "describe",
        &[
            "scenario", "settings", "target", "runner", "referee", "verdict", "stage", "coverage", "report",
            "cli",
        ],
    ),
    ("fleet", &["stage", "referee", "coverage", "settings", "cli"]),
    ("stage", &["settings", "scenario", "target", "runner", "coverage", "fleet", "report", "cli"]),
    ("scenario", &["settings", "target", "runner", "referee", "coverage", "fleet", "report", "cli"]),
    ("schema", &["target", "referee", "runner", "coverage", "stage", "report", "cli"]),
    ("target", &["settings", "referee", "runner", "coverage", "fleet", "report", "cli"]),
    ("referee", &["settings", "scenario", "stage", "target", "runner", "coverage", "fleet", "report", "cli"]),
    (
        "verdict",
        &["settings", "scenario", "target", "referee", "runner", "coverage", "fleet", "report", "cli"],
    ),
    ("runner", &["settings", "coverage", "fleet", "report", "cli"]),
    ("coverage", &["settings", "fleet", "report", "cli"]),
    ("capture", &["settings", "runner", "coverage", "fleet", "report", "cli"]),
    ("report", &["settings", "scenario", "target", "referee", "coverage", "fleet", "cli"]),
];

/// The package's own name, by which its program sees its library.
const PACKAGE: &str = "mqttspec";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (module, forbidden) in MAY_NOT_USE {
        let folder = format!("src/{module}");
        for file in tree.rust().filter(|file| file.belongs_to(&folder)) {
            for (used, at) in uses(file).into_iter().filter(|(used, _)| forbidden.contains(&used.as_str())) {
                let message = format!(
                    "`{module}` may not use `{used}`: hand in what it needs, or move the shared part to a module below both"
                );
                findings.push(file.finding("module-order", at, message));
            }
        }
    }
    findings
}

/// The modules at the root that a file names, each with the place.
fn uses(file: &File) -> Vec<(String, usize)> {
    let tokens = tokens(&file.text);
    let own = own_path(&file.path);
    let nested = inline_modules(&tokens);
    let resolve = |path: &Path<'_>| {
        let around =
            nested.iter().filter(|(_, (from, to))| (*from..*to).contains(&path.at)).map(|&(name, _)| name);
        let here: Vec<&str> = own.iter().copied().chain(around).collect();
        Some((absolute(&here, &path.segments)?.first()?.to_string(), path.at))
    };
    paths(&tokens).iter().filter_map(resolve).collect()
}

/// `src/scenario/load.rs` is the module `scenario::load`.
fn own_path(file: &str) -> Vec<&str> {
    let module = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    module.split('/').collect()
}

/// The segments after `crate::` of a path written in the module `here`, if it leads into this package.
fn absolute<'a>(here: &[&'a str], segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let (first, rest) = segments.split_first()?;
    match *first {
        "crate" | PACKAGE => Some(rest.to_vec()),
        "self" if !rest.is_empty() => Some([here, rest].concat()),
        "super" => {
            let (_, outside) = here.split_last()?;
            let supers = rest.iter().take_while(|segment| **segment == "super").count();
            let kept = outside.len().checked_sub(supers)?;
            Some([outside.get(..kept)?, rest.get(supers..)?].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("src/scenario/load.rs", "use crate::runner::plan;", &[1])]
    #[case("src/scenario.rs", "use crate::{verdict::Grade,\n report};", &[2])]
    #[case("src/scenario/load.rs", "use super::super::target;", &[1])]
    #[case("src/scenario/load.rs", "use super::target; mod target {}", &[])]
    #[case("src/scenario/mod.rs", "use super::cli;", &[1])]
    #[case("src/scenario/mod.rs", "mod tests {\n use super::report; use super::super::report;\n}", &[2])]
    #[case("src/scenario/mod.rs", "fn f() { mqttspec::runner::play() }", &[1])]
    #[case("src/runner/player.rs", "use crate::{scenario, target, referee, verdict};", &[])]
    #[case("src/runner/player.rs", "use crate::cli;", &[1])]
    #[case("src/cli/run.rs", "use crate::{scenario, target, runner, report};", &[])]
    #[case("src/referee/mod.rs", "//! See crate::runner.\nconst A: &str = \"crate::runner\";", &[])]
    fn a_module_knows_only_those_below_it(#[case] path: &str, #[case] source: &str, #[case] lines: &[usize]) {
        let expected: Vec<_> = lines.iter().map(|&line| ("module-order", line)).collect();
        assert_eq!(broken(check, path, source), expected);
    }
}
