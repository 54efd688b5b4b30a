//! The values that packets are made of.

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};

use crate::{PacketId, Properties, Property, PropertyId, QoS, Sender, Utf8String, Value};
use crate::{
    property::ValueKind,
    table::properties::{Range, Row, Table},
};

/// A UTF-8 Encoded String of up to a dozen characters from the whole of Unicode.
pub fn text() -> impl Strategy<Value = Utf8String> {
    let character = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        1 => any::<char>().prop_filter("strings have no null character", |character| *character != '\0'),
    ];
    vec(character, 0..12).prop_map(|text| utf8(text.into_iter().collect()))
}

/// Binary Data of up to two dozen bytes.
pub fn data() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..24).prop_map(Bytes::from)
}

/// A valid topic name of a few short levels.
pub fn topic_name() -> impl Strategy<Value = Utf8String> {
    vec(proptest::sample::select(vec!["a", "b", "c", "", "$x", "ü"]), 1..5)
        .prop_map(|levels| levels.join("/"))
        .prop_map(|name| utf8(if name.is_empty() { "/".to_owned() } else { name }))
}

/// A valid topic filter, some with wildcards, that matches topic names often.
pub fn topic_filter() -> impl Strategy<Value = Utf8String> {
    let levels = vec(proptest::sample::select(vec!["a", "b", "", "+", "+"]), 1..4);
    (levels, any::<bool>()).prop_map(|(mut levels, all)| {
        if all || levels.iter().all(|level| level.is_empty()) {
            levels.push("#");
        }
        utf8(levels.join("/"))
    })
}

/// Any Packet Identifier.
pub fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|value| PacketId::new(value).unwrap_or(PacketId::MIN))
}

/// Any QoS.
pub fn qos() -> impl Strategy<Value = QoS> {
    proptest::sample::select(QoS::ALL.to_vec())
}

fn utf8(text: String) -> Utf8String {
    Utf8String::try_from(text).unwrap_or_default()
}

/// Properties from `table` that `sender` may use, in any order.
pub(super) fn properties(table: &Table, sender: Sender) -> impl Strategy<Value = Properties> + use<> {
    let lists: Vec<_> = table
        .rows
        .iter()
        .filter(|row| row.only_from.is_none_or(|(only, _)| only == sender))
        .map(|row| vec(property(row), 0..if repeats(row) { 3 } else { 2 }))
        .collect();
    lists
        .prop_map(|lists| lists.into_iter().flatten().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(Properties::from_iter)
}

/// Whether a well-behaved sender repeats it.
fn repeats(row: &Row) -> bool {
    row.once.is_none() && matches!(row.id, PropertyId::UserProperty | PropertyId::SubscriptionIdentifier)
}

fn property(row: &Row) -> BoxedStrategy<Property> {
    let (id, range) = (row.id, row.range);
    number(id, range)
        .prop_filter_map("the value has the property's type", move |value| Property::new(id, value))
        .boxed()
}

fn number(id: PropertyId, range: Option<(Range, mqttspec_spec::StatementId)>) -> BoxedStrategy<Value> {
    let (least, flag) = match range {
        Some((Range::NonZero, _)) => (1, false),
        Some((Range::ZeroOrOne, _)) => (0, true),
        None => (0, id == PropertyId::PayloadFormatIndicator),
    };
    match id.kind() {
        ValueKind::Byte => (0..=if flag { 1 } else { u8::MAX }).prop_map(Value::Byte).boxed(),
        ValueKind::TwoByte => (least..=u16::MAX).prop_map(Value::TwoByte).boxed(),
        ValueKind::FourByte => (u32::from(least)..=u32::MAX).prop_map(Value::FourByte).boxed(),
        ValueKind::VariableByte => {
            prop_oneof![u32::from(least)..200, u32::from(least)..=crate::variable_byte::MAX]
                .prop_map(Value::VariableByte)
                .boxed()
        }
        ValueKind::Text if id == PropertyId::ResponseTopic => topic_name().prop_map(Value::Text).boxed(),
        ValueKind::Text => text().prop_map(Value::Text).boxed(),
        ValueKind::Binary => data().prop_map(Value::Binary).boxed(),
        ValueKind::Pair => (text(), text()).prop_map(Value::Pair).boxed(),
    }
}
