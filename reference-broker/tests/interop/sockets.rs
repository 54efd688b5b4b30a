//! The broker on plain sockets: how it ends connections, and what it does about clients that do not read.

use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};

use mqttspec_wire::{
    Packet, Properties, QoS, Utf8String, Version,
    packet::{Delivery, Publish},
};
use reference_broker::{Config, core::Limits};

use crate::server::Server;

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01";
const SUBSCRIBE: &[u8] = b"\x82\x06\x00\x01\x00\x01t\x00";

/// Connects, with an identifier of one letter, and reads the CONNACK.
fn connect(server: &Server, id: u8) -> std::net::TcpStream {
    let mut stream = server.open();
    stream.write_all(&[CONNECT, &[id]].concat()).unwrap();
    let mut connack = [0; 4];
    stream.read_exact(&mut connack).unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0]);
    stream
}

#[test]
fn the_last_packet_arrives_before_the_end() {
    let server = Server::start(Config::default());
    let mut stream = server.open();
    // A refused CONNECT with much behind it that the server does not read.
    stream.write_all(b"\x10\x0d\x00\x04MQTT\x03\x02\x00\x00\x00\x01a").unwrap();
    stream.write_all(&vec![0xC0; 100_000]).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(all, [0x20, 2, 0, 1]);
}

#[test]
fn who_leaves_gets_all_answers_and_is_gone() {
    const COUNT: usize = 50_000;
    let server = Server::start(Config::default());
    let mut stream = connect(&server, b'a');
    stream.write_all(&[b"\xC0\x00".repeat(COUNT), b"\xE0\x00".to_vec()].concat()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert!(all == b"\xD0\x00".repeat(COUNT));
    // Nobody is there to take a byte, and the system says so after the first.
    let refused = (0..100).find_map(|_| stream.write_all(&[0]).err());
    assert!(refused.is_some());
}

#[test]
fn pieces_and_heaps() {
    let server = Server::start(Config::default());
    let mut stream = server.open();
    for byte in [CONNECT, b"a"].concat() {
        stream.write_all(&[byte]).unwrap();
        stream.flush().unwrap();
    }
    stream.write_all(&[SUBSCRIBE, &b"\xC0\x00".repeat(1_000)].concat()).unwrap();
    let mut all = vec![0; 4 + 5 + 2_000];
    stream.read_exact(&mut all).unwrap();
    assert_eq!(all[9..], b"\xD0\x00".repeat(1_000));
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits { backlog: 1 << 20, ..Limits::default() };
    let slow_reader_timeout = Duration::from_millis(300);
    let server = Server::start(Config { limits, slow_reader_timeout, ..Config::default() });
    let mut idle = connect(&server, b'i');
    idle.write_all(SUBSCRIBE).unwrap();
    let mut suback = [0; 5];
    idle.read_exact(&mut suback).unwrap();
    let mut publisher = connect(&server, b'p');
    let message = Packet::Publish(Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: Utf8String::try_from("t").unwrap(),
        properties: Properties::new(),
        payload: vec![0; 100_000].into(),
    });
    assert_eq!(QoS::AtMostOnce.level(), 0);
    let message = message.to_bytes(Version::V3_1_1);
    for _ in 0..200 {
        publisher.write_all(&message).unwrap();
    }
    publisher.write_all(b"\xC0\x00").unwrap();
    let mut pingresp = [0; 2];
    publisher.read_exact(&mut pingresp).unwrap();
    let mut all = Vec::new();
    let end = idle.read_to_end(&mut all);
    assert!(end.is_ok_and(|count| count < 200 * message.len()));
}

#[test]
fn time_passes() {
    let server = Server::start(Config { connect_timeout: Duration::from_millis(200), ..Config::default() });
    let start = Instant::now();
    let mut stream = server.open();
    let mut byte = [0];
    let end = stream.read(&mut byte);
    assert!(matches!(end, Ok(0)) || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert!(start.elapsed() >= Duration::from_millis(200));
}
