//! What is encoded decodes to itself, however the bytes arrive; no bytes do harm.

use bytes::Bytes;
use mqttspec_wire::{Decoder, Frame, Rejected, Sender, Version, decode, testing};
use proptest::{collection::vec, prelude::*, sample::select};

/// What a decoder makes of `bytes` that come in pieces of these sizes, repeated.
fn in_pieces(mut decoder: Decoder, bytes: &[u8], sizes: &[usize]) -> (Vec<Frame>, Result<Vec<u8>, Rejected>) {
    let mut frames = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) if rest.is_empty() => return (frames, Ok(decoder.pending().to_vec())),
                Ok(None) => break,
                Err(rejected) => return (frames, Err(rejected)),
            }
        }
    }
    unreachable!("sizes are not empty")
}

/// Bytes that look like packets more often than random ones.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (testing::any_packet(), vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), 0..4_usize)
        .prop_map(|((_, version, packet), damages, cut)| {
            let mut bytes = packet.to_bytes(version).to_vec();
            for (index, byte) in damages {
                *index.get_mut(&mut bytes) = byte;
            }
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            bytes
        });
    let typed = (any::<u8>(), vec(any::<u8>(), 0..60)).prop_map(|(first, body)| {
        let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
        [vec![first, length], body].concat()
    });
    prop_oneof![damaged, typed, vec(any::<u8>(), 0..60)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn packets_survive((sender, version, packet) in testing::any_packet()) {
        let bytes = packet.to_bytes(version);
        prop_assert_eq!(bytes.len(), packet.encoded_len(version));
        prop_assert_eq!(decode(sender, Some(version), &bytes), Ok(packet));
    }

    #[test]
    fn any_segmentation_yields_the_same_packets(
        (sender, version, packets) in (select(vec![Sender::Client, Sender::Server]), select(Version::ALL.to_vec()))
            .prop_flat_map(|(sender, version)| (Just(sender), Just(version), vec(testing::packet(sender, version), 1..5))),
        sizes in vec(1..40_usize, 1..8),
    ) {
        let bytes: Vec<u8> = packets.iter().flat_map(|packet| packet.to_bytes(version)).collect();
        let (frames, rest) = in_pieces(Decoder::new(sender, Some(version)), &bytes, &sizes);
        prop_assert_eq!(rest, Ok(vec![]));
        prop_assert_eq!(frames.iter().flat_map(|frame| frame.raw.clone()).collect::<Vec<_>>(), bytes);
        prop_assert_eq!(frames.into_iter().map(|frame| frame.packet).collect::<Vec<_>>(), packets);
    }

    #[test]
    fn segmentation_does_not_change_faults(
        bytes in vec(hostile_bytes(), 1..4),
        sender in select(vec![Sender::Client, Sender::Server]),
        version in select(vec![None, Some(Version::V3_1_1), Some(Version::V5_0)]),
        sizes in vec(1..40_usize, 1..8),
    ) {
        let bytes = bytes.concat();
        let decoder = Decoder::new(sender, version).with_max_packet_size(50);
        let (whole, whole_end) = in_pieces(decoder.clone(), &bytes, &[bytes.len().max(1)]);
        let (pieces, pieces_end) = in_pieces(decoder, &bytes, &sizes);
        prop_assert_eq!(whole, pieces);
        prop_assert_eq!(whole_end.map_err(|rejected| rejected.fault), pieces_end.map_err(|rejected| rejected.fault));
    }

    #[test]
    fn what_decodes_encodes_to_something_that_decodes_to_the_same(
        bytes in hostile_bytes(),
        sender in select(vec![Sender::Client, Sender::Server]),
        version in select(Version::ALL.to_vec()),
    ) {
        if let Ok(packet) = decode(sender, Some(version), &Bytes::from(bytes)) {
            let version = if let mqttspec_wire::Packet::Connect(connect) = &packet { connect.version } else { version };
            prop_assert_eq!(decode(sender, Some(version), &packet.to_bytes(version)), Ok(packet));
        }
    }

    #[test]
    fn faults_point_into_the_packet(
        bytes in hostile_bytes(),
        sender in select(vec![Sender::Client, Sender::Server]),
        version in select(vec![None, Some(Version::V3_1_1), Some(Version::V5_0)]),
    ) {
        let bytes = Bytes::from(bytes);
        if let Err(fault) = decode(sender, version, &bytes) {
            prop_assert!(fault.offset <= bytes.len());
            prop_assert!(!fault.to_string().is_empty());
            prop_assert!(fault.reason().is_error());
        }
    }
}
