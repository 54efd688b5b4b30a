//! Who may depend on whom: spec <- wire <- reference-broker <- fleet <- the root package.

use crate::{
    finding::Finding,
    source::{File, Tree},
};

/// Each manifest and the packages of this project that it may name.
const MAY_DEPEND_ON: [(&str, &[&str]); 7] = [
    ("crates/fleet/Cargo.toml", &["mqttspec-spec", "mqttspec-wire", "reference-broker"]),
    ("crates/segments/Cargo.toml", &[]),
    ("crates/spec/Cargo.toml", &[]),
    ("crates/wire/Cargo.toml", &["mqttspec-spec"]),
    ("reference-broker/Cargo.toml", &["mqttspec-spec", "mqttspec-wire"]),
    // Another's client, which knows nothing of this project.
    ("tests/interop/rust_rumqttc/Cargo.toml", &[]),
    (
        "Cargo.toml",
        &["mqttspec-fleet", "mqttspec-segments", "mqttspec-spec", "mqttspec-wire", "reference-broker"],
    ),
];

const OURS: [&str; 6] =
    ["mqttspec", "mqttspec-fleet", "mqttspec-segments", "mqttspec-spec", "mqttspec-wire", "reference-broker"];

/// The async runtime, which only the root package and the network shell of the broker may have.
const RUNTIME: &str = "tokio";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    manifests
        .flat_map(|file| dependencies(&file.text).filter_map(|dependency| judge(file, &dependency)))
        .collect()
}

fn judge(file: &File, dependency: &Dependency<'_>) -> Option<Finding> {
    let finding = |message| Some(file.finding("crate-order", dependency.at, message));
    let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(path, _)| *path == file.path) else {
        return finding(
            "this package has no place in tests/tidy/rules/crates.rs: say there whom it may know".to_owned(),
        );
    };
    let name = dependency.name;
    // A package's tests may ask for a feature of the package itself, which is written as a dependency on its folder.
    let itself = dependency.for_tests && dependency.value.contains("path = \".\"");
    if OURS.contains(&name) && !allowed.contains(&name) && !itself {
        let order = "the order is spec <- wire <- reference-broker <- fleet <- mqttspec";
        return finding(format!("may not depend on `{name}` ({order}): move the shared part down"));
    }
    let optional = dependency.value.contains("optional = true");
    match file.path.as_str() {
        "crates/fleet/Cargo.toml"
        | "crates/segments/Cargo.toml"
        | "crates/spec/Cargo.toml"
        | "crates/wire/Cargo.toml"
            if name == RUNTIME =>
        {
            finding(format!("`{RUNTIME}` has no place here: this crate only computes"))
        }
        "reference-broker/Cargo.toml" if name == RUNTIME && !dependency.for_tests && !optional => finding(
            format!("`{RUNTIME}` must be optional: the core builds without default features and without it"),
        ),
        _ => None,
    }
}

#[derive(Debug)]
struct Dependency<'a> {
    name: &'a str,
    value: &'a str,
    for_tests: bool,
    at: usize,
}

/// The entries of the dependency tables, one per line as cargo writes them, and the tables named after a dependency.
fn dependencies(manifest: &str) -> impl Iterator<Item = Dependency<'_>> {
    let mut table = "";
    let mut at = 0;
    manifest.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']');
            let (_, name) = table.split_once("dependencies.")?;
            return Some(Dependency { name, value: "", for_tests: table.contains("dev-"), at: start });
        }
        let is_dependency = table.ends_with("dependencies") && !table.starts_with("workspace");
        let (key, value) = line.split_once('=').filter(|_| is_dependency && !line.starts_with('#'))?;
        let name = key.trim().split('.').next()?.trim_matches('"');
        Some(Dependency { name, value, for_tests: table.contains("dev-"), at: start })
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("crates/spec/Cargo.toml", "[dependencies]\nmqttspec-wire.workspace = true", &[("crate-order", 2)])]
    #[case("crates/wire/Cargo.toml", "[dependencies]\nmqttspec-spec.workspace = true", &[])]
    #[case("crates/wire/Cargo.toml", "[dev-dependencies]\n\nreference-broker = { path = \"x\" }", &[("crate-order", 3)])]
    #[case("crates/wire/Cargo.toml", "[dependencies]\ntokio.workspace = true", &[("crate-order", 2)])]
    #[case("crates/wire/Cargo.toml", "[dev-dependencies]\nmqttspec-wire = { path = \".\" }", &[])]
    #[case("reference-broker/Cargo.toml", "[dependencies]\ntokio.workspace = true", &[("crate-order", 2)])]
    #[case("reference-broker/Cargo.toml", "[dependencies]\ntokio = { workspace = true, optional = true }", &[])]
    #[case("reference-broker/Cargo.toml", "[dev-dependencies]\ntokio.workspace = true", &[])]
    #[case("reference-broker/Cargo.toml", "[target.'cfg(unix)'.dependencies.mqttspec]\npath = \"..\"", &[("crate-order", 1)])]
    #[case("Cargo.toml", "[workspace.dependencies]\nx = \"1\"\n[dependencies]\nreference-broker.workspace = true", &[])]
    #[case("crates/new/Cargo.toml", "[dependencies]\nbytes.workspace = true", &[("crate-order", 2)])]
    fn a_crate_knows_only_those_below_it(
        #[case] path: &str,
        #[case] manifest: &str,
        #[case] expected: &[(&str, usize)],
    ) {
        assert_eq!(broken(check, path, manifest), expected);
    }
}
