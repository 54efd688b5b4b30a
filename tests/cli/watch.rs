//! `mqttspec watch` between a client and a broker.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{broker::Broker, outcome};

const CONNECT: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
const CONNACK: &[u8] = b"\x20\x02\x00\x00";
/// A PINGREQ with a flag that is reserved.
const WRONG: &[u8] = b"\xC1\x00";

/// The proxy, and where it listens.
pub(crate) fn watch(broker: &str, outputs: &[&str]) -> Option<(Child, String)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["watch", "--listen", "127.0.0.1:0", "--broker", broker])
        .args(outputs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut()?).read_line(&mut line).ok()?;
    let address = line.strip_prefix("watching ")?.split(',').next()?.to_owned();
    Some((child, address))
}

#[cfg(unix)]
#[test]
fn both_sides_are_passed_on_judged_and_recorded() {
    let broker = Broker::start(&[]).unwrap();
    let path = std::env::temp_dir().join(format!("mqttspec-watch-{}.pcapng", std::process::id()));
    let path = path.to_str().unwrap();
    let url = broker.url();
    let json = format!("{path}.json");
    let outputs = ["--pcapng", path, "--report", &format!("json={json}")];
    let (mut child, address) = watch(url.trim_start_matches("mqtt://"), &outputs).unwrap();

    let mut client = TcpStream::connect(&address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.write_all(CONNECT).unwrap();
    let mut answer = [0; CONNACK.len()];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, CONNACK);
    client.write_all(WRONG).unwrap();
    // The broker closes, and that is passed on, too.
    assert_eq!(client.read(&mut answer).unwrap_or(0), 0);

    let mut told = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !told.contains("0000  c1") {
        assert!(output.read_line(&mut told).unwrap() > 0, "{told}");
    }
    assert!(told.contains("connection 1: the client breaks  v3.1.1:2.2.2-1"), "{told}");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    output.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.ends_with("not conforming: statements that must hold were broken\n"), "{told}");

    let (status, text, _) = outcome(&["capture", "check", path]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("broken by the client  v3.1.1:2.2.2-1"), "{text}");

    let checked = format!("{path}.checked.json");
    outcome(&["capture", "check", path, "--json", &checked]);
    let [live, later] = [&json, &checked]
        .map(|file| serde_json::from_str::<Value>(&std::fs::read_to_string(file).unwrap()).unwrap());
    assert_eq!(
        live["summary"],
        serde_json::json!({"fail": 1, "pass": 0, "warn": 0, "skip": 0, "inconclusive": 0, "error": 0})
    );
    assert_eq!(live["results"][0]["scenario"], "conversation-1");
    for of in ["title", "grade", "statements", "broken", "findings", "evidence"] {
        assert_eq!(live["results"][0][of], later["results"][0][of], "{of}");
    }
    for file in [path, &json, &checked] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_broker_that_is_not_there_is_told_at_once() {
    let (status, _, stderr) = outcome(&["watch", "--listen", "127.0.0.1:0", "--broker", "127.0.0.1:1"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("cannot reach the broker at 127.0.0.1:1"), "{stderr}");
}
