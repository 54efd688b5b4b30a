//! All that the decoder enforces.

use mqttspec_spec::{StatementId, Version};

use super::Law;
use crate::{
    Sender,
    decode::may_send,
    packet::PacketType,
    table::{
        properties::{self, Row, Table},
        reasons,
    },
};

/// What goes for the packets of either side.
const OF_BOTH: &[Law] = &[
    Law::RESERVED_TYPE,
    Law::VARIABLE_BYTE_WIDTH,
    Law::VARIABLE_BYTE_MINIMAL,
    Law::WELL_FORMED_UTF8,
    Law::NO_NULL_CHARACTER,
    Law::STRING_PAIR,
    Law::PROPERTY_LENGTH,
    Law::PROPERTY_LENGTH_PRESENT,
    Law::PROPERTY_DEFINED,
    Law::DUP_AT_QOS_0,
    Law::PUBLISH_QOS,
    Law::TOPIC_OR_ALIAS,
    Law::AUTH_METHOD,
];

const OF_CLIENTS: &[Law] = &[
    Law::PROTOCOL_NAME,
    Law::PROTOCOL_LEVEL,
    Law::CONNECT_RESERVED_FLAG,
    Law::WILL_FIELDS,
    Law::WILL_QOS_WITHOUT_WILL,
    Law::WILL_QOS,
    Law::WILL_RETAIN_WITHOUT_WILL,
    Law::USER_NAME_FIELD,
    Law::PASSWORD_FIELD,
    Law::PASSWORD_NEEDS_USER_NAME,
    Law::CLIENT_ID_FIELD,
    Law::CONNECT_AUTHENTICATION_METHOD,
    Law::SUBSCRIBE_FILTERS,
    Law::SUBSCRIBE_QOS,
    Law::SUBSCRIBE_RESERVED_BITS,
    Law::RETAIN_HANDLING,
    Law::UNSUBSCRIBE_FILTERS,
];

const OF_SERVERS: &[Law] =
    &[Law::CONNACK_FLAGS, Law::REFUSAL_WITHOUT_SESSION, Law::SUBACK_CODES, Law::UNSUBACK_CODES];

/// The statements that a [`Fault`](crate::Fault) in packets of this sender may name, in the order of the catalogue:
/// all that a decoder judges that has been given no maximum packet size.
pub fn enforced(sender: Sender) -> Vec<StatementId> {
    let mut statements: Vec<StatementId> =
        Version::ALL.into_iter().flat_map(|version| of_version(version, sender)).collect();
    statements.sort_unstable();
    statements.dedup();
    statements
}

fn of_version(version: Version, sender: Sender) -> Vec<StatementId> {
    let own = match sender {
        Sender::Client => OF_CLIENTS,
        Sender::Server => OF_SERVERS,
    };
    let mut laws = [OF_BOTH, own, &[Law::direction(sender)]].concat();
    let mut statements = Vec::new();
    for packet in PacketType::ALL.into_iter().filter(|packet| may_send(sender, Some(version), *packet)) {
        laws.extend(of_packet(packet, sender));
        statements.extend(reasons::codes(version, packet).map(|codes| codes.law));
        if version == Version::V5_0 {
            statements.extend(tables(packet).iter().flat_map(|table| of_table(table, sender)));
        }
    }
    statements.extend(laws.into_iter().filter_map(|law| law.of(Some(version))));
    statements
}

/// The flags, the Packet Identifier and the shape of a packet.
fn of_packet(packet: PacketType, sender: Sender) -> Vec<Law> {
    let mut laws = vec![Law::format(packet, sender), Law::end(packet, sender)];
    laws.extend(packet.reserved_flags().map(|_| Law::flags(packet)));
    if has_packet_id(packet) {
        laws.push(Law::packet_id(packet, sender));
    }
    laws
}

const fn has_packet_id(packet: PacketType) -> bool {
    match packet {
        PacketType::Publish
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe
        | PacketType::Unsuback => true,
        PacketType::Connect
        | PacketType::Connack
        | PacketType::Pingreq
        | PacketType::Pingresp
        | PacketType::Disconnect
        | PacketType::Auth => false,
    }
}

/// The properties that a packet may hold.
const fn tables(packet: PacketType) -> &'static [Table] {
    match packet {
        PacketType::Connect => &[properties::CONNECT, properties::WILL],
        PacketType::Connack => &[properties::CONNACK],
        PacketType::Publish => &[properties::PUBLISH],
        PacketType::Puback => &[properties::PUBACK],
        PacketType::Pubrec => &[properties::PUBREC],
        PacketType::Pubrel => &[properties::PUBREL],
        PacketType::Pubcomp => &[properties::PUBCOMP],
        PacketType::Subscribe => &[properties::SUBSCRIBE],
        PacketType::Suback => &[properties::SUBACK],
        PacketType::Unsubscribe => &[properties::UNSUBSCRIBE],
        PacketType::Unsuback => &[properties::UNSUBACK],
        PacketType::Disconnect => &[properties::DISCONNECT],
        PacketType::Auth => &[properties::AUTH],
        PacketType::Pingreq | PacketType::Pingresp => &[],
    }
}

fn of_table(table: &Table, sender: Sender) -> Vec<StatementId> {
    let of_row = |row: &Row| match row.only_from {
        Some((other, law)) if other != sender => vec![law],
        Some(_) | None => row.once.into_iter().chain(row.range.map(|(_, law)| law)).collect(),
    };
    std::iter::once(table.law).chain(table.rows.iter().flat_map(of_row)).collect()
}
