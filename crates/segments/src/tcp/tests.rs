//! Whatever a capture does to a connection, the bytes stay the same, or it is said what is missing.

use core::net::SocketAddr;

use bytes::Bytes;
use proptest::{prelude::*, sample::Index};
use rstest::rstest;

use super::{End, Event, Kind, Limits, Lost, Party, Streams, Tally};
use crate::{Segment, Stamp};

const CLIENT: &str = "10.0.0.1:50000";
const SERVER: &str = "10.0.0.2:1883";
const INITIAL: [u32; 2] = [u32::MAX - 20, 7_000];

/// A segment with its bytes.
#[derive(Clone, Debug)]
struct Sent {
    by: Party,
    /// Counted from SYN.
    at: u32,
    /// How much of the other direction it acknowledges; 0 is its SYN.
    acknowledges: Option<u32>,
    bytes: Vec<u8>,
    cut: usize,
    syn: bool,
    fin: bool,
    reset: bool,
}

fn sent(by: Party, at: u32, acknowledges: Option<u32>, bytes: &[u8]) -> Sent {
    Sent { by, at, acknowledges, bytes: bytes.to_vec(), cut: 0, syn: false, fin: false, reset: false }
}

fn handshake() -> Vec<Sent> {
    let syn = |by, acknowledges| Sent { syn: true, ..sent(by, 0, acknowledges, &[]) };
    vec![syn(Party::First, None), syn(Party::Second, Some(1)), sent(Party::First, 1, Some(1), &[])]
}

fn initial(by: Party) -> u32 {
    match by {
        Party::First => INITIAL[0],
        Party::Second => INITIAL[1],
    }
}

/// Hands segments in, one frame each, and to the end.
fn play(segments: &[Sent]) -> (Vec<Event>, Tally) {
    play_within(Limits::default(), segments)
}

fn play_within(limits: Limits, segments: &[Sent]) -> (Vec<Event>, Tally) {
    let mut streams = Streams::new(limits);
    let mut events = Vec::new();
    let address = |by| -> SocketAddr { if by == Party::First { CLIENT } else { SERVER }.parse().unwrap() };
    for (index, sent) in segments.iter().enumerate() {
        let segment = Segment {
            stamp: Stamp { frame: index as u64 + 1, ..Stamp::default() },
            from: address(sent.by),
            to: address(sent.by.other()),
            sequence: initial(sent.by).wrapping_add(sent.at),
            acknowledges: sent.acknowledges.map(|at| initial(sent.by.other()).wrapping_add(at)),
            syn: sent.syn,
            fin: sent.fin,
            reset: sent.reset,
            payload: &sent.bytes,
            cut: sent.cut,
        };
        streams.segment(&segment, &mut events);
    }
    streams.finish(&mut events);
    (events, streams.tally())
}

/// All that a party sent; a gap is as many zeros.
fn stream(events: &[Event], party: Party) -> Vec<u8> {
    let mut stream = Vec::new();
    for event in events {
        if let Kind::Bytes { by, bytes } = &event.kind
            && *by == party
        {
            stream.extend_from_slice(bytes);
        }
        if let Kind::Gap { by, bytes, .. } = &event.kind
            && *by == party
        {
            stream.resize(stream.len() + usize::try_from(*bytes).unwrap_or(usize::MAX), 0);
        }
    }
    stream
}

fn gaps(events: &[Event]) -> Vec<(Party, u64, Lost)> {
    let gap = |event: &Event| {
        if let Kind::Gap { by, bytes, lost } = event.kind { Some((by, bytes, lost)) } else { None }
    };
    events.iter().filter_map(gap).collect()
}

/// The bytes in the order in which they were handed out.
fn pieces(events: &[Event]) -> Vec<Bytes> {
    let piece = |event: &Event| {
        if let Kind::Bytes { bytes, .. } = &event.kind { Some(bytes.clone()) } else { None }
    };
    events.iter().filter_map(piece).collect()
}

/// Of each of them the first one.
fn order(events: &[Event]) -> Vec<u8> {
    pieces(events).iter().filter_map(|bytes| bytes.first().copied()).collect()
}

/// A stream of a party in segments that may overlap.
fn segments(by: Party, data: &[u8], cuts: &[Index]) -> Vec<Sent> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).collect();
    places.extend([0, data.len()]);
    places.sort_unstable();
    places.dedup();
    let pairs = places.windows(2).enumerate();
    pairs
        .map(|(count, pair)| {
            // Every third one repeats a part of what precedes it.
            let from = if count % 3 == 2 { pair[0].saturating_sub(5) } else { pair[0] };
            sent(by, u32::try_from(from).unwrap() + 1, Some(1), &data[from..pair[1]])
        })
        .collect()
}

proptest! {
    #[test]
    fn any_segmentation_reordering_and_repetition_gives_the_same_bytes(
        data in prop::collection::vec(any::<u8>(), 1..600),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
        swaps in prop::collection::vec(any::<(Index, Index)>(), 0..80),
    ) {
        let mut rest = segments(Party::First, &data, &cuts);
        for index in repeated {
            rest.push(rest[index.index(rest.len())].clone());
        }
        for (a, b) in swaps {
            let (a, b) = (a.index(rest.len()), b.index(rest.len()));
            rest.swap(a, b);
        }
        let (events, tally) = play(&[handshake(), rest].concat());
        prop_assert_eq!(stream(&events, Party::First), data);
        prop_assert_eq!(gaps(&events), []);
        prop_assert_eq!(tally.implausible, 0);
    }

    /// A conversation of questions and answers whose frames were mixed up within a short distance.
    #[test]
    fn an_answer_never_comes_before_its_question(
        turns in 1u8..60,
        offsets in prop::collection::vec(0usize..12, 120),
    ) {
        let mut frames = Vec::new();
        for turn in 0..turns {
            let at = u32::from(turn) + 1;
            frames.push(sent(Party::First, at, Some(at), &[2 * turn]));
            frames.push(sent(Party::Second, at, Some(at + 1), &[2 * turn + 1]));
        }
        let mut mixed: Vec<(usize, Sent)> =
            frames.into_iter().enumerate().map(|(place, frame)| (place + offsets[place], frame)).collect();
        mixed.sort_by_key(|(place, _)| *place);
        let mixed = mixed.into_iter().map(|(_, frame)| frame);
        let (events, _) = play(&handshake().into_iter().chain(mixed).collect::<Vec<_>>());
        prop_assert_eq!(gaps(&events), []);
        prop_assert_eq!(order(&events), (0..2 * turns).collect::<Vec<_>>());
    }

    /// What was lost is missing and nothing else is.
    #[test]
    fn what_is_lost_is_a_gap_of_its_size(
        data in prop::collection::vec(1u8.., 1..400),
        cuts in prop::collection::vec(any::<Index>(), 2..20),
        lost in any::<Index>(),
    ) {
        let mut parts = segments(Party::First, &data, &cuts);
        let total = u32::try_from(data.len()).unwrap() + 1;
        let gone = parts.remove(lost.index(parts.len()));
        parts.push(sent(Party::Second, 1, Some(total), &[]));
        let (events, _) = play(&[handshake(), parts].concat());
        let found = stream(&events, Party::First);
        prop_assert_eq!(found.len(), data.len());
        let from = gone.at as usize - 1;
        for (index, (found, sent)) in found.iter().zip(&data).enumerate() {
            let is_lost = (from..from + gone.bytes.len()).contains(&index);
            prop_assert!(found == sent || is_lost && *found == 0, "byte {} is {} instead of {}", index, found, sent);
        }
    }

    #[test]
    fn no_segments_whatever_break_it(
        numbers in prop::collection::vec(any::<(bool, u32, Option<u32>, u8, u16)>(), 0..200),
    ) {
        let all: Vec<Sent> = numbers.into_iter().map(|(first, at, acknowledges, flags, size)| Sent {
            by: if first { Party::First } else { Party::Second },
            // Some far apart, most close together.
            at: if flags & 0x80 == 0 { at % 5_000 } else { at },
            acknowledges: acknowledges.map(|at| at % 5_000),
            bytes: vec![1; usize::from(size % 500)],
            cut: usize::from(flags & 0x40) * 4,
            syn: flags & 0x0F == 1,
            fin: flags & 0x0F == 2,
            reset: flags & 0x0F == 3,
        }).collect();
        let limits = Limits { conversations: 3, conversation: 4_000, total: 6_000 };
        let (events, tally) = play_within(limits, &all);
        let handed: usize = pieces(&events).iter().map(Bytes::len).sum();
        prop_assert!(handed <= all.iter().map(|sent| sent.bytes.len()).sum());
        prop_assert!(gaps(&events).iter().all(|(_, bytes, _)| *bytes < 1 << 28));
        prop_assert!(tally.repeated <= tally.data);
    }
}

#[test]
fn sequence_numbers_wrap_around() {
    let data: Vec<u8> = (0..100).collect();
    let (events, _) = play(&[handshake(), segments(Party::First, &data, &[])].concat());
    assert_eq!(stream(&events, Party::First), data);
}

#[test]
fn what_a_stream_says_first_counts() {
    let rest = [
        sent(Party::First, 3, Some(1), b"cd"),
        sent(Party::First, 1, Some(1), b"abXXe"),
        sent(Party::First, 1, Some(1), b"ZZZZZf"),
    ];
    let (events, tally) = play(&[handshake(), rest.to_vec()].concat());
    assert_eq!(stream(&events, Party::First), b"abcdef");
    assert_eq!((tally.data, tally.early, tally.repeated), (3, 1, 0));
}

#[test]
fn a_lost_segment_that_was_acknowledged_is_a_gap_before_the_answer() {
    let mut rest = vec![sent(Party::First, 1, Some(1), b"a"), sent(Party::First, 11, Some(1), b"b")];
    rest.push(sent(Party::Second, 1, Some(12), b"c"));
    let (events, _) = play(&[handshake(), rest].concat());
    assert_eq!(gaps(&events), [(Party::First, 9, Lost::NotCaptured)]);
    assert_eq!(order(&events), b"abc");
}

#[test]
fn a_retransmission_fills_the_hole_however_late() {
    let mut rest = vec![sent(Party::First, 2, Some(1), b"b")];
    // Acknowledgements that say that the first byte is missing.
    rest.extend(vec![sent(Party::Second, 1, Some(1), &[]); 100]);
    rest.push(sent(Party::First, 1, Some(1), b"a"));
    let (events, tally) = play(&[handshake(), rest].concat());
    assert_eq!((stream(&events, Party::First), gaps(&events)), (b"ab".to_vec(), vec![]));
    assert_eq!(tally.early, 1);
}

#[test]
fn the_snap_length_leaves_gaps_of_known_size() {
    let cut = Sent { cut: 50, ..sent(Party::First, 1, Some(1), b"ab") };
    let (events, _) = play(&[handshake(), vec![cut, sent(Party::First, 53, Some(1), b"c")]].concat());
    assert_eq!(gaps(&events), [(Party::First, 50, Lost::Cut)]);
    assert_eq!(order(&events), b"ac");
}

#[test]
fn a_capture_that_begins_in_the_middle_says_so() {
    let rest = [
        sent(Party::Second, 500, Some(900), b"b"),
        sent(Party::First, 900, Some(501), b"a"),
        sent(Party::Second, 501, Some(901), b"c"),
    ];
    let (events, _) = play(&rest);
    let begins: Vec<_> = events.iter().filter(|event| matches!(event.kind, Kind::Begins { .. })).collect();
    assert!(begins.iter().all(|event| matches!(event.kind, Kind::Begins { whole: false, .. })), "{begins:?}");
    assert_eq!((begins.len(), order(&events), gaps(&events)), (2, b"bac".to_vec(), vec![]));
}

#[test]
fn one_direction_alone_is_enough() {
    let rest = [sent(Party::First, 900, Some(500), b"a"), sent(Party::First, 901, Some(600), b"b")];
    let (events, _) = play(&rest);
    assert_eq!(stream(&events, Party::First), b"ab");
    assert_eq!(gaps(&events), [(Party::Second, 100, Lost::NotCaptured)]);
}

#[test]
fn a_port_that_is_used_again_is_another_conversation() {
    let again = handshake().into_iter().map(|sent| Sent { at: sent.at + 90_000, ..sent });
    let mut all = handshake();
    all.push(sent(Party::First, 1, Some(1), b"a"));
    all.extend(again);
    all.push(sent(Party::First, 90_001, Some(90_001), b"b"));
    let (events, _) = play(&all);
    let opened = events.iter().filter(|event| matches!(event.kind, Kind::Opened { .. })).count();
    assert_eq!((opened, order(&events)), (2, b"ab".to_vec()));
    let last = events.iter().rfind(|event| matches!(event.kind, Kind::Bytes { .. })).unwrap();
    assert_eq!(last.conversation.0, 1);
}

#[test]
fn a_repeated_handshake_is_the_same_conversation() {
    let all = [handshake(), handshake(), vec![sent(Party::First, 1, Some(1), b"a")], handshake()].concat();
    let (events, _) = play(&all);
    assert_eq!(events.iter().filter(|event| matches!(event.kind, Kind::Opened { .. })).count(), 1);
    assert_eq!(order(&events), b"a");
}

#[rstest]
#[case(Sent { fin: true, ..sent(Party::First, 2, Some(1), b"b") }, End::Fin)]
#[case(Sent { reset: true, ..sent(Party::First, 3, Some(1), b"") }, End::Reset)]
#[case(Sent { reset: true, ..sent(Party::First, 0x7000_0000, None, b"") }, End::Reset)]
fn ends_are_told_after_the_bytes(#[case] last: Sent, #[case] expected: End) {
    let bytes = if last.bytes.is_empty() { "ab" } else { "a" };
    let all = [handshake(), vec![sent(Party::First, 1, Some(1), bytes.as_bytes()), last]].concat();
    let (events, _) = play(&all);
    assert_eq!(stream(&events, Party::First), b"ab");
    let end = events.iter().rfind(|event| !matches!(event.kind, Kind::Over)).unwrap();
    assert_eq!(end.kind, Kind::Ended { by: Party::First, how: expected });
}

#[test]
fn who_answers_with_syn_did_not_open_the_connection() {
    let mut frames = handshake();
    frames.remove(0);
    let (events, _) = play(&frames);
    let opened = Kind::Opened { first: CLIENT.parse().unwrap(), second: SERVER.parse().unwrap() };
    assert_eq!(events[0].kind, opened);
}

#[test]
fn memory_has_an_end() {
    let hole = |count: u32| sent(Party::First, 10 + 200 * count, Some(1), &[1; 100]);
    let limits = Limits { conversation: 1_000, ..Limits::default() };
    let (events, _) = play_within(limits, &[handshake(), (0..100).map(hole).collect()].concat());
    let lost = gaps(&events);
    assert!(lost.iter().filter(|(_, _, lost)| *lost == Lost::Memory).count() > 90, "{lost:?}");
    let bytes: Bytes = stream(&events, Party::First).into();
    assert_eq!(bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>(), 10_000);
}
