//! CONNACK (§3.2).

use bytes::Bytes;
use mqttspec_wire::{
    Properties, Property, PropertyId, QoS, ReasonCode, Utf8String, Version,
    packet::{Connack, Connect},
};

use super::{Config, Rule, turn::Turn};

/// A CONNACK that refuses.
pub(crate) fn refusal(turn: &Turn, reason: ReasonCode) -> Connack {
    let session_present = !turn.obeys(Rule::NoSessionPresentInRefusal);
    Connack { session_present, reason, properties: Properties::new() }
}

/// What only the broker itself knows.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// The client identifier of a client that has brought none.
    pub(crate) assigned: Option<Utf8String>,
    /// The server's last Authentication Data.
    pub(crate) proof: Option<Bytes>,
}

/// A CONNACK that accepts. It says what differs from the defaults of the standard.
pub(crate) fn success(turn: &Turn, config: &Config, connect: &Connect, greeting: Greeting) -> Connack {
    let mut properties = Properties::new();
    if connect.version == Version::V5_0 {
        if let Some(id) = greeting.assigned.filter(|_| turn.obeys(Rule::AssignedIdentifierTold)) {
            properties.push(Property::AssignedClientIdentifier(id));
        }
        answer_wishes(turn, config, connect, &mut properties);
        if let Some(proof) = greeting.proof {
            properties.push(Property::AuthenticationData(proof));
        }
        announce_limits(config, &mut properties);
        announce_features(turn, config, &mut properties);
    }
    Connack { session_present: false, reason: ReasonCode::SUCCESS, properties }
}

/// What depends on the client.
fn answer_wishes(turn: &Turn, config: &Config, connect: &Connect, properties: &mut Properties) {
    let asked = connect.properties.session_expiry_interval().unwrap_or(0);
    if let Some(maximum) = config.session_expiry_maximum
        && asked > maximum
        && turn.obeys(Rule::OwnSessionExpiryTold)
    {
        properties.push(Property::SessionExpiryInterval(maximum));
    }
    let keep_alive = config.keep_alive(connect.version, connect.keep_alive);
    if config.server_keep_alive.is_some() || keep_alive != connect.keep_alive {
        properties.push(Property::ServerKeepAlive(keep_alive));
    }
    let requested = connect.properties.request_response_information() == Some(1);
    let information = match &config.response_information {
        Some(information) if requested => Some(information.as_str()),
        Some(_) | None if turn.obeys(Rule::ResponseInformationOnRequest) => None,
        Some(_) | None => Some("responses/"),
    };
    if let Some(information) = information.and_then(|text| Utf8String::try_from(text).ok()) {
        properties.push(Property::ResponseInformation(information));
    }
    let method = connect.properties.authentication_method();
    if let Some(method) = method.filter(|_| turn.obeys(Rule::AuthenticationMethodEchoed)) {
        properties.push(Property::AuthenticationMethod(method));
    } else if !turn.obeys(Rule::NoMethodWithoutRequest) {
        properties.push(Property::AuthenticationMethod(Utf8String::new()));
    }
}

/// The numbers that the client must not exceed.
fn announce_limits(config: &Config, properties: &mut Properties) {
    if config.receive_maximum != u16::MAX {
        properties.push(Property::ReceiveMaximum(config.receive_maximum));
    }
    if config.topic_alias_maximum != 0 {
        properties.push(Property::TopicAliasMaximum(config.topic_alias_maximum));
    }
    if config.maximum_packet_size != u32::MAX {
        properties.push(Property::MaximumPacketSize(config.maximum_packet_size));
    }
}

/// Leaves out the numbers that the client must not exceed.
pub(crate) fn withdraw_limits(connack: &mut Connack) {
    connack.properties.retain(|property| {
        !matches!(
            property.id(),
            PropertyId::ReceiveMaximum | PropertyId::TopicAliasMaximum | PropertyId::MaximumPacketSize
        )
    });
}

/// What is missing.
fn announce_features(turn: &Turn, config: &Config, properties: &mut Properties) {
    if config.maximum_qos < QoS::ExactlyOnce && turn.obeys(Rule::MaximumQosTold) {
        properties.push(Property::MaximumQoS(config.maximum_qos.level()));
    }
    let mut missing = |offered: bool, property| {
        if !offered && turn.obeys(Rule::MissingFeaturesTold) {
            properties.push(property);
        }
    };
    missing(config.retain, Property::RetainAvailable(0));
    missing(config.wildcard_subscriptions, Property::WildcardSubscriptionAvailable(0));
    missing(config.subscription_identifiers, Property::SubscriptionIdentifierAvailable(0));
    missing(config.shared_subscriptions, Property::SharedSubscriptionAvailable(0));
}
