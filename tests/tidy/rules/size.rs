//! A file holds one concept and a function fits a screen.

use crate::{finding::Finding, lexer::tokens, source::File, source::Tree, syntax::functions};

const LINES_OF_A_FILE: usize = 400;
const LINES_OF_A_FUNCTION: usize = 70;

/// Measures code and scenarios. Tables of data, such as the catalogue, are as long as their subject.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let is_rust = file.has_extension("rs");
        if is_rust || file.is_scenario() || file.path.starts_with(".ci/") {
            findings.extend(too_long(file));
        }
        if is_rust {
            findings.extend(long_functions(file));
        }
    }
    findings
}

fn too_long(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let message = format!(
        "{lines} lines, where {LINES_OF_A_FILE} are the limit: give each of its concepts a file of its own"
    );
    (lines > LINES_OF_A_FILE).then(|| file.finding("file-length", 0, message))
}

fn long_functions(file: &File) -> Vec<Finding> {
    let measure = |(from, to)| file.line(to) - file.line(from) + 1;
    let finding = |name: &str, (from, to)| {
        let lines = measure((from, to));
        let message = format!(
            "`fn {name}` has {lines} lines, where {LINES_OF_A_FUNCTION} are the limit: name its steps and make them functions"
        );
        file.finding("function-length", from, message)
    };
    let functions =
        functions(&tokens(&file.text)).into_iter().filter(|f| measure(f.span) > LINES_OF_A_FUNCTION);
    functions.map(|function| finding(function.name, function.span)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("src/a.rs", 400, &[])]
    #[case("src/a.rs", 401, &[("file-length", 1)])]
    #[case("scenarios/common/a.yaml", 401, &[("file-length", 1)])]
    #[case(".ci/run", 401, &[("file-length", 1)])]
    #[case("crates/spec/catalogue/mqtt-5.0.yaml", 401, &[])]
    fn files_are_measured(#[case] path: &str, #[case] lines: usize, #[case] expected: &[(&str, usize)]) {
        assert_eq!(broken(check, path, &"//\n".repeat(lines)), expected);
    }

    #[rstest]
    #[case(68, &[])]
    #[case(69, &[("function-length", 2)])]
    fn functions_are_measured_from_fn_to_brace(#[case] inside: usize, #[case] expected: &[(&str, usize)]) {
        let source = format!("/// Doc.\npub fn long() {{\n{}}}\n", "    // }\n".repeat(inside));
        assert_eq!(broken(check, "src/a.rs", &source), expected);
    }
}
