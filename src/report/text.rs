//! Text that is safe to print, and its layout in columns.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The text with every character that is not plainly visible written as an escape.
///
/// That covers line ends, control characters and with them all ANSI sequences, bidirectional overrides, zero-width
/// and combining characters. What is left takes exactly the columns that `width` says.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(visible) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if visible(char) {
            safe.push(char);
        } else {
            safe.extend(char.escape_default());
        }
    }
    Cow::Owned(safe)
}

/// Whether a character is plainly visible and stays where it is.
pub(super) fn visible(char: char) -> bool {
    matches!(char, ' '..='~')
        || !matches!(char, '\u{2028}' | '\u{2029}')
            && !is_noncharacter(char)
            && char.width().is_some_and(|width| width > 0)
}

/// Whether Unicode has promised never to give this code point a meaning. XML forbids some of them.
fn is_noncharacter(char: char) -> bool {
    matches!(char, '\u{fdd0}'..='\u{fdef}') || u32::from(char) & 0xfffe == 0xfffe
}

/// The columns that a clean text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The first part of a clean text that fits into so many columns, and the rest.
fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, char) in text.char_indices() {
        used += char.width().unwrap_or(0);
        if used > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// A clean text cut to so many columns; `…` shows that something is missing.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", split(text, columns.saturating_sub(1)).0))
}

/// A clean text broken between words into lines of so many columns. A longer word is broken where the line ends.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while width(word) > columns {
            let (start, rest) = split(word, columns);
            lines.push(start.to_owned());
            word = rest;
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A text of at most about 600 characters: of a longer one the beginning, the end and how much lies between.
pub(super) fn capped(text: &str) -> Cow<'_, str> {
    const START: usize = 450;
    const END: usize = 100;
    let length = text.chars().count();
    if length <= START + END + 50 {
        return Cow::Borrowed(text);
    }
    let at = |index| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    let (start, end) = (text.get(..at(START)), text.get(at(length - END)..));
    let left_out = length - START - END;
    let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
    Cow::Owned(format!("{start} [{left_out} characters left out] {end}"))
}

/// `1 run`, `2 runs`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A word as a POSIX shell reads it back.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:,@%+=".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plain ÄÖ 漢", "plain ÄÖ 漢")]
    #[case("a\nb\r\t", r"a\nb\r\t")]
    #[case("\u{1b}[31mred", r"\u{1b}[31mred")]
    #[case("\u{9b}2J", r"\u{9b}2J")]
    #[case("\u{202e}olleh\u{200b}\u{feff}", r"\u{202e}olleh\u{200b}\u{feff}")]
    #[case("\u{ffff}\u{1fffe}\u{fdd0}", r"\u{ffff}\u{1fffe}\u{fdd0}")]
    #[case("e\u{301}\u{2028}\0", r"e\u{301}\u{2028}\u{0}")]
    fn only_visible_characters_remain(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(clean(text), expected);
    }

    #[rstest]
    #[case("one two three", 9, &["one two", "three"])]
    #[case("0123456789ab c", 10, &["0123456789", "ab c"])]
    #[case("x 0123456789ab", 10, &["x", "0123456789", "ab"])]
    #[case("漢漢漢漢漢 a", 8, &["漢漢漢漢", "漢 a"])]
    #[case("", 10, &[""])]
    fn lines_break_between_words(#[case] text: &str, #[case] columns: usize, #[case] expected: &[&str]) {
        assert_eq!(wrap(text, columns), expected);
    }

    #[test]
    fn a_cut_line_says_so() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("漢漢漢漢", 6), "漢漢…");
    }

    #[test]
    fn long_evidence_keeps_its_ends() {
        let capped = capped(&"ä".repeat(1000)).into_owned();
        assert!(capped.starts_with('ä') && capped.ends_with('ä'));
        assert!(capped.contains("[450 characters left out]"), "{capped}");
    }

    #[rstest]
    #[case("qos=1", "qos=1")]
    #[case("qos=1 retain=true", "'qos=1 retain=true'")]
    #[case("it's; rm", r"'it'\''s; rm'")]
    #[case("", "''")]
    fn words_survive_the_shell(#[case] word: &str, #[case] expected: &str) {
        assert_eq!(quoted(word), expected);
    }
}
