//! Listeners that are no brokers, or not behind the transport that was said.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use mqttspec::{
    runner::plan::Selection,
    target::{Transport, Trust},
    verdict::Grade,
};
use rstest::rstest;

use super::{
    broker::{Broker, Certificate},
    play,
};

/// The port of a listener that treats each network connection like this until the test ends.
fn listener(treat: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || treat(stream));
        }
    });
    port
}

/// Reads a request to its end.
fn request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        request.extend(byte);
    }
    String::from_utf8(request).unwrap()
}

fn answers_as_http(mut stream: TcpStream) {
    request(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

fn answers_with_garbage(mut stream: TcpStream) {
    let mut bytes = [0; 16];
    let _ = stream.read(&mut bytes);
    let _ = stream.write_all(&[0xFF; 1_000]);
}

#[rstest]
#[case::http("ws", answers_as_http, "answered with HTTP status 404 Not Found. Is the path right?")]
#[case::no_websocket("ws", answers_with_garbage, "Is it WebSocket that the broker speaks at this port?")]
#[case::no_tls("mqtts", answers_with_garbage, "Is it TLS that the broker speaks at this port?")]
#[case::no_secure_websocket("wss", answers_with_garbage, "the TLS handshake failed: ")]
#[case::closes("ws", drop, "the WebSocket handshake failed: ")]
fn who_speaks_something_else(#[case] scheme: &str, #[case] treat: fn(TcpStream), #[case] expected: &str) {
    let address = format!("{scheme}://127.0.0.1:{}", listener(treat));
    let report = play(&address, Selection::default(), Trust::anybody().unwrap(), false);
    let stopped = report.stopped.unwrap();
    assert!(stopped.starts_with(&format!("no broker could be reached at {address}")), "{stopped}");
    assert!(stopped.contains(expected), "{stopped}");
    assert!(report.results.is_empty());
}

#[test]
fn nobody_is_trusted_without_a_word() {
    let own = [
        Certificate::for_host("127.0.0.1", false),
        Certificate::for_host("127.0.0.1", true),
        Certificate::for_host("elsewhere", false),
    ];
    let selection = || Selection { only: vec!["retained-replaced".to_owned()], ..Selection::default() };
    for certificate in &own {
        let broker = Broker::start(Transport::Tls, certificate, false);
        let stopped = |trust| play(&broker.url, selection(), trust, false).stopped;
        assert!(stopped(Trust::default()).is_some_and(|why| why.contains("--insecure")));
        let other = Certificate::for_host("127.0.0.1", true);
        let refused = stopped(Trust::certificates(&other.certificate()).unwrap()).unwrap_or_default();
        assert!(refused.contains("the broker's certificate is not accepted"), "{refused}");
        assert_eq!(stopped(Trust::certificates(&certificate.certificate()).unwrap()), None);
        assert_eq!(stopped(Trust::anybody().unwrap()), None);
    }
}

/// Upgrades with this subprotocol, and sends this frame in answer to the first one.
fn upgrade(mut stream: TcpStream, subprotocol: &str, answer: &[u8]) {
    let request = request(&mut stream);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).unwrap();
    let mut bytes = [0; 1024];
    let _ = stream.read(&mut bytes);
    let _ = stream.write_all(answer);
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// A CONNACK, but in a text frame.
fn text(stream: TcpStream) {
    upgrade(stream, "mqtt", &[0x81, 4, 0x20, 2, 0, 0]);
}

fn other_subprotocol(stream: TcpStream) {
    upgrade(stream, "mqttv3.1", &[]);
}

#[rstest]
#[case::text(text, "6.0.0-1")]
#[case::other_subprotocol(other_subprotocol, "6.0.0-4")]
fn the_rules_of_websocket_are_judged(#[case] treat: fn(TcpStream), #[case] label: &str) {
    let address = format!("ws://127.0.0.1:{}", listener(treat));
    let report = play(&address, Selection::default(), Trust::default(), false);
    let broken: Vec<String> =
        report.results.iter().flat_map(|result| &result.broken).map(ToString::to_string).collect();
    assert_eq!(broken, [format!("v3.1.1:{label}"), format!("v5.0:{label}")]);
    assert!(report.results.iter().all(|result| result.grade == Grade::Fail));
}
