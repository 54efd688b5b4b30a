//! Packets as the tests send them.

use bytes::Bytes;
use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, ReasonCode, Utf8String, Version,
    packet::{
        Connect, Delivery, Disconnect, Publish, RetainHandling, Subscribe, Subscription, Unsubscribe, Will,
    },
};

pub(crate) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap()
}

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

/// A CONNECT with Clean Start 1 and no keep alive.
pub(crate) fn connect(version: Version, client_id: &str) -> Connect {
    Connect {
        version,
        clean_start: true,
        keep_alive: 0,
        properties: Properties::new(),
        client_id: text(client_id),
        will: None,
        username: None,
        password: None,
    }
}

/// A CONNECT that resumes a session, or begins one that is kept.
pub(crate) fn resume(version: Version, client_id: &str) -> Connect {
    let properties = match version {
        Version::V3_1_1 => Properties::new(),
        Version::V5_0 => [Property::SessionExpiryInterval(60)].into_iter().collect(),
    };
    Connect { clean_start: false, properties, ..connect(version, client_id) }
}

pub(crate) fn will(topic: &str, payload: &str) -> Will {
    Will {
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::new(),
        topic: text(topic),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

/// A PUBLISH; above QoS 0 its identifier is 7.
pub(crate) fn publish(topic: &str, payload: &str, qos: QoS) -> Publish {
    Publish {
        delivery: match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce { id: id(7), dup: false },
            QoS::ExactlyOnce => Delivery::ExactlyOnce { id: id(7), dup: false },
        },
        retain: false,
        topic: text(topic),
        properties: Properties::new(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

pub(crate) fn subscription(filter: &str, qos: QoS) -> Subscription {
    Subscription {
        filter: text(filter),
        qos,
        no_local: false,
        retain_as_published: false,
        retain_handling: RetainHandling::Send,
    }
}

pub(crate) fn subscribe(packet_id: u16, filters: Vec<Subscription>) -> Packet {
    Packet::Subscribe(Subscribe { id: id(packet_id), properties: Properties::new(), filters })
}

pub(crate) fn unsubscribe(packet_id: u16, filters: &[&str]) -> Packet {
    let filters = filters.iter().map(|filter| text(filter)).collect();
    Packet::Unsubscribe(Unsubscribe { id: id(packet_id), properties: Properties::new(), filters })
}

pub(crate) fn disconnect(reason: ReasonCode) -> Packet {
    Packet::Disconnect(Disconnect { reason, properties: Properties::new() })
}

pub(crate) fn properties(properties: impl IntoIterator<Item = Property>) -> Properties {
    properties.into_iter().collect()
}
