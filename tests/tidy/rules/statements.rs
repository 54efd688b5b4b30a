//! Every statement that code names exists. The macros check it too, but only in code that is compiled.

use mqttspec_spec::{StatementId, Version};

use crate::{
    finding::Finding,
    lexer::{Kind, tokens},
    source::{File, Tree},
    syntax::paths,
};

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let tokens = tokens(&file.text);
    let mut findings = Vec::new();
    for path in paths(&tokens) {
        let version = match path.segments.last() {
            Some(&"v3") => Version::V3_1_1,
            Some(&"v5") => Version::V5_0,
            Some(_) | None => continue,
        };
        let Some([bang, open, literal]) = tokens.get(path.end..path.end + 3) else { continue };
        let is_call = bang.is_sign("!") && open.is_sign("(") && literal.kind == Kind::Literal;
        let label = literal.text.trim_matches('"');
        if is_call && StatementId::lookup(version, label).is_none() {
            findings.push(file.finding("statement-id", path.at, unknown(version, label)));
        }
    }
    findings
}

/// What to say about a label that is not in the catalogue.
pub(crate) fn unknown(version: Version, label: &str) -> String {
    let elsewhere = Version::ALL.into_iter().find(|&other| StatementId::lookup(other, label).is_some());
    let hint = elsewhere.map_or_else(String::new, |other| format!(", though {other} has one"));
    format!("{version} has no statement `{label}`{hint}: see crates/spec/catalogue")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("const A: &[StatementId] = &[v3!(\"3.3.1-5\"),\n v5!(\"X-1.5.4-1\")];", &[])]
    #[case("const A: StatementId = v3!(\"9.9.9-9\");", &[("statement-id", 1)])]
    #[case("// v3!(\"9.9.9-9\")\nf(\n mqttspec_spec::v5!(\"9.9.9-9\"))", &[("statement-id", 3)])]
    #[case("v5!($label)", &[])]
    #[case("let v5 = f(\"9.9.9-9\");", &[])]
    fn unknown_statements_are_found(#[case] source: &str, #[case] expected: &[(&str, usize)]) {
        assert_eq!(broken(check, "src/a.rs", source), expected);
    }

    #[test]
    fn the_message_names_the_version_that_has_the_label() {
        let message = unknown(Version::V3_1_1, "4.12.0-1");
        assert_eq!(
            message,
            "v3.1.1 has no statement `4.12.0-1`, though v5.0 has one: see crates/spec/catalogue"
        );
    }
}
