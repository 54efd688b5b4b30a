//! How much memory decoding takes: at most a constant times the bytes that came.
//!
//! Counting every allocation would take an allocator of our own, which is unsafe code. Instead these tests measure
//! the only things that allocate: the decoder's buffer, and the lists of a packet. All else is slices of the buffer.

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::{Decoder, decode};
use crate::{Packet, Properties, Sender, Version, testing};

/// The largest list element for each byte it took is a property: 72 bytes for 2, twice that while a list grows.
const LIST_BYTES_PER_BYTE: usize = 80;
/// A list begins with room for a few elements.
const LIST_BYTES: usize = 4 * size_of::<crate::Property>();

/// The bytes that the lists of a packet take.
fn list_bytes(packet: &Packet) -> usize {
    let properties = packet.properties().map_or(0, Properties::list_bytes);
    properties
        + match packet {
            Packet::Connect(connect) => connect.will.as_ref().map_or(0, |will| will.properties.list_bytes()),
            Packet::Subscribe(packet) => packet.filters.capacity() * size_of_val(&packet.filters[0]),
            Packet::Unsubscribe(packet) => packet.filters.capacity() * size_of_val(&packet.filters[0]),
            Packet::Suback(packet) => packet.reasons.capacity(),
            Packet::Unsuback(packet) => packet.reasons.capacity(),
            Packet::Connack(_)
            | Packet::Publish(_)
            | Packet::Puback(_)
            | Packet::Pubrec(_)
            | Packet::Pubrel(_)
            | Packet::Pubcomp(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Disconnect(_)
            | Packet::Auth(_) => 0,
        }
}

/// A packet of `head`, then `body` many times.
fn many(first: u8, head: &[u8], length: Option<fn(usize) -> usize>, body: &[u8]) -> Bytes {
    let body = body.repeat(3_000);
    let mut content = head.to_vec();
    if let Some(length) = length {
        crate::variable_byte::write(u32::try_from(length(body.len())).unwrap(), 2, |byte| content.push(byte));
    }
    content.extend(body);
    let mut bytes = vec![first];
    let count = u32::try_from(content.len()).unwrap();
    crate::variable_byte::write(count, crate::variable_byte::width(count), |byte| bytes.push(byte));
    bytes.extend(content);
    bytes.into()
}

#[rstest]
#[case::filters(Sender::Client, many(0x82, &[0, 1, 0], None, &[0, 0, 0]))]
#[case::empty_filters(Sender::Client, many(0xA2, &[0, 1, 0], None, &[0, 0]))]
#[case::codes(Sender::Server, many(0x90, &[0, 1, 0], None, &[0]))]
#[case::properties(Sender::Server, many(0x30, &[0, 1, b't'], Some(|length| length), &[0x01, 0]))]
#[case::user_properties(Sender::Server, many(0x40, &[0, 1, 0], Some(|length| length), &[0x26, 0, 0, 0, 0]))]
fn lists_take_memory_in_proportion(#[case] sender: Sender, #[case] bytes: Bytes) {
    let decoded = decode(sender, Some(Version::V5_0), &bytes).unwrap();
    assert!(list_bytes(&decoded) > bytes.len() / 2, "the lists are measured");
    assert!(list_bytes(&decoded) <= LIST_BYTES_PER_BYTE * bytes.len());
}

#[test]
fn a_length_is_not_believed() {
    let mut decoder = Decoder::new(Sender::Server, Some(Version::V5_0));
    decoder.feed(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF]);
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.buffer.capacity() <= 64);
}

proptest! {
    #[test]
    fn lists_of_any_packet_take_memory_in_proportion((sender, version, packet) in testing::any_packet()) {
        let bytes = packet.to_bytes(version);
        let decoded = decode(sender, Some(version), &bytes).unwrap();
        prop_assert!(list_bytes(&decoded) <= LIST_BYTES_PER_BYTE * bytes.len() + 2 * LIST_BYTES);
    }

    #[test]
    fn the_buffer_is_at_most_twice_what_came(
        pieces in vec(prop_oneof![vec(any::<u8>(), 0..300), Just(vec![0x40, 2, 0, 1]), Just(vec![0xD0, 0])], 0..40),
    ) {
        let mut decoder = Decoder::new(Sender::Server, Some(Version::V5_0));
        let mut came = 0;
        for piece in pieces {
            decoder.feed(&piece);
            came += piece.len();
            while let Ok(Some(_)) = decoder.next() {}
            prop_assert!(decoder.buffer.capacity() <= 2 * came + 64);
        }
    }
}
