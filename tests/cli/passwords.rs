//! `mqttspec broker --passwords` with the users that `mqttspec broker passwd` makes, and `--acl`.

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{self, Command, Output, Stdio},
};

use rstest::rstest;

use super::{broker::Broker, outcome};

fn path(name: &str) -> PathBuf {
    env::temp_dir().join(format!("mqttspec-{}-{name}", process::id()))
}

/// Gives a user a password by standard input.
fn passwd(file: &Path, user: &str, password: &str) -> io::Result<Output> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["broker", "passwd", &file.display().to_string(), user])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = program.stdin.take() {
        // A program that does not want it may have ended already.
        let _ = writeln!(stdin, "{password}");
    }
    program.wait_with_output()
}

/// A connection of MQTT 3.1.1 with a user name of three letters and a password of six, and what CONNECT is answered with.
fn connect(broker: &Broker, user: &str, password: &str) -> io::Result<(TcpStream, u8)> {
    let mut stream = TcpStream::connect(broker.url().trim_start_matches("mqtt://"))?;
    let body =
        ["\x00\x04MQTT\x04", "\u{2}", "\x00\x00\x00\x01c", "\x00\x03", user, "\x00\x06", password].concat();
    let mut body = body.into_bytes();
    // User Name, Password and Clean Session.
    if let Some(flags) = body.get_mut(7) {
        *flags = 0xC2;
    }
    stream.write_all(&[&[0x10, u8::try_from(body.len()).unwrap_or(0)][..], &body].concat())?;
    let mut connack = [0; 4];
    stream.read_exact(&mut connack)?;
    Ok((stream, connack[3]))
}

#[test]
fn users_get_passwords_and_come_in_with_them() {
    let file = path("passwords");
    for (user, password) in [("ann", "first!"), ("bob", "secret"), ("ann", "second")] {
        let output = passwd(&file, user, password).unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let text = fs::read_to_string(&file).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["ann", "bob"]);
    assert!(text.lines().all(|line| line.contains(":$argon2id$v=19$")), "{text}");

    let rule = "allow all users/${user}";
    let broker = Broker::start(&["--passwords", &file.display().to_string(), "--acl", rule]).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(connect(&broker, "ann", "first!").unwrap().1, 4);
    assert_eq!(connect(&broker, "eve", "second").unwrap().1, 4);
    let (mut stream, code) = connect(&broker, "ann", "second").unwrap();
    assert_eq!(code, 0);
    for (topic, code) in [("users/ann", 0), ("users/bob", 0x80)] {
        stream.write_all(&[b"\x82\x0e\x00\x01\x00\x09", topic.as_bytes(), b"\x00"].concat()).unwrap();
        let mut suback = [0; 5];
        stream.read_exact(&mut suback).unwrap();
        assert_eq!(suback, [0x90, 3, 0, 1, code]);
    }
    // With users, nobody comes in without a name.
    let mut anonymous = TcpStream::connect(broker.url().trim_start_matches("mqtt://")).unwrap();
    anonymous.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a").unwrap();
    let mut connack = [0; 4];
    anonymous.read_exact(&mut connack).unwrap();
    assert_eq!(connack, [0x20, 2, 0, 5]);
}

#[rstest]
#[case("", "secret", "a user needs a name of one line")]
#[case("ann", "", "the password is empty")]
fn a_password_needs_a_name_and_a_text(#[case] user: &str, #[case] password: &str, #[case] expected: &str) {
    let file = path(&format!("no-passwords-{}", user.len()));
    let output = passwd(&file, user, password).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    assert!(!file.exists());
}

#[rstest]
#[case("ann:secret", ":1: the hash of `ann` cannot be used: ")]
#[case("nonsense", ":1: expected NAME:HASH")]
#[case("# nobody", "there is no user in ")]
fn a_file_that_cannot_be_used_is_told(#[case] text: &str, #[case] expected: &str) {
    let file = path(&format!("wrong-passwords-{}", text.len()));
    fs::write(&file, text).unwrap();
    let (status, _, stderr) = outcome(&["broker", "--passwords", &file.display().to_string()]);
    fs::remove_file(&file).unwrap();
    assert_eq!(status, Some(2));
    assert!(stderr.contains(expected), "{stderr}");
}

#[rstest]
#[case(&["--passwords", "nowhere"], "cannot read the passwords in nowhere: ")]
#[case(&["--acl", "allow everything"], "`acl` is wrong: it names neither `read` nor")]
#[case(&["--acl", "allow all a", "--acl", "deny all a#"], "`a#` is no topic filter")]
fn wrong_options_are_told(#[case] options: &[&str], #[case] expected: &str) {
    let arguments: Vec<&str> = ["broker"].iter().chain(options).copied().collect();
    let (status, _, stderr) = outcome(&arguments);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(expected), "{stderr}");
}
