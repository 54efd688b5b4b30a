//! Packet Identifiers, acknowledgements, PINGREQ, PINGRESP, DISCONNECT, AUTH, and the fields of PUBLISH.

use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::{
    FaultKind, ReasonCode,
    Sender::{self, Client, Server},
    packet::PacketType,
};
use rstest::rstest;

use super::{accept, check, support::hex};

#[rstest]
#[case::publish(Client, r#"32 05 00 01 "a" 00 00"#, 5, v3!("2.3.1-1"))]
#[case::publish(Server, r#"34 05 00 01 "a" 00 00"#, 5, v3!("2.3.1-1"))]
#[case::publish(Client, r#"32 06 00 01 "a" 00 00 00"#, 5, v5!("2.2.1-3"))]
#[case::publish(Server, r#"34 06 00 01 "a" 00 00 00"#, 5, v5!("2.2.1-4"))]
#[case::puback(Client, "40 02 00 00", 2, v3!("2.3.1-6"))]
#[case::puback(Server, "40 02 00 00", 2, v5!("2.2.1-5"))]
#[case::pubrec(Client, "50 02 00 00", 2, v3!("2.3.1-6"))]
#[case::pubrec(Server, "50 02 00 00", 2, v5!("2.2.1-5"))]
#[case::pubrel(Client, "62 02 00 00", 2, v3!("2.3.1-6"))]
#[case::pubrel(Server, "62 02 00 00", 2, v5!("2.2.1-5"))]
#[case::pubcomp(Client, "70 02 00 00", 2, v3!("X-3.7.2-1"))]
#[case::pubcomp(Server, "70 02 00 00", 2, v5!("2.2.1-5"))]
#[case::subscribe(Client, r#"82 06 00 00 00 01 "a" 00"#, 2, v3!("2.3.1-1"))]
#[case::subscribe(Client, r#"82 07 00 00 00 00 01 "a" 00"#, 2, v5!("2.2.1-3"))]
#[case::suback(Server, "90 03 00 00 00", 2, v3!("2.3.1-7"))]
#[case::suback(Server, "90 04 00 00 00 00", 2, v5!("2.2.1-6"))]
#[case::unsubscribe(Client, r#"a2 05 00 00 00 01 "a""#, 2, v3!("2.3.1-1"))]
#[case::unsubscribe(Client, r#"a2 06 00 00 00 00 01 "a""#, 2, v5!("2.2.1-3"))]
#[case::unsuback(Server, "b0 02 00 00", 2, v3!("2.3.1-7"))]
#[case::unsuback(Server, "b0 04 00 00 00 00", 2, v5!("2.2.1-6"))]
fn packet_identifier_zero(
    #[case] sender: Sender,
    #[case] bytes: &str,
    #[case] offset: usize,
    #[case] broken: StatementId,
) {
    check(sender, bytes, FaultKind::ZeroPacketId, (offset, "packet-id"), broken);
}

#[rstest]
#[case::puback("40 03 00 01 00", 4, v3!("X-3.4.1-1"))]
#[case::pubrec("50 03 00 01 00", 4, v3!("X-3.5.1-1"))]
#[case::pubrel("62 03 00 01 00", 4, v3!("X-3.6.1-1"))]
#[case::pubcomp("70 04 00 01 00 00", 4, v3!("X-3.7.1-1"))]
#[case::unsuback("b0 03 00 01 00", 4, v3!("X-3.11.1-1"))]
#[case::pingresp("d0 01 00", 2, v3!("X-3.13.1-1"))]
#[case::puback("40 05 00 01 00 00 00", 6, v5!("X-1.5.6-1"))]
#[case::pubrec("50 05 00 01 00 00 00", 6, v5!("X-1.5.6-1"))]
#[case::pubrel("62 05 00 01 00 00 00", 6, v5!("X-1.5.6-1"))]
#[case::pubcomp("70 05 00 01 00 00 00", 6, v5!("X-1.5.6-1"))]
#[case::pingresp("d0 02 00 00", 2, v5!("X-3.13.1-1"))]
#[case::disconnect("e0 03 00 00 00", 4, v5!("X-1.5.6-1"))]
fn more_than_the_fields(#[case] bytes: &str, #[case] offset: usize, #[case] broken: StatementId) {
    let count = hex(bytes).len() - offset;
    check(Server, bytes, FaultKind::TrailingBytes(count), (offset, "remaining-length"), broken);
}

#[rstest]
#[case::pingreq("c0 01 00", 2, v3!("X-3.12.1-1"))]
#[case::pingreq("c0 01 00", 2, v5!("X-3.12.1-1"))]
#[case::disconnect("e0 01 00", 2, v3!("X-3.14.1-1"))]
fn more_than_the_fields_of_a_client(#[case] bytes: &str, #[case] offset: usize, #[case] broken: StatementId) {
    check(Client, bytes, FaultKind::TrailingBytes(1), (offset, "remaining-length"), broken);
}

#[rstest]
#[case::puback("40 00", FaultKind::Missing, v3!("X-3.4.1-1"))]
#[case::puback("40 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v3!("X-3.4.1-1"))]
#[case::pubrec("50 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v3!("X-3.5.1-1"))]
#[case::pubrel("62 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v3!("X-3.6.1-1"))]
#[case::pubcomp("70 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v3!("X-3.7.1-1"))]
#[case::suback("90 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v3!("X-7.1.1-1"))]
#[case::unsuback("b0 00", FaultKind::Missing, v3!("X-3.11.1-1"))]
#[case::puback("40 00", FaultKind::Missing, v5!("X-1.5.6-1"))]
#[case::unsuback("b0 01 00", FaultKind::CutShort { needed: 2, left: 1 }, v5!("X-1.5.6-1"))]
fn less_than_an_identifier(#[case] bytes: &str, #[case] kind: FaultKind, #[case] broken: StatementId) {
    check(Server, bytes, kind, (2, "packet-id"), broken);
}

#[rstest]
#[case::puback(Client, "40 03 00 01 10", PacketType::Puback, 4, v5!("3.4.2-1"))]
#[case::puback(Server, "40 03 00 01 92", PacketType::Puback, 4, v5!("3.4.2-1"))]
#[case::pubrec(Client, "50 03 00 01 10", PacketType::Pubrec, 4, v5!("3.5.2-1"))]
#[case::pubrel(Server, "62 03 00 01 80", PacketType::Pubrel, 4, v5!("3.6.2-1"))]
#[case::pubcomp(Server, "70 03 00 01 80", PacketType::Pubcomp, 4, v5!("3.7.2-1"))]
#[case::suback(Server, "90 04 00 01 00 11", PacketType::Suback, 5, v5!("3.9.3-2"))]
#[case::unsuback(Server, "b0 04 00 01 00 02", PacketType::Unsuback, 5, v5!("3.11.3-2"))]
#[case::disconnect(Server, "e0 01 04", PacketType::Disconnect, 2, v5!("3.14.2-1"))]
#[case::disconnect(Client, "e0 01 8e", PacketType::Disconnect, 2, v5!("3.14.2-1"))]
#[case::disconnect(Client, "e0 01 84", PacketType::Disconnect, 2, v5!("3.14.2-1"))]
#[case::auth(Server, "f0 02 19 00", PacketType::Auth, 2, v5!("3.15.2-1"))]
#[case::auth(Client, "f0 02 00 00", PacketType::Auth, 2, v5!("3.15.2-1"))]
#[case::empty_auth(Client, "f0 00", PacketType::Auth, 2, v5!("3.15.2-1"))]
fn codes_of_other_packets_or_senders(
    #[case] sender: Sender,
    #[case] bytes: &str,
    #[case] packet: PacketType,
    #[case] offset: usize,
    #[case] broken: StatementId,
) {
    let code = hex(bytes).get(offset).map_or(ReasonCode::SUCCESS, |code| ReasonCode(*code));
    let kind = FaultKind::ReasonNotAllowed { code, packet, sender };
    check(sender, bytes, kind, (offset, "reason"), broken);
}

#[rstest]
#[case::puback("40 03 00 01 03", 0x03, 4, v5!("3.4.2-1"))]
#[case::suback("90 05 00 01 00 00 ff", 0xFF, 6, v5!("3.9.3-2"))]
#[case::disconnect("e0 01 7f", 0x7F, 2, v5!("3.14.2-1"))]
#[case::suback("90 04 00 01 00 03", 0x03, 5, v3!("3.9.3-2"))]
#[case::suback("90 03 00 01 87", 0x87, 4, v3!("3.9.3-2"))]
fn codes_without_meaning(
    #[case] bytes: &str,
    #[case] code: u8,
    #[case] offset: usize,
    #[case] broken: StatementId,
) {
    check(Server, bytes, FaultKind::ReasonUnassigned(ReasonCode(code)), (offset, "reason"), broken);
}

#[rstest]
#[case::no_length("f0 01 18", FaultKind::Missing, 3, v5!("2.2.2-1"))]
#[case::no_method("f0 02 18 00", FaultKind::NoAuthenticationMethod, 3, v5!("X-3.15.2.2.2-1"))]
#[case::no_method_in_success("f0 02 00 00", FaultKind::NoAuthenticationMethod, 3, v5!("X-3.15.2.2.2-1"))]
fn auth(#[case] bytes: &str, #[case] kind: FaultKind, #[case] offset: usize, #[case] broken: StatementId) {
    check(Server, bytes, kind, (offset, "properties"), broken);
}

#[rstest]
#[case::no_topic("30 00", FaultKind::Missing, (2, "topic-name"), v3!("X-2.4-1"))]
#[case::no_identifier(r#"32 03 00 01 "a""#, FaultKind::Missing, (5, "packet-id"), v3!("X-2.4-1"))]
#[case::no_properties(r#"30 03 00 01 "a""#, FaultKind::Missing, (5, "properties"), v5!("2.2.2-1"))]
#[case::long_topic(r#"30 03 00 02 "a""#, FaultKind::LengthPastEnd { length: 2, left: 1 }, (2, "topic-name"), v3!("X-2.4-1"))]
#[case::long_topic(r#"30 04 00 05 "a" 00"#, FaultKind::LengthPastEnd { length: 5, left: 2 }, (2, "topic-name"), v5!("X-1.5.6-1"))]
#[case::no_topic_and_no_alias("30 03 00 00 00", FaultKind::NoTopic, (2, "topic-name"), v5!("X-3.3.2.1-1"))]
fn fields_of_publish(
    #[case] bytes: &str,
    #[case] kind: FaultKind,
    #[case] place: (usize, &'static str),
    #[case] broken: StatementId,
) {
    check(Client, bytes, kind, place, broken);
}

#[rstest]
#[case::wildcard(Version::V3_1_1, r#"30 03 00 01 "+""#)]
#[case::wildcard(Version::V5_0, r"30 04 00 01 23 00")]
#[case::empty_topic(Version::V3_1_1, "30 02 00 00")]
#[case::wildcard_in_response_topic(Version::V5_0, r#"30 08 00 01 "a" 04 08 00 01 "+""#)]
#[case::payload_that_is_not_utf8(Version::V5_0, r#"30 07 00 01 "a" 02 01 01 ff"#)]
fn what_its_receiver_answers_in_its_own_way_is_no_fault(#[case] version: Version, #[case] bytes: &str) {
    accept(Client, version, bytes);
}
