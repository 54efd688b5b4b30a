//! Marks that work leaves behind: unfinished code, tests put aside, silenced lints.

use crate::{
    finding::Finding,
    lexer::{Kind, Token, tokens},
    source::{File, Tree},
    syntax::{attributes, paths},
};

const UNFINISHED: [&str; 2] = ["todo", "unimplemented"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let tokens = tokens(&file.text);
    let mut findings = Vec::new();
    for path in paths(&tokens) {
        let is_macro = tokens.get(path.end).is_some_and(|next| next.is_sign("!"));
        if let Some(name) = path.segments.last().filter(|name| is_macro && UNFINISHED.contains(name)) {
            let message =
                format!("`{name}!` is a stub: write the code, or leave the feature out until it is there");
            findings.push(file.finding("unfinished", path.at, message));
        }
    }
    for attribute in attributes(&tokens) {
        findings.extend(put_aside(file, attribute));
        findings.extend(silenced(file, attribute));
    }
    findings
}

/// `#[ignore]`, also in `#[cfg_attr(..., ignore)]`.
fn put_aside(file: &File, attribute: &[Token<'_>]) -> Option<Finding> {
    let mark = metas(attribute).find(|meta| meta.is_word("ignore"))?;
    Some(file.finding(
        "ignored-test",
        mark.at,
        "a test that does not run proves nothing: make it pass, or delete it",
    ))
}

/// `#[allow(...)]` and `#[expect(...)]`, also in `#[cfg_attr(..., allow(...))]`.
fn silenced(file: &File, attribute: &[Token<'_>]) -> Option<Finding> {
    let mark = metas(attribute).find(|meta| meta.is_word("allow") || meta.is_word("expect"))?;
    let reason = |window: &[Token<'_>]| match window {
        [name, equals, text] => {
            name.is_word("reason") && equals.is_sign("=") && text.kind == Kind::Literal && text.text.len() > 2
        }
        _ => false,
    };
    let has_reason = attribute.windows(3).any(reason);
    let message =
        format!("`{}` without a reason: add `reason = \"...\"`, or mend what the lint says", mark.text);
    (!has_reason).then(|| file.finding("reason", mark.at, message))
}

/// The name of an attribute and, in a `cfg_attr`, every word that could be the name of one.
fn metas<'t, 'a>(attribute: &'t [Token<'a>]) -> impl Iterator<Item = &'t Token<'a>> {
    let conditional = attribute.first().is_some_and(|first| first.is_word("cfg_attr"));
    attribute.iter().enumerate().filter(move |(at, _)| *at == 0 || conditional).map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("fn f() {\n todo!() }", &[("unfinished", 2)])]
    #[case("fn f() { std::unimplemented!(\"x\") }", &[("unfinished", 1)])]
    #[case("fn todo() {} // todo!()", &[])]
    #[case("#[test]\n#[ignore = \"slow\"]\nfn f() {}", &[("ignored-test", 2)])]
    #[case("#[cfg_attr(windows, ignore)] fn f() {}", &[("ignored-test", 1)])]
    #[case("#[arg(ignore)] fn f(ignore: u8) { x[ignore] }", &[])]
    #[case("#[allow(dead_code)] fn f() {}", &[("reason", 1)])]
    #[case("\n#![expect(dead_code, reason = \"\")]", &[("reason", 2)])]
    #[case("#[cfg_attr(test, allow(dead_code))] fn f() {}", &[("reason", 1)])]
    #[case("#[expect(dead_code, reason = \"used by the tests\")] fn f() {}", &[])]
    #[case("#[case(x.expect(y))] fn f() {}", &[])]
    fn marks_are_found(#[case] source: &str, #[case] expected: &[(&str, usize)]) {
        assert_eq!(broken(check, "src/a.rs", source), expected);
    }
}
