//! What annotated dumps look like.

mod support;

use mqttspec_wire::{
    Layout,
    Sender::{self, Client, Server},
    Version, annotate, testing,
};
use proptest::{collection::vec, prelude::*, sample::select};
use rstest::rstest;
use support::hex;

#[rstest]
#[case::publish(
    Server,
    Some(Version::V5_0),
    r#"3b 12 00 03 "a/b" 00 0a 05 02 00 00 00 3c "hello""#,
    r#"
0000  3b                        first-byte                     PUBLISH QoS 1, DUP, RETAIN
0001  12                        remaining-length               18
0002  00 03                     topic-name.length              3
0004  61 2f 62                  topic-name.text                "a/b"
0007  00 0a                     packet-id                      10
0009  05                        properties.length              5
000a  02                        message-expiry-interval.id     Message Expiry Interval
000b  00 00 00 3c               message-expiry-interval.value  60
000f  68 65 6c 6c 6f            payload                        "hello"
"#
)]
#[case::long_payload(
    Client,
    Some(Version::V3_1_1),
    r#"30 32 00 01 "t" 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e"#,
    r#"
0000  30                        first-byte         PUBLISH QoS 0
0001  32                        remaining-length   50
0002  00 01                     topic-name.length  1
0004  74                        topic-name.text    "t"
0005  00 01 02 03 04 05 06 07   payload            0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c…
000d  08 09 0a 0b 0c 0d 0e 0f
0015  10 11 12 13 14 15 16 17
001d  18 19 1a 1b 1c 1d 1e 1f
      … 15 more bytes
"#
)]
#[case::ill_formed_text(
    Client,
    None,
    r#"10 11 00 04 "MQTT" 04 02 00 3c 00 05 "ab" ff "cd""#,
    r#"
0000  10                        first-byte            CONNECT
0001  11                        remaining-length      17
0002  00 04                     protocol-name.length  4
0004  4d 51 54 54               protocol-name.text    "MQTT"
0008  04                        protocol-level        4
0009  02                        connect-flags         00000010
000a  00 3c                     keep-alive            60
000c  00 05                     client-id.length      5
000e  61 62 ff 63 64                                  not decoded
            ^^ client-id at byte 16: ill-formed UTF-8 at byte 2 of the string (v3.1.1:1.5.3-1)
"#
)]
#[case::forbidden_value(
    Server,
    Some(Version::V5_0),
    "20 05 00 00 02 24 02",
    r"
0000  20                        first-byte         CONNACK
0001  05                        remaining-length   5
0002  00                        connack-flags      00000000
0003  00                        reason             0x00 Success
0004  02                        properties.length  2
0005  24                        maximum-qos.id     Maximum QoS
0006  02                        maximum-qos.value  2
      ^^ maximum-qos at byte 6: Maximum QoS cannot be 2 (v5.0:X-3.2.2.3.4-1)
"
)]
#[case::missing_at_the_end(
    Client,
    Some(Version::V5_0),
    "82 03 00 0a 00",
    r"
0000  82                        first-byte         SUBSCRIBE
0001  03                        remaining-length   3
0002  00 0a                     packet-id          10
0004  00                        properties.length  0
         ^^ filter at byte 5: there is no Topic Filter (v5.0:3.8.3-2)
"
)]
#[case::cut_off(
    Server,
    Some(Version::V3_1_1),
    r#"30 07 00 01 "t" 68"#,
    r#"
0000  30                        first-byte         PUBLISH QoS 0
0001  07                        remaining-length   7
      ^^ remaining-length at byte 1: the length says 7 bytes; 4 bytes left
0002  00 01                     topic-name.length  1
0004  74                        topic-name.text    "t"
0005  68                        payload            "h"
"#
)]
#[case::not_mqtt(
    Client,
    None,
    r#""GET /""#,
    r"
0000  47 45 54 20 2f              not decoded
      ^^ first-byte at byte 0: the first packet is PUBACK, not CONNECT
"
)]
#[case::nothing(Client, None, "", "\n      ^^ remaining-length at byte 0: the packet ends before it\n")]
fn dumps(
    #[case] sender: Sender,
    #[case] version: Option<Version>,
    #[case] bytes: &str,
    #[case] expected: &str,
) {
    let dump = annotate(sender, version, &hex(bytes)).to_string();
    assert_eq!(format!("\n{dump}"), expected, "\n{dump}");
}

#[rstest]
#[case::text(
    r#"3b 12 00 03 "a/b" 00 0a 05 02 00 00 00 3c "hello""#,
    &["topic-name", "message-expiry-interval"],
    r#"
0000  3b                        first-byte                     PUBLISH QoS 1, DUP, RETAIN
0001  12                        remaining-length               18
0002  00 03                     topic-name.length              3
0004  61 2f 62                  topic-name.text                "a/b"
      ^^^^^^^^ not as expected
0007  00 0a                     packet-id                      10
0009  05                        properties.length              5
000a  02                        message-expiry-interval.id     Message Expiry Interval
000b  00 00 00 3c               message-expiry-interval.value  60
      ^^^^^^^^^^^ not as expected
000f  68 65 6c 6c 6f            payload                        "hello"
"#
)]
#[case::one_of_many(
    "90 05 00 0a 00 01 80",
    &["reason[1]"],
    r"
0000  90                        first-byte         SUBACK
0001  05                        remaining-length   5
0002  00 0a                     packet-id          10
0004  00                        properties.length  0
0005  01                        reason[0]          0x01 Granted QoS 1
0006  80                        reason[1]          0x80 Unspecified error
      ^^ not as expected
"
)]
#[case::more_than_a_line(
    r#"30 0e 00 01 "t" 00 "0123456789""#,
    &["payload"],
    r#"
0000  30                        first-byte         PUBLISH QoS 0
0001  0e                        remaining-length   14
0002  00 01                     topic-name.length  1
0004  74                        topic-name.text    "t"
0005  00                        properties.length  0
0006  30 31 32 33 34 35 36 37   payload            "0123456789"
      ^^^^^^^^^^^^^^^^^^^^^^^ not as expected
000e  38 39
      ^^^^^
"#
)]
#[case::what_is_not_there("40 02 00 0a", &["reason"], r"
0000  40                        first-byte        PUBACK
0001  02                        remaining-length  2
0002  00 0a                     packet-id         10
")]
fn marks(#[case] bytes: &str, #[case] names: &[&str], #[case] expected: &str) {
    let dump = annotate(Server, Some(Version::V5_0), &hex(bytes)).mark(names).to_string();
    assert_eq!(format!("\n{dump}"), expected, "\n{dump}");
}

proptest! {
    #[test]
    fn a_dump_names_the_parts_of_the_layout((sender, version, packet) in testing::any_packet()) {
        let dump = annotate(sender, Some(version), &packet.to_bytes(version));
        let named: Vec<_> = dump.rows().iter().map(|row| (row.part, row.range.clone())).collect();
        let parts = Layout::of(&packet, version).parts();
        let leaves = parts.iter().enumerate().filter(|(index, (_, range))| {
            // A part of parts is followed by a part that begins where it begins.
            parts.get(index + 1).is_none_or(|(_, next)| next.start != range.start || range.is_empty())
        });
        let leaves: Vec<_> = leaves.map(|(_, (part, range))| (Some(*part), range.clone())).collect();
        prop_assert_eq!(dump.fault(), None);
        prop_assert_eq!(named, leaves);
    }

    #[test]
    fn a_dump_shows_every_byte_of_anything(
        bytes in vec(any::<u8>(), 0..80),
        sender in select(vec![Client, Server]),
        version in select(vec![None, Some(Version::V3_1_1), Some(Version::V5_0)]),
    ) {
        let dump = annotate(sender, version, &bytes);
        let mut end = 0;
        for row in dump.rows() {
            prop_assert_eq!(row.range.start, end);
            end = row.range.end;
        }
        prop_assert_eq!(end, bytes.len());
        prop_assert_eq!(dump.to_string().matches("^^ ").count(), usize::from(dump.fault().is_some()));
    }
}
