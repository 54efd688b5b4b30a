//! A CONNECT that is not accepted (§3.1.4, §3.2.2).

use mqttspec_wire::{Packet, ReasonCode, Version, packet::Connect};

use super::{
    Broker, ConnectionId, Notice, Rule, connack, ending::Ending, message::Message, session::Link, turn::Turn,
};

/// Why a CONNECT is not accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    /// The Reason Code of MQTT 5.0.
    pub(crate) reason: ReasonCode,
    pub(crate) text: &'static str,
}

impl Refusal {
    pub(crate) const fn new(reason: ReasonCode, text: &'static str) -> Self {
        Self { reason, text }
    }
}

impl Broker {
    /// Answers a CONNECT that is well-formed but not accepted, and closes.
    pub(crate) fn refuse(&mut self, turn: &mut Turn, id: ConnectionId, connect: &Connect, refusal: Refusal) {
        let Refusal { reason, text } = refusal;
        let client_id = &connect.client_id;
        self.note(|| {
            let (client_id, text) = (client_id.clone(), text.to_owned());
            Notice::Refused { connection: id, client_id, reason, text }
        });
        let mut link = Link::new(id, connect);
        if !self.config.offers(Version::V5_0) {
            link.version = Version::V3_1_1; // the only way in which it can say it
        }
        let told = match refusal.reason {
            ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => turn.obeys(Rule::UnsupportedVersionAnswered),
            ReasonCode::CLIENT_IDENTIFIER_NOT_VALID => turn.obeys(Rule::RejectedIdentifierAnswered),
            _ => turn.obeys(Rule::RefusalAnswered),
        };
        if told {
            self.send_refusal(turn, &link, refusal);
        }
        if !turn.obeys(Rule::NoDisconnectBeforeConnack) {
            let properties = mqttspec_wire::Properties::new();
            let disconnect = mqttspec_wire::packet::Disconnect { reason: refusal.reason, properties };
            turn.send(&link, &Packet::Disconnect(disconnect));
        }
        if !turn.obeys(Rule::NothingProcessedAfterRefusal) {
            self.process_after_refusal(turn, id);
        }
        self.set_due(id, None);
        if turn.obeys(Rule::RefusalCloses) {
            self.end(turn, id, Ending::Unanswered);
        }
    }

    /// Sends the CONNACK of a refusal, if the version has a code for it.
    fn send_refusal(&self, turn: &mut Turn, link: &Link, refusal: Refusal) {
        let reason = match link.version {
            Version::V5_0 => Some(refusal.reason),
            Version::V3_1_1 => v3_return_code(refusal.reason),
        };
        if let Some(reason) = reason {
            let connack = Packet::Connack(connack::refusal(turn, reason));
            turn.answer(link, &self.with_reference(turn, link, connack), refusal.text);
        }
    }

    /// Carries out what was sent behind a refused CONNECT.
    fn process_after_refusal(&mut self, turn: &mut Turn, id: ConnectionId) {
        while let Some(connection) = self.connections.get_mut(&id)
            && let Ok(Some(frame)) = connection.decoder.next()
        {
            if let Packet::Publish(publish) = frame.packet {
                let topic = publish.topic.clone();
                let message = Message::published(turn, topic, publish);
                self.accept(turn, None, &message.into());
            }
        }
    }
}

/// The return code of an MQTT 3.1.1 CONNACK (§3.2.2.3); where none fits, the server only closes.
const fn v3_return_code(reason: ReasonCode) -> Option<ReasonCode> {
    match reason {
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => Some(ReasonCode::V3_UNACCEPTABLE_PROTOCOL_VERSION),
        ReasonCode::CLIENT_IDENTIFIER_NOT_VALID => Some(ReasonCode::V3_IDENTIFIER_REJECTED),
        ReasonCode::QUOTA_EXCEEDED
        | ReasonCode::SERVER_BUSY
        | ReasonCode::USE_ANOTHER_SERVER
        | ReasonCode::SERVER_MOVED => Some(ReasonCode::V3_SERVER_UNAVAILABLE),
        ReasonCode::BAD_USER_NAME_OR_PASSWORD => Some(ReasonCode::V3_BAD_USER_NAME_OR_PASSWORD),
        ReasonCode::NOT_AUTHORIZED => Some(ReasonCode::V3_NOT_AUTHORIZED),
        _ => None,
    }
}
