//! CONNECT and CONNACK, sessions, keep alive.

use mqttspec_wire::{
    Packet, Property, QoS, ReasonCode, Version,
    packet::{Connect, Disconnect},
};
use reference_broker::{Config, core::User};
use rstest::rstest;

use crate::world::*;

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

#[rstest]
fn a_minimal_connect_is_accepted(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let (client, connack) = world.connect(connect(version, "a"));
    assert!(!connack.session_present);
    world.ping(client);
}

#[test]
fn golden_connacks() {
    let mut world = World::new();
    let old = world.open(V3);
    world.send_bytes(old, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a");
    assert_eq!(world.bytes(old), [0x20, 2, 0, 0]);
    let new = world.open(V5);
    world.send_bytes(new, b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01b");
    let limits = [0x21, 1, 0, 0x22, 0, 16, 0x27, 0, 0x10, 0, 0];
    assert_eq!(world.bytes(new), [&[0x20, 14, 0, 0, 11][..], &limits].concat());
}

#[rstest]
#[case::level_3(b"\x10\x0d\x00\x04MQTT\x03\x02\x00\x00\x00\x01a", &[0x20, 2, 0, 1])]
#[case::level_6(b"\x10\x0e\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01b", &[0x20, 2, 0, 1])]
#[case::other_name(b"\x10\x0d\x00\x04MQTX\x04\x02\x00\x00\x00\x01a", &[])]
#[case::reserved_flag_v3(b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01a", &[])]
#[case::reserved_flag_v5(b"\x10\x0e\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01b", &[0x20, 3, 0, 0x81, 0])]
#[case::empty_id_v3(b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00", &[0x20, 2, 0, 2])]
#[case::ping_first(b"\xC0\x00", &[])]
#[case::disconnect_first(b"\xE0\x00", &[])]
#[case::unknown_type(b"\x00\x00", &[])]
fn refusals(#[case] sent: &[u8], #[case] answer: &[u8]) {
    let mut world = World::new();
    let client = world.open(V5);
    world.send_bytes(client, sent);
    assert_eq!(world.bytes(client), answer);
    assert!(world.is_closed(client));
}

#[rstest]
fn a_second_connect_closes(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.client(version, "a");
    world.send(client, Packet::Connect(Box::new(connect(version, "a"))));
    world.expect_closed(client, ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn clients_without_identifier_get_one() {
    let mut world = World::new();
    let assigned =
        |connack: mqttspec_wire::packet::Connack| connack.properties.assigned_client_identifier().unwrap();
    let (first, connack) = world.connect(resume(V5, ""));
    let id = assigned(connack);
    let (_, connack) = world.connect(connect(V5, ""));
    assert_ne!(id, assigned(connack));
    world.cut(first);
    assert!(world.connect(resume(V5, &id)).1.session_present);
    world.connect(connect(V3, ""));
    world.connect(connect(V3, ""));
    assert_eq!(world.connect(connect(V5, "own")).1.properties.assigned_client_identifier(), None);
}

#[rstest]
fn sessions_are_resumed_or_dropped(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let (client, connack) = world.connect(resume(version, "a"));
    assert!(!connack.session_present);
    world.subscribe(client, subscription("t", QoS::AtLeastOnce));
    world.cut(client);
    let publisher = world.client(version, "publisher");
    world.publish(publisher, publish("t", "kept", QoS::AtLeastOnce));
    world.publish(publisher, publish("t", "not kept", QoS::AtMostOnce));
    let (client, connack) = world.connect(resume(version, "a"));
    assert!(connack.session_present);
    assert_eq!(world.payloads(client), ["kept"]);
    let (client, connack) = world.connect(connect(version, "a"));
    assert!(!connack.session_present);
    world.publish(publisher, publish("t", "nobody", QoS::AtLeastOnce));
    world.expect_nothing(client);
    world.cut(client);
    assert!(!world.connect(resume(version, "a")).1.session_present);
}

#[rstest]
#[case::absent(None, 0.0, false)]
#[case::zero(Some(0), 0.0, false)]
#[case::within(Some(2), 1.9, true)]
#[case::over(Some(2), 2.0, false)]
#[case::never(Some(u32::MAX), 1e9, true)]
fn sessions_expire(#[case] expiry: Option<u32>, #[case] seconds: f64, #[case] present: bool) {
    let mut world = World::new();
    let asked = properties(expiry.map(Property::SessionExpiryInterval));
    let (client, _) = world.connect(Connect { properties: asked, ..connect(V5, "a") });
    world.cut(client);
    world.wait(seconds);
    assert_eq!(world.connect(resume(V5, "a")).1.session_present, present);
}

#[test]
fn a_session_does_not_expire_while_connected() {
    let mut world = World::new();
    let asked =
        || Connect { properties: properties([Property::SessionExpiryInterval(1)]), ..resume(V5, "a") };
    let (client, _) = world.connect(asked());
    world.subscribe(client, subscription("t", QoS::AtMostOnce));
    world.cut(client);
    let (client, _) = world.connect(asked());
    world.wait(5.0);
    world.publish(client, publish("t", "x", QoS::AtMostOnce));
    assert_eq!(world.payloads(client), ["x"]);
}

#[rstest]
fn the_older_connection_is_closed(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let (older, _) = world.connect(resume(version, "a"));
    world.subscribe(older, subscription("t", QoS::AtMostOnce));
    let (newer, connack) = world.connect(resume(version, "a"));
    assert!(connack.session_present);
    world.expect_closed(older, ReasonCode::SESSION_TAKEN_OVER);
    world.publish(newer, publish("t", "x", QoS::AtMostOnce));
    assert_eq!(world.payloads(newer), ["x"]);
}

#[rstest]
fn silence_ends_the_connection(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let (client, _) = world.connect(Connect { keep_alive: 2, ..connect(version, "a") });
    world.wait(2.9);
    world.ping(client);
    world.wait(2.9);
    world.send(client, Packet::Publish(publish("t", "", QoS::AtMostOnce)));
    world.wait(2.9);
    world.expect_nothing(client);
    world.wait(0.2);
    world.expect_closed(client, ReasonCode::KEEP_ALIVE_TIMEOUT);
}

#[test]
fn a_connection_must_become_one() {
    let mut world = World::new();
    let client = world.open(V5);
    world.send_bytes(client, b"\x10\x0e\x00\x04MQ");
    world.wait(9.9);
    world.expect_nothing(client);
    world.wait(0.2);
    assert!(world.is_closed(client));
}

#[test]
fn the_server_keep_alive_is_told_and_used() {
    let mut world = World::with(Config { server_keep_alive: Some(1), ..Config::default() });
    let (client, connack) = world.connect(connect(V5, "a"));
    assert_eq!(connack.properties.server_keep_alive(), Some(1));
    world.wait(1.6);
    world.expect_closed(client, ReasonCode::KEEP_ALIVE_TIMEOUT);
}

#[rstest]
#[case::right(Some("u"), Some("p"), None)]
#[case::wrong(Some("u"), Some("x"), Some((4, 0x86)))]
#[case::unknown(Some("x"), Some("p"), Some((4, 0x86)))]
#[case::nobody(None, None, Some((5, 0x87)))]
fn credentials(
    #[case] name: Option<&str>,
    #[case] password: Option<&str>,
    #[case] refusal: Option<(u8, u8)>,
) {
    let user = User { name: "u".into(), password: "p".into() };
    let config = Config { anonymous: false, users: vec![user], ..Config::default() };
    for version in Version::ALL {
        let mut world = World::with(config.clone());
        let client = world.open(version);
        let password = password.map(|password| bytes::Bytes::copy_from_slice(password.as_bytes()));
        let connect = Connect { username: name.map(text), password, ..connect(version, "a") };
        world.send(client, Packet::Connect(Box::new(connect)));
        let Packet::Connack(connack) = world.next(client) else { panic!() };
        let expected = refusal.map_or(0, |(old, new)| if version == V3 { old } else { new });
        assert_eq!(connack.reason, ReasonCode(expected));
        assert_eq!(world.is_closed(client), refusal.is_some());
    }
}

#[rstest]
fn what_follows_connect_is_processed_in_order(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.open(version);
    let packets = [
        Packet::Connect(Box::new(connect(version, "a"))),
        subscribe(1, vec![subscription("t", QoS::AtMostOnce)]),
        Packet::Publish(publish("t", "x", QoS::AtLeastOnce)),
        Packet::Pingreq,
    ];
    let bytes: Vec<u8> = packets.iter().flat_map(|packet| packet.to_bytes(version)).collect();
    world.send_bytes(client, &bytes);
    assert!(matches!(world.next(client), Packet::Connack(_)));
    assert!(matches!(world.next(client), Packet::Suback(_)));
    assert_eq!(world.next_publish(client).payload, "x");
    assert!(matches!(world.next(client), Packet::Puback(_)));
    assert_eq!(world.next(client), Packet::Pingresp);
}

#[rstest]
fn bytes_may_come_one_by_one(#[values(V3, V5)] version: Version) {
    let mut world = World::new();
    let client = world.open(version);
    for byte in Packet::Connect(Box::new(connect(version, "a"))).to_bytes(version) {
        world.expect_nothing(client);
        world.send_bytes(client, &[byte]);
    }
    assert!(matches!(world.next(client), Packet::Connack(_)));
}

#[test]
fn a_refused_connect_takes_the_rest_with_it() {
    let mut world = World::new();
    let client = world.open(V5);
    let mut bytes = b"\x10\x0e\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01b".to_vec();
    let retained = mqttspec_wire::packet::Publish { retain: true, ..publish("t", "x", QoS::AtMostOnce) };
    bytes.extend(Packet::Publish(retained).to_bytes(V5));
    world.send_bytes(client, &bytes);
    assert!(world.is_closed(client));
    let client = world.subscriber(V5, "t", QoS::AtMostOnce);
    world.expect_nothing(client);
}

/// What the client only wished for gives way to what it has to know.
#[rstest]
#[case(40, true)]
#[case(39, false)]
fn response_information_is_sent_if_it_fits(#[case] size: u32, #[case] fits: bool) {
    let response_information = Some("responses/of/a/client".to_owned());
    let mut world = World::with(Config { response_information, ..Config::default() });
    let asked = properties([Property::MaximumPacketSize(size), Property::RequestResponseInformation(1)]);
    let (_, connack) = world.connect(Connect { properties: asked, ..connect(V5, "a") });
    assert_eq!(connack.properties.response_information().is_some(), fits);
    assert_eq!(connack.properties.receive_maximum(), Some(256));
}

#[test]
fn a_small_maximum_packet_size_keeps_connack_small() {
    let mut world = World::new();
    for size in [5, 8, 15] {
        let asked = properties([Property::MaximumPacketSize(size)]);
        let (client, _) = world.connect(Connect { properties: asked, ..connect(V5, "a") });
        assert!(world.bytes(client).len() <= size as usize);
    }
    let client = world.open(V5);
    let asked = properties([Property::MaximumPacketSize(4)]);
    world.send(client, Packet::Connect(Box::new(Connect { properties: asked, ..connect(V5, "b") })));
    assert!(world.bytes(client).is_empty() && world.is_closed(client));
}

/// What counts is what the client asked for, whatever it got.
#[test]
fn who_asked_for_a_session_may_do_so_again_at_the_end() {
    let mut world = World::with(Config { session_expiry_maximum: Some(0), ..Config::default() });
    let watcher = world.subscriber(V5, "wills", QoS::AtMostOnce);
    let (client, _) = world.connect(Connect { will: Some(will("wills", "gone")), ..resume(V5, "a") });
    let longer = properties([Property::SessionExpiryInterval(60)]);
    let goodbye = Disconnect { reason: ReasonCode::SUCCESS, properties: longer };
    world.send(client, Packet::Disconnect(goodbye));
    assert_eq!(world.try_next(client), None);
    world.expect_nothing(watcher);
}

/// Who accepts no CONNACK does not come in, and nothing is as if it had.
#[test]
fn who_cannot_be_answered_changes_nothing() {
    let mut world = World::new();
    let watcher = world.subscriber(V5, "wills", QoS::AtMostOnce);
    let first = world.client(V5, "a");
    let tiny = world.open(V5);
    let properties = properties([Property::MaximumPacketSize(4)]);
    let connect = Connect { properties, will: Some(will("wills", "gone")), ..connect(V5, "a") };
    world.send(tiny, Packet::Connect(Box::new(connect)));
    assert!(world.is_closed(tiny) && world.try_next(tiny).is_none());
    world.expect_nothing(watcher);
    world.ping(first);
}
