//! A baseline as the file that it is read from.

use std::fmt::Write as _;

use super::{Baseline, What};

impl Baseline {
    /// The file: each field on a line of its own.
    pub fn yaml(&self) -> String {
        let mut text = self.head.clone();
        if self.entries.is_empty() {
            text.push_str("examined: []\n");
            return text;
        }
        text.push_str("examined:\n");
        for entry in &self.entries {
            let mut fields = Vec::new();
            match &entry.what {
                What::Statement(id) => fields.push(("statement", id.to_string())),
                What::Scenario { id, version, variant, broken } => {
                    fields.push(("scenario", scalar(id)));
                    fields.extend(version.map(|version| ("version", format!("\"{}\"", version.number()))));
                    fields.extend(variant.as_ref().map(|variant| ("variant", scalar(variant))));
                    if !broken.is_empty() {
                        fields.push(("broken", format!("[{}]", broken.join(", "))));
                    }
                }
            }
            fields.extend(
                entry.broker_version.as_ref().map(|version| ("broker-version", format!("{version:?}"))),
            );
            fields.push(("why", scalar(&entry.why)));
            for (number, (name, value)) in fields.iter().enumerate() {
                let _ = writeln!(text, "  {} {name}: {value}", if number == 0 { "-" } else { " " });
            }
        }
        text
    }
}

/// A text as YAML reads it back: plain where it can be.
fn scalar(text: &str) -> String {
    let plain = |char: char| char.is_alphanumeric() || " -_./=,;()'+".contains(char);
    let begins = text.starts_with(|char: char| char.is_alphanumeric());
    if begins && text.chars().all(plain) && !text.ends_with(' ') && text.parse::<f64>().is_err() {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("qos=1 retain=true", "qos=1 retain=true")]
    #[case("It forgets; it's known.", "It forgets; it's known.")]
    #[case("a: b", "\"a: b\"")]
    #[case("5.0", "\"5.0\"")]
    #[case("- x # y", "\"- x # y\"")]
    #[case("say \"no\"\n", "\"say \\\"no\\\"\\u000a\"")]
    #[case("", "\"\"")]
    fn texts_are_plain_where_they_can_be(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(scalar(text), expected);
    }
}
