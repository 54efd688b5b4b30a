//! Whatever the text: no panic, and every mistake lies within it.

use proptest::prelude::*;

use crate::scenario::{ast::Scenario, diagnostic::Diagnostics, load_str};

const EVERYTHING: &str = include_str!("../../../fixtures/scenarios/good/everything.yaml");

fn check(text: &str) -> Result<(), TestCaseError> {
    let loaded: Result<Scenario, Diagnostics> = load_str("x", "x.yaml", text);
    let Err(diagnostics) = loaded else { return Ok(()) };
    prop_assert!(!diagnostics.0.is_empty());
    for diagnostic in &diagnostics.0 {
        let also = diagnostic.mistake.also.iter().map(|(span, _)| span);
        for span in std::iter::once(&diagnostic.mistake.span).chain(also) {
            prop_assert!(text.get(span.clone()).is_some(), "{span:?}: {}", diagnostic.mistake.message);
        }
    }
    prop_assert!(diagnostics.render(true).contains("error["));
    Ok(())
}

/// A text made of pieces that mean something to YAML or to the language.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "title",
        "covers",
        "steps",
        "v5.0",
        "v3.1.1",
        "client",
        "connect",
        "publish",
        "expect",
        "send",
        "edit",
        "hex",
        "else",
        "fail 3.3.1-5",
        "$topic",
        "${",
        "}",
        "{",
        "[",
        "]",
        ": ",
        ", ",
        "\n",
        "\n  ",
        "\n  - ",
        "- ",
        "|",
        ">",
        "'",
        "\"",
        "\\",
        "&a",
        "*a",
        "!!str ",
        "#",
        " # ",
        "\t",
        "? ",
        "---",
        "...",
        "%YAML 1.2",
        "ä",
        "日本",
        "\u{feff}",
        "\r\n",
        "1.5s",
        "0x",
        "~",
        "@",
        "`",
        "\u{2028}",
        "\u{85}",
        "<<",
        "save",
        "any-of",
        "repeat",
        "count",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn meaningful_pieces(text in pieces()) {
        check(&text)?;
        check(&format!("title: t\ncovers: {{v5.0: [3.3.1-5]}}\nsteps:\n  - client: {text}"))?;
    }

    #[test]
    fn a_good_file_with_a_piece_replaced(at in 0..EVERYTHING.len(), length in 0usize..40, piece in pieces()) {
        let start = floor(at);
        let end = floor((start + length).min(EVERYTHING.len()));
        let mut text = EVERYTHING.to_owned();
        text.replace_range(start..end, &piece);
        check(&text)?;
    }

    #[test]
    fn a_good_file_with_lines_left_out(keep in prop::collection::vec(any::<bool>(), EVERYTHING.lines().count())) {
        let lines: Vec<&str> =
            EVERYTHING.lines().zip(keep).filter(|(_, keep)| *keep).map(|(line, _)| line).collect();
        check(&lines.join("\n"))?;
    }
}

fn floor(at: usize) -> usize {
    (0..=at).rev().find(|at| EVERYTHING.is_char_boundary(*at)).unwrap_or(0)
}
