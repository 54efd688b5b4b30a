//! The capture of a run: it is read back with another reader than the one that wrote it would need.

use mqttspec::report::{Frames, frames, pcapng};
use pcap_file::pcapng::{
    Block, PcapNgParser,
    blocks::{enhanced_packet::EnhancedPacketOption, opt_common::CommonOption},
};

use crate::sample;

/// The comments of each frame.
fn comments(capture: &[u8]) -> Vec<Vec<String>> {
    let comment = |option: EnhancedPacketOption<'_>| match option {
        EnhancedPacketOption::Common(CommonOption::Comment(text)) => Some(text.into_owned()),
        EnhancedPacketOption::Common(_)
        | EnhancedPacketOption::Flags(_)
        | EnhancedPacketOption::Hash(_)
        | EnhancedPacketOption::DropCount(_) => None,
    };
    let (mut rest, mut parser) = PcapNgParser::new(capture).unwrap_or_else(|error| panic!("{error}"));
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (after, block) = parser.next_block(rest).unwrap_or_else(|error| panic!("{error}"));
        rest = after;
        if let Block::EnhancedPacket(packet) = block {
            frames.push(packet.options.into_iter().filter_map(comment).collect());
        }
    }
    frames
}

#[test]
fn every_event_has_its_frames_and_every_run_its_comment() {
    let report = sample::report(sample::every_grade());
    let comments = comments(&pcapng(&report).unwrap());
    let laid = frames(&report);
    let last = laid.iter().filter_map(|frames| frames.range).map(|(_, last)| last).max();
    assert_eq!(last, Some(comments.len() as u64));
    for (result, Frames { of_event, range }) in report.run.results.iter().zip(&laid) {
        let (first, _) = range.unwrap();
        let comment = &comments[usize::try_from(first - 1).unwrap()][0];
        assert!(comment.starts_with(&format!("scenario {}, MQTT", result.scenario)), "{comment}");
        assert!(comment.contains(&format!(": {} (", result.grade)), "{comment}");
        for finding in &result.findings {
            for packet in &finding.packets {
                let frame = of_event[*packet].unwrap();
                let notes = &comments[usize::try_from(frame - 1).unwrap()];
                assert!(notes.iter().any(|note| note.contains(&finding.observed)), "{notes:?}");
            }
        }
    }
}

#[test]
fn the_same_report_gives_the_same_capture() {
    let report = sample::report(sample::every_grade());
    assert_eq!(pcapng(&report).unwrap(), pcapng(&report).unwrap());
}

#[test]
fn a_hostile_broker_cannot_speak_through_comments() {
    let report = sample::report(sample::hostile());
    let comments = comments(&pcapng(&report).unwrap()).concat();
    assert!(comments.iter().any(|comment| comment.starts_with("fail v5.0:3.3.1-5")));
    assert_eq!(comments.iter().find(|comment| comment.chars().any(char::is_control)), None);
    assert!(comments.iter().all(|comment| comment.len() < 4000));
}
