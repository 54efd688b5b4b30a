//! UTF-8 Encoded Strings (MQTT 3.1.1 §1.5.3, MQTT 5.0 §1.5.4 and §1.5.7).

use mqttspec_spec::{StatementId, Version, v3, v5};
use mqttspec_wire::{FaultKind, Sender::Client, Utf8Fault};
use rstest::rstest;

use super::{accept, check};

#[rstest]
#[case::stray_byte("ff", 0)]
#[case::overlong_slash("61 c0 af", 1)]
#[case::overlong_null("c0 80", 0)]
#[case::high_surrogate("61 62 ed a0 80", 2)]
#[case::low_surrogate("ed bf bf", 0)]
#[case::surrogate_pair("ed a0 81 ed b0 80", 0)]
#[case::cut_character("61 e2 82", 1)]
#[case::beyond_unicode("f4 90 80 80", 0)]
fn ill_formed(#[case] text: &str, #[case] at: usize) {
    let count = text.split(' ').count();
    let kind = FaultKind::Utf8(Utf8Fault::IllFormed(at));
    let old = format!("30 {:02x} 00 {count:02x} {text}", count + 2);
    check(Client, &old, kind.clone(), (4 + at, "topic-name"), v3!("1.5.3-1"));
    let new = format!("30 {:02x} 00 {count:02x} {text} 00", count + 3);
    check(Client, &new, kind, (4 + at, "topic-name"), v5!("1.5.4-1"));
}

#[rstest]
#[case(r#"30 05 00 03 "a" 00 "b""#, 5, "topic-name", v3!("1.5.3-2"))]
#[case(r#"30 06 00 03 "a" 00 "b" 00"#, 5, "topic-name", v5!("1.5.4-2"))]
#[case(r#"82 08 00 01 00 03 00 "ab" 00"#, 6, "filter", v3!("1.5.3-2"))]
#[case(r"a2 06 00 01 00 00 01 00", 7, "filter", v5!("1.5.4-2"))]
#[case(r#"10 0d 00 04 "MQTT" 04 02 00 00 00 01 00"#, 14, "client-id", v3!("1.5.3-2"))]
fn null_character(
    #[case] bytes: &str,
    #[case] offset: usize,
    #[case] field: &'static str,
    #[case] broken: StatementId,
) {
    let in_string = usize::from(field == "topic-name");
    check(Client, bytes, FaultKind::Utf8(Utf8Fault::Null(in_string)), (offset, field), broken);
}

#[rstest]
#[case::client_id(r#"10 0d 00 04 "MQTT" 04 02 00 00 00 01 ff"#, 14, "client-id", v3!("1.5.3-1"))]
#[case::will_topic(r#"10 0f 00 04 "MQTT" 04 06 00 00 00 00 00 01 ff"#, 16, "will-topic", v3!("1.5.3-1"))]
#[case::username(r#"10 10 00 04 "MQTT" 05 82 00 00 00 00 00 00 01 ff"#, 17, "username", v5!("1.5.4-1"))]
#[case::property(r#"30 09 00 01 "a" 05 03 00 02 c3 28"#, 9, "content-type", v5!("1.5.4-1"))]
#[case::will_property(r#"10 16 00 04 "MQTT" 05 06 00 00 00 00 00 04 03 00 01 ff 00 00 00 00"#, 19, "will-content-type", v5!("1.5.4-1"))]
#[case::pair_name(r#"30 0b 00 01 "a" 07 26 00 01 ff 00 01 "v""#, 9, "user-property", v5!("1.5.7-1"))]
#[case::pair_value(r#"30 0b 00 01 "a" 07 26 00 01 "n" 00 01 ff"#, 12, "user-property", v5!("1.5.7-1"))]
fn in_every_kind_of_field(
    #[case] bytes: &str,
    #[case] offset: usize,
    #[case] field: &'static str,
    #[case] broken: StatementId,
) {
    check(Client, bytes, FaultKind::Utf8(Utf8Fault::IllFormed(0)), (offset, field), broken);
}

#[test]
fn a_null_character_in_a_pair() {
    let bytes = r#"30 0b 00 01 "a" 07 26 00 01 "n" 00 01 00"#;
    check(Client, bytes, FaultKind::Utf8(Utf8Fault::Null(0)), (12, "user-property"), v5!("1.5.7-1"));
}

#[rstest]
#[case::control_character("01")]
#[case::delete("7f")]
#[case::c1_control("c2 85")]
#[case::noncharacter("ef bf bf")]
#[case::byte_order_mark("ef bb bf")]
fn what_a_receiver_may_accept_is_no_fault(#[case] text: &str) {
    let count = text.split(' ').count();
    accept(Client, Version::V3_1_1, &format!("30 {:02x} 00 {count:02x} {text}", count + 2));
    accept(Client, Version::V5_0, &format!("30 {:02x} 00 {count:02x} {text} 00", count + 3));
}
