//! What a client does with its session state once it knows whether the server has any (MQTT 5.0 §3.2.2.1.1).

use mqttspec_wire::{Packet, PacketId, Sender};

use super::{exchanges::Exchanges, findings::Findings, sides::Sides, terms::Terms};
use crate::referee::duty::duties;

duties! {
    NO_SESSION_WITHOUT_STATE: Client, Sighted, v5 "3.2.2-4";
    STATE_IS_DISCARDED: Client, Sighted, v5 "3.2.2-5";
}

/// What is known of the client and its CONNACK.
#[derive(Debug, Default)]
pub(super) struct Resumption {
    /// It has read it. What a client sends after CONNECT it may have sent without waiting for an answer, unless it
    /// answers something that came after the CONNACK.
    has_read_connack: bool,
}

impl Resumption {
    /// A packet of the client.
    pub(super) fn client(
        &mut self,
        packet: &Packet,
        exchanges: &Sides<Exchanges>,
        terms: &Terms,
        findings: &mut Findings,
    ) {
        let is_new = |id: PacketId| !exchanges.of(Sender::Client).is_known(id);
        match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack)
                if exchanges.of(Sender::Server).is_open(ack.id) =>
            {
                self.answered(terms, findings);
            }
            Packet::Pubrel(ack) if is_new(ack.id) => self.went_on("PUBREL", ack.id, terms, findings),
            Packet::Publish(publish) if publish.delivery.dup() => {
                if let Some(id) = publish.delivery.id().filter(|id| is_new(*id)) {
                    self.went_on("PUBLISH with DUP 1", id, terms, findings);
                }
            }
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

    /// It answered a message that came over this network connection.
    fn answered(&mut self, terms: &Terms, findings: &mut Findings) {
        self.has_read_connack = true;
        if terms.clean_start && terms.accepted.is_some_and(|accepted| accepted.session_present) {
            findings.breach(
                NO_SESSION_WITHOUT_STATE,
                format_args!(
                    "The client goes on although the CONNACK has Session Present 1, where its Clean Start left it no session"
                ),
            );
        }
    }

    /// It sent what belongs to an exchange that began on an earlier network connection.
    fn went_on(&self, what: &str, id: PacketId, terms: &Terms, findings: &mut Findings) {
        let is_gone = terms.accepted.is_some_and(|accepted| !accepted.session_present);
        if self.has_read_connack && is_gone && !terms.clean_start {
            findings.breach(
                STATE_IS_DISCARDED,
                format_args!(
                    "{what} {id} goes on with what the client had begun before, although the CONNACK has Session Present 0"
                ),
            );
        }
    }
}
