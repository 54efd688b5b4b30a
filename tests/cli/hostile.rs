//! A broker that puts markup, terminal sequences, megabytes and bytes that are no text into everything it says.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::{outcome, reports::Folder, run::listener};

const TRICK: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{1b}[2J\u{9b}31m\u{202e}`*_[x](javascript:alert(1))\nconforming: perfect\n::error::x";

/// A UTF-8 Encoded String or Binary Data, with its length in front.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

/// A packet of MQTT 5.0 with this first byte.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let [low, ..] = (left % 128).to_le_bytes();
        left /= 128;
        packet.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    [packet.as_slice(), body].concat()
}

fn property(identifier: u8, bytes: &[u8]) -> Vec<u8> {
    [&[identifier][..], &string(bytes)].concat()
}

/// A packet whose variable header is followed by properties; those here are shorter than 16,384 bytes.
fn with_properties(first: u8, header: &[u8], properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = properties.len();
    let [low, ..] = (length % 128).to_le_bytes();
    let [high, ..] = (length / 128).to_le_bytes();
    packet(first, &[header, &[low | 0x80, high], properties, payload].concat())
}

/// Accepts every client, says something bad of it, and delivers what nobody asked for.
fn hostile(mut stream: TcpStream) {
    let trick = TRICK.as_bytes();
    let reason = property(0x1f, trick);
    let user = [&[0x26][..], &string(trick), &string(trick)].concat();
    let connack =
        with_properties(0x20, &[0, 0], &[reason.clone(), user.clone(), property(0x12, trick)].concat(), &[]);
    let megabytes = TRICK.repeat(10_000);
    let publish = with_properties(0x30, &string(trick), &user, megabytes.as_bytes());
    let ill_formed = with_properties(0x30, &string(b"\xc3\x28\xed\xa0\x80"), &user, trick);
    let disconnect = with_properties(0xe0, &[0x82], &[reason, user].concat(), &[]);
    let mut bytes = [0; 4096];
    for answer in [connack, publish, ill_formed, disconnect] {
        if !stream.read(&mut bytes).is_ok_and(|count| count > 0) || stream.write_all(&answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_hostile_broker_is_rendered_harmlessly_everywhere() {
    let folder = Folder::new("hostile");
    let kinds = ["html", "json", "junit", "md", "github", "pcapng"];
    let reports: Vec<String> = kinds.iter().map(|kind| format!("{kind}={}", folder.file(kind))).collect();
    let run = ["run", &listener(hostile), "--only", "3.1.2", "--report", &reports.join(",")];
    let (status, stdout, stderr) = outcome(&run);
    assert!(matches!(status, Some(1 | 3)), "{status:?} {stderr}");
    let json = fs::read_to_string(folder.file("json")).unwrap();
    assert!(json.contains("<img src=x onerror="), "nothing of the broker is in the report");

    let texts = kinds
        .iter()
        .filter(|kind| **kind != "pcapng")
        .map(|kind| fs::read_to_string(folder.file(kind)).unwrap());
    for text in texts.chain([stdout, stderr]) {
        assert_eq!(text.chars().find(|char| char.is_control() && *char != '\n'), None);
        assert!(!text.contains('\u{202e}'), "a bidirectional override");
        assert!(!text.lines().any(|line| line.starts_with("conforming") || line.starts_with("::error::x")));
        assert!(text.len() < 10_000_000, "{} bytes", text.len());
    }
    let page = fs::read_to_string(folder.file("html")).unwrap();
    assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (2, 0));
    let summary = fs::read_to_string(folder.file("md")).unwrap();
    let outside = summary.split("```").step_by(2).collect::<String>();
    assert!(
        !outside.contains("<script") && !outside.contains("<img") && !outside.contains("[x]("),
        "{outside}"
    );
    assert!(summary.len() < 1024 * 1024);
    let junit = fs::read_to_string(folder.file("junit")).unwrap();
    assert!(!junit.contains("<script") && !junit.contains("<img"));
}
