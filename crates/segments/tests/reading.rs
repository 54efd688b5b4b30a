//! Captures in all their forms hold the same segment.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of a test may fail it")]

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use mqttspec_segments::{Frame, FrameReader, LinkType, Network, Party, ReadError, Recorder, synthetic::Wire};
use rstest::rstest;

const PING: &[u8] = &[0xC0, 0x00];

/// An IP packet with a PINGREQ in a TCP segment.
fn packet(first: &str, second: &str) -> Vec<u8> {
    let mut wire = Wire::new(first.parse().unwrap_or(UNKNOWN), second.parse().unwrap_or(UNKNOWN));
    wire.open();
    wire.bytes(Party::First, PING).concat().split_off(14)
}

const UNKNOWN: core::net::SocketAddr =
    core::net::SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED), 0);

fn v4() -> Vec<u8> {
    packet("10.0.0.1:50000", "10.0.0.2:1883")
}

fn v6() -> Vec<u8> {
    packet("[fd00::1]:50000", "[fd00::2]:1883")
}

/// A classic capture of one frame.
fn pcap(magic: u32, is_big: bool, link: u32, frame: &[u8]) -> Vec<u8> {
    let word = |word: u32| if is_big { word.to_be_bytes() } else { word.to_le_bytes() };
    let length = u32::try_from(frame.len()).unwrap_or_default();
    let mut file = word(magic).to_vec();
    file.extend(if is_big { [0, 2, 0, 4] } else { [2, 0, 4, 0] });
    for number in [0, 0, 16, link, 1_700_000_000, 500_000, length, length] {
        file.extend(word(number));
    }
    file.extend(frame);
    file
}

/// The payload of the only segment of a capture, with its time.
fn payload(file: &[u8]) -> (Vec<u8>, Duration) {
    let mut frames = FrameReader::new(file).unwrap();
    let mut network = Network::default();
    let frame = frames.next().unwrap().unwrap();
    let found = (network.segment(&frame).unwrap().payload.to_vec(), frame.at);
    assert!(frames.next().unwrap().is_none());
    found
}

#[rstest]
#[case::microseconds(0xA1B2_C3D4, false, 500_000_000)]
#[case::of_another_machine(0xA1B2_C3D4, true, 500_000_000)]
#[case::nanoseconds(0xA1B2_3C4D, false, 500_000)]
fn classic_captures_longer_than_their_snap_length(
    #[case] magic: u32,
    #[case] is_big: bool,
    #[case] nanos: u32,
) {
    let (found, at) = payload(&pcap(magic, is_big, 101, &v4()));
    assert_eq!((&found[..], at), (PING, Duration::new(1_700_000_000, nanos)));
}

#[rstest]
#[case::raw(LinkType::RAW, &[])]
#[case::null(LinkType::NULL, &[2, 0, 0, 0])]
#[case::openbsd(LinkType::LOOP, &[0, 0, 0, 2])]
#[case::cooked(LinkType::LINUX_SLL, &[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0])]
#[case::cooked_v2(LinkType::LINUX_SLL2, &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0])]
fn link_layers(#[case] link: LinkType, #[case] header: &[u8]) {
    let data = [header, &v4()].concat();
    let mut recorder = Recorder::new(Vec::new()).unwrap();
    let at = Duration::from_nanos(1_700_000_000_123_456_789);
    let interface = recorder.interface("lo", link).unwrap();
    let frame = Frame { number: 0, at, link, data: &data, original: data.len() };
    recorder.frame_at(interface, &frame, &["why".to_owned(), "and what".to_owned()]).unwrap();
    let file = recorder.finish();
    assert_eq!(payload(&file), (PING.to_vec(), at));

    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&file).unwrap();
    assert_eq!(payload(&packed.finish().unwrap()), (PING.to_vec(), at));
}

/// Puts extension headers between the IPv6 header and TCP.
fn extended(headers: &[(u8, &[u8])]) -> Vec<u8> {
    let whole = v6();
    let (mut ip, tcp) = (whole[..40].to_vec(), &whole[40..]);
    ip[6] = headers.first().map_or(6, |(kind, _)| *kind);
    let mut body = Vec::new();
    for (index, (_, header)) in headers.iter().enumerate() {
        body.push(headers.get(index + 1).map_or(6, |(kind, _)| *kind));
        body.extend_from_slice(header);
    }
    body.extend_from_slice(tcp);
    ip[4..6].copy_from_slice(&u16::try_from(body.len()).unwrap_or_default().to_be_bytes());
    [ip, body].concat()
}

#[rstest]
#[case::none(&[])]
#[case::hop_by_hop(&[(0, &[0, 1, 4, 0, 0, 0, 0][..])])]
#[case::several(&[(0, &[0, 1, 4, 0, 0, 0, 0][..]), (43, &[1; 15][..]), (60, &[0; 7][..])])]
#[case::authentication(&[(51, &[1; 11][..])])]
#[case::only_fragment(&[(44, &[0, 0, 0, 0, 0, 0, 9][..])])]
fn ipv6_extensions(#[case] headers: &[(u8, &[u8])]) {
    assert_eq!(payload(&pcap(0xA1B2_C3D4, false, 101, &extended(headers))).0, PING);
}

/// A capture of raw IP packets.
fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut recorder = Recorder::new(Vec::new()).unwrap();
    for data in packets {
        let frame = Frame { number: 0, at: Duration::ZERO, link: LinkType::RAW, data, original: data.len() };
        recorder.frame(&frame).unwrap();
    }
    recorder.finish()
}

#[rstest]
#[case::in_order(&[0, 1, 2])]
#[case::backwards(&[2, 1, 0])]
#[case::repeated(&[1, 1, 0, 2])]
fn fragments_are_put_together(#[case] order: &[usize]) {
    let whole = v4();
    let (header, body) = (&whole[..20], &whole[20..]);
    let fragment = |index: usize| {
        let part = &body[index * 8..((index + 1) * 8).min(body.len())];
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&u16::try_from(20 + part.len()).unwrap_or_default().to_be_bytes());
        header[4..6].copy_from_slice(&[7, 7]);
        let more = if (index + 1) * 8 < body.len() { 0x20 } else { 0 };
        header[6..8].copy_from_slice(&[more, u8::try_from(index).unwrap_or_default()]);
        [&header, part].concat()
    };
    let file = capture(&order.iter().map(|index| fragment(*index)).collect::<Vec<_>>());
    let mut frames = FrameReader::new(&file[..]).unwrap();
    let mut network = Network::default();
    let mut found = Vec::new();
    while let Some(frame) = frames.next().unwrap() {
        found.extend(network.segment(&frame).map(|segment| (segment.stamp.frame, segment.payload.to_vec())));
    }
    assert_eq!(found, [(order.len() as u64, PING.to_vec())]);
}

#[rstest]
#[case::nothing(&[], "it is empty")]
#[case::text(b"MQTT for everybody", "`editcap -F pcapng FILE OUT.pcapng`")]
#[case::snoop(b"snoop\0\0\0\0\0\0\x02", "it is a snoop file")]
#[case::zstd(b"\x28\xB5\x2F\xFD....", "`zstd -dc FILE | ")]
fn what_is_no_capture_says_what_to_do(#[case] file: &[u8], #[case] expected: &str) {
    let error = FrameReader::new(file).err().unwrap().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn radio_frames_are_refused_with_advice() {
    let error = FrameReader::new(&pcap(0xA1B2_C3D4, false, 127, &[0; 40])[..]).err().unwrap();
    assert!(matches!(error, ReadError::Link(LinkType(127))));
    assert!(error.to_string().contains("tcpdump -i wlan0"), "{error}");
}

#[test]
fn a_capture_that_ends_in_a_frame_says_in_which() {
    let file = capture(&[v4(), v4()]);
    let mut frames = FrameReader::new(&file[..file.len() - 3]).unwrap();
    assert!(frames.next().unwrap().is_some());
    assert!(matches!(frames.next(), Err(ReadError::Cut(2))));
    assert!(matches!(frames.next(), Ok(None)));
}

/// A pcapng file without frames, with a block of secrets of this type, and with a TLS key log in it.
fn secrets(is_big: bool, kind: u32, length: u32, text: &[u8]) -> Vec<u8> {
    let word = |word: u32| if is_big { word.to_be_bytes() } else { word.to_le_bytes() };
    let total = 20 + u32::try_from(text.len()).unwrap_or_default();
    let versions = if is_big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
    let mut file = [word(0x0A0D_0D0A), word(28), word(0x1A2B_3C4D), versions].concat();
    file.extend([word(u32::MAX), word(u32::MAX), word(28)].concat());
    file.extend([word(0x0A), word(total), word(kind), word(length)].concat());
    file.extend(text);
    file.extend(word(total));
    file
}

#[rstest]
#[case::little(false, 0x544C_534B, 6, &[&b"secret"[..]])]
#[case::big(true, 0x544C_534B, 6, &[&b"secret"[..]])]
#[case::of_another_kind(true, 0x5353_484B, 6, &[])]
#[case::longer_than_the_block(false, 0x544C_534B, 9, &[])]
fn secrets_in_a_capture_are_handed_out(
    #[case] is_big: bool,
    #[case] kind: u32,
    #[case] length: u32,
    #[case] expected: &[&[u8]],
) {
    let file = secrets(is_big, kind, length, b"secret\0\0");
    let mut frames = FrameReader::new(&file[..]).unwrap();
    assert!(frames.next().unwrap().is_none());
    assert_eq!(frames.secrets(), expected);
    assert!(frames.secrets().is_empty());
}

#[test]
fn secrets_are_written_as_they_are_read() {
    let mut recorder = Recorder::new(Vec::new()).unwrap();
    for text in [&b"odd"[..], b"even"] {
        recorder.secrets(text).unwrap();
    }
    let file = recorder.finish();
    let mut frames = FrameReader::new(&file[..]).unwrap();
    assert!(frames.next().unwrap().is_none());
    assert_eq!(frames.secrets(), [&b"odd"[..], b"even"]);
}
