//! What is wrong with a packet, and what is done about it (§4.8 of MQTT 3.1.1, §4.13 of MQTT 5.0).

mod repair;

use mqttspec_wire::{
    Decoder, Fault, FaultKind, Packet, ReasonCode, Rejected, Sender, Utf8String, Version, packet::PacketType,
};

use super::{
    Broker, ConnectionId, Notice, Rule, connack, connection::State, ending::Ending, refusal::Refusal,
    turn::Turn,
};

/// The rule about versions that are not offered, be it that they are unknown or that the configuration says so.
pub(crate) const UNSUPPORTED_VERSION: Rule = Rule::UnsupportedVersionRefused;

/// To how many characters a fault is explained.
const EXPLANATION: usize = 200;

impl Rule {
    /// The rule that a faulty packet breaks. Those about packets from clients are told apart by their statements.
    fn broken_by(fault: &Fault) -> Self {
        let named = fault.statement.and_then(|statement| {
            Self::OF_FAULTS.iter().find(|rule| rule.statements().contains(&statement)).copied()
        });
        if matches!(fault.kind, FaultKind::ConnectExpected(_)) {
            Rule::FirstPacketIsConnect
        } else if matches!(fault.kind, FaultKind::UnsupportedProtocol { .. }) {
            UNSUPPORTED_VERSION
        } else {
            named.unwrap_or(Rule::FieldsComplete)
        }
    }
}

impl Broker {
    /// A packet cannot be accepted: the connection is closed, except by a mutant, which makes the best of the packet
    /// or ignores it.
    pub(crate) fn on_fault(&mut self, turn: &mut Turn, id: ConnectionId, rejected: &Rejected) {
        let fault = &rejected.fault;
        if !turn.obeys(Rule::broken_by(fault)) {
            return self.tolerate(turn, id, rejected);
        }
        let Some(connection) = self.connections.get(&id) else { return };
        match &connection.state {
            State::Connected { .. } => {
                self.end(turn, id, Ending::Error(fault.reason(), &explanation(fault)));
            }
            State::Authenticating(attempt) => {
                let connect = attempt.connect.clone();
                let refusal = Refusal::new(fault.reason(), "the client's answer cannot be read");
                self.refuse(turn, id, &connect, refusal);
                // Also where refused clients stay, since nothing behind the packet could be read.
                self.end(turn, id, Ending::Unanswered);
            }
            State::AwaitsConnect | State::Verifying(_) => self.refuse_malformed(turn, id, rejected),
        }
    }

    /// Answers what should have been a CONNECT, if its sender can be told, and closes.
    fn refuse_malformed(&mut self, turn: &mut Turn, id: ConnectionId, rejected: &Rejected) {
        let fault = &rejected.fault;
        self.note(|| {
            let (reason, text) = (fault.reason(), explanation(fault));
            Notice::Refused { connection: id, client_id: Utf8String::new(), reason, text }
        });
        let is_connect = rejected.raw.first().is_some_and(|first| first >> 4 == PacketType::Connect.number());
        let answer = if let FaultKind::UnsupportedProtocol { name, .. } = &fault.kind {
            if *name == *"MQTT" { self.version_refusal(turn) } else { None }
        } else if is_connect {
            malformed_refusal(turn, rejected)
        } else {
            None
        };
        if let Some((version, reason)) = answer {
            let connack = connack::refusal(turn, reason);
            turn.send_on(id, version, &Packet::Connack(connack));
        }
        self.end(turn, id, Ending::Unanswered);
    }

    /// The CONNACK for a protocol level that is not offered.
    fn version_refusal(&self, turn: &Turn) -> Option<(Version, ReasonCode)> {
        if !turn.obeys(Rule::UnsupportedLevelAnswered) {
            return None;
        }
        Some(if self.config.offers(Version::V3_1_1) {
            (Version::V3_1_1, ReasonCode::V3_UNACCEPTABLE_PROTOCOL_VERSION)
        } else {
            (Version::V5_0, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION)
        })
    }

    /// Goes on after a faulty packet as if nothing were wrong with it, if it can be put right.
    fn tolerate(&mut self, turn: &mut Turn, id: ConnectionId, rejected: &Rejected) {
        let maximum = self.accepted_packet_size(turn, self.link(id).is_some());
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let awaits_connect = matches!(connection.state, State::AwaitsConnect);
        let version = connection.decoder.version();
        let rest = connection.decoder.pending().to_vec();
        let packet = repair::repaired(version, rejected);
        let learnt = match &packet {
            Some(Packet::Connect(connect)) => version.or(Some(connect.version)),
            Some(_) | None => version,
        };
        connection.decoder = Decoder::new(Sender::Client, learnt).with_max_packet_size(maximum);
        connection.decoder.feed(&rest);
        if awaits_connect {
            self.set_due(id, None);
        }
        if let Some(packet) = packet {
            self.on_packet(turn, id, packet);
        }
    }
}

/// The CONNACK for a malformed CONNECT, which MQTT 3.1.1 has no code for.
fn malformed_refusal(turn: &Turn, rejected: &Rejected) -> Option<(Version, ReasonCode)> {
    match asked_version(&rejected.raw)? {
        Version::V5_0 => Some((Version::V5_0, rejected.fault.reason())),
        Version::V3_1_1 if turn.obeys(Rule::MalformedConnectNotAnswered) => None,
        Version::V3_1_1 => Some((Version::V3_1_1, ReasonCode::V3_IDENTIFIER_REJECTED)),
    }
}

/// The version that a CONNECT asks for, however faulty the rest of it is.
fn asked_version(raw: &[u8]) -> Option<Version> {
    let header = 1 + raw.iter().skip(1).take(4).take_while(|byte| **byte >= 0x80).count() + 1;
    let level = raw.get(header..)?.strip_prefix(b"\0\x04MQTT")?.first()?;
    Version::ALL.into_iter().find(|version| version.protocol_level() == *level)
}

/// What people are told about a fault: where it is, what it is, and which statement it breaks. A fault may quote its
/// sender, though not at length.
fn explanation(fault: &Fault) -> String {
    fault.to_string().chars().take(EXPLANATION).collect()
}
