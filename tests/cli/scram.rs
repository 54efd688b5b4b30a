//! `mqttspec broker --scram` with the users that `mqttspec broker scram` makes.

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    process::{self, Command, Stdio},
    time::Duration,
};

use super::broker::Broker;

/// The line that the program makes of a name and a password.
fn line(name: &str, password: &str) -> io::Result<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["broker", "scram", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = program.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    let output = program.wait_with_output()?;
    assert!(output.status.success());
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

#[test]
fn a_user_is_asked_for_a_proof() {
    let users = line("ann", "secret").unwrap() + &line("bob", "secret").unwrap();
    let [ann, bob] = users.lines().collect::<Vec<_>>()[..] else { panic!("two lines expected: {users}") };
    assert!(ann.starts_with("ann:SCRAM-SHA-256$10000:"), "{ann}");
    assert_ne!(ann.strip_prefix("ann:"), bob.strip_prefix("bob:"), "salts differ");

    let file = env::temp_dir().join(format!("mqttspec-scram-{}", process::id()));
    fs::write(&file, &users).unwrap();
    let broker = Broker::start(&["--scram", &file.display().to_string()]).unwrap();
    fs::remove_file(&file).unwrap();
    let mut stream = TcpStream::connect(broker.url().trim_start_matches("mqtt://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // CONNECT with Request Problem Information 0, Authentication Method SCRAM-SHA-256 and the first message
    // `n,,n=ann,r=abc`.
    let properties = b"\x17\x00\x15\x00\x0dSCRAM-SHA-256\x16\x00\x0en,,n=ann,r=abc";
    let length = u8::try_from(properties.len()).unwrap();
    let connect = [b"\x00\x04MQTT\x05\x02\x00\x00", &[length][..], properties, b"\x00\x01c"].concat();
    let header = [0x10, u8::try_from(connect.len()).unwrap()];
    stream.write_all(&[&header, &connect[..]].concat()).unwrap();
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!((answer[0], answer[2]), (0xF0, 0x18), "AUTH that continues");
}
