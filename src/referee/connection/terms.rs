//! What CONNECT and CONNACK announced for the network connection.

use mqttspec_wire::{
    QoS, Sender,
    packet::{Connack, Connect},
};

/// The terms of the connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the standard has a flag for each")]
pub(super) struct Terms {
    pub(super) clean_start: bool,
    pub(super) empty_client_id: bool,
    /// In seconds, 0 for none.
    pub(super) keep_alive: u16,
    pub(super) will: Option<WillTerms>,
    /// Authentication Method.
    pub(super) method: Option<Box<str>>,
    /// Request Problem Information.
    pub(super) problem_information: bool,
    /// Request Response Information.
    pub(super) response_information: bool,
    /// In seconds.
    pub(super) session_expiry: u32,
    /// What the client takes.
    client: Limits,
    /// What the server answered, if it accepted.
    pub(super) accepted: Option<Accepted>,
}

/// The will, as far as a server may be unable to keep it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WillTerms {
    pub(super) qos: QoS,
    pub(super) retain: bool,
}

/// What one side takes from the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) receive_maximum: u16,
    /// In bytes.
    pub(super) packet_size: u32,
    pub(super) topic_alias: u16,
}

/// The CONNACK of a server that accepted.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the standard has a flag for each")]
pub(super) struct Accepted {
    pub(super) session_present: bool,
    pub(super) maximum_qos: QoS,
    pub(super) retain: bool,
    pub(super) wildcards: bool,
    pub(super) subscription_identifiers: bool,
    pub(super) shared_subscriptions: bool,
    /// In seconds; none where the client's own value counts.
    pub(super) keep_alive: Option<u16>,
    server: Limits,
}

impl Terms {
    /// What the client asked for.
    pub(super) fn asked(connect: &Connect) -> Self {
        let properties = &connect.properties;
        Self {
            clean_start: connect.clean_start,
            empty_client_id: connect.client_id.is_empty(),
            keep_alive: connect.keep_alive,
            will: connect.will.as_ref().map(|will| WillTerms { qos: will.qos, retain: will.retain }),
            method: properties.authentication_method().map(|method| method.as_str().into()),
            problem_information: properties.request_problem_information() != Some(0),
            response_information: properties.request_response_information() == Some(1),
            session_expiry: properties.session_expiry_interval().unwrap_or(0),
            client: Limits {
                receive_maximum: properties.receive_maximum().unwrap_or(u16::MAX),
                packet_size: properties.maximum_packet_size().unwrap_or(u32::MAX),
                topic_alias: properties.topic_alias_maximum().unwrap_or(0),
            },
            accepted: None,
        }
    }

    /// What the side that gets a packet takes; unknown until it has said so.
    pub(super) fn limits(&self, receiver: Sender) -> Option<Limits> {
        match receiver {
            Sender::Client => Some(self.client),
            Sender::Server => self.accepted.map(|accepted| accepted.server),
        }
    }

    /// Whether all that `side` knows of the session came over this network connection.
    ///
    /// A client may go on with what it remembers even where the server has forgotten it, as MQTT 3.1.1 says nothing
    /// else and as MQTT 5.0 allows before CONNACK; only Clean Start shows that it starts anew. A server that goes on with
    /// a session although it says that there is none breaks a statement about Session Present and no other.
    pub(super) fn is_fresh(&self, side: Sender) -> bool {
        match side {
            Sender::Client => self.clean_start,
            Sender::Server => {
                self.clean_start && self.accepted.is_some_and(|accepted| !accepted.session_present)
            }
        }
    }

    /// The keep-alive in force, in seconds; 0 for none. Unknown until the server has accepted.
    pub(super) fn effective_keep_alive(&self) -> Option<u16> {
        self.accepted.map(|accepted| accepted.keep_alive.unwrap_or(self.keep_alive))
    }
}

impl Accepted {
    /// What the server granted.
    pub(super) fn granted(connack: &Connack) -> Self {
        let properties = &connack.properties;
        Self {
            session_present: connack.session_present,
            maximum_qos: properties.maximum_qos().and_then(QoS::new).unwrap_or(QoS::ExactlyOnce),
            retain: properties.retain_available() != Some(0),
            wildcards: properties.wildcard_subscription_available() != Some(0),
            subscription_identifiers: properties.subscription_identifier_available() != Some(0),
            shared_subscriptions: properties.shared_subscription_available() != Some(0),
            keep_alive: properties.server_keep_alive(),
            server: Limits {
                receive_maximum: properties.receive_maximum().unwrap_or(u16::MAX),
                packet_size: properties.maximum_packet_size().unwrap_or(u32::MAX),
                topic_alias: properties.topic_alias_maximum().unwrap_or(0),
            },
        }
    }
}
