//! Agreement with the codec of rumqttc, another implementation: it reads what we write as we mean it, and we read
//! what it writes as it means it. Where it does not, [`known_difference`] says why.

#![expect(clippy::panic, reason = "a disagreement stops the test")]

#[path = "../support/mod.rs"]
mod support;
mod v4;
mod v5;

use bytes::{Bytes, BytesMut};
use mqttspec_wire::{
    Packet, Properties, PropertyId, ReasonCode, Sender, Version, decode,
    packet::{Disconnect, PacketType},
    testing,
};
use proptest::{strategy::Strategy, strategy::ValueTree, test_runner::TestRunner};
use rstest::rstest;
use support::hex;

const SAMPLES: usize = 300;

/// Why rumqttc cannot agree on a well-formed packet.
fn known_difference(packet: &Packet, version: Version) -> Option<&'static str> {
    match packet {
        Packet::Auth(_) => Some("its v5 reader does not know AUTH, its writer counts the lengths wrong"),
        Packet::Connect(connect) => {
            let username = connect.username.as_ref().is_some_and(|name| name.is_empty());
            let password = connect.password.as_ref().is_some_and(Bytes::is_empty);
            let binary = connect.password.as_ref().is_some_and(|data| std::str::from_utf8(data).is_err());
            if username || password {
                Some("an empty user name or password is none to it")
            } else {
                binary.then_some("its passwords are text")
            }
        }
        Packet::Publish(publish) => (publish.properties.subscription_identifiers().count() > 1).then_some(
            "it counts a byte too many for each Subscription Identifier, and stops reading too early",
        ),
        Packet::Disconnect(Disconnect { reason, properties }) if version == Version::V5_0 => {
            if *reason == ReasonCode::BAD_AUTHENTICATION_METHOD {
                Some("it follows table 3-10, which does not list 0x8C, not table 2-6, which does")
            } else {
                properties
                    .is_empty()
                    .then_some("it reads no DISCONNECT without Property Length, nor writes it right")
            }
        }
        Packet::Connack(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_) => None,
    }
}

/// The same packet with its properties in the order of their numbers, since the order has no meaning.
fn in_order(mut packet: Packet) -> Packet {
    let sort = |properties: &mut Properties| {
        let mut list: Vec<_> = properties.iter().cloned().collect();
        list.sort_by_key(mqttspec_wire::Property::id);
        *properties = list.into_iter().collect();
    };
    match &mut packet {
        Packet::Connect(packet) => {
            sort(&mut packet.properties);
            if let Some(will) = &mut packet.will {
                sort(&mut will.properties);
            }
        }
        Packet::Connack(packet) => sort(&mut packet.properties),
        Packet::Publish(packet) => sort(&mut packet.properties),
        Packet::Puback(packet)
        | Packet::Pubrec(packet)
        | Packet::Pubrel(packet)
        | Packet::Pubcomp(packet) => {
            sort(&mut packet.properties);
        }
        Packet::Subscribe(packet) => sort(&mut packet.properties),
        Packet::Suback(packet) => sort(&mut packet.properties),
        Packet::Unsubscribe(packet) => sort(&mut packet.properties),
        Packet::Unsuback(packet) => sort(&mut packet.properties),
        Packet::Disconnect(packet) => sort(&mut packet.properties),
        Packet::Auth(packet) => sort(&mut packet.properties),
        Packet::Pingreq | Packet::Pingresp => {}
    }
    packet
}

/// The packet in rumqttc's types is `theirs`: both ways of the bytes lead to it.
fn compare<T: PartialEq + std::fmt::Debug>(
    (sender, version, packet): (Sender, Version, &Packet),
    theirs: &T,
    read: impl Fn(&mut BytesMut) -> Result<T, String>,
    write: impl Fn(&T, &mut BytesMut),
) {
    let ours = packet.to_bytes(version);
    let mut stream = BytesMut::from(&ours[..]);
    assert_eq!(read(&mut stream).as_ref(), Ok(theirs), "rumqttc reads {ours:02x?}");
    assert!(stream.is_empty());
    let mut written = BytesMut::new();
    write(theirs, &mut written);
    let decoded = decode(sender, Some(version), &written.freeze()).map(in_order);
    assert_eq!(decoded, Ok(in_order(packet.clone())), "we read what rumqttc writes");
}

fn compare_in(version: Version, sender: Sender, packet: &Packet) {
    match version {
        Version::V3_1_1 => compare(
            (sender, version, packet),
            &v4::theirs(packet),
            |stream| {
                rumqttc::mqttbytes::v4::Packet::read(stream, usize::MAX).map_err(|error| error.to_string())
            },
            |theirs, out| drop(theirs.write(out, usize::MAX)),
        ),
        Version::V5_0 => compare(
            (sender, version, packet),
            &v5::theirs(packet),
            |stream| {
                rumqttc::v5::mqttbytes::v5::Packet::read(stream, None).map_err(|error| error.to_string())
            },
            |theirs, out| drop(theirs.write(out, None)),
        ),
    }
}

#[rstest]
fn both_codecs_agree(
    #[values(Version::V3_1_1, Version::V5_0)] version: Version,
    #[values(Sender::Client, Sender::Server)] sender: Sender,
) {
    let mut runner = TestRunner::deterministic();
    for packet_type in PacketType::ALL {
        let Some(strategy) = testing::packet_of_type(packet_type, sender, version) else { continue };
        let samples = (0..SAMPLES).map(|_| match strategy.new_tree(&mut runner) {
            Ok(tree) => tree.current(),
            Err(reason) => panic!("{reason}"),
        });
        let comparable: Vec<_> =
            samples.filter(|packet| known_difference(packet, version).is_none()).collect();
        let expected = if packet_type == PacketType::Auth { 0 } else { SAMPLES / 10 };
        assert!(comparable.len() >= expected, "{version} {packet_type}: {} compared", comparable.len());
        for packet in &comparable {
            compare_in(version, sender, packet);
        }
    }
}

/// Each difference is real: rumqttc does not make of these bytes what we make of them.
#[rstest]
#[case::auth(Sender::Server, "f0 06 18 04 15 00 01 6d")]
#[case::two_subscription_identifiers(Sender::Server, "30 0a 00 01 74 06 0b 01 0b 02 01 01")]
#[case::disconnect_without_reason(Sender::Client, "e0 00")]
#[case::disconnect_without_property_length(Sender::Server, "e0 01 8e")]
#[case::bad_authentication_method(Sender::Server, "e0 02 8c 00")]
#[case::binary_password(Sender::Client, "10 10 00 04 4d 51 54 54 05 42 00 00 00 00 00 00 01 ff")]
fn differences(#[case] sender: Sender, #[case] bytes: &str) {
    let bytes = hex(bytes);
    let Ok(packet) = decode(sender, Some(Version::V5_0), &bytes) else {
        panic!("{bytes:02x?} is well-formed")
    };
    assert!(known_difference(&packet, Version::V5_0).is_some());
    let read = rumqttc::v5::mqttbytes::v5::Packet::read(&mut BytesMut::from(&bytes[..]), None);
    if let Ok(rumqttc::v5::mqttbytes::v5::Packet::Publish(publish)) = read {
        let payload_format =
            packet.properties().and_then(|list| list.get(PropertyId::PayloadFormatIndicator));
        assert!(payload_format.is_some());
        assert_eq!(publish.properties.and_then(|list| list.payload_format_indicator), None);
    } else {
        assert!(read.is_err(), "{read:?}");
    }
}
