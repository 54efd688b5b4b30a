//! Packets of MQTT 3.1.1 in the types of rumqttc.

use mqttspec_wire::{Packet, QoS, ReasonCode};
use rumqttc::mqttbytes::{
    Protocol, QoS as TheirQoS,
    v4::{
        ConnAck, Connect, ConnectReturnCode, LastWill, Login, Packet as Their, PubAck, PubComp, PubRec,
        PubRel, Publish, SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode, UnsubAck, Unsubscribe,
    },
};

fn qos(qos: QoS) -> TheirQoS {
    match qos {
        QoS::AtMostOnce => TheirQoS::AtMostOnce,
        QoS::AtLeastOnce => TheirQoS::AtLeastOnce,
        QoS::ExactlyOnce => TheirQoS::ExactlyOnce,
    }
}

fn return_code(code: ReasonCode) -> ConnectReturnCode {
    match code {
        ReasonCode::SUCCESS => ConnectReturnCode::Success,
        ReasonCode::V3_UNACCEPTABLE_PROTOCOL_VERSION => ConnectReturnCode::RefusedProtocolVersion,
        ReasonCode::V3_IDENTIFIER_REJECTED => ConnectReturnCode::BadClientId,
        ReasonCode::V3_SERVER_UNAVAILABLE => ConnectReturnCode::ServiceUnavailable,
        ReasonCode::V3_BAD_USER_NAME_OR_PASSWORD => ConnectReturnCode::BadUserNamePassword,
        ReasonCode::V3_NOT_AUTHORIZED => ConnectReturnCode::NotAuthorized,
        other => panic!("{other} is no return code"),
    }
}

fn granted(code: ReasonCode) -> SubscribeReasonCode {
    match QoS::new(code.0) {
        Some(level) => SubscribeReasonCode::Success(qos(level)),
        None => SubscribeReasonCode::Failure,
    }
}

fn connect(packet: &mqttspec_wire::packet::Connect) -> Connect {
    let last_will = packet.will.as_ref().map(|will| LastWill {
        topic: will.topic.to_string(),
        message: will.payload.clone(),
        qos: qos(will.qos),
        retain: will.retain,
    });
    let password = packet.password.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let login = packet
        .username
        .as_ref()
        .map(|name| Login { username: name.to_string(), password: password.into_owned() });
    Connect {
        protocol: Protocol::V4,
        keep_alive: packet.keep_alive,
        client_id: packet.client_id.to_string(),
        clean_session: packet.clean_start,
        last_will,
        login,
    }
}

/// What rumqttc should make of the packet.
pub(crate) fn theirs(packet: &Packet) -> Their {
    match packet {
        Packet::Connect(packet) => Their::Connect(connect(packet)),
        Packet::Connack(packet) => Their::ConnAck(ConnAck {
            session_present: packet.session_present,
            code: return_code(packet.reason),
        }),
        Packet::Publish(packet) => Their::Publish(Publish {
            dup: packet.delivery.dup(),
            qos: qos(packet.delivery.qos()),
            retain: packet.retain,
            topic: packet.topic.to_string(),
            pkid: packet.delivery.id().map_or(0, mqttspec_wire::PacketId::get),
            payload: packet.payload.clone(),
        }),
        Packet::Puback(packet) => Their::PubAck(PubAck { pkid: packet.id.get() }),
        Packet::Pubrec(packet) => Their::PubRec(PubRec { pkid: packet.id.get() }),
        Packet::Pubrel(packet) => Their::PubRel(PubRel { pkid: packet.id.get() }),
        Packet::Pubcomp(packet) => Their::PubComp(PubComp { pkid: packet.id.get() }),
        Packet::Subscribe(packet) => Their::Subscribe(Subscribe {
            pkid: packet.id.get(),
            filters: packet
                .filters
                .iter()
                .map(|subscription| SubscribeFilter {
                    path: subscription.filter.to_string(),
                    qos: qos(subscription.qos),
                })
                .collect(),
        }),
        Packet::Suback(packet) => Their::SubAck(SubAck {
            pkid: packet.id.get(),
            return_codes: packet.reasons.iter().map(|code| granted(*code)).collect(),
        }),
        Packet::Unsubscribe(packet) => Their::Unsubscribe(Unsubscribe {
            pkid: packet.id.get(),
            topics: packet.filters.iter().map(ToString::to_string).collect(),
        }),
        Packet::Unsuback(packet) => Their::UnsubAck(UnsubAck { pkid: packet.id.get() }),
        Packet::Pingreq => Their::PingReq,
        Packet::Pingresp => Their::PingResp,
        Packet::Disconnect(_) => Their::Disconnect,
        Packet::Auth(_) => panic!("MQTT 3.1.1 has no AUTH"),
    }
}
