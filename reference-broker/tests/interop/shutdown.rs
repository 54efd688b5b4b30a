//! How the broker ends.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use reference_broker::Config;
use rstest::rstest;

use crate::server::Server;

#[rstest]
#[case::with_a_reason_in_5_0(
    b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01a",
    &[0xE0, 0x8B]
)]
#[case::without_one_in_3_1_1(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a", &[])]
fn clients_are_told(#[case] connect: &[u8], #[case] told: &[u8]) {
    let mut server = Server::start(Config::default());
    let mut client = server.open();
    client.write_all(connect).unwrap();
    let mut first = [0; 2];
    client.read_exact(&mut first).unwrap();
    let mut connack = vec![0; usize::from(first[1])];
    client.read_exact(&mut connack).unwrap();
    server.shut_down();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    // The type and the reason; the length between them depends on the text for people.
    let seen: Vec<u8> = rest.iter().copied().take(3).step_by(2).collect();
    assert_eq!(seen, told, "{rest:x?}");
}

#[test]
fn a_client_that_stays_does_not_hold_it_up() {
    let server = Server::start(Config::default());
    let client = server.open();
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    drop(client);
}
