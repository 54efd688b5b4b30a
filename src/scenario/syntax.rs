//! What is wrong with the YAML of a file, in words that help its author.

use super::diagnostic::{Code, Mistake};

/// The mistake behind an error of the YAML parser, which it noticed at the byte offset `at`.
pub(super) fn explain(text: &str, at: usize, info: &str) -> Mistake {
    let rest = text.get(at..).unwrap_or_default();
    let here = at..at + rest.chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    let before = text.get(..at).unwrap_or_default();
    let mistake = |message: &str, label: &str| Mistake::new(Code::Syntax, &here, message, label);
    if info.contains("tab") {
        let tab = at + rest.find('\t').unwrap_or(0);
        let tab = before.rfind('\n').map_or(0, |newline| newline + 1)..tab.min(text.len());
        let tab =
            text.get(tab.clone()).and_then(|line| line.find('\t')).map_or(at, |tab_at| tab.start + tab_at);
        let end = tab + text.get(tab..).map_or(0, |rest| rest.len() - rest.trim_start_matches('\t').len());
        return Mistake::new(
            Code::Syntax,
            &(tab..end),
            "a tab stands in the indentation",
            "indent with spaces",
        );
    }
    if rest.starts_with('{') && before.ends_with('$') {
        return mistake("a brace ends a plain value inside braces or brackets", "quote the whole value")
            .help("text with `${...}` inside `{...}` or `[...]` stands in quotes: \"${name}/x\"");
    }
    if info.contains("unknown anchor") {
        return anchor(&here);
    }
    if info.contains("mapping values are not allowed") {
        return mistake("a second `:` makes no sense here", "a value ends before `: `").help(
            "quote a text that contains `: `; write a mapping as `{key: value}` or on lines of its own",
        );
    }
    if info.contains("flow mapping") {
        return mistake(
            "the mapping in braces is not continued and not closed here",
            "`,` or `}` is needed here",
        );
    }
    if info.contains("flow sequence") {
        return mistake(
            "the list in brackets is not continued and not closed here",
            "`,` or `]` is needed here",
        );
    }
    if info.contains("found unexpected end of stream") {
        return mistake("the quote is not closed", "the text begins here");
    }
    if info.contains("unknown escape character") {
        return mistake("a backslash is followed by a letter that means nothing", "in this text")
            .help("in single quotes a backslash is a backslash");
    }
    if info.contains("unexpected character") {
        return mistake("a value cannot begin with this character", "quote the value");
    }
    if info.contains("did not find expected '-'") {
        return mistake(
            "a list ends where another item was expected",
            "`- ` is needed here, or less indentation",
        );
    }
    if info.contains("block sequence entries are not allowed") {
        return mistake("a list cannot begin here", "put each `- ` on a line of its own");
    }
    mistake("this is not YAML", info)
}

/// The refusal of an anchor or alias.
pub(super) fn anchor(span: &super::ast::Span) -> Mistake {
    let message = "anchors and aliases are not part of the scenario language";
    Mistake::new(Code::Syntax, span, message, "write the value itself")
        .help("text that begins with `&` or `*` must be quoted")
}
