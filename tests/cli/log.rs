//! The log of `mqttspec broker`.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use rstest::rstest;

use super::outcome;

/// What a broker writes to standard error after it has said where it listens: while a client is let in and leaves in good
/// order, another is refused, and something comes that is no CONNECT.
#[cfg(unix)]
fn log(arguments: &[&str]) -> io::Result<Vec<String>> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["broker", "--listen", "127.0.0.1:0", "--wills", "false"])
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(process.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?).lines();
    let told = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
    let place = told.split_once("mqtt://").and_then(|(_, rest)| rest.split_once(';'));
    let (place, _) = place.ok_or(io::ErrorKind::InvalidData)?;
    let packets: [&[u8]; 3] = [
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a\xE0\x00",
        b"\x10\x12\x00\x04MQTT\x04\x06\x00\x00\x00\x01w\x00\x01t\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for packets in packets {
        let mut stream = TcpStream::connect(place)?;
        stream.write_all(packets)?;
        // What comes is of no interest, only that the broker is done.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let ended = Command::new("kill").args(["-INT", &process.id().to_string()]).status()?;
    assert!(ended.success());
    process.wait()?;
    lines.collect()
}

#[cfg(unix)]
#[test]
fn who_comes_and_goes_is_written() {
    let lines = log(&["--log", "info"]).unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].contains(" INFO ") && lines[0].contains("client accepted"), "{lines:?}");
    assert!(lines[0].contains(r#"client="a" version="3.1.1" resumed=false"#), "{lines:?}");
    assert!(lines[1].contains(r#"why="the client has sent DISCONNECT""#), "{lines:?}");
    assert!(lines[2].contains(r#"why="wills are not accepted""#), "{lines:?}");
    assert!(lines[3].contains("client refused"), "{lines:?}");
}

#[cfg(unix)]
#[test]
fn by_default_nothing_is_written_about_clients() {
    assert_eq!(log(&[]).unwrap(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn each_line_is_an_object_if_that_is_wanted() {
    let lines = log(&["--log", "info", "--log-format", "json"]).unwrap();
    let objects: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<&str> = objects.iter().filter_map(|object| object["message"].as_str()).collect();
    assert_eq!(messages, ["client accepted", "connection ended", "client refused", "client refused"]);
    assert_eq!((&objects[2]["client"], &objects[2]["level"]), (&"w".into(), &"INFO".into()));
}

#[rstest]
#[case("loud", "write `off`, `error`, `warn`, `info` or `debug`")]
#[case("inf", "did you mean `info`?")]
fn a_level_that_is_none_is_told(#[case] level: &str, #[case] expected: &str) {
    let (status, _, stderr) = outcome(&["broker", "--log", level]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(expected), "{stderr}");
}
