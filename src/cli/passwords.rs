//! The users of `mqttspec broker --passwords`: a file of lines `NAME:HASH`, and how a user gets a password.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use reference_broker::{
    core::{Password, User},
    net::{check_hash, hash_password, secret},
};

use super::{BadInput, terminal::complain};

/// The users of the file.
pub(super) fn read(path: &Path) -> Result<Vec<User>, BadInput> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let hashes = hashes(&text).map_err(|wrong| BadInput::new(format!("{}:{wrong}", path.display())))?;
    if hashes.is_empty() {
        let advice = "`mqttspec broker passwd FILE USER` adds one";
        return Err(BadInput::new(format!("there is no user in {}\n{advice}", path.display())));
    }
    let user =
        |(name, hash): (&str, &str)| User { name: name.to_owned(), password: Password::Hashed(hash.into()) };
    Ok(hashes.into_iter().map(user).collect())
}

fn unreadable(path: &Path, error: &io::Error) -> BadInput {
    let advice = "`mqttspec broker passwd FILE USER` makes such a file";
    BadInput::new(format!("cannot read the passwords in {}: {error}\n{advice}", path.display()))
}

/// The hashes of a file by user name, or the line that is wrong and why.
fn hashes(text: &str) -> Result<BTreeMap<&str, &str>, String> {
    let mut hashes = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, hash) = line.rsplit_once(':').ok_or_else(|| format!("{number}: expected NAME:HASH"))?;
        check_hash(hash).map_err(|why| format!("{number}: the hash of `{name}` cannot be used: {why}"))?;
        if hashes.insert(name, hash).is_some() {
            return Err(format!("{number}: `{name}` has a line already"));
        }
    }
    Ok(hashes)
}

/// Gives a user of the file a password, in place of the one that it may have.
pub(super) fn set(path: &Path, user: &str) -> Result<(), BadInput> {
    if user.is_empty() || user.starts_with('#') || user.contains(['\n', '\r', '\0']) {
        return Err(BadInput::new("a user needs a name of one line that does not begin with #"));
    }
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| unreadable(path, &error))?,
    };
    hashes(&text).map_err(|wrong| BadInput::new(format!("{}:{wrong}", path.display())))?;
    let salt = secret().map_err(|error| BadInput::new(error.to_string()))?;
    let hash = hash_password(ask(user)?.as_bytes(), salt.get(..16).unwrap_or(&salt));
    let hash = hash.map_err(|error| BadInput::new(format!("cannot hash the password: {error}")))?;
    let text = with_line(&text, user, &hash);
    replace(path, &text).map_err(|error| {
        BadInput::new(format!(
            "cannot write {}: {error}\nname a file in a folder that you may write to",
            path.display()
        ))
    })?;
    complain(&format!("{user} has a password in {}\n", path.display()));
    Ok(())
}

/// The text of the file with the line of a user, all else being as it was.
fn with_line(text: &str, user: &str, hash: &str) -> String {
    let own = |line: &&str| line.rsplit_once(':').is_some_and(|(name, _)| name == user);
    let line = format!("{user}:{hash}");
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter_mut().find(|line| own(line)) {
        Some(present) => *present = &line,
        None => lines.push(&line),
    }
    lines.join("\n") + "\n"
}

/// The password: asked for twice on a terminal, without showing it, or the first line of standard input.
fn ask(user: &str) -> Result<String, BadInput> {
    let failed = |error: io::Error| BadInput::new(format!("cannot read the password: {error}"));
    let password = if io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password of {user}: ")).map_err(failed)?;
        if first != rpassword::prompt_password("The same again: ").map_err(failed)? {
            return Err(BadInput::new("the passwords differ; nothing was changed"));
        }
        first
    } else {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(failed)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if password.is_empty() {
        return Err(BadInput::new("the password is empty; nothing was changed"));
    }
    Ok(password)
}

/// Replaces a file as a whole, so that a broker that starts meanwhile sees the old one or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

    #[test]
    fn a_line_is_a_user() {
        let text = format!("# ours\n\na:b:{HASH}\nc:{HASH}\n");
        assert_eq!(hashes(&text).unwrap().into_keys().collect::<Vec<_>>(), ["a:b", "c"]);
    }

    #[rstest]
    #[case("nonsense", "1: expected NAME:HASH")]
    #[case("\nann:$argon2id$x", "2: the hash of `ann` cannot be used: ")]
    #[case("ann:secret", "1: the hash of `ann` cannot be used: ")]
    #[case(&format!("a:{HASH}\na:{HASH}"), "2: `a` has a line already")]
    fn other_lines_are_refused(#[case] text: &str, #[case] expected: &str) {
        let wrong = hashes(text).unwrap_err();
        assert!(wrong.starts_with(expected), "{wrong}");
    }

    #[test]
    fn a_password_is_replaced_where_it_stands() {
        assert_eq!(with_line("", "a", "1"), "a:1\n");
        assert_eq!(with_line("# x\na:1\nb:2\n", "a", "3"), "# x\na:3\nb:2\n");
        assert_eq!(with_line("a:1", "c", "3"), "a:1\nc:3\n");
    }
}
