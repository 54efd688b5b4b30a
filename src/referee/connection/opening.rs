//! Which packets may travel at all: what comes first, what comes once, what comes last (§3.1, §3.2, §3.14).

use mqttspec_wire::{
    Packet, ReasonCode, Sender,
    packet::{Connack, PacketType},
};

use super::{findings::Findings, sides::Sides};
use crate::referee::duty::duties;

duties! {
    CONNECT_FIRST: Client, Always, v3 "3.1.0-1", v5 "3.1.0-1";
    ONE_CONNECT: Client, Always, v3 "3.1.0-2", v5 "3.1.0-2";
    SECOND_CONNECT_NOT_ACCEPTED: Server, Always, v3 "3.1.0-2";
    MALFORMED_CONNECT_NOT_ACCEPTED: Server, Always, v3 "3.1.4-1", v5 "3.1.4-1" in "reason";
    CONNACK_FIRST: Server, Always, v3 "3.2.0-1", v5 "3.2.0-1";
    ONE_CONNACK: Server, Always, v5 "3.2.0-2";
    CLOSE_AFTER_REFUSAL: Server, Always, v3 "3.2.2-5", v5 "3.2.2-7";
    NO_DISCONNECT_BEFORE_CONNACK: Server, Always, v5 "3.14.0-1";
    NOTHING_AFTER_DISCONNECT: Both, Always, v3 "3.14.4-2", v5 "3.14.4-1";
}

/// How far the opening of the connection has come.
///
/// ```text
/// Unopened --CONNECT--> Connecting --CONNACK--> Accepted | Refused
/// ```
/// A gap leads to `Unknown`, from where nothing is said about the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Unopened,
    Connecting,
    Accepted,
    Refused,
    Unknown,
}

/// The order of packets on the connection.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) phase: Phase,
    /// The CONNECT could not be decoded.
    pub(super) malformed: bool,
    connected_twice: bool,
    /// Who has sent DISCONNECT.
    disconnected: Sides<bool>,
}

impl Opening {
    pub(super) fn new(phase: Phase) -> Self {
        Self { phase, malformed: false, connected_twice: false, disconnected: Sides::default() }
    }

    /// Whether the packet may be looked at more closely: whether it stands where it can have its usual meaning.
    pub(super) fn admit(&mut self, packet: &Packet, findings: &mut Findings) -> bool {
        let party = findings.party;
        if *self.disconnected.of(party) {
            let name = packet.packet_type().name();
            findings.breach(
                NOTHING_AFTER_DISCONNECT,
                format_args!("The {party} sent {name} although it had sent DISCONNECT"),
            );
            return false;
        }
        *self.disconnected.of_mut(party) = matches!(packet, Packet::Disconnect(_));
        match party {
            Sender::Client => self.admit_client(packet, findings),
            Sender::Server => self.admit_server(packet, findings),
        }
    }

    fn admit_client(&mut self, packet: &Packet, findings: &mut Findings) -> bool {
        let is_connect = matches!(packet, Packet::Connect(_));
        match self.phase {
            Phase::Unopened if is_connect => {
                self.phase = Phase::Connecting;
                true
            }
            Phase::Unopened => {
                connect_expected(packet.packet_type(), findings);
                self.phase = Phase::Unknown;
                false
            }
            Phase::Connecting | Phase::Accepted | Phase::Refused if is_connect => {
                self.connected_twice = true;
                findings.breach(ONE_CONNECT, format_args!("The client sent a second CONNECT"));
                false
            }
            Phase::Connecting | Phase::Accepted => true,
            // A client may have sent it before it got the refusal.
            Phase::Refused => false,
            Phase::Unknown => !is_connect,
        }
    }

    fn admit_server(&mut self, packet: &Packet, findings: &mut Findings) -> bool {
        match self.phase {
            Phase::Unopened | Phase::Connecting => self.admit_answer(packet, findings),
            Phase::Accepted => {
                let again = matches!(packet, Packet::Connack(_));
                if again {
                    self.second_connack(findings);
                }
                !again
            }
            Phase::Refused => {
                self.after_refusal(packet, findings);
                false
            }
            Phase::Unknown => !matches!(packet, Packet::Connack(_)),
        }
    }

    /// Before the server has sent a CONNACK.
    fn admit_answer(&mut self, packet: &Packet, findings: &mut Findings) -> bool {
        let is_v5 = findings.is_v5();
        if let Packet::Connack(connack) = packet {
            let is_awaited = self.phase == Phase::Connecting;
            if is_awaited {
                self.answered(connack, findings);
            } else {
                self.phase = Phase::Unknown;
            }
            return is_awaited;
        }
        if is_v5 && matches!(packet, Packet::Disconnect(_)) {
            findings.breach(
                NO_DISCONNECT_BEFORE_CONNACK,
                format_args!("The server sent DISCONNECT without having sent a CONNACK that accepts"),
            );
            return false;
        }
        let may_come_first = is_v5 && matches!(packet, Packet::Auth(_));
        if !may_come_first {
            let name = packet.packet_type().name();
            findings.breach(CONNACK_FIRST, format_args!("The server sent {name} before CONNACK"));
            self.phase = Phase::Unknown;
        }
        may_come_first
    }

    fn answered(&mut self, connack: &Connack, findings: &mut Findings) {
        let accepted = connack.reason == ReasonCode::SUCCESS;
        self.phase = if accepted { Phase::Accepted } else { Phase::Refused };
        if accepted && self.malformed {
            findings.breach(
                MALFORMED_CONNECT_NOT_ACCEPTED,
                format_args!("The server accepted a CONNECT that is not as the standard requires"),
            );
        }
    }

    fn second_connack(&self, findings: &mut Findings) {
        findings.breach(ONE_CONNACK, format_args!("The server sent a second CONNACK"));
        if self.connected_twice {
            findings.breach(
                SECOND_CONNECT_NOT_ACCEPTED,
                format_args!("The server answered a second CONNECT by a CONNACK instead of disconnecting"),
            );
        }
    }

    fn after_refusal(&self, packet: &Packet, findings: &mut Findings) {
        let is_v5 = findings.is_v5();
        if is_v5 && matches!(packet, Packet::Connack(_)) {
            self.second_connack(findings);
        } else if is_v5 && matches!(packet, Packet::Disconnect(_)) {
            findings.breach(
                NO_DISCONNECT_BEFORE_CONNACK,
                format_args!("The server sent DISCONNECT after a CONNACK that refuses"),
            );
        } else {
            let name = packet.packet_type().name();
            findings.breach(
                CLOSE_AFTER_REFUSAL,
                format_args!("The server sent {name} after a CONNACK that refuses, where it has to close"),
            );
        }
    }
}

/// The client began with a packet of this type.
pub(super) fn connect_expected(packet: PacketType, findings: &mut Findings) {
    let name = packet.name();
    findings.breach(CONNECT_FIRST, format_args!("The client's first packet is {name}, not CONNECT"));
}
