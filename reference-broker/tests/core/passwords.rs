//! Passwords that are known by their hashes, and certificates that say who a client is.

use bytes::Bytes;
use mqttspec_wire::{
    Packet, QoS, ReasonCode, Version,
    packet::{Connack, Connect},
};
use reference_broker::{
    Config,
    core::{Password, User, Verified},
};
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

fn users() -> Config {
    let hashed = User { name: "ann".into(), password: Password::Hashed("hash of ann".into()) };
    let plain = User { name: "bob".into(), password: "b".into() };
    Config { anonymous: false, users: vec![plain, hashed], ..Config::default() }
}

fn with_password(version: Version, name: &str, password: &str) -> Connect {
    let password = Some(Bytes::copy_from_slice(password.as_bytes()));
    Connect { username: Some(text(name)), password, ..connect(version, "c") }
}

/// A client that has sent its CONNECT.
fn attempt(world: &mut World, connect: Connect) -> Client {
    let client = world.open(connect.version);
    world.send(client, Packet::Connect(Box::new(connect)));
    client
}

fn answer(world: &mut World, client: Client) -> ReasonCode {
    match world.next(client) {
        Packet::Connack(Connack { reason, .. }) => reason,
        other => panic!("CONNACK expected, got {other:?}"),
    }
}

#[rstest]
#[case(V3, Verified::Right, ReasonCode::SUCCESS)]
#[case(V5, Verified::Right, ReasonCode::SUCCESS)]
#[case(V3, Verified::Wrong, ReasonCode::V3_BAD_USER_NAME_OR_PASSWORD)]
#[case(V5, Verified::Wrong, ReasonCode::BAD_USER_NAME_OR_PASSWORD)]
#[case(V3, Verified::Unknown, ReasonCode::V3_SERVER_UNAVAILABLE)]
#[case(V5, Verified::Unknown, ReasonCode::SERVER_BUSY)]
fn a_hash_is_verified_elsewhere(
    #[case] version: Version,
    #[case] verified: Verified,
    #[case] reason: ReasonCode,
) {
    let mut world = World::with(users());
    let client = attempt(&mut world, with_password(version, "ann", "secret"));
    world.expect_nothing(client);
    let [(_, hash, password)] = world.verifications.as_slice() else { panic!("one is asked for") };
    assert_eq!((hash.as_str(), password.as_ref()), ("hash of ann", b"secret".as_slice()));
    world.verify(verified);
    assert_eq!(answer(&mut world, client), reason);
    assert_eq!(world.is_closed(client), verified != Verified::Right);
}

/// Somebody who does not exist is told so as late as somebody whose password is wrong.
#[test]
fn an_unknown_user_takes_as_long_and_never_comes_in() {
    let mut world = World::with(users());
    let client = attempt(&mut world, with_password(V5, "eve", "secret"));
    world.expect_nothing(client);
    assert_eq!(world.verifications.len(), 1);
    world.verify(Verified::Right);
    assert_eq!(answer(&mut world, client), ReasonCode::BAD_USER_NAME_OR_PASSWORD);
}

#[rstest]
#[case("bob", "b", ReasonCode::SUCCESS)]
#[case("bob", "x", ReasonCode::BAD_USER_NAME_OR_PASSWORD)]
fn plain_passwords_need_nobody(#[case] name: &str, #[case] password: &str, #[case] reason: ReasonCode) {
    let mut world = World::with(users());
    let client = attempt(&mut world, with_password(V5, name, password));
    assert_eq!(answer(&mut world, client), reason);
    assert!(world.verifications.is_empty());
}

#[test]
fn others_go_on_and_what_is_sent_meanwhile_waits() {
    let mut world = World::with(users());
    let other = attempt(&mut world, with_password(V5, "bob", "b"));
    answer(&mut world, other);
    world.subscribe(other, subscription("#", QoS::AtMostOnce));
    let client = attempt(&mut world, with_password(V5, "ann", "secret"));
    world.send(client, Packet::Publish(publish("t", "x", QoS::AtMostOnce)));
    world.ping(other);
    world.expect_nothing(client);
}

#[rstest]
fn what_was_sent_meanwhile_is_carried_out(#[values(Verified::Right, Verified::Wrong)] verified: Verified) {
    let mut world = World::with(users());
    let other = attempt(&mut world, Connect { client_id: text("other"), ..with_password(V5, "bob", "b") });
    answer(&mut world, other);
    world.subscribe(other, subscription("#", QoS::AtMostOnce));
    let client = attempt(&mut world, with_password(V5, "ann", "secret"));
    world.send(client, Packet::Publish(publish("t", "x", QoS::AtMostOnce)));
    world.verify(verified);
    let expected: &[&str] = if verified == Verified::Right { &["x"] } else { &[] };
    assert_eq!(world.payloads(other), expected);
}

#[test]
fn who_sends_too_much_before_being_let_in_is_given_up() {
    let mut world = World::with(Config { maximum_packet_size: 100, ..users() });
    let client = attempt(&mut world, with_password(V5, "ann", "secret"));
    world.send_bytes(client, &[0; 100]);
    world.expect_nothing(client);
    world.send_bytes(client, &[0; 1]);
    assert!(world.is_closed(client));
    world.verify(Verified::Right);
    assert_eq!(world.try_next(client), None);
}

#[test]
fn verification_has_a_time_limit_and_may_come_too_late() {
    let mut world = World::with(users());
    let gone = attempt(&mut world, with_password(V5, "ann", "secret"));
    world.cut(gone);
    let slow = attempt(&mut world, with_password(V5, "ann", "secret"));
    world.wait(11.0);
    assert!(world.is_closed(slow));
    world.verify(Verified::Right);
    assert_eq!(world.try_next(slow), None);
}

#[test]
fn a_certificate_says_who_a_client_is() {
    let permission = "allow all users/${user}/#".parse().unwrap();
    let mut world = World::with(Config { permissions: vec![permission], ..users() });
    let client = world.open(V5);
    world.identify(client, "carol");
    // What it says about itself does not count, neither the name nor the password.
    world.send(client, Packet::Connect(Box::new(with_password(V5, "bob", "x"))));
    assert_eq!(answer(&mut world, client), ReasonCode::SUCCESS);
    assert_eq!(
        world.subscribe(client, subscription("users/bob/#", QoS::AtMostOnce)),
        ReasonCode::NOT_AUTHORIZED
    );
    assert_eq!(world.subscribe(client, subscription("users/carol/#", QoS::AtMostOnce)), ReasonCode::SUCCESS);
}

/// Where certificates say who clients are, nobody can be called as others are without one, nor have their session.
#[rstest]
fn a_name_of_a_certificate_is_nobody_elses(#[values(V3, V5)] version: Version) {
    let mut world = World::with(Config { certified_users: true, ..Config::default() });
    let enter = |world: &mut World, certificate: Option<&str>, connect: Connect| {
        let client = world.open(version);
        if let Some(name) = certificate {
            world.identify(client, name);
        }
        world.send(client, Packet::Connect(Box::new(connect)));
        (client, answer(world, client) != ReasonCode::SUCCESS)
    };
    let (ann, is_refused) = enter(&mut world, Some("ann"), resume(version, "c"));
    assert!(!is_refused);
    for certificate in [Some("bob"), None] {
        assert!(enter(&mut world, certificate, resume(version, "c")).1, "{certificate:?} has the session");
    }
    assert!(enter(&mut world, None, with_password(version, "ann", "guess")).1);
    world.ping(ann);
    assert!(!enter(&mut world, None, resume(version, "nobody's")).1);
}

#[rstest]
#[case(V3, ReasonCode::V3_NOT_AUTHORIZED)]
#[case(V5, ReasonCode::NOT_AUTHORIZED)]
fn a_session_belongs_to_its_user(#[case] version: Version, #[case] reason: ReasonCode) {
    let users = ["ann", "bob"].map(|name| User { name: name.into(), password: "p".into() });
    let mut world = World::with(Config { users: users.to_vec(), ..Config::default() });
    let of = |name: &str| Connect {
        clean_start: false,
        properties: resume(version, "").properties,
        ..with_password(version, name, "p")
    };
    let (ann, _) = world.connect(of("ann"));
    let bob = attempt(&mut world, of("bob"));
    assert_eq!(answer(&mut world, bob), reason);
    world.ping(ann);
    let nobody = attempt(&mut world, resume(version, "c"));
    assert_eq!(answer(&mut world, nobody), reason);
    world.cut(ann);
    assert!(world.connect(of("ann")).1.session_present);
}
