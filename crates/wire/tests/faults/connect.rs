//! CONNECT and CONNACK (§3.1, §3.2).

use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::{
    FaultKind, ReasonCode,
    Sender::{Client, Server},
    Utf8String,
    packet::PacketType,
};
use rstest::rstest;

use super::{accept, check, fault};

#[rstest]
#[case::name_of_3_1(r#"10 0e 00 06 "MQIsdp" 03 02 00 00 00 00"#, "MQIsdp", 3, 2, "protocol-name")]
#[case::lower_case(r#"10 0c 00 04 "mqtt" 04 02 00 00 00 00"#, "mqtt", 4, 2, "protocol-name")]
#[case::empty("10 08 00 00 04 02 00 00 00 00", "", 4, 2, "protocol-name")]
#[case::level_of_3_1(r#"10 0c 00 04 "MQTT" 03 02 00 00 00 00"#, "MQTT", 3, 8, "protocol-level")]
#[case::future_level(r#"10 0c 00 04 "MQTT" 06 02 00 00 00 00"#, "MQTT", 6, 8, "protocol-level")]
#[case::bridge(r#"10 0c 00 04 "MQTT" 84 02 00 00 00 00"#, "MQTT", 0x84, 8, "protocol-level")]
fn unsupported_protocols(
    #[case] bytes: &str,
    #[case] name: &str,
    #[case] level: u8,
    #[case] offset: usize,
    #[case] field: &str,
) {
    let laws = [
        None,
        Some(if offset == 2 { v3!("3.1.2-1") } else { v3!("3.1.2-2") }),
        Some(if offset == 2 { v5!("3.1.2-1") } else { v5!("3.1.2-2") }),
    ];
    for law in laws {
        let fault = fault(Client, law.map(StatementId::version), bytes);
        let name = Utf8String::try_from(name).unwrap();
        assert_eq!(fault.kind, FaultKind::UnsupportedProtocol { name, level });
        assert_eq!((fault.offset, fault.field, fault.statement), (offset, field, law));
        assert_eq!(fault.reason(), ReasonCode::UNSUPPORTED_PROTOCOL_VERSION);
    }
}

#[test]
fn a_connect_is_judged_by_its_own_version() {
    let bytes = r#"10 0c 00 04 "MQTT" 04 42 00 00 00 00"#;
    for version in [None, Some(Version::V3_1_1), Some(Version::V5_0)] {
        assert_eq!(fault(Client, version, bytes).statement, Some(v3!("3.1.2-22")));
    }
}

#[rstest]
#[case::reserved(0x03, FaultKind::ReservedBits(0x03), v3!("3.1.2-3"), v5!("3.1.2-3"))]
#[case::reserved_first(0xFF, FaultKind::ReservedBits(0xFF), v3!("3.1.2-3"), v5!("3.1.2-3"))]
#[case::will_qos_3(0x1E, FaultKind::QoS3, v3!("3.1.2-14"), v5!("3.1.2-12"))]
#[case::will_qos_without_will(0x0A, FaultKind::WillQoSWithoutWill(1), v3!("3.1.2-13"), v5!("3.1.2-11"))]
#[case::will_qos_3_without_will(0x1A, FaultKind::WillQoSWithoutWill(3), v3!("3.1.2-13"), v5!("3.1.2-11"))]
#[case::will_retain_without_will(0x22, FaultKind::WillRetainWithoutWill, v3!("3.1.2-15"), v5!("3.1.2-13"))]
fn wrong_flags(#[case] flags: u8, #[case] kind: FaultKind, #[case] v3: StatementId, #[case] v5: StatementId) {
    let old = format!(r#"10 0c 00 04 "MQTT" 04 {flags:02x} 00 00 00 00"#);
    check(Client, &old, kind.clone(), (9, "connect-flags"), v3);
    let new = format!(r#"10 0d 00 04 "MQTT" 05 {flags:02x} 00 00 00 00 00"#);
    check(Client, &new, kind, (9, "connect-flags"), v5);
}

#[test]
fn a_password_needs_a_user_name_in_3_1_1() {
    let bytes = r#"10 0f 00 04 "MQTT" 04 42 00 00 00 00 00 01 "p""#;
    check(Client, bytes, FaultKind::PasswordWithoutUserName, (9, "connect-flags"), v3!("3.1.2-22"));
    accept(Client, Version::V5_0, r#"10 10 00 04 "MQTT" 05 42 00 00 00 00 00 00 01 "p""#);
}

#[rstest]
#[case::client_id("10 0a", "04 02 00 00", "client-id", v3!("3.1.3-3"))]
#[case::client_id("10 0b", "05 02 00 00 00", "client-id", v5!("3.1.3-3"))]
#[case::will_properties("10 0d", "05 06 00 00 00 00 00", "will-properties", v5!("3.1.2-9"))]
#[case::will_topic("10 0c", "04 06 00 00 00 00", "will-topic", v3!("3.1.2-9"))]
#[case::will_topic("10 0e", "05 06 00 00 00 00 00 00", "will-topic", v5!("3.1.2-9"))]
#[case::will_payload("10 0f", "04 06 00 00 00 00 00 01 77", "will-payload", v3!("3.1.2-9"))]
#[case::will_payload("10 11", "05 06 00 00 00 00 00 00 00 01 77", "will-payload", v5!("3.1.2-9"))]
#[case::username("10 0c", "04 82 00 00 00 00", "username", v3!("3.1.2-19"))]
#[case::username("10 0d", "05 82 00 00 00 00 00", "username", v5!("3.1.2-17"))]
#[case::password("10 0e", "04 c2 00 00 00 00 00 00", "password", v3!("3.1.2-21"))]
#[case::password("10 0d", "05 42 00 00 00 00 00", "password", v5!("3.1.2-19"))]
#[case::properties("10 0a", "05 02 00 00", "properties", v5!("2.2.2-1"))]
#[case::keep_alive("10 08", "04 02", "keep-alive", v3!("X-2.4-1"))]
#[case::flags("10 07", "05", "connect-flags", v5!("X-1.5.6-1"))]
fn missing_fields(
    #[case] header: &str,
    #[case] rest: &str,
    #[case] field: &'static str,
    #[case] broken: StatementId,
) {
    let bytes = format!(r#"{header} 00 04 "MQTT" {rest}"#);
    let end = super::support::hex(&bytes).len();
    check(Client, &bytes, FaultKind::Missing, (end, field), broken);
}

#[rstest]
#[case::level(r#"10 06 00 04 "MQTT""#, FaultKind::Missing, 8, "protocol-level")]
#[case::name(r#"10 04 00 04 "MQ""#, FaultKind::LengthPastEnd { length: 4, left: 2 }, 2, "protocol-name")]
#[case::name_length("10 01 00", FaultKind::CutShort { needed: 2, left: 1 }, 2, "protocol-name")]
#[case::nothing("10 00", FaultKind::Missing, 2, "protocol-name")]
fn connect_that_ends_before_its_version(
    #[case] bytes: &str,
    #[case] kind: FaultKind,
    #[case] offset: usize,
    #[case] field: &str,
) {
    let fault = fault(Client, None, bytes);
    assert_eq!((fault.kind, fault.offset, fault.field, fault.statement), (kind, offset, field, None));
}

#[rstest]
#[case::v3(r#"10 0d 00 04 "MQTT" 04 02 00 00 00 00 00"#, v3!("X-2.4-1"))]
#[case::v5(r#"10 0e 00 04 "MQTT" 05 02 00 00 00 00 00 00"#, v5!("X-1.5.6-1"))]
fn connect_with_more_than_its_fields(#[case] bytes: &str, #[case] broken: StatementId) {
    let last = super::support::hex(bytes).len() - 1;
    check(Client, bytes, FaultKind::TrailingBytes(1), (last, "remaining-length"), broken);
}

#[test]
fn authentication_data_needs_a_method() {
    let bytes = r#"10 10 00 04 "MQTT" 05 02 00 00 03 16 00 00 00 00"#;
    check(Client, bytes, FaultKind::NoAuthenticationMethod, (12, "properties"), v5!("X-3.1.2.11.10-1"));
    accept(Server, Version::V5_0, "20 06 00 00 03 16 00 00");
}

#[test]
fn what_only_the_server_can_answer_is_no_fault() {
    let empty_client_id_with_a_stored_session = r#"10 0c 00 04 "MQTT" 04 00 00 00 00 00"#;
    accept(Client, Version::V3_1_1, empty_client_id_with_a_stored_session);
    let empty_will_topic = r#"10 10 00 04 "MQTT" 04 06 00 00 00 00 00 00 00 00"#;
    accept(Client, Version::V3_1_1, empty_will_topic);
}

#[rstest]
#[case::v3("20 02 02 00", 0x02, v3!("X-3.2.2.1-1"))]
#[case::v5("20 03 81 00 00", 0x81, v5!("3.2.2-1"))]
fn reserved_bits_of_connack(#[case] bytes: &str, #[case] flags: u8, #[case] broken: StatementId) {
    check(Server, bytes, FaultKind::ReservedBits(flags), (2, "connack-flags"), broken);
}

#[rstest]
#[case::v3("20 02 01 05", 5, v3!("3.2.2-4"))]
#[case::v5("20 03 01 80 00", 0x80, v5!("3.2.2-6"))]
fn session_present_in_a_refusal(#[case] bytes: &str, #[case] code: u8, #[case] broken: StatementId) {
    let kind = FaultKind::SessionPresentInRefusal(ReasonCode(code));
    check(Server, bytes, kind, (2, "connack-flags"), broken);
}

#[rstest]
#[case::nothing("20 00", FaultKind::Missing, (2, "connack-flags"), v3!("X-3.2.1-1"))]
#[case::no_code("20 01 00", FaultKind::Missing, (3, "reason"), v3!("X-3.2.1-1"))]
#[case::more("20 03 00 00 00", FaultKind::TrailingBytes(1), (4, "remaining-length"), v3!("X-3.2.1-1"))]
#[case::no_code("20 01 00", FaultKind::Missing, (3, "reason"), v5!("X-1.5.6-1"))]
#[case::more("20 04 00 00 00 00", FaultKind::TrailingBytes(1), (5, "remaining-length"), v5!("X-3.2.3-1"))]
#[case::of_3_1_1("20 02 00 01", FaultKind::OldConnack(ReasonCode(1)), (4, "properties"), v5!("2.2.2-1"))]
#[case::reserved_code("20 02 00 06", FaultKind::ReasonUnassigned(ReasonCode(6)), (3, "reason"), v3!("3.2.2-6"))]
#[case::code_of_5_0("20 02 00 84", FaultKind::ReasonUnassigned(ReasonCode(0x84)), (3, "reason"), v3!("3.2.2-6"))]
#[case::unassigned("20 03 00 a3 00", FaultKind::ReasonUnassigned(ReasonCode(0xA3)), (3, "reason"), v5!("3.2.2-8"))]
#[case::code_of_3_1_1("20 03 00 05 00", FaultKind::ReasonUnassigned(ReasonCode(5)), (3, "reason"), v5!("3.2.2-8"))]
fn connack(
    #[case] bytes: &str,
    #[case] kind: FaultKind,
    #[case] place: (usize, &'static str),
    #[case] broken: StatementId,
) {
    check(Server, bytes, kind, place, broken);
}

#[test]
fn a_code_of_other_packets_in_connack() {
    let kind =
        FaultKind::ReasonNotAllowed { code: ReasonCode(0x8E), packet: PacketType::Connack, sender: Server };
    check(Server, "20 03 00 8e 00", kind, (3, "reason"), v5!("3.2.2-8"));
}
