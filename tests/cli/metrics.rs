//! `mqttspec broker --metrics`: how the broker is, over HTTP.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rstest::rstest;

use super::outcome;

/// A broker that tells how it is.
struct Broker {
    process: Child,
    /// Where it tells, and where it serves.
    metrics: String,
    place: String,
}

impl Broker {
    fn start() -> io::Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
            .args(["broker", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = process.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(stderr).lines();
        let mut told = |start: &str, end: &str| {
            let line = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
            let rest = line.split_once(start).and_then(|(_, rest)| rest.split_once(end));
            rest.map(|(found, _)| found.to_owned()).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
        };
        let metrics = told("metrics at http://", "/metrics,")?;
        let place = told("mqtt://", ";")?;
        Ok(Self { process, metrics, place })
    }

    /// What a request is answered with.
    fn ask(&self, request: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.metrics)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn metrics_count_what_happens() {
    let broker = Broker::start().unwrap();
    let mut client = TcpStream::connect(&broker.place).unwrap();
    // CONNECT, SUBSCRIBE to t, PUBLISH to t with RETAIN.
    client.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a\x82\x06\x00\x01\x00\x01t\x00").unwrap();
    client.write_all(b"\x31\x04\x00\x01tx").unwrap();
    // CONNACK, SUBACK and the PUBLISH.
    let mut answers = [0; 4 + 5 + 6];
    client.read_exact(&mut answers).unwrap();
    let answer = broker.ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    for expected in [
        "# TYPE mqttspec_broker_clients gauge\nmqttspec_broker_clients 1\n",
        "\nmqttspec_broker_sessions 1\n",
        "\nmqttspec_broker_subscriptions 1\n",
        "\nmqttspec_broker_retained_messages 1\n",
        "# TYPE mqttspec_broker_messages_received_total counter\nmqttspec_broker_messages_received_total 1\n",
        "\nmqttspec_broker_messages_sent_total 1\n",
        "\nmqttspec_broker_bytes_received_total 29\n",
        "\nmqttspec_broker_bytes_sent_total 15\n",
    ] {
        assert!(body.contains(expected), "{expected} is missing in\n{body}");
    }
}

#[test]
fn requests_get_the_answer_that_they_deserve() {
    let broker = Broker::start().unwrap();
    for (request, status, body) in [
        ("GET /health HTTP/1.1\r\n\r\n", "200 OK", "\r\n\r\nok\n"),
        ("GET /health?x=1 HTTP/1.0\r\nHost: x\r\n\r\n", "200 OK", "\r\n\r\nok\n"),
        ("HEAD /health HTTP/1.1\r\n\r\n", "200 OK", "\r\n\r\n"),
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "there are /metrics and /health\n"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only GET and HEAD are answered\n"),
        ("\u{0}\r\n\r\n", "405 Method Not Allowed", "answered\n"),
    ] {
        let answer = broker.ask(request).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request:?}: {answer}");
        assert!(answer.ends_with(body), "{request:?}: {answer}");
    }
}

/// Requests without an end, or without sense, cost little and are in nobody's way.
#[test]
fn hostile_requests_are_bounded() {
    let broker = Broker::start().unwrap();
    let silent: Vec<_> = (0..4).map(|_| TcpStream::connect(&broker.metrics).unwrap()).collect();
    let mut endless = TcpStream::connect(&broker.metrics).unwrap();
    // It is cut off, which may show while writing or while reading.
    let written = endless.write_all(&b"x".repeat(1 << 20));
    let mut answer = Vec::new();
    let read = endless.read_to_end(&mut answer);
    assert!(written.is_err() || read.is_err() || answer.is_empty());
    let started = Instant::now();
    assert!(broker.ask("GET /health HTTP/1.1\r\n\r\n").unwrap().ends_with("ok\n"));
    assert!(started.elapsed() < Duration::from_secs(4));
    drop(silent);
}

#[rstest]
#[case("localhost", "write an address with a port, as in")]
#[case("127.0.0.1:70000", "write an address with a port, as in")]
fn a_wrong_address_is_told(#[case] address: &str, #[case] expected: &str) {
    let (status, _, stderr) = outcome(&["broker", "--metrics", address]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, stderr) = outcome(&["broker", "--listen", "127.0.0.1:0", "--metrics", &address]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(&format!("cannot serve metrics at {address}: ")), "{stderr}");
}

/// Who connects and says nothing keeps others out for a moment only, however many they are.
#[test]
fn the_silent_make_room() {
    let broker = Broker::start().unwrap();
    let silent = || TcpStream::connect(&broker.metrics).unwrap();
    let _silent: Vec<TcpStream> = std::iter::repeat_with(silent).take(100).collect();
    let started = Instant::now();
    let answer = broker.ask("GET /health HTTP/1.1\r\n\r\n").unwrap();
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}
