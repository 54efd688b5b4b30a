//! The users of `mqttspec broker --scram`: a file of lines `NAME:KEYS`, and how to make a line.

use std::{collections::BTreeMap, fs, io, path::Path};

use reference_broker::{
    core::{Scram, ScramKeys, prepared},
    net::secret,
};

use super::BadInput;

/// How often a password is hashed: what makes guessing expensive, and connecting too, for the client.
const ITERATIONS: u32 = 10_000;

/// The method with the users of the file.
pub(super) fn read(path: &Path) -> Result<Scram, BadInput> {
    let place = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| BadInput::new(format!("cannot read {place}: {error}")))?;
    let users = users(&text).map_err(|wrong| BadInput::new(format!("{place}:{wrong}")))?;
    Ok(Scram::new(draw()?, users))
}

fn users(text: &str) -> Result<BTreeMap<String, ScramKeys>, String> {
    let mut users = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| {
            format!("{number}: {what}; `mqttspec broker scram NAME` makes such a line from a password")
        };
        let (name, keys) =
            line.rsplit_once(":SCRAM").ok_or_else(|| wrong("expected NAME:SCRAM-SHA-256$…"))?;
        let keys = format!("SCRAM{keys}").parse::<ScramKeys>().map_err(|error| wrong(&error.to_string()))?;
        let name = prepared(name).map_err(|error| wrong(&format!("`{name}` is no user name: {error}")))?;
        if users.insert(name.clone(), keys).is_some() {
            return Err(format!("{number}: `{name}` has a line already"));
        }
    }
    Ok(users)
}

/// The line of a user, whose password is the first line of standard input.
pub(super) fn line(name: &str) -> Result<String, BadInput> {
    let name = prepared(name).map_err(|error| BadInput::new(format!("`{name}` is no user name: {error}")))?;
    let mut password = String::new();
    io::stdin().read_line(&mut password).map_err(|error| BadInput::new(error.to_string()))?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(BadInput::new("the password is awaited as the first line of standard input"));
    }
    let salt = draw()?;
    let keys = ScramKeys::of_password(password, salt.get(..16).unwrap_or(&salt), ITERATIONS);
    let keys = keys.map_err(|error| BadInput::new(format!("this is no password: {error}")))?;
    Ok(format!("{name}:{keys}\n"))
}

fn draw() -> Result<[u8; 32], BadInput> {
    secret().map_err(|error| BadInput::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const KEYS: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                        wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn a_line_is_a_user() {
        let users = users(&format!("# ours\n\na:b:{KEYS}\nc:{KEYS}\n")).unwrap();
        assert_eq!(users.keys().collect::<Vec<_>>(), ["a:b", "c"]);
        assert_eq!(Ok(users["c"].clone()), ScramKeys::of_password("pencil", &salt(), 4096));
    }

    fn salt() -> Vec<u8> {
        vec![91, 109, 153, 104, 157, 18, 53, 142, 236, 160, 75, 20, 18, 54, 250, 129]
    }

    #[rstest]
    #[case("nonsense", "1: expected NAME:SCRAM-SHA-256$…; ")]
    #[case(
        "a\u{7}:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
            wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "1: `a\u{7}` is no user name: SASLprep (RFC 4013)"
    )]
    #[case("\nann:SCRAM-SHA-256$x", "2: not of the form SCRAM-SHA-256$ITERATIONS:")]
    fn other_lines_are_refused(#[case] text: &str, #[case] expected: &str) {
        let wrong = users(text).unwrap_err();
        assert!(wrong.starts_with(expected), "{wrong}");
    }

    #[test]
    fn a_name_has_one_line() {
        assert_eq!(users(&format!("a:{KEYS}\na:{KEYS}")).unwrap_err(), "2: `a` has a line already");
    }
}
