//! Whole packets.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::values::{data, packet_id, properties, qos, text, topic_filter, topic_name};
use crate::{
    Packet, Properties, Property, ReasonCode, Sender, Utf8String, Version,
    packet::{
        Ack, Auth, Connack, Connect, Delivery, Disconnect, PacketType, Publish, RetainHandling, Suback,
        Subscribe, Subscription, Unsuback, Unsubscribe, Will,
    },
    table::{
        properties::{self as allowed, Table},
        reasons,
    },
};

/// Any well-formed packet of either version with the side that may send it.
pub fn any_packet() -> impl Strategy<Value = (Sender, Version, Packet)> {
    (select(vec![Sender::Client, Sender::Server]), select(Version::ALL.to_vec())).prop_flat_map(
        |(sender, version)| packet(sender, version).prop_map(move |packet| (sender, version, packet)),
    )
}

/// Any well-formed packet that `sender` may send.
pub fn packet(sender: Sender, version: Version) -> BoxedStrategy<Packet> {
    let all = PacketType::ALL.into_iter().filter_map(|packet| packet_of_type(packet, sender, version));
    let mut all = all.collect::<Vec<_>>().into_iter();
    let first = all.next().unwrap_or_else(|| Just(Packet::Pingreq).boxed());
    all.fold(proptest::strategy::Union::new([first]), proptest::strategy::Union::or).boxed()
}

/// A packet of this type, if `sender` may send one.
pub fn packet_of_type(packet: PacketType, sender: Sender, version: Version) -> Option<BoxedStrategy<Packet>> {
    let (client, server) = (sender == Sender::Client, sender == Sender::Server);
    let v5 = version == Version::V5_0;
    let ack = |table: &Table, make: fn(Ack) -> Packet| {
        Some(ack(packet, table, sender, version).prop_map(make).boxed())
    };
    match packet {
        PacketType::Connect => {
            client.then(|| connect(version).prop_map(|packet| Packet::Connect(Box::new(packet))).boxed())
        }
        PacketType::Connack => server.then(|| connack(version).prop_map(Packet::Connack).boxed()),
        PacketType::Publish => Some(publish(sender, version).prop_map(Packet::Publish).boxed()),
        PacketType::Puback => ack(&allowed::PUBACK, Packet::Puback),
        PacketType::Pubrec => ack(&allowed::PUBREC, Packet::Pubrec),
        PacketType::Pubrel => ack(&allowed::PUBREL, Packet::Pubrel),
        PacketType::Pubcomp => ack(&allowed::PUBCOMP, Packet::Pubcomp),
        PacketType::Subscribe => client.then(|| subscribe(version).boxed()),
        PacketType::Suback => server.then(|| suback(version).boxed()),
        PacketType::Unsubscribe => client.then(|| unsubscribe(version).boxed()),
        PacketType::Unsuback => server.then(|| unsuback(version).boxed()),
        PacketType::Pingreq => client.then(|| Just(Packet::Pingreq).boxed()),
        PacketType::Pingresp => server.then(|| Just(Packet::Pingresp).boxed()),
        PacketType::Disconnect => (client || v5).then(|| disconnect(sender, version).boxed()),
        PacketType::Auth => v5.then(|| auth(sender).boxed()),
    }
}

/// Properties where the version has them.
fn of_version(table: &Table, sender: Sender, version: Version) -> BoxedStrategy<Properties> {
    match version {
        Version::V3_1_1 => Just(Properties::new()).boxed(),
        Version::V5_0 => properties(table, sender).boxed(),
    }
}

/// A code that the packet may carry, success where it has no field for one.
fn code(packet: PacketType, sender: Sender, version: Version) -> BoxedStrategy<ReasonCode> {
    match reasons::codes(version, packet) {
        Some(codes) => select(codes.of(sender).collect::<Vec<_>>()).boxed(),
        None => Just(ReasonCode::SUCCESS).boxed(),
    }
}

/// A CONNECT.
pub fn connect(version: Version) -> impl Strategy<Value = Connect> {
    let v3 = version == Version::V3_1_1;
    let properties = of_version(&allowed::CONNECT, Sender::Client, version).prop_map(|mut properties| {
        if properties.authentication_method().is_none() {
            properties.retain(|property| !matches!(property, Property::AuthenticationData(_)));
        }
        properties
    });
    let credentials = (option::of(text()), option::of(data()));
    (any::<bool>(), any::<u16>(), properties, text(), option::of(will(version)), credentials).prop_map(
        move |(clean_start, keep_alive, properties, client_id, will, (username, password))| {
            let password = if v3 && username.is_none() { None } else { password };
            Connect { version, clean_start, keep_alive, properties, client_id, will, username, password }
        },
    )
}

fn will(version: Version) -> impl Strategy<Value = Will> {
    let properties = of_version(&allowed::WILL, Sender::Client, version);
    (qos(), any::<bool>(), properties, topic_name(), data()).prop_map(
        |(qos, retain, properties, topic, payload)| Will { qos, retain, properties, topic, payload },
    )
}

fn connack(version: Version) -> impl Strategy<Value = Connack> {
    let code = code(PacketType::Connack, Sender::Server, version);
    (any::<bool>(), code, of_version(&allowed::CONNACK, Sender::Server, version)).prop_map(
        |(session_present, reason, properties)| {
            let session_present = session_present && reason == ReasonCode::SUCCESS;
            Connack { session_present, reason, properties }
        },
    )
}

/// A PUBLISH; where a Topic Alias allows it, some have an empty topic name.
pub fn publish(sender: Sender, version: Version) -> impl Strategy<Value = Publish> {
    let delivery = prop_oneof![
        Just(Delivery::AtMostOnce),
        (packet_id(), any::<bool>()).prop_map(|(id, dup)| Delivery::AtLeastOnce { id, dup }),
        (packet_id(), any::<bool>()).prop_map(|(id, dup)| Delivery::ExactlyOnce { id, dup }),
    ];
    let properties = of_version(&allowed::PUBLISH, sender, version);
    (delivery, any::<bool>(), topic_name(), any::<bool>(), properties, data()).prop_map(
        |(delivery, retain, topic, by_alias, properties, payload)| {
            let by_alias = by_alias && properties.topic_alias().is_some();
            let topic = if by_alias { Utf8String::new() } else { topic };
            Publish { delivery, retain, topic, properties, payload }
        },
    )
}

fn ack(
    packet: PacketType,
    table: &Table,
    sender: Sender,
    version: Version,
) -> impl Strategy<Value = Ack> + use<> {
    (packet_id(), code(packet, sender, version), of_version(table, sender, version))
        .prop_map(|(id, reason, properties)| Ack { id, reason, properties })
}

fn subscribe(version: Version) -> impl Strategy<Value = Packet> {
    let filters = vec(subscription(version), 1..5);
    (packet_id(), of_version(&allowed::SUBSCRIBE, Sender::Client, version), filters)
        .prop_map(|(id, properties, filters)| Packet::Subscribe(Subscribe { id, properties, filters }))
}

fn subscription(version: Version) -> impl Strategy<Value = Subscription> {
    let v5 = version == Version::V5_0;
    let handling = select(vec![RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend]);
    (topic_filter(), qos(), any::<bool>(), any::<bool>(), handling).prop_map(
        move |(filter, qos, no_local, as_published, handling)| Subscription {
            filter,
            qos,
            no_local: v5 && no_local,
            retain_as_published: v5 && as_published,
            retain_handling: if v5 { handling } else { RetainHandling::Send },
        },
    )
}

fn suback(version: Version) -> impl Strategy<Value = Packet> {
    let reasons = vec(code(PacketType::Suback, Sender::Server, version), 1..5);
    (packet_id(), of_version(&allowed::SUBACK, Sender::Server, version), reasons)
        .prop_map(|(id, properties, reasons)| Packet::Suback(Suback { id, properties, reasons }))
}

fn unsubscribe(version: Version) -> impl Strategy<Value = Packet> {
    (packet_id(), of_version(&allowed::UNSUBSCRIBE, Sender::Client, version), vec(topic_filter(), 1..5))
        .prop_map(|(id, properties, filters)| Packet::Unsubscribe(Unsubscribe { id, properties, filters }))
}

fn unsuback(version: Version) -> impl Strategy<Value = Packet> {
    let count = if version == Version::V5_0 { 1..5 } else { 0..1 };
    let reasons = vec(code(PacketType::Unsuback, Sender::Server, version), count);
    (packet_id(), of_version(&allowed::UNSUBACK, Sender::Server, version), reasons)
        .prop_map(|(id, properties, reasons)| Packet::Unsuback(Unsuback { id, properties, reasons }))
}

fn disconnect(sender: Sender, version: Version) -> impl Strategy<Value = Packet> {
    (code(PacketType::Disconnect, sender, version), of_version(&allowed::DISCONNECT, sender, version))
        .prop_map(|(reason, properties)| Packet::Disconnect(Disconnect { reason, properties }))
}

/// With an Authentication Method, or the empty form, which only a server sends.
fn auth(sender: Sender) -> impl Strategy<Value = Packet> {
    let parts = (code(PacketType::Auth, sender, Version::V5_0), properties(&allowed::AUTH, sender), text());
    parts.prop_map(|(reason, mut properties, method)| {
        let empty = reason == ReasonCode::SUCCESS && properties.is_empty();
        if !empty && properties.authentication_method().is_none() {
            properties.push(Property::AuthenticationMethod(method));
        }
        Packet::Auth(Auth { reason, properties })
    })
}
