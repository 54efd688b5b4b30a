//! What is wrong with the YAML of a file, in words that help its author.

use super::{
    ast::Span,
    diagnostic::{Code, Mistake},
};

/// How an error of the YAML parser is explained.
struct Explanation {
    /// What stands in the parser's own words.
    sign: &'static str,
    message: &'static str,
    label: &'static str,
    help: Option<&'static str>,
}

const EXPLANATIONS: [Explanation; 10] = [
    Explanation {
        sign: "mapping values are not allowed",
        message: "a second `:` makes no sense here",
        label: "a value ends before `: `",
        help: Some("quote a text with `: ` in it; write a mapping as `{key: value}` or on lines of its own"),
    },
    Explanation {
        sign: "did not find expected ',' or '}'",
        message: "the mapping in braces neither goes on nor ends here",
        label: "expected `,` or `}`",
        help: None,
    },
    Explanation {
        sign: "expected ',' or ']'",
        message: "the list in brackets neither goes on nor ends here",
        label: "expected `,` or `]`",
        help: None,
    },
    Explanation {
        sign: "invalid indentation in flow construct",
        message: "a brace or bracket before this line is not closed",
        label: "expected `}` or `]` before",
        help: Some("what stands in braces and goes on in the next line is indented there"),
    },
    Explanation {
        sign: "quoted scalar, found unexpected end of stream",
        message: "this quote is not closed",
        label: "the text begins here",
        help: None,
    },
    Explanation {
        sign: "invalid indentation in quoted scalar",
        message: "this quote is not closed",
        label: "the text begins here",
        help: Some("a text in quotes that goes on in the next line is indented there"),
    },
    Explanation {
        sign: "unknown escape character",
        message: "a backslash stands before a letter that means nothing",
        label: "in this text",
        help: Some("in single quotes a backslash is a backslash"),
    },
    Explanation {
        sign: "unexpected character",
        message: "a value cannot begin with this character",
        label: "quote the value",
        help: None,
    },
    Explanation {
        sign: "did not find expected '-' indicator",
        message: "a list ends where another item was expected",
        label: "expected `- ` or another indentation",
        help: None,
    },
    Explanation {
        sign: "block sequence entries are not allowed",
        message: "a list cannot begin here",
        label: "expected a value in this line, or each `- ` in a line of its own",
        help: None,
    },
];

/// The mistake behind an error that the YAML parser noticed at the byte offset `at`.
pub(super) fn explain(text: &str, at: usize, info: &str) -> Mistake {
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let here = at..at + rest.chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    if info.contains("unknown anchor") {
        return anchor(&here);
    }
    if info.contains("tab")
        && let Some(tabs) = tabs_around(text, at)
    {
        return Mistake::new(Code::Syntax, &tabs, "a tab stands in the indentation", "indent with spaces");
    }
    if before.ends_with('$') && rest.starts_with('{') {
        let message = "a brace ends a value without quotes inside `{...}` or `[...]`";
        return Mistake::new(Code::Syntax, &here, message, "quote the whole value")
            .help("for example \"${name}/x\"");
    }
    match EXPLANATIONS.iter().find(|explanation| info.contains(explanation.sign)) {
        Some(known) => Mistake::new(Code::Syntax, &here, known.message, known.label)
            .maybe_help(known.help.map(str::to_owned)),
        None => Mistake::new(Code::Syntax, &here, "this is not YAML", info),
    }
}

/// The tabs in the line of the offset `at`.
fn tabs_around(text: &str, at: usize) -> Option<Span> {
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(line_start..)?.lines().next()?;
    let start = line_start + line.find('\t')?;
    let tabs = text.get(start..)?.bytes().take_while(|byte| *byte == b'\t').count();
    Some(start..start + tabs)
}

/// The refusal of an anchor or alias.
pub(super) fn anchor(span: &Span) -> Mistake {
    let message = "anchors and aliases are not part of the scenario language";
    Mistake::new(Code::Syntax, span, message, "write the value itself")
        .help("a text that begins with `&` or `*` must be quoted")
}
