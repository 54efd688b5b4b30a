//! Users with argon2 hashes.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use reference_broker::{
    Config,
    core::{Password, User},
    net::hash_password,
};

use crate::server::Server;

fn server() -> Server {
    let hash = hash_password(b"secret", b"8 bytes!").unwrap();
    let users = vec![User { name: "ann".into(), password: Password::Hashed(hash.into()) }];
    Server::start(Config { users, ..Config::default() })
}

/// A client of MQTT 3.1.1 that has sent its CONNECT.
fn attempt(server: &Server, id: u16, password: &str) -> TcpStream {
    let id = format!("{id:04}");
    let body = [
        &b"\x00\x04MQTT\x04\xC2\x00\x00\x00\x04"[..],
        id.as_bytes(),
        b"\x00\x03ann\x00\x06",
        password.as_bytes(),
    ];
    let body = body.concat();
    let mut stream = server.open();
    stream.write_all(&[&[0x10, u8::try_from(body.len()).unwrap()][..], &body].concat()).unwrap();
    stream
}

fn code(stream: &mut TcpStream) -> u8 {
    let mut connack = [0; 4];
    stream.read_exact(&mut connack).unwrap();
    connack[3]
}

#[test]
fn the_right_password_lets_in() {
    let server = server();
    assert_eq!(code(&mut attempt(&server, 1, "secret")), 0);
    assert_eq!(code(&mut attempt(&server, 1, "Secret")), 4);
}

/// More clients than passwords can be verified in time: who is one too many is told so at once, and who is in does not
/// notice.
#[test]
fn a_flood_of_passwords_stalls_nobody() {
    let server = server();
    let mut inside = server.open();
    inside.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a").unwrap();
    assert_eq!(code(&mut inside), 0);
    let mut flood: Vec<TcpStream> = (0..400).map(|id| attempt(&server, id, "wrong!")).collect();
    for _ in 0..20 {
        let started = Instant::now();
        inside.write_all(b"\xC0\x00").unwrap();
        let mut pingresp = [0; 2];
        inside.read_exact(&mut pingresp).unwrap();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let mut codes: Vec<u8> = flood.iter_mut().map(code).collect();
    assert_eq!(codes.first(), Some(&4));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, [3, 4], "some should find the server busy, and nobody be let in");
}
