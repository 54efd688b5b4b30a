//! `mqttspec run` against listeners that are anything but brokers.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rstest::rstest;

use super::outcome;

const SCENARIOS: &str = "fixtures/scenarios/good";

/// The address of a listener that treats each network connection like this until the test ends.
pub(crate) fn listener(treat: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || treat(stream));
        }
    });
    format!("mqtt://{address}")
}

/// Reads to the end and never answers.
fn silent(mut stream: TcpStream) {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

fn closes_at_once(stream: TcpStream) {
    drop(stream);
}

/// Sends bytes without sense as long as somebody takes them.
fn random_bytes(mut stream: TcpStream) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = [0; 4096];
    while stream.write_all(&bytes).is_ok() {
        for byte in &mut bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[0];
        }
    }
}

/// Terminal sequences and a forged verdict, in place of a CONNACK and inside one.
fn forger(mut stream: TcpStream) {
    let _ = stream.write_all(b"\x20\x1d\x00\x80\x1a\x1f\x00\x17\x1b[2J\nconforming: perfect\x1b]");
    silent(stream);
}

#[rstest]
#[case(silent)]
#[case(closes_at_once)]
#[case(random_bytes)]
#[case(forger)]
fn what_is_no_broker_does_not_conform(#[case] treat: fn(TcpStream)) {
    let address = listener(treat);
    let started = Instant::now();
    let (status, stdout, stderr) =
        outcome(&["run", &address, "--scenarios", SCENARIOS, "--only", "retained-replaced"]);
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
    assert!(matches!(status, Some(1 | 3)), "{status:?}\n{stdout}");
    let verdict = stdout.lines().last().unwrap_or_default();
    let expected = if status == Some(1) { "not conforming: " } else { "could not decide: " };
    assert!(verdict.starts_with(expected), "{stdout}");
    assert_eq!(stderr, "", "progress in a pipe");
    assert!(!stdout.contains(|char: char| char.is_control() && char != '\n'), "{stdout:?}");
    assert!(!stdout.lines().any(|line| line.starts_with("conforming")), "{stdout}");
}

#[test]
fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = format!("mqtt://{}", free.unwrap_or_else(|error| panic!("{error}")));
    let (status, stdout, _) = outcome(&["run", &address, "--scenarios", SCENARIOS]);
    assert_eq!(status, Some(3));
    let verdict = stdout.lines().last().unwrap_or_default();
    assert!(verdict.starts_with("could not decide: ") && verdict.contains(&address), "{stdout}");
}

#[rstest]
#[case(&["--only", "reatined"], "did you mean `retained`?")]
#[case(&["--only", "3.3.1-55"], "did you mean `3.3.1-5`?")]
#[case(&["--only", "retained", "--only", "nonsense"], "`--only nonsense` matches no scenario")]
#[case(&["--only", "5.0"], "did you mean `--version 5.0`?")]
#[case(&["--only", "MQTT-4.6.0-1"], "no scenario judges `MQTT-4.6.0-1` yet")]
#[case(&["--only", "retained", "--variant", "qos=3"], "did you mean 'qos=1'?")]
#[case(&["--version", "4"], "the versions are 3.1.1 and 5.0")]
#[case(&["ftp://127.0.0.1"], "its scheme is unknown")]
#[case(&["mqtts://127.0.0.1"], "cannot test mqtts://127.0.0.1:8883: nobody said whom to trust")]
#[case(&["mqtts://127.0.0.1", "--ca", "nowhere"], "cannot trust nowhere: ")]
#[case(&["mqtts://127.0.0.1", "--ca", "Cargo.toml"], "it holds no certificate in PEM")]
#[case(&["mqtts://127.0.0.1", "--ca", "x", "--insecure"], "cannot be used with")]
#[case(&["--jobs", "0"], "0 is not in 1..=65535")]
#[case(&["--json", "nowhere/report.json"], "cannot write a report to `nowhere/report.json`")]
#[case(&["--report", "json=nowhere/report.json"], "cannot write a report to `nowhere/report.json`")]
#[case(&["--report", "pdf=report.pdf"], "`pdf` is no kind of report; there are github, html, json, junit, md, pcapng")]
#[case(&["--report", "json"], "it names no file; write it as html=report.html")]
#[case(&["--report", "json=-", "--json", "-"], "only one report can go to standard output")]
#[case(&["--format", "json-lines", "--json", "-"], "`--format json-lines` takes standard output")]
fn nothing_is_run_on_a_slip(#[case] arguments: &[&str], #[case] expected: &str) {
    let arguments = [&["run", "--scenarios", SCENARIOS], arguments].concat();
    let (status, stdout, stderr) = outcome(&arguments);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn json_goes_where_it_is_told_to() {
    let path = std::env::temp_dir().join(format!("mqttspec-{}.json", std::process::id()));
    let path = path.to_string_lossy();
    let run = ["run", "--scenarios", SCENARIOS, "--only", "retained-replaced", "--version", "5.0", "--json"];
    let (status, text, _) = outcome(&[&run[..], &[&path]].concat());
    let (same, json, in_stderr) = outcome(&[&run[..], &["-"]].concat());
    let written = std::fs::read_to_string(&*path).unwrap_or_default();
    let _ = std::fs::remove_file(&*path);
    assert_eq!(status, same);
    assert!(in_stderr.lines().last() == text.lines().last() && !text.is_empty(), "{in_stderr}");
    for document in [json, written] {
        let document: serde_json::Value =
            serde_json::from_str(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
        let results = document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        let played = results.iter().filter(|result| result["scenario"] == "retained-replaced");
        assert_eq!(played.map(|result| &result["variant"]).collect::<Vec<_>>(), ["qos=1", "qos=2"]);
    }
}
