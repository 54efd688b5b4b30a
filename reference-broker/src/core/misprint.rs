//! The formats of packets that the broker sends, as rules: what a broker does to them that does not keep one.

use bytes::BytesMut;
use mqttspec_wire::{
    Packet, PacketId, Property, PropertyId, QoS, ReasonCode, Utf8String, Value, Version,
    packet::{Ack, PacketType},
};

use super::{Rule, Rules, raw::Raw, turn::properties_mut};

/// Encodes a packet as a broker does that keeps only these rules.
pub(crate) fn encode(rules: Rules, version: Version, packet: &Packet, into: &mut BytesMut) {
    let mut packet = packet.clone();
    misname(rules, &mut packet);
    if version == Version::V5_0 {
        misjudge(rules, &mut packet);
        misplace_properties(rules, &mut packet);
    }
    let mut bytes = BytesMut::new();
    packet.encode(version, &mut bytes);
    let Some(mut raw) = Raw::parse(&bytes) else { return };
    misflag(rules, &packet, &mut raw);
    misshape(rules, version, &packet, &mut raw);
    raw.write(rules.obeys(Rule::LengthsMinimal), into);
}

/// Packet Identifiers (§2.3.1, §2.2.1).
fn misname(rules: Rules, packet: &mut Packet) {
    let swap = |id: &mut PacketId, rule| {
        if !rules.obeys(rule) {
            *id = PacketId::new(id.get().swap_bytes()).unwrap_or(*id);
        }
    };
    match packet {
        Packet::Puback(ack) => swap(&mut ack.id, Rule::PubackEchoesIdentifier),
        Packet::Pubrec(ack) => swap(&mut ack.id, Rule::PubrecEchoesIdentifier),
        Packet::Pubrel(ack) => swap(&mut ack.id, Rule::PubrelEchoesIdentifier),
        Packet::Pubcomp(ack) => swap(&mut ack.id, Rule::PubcompEchoesIdentifier),
        Packet::Suback(suback) => swap(&mut suback.id, Rule::SubackEchoesIdentifier),
        Packet::Unsuback(unsuback) => swap(&mut unsuback.id, Rule::UnsubackEchoesIdentifier),
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => {}
    }
}

/// Reason Codes that the packet's table does not have.
fn misjudge(rules: Rules, packet: &mut Packet) {
    let acknowledge = |ack: &mut Ack, rule| {
        if !rules.obeys(rule) {
            ack.reason = ReasonCode(0x01);
        }
    };
    match packet {
        Packet::Puback(ack) => acknowledge(ack, Rule::PubackReasonDefined),
        Packet::Pubrec(ack) => acknowledge(ack, Rule::PubrecReasonDefined),
        Packet::Pubrel(ack) => acknowledge(ack, Rule::PubrelReasonDefined),
        Packet::Pubcomp(ack) => acknowledge(ack, Rule::PubcompReasonDefined),
        Packet::Unsuback(unsuback) if !rules.obeys(Rule::UnsubackReasonDefined) => {
            unsuback.reasons.fill(ReasonCode(0x12));
        }
        Packet::Disconnect(disconnect) if !rules.obeys(Rule::DisconnectReasonDefined) => {
            disconnect.reason = ReasonCode(0x05);
        }
        Packet::Connack(connack) if connack.reason.is_error() && !rules.obeys(Rule::ConnackReasonDefined) => {
            connack.reason = ReasonCode(0x05);
        }
        Packet::Connack(_)
        | Packet::Unsuback(_)
        | Packet::Disconnect(_)
        | Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Auth(_) => {}
    }
}

/// The rules that a packet has only properties of its own list.
const OWN_PROPERTIES: [(PacketType, Rule); 9] = [
    (PacketType::Connack, Rule::ConnackPropertiesOwn),
    (PacketType::Publish, Rule::PublishPropertiesOwn),
    (PacketType::Puback, Rule::PubackPropertiesOwn),
    (PacketType::Pubrec, Rule::PubrecPropertiesOwn),
    (PacketType::Pubrel, Rule::PubrelPropertiesOwn),
    (PacketType::Pubcomp, Rule::PubcompPropertiesOwn),
    (PacketType::Suback, Rule::SubackPropertiesOwn),
    (PacketType::Unsuback, Rule::UnsubackPropertiesOwn),
    (PacketType::Disconnect, Rule::DisconnectPropertiesOwn),
];

/// The rules that a property of CONNACK does not stand there twice, with a value for it.
fn single_in_connack() -> [(Rule, PropertyId, Value); 16] {
    let text = || Value::Text(Utf8String::try_from("x").unwrap_or_default());
    [
        (Rule::ConnackSessionExpiryOnce, PropertyId::SessionExpiryInterval, Value::FourByte(60)),
        (Rule::ConnackReceiveMaximumOnce, PropertyId::ReceiveMaximum, Value::TwoByte(10)),
        (Rule::ConnackMaximumQosOnce, PropertyId::MaximumQoS, Value::Byte(1)),
        (Rule::ConnackRetainAvailableOnce, PropertyId::RetainAvailable, Value::Byte(1)),
        (Rule::ConnackMaximumPacketSizeOnce, PropertyId::MaximumPacketSize, Value::FourByte(100_000)),
        (Rule::ConnackAssignedIdentifierOnce, PropertyId::AssignedClientIdentifier, text()),
        (Rule::ConnackTopicAliasMaximumOnce, PropertyId::TopicAliasMaximum, Value::TwoByte(1)),
        (Rule::ConnackReasonStringOnce, PropertyId::ReasonString, text()),
        (Rule::ConnackWildcardAvailableOnce, PropertyId::WildcardSubscriptionAvailable, Value::Byte(1)),
        (Rule::ConnackIdentifierAvailableOnce, PropertyId::SubscriptionIdentifierAvailable, Value::Byte(1)),
        (Rule::ConnackSharedAvailableOnce, PropertyId::SharedSubscriptionAvailable, Value::Byte(1)),
        (Rule::ConnackServerKeepAliveOnce, PropertyId::ServerKeepAlive, Value::TwoByte(60)),
        (Rule::ConnackResponseInformationOnce, PropertyId::ResponseInformation, text()),
        (Rule::ConnackServerReferenceOnce, PropertyId::ServerReference, text()),
        (Rule::ConnackAuthenticationMethodOnce, PropertyId::AuthenticationMethod, text()),
        (Rule::ConnackAuthenticationDataOnce, PropertyId::AuthenticationData, Value::Binary("x".into())),
    ]
}

/// Properties that do not belong there, or not twice.
fn misplace_properties(rules: Rules, packet: &mut Packet) {
    let packet_type = packet.packet_type();
    let Some(properties) = properties_mut(packet) else { return };
    for (owner, rule) in OWN_PROPERTIES {
        if owner == packet_type && !rules.obeys(rule) {
            properties.push(Property::WillDelayInterval(1));
        }
    }
    match packet_type {
        PacketType::Connack => {
            for (rule, id, value) in single_in_connack() {
                if !rules.obeys(rule) {
                    let property = properties.get(id).cloned().or_else(|| Property::new(id, value));
                    properties.retain(|other| other.id() != id);
                    for property in property.iter().cycle().take(2) {
                        properties.push(property.clone());
                    }
                }
            }
        }
        PacketType::Publish => {
            if !rules.obeys(Rule::AliasesWithinMaximum) {
                properties.push(Property::TopicAlias(u16::MAX));
            }
            if !rules.obeys(Rule::SubscriptionIdentifierNotZero) {
                properties.push(Property::SubscriptionIdentifier(0));
            }
        }
        PacketType::Disconnect => {
            if !rules.obeys(Rule::DisconnectWithoutExpiry) {
                properties.push(Property::SessionExpiryInterval(0));
            }
            if !rules.obeys(Rule::DisconnectServerReferenceOnce) {
                properties.push(Property::ServerReference(Utf8String::new()));
                properties.push(Property::ServerReference(Utf8String::new()));
            }
        }
        PacketType::Connect
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe
        | PacketType::Unsuback
        | PacketType::Pingreq
        | PacketType::Pingresp
        | PacketType::Auth => {}
    }
}

/// The flags of the fixed header (§2.2.2, §2.1.3).
fn misflag(rules: Rules, packet: &Packet, bytes: &mut Raw) {
    match packet {
        Packet::Pubrel(_) if !rules.obeys(Rule::PubrelFlags) => bytes.first = 0x60,
        Packet::Publish(publish) if publish.delivery.qos() == QoS::AtMostOnce => {
            if !rules.obeys(Rule::Qos0WithoutDup) {
                bytes.first |= 0b1000;
            }
        }
        Packet::Puback(_) | Packet::Suback(_) | Packet::Pingresp if !rules.obeys(Rule::ReservedFlagsZero) => {
            bytes.first |= 1;
        }
        Packet::Pingresp if !rules.obeys(Rule::ServerNeverPings) => bytes.first = 0xC0,
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Publish(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => {}
    }
}

/// Fields too many or too few.
fn misshape(rules: Rules, version: Version, packet: &Packet, bytes: &mut Raw) {
    match packet {
        Packet::Connack(_) => {
            if !rules.obeys(Rule::ConnackFlagsReserved)
                && let Some(flags) = bytes.body.first_mut()
            {
                *flags |= 0b10;
            }
            if !rules.obeys(Rule::ConnackEndsAfterLastField) {
                bytes.body.push(0);
            }
        }
        Packet::Publish(publish) => {
            let at = 2 + publish.topic.len();
            match publish.delivery.id() {
                None if !rules.obeys(Rule::Qos0WithoutIdentifier) => {
                    bytes.body.splice(at..at, [0, 1]);
                }
                Some(_) if !rules.obeys(Rule::IdentifiersNotZero) => {
                    bytes.body.splice(at..at + 2, [0, 0]);
                }
                Some(_) | None => {}
            }
            let after_id = at + publish.delivery.id().map_or(0, |_| 2);
            let bare = version == Version::V5_0 && publish.properties.is_empty();
            if bare && !rules.obeys(Rule::PropertyLengthPresent) {
                bytes.body.remove(after_id);
            }
        }
        Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Unsuback(_) => {
            if version == Version::V3_1_1 && !rules.obeys(Rule::AcknowledgementsBare) {
                bytes.body.push(0);
            }
        }
        Packet::Suback(suback) => {
            let wrong = suback.reasons.iter().any(|reason| reason.is_error());
            if wrong && !rules.obeys(Rule::SubackReasonDefined) {
                for byte in
                    bytes.body.iter_mut().rev().take(suback.reasons.len()).filter(|byte| **byte >= 0x80)
                {
                    *byte = 0xFF;
                }
            }
        }
        Packet::Pingresp => {
            if !rules.obeys(Rule::PingrespBare) {
                bytes.body.push(0);
            }
        }
        Packet::Connect(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Disconnect(_)
        | Packet::Auth(_) => {}
    }
}
