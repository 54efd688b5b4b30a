//! From bytes to violations, with the decoder in between.

use std::time::Duration;

use mqttspec_spec::{StatementId, v3, v5};
use mqttspec_wire::{Decoder, Sender, Version};
use rstest::rstest;

use super::build::*;
use crate::referee::{Connection, Knowledge};

/// A CONNECT of MQTT 3.1.1 with Clean Session and the client identifier `c`.
const CONNECT_3: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
/// The same for MQTT 5.0.
const CONNECT_5: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01c";
/// With the reserved flag.
const MALFORMED_3: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x03\x00\x3C\x00\x01c";
const MALFORMED_5: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x03\x00\x3C\x00\x00\x01c";
/// MQTT 3.1.
const OLD: &[u8] = b"\x10\x0F\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x01c";
const CONNACK_3: &[u8] = b"\x20\x02\x00\x00";
const CONNACK_5: &[u8] = b"\x20\x03\x00\x00\x00";
/// The first CONNECT, then a SUBSCRIBE with the packet identifier zero.
const SUBSCRIBE_0: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c\x82\x06\x00\x00\x00\x01a\x00";
const PINGREQ: &[u8] = b"\xC0\x00";

#[rstest]
#[case::well(V3, CONNECT_3, CONNACK_3, &[])]
#[case::well_v5(V5, CONNECT_5, CONNACK_5, &[])]
#[case::malformed_connect(V3, MALFORMED_3, b"", &[(Sender::Client, v3!("3.1.2-3"))])]
#[case::accepted(V3, MALFORMED_3, CONNACK_3, &[(Sender::Client, v3!("3.1.2-3")), (Sender::Server, v3!("3.1.4-1"))])]
#[case::accepted_v5(V5, MALFORMED_5, CONNACK_5, &[(Sender::Client, v5!("3.1.2-3")), (Sender::Server, v5!("3.1.4-1"))])]
#[case::refused(V5, MALFORMED_5, b"\x20\x03\x00\x81\x00", &[(Sender::Client, v5!("3.1.2-3"))])]
#[case::another_version(V5, CONNECT_5, b"\x20\x02\x00\x01", &[])]
#[case::another_protocol(V3, OLD, CONNACK_3, &[])]
#[case::another_protocol_v5(V5, OLD, b"\xE0\x00\xE0\x00", &[])]
#[case::no_connect(V5, PINGREQ, b"\xD0\x00", &[])]
#[case::a_server_that_subscribes(V5, CONNECT_5, b"\x20\x03\x00\x00\x00\x82\x07\x00\x01\x00\x00\x01a\x00", &[
    (Sender::Server, v5!("X-7.1.1-1")),
])]
#[case::an_answer_to_zero(V3, SUBSCRIBE_0, b"\x20\x02\x00\x00\x90\x03\x00\x00\x00", &[(Sender::Client, v3!("2.3.1-1"))])]
#[case::zero_out_of_the_blue(V3, CONNECT_3, b"\x20\x02\x00\x00\x90\x03\x00\x00\x00", &[
    (Sender::Server, v3!("2.3.1-7")),
])]
#[case::a_reserved_code(V5, CONNECT_5, b"\x20\x03\x00\x05\x00", &[(Sender::Server, v5!("3.2.2-8"))])]
#[case::an_empty_suback(V3, &[CONNECT_3, b"\x82\x06\0\x01\0\x01a\0"].concat(), b"\x20\x02\0\0\x90\x02\0\x01", &[
    (Sender::Server, v3!("3.8.4-5")),
])]
#[case::an_empty_suback_for_no_filter(V3, &[CONNECT_3, b"\x82\x02\0\x01"].concat(), b"\x20\x02\0\0\x90\x02\0\x01", &[
    (Sender::Client, v3!("3.8.3-3")),
])]
#[case::the_identifier_zero(V5, CONNECT_5, b"\x20\x03\0\0\0\x90\x04\0\0\0\0", &[(Sender::Server, v5!("2.2.1-6"))])]
#[case::the_identifier_zero_for_zero(
    V5,
    &[CONNECT_5, b"\x82\x07\0\0\0\0\x01a\0"].concat(),
    b"\x20\x03\0\0\0\x90\x04\0\0\0\0",
    &[(Sender::Client, v5!("2.2.1-3"))],
)]
fn bytes(
    #[case] version: Version,
    #[case] sent: &[u8],
    #[case] received: &[u8],
    #[case] expected: &[(Sender, StatementId)],
) {
    let mut connection = Connection::new(Knowledge::default());
    let mut said = Vec::new();
    for (sender, bytes, version) in [(Sender::Client, sent, None), (Sender::Server, received, Some(version))]
    {
        let mut decoder = Decoder::new(sender, version);
        decoder.feed(bytes);
        loop {
            match decoder.next() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    said.extend(connection.packet(Duration::ZERO, sender, &frame.packet, frame.raw.len()));
                }
                Err(rejected) => {
                    said.extend(connection.fault(Duration::ZERO, sender, &rejected.fault));
                    break;
                }
            }
        }
    }
    let found: Vec<_> = said.iter().map(|said| (said.party, said.statement)).collect();
    assert_eq!(found, expected, "{said:#?}");
}
