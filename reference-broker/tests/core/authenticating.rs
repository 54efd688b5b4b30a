//! Enhanced authentication by SCRAM-SHA-256, seen from a client of its own reading of RFC 5802.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Auth, Connack, Connect},
};
use reference_broker::{
    Config,
    core::{Scram, ScramKeys},
};
use rstest::rstest;
use sha2::{Digest, Sha256};

use crate::world::*;

const V5: Version = Version::V5_0;
const METHOD: &str = "SCRAM-SHA-256";

fn world() -> World {
    let keys = |password| ScramKeys::of_password(password, b"a salt of theirs", 4096).unwrap();
    let users = [("ann".to_owned(), keys("secret")), ("bob".to_owned(), keys("hidden"))];
    World::with(Config { scram: Some(Scram::new([1; 32], users.into())), ..Config::default() })
}

fn with_method(data: Option<&str>) -> Connect {
    let data = data.map(|data| Property::AuthenticationData(Bytes::copy_from_slice(data.as_bytes())));
    let method = Property::AuthenticationMethod(text(METHOD));
    Connect { properties: properties([method].into_iter().chain(data)), ..connect(V5, "c") }
}

fn auth(reason: ReasonCode, data: &str) -> Packet {
    let data = Property::AuthenticationData(Bytes::copy_from_slice(data.as_bytes()));
    Packet::Auth(Auth {
        reason,
        properties: properties([Property::AuthenticationMethod(text(METHOD)), data]),
    })
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn exor(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|index| left[index] ^ right[index])
}

/// The client's last message, and what the server's must be.
fn prove(password: &str, first: &str, question: &str) -> (String, String) {
    let values: Vec<_> = question.split(',').map(|attribute| &attribute[2..]).collect();
    let salt = [&STANDARD.decode(values[1]).unwrap()[..], &[0, 0, 0, 1]].concat();
    let mut step = mac(password.as_bytes(), &salt);
    let mut salted = step;
    for _ in 1..values[2].parse().unwrap() {
        step = mac(password.as_bytes(), &step);
        salted = exor(salted, step);
    }
    let client_key = mac(&salted, b"Client Key");
    let unproved = format!("c=biws,r={}", values[0]);
    let said = format!("{},{question},{unproved}", first.strip_prefix("n,,").unwrap());
    let proof = exor(client_key, mac(&Sha256::digest(client_key), said.as_bytes()));
    let signature = mac(&mac(&salted, b"Server Key"), said.as_bytes());
    (format!("{unproved},p={}", STANDARD.encode(proof)), format!("v={}", STANDARD.encode(signature)))
}

/// The server's question: AUTH that continues.
#[track_caller]
fn question(world: &mut World, client: Client) -> String {
    match world.next(client) {
        Packet::Auth(auth) => {
            assert_eq!(auth.reason, ReasonCode::CONTINUE_AUTHENTICATION);
            assert_eq!(auth.properties.authentication_method(), Some(text(METHOD)));
            let data = auth.properties.authentication_data().unwrap_or_default();
            String::from_utf8(data.to_vec()).unwrap()
        }
        other => panic!("AUTH expected, got {other:?}"),
    }
}

const FIRST: &str = "n,,n=ann,r=fyko+d2lbbFgONRv9qkxdawL";

/// A client that has proved to be Ann.
fn ann(world: &mut World) -> Client {
    let client = world.open(V5);
    world.send(client, Packet::Connect(Box::new(with_method(Some(FIRST)))));
    let asked = question(world, client);
    let (proof, signature) = prove("secret", FIRST, &asked);
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    let Packet::Connack(Connack { reason, properties, .. }) = world.next(client) else {
        panic!("CONNACK expected")
    };
    assert_eq!(reason, ReasonCode::SUCCESS);
    assert_eq!(properties.authentication_method(), Some(text(METHOD)));
    assert_eq!(properties.authentication_data(), Some(signature.into()));
    client
}

/// An AUTH without its method, a second CONNECT that is cut short, and what is no packet at all.
#[rstest]
#[case(b"\xF0\x02\x18\x00", ReasonCode::PROTOCOL_ERROR)]
#[case(b"\x10\x01\x00", ReasonCode::MALFORMED_PACKET)]
#[case(b"\x00\x00", ReasonCode::MALFORMED_PACKET)]
fn an_answer_that_cannot_be_read_is_refused(#[case] bytes: &[u8], #[case] reason: ReasonCode) {
    let mut world = world();
    let client = world.open(V5);
    world.send(client, Packet::Connect(Box::new(with_method(None))));
    question(&mut world, client);
    world.send_bytes(client, bytes);
    let Packet::Connack(connack) = world.next(client) else { panic!("it is told") };
    assert_eq!(connack.reason, reason);
    assert!(connack.properties.reason_string().is_some() && world.is_closed(client));
}

#[test]
fn who_knows_the_password_comes_in() {
    let mut world = world();
    let client = ann(&mut world);
    world.ping(client);
}

#[test]
fn the_server_asks_a_client_that_does_not_begin() {
    let mut world = world();
    let client = world.open(V5);
    world.send(client, Packet::Connect(Box::new(with_method(None))));
    assert_eq!(question(&mut world, client), "");
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, FIRST));
    let asked = question(&mut world, client);
    let (proof, _) = prove("secret", FIRST, &asked);
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    assert!(matches!(world.next(client), Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS));
}

#[rstest]
#[case::other_password("n,,n=ann,r=abc", "wrong")]
#[case::other_user("n,,n=bob,r=abc", "secret")]
#[case::unknown_user("n,,n=eve,r=abc", "secret")]
fn who_does_not_stays_out(#[case] first: &str, #[case] password: &str) {
    let mut world = world();
    let client = world.open(V5);
    world.send(client, Packet::Connect(Box::new(with_method(Some(first)))));
    let asked = question(&mut world, client);
    let (proof, _) = prove(password, first, &asked);
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    match world.next(client) {
        Packet::Connack(connack) => assert_eq!(connack.reason, ReasonCode::NOT_AUTHORIZED),
        other => panic!("CONNACK expected, got {other:?}"),
    }
    assert!(world.is_closed(client));
}

#[test]
fn a_proof_cannot_be_used_again() {
    let mut world = world();
    let first = world.open(V5);
    world.send(first, Packet::Connect(Box::new(with_method(Some(FIRST)))));
    let asked = question(&mut world, first);
    let (proof, _) = prove("secret", FIRST, &asked);
    let second = world.open(V5);
    world.send(second, Packet::Connect(Box::new(with_method(Some(FIRST)))));
    assert_ne!(question(&mut world, second), asked);
    world.send(second, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    assert!(matches!(world.next(second), Packet::Connack(connack) if connack.reason.is_error()));
}

#[test]
fn the_same_user_may_prove_it_again_while_messages_flow() {
    let mut world = world();
    let client = ann(&mut world);
    world.subscribe(client, subscription("t", QoS::AtMostOnce));
    world.send(client, auth(ReasonCode::RE_AUTHENTICATE, FIRST));
    let asked = question(&mut world, client);
    world.ping(client);
    world.publish(client, publish("t", "between", QoS::AtMostOnce));
    assert_eq!(world.next_publish(client).payload, "between");
    let (proof, signature) = prove("secret", FIRST, &asked);
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    match world.next(client) {
        Packet::Auth(auth) => {
            assert_eq!(auth.reason, ReasonCode::SUCCESS);
            assert_eq!(auth.properties.authentication_data(), Some(signature.into()));
        }
        other => panic!("AUTH expected, got {other:?}"),
    }
    world.ping(client);
}

#[rstest]
#[case::wrong("n,,n=ann,r=abc", "wrong")]
#[case::somebody_else("n,,n=bob,r=abc", "hidden")]
fn failing_to_do_so_ends_the_connection(#[case] first: &str, #[case] password: &str) {
    let mut world = world();
    let client = ann(&mut world);
    world.send(client, auth(ReasonCode::RE_AUTHENTICATE, first));
    let asked = question(&mut world, client);
    let (proof, _) = prove(password, first, &asked);
    world.send(client, auth(ReasonCode::CONTINUE_AUTHENTICATION, &proof));
    world.expect_closed(client, ReasonCode::NOT_AUTHORIZED);
}

#[rstest]
#[case::unasked(ReasonCode::CONTINUE_AUTHENTICATION, ReasonCode::PROTOCOL_ERROR)]
#[case::no_message_of_scram(ReasonCode::RE_AUTHENTICATE, ReasonCode::NOT_AUTHORIZED)]
fn so_does_anything_else(#[case] reason: ReasonCode, #[case] expected: ReasonCode) {
    let mut world = world();
    let client = ann(&mut world);
    world.send(client, auth(reason, "hello"));
    world.expect_closed(client, expected);
}
