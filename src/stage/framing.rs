//! What a broker can do wrong before there are packets: MQTT over WebSocket (MQTT 5.0 §6).

use bytes::Bytes;
use mqttspec_spec::{Level, StatementId, Version, v3, v5};
use mqttspec_wire::Sender;

use super::{Link, LinkState, link::Note};
use crate::referee::Violation;

/// The statements that are judged on every network connection over WebSocket.
pub const JUDGED: [StatementId; 4] = [v3!("6.0.0-1"), v5!("6.0.0-1"), v3!("6.0.0-4"), v5!("6.0.0-4")];

impl Link {
    /// The server answered the offer of the subprotocol `mqtt` with another one. Also says so in words.
    pub(super) fn wrong_subprotocol(&mut self) -> (String, Violation) {
        let why = "the broker chose another WebSocket subprotocol than mqtt, the only one offered";
        self.state = LinkState::Refused(why.to_owned());
        (why.to_owned(), self.breach(v3!("6.0.0-4"), v5!("6.0.0-4"), why))
    }

    /// The server sent a text frame.
    pub(super) fn text_frame(&mut self, text: Bytes) -> Note {
        let why = "a WebSocket text frame, where MQTT travels in binary frames only";
        self.garbled = Some(why.to_owned());
        let mut note = self.raw(Sender::Server, text, "a text frame".to_owned(), Some(why.to_owned()));
        note.violations = vec![self.breach(v3!("6.0.0-1"), v5!("6.0.0-1"), why)];
        note
    }

    fn breach(&self, older: StatementId, newer: StatementId, what: &str) -> Violation {
        let statement = match self.version {
            Version::V3_1_1 => older,
            Version::V5_0 => newer,
        };
        Violation { party: Sender::Server, statement, level: Level::Must, what: what.to_owned(), part: None }
    }
}
