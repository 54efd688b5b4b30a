//! A client of the library rumqttc, of either version of MQTT.

use std::time::Duration;

use bytes::Bytes;
use mqttspec_fleet::plan::{Group, Publish};
use mqttspec_spec::Version;
use mqttspec_wire::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, LastWillProperties, Packet, PublishProperties};

use super::Assignment;

/// How many messages may wait in the library.
const WAITING: usize = 32;

/// How many messages may be unacknowledged. The library takes memory for each.
const UNACKNOWLEDGED: u16 = 100;

/// How large packets may be that come. Nobody in a fleet sends larger ones.
const LARGEST: u32 = 4 << 20;

/// What is handed to the library.
pub(super) enum Hand {
    Old(rumqttc::AsyncClient),
    New(rumqttc::v5::AsyncClient),
}

/// What the library does its work in.
pub(super) enum Work {
    Old(Box<rumqttc::EventLoop>),
    New(Box<rumqttc::v5::EventLoop>),
}

/// What the library tells its application.
pub(super) enum Heard {
    /// The broker has accepted it; whether with a session.
    Accepted(bool),
    /// The broker has answered SUBSCRIBE.
    Subscribed,
    /// This message has come.
    Message(Bytes),
    /// Something else happened.
    Other,
}

/// The library with what a device's plan says.
pub(super) fn client(own: &Assignment) -> (Hand, Work) {
    match own.group.version {
        Version::V3_1_1 => old(own),
        Version::V5_0 => new(own),
    }
}

fn old(own: &Assignment) -> (Hand, Work) {
    let mut options = rumqttc::MqttOptions::new(own.client_id.as_str(), "127.0.0.1", own.port);
    let group = &own.group;
    options.set_clean_session(group.clean_start);
    options.set_keep_alive(Duration::from_secs(group.keep_alive.into()));
    options.set_inflight(UNACKNOWLEDGED);
    options.set_max_packet_size(largest(), largest());
    if let Some((user, password)) = &own.credentials {
        options.set_credentials(user, password);
    }
    if let Some((will, topic, payload)) = own.will() {
        options.set_last_will(rumqttc::LastWill::new(topic, payload, old_qos(will.qos), will.retain));
    }
    let (client, work) = rumqttc::AsyncClient::new(options, WAITING);
    (Hand::Old(client), Work::Old(Box::new(work)))
}

fn new(own: &Assignment) -> (Hand, Work) {
    let mut options = rumqttc::v5::MqttOptions::new(own.client_id.as_str(), "127.0.0.1", own.port);
    let group = &own.group;
    options.set_clean_start(group.clean_start);
    options.set_session_expiry_interval(Some(group.expiry).filter(|expiry| *expiry > 0));
    options.set_keep_alive(Duration::from_secs(group.keep_alive.into()));
    options.set_outgoing_inflight_upper_limit(UNACKNOWLEDGED);
    options.set_max_packet_size(Some(LARGEST));
    if let Some((user, password)) = &own.credentials {
        options.set_credentials(user, password);
    }
    if let Some((will, topic, payload)) = own.will() {
        let delay_interval = Some(will.delay).filter(|delay| *delay > 0);
        let properties = LastWillProperties {
            delay_interval,
            payload_format_indicator: None,
            message_expiry_interval: None,
            content_type: None,
            response_topic: None,
            correlation_data: None,
            user_properties: Vec::new(),
        };
        let (qos, retain) = (new_qos(will.qos), will.retain);
        let properties = delay_interval.map(|_| properties);
        options.set_last_will(rumqttc::v5::mqttbytes::v5::LastWill::new(
            topic, payload, qos, retain, properties,
        ));
    }
    let (client, work) = rumqttc::v5::AsyncClient::new(options, WAITING);
    (Hand::New(client), Work::New(Box::new(work)))
}

impl Hand {
    /// Publishes a message, if the library has room for it.
    pub(super) fn publish(&self, plan: &Publish, topic: String, qos: QoS, payload: Bytes) {
        // What it has no room for is as if nobody had wanted to publish it.
        match self {
            Self::Old(client) => {
                client.try_publish(topic, old_qos(qos), plan.retain, payload).ok();
            }
            Self::New(client) => {
                let properties = PublishProperties {
                    message_expiry_interval: plan.expiry,
                    ..PublishProperties::default()
                };
                match plan.expiry {
                    Some(_) => {
                        let qos = new_qos(qos);
                        client.try_publish_with_properties(topic, qos, plan.retain, payload, properties).ok()
                    }
                    None => client.try_publish(topic, new_qos(qos), plan.retain, payload).ok(),
                };
            }
        }
    }

    /// Subscribes to everything that the group subscribes to. Whether the library had room for it.
    pub(super) fn subscribe(&self, group: &Group, number: u32) -> bool {
        let filters = group.subscribe.iter().map(|each| (each.filter.fill(number), each.qos));
        match self {
            Self::Old(client) => {
                let filters =
                    filters.map(|(filter, qos)| rumqttc::SubscribeFilter::new(filter, old_qos(qos)));
                client.try_subscribe_many(filters).is_ok()
            }
            Self::New(client) => {
                let filters = filters.map(|(filter, qos)| Filter::new(filter, new_qos(qos)));
                client.try_subscribe_many(filters).is_ok()
            }
        }
    }
}

impl Work {
    /// Lets the library go on until something has happened. Its words for what went wrong, otherwise.
    pub(super) async fn go_on(&mut self) -> Result<Heard, String> {
        match self {
            Self::Old(work) => match work.poll().await.map_err(|error| error.to_string())? {
                rumqttc::Event::Incoming(packet) => Ok(old_heard(packet)),
                rumqttc::Event::Outgoing(_) => Ok(Heard::Other),
            },
            Self::New(work) => match work.poll().await.map_err(|error| error.to_string())? {
                rumqttc::v5::Event::Incoming(packet) => Ok(new_heard(packet)),
                rumqttc::v5::Event::Outgoing(_) => Ok(Heard::Other),
            },
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "another project's packets, of which three matter")]
fn old_heard(packet: rumqttc::Packet) -> Heard {
    match packet {
        rumqttc::Packet::ConnAck(connack) => Heard::Accepted(connack.session_present),
        rumqttc::Packet::SubAck(_) => Heard::Subscribed,
        rumqttc::Packet::Publish(publish) => Heard::Message(publish.payload),
        _ => Heard::Other,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "another project's packets, of which three matter")]
fn new_heard(packet: Packet) -> Heard {
    match packet {
        Packet::ConnAck(connack) => Heard::Accepted(connack.session_present),
        Packet::SubAck(_) => Heard::Subscribed,
        Packet::Publish(publish) => Heard::Message(publish.payload),
        _ => Heard::Other,
    }
}

fn largest() -> usize {
    usize::try_from(LARGEST).unwrap_or(usize::MAX)
}

const fn old_qos(qos: QoS) -> rumqttc::QoS {
    match qos {
        QoS::AtMostOnce => rumqttc::QoS::AtMostOnce,
        QoS::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
        QoS::ExactlyOnce => rumqttc::QoS::ExactlyOnce,
    }
}

const fn new_qos(qos: QoS) -> rumqttc::v5::mqttbytes::QoS {
    use rumqttc::v5::mqttbytes::QoS as New;
    match qos {
        QoS::AtMostOnce => New::AtMostOnce,
        QoS::AtLeastOnce => New::AtLeastOnce,
        QoS::ExactlyOnce => New::ExactlyOnce,
    }
}
