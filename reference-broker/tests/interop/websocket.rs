//! The broker behind WebSocket, with a client that is written out byte by byte.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use reference_broker::Config;
use rstest::rstest;

use crate::server::Server;

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";
const CONNACK: &[u8] = &[0x20, 2, 0, 0];
const PINGREQ: &[u8] = &[0xC0, 0];
const BINARY: u8 = 0x82;
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

fn server() -> Server {
    let config = Config { connect_timeout: Duration::from_secs(1), ..Config::default() };
    Server::dressed(config, reference_broker::net::Listener::with_websocket)
}

/// Asks for the upgrade with these headers in addition, and reads the answer.
fn request(server: &Server, path: &str, headers: &str) -> (TcpStream, String) {
    let mut stream = server.open();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        answer.extend(byte);
    }
    (stream, String::from_utf8(answer).unwrap())
}

fn upgraded(server: &Server) -> TcpStream {
    let (stream, answer) = request(server, "/mqtt", "Sec-WebSocket-Protocol: mqtt\r\n");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    stream
}

/// A frame with the mask 0, which leaves the bytes as they are.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    [&[opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Reads a frame: its first byte and its payload.
fn read_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    assert!(head[1] < 126);
    let mut payload = vec![0; usize::from(head[1])];
    stream.read_exact(&mut payload).unwrap();
    (head[0], payload)
}

/// Reads binary frames until they have held this.
fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut all = Vec::new();
    while all.len() < expected.len() {
        let (kind, payload) = read_frame(stream);
        assert_eq!(kind, BINARY);
        all.extend(payload);
    }
    assert_eq!(all, expected);
}

#[rstest]
#[case("/", "mqtt")]
#[case("/mqtt?any=thing", "foo, mqtt")]
#[case("/", "mqtt,mqttv3.1")]
fn the_subprotocol_is_mqtt(#[case] path: &str, #[case] offered: &str) {
    let server = server();
    let (mut stream, answer) = request(&server, path, &format!("Sec-WebSocket-Protocol: {offered}\r\n"));
    assert!(answer.to_lowercase().contains("\r\nsec-websocket-protocol: mqtt\r\n"), "{answer}");
    stream.write_all(&frame(BINARY, CONNECT)).unwrap();
    expect(&mut stream, CONNACK);
}

#[rstest]
#[case("")]
#[case("Sec-WebSocket-Protocol: mqttx, MQTT\r\n")]
fn without_it_there_is_no_upgrade(#[case] headers: &str) {
    let server = server();
    let (mut stream, answer) = request(&server, "/", headers);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
}

#[test]
fn frames_and_packets_need_not_line_up() {
    let server = server();
    let mut stream = upgraded(&server);
    for byte in CONNECT {
        stream.write_all(&frame(BINARY, &[*byte])).unwrap();
    }
    expect(&mut stream, CONNACK);
    // One message of several frames, with a ping between them; and two packets in one frame.
    stream.write_all(&[0x02, 0x81, 0, 0, 0, 0, 0xC0]).unwrap();
    stream.write_all(&frame(PING, b"hello")).unwrap();
    stream.write_all(&[0x80, 0x81, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(read_frame(&mut stream), (PONG, b"hello".to_vec()));
    expect(&mut stream, &[0xD0, 0]);
    stream.write_all(&frame(BINARY, &[PINGREQ, PINGREQ].concat())).unwrap();
    expect(&mut stream, &[0xD0, 0, 0xD0, 0]);
    stream.write_all(&frame(BINARY, b"\xE0\x00")).unwrap();
    assert_eq!(read_frame(&mut stream).0, CLOSE);
}

/// A frame that ends the connection, whatever is in it.
#[rstest]
#[case::text(frame(TEXT, PINGREQ))]
#[case::unmasked([&[BINARY, 2], PINGREQ].concat())]
#[case::reserved(frame(0x83, PINGREQ))]
#[case::too_long([&[BINARY, 0xFF][..], &[0, 0, 0, 1, 0, 0, 0, 0], &[0; 4]].concat())]
#[case::close(frame(CLOSE, &[]))]
fn other_frames_end_the_connection(#[case] bytes: Vec<u8>) {
    let server = server();
    let mut stream = upgraded(&server);
    stream.write_all(&frame(BINARY, CONNECT)).unwrap();
    expect(&mut stream, CONNACK);
    stream.write_all(&[bytes, frame(BINARY, PINGREQ)].concat()).unwrap();
    let mut rest = Vec::new();
    let started = Instant::now();
    let _ = stream.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!rest.contains(&0xD0), "{rest:x?}");
}

#[rstest]
#[case::garbage(vec![0xFF; 1_000])]
#[case::mqtt(CONNECT.to_vec())]
#[case::endless_header([b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 1 << 20]].concat())]
#[case::slow(b"GET / HTTP/1.1\r\n".to_vec())]
fn what_is_no_handshake_ends_without_harm(#[case] bytes: Vec<u8>) {
    let server = server();
    let mut stream = server.open();
    let started = Instant::now();
    let _ = stream.write_all(&bytes);
    let _ = stream.read_to_end(&mut Vec::new());
    assert!(started.elapsed() < Duration::from_secs(5));
    upgraded(&server);
}
