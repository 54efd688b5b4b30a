//! The few shapes of Rust that the rules ask about: paths, attributes, functions and inline modules.

use crate::lexer::{Kind, Token};

/// A path as it is written, with the groups of a `use` multiplied out: `a::{b, c::D}` is `a::b` and `a::c::D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    pub(crate) segments: Vec<&'a str>,
    /// Where its last segment begins, as a byte offset.
    pub(crate) at: usize,
    /// The index of the token after it.
    pub(crate) end: usize,
}

impl Path<'_> {
    /// Whether the segments of `wanted` (`std::fs`) stand in it side by side.
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        let wanted: Vec<&str> = wanted.split("::").collect();
        self.segments.windows(wanted.len()).any(|window| window == wanted)
    }
}

/// All paths, single words included.
pub(crate) fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at = if token.kind == Kind::Word { path_tree(tokens, at, &[], &mut found) } else { at + 1 };
    }
    found
}

/// Reads one path or tree of paths and gives the index of the token after it.
fn path_tree<'a>(tokens: &[Token<'a>], start: usize, prefix: &[&'a str], found: &mut Vec<Path<'a>>) -> usize {
    let mut segments = prefix.to_vec();
    let (mut at, mut last) = (start, 0);
    while let Some(token) = tokens.get(at) {
        if token.is_sign("{") {
            return group(tokens, at, &segments, found);
        }
        if token.kind != Kind::Word && !token.is_sign("*") {
            break;
        }
        segments.push(token.text);
        (last, at) = (token.at, at + 1);
        let goes_on = |next: &Token<'_>| next.kind == Kind::Word || next.is_sign("*") || next.is_sign("{");
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some(colons), Some(next)) if colons.is_sign("::") && goes_on(next) => at += 1,
            _ => break,
        }
    }
    found.push(Path { segments, at: last, end: at });
    at
}

/// Reads `{a, b::c as d}` after `prefix::` and gives the index of the token after it.
fn group<'a>(tokens: &[Token<'a>], open: usize, prefix: &[&'a str], found: &mut Vec<Path<'a>>) -> usize {
    let mut at = open + 1;
    let mut begins = true;
    while let Some(token) = tokens.get(at) {
        if token.is_sign("}") {
            return at + 1;
        }
        at = if begins { path_tree(tokens, at, prefix, found).max(at + 1) } else { at + 1 };
        begins = token.is_sign(",");
    }
    at
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open).filter(|(_, token)| token.kind == Kind::Sign) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The contents of each `#[...]` and `#![...]`.
pub(crate) fn attributes<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut found = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.is_sign("#")) {
        let bang = usize::from(tokens.get(at + 1).is_some_and(|next| next.is_sign("!")));
        let open = at + 1 + bang;
        if tokens.get(open).is_some_and(|next| next.is_sign("[")) {
            found.extend(closing(tokens, open).and_then(|end| tokens.get(open + 1..end)));
        }
    }
    found
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// The byte offsets of `fn` and of the closing brace.
    pub(crate) span: (usize, usize),
}

/// All functions that have a body, nested ones too.
pub(crate) fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        // `fn(u8) -> u8` is a type. In a macro the name is `$name`.
        if keyword.is_word("fn") && (name.kind == Kind::Word || name.is_sign("$")) {
            let end =
                body(tokens, at + 2).and_then(|open| closing(tokens, open)).and_then(|end| tokens.get(end));
            found.extend(end.map(|end| Function { name: name.text, span: (keyword.at, end.at) }));
        }
    }
    found
}

/// The index of the brace that opens the body of a function whose signature goes on at `at`.
fn body(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    loop {
        let token = tokens.get(at)?;
        if token.is_sign(";") {
            return None;
        }
        if token.is_sign("(") || token.is_sign("[") {
            at = closing(tokens, at)?;
        } else if token.is_sign("{") {
            // `Buffer<{ N + 1 }>` is still the signature.
            if !tokens.get(at - 1).is_some_and(|before| before.is_sign("<")) {
                return Some(at);
            }
            at = closing(tokens, at)?;
        }
        at += 1;
    }
}

/// `mod name { ... }`: its name and the byte offsets of its braces.
pub(crate) fn inline_modules<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, (usize, usize))> {
    let mut found = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let [keyword, name, open] = window else { continue };
        if keyword.is_word("mod") && name.kind == Kind::Word && open.is_sign("{") {
            let end = closing(tokens, at + 2).and_then(|end| tokens.get(end));
            found.extend(end.map(|end| (name.text, (open.at, end.at))));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::lexer::tokens;

    fn joined(source: &str) -> Vec<String> {
        paths(&tokens(source)).iter().map(|path| path.segments.join("::")).collect()
    }

    #[rstest]
    #[case("use std::fs;", &["use", "std::fs"])]
    #[case("use std::{fs, net::{IpAddr, *}, io as i};", &["use", "std::fs", "std::net::IpAddr", "std::net::*", "std::io"])]
    #[case("use {std::fs, core::fmt}; x", &["use", "std::fs", "core::fmt", "x"])]
    #[case("::tokio::spawn(a)", &["tokio::spawn", "a"])]
    #[case("Vec::<u8>::new()", &["Vec", "u8", "new"])]
    #[case("let a = b * c;", &["let", "a", "b", "c"])]
    #[case("// std::fs\n\"std::fs\"", &[])]
    fn paths_are_found_as_written(#[case] source: &str, #[case] expected: &[&str]) {
        assert_eq!(joined(source), expected);
    }

    #[rstest]
    #[case("std::fs", true)]
    #[case("fs", true)]
    #[case("std::read", false)]
    fn a_path_contains_neighbours(#[case] wanted: &str, #[case] expected: bool) {
        let path = Path { segments: vec!["std", "fs", "read"], at: 0, end: 0 };
        assert_eq!(path.contains(wanted), expected);
    }

    #[rstest]
    #[case("fn a() {}", &["a"])]
    #[case("fn a(); fn b(x: [u8; 2]) -> [u8; 2] { x }", &["b"])]
    #[case("type F = fn(u8) -> u8; fn a(f: fn() -> u8) where F: Fn() { { } }", &["a"])]
    #[case("fn a() -> B<{ 1 + 1 }> { fn inner() {} }", &["a", "inner"])]
    #[case("// fn a() {}\nconst S: &str = \"fn b() {}\";", &[])]
    fn functions_are_those_with_a_body(#[case] source: &str, #[case] expected: &[&str]) {
        let tokens = tokens(source);
        assert_eq!(functions(&tokens).iter().map(|function| function.name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_function_ends_at_its_own_brace() {
        let source = "fn a() { if x { '}' } else { \"}\" } } fn b() {}";
        let tokens = tokens(source);
        let spans: Vec<_> =
            functions(&tokens).iter().map(|f| source.get(f.span.0..=f.span.1).unwrap()).collect();
        assert_eq!(spans, ["fn a() { if x { '}' } else { \"}\" } }", "fn b() {}"]);
    }

    #[test]
    fn attributes_are_found_with_their_contents() {
        let tokens = tokens("#![a] #[b(c, [d])] fn x() { y[#z] }");
        let texts: Vec<String> =
            attributes(&tokens).iter().map(|body| body.iter().map(|token| token.text).collect()).collect();
        assert_eq!(texts, ["a", "b(c,[d])"]);
    }

    #[test]
    fn inline_modules_are_found_with_their_names() {
        let tokens = tokens("mod a; mod b { mod c { } }");
        assert_eq!(inline_modules(&tokens), [("b", (13, 25)), ("c", (21, 23))]);
    }
}
