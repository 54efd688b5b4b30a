//! Rust source cut into tokens, so that no rule is fooled by a comment or a literal.

/// A token and where it begins, as a byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or a keyword.
    Word,
    /// A string, character or number.
    Literal,
    /// `'a`.
    Lifetime,
    /// `::`, or any other single character.
    Sign,
}

impl Token<'_> {
    pub(crate) fn is_sign(&self, text: &str) -> bool {
        self.kind == Kind::Sign && self.text == text
    }

    pub(crate) fn is_word(&self, text: &str) -> bool {
        self.kind == Kind::Word && self.text == text
    }
}

/// The tokens of `source` without its comments. Text that is not Rust gives tokens too, never a failure.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len() + comment(rest.trim_start());
        if blank > 0 {
            at += blank;
            continue;
        }
        let (kind, length) = token(rest);
        if let Some(text) = rest.get(..length) {
            tokens.push(Token { kind, text, at });
        }
        at += length.max(1);
    }
    tokens
}

fn token(rest: &str) -> (Kind, usize) {
    if let Some(length) = string(rest) {
        return (Kind::Literal, length);
    }
    let first = rest.chars().next().unwrap_or_default();
    if first == '\'' {
        return quote(rest);
    }
    if first.is_ascii_digit() {
        return (Kind::Literal, number(rest));
    }
    if is_word(first) {
        return (Kind::Word, word(rest));
    }
    (Kind::Sign, if rest.starts_with("::") { 2 } else { first.len_utf8() })
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn word(rest: &str) -> usize {
    rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())
}

/// `12u8`, `0xFF` and `1.5`, but only the `0` of `0..9`.
fn number(rest: &str) -> usize {
    let whole = word(rest);
    match rest.get(whole..).and_then(|tail| tail.strip_prefix('.')) {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => whole + 1 + word(fraction),
        Some(_) | None => whole,
    }
}

/// The length of the comment that `rest` begins with, or 0.
fn comment(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if !rest.starts_with("/*") {
        return 0;
    }
    let (mut depth, mut at) = (0usize, 0);
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the string literal that `rest` begins with.
fn string(rest: &str) -> Option<usize> {
    ["br", "cr", "r"].iter().find_map(|prefix| raw(rest, prefix)).or_else(|| {
        let prefix = ["b\"", "c\"", "\""].iter().find(|prefix| rest.starts_with(**prefix))?;
        Some(escaped(rest, prefix.len(), '"'))
    })
}

fn raw(rest: &str, prefix: &str) -> Option<usize> {
    let body = rest.strip_prefix(prefix)?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let body = body.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = prefix.len() + end.len();
    Some(opening + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

/// The length up to and with the first unescaped `end` after the first `from` bytes.
fn escaped(rest: &str, from: usize, end: char) -> usize {
    let mut letters = rest.char_indices().skip_while(|&(at, _)| at < from);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == end {
            return at + letter.len_utf8();
        }
    }
    rest.len()
}

/// What begins with `'`: a character or a lifetime. (The `b` of a byte is a word of its own, which harms no rule.)
fn quote(rest: &str) -> (Kind, usize) {
    let mut letters = rest.chars().skip(1);
    let (first, second) = (letters.next(), letters.next());
    if first == Some('\\') || second == Some('\'') {
        (Kind::Literal, escaped(rest, 1, '\''))
    } else {
        (Kind::Lifetime, 1 + rest.get(1..).map_or(0, word))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[rstest]
    #[case("a // b { \n c", &["a", "c"])]
    #[case("a /* b /* } */ \" */ c", &["a", "c"])]
    #[case("a /* never closed", &["a"])]
    #[case(r#"f("} \" // {", x)"#, &["f", "(", r#""} \" // {""#, ",", "x", ")"])]
    #[case("r##\"a \"# b\"## c", &["r##\"a \"# b\"##", "c"])]
    #[case("b\"x\" br\"y\\\" c\"z\"", &["b\"x\"", "br\"y\\\"", "c\"z\""])]
    #[case("'{' '\\'' '\\u{7f}' &'a T", &["'{'", "'\\''", "'\\u{7f}'", "&", "'a", "T"])]
    #[case("b'}' r#fn", &["b", "'}'", "r", "#", "fn"])]
    #[case("std::fs 0..9 1.5 0xFFu8", &["std", "::", "fs", "0", ".", ".", "9", "1.5", "0xFFu8"])]
    #[case("\"never closed", &["\"never closed"])]
    #[case("broker crate", &["broker", "crate"])]
    fn source_is_cut_where_rust_cuts_it(#[case] source: &str, #[case] expected: &[&str]) {
        assert_eq!(texts(source), expected);
    }

    #[test]
    fn tokens_know_their_place() {
        let found = tokens("ä \"ö\" x");
        assert_eq!(found.iter().map(|token| token.at).collect::<Vec<_>>(), [0, 3, 8]);
        assert_eq!(
            found.iter().map(|token| token.kind).collect::<Vec<_>>(),
            [Kind::Word, Kind::Literal, Kind::Word]
        );
    }
}
