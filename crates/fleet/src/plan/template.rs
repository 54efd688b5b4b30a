//! Topics with the number of the device in them.

use std::fmt;

/// A text in which `{n}` stands for the device's number in its group, `{n/10}` for that number divided by ten, and
/// `{n%10}` for what is left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Number,
    Quotient(u32),
    Remainder(u32),
}

/// What stands in braces and means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault(pub String);

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (inside, after) = behind.split_once('}').ok_or_else(|| TemplateFault(behind.to_owned()))?;
            pieces.push(piece(inside).ok_or_else(|| TemplateFault(inside.to_owned()))?);
            rest = after;
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The same text for every device.
    pub fn plain(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// The text for the device with this number.
    pub fn fill(&self, number: u32) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Number => number.to_string(),
            Piece::Quotient(by) => (number / by).to_string(),
            Piece::Remainder(by) => (number % by).to_string(),
        };
        self.0.iter().map(piece).collect()
    }
}

fn piece(inside: &str) -> Option<Piece> {
    let divisor = |text: &str| text.parse().ok().filter(|by| *by > 0);
    match inside.strip_prefix('n')? {
        "" => Some(Piece::Number),
        rest => match rest.strip_prefix('/') {
            Some(by) => divisor(by).map(Piece::Quotient),
            None => divisor(rest.strip_prefix('%')?).map(Piece::Remainder),
        },
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Number => f.write_str("{n}"),
            Piece::Quotient(by) => write!(f, "{{n/{by}}}"),
            Piece::Remainder(by) => write!(f, "{{n%{by}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a/{n}/b", "a/27/b")]
    #[case("{n/10}-{n%10}", "2-7")]
    #[case("plain", "plain")]
    #[case("", "")]
    fn templates_are_filled(#[case] text: &str, #[case] expected: &str) {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.fill(27), expected);
        assert_eq!(template.to_string(), text);
    }

    #[rstest]
    #[case("a{", "")]
    #[case("{m}", "m")]
    #[case("{n%0}", "n%0")]
    #[case("{n+1}", "n+1")]
    fn what_means_nothing_is_named(#[case] text: &str, #[case] fault: &str) {
        assert_eq!(Template::parse(text), Err(TemplateFault(fault.to_owned())));
    }
}
