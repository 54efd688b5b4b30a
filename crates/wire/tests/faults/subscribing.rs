//! SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK (§3.8 to §3.11).

use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::{
    FaultClass, FaultKind,
    Sender::{Client, Server},
};
use rstest::rstest;

use super::{accept, check, fault};

#[rstest]
#[case::subscribe("82 02 00 01", 4, v3!("3.8.3-3"))]
#[case::subscribe("82 03 00 01 00", 5, v5!("3.8.3-2"))]
#[case::unsubscribe("a2 02 00 01", 4, v3!("3.10.3-2"))]
#[case::unsubscribe("a2 03 00 01 00", 5, v5!("3.10.3-2"))]
fn no_filter(#[case] bytes: &str, #[case] offset: usize, #[case] broken: StatementId) {
    check(Client, bytes, FaultKind::NoTopicFilter, (offset, "filter"), broken);
}

#[rstest]
#[case::qos_3(0x03, FaultKind::SubscriptionQoS3, v3!("3.8.3-4"))]
#[case::reserved(0x04, FaultKind::ReservedBits(0x04), v3!("3.8.3-4"))]
#[case::reserved(0x80, FaultKind::ReservedBits(0x80), v3!("3.8.3-4"))]
#[case::qos_3(0x03, FaultKind::SubscriptionQoS3, v5!("X-3.8.3.1-1"))]
#[case::retain_handling(0x31, FaultKind::RetainHandling3, v5!("X-3.8.3.1-2"))]
#[case::reserved(0x40, FaultKind::ReservedBits(0x40), v5!("3.8.3-5"))]
#[case::reserved(0xB3, FaultKind::ReservedBits(0xB3), v5!("3.8.3-5"))]
fn wrong_options(#[case] options: u8, #[case] kind: FaultKind, #[case] broken: StatementId) {
    let (header, offset) = match broken.version() {
        Version::V3_1_1 => ("82 0b 00 01", 12),
        Version::V5_0 => ("82 0c 00 01 00", 13),
    };
    let bytes = format!(r#"{header} 00 01 "a" 02 00 02 "bc" {options:02x}"#);
    check(Client, &bytes, kind, (offset, "options"), broken);
}

#[test]
fn classes_of_wrong_options() {
    let of = |options: &str| fault(Client, Version::V5_0, &format!(r#"82 07 00 01 00 00 01 "a" {options}"#));
    assert_eq!((of("40").class(), of("40").reason().0), (FaultClass::Malformed, 0x81));
    assert_eq!((of("03").class(), of("03").reason().0), (FaultClass::ProtocolError, 0x82));
    assert_eq!((of("30").class(), of("30").reason().0), (FaultClass::ProtocolError, 0x82));
}

#[rstest]
#[case::no_options(r#"82 05 00 01 00 01 "a""#, FaultKind::Missing, (7, "options"), v3!("X-2.4-1"))]
#[case::no_options(r#"82 06 00 01 00 00 01 "a""#, FaultKind::Missing, (8, "options"), v5!("X-1.5.6-1"))]
#[case::half_a_length(r#"82 07 00 01 00 01 "a" 00 00"#, FaultKind::CutShort { needed: 2, left: 1 }, (8, "filter"), v3!("X-2.4-1"))]
#[case::long_filter(r#"82 06 00 01 00 03 "a" 00"#, FaultKind::LengthPastEnd { length: 3, left: 2 }, (4, "filter"), v3!("X-2.4-1"))]
#[case::no_properties("82 02 00 01", FaultKind::Missing, (4, "properties"), v5!("2.2.2-1"))]
#[case::long_filter(r#"a2 06 00 01 00 ff ff "a""#, FaultKind::LengthPastEnd { length: 65_535, left: 1 }, (5, "filter"), v5!("X-1.5.6-1"))]
fn cut_short(
    #[case] bytes: &str,
    #[case] kind: FaultKind,
    #[case] place: (usize, &'static str),
    #[case] broken: StatementId,
) {
    check(Client, bytes, kind, place, broken);
}

#[rstest]
#[case::suback("90 02 00 01", 4, v3!("3.8.4-5"))]
#[case::suback("90 03 00 01 00", 5, v5!("3.8.4-6"))]
#[case::unsuback("b0 03 00 01 00", 5, v5!("3.11.3-2"))]
fn no_code(#[case] bytes: &str, #[case] offset: usize, #[case] broken: StatementId) {
    check(Server, bytes, FaultKind::NoReasonCode, (offset, "reason"), broken);
}

#[rstest]
#[case::invalid_filter(r#"82 08 00 01 00 00 02 "a+" 00"#)]
#[case::no_local_on_a_shared_subscription(r#"82 10 00 01 00 00 0a "$share/g/a" 04"#)]
fn what_its_receiver_answers_in_its_own_way_is_no_fault(#[case] bytes: &str) {
    let whole = super::support::hex(bytes);
    let length = format!("82 {:02x}", whole.len() - 2);
    accept(Client, Version::V5_0, &bytes.replacen(&bytes[..5], &length, 1));
}
