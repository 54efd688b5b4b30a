//! Edits of a packet's parts, each with the bytes that it leads to.

mod support;

use bytes::Bytes;
use mqttspec_wire::{
    Edit, EditError, Layout, Packet, PacketId, Properties, Property, QoS, Utf8String, Version,
    packet::{Connect, Delivery, Publish, RetainHandling, Subscribe, Subscription},
    testing,
};
use proptest::prelude::*;
use rstest::rstest;
use support::hex;

fn utf8(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap_or_default()
}

/// Topic `a`, identifier 7, Topic Alias 5, Subscription Identifier 200, two User Properties, payload `hi`.
fn publish() -> Layout {
    let pair = |name, value| Property::UserProperty((utf8(name), utf8(value)));
    let properties =
        [Property::TopicAlias(5), Property::SubscriptionIdentifier(200), pair("n", "v"), pair("m", "")];
    let packet = Packet::Publish(Publish {
        delivery: Delivery::AtLeastOnce { id: PacketId::MIN, dup: false },
        retain: false,
        topic: utf8("a"),
        properties: Properties::from_iter(properties),
        payload: Bytes::from_static(b"hi"),
    });
    Layout::of(&packet, Version::V5_0)
}

fn subscribe() -> Layout {
    let subscription = |filter| Subscription {
        filter: utf8(filter),
        qos: QoS::AtLeastOnce,
        no_local: false,
        retain_as_published: false,
        retain_handling: RetainHandling::Send,
    };
    let filters = vec![subscription("a"), subscription("b")];
    let packet = Packet::Subscribe(Subscribe { id: PacketId::MIN, properties: Properties::new(), filters });
    Layout::of(&packet, Version::V3_1_1)
}

fn connect() -> Layout {
    let packet = Packet::Connect(Box::new(Connect {
        version: Version::V3_1_1,
        clean_start: true,
        keep_alive: 10,
        properties: Properties::new(),
        client_id: utf8("c"),
        will: None,
        username: Some(utf8("u")),
        password: Some(Bytes::from_static(b"p")),
    }));
    Layout::of(&packet, Version::V3_1_1)
}

fn part(name: &str) -> String {
    name.to_owned()
}

#[test]
fn the_packets_before_editing() {
    assert_eq!(
        publish().bytes(),
        hex(r#"32 1b 00 01 "a" 00 01 13 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)
    );
    assert_eq!(subscribe().bytes(), hex(r#"82 0a 00 01 00 01 "a" 01 00 01 "b" 01"#));
    assert_eq!(connect().bytes(), hex(r#"10 13 00 04 "MQTT" 04 c2 00 0a 00 01 "c" 00 01 "u" 00 01 "p""#));
}

#[rstest]
#[case::first_byte(Edit::SetFirstByte(0xF7), r#"f7 0a 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::flags(Edit::SetFlags(0xF0), r#"80 0a 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::drop(Edit::Drop { part: part("packet-id") }, r#"82 08 00 01 "a" 01 00 01 "b" 01"#)]
#[case::drop_string(Edit::Drop { part: part("filter[1]") }, r#"82 07 00 01 00 01 "a" 01 01"#)]
#[case::drop_length(Edit::Drop { part: part("filter[1].length") }, r#"82 08 00 01 00 01 "a" 01 "b" 01"#)]
#[case::drop_remaining_length(Edit::Drop { part: part("remaining-length") }, r#"82 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::repeat(Edit::Repeat { part: part("filter") }, r#"82 0d 00 01 00 01 "a" 00 01 "a" 01 00 01 "b" 01"#)]
#[case::repeat_length(Edit::Repeat { part: part("filter[0].length") }, r#"82 0c 00 01 00 03 00 01 "a" 01 00 01 "b" 01"#)]
#[case::move_part(Edit::Move { part: part("options[0]"), before: part("filter[0]") }, r#"82 0a 00 01 01 00 01 "a" 00 01 "b" 01"#)]
#[case::move_into_string(Edit::Move { part: part("options[0]"), before: part("filter[0].text") }, r#"82 0a 00 01 00 02 01 "a" 00 01 "b" 01"#)]
#[case::move_length(Edit::Move { part: part("filter[0].length"), before: part("options[0]") }, r#"82 0a 00 01 "a" 00 01 01 00 01 "b" 01"#)]
#[case::replace(Edit::Replace { part: part("options[1]"), bytes: vec![0x83] }, r#"82 0a 00 01 00 01 "a" 01 00 01 "b" 83"#)]
#[case::replace_string(Edit::Replace { part: part("filter[0]"), bytes: vec![] }, r#"82 07 00 01 01 00 01 "b" 01"#)]
#[case::replace_text(Edit::Replace { part: part("filter[0].text"), bytes: vec![0xC0, 0x80] }, r#"82 0b 00 01 00 02 c0 80 01 00 01 "b" 01"#)]
#[case::replace_remaining_length(Edit::Replace { part: part("remaining-length"), bytes: vec![0xFF; 5] }, r#"82 ff ff ff ff ff 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::lie(Edit::SetLength { part: part("filter[1]"), length: 300 }, r#"82 0a 00 01 00 01 "a" 01 01 2c "b" 01"#)]
#[case::lie_by_length(Edit::SetLength { part: part("filter[1].length"), length: 0 }, r#"82 0a 00 01 00 01 "a" 01 00 00 "b" 01"#)]
#[case::lie_remaining(Edit::SetLength { part: part("remaining-length"), length: 200 }, r#"82 c8 01 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::pad(Edit::PadVariableByte { part: part("remaining-length"), width: 3 }, r#"82 8a 80 00 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::pad_too_far(Edit::PadVariableByte { part: part("remaining-length"), width: 5 }, r#"82 8a 80 80 80 00 00 01 00 01 "a" 01 00 01 "b" 01"#)]
#[case::insert_before(Edit::InsertBefore { part: part("filter[0]"), bytes: vec![1, 2] }, r#"82 0c 00 01 01 02 00 01 "a" 01 00 01 "b" 01"#)]
#[case::insert_inside(Edit::InsertAfter { part: part("filter[0].text"), bytes: vec![0] }, r#"82 0b 00 01 00 02 "a" 00 01 00 01 "b" 01"#)]
#[case::append(Edit::Append { bytes: vec![9] }, r#"82 0b 00 01 00 01 "a" 01 00 01 "b" 01 09"#)]
#[case::cut(Edit::Cut { keep: 5 }, "82 0a 00 01 00")]
#[case::cut_nothing(Edit::Cut { keep: 99 }, r#"82 0a 00 01 00 01 "a" 01 00 01 "b" 01"#)]
fn of_subscribe(#[case] edit: Edit, #[case] expected: &str) {
    let mut layout = subscribe();
    layout.edit(&edit).unwrap();
    assert_eq!(layout.bytes(), hex(expected));
}

#[rstest]
#[case::property(Edit::Drop { part: part("topic-alias") }, r#"32 18 00 01 "a" 00 01 10 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::second_property(Edit::Drop { part: part("user-property[1]") }, r#"32 15 00 01 "a" 00 01 0d 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" "hi""#)]
#[case::all_properties(Edit::Drop { part: part("properties") }, r#"32 07 00 01 "a" 00 01 "hi""#)]
#[case::repeat(Edit::Repeat { part: part("topic-alias") }, r#"32 1e 00 01 "a" 00 01 16 23 00 05 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::identifier(Edit::Replace { part: part("topic-alias.id"), bytes: vec![0x7F] }, r#"32 1b 00 01 "a" 00 01 13 7f 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::value(Edit::Replace { part: part("topic-alias.value"), bytes: vec![0, 0] }, r#"32 1b 00 01 "a" 00 01 13 23 00 00 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::lie(Edit::SetLength { part: part("properties"), length: 3 }, r#"32 1b 00 01 "a" 00 01 03 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::pad_length(Edit::PadVariableByte { part: part("properties.length"), width: 2 }, r#"32 1c 00 01 "a" 00 01 93 00 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::pad_value(Edit::PadVariableByte { part: part("subscription-identifier"), width: 3 }, r#"32 1c 00 01 "a" 00 01 14 23 00 05 0b c8 81 00 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::pair(Edit::Replace { part: part("user-property[1].name.text"), bytes: vec![0xFF, 0xFF] }, r#"32 1c 00 01 "a" 00 01 14 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 02 ff ff 00 00 "hi""#)]
#[case::into_properties(Edit::InsertAfter { part: part("properties.length"), bytes: vec![0x01, 0x01] }, r#"32 1d 00 01 "a" 00 01 15 01 01 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00 "hi""#)]
#[case::payload(Edit::Drop { part: part("payload") }, r#"32 19 00 01 "a" 00 01 13 23 00 05 0b c8 01 26 00 01 "n" 00 01 "v" 26 00 01 "m" 00 00"#)]
fn of_publish(#[case] edit: Edit, #[case] expected: &str) {
    let mut layout = publish();
    layout.edit(&edit).unwrap();
    assert_eq!(layout.bytes(), hex(expected));
}

#[test]
fn edits_add_up() {
    let mut layout = connect();
    let edits = [
        Edit::Move { part: part("password"), before: part("username") },
        Edit::SetLength { part: part("client-id"), length: 9 },
        Edit::Repeat { part: part("password") },
        Edit::Drop { part: part("password[1].text").replace("text", "data") },
        Edit::Repeat { part: part("password") },
        Edit::Append { bytes: vec![1] },
        Edit::InsertBefore { part: part("inserted"), bytes: vec![2] },
        Edit::Replace { part: part("inserted[1]"), bytes: vec![3] },
        Edit::SetFlags(1),
    ];
    for edit in &edits {
        layout.edit(edit).unwrap();
    }
    let expected = r#"11 1a 00 04 "MQTT" 04 c2 00 0a 00 09 "c" 00 01 "p" 00 01 "p" 00 00 00 01 "u" 03 01"#;
    assert_eq!(layout.bytes(), hex(expected));
}

#[test]
fn a_moved_or_changed_part_keeps_its_name() {
    let mut layout = subscribe();
    layout.edit(&Edit::Move { part: part("filter[1]"), before: part("filter[0]") }).unwrap();
    layout.edit(&Edit::Replace { part: part("filter[1].text"), bytes: b"xyz".to_vec() }).unwrap();
    assert_eq!(layout.bytes(), hex(r#"82 0c 00 01 00 03 "xyz" 00 01 "a" 01 01"#));
}

#[test]
fn an_unknown_part_names_those_there_are() {
    let error = subscribe().edit(&Edit::Drop { part: part("filters[0]") }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no part `filters[0]`; the parts are first-byte, remaining-length, packet-id, filter[0], \
         filter[0].length, filter[0].text, options[0], filter[1], filter[1].length, filter[1].text, options[1]"
    );
}

#[rstest]
#[case(Edit::SetLength { part: part("packet-id"), length: 1 }, EditError::NoLength { part: part("packet-id") })]
#[case(Edit::SetLength { part: part("filter[0]"), length: 65_536 }, EditError::LengthTooLarge { part: part("filter[0]") })]
#[case(Edit::PadVariableByte { part: part("filter[0]"), width: 3 }, EditError::NotVariableByte { part: part("filter[0]") })]
#[case(Edit::PadVariableByte { part: part("remaining-length"), width: 1 }, EditError::TooNarrow { part: part("remaining-length"), width: 1 })]
#[case(
    Edit::Move { part: part("filter[0]"), before: part("filter[0].text") },
    EditError::IntoItself { part: part("filter[0]"), before: part("filter[0].text") }
)]
fn impossible_edits(#[case] edit: Edit, #[case] expected: EditError) {
    let mut layout = subscribe();
    assert_eq!(layout.edit(&edit), Err(expected));
    assert_eq!(layout, subscribe(), "nothing has changed");
}

proptest! {
    #[test]
    fn a_layout_has_the_bytes_of_the_packet((_, version, packet) in testing::any_packet()) {
        prop_assert_eq!(Layout::of(&packet, version).bytes(), packet.to_bytes(version));
    }

    #[test]
    fn the_names_of_parts_are_unambiguous((_, version, packet) in testing::any_packet()) {
        let names: Vec<_> = Layout::of(&packet, version).parts().iter().map(|(part, _)| part.to_string()).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        prop_assert_eq!(distinct.len(), names.len(), "{:?}", names);
    }

    #[test]
    fn dropping_a_part_takes_its_bytes_away(
        (_, version, packet) in testing::any_packet(),
        index in any::<prop::sample::Index>(),
    ) {
        let mut layout = Layout::of(&packet, version);
        let parts = layout.parts();
        let (dropped, range) = index.get(&parts);
        layout.edit(&Edit::Drop { part: dropped.to_string() }).unwrap();
        let before = packet.encoded_len(version);
        // The lengths around it may need fewer bytes as well.
        prop_assert!(layout.bytes().len() <= before - range.len());
        prop_assert!(layout.bytes().len() + range.len() + 6 >= before);
        prop_assert!(layout.parts().iter().all(|(part, _)| part != dropped));
    }
}
