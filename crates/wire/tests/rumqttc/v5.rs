//! Packets of MQTT 5.0 in the types of rumqttc.

mod reasons;

use bytes::Bytes;
use mqttspec_wire::{
    Packet, PacketId, Properties, QoS, Utf8String,
    packet::{Ack, RetainHandling, Subscription, Will},
};
use rumqttc::v5::mqttbytes::{
    QoS as TheirQoS,
    v5::{
        ConnAck, ConnAckProperties, Connect, ConnectProperties, Disconnect, DisconnectProperties, Filter,
        LastWill, LastWillProperties, Login, Packet as Their, PingReq, PingResp, PubAck, PubAckProperties,
        PubComp, PubCompProperties, PubRec, PubRecProperties, PubRel, PubRelProperties, Publish,
        PublishProperties, RetainForwardRule, SubAck, SubAckProperties, Subscribe, SubscribeProperties,
        UnsubAck, UnsubAckProperties, Unsubscribe, UnsubscribeProperties,
    },
};

fn qos(qos: QoS) -> TheirQoS {
    match qos {
        QoS::AtMostOnce => TheirQoS::AtMostOnce,
        QoS::AtLeastOnce => TheirQoS::AtLeastOnce,
        QoS::ExactlyOnce => TheirQoS::ExactlyOnce,
    }
}

fn text(text: Option<Utf8String>) -> Option<String> {
    text.map(|text| text.to_string())
}

fn users(properties: &Properties) -> Vec<(String, String)> {
    properties.user_properties().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// No properties at all are `None`.
fn some<T>(properties: &Properties, make: impl FnOnce(&Properties) -> T) -> Option<T> {
    (!properties.is_empty()).then(|| make(properties))
}

fn connect(packet: &mqttspec_wire::packet::Connect) -> Their {
    let properties = some(&packet.properties, |list| ConnectProperties {
        session_expiry_interval: list.session_expiry_interval(),
        receive_maximum: list.receive_maximum(),
        max_packet_size: list.maximum_packet_size(),
        topic_alias_max: list.topic_alias_maximum(),
        request_response_info: list.request_response_information(),
        request_problem_info: list.request_problem_information(),
        user_properties: users(list),
        authentication_method: text(list.authentication_method()),
        authentication_data: list.authentication_data(),
    });
    let login = (packet.username.is_some() || packet.password.is_some()).then(|| Login {
        username: text(packet.username.clone()).unwrap_or_default(),
        password: packet.password.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned(),
    });
    let connect = Connect {
        keep_alive: packet.keep_alive,
        client_id: packet.client_id.to_string(),
        clean_start: packet.clean_start,
        properties,
    };
    Their::Connect(connect, packet.will.as_ref().map(will), login)
}

fn will(will: &Will) -> LastWill {
    LastWill {
        topic: will.topic.as_bytes().clone(),
        message: will.payload.clone(),
        qos: qos(will.qos),
        retain: will.retain,
        properties: some(&will.properties, |list| LastWillProperties {
            delay_interval: list.will_delay_interval(),
            payload_format_indicator: list.payload_format_indicator(),
            message_expiry_interval: list.message_expiry_interval(),
            content_type: text(list.content_type()),
            response_topic: text(list.response_topic()),
            correlation_data: list.correlation_data(),
            user_properties: users(list),
        }),
    }
}

fn connack(packet: &mqttspec_wire::packet::Connack) -> ConnAck {
    let properties = some(&packet.properties, |list| ConnAckProperties {
        session_expiry_interval: list.session_expiry_interval(),
        receive_max: list.receive_maximum(),
        max_qos: list.maximum_qos(),
        retain_available: list.retain_available(),
        max_packet_size: list.maximum_packet_size(),
        assigned_client_identifier: text(list.assigned_client_identifier()),
        topic_alias_max: list.topic_alias_maximum(),
        reason_string: text(list.reason_string()),
        user_properties: users(list),
        wildcard_subscription_available: list.wildcard_subscription_available(),
        subscription_identifiers_available: list.subscription_identifier_available(),
        shared_subscription_available: list.shared_subscription_available(),
        server_keep_alive: list.server_keep_alive(),
        response_information: text(list.response_information()),
        server_reference: text(list.server_reference()),
        authentication_method: text(list.authentication_method()),
        authentication_data: list.authentication_data(),
    });
    ConnAck { session_present: packet.session_present, code: reasons::connack(packet.reason), properties }
}

fn publish(packet: &mqttspec_wire::packet::Publish) -> Publish {
    let properties = some(&packet.properties, |list| PublishProperties {
        payload_format_indicator: list.payload_format_indicator(),
        message_expiry_interval: list.message_expiry_interval(),
        topic_alias: list.topic_alias(),
        response_topic: text(list.response_topic()),
        correlation_data: list.correlation_data(),
        user_properties: users(list),
        subscription_identifiers: list.subscription_identifiers().map(to_usize).collect(),
        content_type: text(list.content_type()),
    });
    Publish {
        dup: packet.delivery.dup(),
        qos: qos(packet.delivery.qos()),
        retain: packet.retain,
        topic: Bytes::clone(packet.topic.as_bytes()),
        pkid: packet.delivery.id().map_or(0, PacketId::get),
        payload: packet.payload.clone(),
        properties,
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn filter(subscription: &Subscription) -> Filter {
    Filter {
        path: subscription.filter.to_string(),
        qos: qos(subscription.qos),
        nolocal: subscription.no_local,
        preserve_retain: subscription.retain_as_published,
        retain_forward_rule: match subscription.retain_handling {
            RetainHandling::Send => RetainForwardRule::OnEverySubscribe,
            RetainHandling::SendIfNew => RetainForwardRule::OnNewSubscribe,
            RetainHandling::DoNotSend => RetainForwardRule::Never,
        },
    }
}

/// An acknowledgement in the type of that name, whose properties have the name behind it.
macro_rules! explained {
    ($type:ident, $properties:ident, $packet:expr, $reason:expr) => {{
        let Ack { id, properties, .. } = $packet;
        let properties = some(properties, |list| $properties {
            reason_string: text(list.reason_string()),
            user_properties: users(list),
        });
        Their::$type($type { pkid: id.get(), reason: $reason, properties })
    }};
}

/// What rumqttc should make of the packet.
pub(crate) fn theirs(packet: &Packet) -> Their {
    match packet {
        Packet::Connect(packet) => connect(packet),
        Packet::Connack(packet) => Their::ConnAck(connack(packet)),
        Packet::Publish(packet) => Their::Publish(publish(packet)),
        Packet::Puback(ack) => explained!(PubAck, PubAckProperties, ack, reasons::puback(ack.reason)),
        Packet::Pubrec(ack) => explained!(PubRec, PubRecProperties, ack, reasons::pubrec(ack.reason)),
        Packet::Pubrel(ack) => explained!(PubRel, PubRelProperties, ack, reasons::pubrel(ack.reason)),
        Packet::Pubcomp(ack) => explained!(PubComp, PubCompProperties, ack, reasons::pubcomp(ack.reason)),
        Packet::Subscribe(packet) => Their::Subscribe(Subscribe {
            pkid: packet.id.get(),
            filters: packet.filters.iter().map(filter).collect(),
            properties: some(&packet.properties, |list| SubscribeProperties {
                id: list.subscription_identifiers().next().map(to_usize),
                user_properties: users(list),
            }),
        }),
        Packet::Suback(packet) => Their::SubAck(SubAck {
            pkid: packet.id.get(),
            return_codes: packet.reasons.iter().map(|code| reasons::suback(*code)).collect(),
            properties: some(&packet.properties, |list| SubAckProperties {
                reason_string: text(list.reason_string()),
                user_properties: users(list),
            }),
        }),
        Packet::Unsubscribe(packet) => Their::Unsubscribe(Unsubscribe {
            pkid: packet.id.get(),
            filters: packet.filters.iter().map(ToString::to_string).collect(),
            properties: some(&packet.properties, |list| UnsubscribeProperties {
                user_properties: users(list),
            }),
        }),
        Packet::Unsuback(packet) => Their::UnsubAck(UnsubAck {
            pkid: packet.id.get(),
            reasons: packet.reasons.iter().map(|code| reasons::unsuback(*code)).collect(),
            properties: some(&packet.properties, |list| UnsubAckProperties {
                reason_string: text(list.reason_string()),
                user_properties: users(list),
            }),
        }),
        Packet::Pingreq => Their::PingReq(PingReq),
        Packet::Pingresp => Their::PingResp(PingResp),
        Packet::Disconnect(packet) => Their::Disconnect(Disconnect {
            reason_code: reasons::disconnect(packet.reason),
            properties: some(&packet.properties, |list| DisconnectProperties {
                session_expiry_interval: list.session_expiry_interval(),
                reason_string: text(list.reason_string()),
                user_properties: users(list),
                server_reference: text(list.server_reference()),
            }),
        }),
        Packet::Auth(_) => panic!("rumqttc does not read AUTH"),
    }
}
