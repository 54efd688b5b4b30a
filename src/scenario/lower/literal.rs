//! Numbers, durations, names and hexadecimal digits as they are written.

/// What a plain word can be besides a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Literal {
    /// `true` or `false`.
    Flag(bool),
    /// A number: `10`, `1.5`, `0x1f`, `0b0110`.
    Number(f64),
    /// A duration in seconds: `1.5s`, `200ms`.
    Duration(f64),
}

/// The literal that `word` is; `None` for a text.
pub(super) fn literal(word: &str) -> Option<Literal> {
    match word {
        "true" => Some(Literal::Flag(true)),
        "false" => Some(Literal::Flag(false)),
        _ => {
            if let Some(digits) = word.strip_suffix("ms") {
                return decimal(digits).map(|value| Literal::Duration(value / 1000.0));
            }
            if let Some(digits) = word.strip_suffix('s') {
                return decimal(digits).map(Literal::Duration);
            }
            radix(word, "0x", 16)
                .or_else(|| radix(word, "0b", 2))
                .or_else(|| decimal(word))
                .map(Literal::Number)
        }
    }
}

fn decimal(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction)).then(|| digits.parse().ok()).flatten()
}

fn radix(word: &str, prefix: &str, radix: u32) -> Option<f64> {
    let digits = word.strip_prefix(prefix)?;
    let unsigned = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    unsigned.then(|| u32::from_str_radix(digits, radix).ok()).flatten().map(f64::from)
}

/// Whether a name has the form of a client's, a variable's or a mark's: `[a-z][a-z0-9_]*`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The bytes that hexadecimal digits stand for, with spaces where one likes; or the first offset that is wrong.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::new();
    let mut high: Option<(usize, u32)> = None;
    for (offset, c) in text.char_indices() {
        match (high, c.to_digit(16)) {
            (None, None) if c.is_whitespace() => {}
            (_, None) => return Err(offset),
            (None, Some(digit)) => high = Some((offset, digit)),
            (Some((_, first)), Some(digit)) => {
                bytes.push(u8::try_from(first * 16 + digit).unwrap_or(u8::MAX));
                high = None;
            }
        }
    }
    high.map_or(Ok(bytes), |(offset, _)| Err(offset))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10", Some(Literal::Number(10.0)))]
    #[case("0x1F", Some(Literal::Number(31.0)))]
    #[case("0b0110", Some(Literal::Number(6.0)))]
    #[case("1.5s", Some(Literal::Duration(1.5)))]
    #[case("200ms", Some(Literal::Duration(0.2)))]
    #[case("true", Some(Literal::Flag(true)))]
    #[case("1e5", None)]
    #[case("inf", None)]
    #[case("-1", None)]
    #[case("1.", None)]
    #[case(".5", None)]
    #[case("0x", None)]
    #[case("s", None)]
    #[case("news", None)]
    #[case("True", None)]
    fn literals(#[case] word: &str, #[case] expected: Option<Literal>) {
        assert_eq!(literal(word), expected);
    }

    #[rstest]
    #[case("c0 00", Ok(vec![0xc0, 0]))]
    #[case("C000", Ok(vec![0xc0, 0]))]
    #[case("", Ok(vec![]))]
    #[case("c0 0", Err(3))]
    #[case("c 0", Err(1))]
    #[case("zz", Err(0))]
    fn bytes_in_hex(#[case] text: &str, #[case] expected: Result<Vec<u8>, usize>) {
        assert_eq!(hex(text), expected);
    }
}
