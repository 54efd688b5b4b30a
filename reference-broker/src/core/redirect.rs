//! Sending clients to another server (MQTT 5.0 §4.11).

use mqttspec_wire::{Packet, Property, ReasonCode, Utf8String, Version};

use super::{
    Broker, Rule,
    refusal::Refusal,
    session::Link,
    turn::{Turn, with},
};

/// Another server to which clients are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The Server Reference: where it is (MQTT 5.0 §4.11).
    pub server_reference: String,
    /// Whether clients are to stay there (0x9D Server moved), or only for now (0x9C Use another server).
    pub is_permanent: bool,
    /// Whether clients are served here until this server shuts down; otherwise none is let in.
    pub at_shutdown: bool,
}

impl Redirect {
    /// The Reason Code that sends a client there.
    pub(crate) const fn reason(&self) -> ReasonCode {
        if self.is_permanent { ReasonCode::SERVER_MOVED } else { ReasonCode::USE_ANOTHER_SERVER }
    }
}

impl Broker {
    /// Whether clients are served here.
    pub(crate) fn check_redirect(&self) -> Result<(), Refusal> {
        match &self.config.redirect {
            Some(redirect) if !redirect.at_shutdown => {
                Err(Refusal::new(redirect.reason(), "clients are served elsewhere"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Why connections are closed when the broker ends.
    pub(crate) fn reason_of_shutdown(&self) -> ReasonCode {
        self.config.redirect.as_ref().map_or(ReasonCode::SERVER_SHUTTING_DOWN, Redirect::reason)
    }

    /// A packet that sends the client away, with the place to go to if the client accepts one as long as that.
    pub(crate) fn with_reference(&self, turn: &Turn, to: &Link, packet: Packet) -> Packet {
        let reason = match &packet {
            Packet::Connack(connack) => connack.reason,
            Packet::Disconnect(disconnect) => disconnect.reason,
            Packet::Connect(_)
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
            | Packet::Auth(_) => return packet,
        };
        let redirect = self.config.redirect.as_ref().filter(|redirect| redirect.reason() == reason);
        redirect
            .filter(|_| to.version == Version::V5_0 && turn.obeys(Rule::OtherServerNamed))
            .and_then(|redirect| Utf8String::try_from(redirect.server_reference.as_str()).ok())
            .and_then(|reference| with(&packet, Property::ServerReference(reference)))
            .filter(|longer| turn.fits(to, longer))
            .unwrap_or(packet)
    }
}
