//! The incremental decoder.

use bytes::Bytes;
use mqttspec_wire::{Decoder, FaultKind, Packet, Sender, Version, packet::PacketType};
use rstest::rstest;

const V3_CONNECT: &[u8] = &[0x10, 0x0D, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'a'];
const V5_CONNECT: &[u8] = &[0x10, 0x0E, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 1, b'a'];

#[rstest]
#[case(V3_CONNECT, Version::V3_1_1)]
#[case(V5_CONNECT, Version::V5_0)]
fn the_version_is_learnt_from_connect(#[case] bytes: &[u8], #[case] version: Version) {
    let mut decoder = Decoder::new(Sender::Client, None);
    decoder.feed(bytes);
    let frame = decoder.next().unwrap().unwrap();
    assert_eq!(frame.raw, bytes);
    assert_eq!(decoder.version(), Some(version));
    assert_eq!(frame.packet.to_bytes(version), bytes);
}

#[test]
fn bytes_come_one_by_one() {
    let mut decoder = Decoder::new(Sender::Client, None);
    for byte in &V5_CONNECT[..V5_CONNECT.len() - 1] {
        decoder.feed(&[*byte]);
        assert_eq!(decoder.next(), Ok(None));
    }
    assert_eq!(decoder.pending().len(), V5_CONNECT.len() - 1);
    decoder.feed(b"a");
    assert!(matches!(decoder.next(), Ok(Some(frame)) if matches!(frame.packet, Packet::Connect(_))));
    assert_eq!((decoder.next(), decoder.pending()), (Ok(None), &[][..]));
}

#[test]
fn several_packets_at_once() {
    let mut decoder = Decoder::new(Sender::Server, Some(Version::V5_0));
    decoder.feed(&[0x20, 3, 0, 0, 0, 0xD0, 0, 0x40, 2, 0, 7, 0xD0]);
    let mut types = Vec::new();
    while let Some(frame) = decoder.next().unwrap() {
        types.push(frame.packet.packet_type());
    }
    assert_eq!(types, [PacketType::Connack, PacketType::Pingresp, PacketType::Puback]);
    assert_eq!(decoder.pending(), [0xD0]);
}

#[rstest]
#[case::first_byte(&[0xC0], FaultKind::ConnectExpected(PacketType::Pingreq), &[0xC0])]
#[case::reserved(&[0x00, 0x05, 1], FaultKind::ReservedType(0), &[0x00, 0x05, 1])]
#[case::remaining_length(&[0x10, 0xFF, 0xFF, 0xFF, 0x80], FaultKind::VariableByteTooLong, &[0x10, 0xFF, 0xFF, 0xFF, 0x80])]
#[case::too_large(&[0x10, 0xFF, 0x01], FaultKind::TooLarge { size: 258, maximum: 100 }, &[0x10, 0xFF, 0x01])]
fn faults_are_found_as_early_as_possible(#[case] bytes: &[u8], #[case] kind: FaultKind, #[case] raw: &[u8]) {
    let mut decoder = Decoder::new(Sender::Client, None).with_max_packet_size(100);
    decoder.feed(bytes);
    let rejected = decoder.next().unwrap_err();
    assert_eq!((&rejected.fault.kind, &rejected.raw), (&kind, &Bytes::copy_from_slice(raw)));
    decoder.feed(V3_CONNECT);
    assert_eq!(decoder.next(), Err(rejected));
}

#[test]
fn an_unsupported_level_says_which() {
    let mut decoder = Decoder::new(Sender::Client, None);
    let mut bytes = V3_CONNECT.to_vec();
    bytes[8] = 3;
    decoder.feed(&bytes);
    let fault = decoder.next().unwrap_err().fault;
    assert!(matches!(fault.kind, FaultKind::UnsupportedProtocol { ref name, level: 3 } if name == "MQTT"));
    assert_eq!((fault.offset, fault.field, fault.reason().0), (8, "protocol-level", 0x84));
}
