//! The list of what the decoder enforces: small changes to right packets break all of it, and nothing else.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use bytes::Bytes;
use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::{PropertyId, Sender, decode, enforced, property::ValueKind};
use rstest::rstest;
use support::hex;

/// A packet: its first byte, and what follows the Remaining Length. `|` stands for the properties of MQTT 5.0.
type Seed = (u8, &'static str);

const OF_CLIENTS: &[Seed] = &[
    (0x10, r#"00 04 "MQTT" 05 02 00 00 | 00 01 "c""#),
    (0x10, r#"00 04 "MQTT" 05 c6 00 00 00 00 01 "c" | 00 01 "w" 00 01 "x" 00 01 "u" 00 01 "p""#),
    (0x10, r#"00 04 "MQTT" 05 02 00 00 03 16 00 00 00 01 "c""#),
    (0x34, r#"00 01 "t" 00 01 | 21"#),
    (0x40, "00 01 00 |"),
    (0x50, "00 01 00 |"),
    (0x62, "00 01 00 |"),
    (0x70, "00 01 00 |"),
    (0x82, r#"00 01 | 00 01 "t" 00"#),
    (0xA2, r#"00 01 | 00 01 "t""#),
    (0xC0, ""),
    (0xE0, "00 |"),
    (0xF0, "18 |"),
];

const OF_SERVERS: &[Seed] = &[
    (0x20, "00 00 |"),
    (0x20, "01 87 |"),
    (0x34, r#"00 01 "t" 00 01 | 21"#),
    (0x40, "00 01 00 |"),
    (0x50, "00 01 00 |"),
    (0x62, "00 01 00 |"),
    (0x70, "00 01 00 |"),
    (0x90, "00 01 | 00"),
    (0xB0, "00 01 | 00"),
    (0xD0, ""),
    (0xE0, "00 |"),
    (0xF0, "18 |"),
];

const OF_CLIENTS_V3: &[Seed] = &[
    (0x10, r#"00 04 "MQTT" 04 02 00 00 00 01 "c""#),
    (0x10, r#"00 04 "MQTT" 04 c6 00 00 00 01 "c" 00 01 "w" 00 01 "x" 00 01 "u" 00 01 "p""#),
    (0x34, r#"00 01 "t" 00 01 21"#),
    (0x40, "00 01"),
    (0x50, "00 01"),
    (0x62, "00 01"),
    (0x70, "00 01"),
    (0x82, r#"00 01 00 01 "t" 00"#),
    (0xA2, r#"00 01 00 01 "t""#),
    (0xC0, ""),
    (0xE0, ""),
];

const OF_SERVERS_V3: &[Seed] = &[
    (0x20, "00 00"),
    (0x20, "01 05"),
    (0x34, r#"00 01 "t" 00 01 21"#),
    (0x40, "00 01"),
    (0x50, "00 01"),
    (0x62, "00 01"),
    (0x70, "00 01"),
    (0x90, "00 01 00"),
    (0xB0, "00 01"),
    (0xD0, ""),
];

/// A packet whose Remaining Length is right, if one byte is enough for it.
fn packet(first: u8, body: &[u8]) -> Bytes {
    [&[first, u8::try_from(body.len()).unwrap_or(u8::MAX)], body].concat().into()
}

/// A property, with a value that is right almost everywhere and one that is wrong in many places.
fn properties(id: PropertyId) -> [Vec<u8>; 2] {
    let (right, wrong): (&[u8], &[u8]) = match id.kind() {
        ValueKind::Byte => (&[1], &[2]),
        ValueKind::TwoByte => (&[0, 1], &[0, 0]),
        ValueKind::FourByte => (&[0, 0, 0, 1], &[0, 0, 0, 0]),
        ValueKind::VariableByte => (&[1], &[0]),
        ValueKind::Text => (&[0, 1, b'x'], &[0, 1, 0]),
        ValueKind::Binary => (&[0, 1, b'x'], &[0, 1]),
        ValueKind::Pair => (&[0, 1, b'n', 0, 1, b'v'], &[0, 1, b'n', 0, 1, 0xFF]),
    };
    [right, wrong].map(|value| [&[id.number()], value].concat())
}

/// What stands in the place of `|`: no properties, each of them alone and twice, and lengths that are wrong.
fn sections() -> Vec<Vec<u8>> {
    let method = [0x15, 0, 1, b'm'];
    let repeated = |property: &Vec<u8>| {
        [property.clone(), [&property[..], property].concat(), [&method[..], property, property].concat()]
    };
    let lists = PropertyId::ALL.iter().flat_map(|id| properties(*id)).flat_map(|one| repeated(&one));
    let lists = lists.chain([vec![], method.to_vec(), vec![0x7F, 0]]);
    let counted = lists.map(|list| [vec![u8::try_from(list.len()).unwrap_or(u8::MAX)], list].concat());
    counted.chain([vec![9], vec![0x80, 0], vec![0xFF, 0xFF, 0xFF, 0xFF, 1]]).collect()
}

/// The seed with this in the place of `|`.
fn body(text: &str, section: &[u8]) -> Vec<u8> {
    match text.split_once('|') {
        None => hex(text).to_vec(),
        Some((before, after)) => [&hex(before), section, &hex(after)].concat(),
    }
}

/// The packet, and all that differ from it by a byte more, less or other, or in how long they say they are.
fn variations(first: u8, body: &[u8]) -> Vec<Bytes> {
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    let long = |length: &[u8]| Bytes::from([&[first], length, body].concat());
    let mut found = vec![packet(first, body), long(&[length | 0x80, 0]), long(&[0xFF, 0xFF, 0xFF, 0xFF, 1])];
    found.extend((0..=u8::MAX).map(|other| packet(other, body)));
    for at in 0..=body.len() {
        let (before, after) = body.split_at(at);
        found.push(packet(first, before));
        for byte in [0x00, 0x01, 0x7F, 0x80, 0xFF] {
            found.push(packet(first, &[before, &[byte], after].concat()));
        }
        if let [_, rest @ ..] = after {
            found.push(packet(first, &[before, rest].concat()));
            found.extend((0..=u8::MAX).map(|byte| packet(first, &[before, &[byte], rest].concat())));
        }
    }
    found
}

#[rstest]
#[case::clients_v3(Sender::Client, Version::V3_1_1, OF_CLIENTS_V3)]
#[case::clients_v5(Sender::Client, Version::V5_0, OF_CLIENTS)]
#[case::servers_v3(Sender::Server, Version::V3_1_1, OF_SERVERS_V3)]
#[case::servers_v5(Sender::Server, Version::V5_0, OF_SERVERS)]
fn small_changes_break_all_that_is_enforced_and_nothing_else(
    #[case] sender: Sender,
    #[case] version: Version,
    #[case] seeds: &[Seed],
) {
    let sections = sections();
    let of_seed = |(first, text): &Seed| {
        let with_properties = sections.iter().map(|section| packet(*first, &body(text, section)));
        with_properties.chain(variations(*first, &body(text, &[0]))).collect::<Vec<_>>()
    };
    let packets = seeds.iter().flat_map(of_seed);
    let broken: BTreeSet<StatementId> = packets
        .filter_map(|packet| decode(sender, Some(version), &packet).err()?.statement)
        .filter(|statement| statement.version() == version)
        .collect();
    let listed: BTreeSet<StatementId> =
        enforced(sender).into_iter().filter(|statement| statement.version() == version).collect();
    let (unlisted, never): (Vec<_>, Vec<_>) =
        (broken.difference(&listed).collect(), listed.difference(&broken).collect());
    assert!(unlisted.is_empty() && never.is_empty(), "not listed: {unlisted:?}, never broken: {never:?}");
}
