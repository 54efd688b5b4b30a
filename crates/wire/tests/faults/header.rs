//! The fixed header (MQTT 3.1.1 §2.2, MQTT 5.0 §2.1).

use mqttspec_spec::{StatementId, v3, v5};
use mqttspec_wire::{
    FaultClass, FaultKind,
    Sender::{self, Client, Server},
    Version,
    packet::PacketType,
};
use rstest::rstest;

use super::{accept, check, fault};

#[rstest]
#[case::zero_v3(Client, "00 00", 0, v3!("X-2.2.1-1"))]
#[case::zero_v5(Server, "00 00", 0, v5!("X-2.1.2-1"))]
#[case::auth_v3_client(Client, "f0 00", 15, v3!("X-2.2.1-1"))]
#[case::auth_v3_server(Server, "f0 00", 15, v3!("X-2.2.1-1"))]
fn reserved_types(
    #[case] sender: Sender,
    #[case] bytes: &str,
    #[case] number: u8,
    #[case] broken: StatementId,
) {
    check(sender, bytes, FaultKind::ReservedType(number), (0, "first-byte"), broken);
}

#[rstest]
#[case(Client, "20 02 00 00", PacketType::Connack, v3!("X-2.2.1-2"), v5!("X-2.1.2-2"))]
#[case(Client, "90 03 00 01 00", PacketType::Suback, v3!("X-2.2.1-2"), v5!("X-2.1.2-2"))]
#[case(Client, "b0 02 00 01", PacketType::Unsuback, v3!("X-2.2.1-2"), v5!("X-2.1.2-2"))]
#[case(Client, "d0 00", PacketType::Pingresp, v3!("X-2.2.1-2"), v5!("X-2.1.2-2"))]
#[case(Server, r#"10 0c 00 04 "MQTT" 04 02 00 00 00 00"#, PacketType::Connect, v3!("X-7.1.1-1"), v5!("X-7.1.1-1"))]
#[case(Server, r#"82 06 00 01 00 01 "a" 00"#, PacketType::Subscribe, v3!("X-7.1.1-1"), v5!("X-7.1.1-1"))]
#[case(Server, r#"a2 05 00 01 00 01 "a""#, PacketType::Unsubscribe, v3!("X-7.1.1-1"), v5!("X-7.1.1-1"))]
#[case(Server, "c0 00", PacketType::Pingreq, v3!("X-7.1.1-1"), v5!("X-7.1.1-1"))]
fn wrong_directions(
    #[case] sender: Sender,
    #[case] bytes: &str,
    #[case] packet: PacketType,
    #[case] v3: StatementId,
    #[case] v5: StatementId,
) {
    for broken in [v3, v5] {
        check(sender, bytes, FaultKind::NotFromSender { packet, sender }, (0, "first-byte"), broken);
    }
}

#[test]
fn a_server_of_3_1_1_sends_no_disconnect() {
    let kind = FaultKind::NotFromSender { packet: PacketType::Disconnect, sender: Server };
    check(Server, "e0 00", kind, (0, "first-byte"), v3!("X-7.1.1-1"));
    accept(Server, Version::V5_0, "e0 00");
}

#[rstest]
#[case::connect(Client, r#"11 0c 00 04 "MQTT" 04 02 00 00 00 00"#, 1, 0, v3!("2.2.2-1"))]
#[case::connect(Client, r#"18 0d 00 04 "MQTT" 05 02 00 00 00 00 00"#, 8, 0, v5!("2.1.3-1"))]
#[case::connack(Server, "22 02 00 00", 2, 0, v3!("2.2.2-1"))]
#[case::connack(Server, "2f 03 00 00 00", 15, 0, v5!("2.1.3-1"))]
#[case::puback(Client, "42 02 00 01", 2, 0, v3!("2.2.2-1"))]
#[case::puback(Server, "41 02 00 01", 1, 0, v5!("2.1.3-1"))]
#[case::pubrec(Client, "52 02 00 01", 2, 0, v3!("2.2.2-1"))]
#[case::pubrec(Server, "52 02 00 01", 2, 0, v5!("2.1.3-1"))]
#[case::pubrel(Client, "60 02 00 01", 0, 2, v3!("3.6.1-1"))]
#[case::pubrel(Server, "6a 02 00 01", 10, 2, v5!("3.6.1-1"))]
#[case::pubcomp(Client, "72 02 00 01", 2, 0, v3!("2.2.2-1"))]
#[case::pubcomp(Server, "78 02 00 01", 8, 0, v5!("2.1.3-1"))]
#[case::subscribe(Client, r#"80 06 00 01 00 01 "a" 00"#, 0, 2, v3!("3.8.1-1"))]
#[case::subscribe(Client, r#"83 07 00 01 00 00 01 "a" 00"#, 3, 2, v5!("3.8.1-1"))]
#[case::suback(Server, "92 03 00 01 00", 2, 0, v3!("2.2.2-1"))]
#[case::suback(Server, "91 04 00 01 00 00", 1, 0, v5!("2.1.3-1"))]
#[case::unsubscribe(Client, r#"a0 05 00 01 00 01 "a""#, 0, 2, v3!("3.10.1-1"))]
#[case::unsubscribe(Client, r#"a6 06 00 01 00 00 01 "a""#, 6, 2, v5!("3.10.1-1"))]
#[case::unsuback(Server, "b2 02 00 01", 2, 0, v3!("2.2.2-1"))]
#[case::unsuback(Server, "b1 04 00 01 00 00", 1, 0, v5!("2.1.3-1"))]
#[case::pingreq(Client, "c1 00", 1, 0, v3!("2.2.2-1"))]
#[case::pingreq(Client, "c8 00", 8, 0, v5!("2.1.3-1"))]
#[case::pingresp(Server, "d1 00", 1, 0, v3!("2.2.2-1"))]
#[case::pingresp(Server, "d4 00", 4, 0, v5!("2.1.3-1"))]
#[case::disconnect(Client, "e1 00", 1, 0, v3!("3.14.1-1"))]
#[case::disconnect(Server, "e2 00", 2, 0, v5!("3.14.1-1"))]
#[case::auth(Server, "f1 00", 1, 0, v5!("3.15.1-1"))]
fn reserved_flags(
    #[case] sender: Sender,
    #[case] bytes: &str,
    #[case] found: u8,
    #[case] required: u8,
    #[case] broken: StatementId,
) {
    check(sender, bytes, FaultKind::ReservedFlags { found, required }, (0, "first-byte"), broken);
}

#[rstest]
#[case::v3(v3!("X-2.2.3-1"), "c0 80 80 80 80 00")]
#[case::v5(v5!("X-1.5.5-1"), "c0 80 80 80 80 00")]
#[case::v5(v5!("X-1.5.5-1"), "30 ff ff ff ff 7f")]
fn a_remaining_length_of_five_bytes(#[case] broken: StatementId, #[case] bytes: &str) {
    check(Client, bytes, FaultKind::VariableByteTooLong, (1, "remaining-length"), broken);
}

#[test]
fn a_remaining_length_in_more_bytes_than_it_needs() {
    let kind = FaultKind::VariableByteNotMinimal { value: 0, width: 2 };
    check(Client, "c0 80 00", kind, (1, "remaining-length"), v5!("1.5.5-1"));
    let kind = FaultKind::VariableByteNotMinimal { value: 13, width: 4 };
    let connect = r#"10 8d 80 80 00 00 04 "MQTT" 05 02 00 00 00 00 00"#;
    check(Client, connect, kind, (1, "remaining-length"), v5!("1.5.5-1"));
    accept(Client, Version::V3_1_1, "c0 80 80 80 00");
    accept(Client, Version::V3_1_1, r#"10 8c 00 00 04 "MQTT" 04 02 00 00 00 00"#);
}

#[rstest]
#[case::nothing("", FaultKind::Missing, 0)]
#[case::no_length("c0", FaultKind::Missing, 1)]
#[case::half_a_length("30 80", FaultKind::Missing, 2)]
#[case::too_little("40 02 00", FaultKind::LengthPastEnd { length: 2, left: 1 }, 1)]
#[case::too_much("40 02 00 01 c0 00", FaultKind::TrailingBytes(2), 4)]
fn not_one_whole_packet(#[case] bytes: &str, #[case] kind: FaultKind, #[case] offset: usize) {
    for version in Version::ALL {
        let fault = fault(Client, version, bytes);
        assert_eq!((&fault.kind, fault.offset, fault.field), (&kind, offset, "remaining-length"));
        assert_eq!(fault.statement, None, "how the bytes were cut out is no fault of their sender");
    }
}

#[test]
fn a_client_without_version_begins_with_connect() {
    let fault = fault(Client, None, "c0 00");
    assert_eq!((fault.kind.clone(), fault.offset), (FaultKind::ConnectExpected(PacketType::Pingreq), 0));
    assert_eq!((fault.class(), fault.reason().0, fault.statement), (FaultClass::ProtocolError, 0x82, None));
}

#[test]
fn a_server_is_not_understood_without_version() {
    assert_eq!(fault(Server, None, "20 02 00 00").kind, FaultKind::VersionUnknown(PacketType::Connack));
}

#[rstest]
#[case::qos_3("36 05 00 01 \"a\" 00 01", FaultKind::QoS3, v3!("3.3.1-4"))]
#[case::qos_3("3e 06 00 01 \"a\" 00 01 00", FaultKind::QoS3, v5!("3.3.1-4"))]
#[case::dup("38 03 00 01 \"a\"", FaultKind::DupAtQoS0, v3!("3.3.1-2"))]
#[case::dup("39 04 00 01 \"a\" 00", FaultKind::DupAtQoS0, v5!("3.3.1-2"))]
fn flags_of_publish(#[case] bytes: &str, #[case] kind: FaultKind, #[case] broken: StatementId) {
    for sender in [Client, Server] {
        check(sender, bytes, kind.clone(), (0, "first-byte"), broken);
        assert_eq!(fault(sender, broken.version(), bytes).reason().0, 0x81);
    }
}
