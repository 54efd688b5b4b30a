//! Reports as one self-contained HTML file: works from disk, asks nobody for anything, runs no script but its own.
//!
//! [`Book`] gathers what is shown; each module writes a part of the page. Texts of brokers are escaped by the macro
//! that writes the markup, and first made visible by `shown`.

mod book;
mod coverage;
mod data;
mod fleet;
mod front;
mod ladder;
mod matrix;
mod run;
mod scenarios;
mod times;

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use self::book::Book;
use super::{
    Report,
    text::{capped, clean},
};

/// The style of all pages of this program.
pub(crate) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of one report, or of several side by side.
pub fn html(reports: &[Report]) -> String {
    let book = Book::of(reports);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (book.title()) ": MQTT conformance" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#statements" { "Skip to the statements" }
                (front::write(&book))
                (toolbar(&book))
                main {
                    (front::findings(&book))
                    (fleet::write(&book))
                    (matrix::write(&book))
                    (scenarios::write(&book))
                    (coverage::write(&book))
                    (times::write(&book))
                }
                (footer())
                (data::write(&book))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

/// Nothing is fetched, and no script runs but the one of this program, whatever a broker sent.
pub(super) fn policy() -> String {
    policy_for(STYLE, SCRIPT)
}

/// The same for a page with this style and this script.
pub(crate) fn policy_for(style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let (style, script) = (hash(style), hash(script));
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// What is looked for; hidden where no script can look.
fn toolbar(book: &Book<'_>) -> Markup {
    html! {
        search.toolbar #toolbar hidden {
            label { span { "Search" } input #search type="search" placeholder="topic, 3.3.1-5, retained …" autocomplete="off"; }
            label { span { "Show" }
                select #show {
                    option value="" { "everything" }
                    @for (value, name) in book::SHOWN { option value=(value) { (name) } }
                }
            }
            label { span { "MQTT" }
                select #version {
                    option value="" { "both versions" }
                    @for version in book.versions() { option value=(version) { (version) } }
                }
            }
            button #reset type="button" { "Clear" }
            output #count for="search show version" {}
            span.keys { kbd { "/" } " search, " kbd { "j" } " " kbd { "k" } " failures" }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                "Made by mqttspec. The texts of the statements are paraphrases; the wording that counts is that of the standards: "
                @for (count, version) in mqttspec_spec::Version::ALL.into_iter().enumerate() {
                    @if count > 0 { ", " }
                    a href=(version.url()) rel="noreferrer" { "MQTT " (version.number()) }
                }
                "."
            }
        }
    }
}

/// A text of a broker or a user so that all of it can be seen, and not too much of it.
pub(super) fn shown(text: &str) -> String {
    capped(&clean(text)).into_owned()
}

/// A text as a part of addresses: a space becomes `+`, and other bytes with a meaning there become `~` and their number.
/// Different texts stay different.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => slug.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-._/:=@".contains(&byte) => slug.push(char::from(byte)),
            byte => {
                let _ = write!(slug, "~{byte:02x}");
            }
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("common/3.3-publish/kept@5.0@qos=1 retain=true", "common/3.3-publish/kept@5.0@qos=1+retain=true")]
    #[case("a+b", "a~2bb")]
    #[case("word=é?#\"", "word=~c3~a9~3f~23~22")]
    fn addresses_keep_texts_apart(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(slug(text), expected);
    }
}
