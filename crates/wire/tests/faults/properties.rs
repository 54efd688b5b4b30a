//! Properties (MQTT 5.0 §2.2.2 and the sections of each packet).

use mqttspec_spec::{StatementId, Version, v5};
use mqttspec_wire::{
    FaultClass, FaultKind, PropertyId as Id,
    Sender::{self, Client, Server},
};
use rstest::rstest;

use super::{accept, check, fault, support::hex};

/// A packet that carries `properties`, and where they begin in it.
fn packet(name: &str, properties: &str) -> (String, usize) {
    let count = hex(properties).len();
    let (first, before, after) = match name {
        "CONNECT" => ("10", r#"00 04 "MQTT" 05 02 00 00"#, "00 00"),
        "WILL" => ("10", r#"00 04 "MQTT" 05 06 00 00 00 00 00"#, "00 00 00 00"),
        "CONNACK" => ("20", "00 00", ""),
        "PUBLISH" => ("30", "00 01 74", ""),
        "PUBACK" => ("40", "00 01 00", ""),
        "PUBREC" => ("50", "00 01 00", ""),
        "PUBREL" => ("62", "00 01 00", ""),
        "PUBCOMP" => ("70", "00 01 00", ""),
        "SUBSCRIBE" => ("82", "00 01", "00 01 74 00"),
        "SUBACK" => ("90", "00 01", "00"),
        "UNSUBSCRIBE" => ("a2", "00 01", "00 01 74"),
        "UNSUBACK" => ("b0", "00 01", "00"),
        "DISCONNECT" => ("e0", "00", ""),
        "AUTH" => ("f0", "18", ""),
        other => unreachable!("{other} has no properties"),
    };
    let length = hex(before).len() + 1 + count + hex(after).len();
    (format!("{first} {length:02x} {before} {count:02x} {properties} {after}"), 3 + hex(before).len())
}

/// Which property the bytes are.
fn id(property: &str) -> Id {
    hex(property).first().copied().and_then(Id::from_number).unwrap()
}

#[rstest]
#[case(Client, "CONNECT", "11 00 00 00 01", "session-expiry-interval", v5!("X-3.1.2.11.2-1"))]
#[case(Client, "CONNECT", "15 00 00", "authentication-method", v5!("X-3.1.2.11.9-1"))]
#[case(Client, "CONNECT", "16 00 00", "authentication-data", v5!("X-3.1.2.11.10-2"))]
#[case(Client, "CONNECT", "17 00", "request-problem-information", v5!("X-3.1.2.11.7-1"))]
#[case(Client, "CONNECT", "19 01", "request-response-information", v5!("X-3.1.2.11.6-1"))]
#[case(Client, "CONNECT", "21 00 01", "receive-maximum", v5!("X-3.1.2.11.3-1"))]
#[case(Client, "CONNECT", "22 00 00", "topic-alias-maximum", v5!("X-3.1.2.11.5-1"))]
#[case(Client, "CONNECT", "27 00 00 00 01", "maximum-packet-size", v5!("X-3.1.2.11.4-1"))]
#[case(Client, "WILL", "01 00", "will-payload-format-indicator", v5!("X-3.1.3.2.3-1"))]
#[case(Client, "WILL", "02 00 00 00 00", "will-message-expiry-interval", v5!("X-3.1.3.2.4-1"))]
#[case(Client, "WILL", "03 00 00", "will-content-type", v5!("X-3.1.3.2.5-1"))]
#[case(Client, "WILL", "08 00 00", "will-response-topic", v5!("X-3.1.3.2.6-1"))]
#[case(Client, "WILL", "09 00 00", "will-correlation-data", v5!("X-3.1.3.2.7-1"))]
#[case(Client, "WILL", "18 00 00 00 00", "will-delay-interval", v5!("X-3.1.3.2.2-1"))]
#[case(Server, "CONNACK", "11 00 00 00 01", "session-expiry-interval", v5!("X-3.2.2.3.2-1"))]
#[case(Server, "CONNACK", "12 00 00", "assigned-client-identifier", v5!("X-3.2.2.3.7-1"))]
#[case(Server, "CONNACK", "13 00 00", "server-keep-alive", v5!("X-3.2.2.3.14-1"))]
#[case(Server, "CONNACK", "15 00 00", "authentication-method", v5!("X-3.2.2.3.17-1"))]
#[case(Server, "CONNACK", "16 00 00", "authentication-data", v5!("X-3.2.2.3.18-1"))]
#[case(Server, "CONNACK", "1a 00 00", "response-information", v5!("X-3.2.2.3.15-1"))]
#[case(Server, "CONNACK", "1c 00 00", "server-reference", v5!("X-3.2.2.3.16-1"))]
#[case(Server, "CONNACK", "1f 00 00", "reason-string", v5!("X-3.2.2.3.9-1"))]
#[case(Server, "CONNACK", "21 00 01", "receive-maximum", v5!("X-3.2.2.3.3-1"))]
#[case(Server, "CONNACK", "22 00 00", "topic-alias-maximum", v5!("X-3.2.2.3.8-1"))]
#[case(Server, "CONNACK", "24 00", "maximum-qos", v5!("X-3.2.2.3.4-1"))]
#[case(Server, "CONNACK", "25 00", "retain-available", v5!("X-3.2.2.3.5-1"))]
#[case(Server, "CONNACK", "27 00 00 00 01", "maximum-packet-size", v5!("X-3.2.2.3.6-1"))]
#[case(Server, "CONNACK", "28 00", "wildcard-subscription-available", v5!("X-3.2.2.3.11-1"))]
#[case(Server, "CONNACK", "29 00", "subscription-identifier-available", v5!("X-3.2.2.3.12-1"))]
#[case(Server, "CONNACK", "2a 00", "shared-subscription-available", v5!("X-3.2.2.3.13-1"))]
#[case(Server, "PUBLISH", "03 00 00", "content-type", v5!("X-3.3.2.3.9-1"))]
#[case(Server, "PUBLISH", "08 00 00", "response-topic", v5!("X-3.3.2.3.5-1"))]
#[case(Server, "PUBLISH", "09 00 00", "correlation-data", v5!("X-3.3.2.3.6-1"))]
#[case(Server, "PUBLISH", "23 00 01", "topic-alias", v5!("X-3.3.2.3.4-1"))]
#[case(Server, "PUBACK", "1f 00 00", "reason-string", v5!("X-3.4.2.2-1"))]
#[case(Server, "PUBREC", "1f 00 00", "reason-string", v5!("X-3.5.2.2-1"))]
#[case(Server, "PUBREL", "1f 00 00", "reason-string", v5!("X-3.6.2.2-1"))]
#[case(Server, "PUBCOMP", "1f 00 00", "reason-string", v5!("X-3.7.2.2-1"))]
#[case(Client, "SUBSCRIBE", "0b 01", "subscription-identifier", v5!("X-3.8.2.1.2-2"))]
#[case(Server, "SUBACK", "1f 00 00", "reason-string", v5!("X-3.9.2.1-1"))]
#[case(Server, "UNSUBACK", "1f 00 00", "reason-string", v5!("X-3.11.2.1-1"))]
#[case(Client, "DISCONNECT", "11 00 00 00 00", "session-expiry-interval", v5!("X-3.14.2.2.2-1"))]
#[case(Server, "DISCONNECT", "1c 00 00", "server-reference", v5!("X-3.14.2.2.5-1"))]
#[case(Server, "DISCONNECT", "1f 00 00", "reason-string", v5!("X-3.14.2.2-1"))]
#[case(Server, "AUTH", "15 00 00", "authentication-method", v5!("X-3.15.2.2.2-1"))]
#[case(Server, "AUTH", "16 00 00", "authentication-data", v5!("X-3.15.2.2.3-1"))]
#[case(Server, "AUTH", "1f 00 00", "reason-string", v5!("X-3.15.2.2-1"))]
fn repeated(
    #[case] sender: Sender,
    #[case] name: &str,
    #[case] property: &str,
    #[case] field: &'static str,
    #[case] broken: StatementId,
) {
    let (bytes, start) = packet(name, &format!("{property} {property}"));
    let second = start + hex(property).len();
    check(sender, &bytes, FaultKind::PropertyRepeated(id(property)), (second, field), broken);
}

#[rstest]
#[case(Client, "CONNECT", "17 02", 2, v5!("X-3.1.2.11.7-2"))]
#[case(Client, "CONNECT", "19 ff", 255, v5!("X-3.1.2.11.6-2"))]
#[case(Client, "CONNECT", "21 00 00", 0, v5!("X-3.1.2.11.3-2"))]
#[case(Client, "CONNECT", "27 00 00 00 00", 0, v5!("X-3.1.2.11.4-2"))]
#[case(Server, "CONNACK", "21 00 00", 0, v5!("X-3.2.2.3.3-1"))]
#[case(Server, "CONNACK", "24 02", 2, v5!("X-3.2.2.3.4-1"))]
#[case(Server, "CONNACK", "25 02", 2, v5!("X-3.2.2.3.5-1"))]
#[case(Server, "CONNACK", "27 00 00 00 00", 0, v5!("X-3.2.2.3.6-1"))]
#[case(Server, "CONNACK", "28 02", 2, v5!("X-3.2.2.3.11-1"))]
#[case(Server, "CONNACK", "29 02", 2, v5!("X-3.2.2.3.12-1"))]
#[case(Server, "CONNACK", "2a 02", 2, v5!("X-3.2.2.3.13-1"))]
#[case(Server, "PUBLISH", "0b 00", 0, v5!("X-3.3.2.3.8-1"))]
#[case(Client, "PUBLISH", "23 00 00", 0, v5!("3.3.2-8"))]
#[case(Client, "SUBSCRIBE", "0b 00", 0, v5!("X-3.8.2.1.2-1"))]
fn out_of_range(
    #[case] sender: Sender,
    #[case] name: &str,
    #[case] property: &str,
    #[case] value: u32,
    #[case] broken: StatementId,
) {
    let (bytes, start) = packet(name, property);
    let kind = FaultKind::PropertyValue { property: id(property), value };
    check(sender, &bytes, kind, (start + 1, id(property).kebab_name()), broken);
}

#[rstest]
#[case(Client, "CONNECT", "01 00", "payload-format-indicator", v5!("X-3.1.2.11-1"))]
#[case(Client, "WILL", "11 00 00 00 00", "will-session-expiry-interval", v5!("X-3.1.3.2-1"))]
#[case(Server, "CONNACK", "17 00", "request-problem-information", v5!("X-3.2.2.3-1"))]
#[case(Server, "PUBLISH", "1f 00 00", "reason-string", v5!("X-3.3.2.3-1"))]
#[case(Server, "PUBACK", "11 00 00 00 00", "session-expiry-interval", v5!("X-3.4.2.2-1"))]
#[case(Server, "PUBREC", "23 00 01", "topic-alias", v5!("X-3.5.2.2-1"))]
#[case(Server, "PUBREL", "23 00 01", "topic-alias", v5!("X-3.6.2.2-1"))]
#[case(Server, "PUBCOMP", "23 00 01", "topic-alias", v5!("X-3.7.2.2-1"))]
#[case(Client, "SUBSCRIBE", "1f 00 00", "reason-string", v5!("X-3.8.2.1-1"))]
#[case(Server, "SUBACK", "0b 01", "subscription-identifier", v5!("X-3.9.2.1-1"))]
#[case(Client, "UNSUBSCRIBE", "0b 01", "subscription-identifier", v5!("X-3.10.2.1-1"))]
#[case(Server, "UNSUBACK", "0b 01", "subscription-identifier", v5!("X-3.11.2.1-1"))]
#[case(Server, "DISCONNECT", "15 00 00", "authentication-method", v5!("X-3.14.2.2-1"))]
#[case(Server, "AUTH", "11 00 00 00 00", "session-expiry-interval", v5!("X-3.15.2.2-1"))]
fn of_other_packets(
    #[case] sender: Sender,
    #[case] name: &str,
    #[case] property: &str,
    #[case] field: &'static str,
    #[case] broken: StatementId,
) {
    let (bytes, start) = packet(name, property);
    check(sender, &bytes, FaultKind::PropertyNotAllowed(id(property)), (start, field), broken);
    assert_eq!(fault(sender, Version::V5_0, &bytes).class(), FaultClass::Malformed);
}

#[rstest]
#[case(Client, "PUBLISH", "0b 01", Id::SubscriptionIdentifier, v5!("3.3.4-6"))]
#[case(Server, "DISCONNECT", "11 00 00 00 00", Id::SessionExpiryInterval, v5!("3.14.2-2"))]
fn of_the_other_side(
    #[case] sender: Sender,
    #[case] name: &str,
    #[case] property: &str,
    #[case] id: Id,
    #[case] broken: StatementId,
) {
    let (bytes, start) = packet(name, property);
    let kind = FaultKind::PropertyNotFromSender { property: id, sender };
    check(sender, &bytes, kind, (start, id.kebab_name()), broken);
}

#[rstest]
#[case::zero("00 00", FaultKind::UnknownProperty(0), "properties", 0, v5!("X-2.2.2.2-1"))]
#[case::gap("04 00", FaultKind::UnknownProperty(4), "properties", 0, v5!("X-2.2.2.2-1"))]
#[case::above("2b 00", FaultKind::UnknownProperty(0x2B), "properties", 0, v5!("X-2.2.2.2-1"))]
#[case::two_bytes("80 01", FaultKind::UnknownProperty(128), "properties", 0, v5!("X-2.2.2.2-1"))]
#[case::like_another("81 02", FaultKind::UnknownProperty(257), "properties", 0, v5!("X-2.2.2.2-1"))]
#[case::padded("a6 00", FaultKind::VariableByteNotMinimal { value: 38, width: 2 }, "properties", 0, v5!("1.5.5-1"))]
#[case::endless("ff ff ff ff 01", FaultKind::VariableByteTooLong, "properties", 0, v5!("X-1.5.5-1"))]
#[case::cut("ff", FaultKind::CutShort { needed: 2, left: 1 }, "properties", 0, v5!("X-2.2.2.1-1"))]
#[case::no_value("23", FaultKind::Missing, "topic-alias", 1, v5!("X-2.2.2.1-1"))]
#[case::half_a_value("23 00", FaultKind::CutShort { needed: 2, left: 1 }, "topic-alias", 1, v5!("X-2.2.2.1-1"))]
#[case::long_string("03 00 04 61 62", FaultKind::LengthPastEnd { length: 4, left: 2 }, "content-type", 1, v5!("X-2.2.2.1-1"))]
#[case::half_a_pair("26 00 01 61", FaultKind::Missing, "user-property", 4, v5!("X-2.2.2.1-1"))]
#[case::padded_value("0b 81 00", FaultKind::VariableByteNotMinimal { value: 1, width: 2 }, "subscription-identifier", 1, v5!("1.5.5-1"))]
#[case::endless_value("0b 80 80 80 80 01", FaultKind::VariableByteTooLong, "subscription-identifier", 1, v5!("X-1.5.5-1"))]
fn malformed(
    #[case] property: &str,
    #[case] kind: FaultKind,
    #[case] field: &'static str,
    #[case] at: usize,
    #[case] broken: StatementId,
) {
    let (bytes, start) = packet("PUBLISH", property);
    check(Server, &bytes, kind, (start + at, field), broken);
    assert_eq!(fault(Server, Version::V5_0, &bytes).reason().0, 0x81);
}

#[rstest]
#[case::too_long("30 06 00 01 74 03 01 00", FaultKind::LengthPastEnd { length: 3, left: 2 }, v5!("X-2.2.2.1-1"))]
#[case::padded("30 05 00 01 74 80 00", FaultKind::VariableByteNotMinimal { value: 0, width: 2 }, v5!("1.5.5-1"))]
#[case::endless("30 08 00 01 74 ff ff ff ff 7f", FaultKind::VariableByteTooLong, v5!("X-1.5.5-1"))]
#[case::cut("30 04 00 01 74 80", FaultKind::CutShort { needed: 2, left: 1 }, v5!("X-1.5.6-1"))]
fn property_length(#[case] bytes: &str, #[case] kind: FaultKind, #[case] broken: StatementId) {
    check(Client, bytes, kind, (5, "properties"), broken);
}

#[test]
fn a_property_length_that_is_too_short_leaves_its_rest_to_what_follows() {
    let kind = FaultKind::CutShort { needed: 4, left: 2 };
    check(
        Client,
        "30 09 00 01 74 03 02 00 00 00 01",
        kind,
        (7, "message-expiry-interval"),
        v5!("X-2.2.2.1-1"),
    );
}

#[test]
fn topic_alias_zero_has_a_reason_code_of_its_own() {
    let (bytes, _) = packet("PUBLISH", "23 00 00");
    assert_eq!(fault(Client, Version::V5_0, &bytes).reason().0, 0x94);
}

#[rstest]
#[case::repeated_user_property(Client, "CONNECT", "26 00 00 00 00 26 00 00 00 00")]
#[case::repeated_subscription_identifier(Server, "PUBLISH", "0b 01 0b 01")]
#[case::repetitions_of_which_the_standard_is_silent(
    Server,
    "PUBLISH",
    "01 00 01 01 02 00 00 00 01 02 00 00 00 02"
)]
#[case::value_of_which_the_standard_is_silent(Client, "WILL", "01 05")]
#[case::any_order(Client, "CONNECT", "27 00 00 00 01 11 00 00 00 00")]
#[case::server_reference_of_a_client(Client, "DISCONNECT", "1c 00 00")]
#[case::server_reference_beside_any_code(Server, "CONNACK", "1c 00 00")]
fn no_faults(#[case] sender: Sender, #[case] name: &str, #[case] properties: &str) {
    accept(sender, Version::V5_0, &packet(name, properties).0);
}
