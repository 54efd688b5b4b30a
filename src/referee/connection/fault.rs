//! Packets that could not be decoded.

use std::time::Duration;

use mqttspec_spec::StatementId;
use mqttspec_wire::{Fault, FaultKind, Sender};

use super::{
    Connection,
    findings::{Findings, violation},
    opening::{Phase, connect_expected},
    sides::peer,
};
use crate::referee::Violation;

/// What a fault is to the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A CONNECT of a known version that is not as the standard requires.
    Connect,
    /// A CONNECT for a protocol that the standards at hand say nothing about.
    OtherProtocol,
    /// A server's answer in the words of a version that the client did not ask for.
    OtherVersion,
    /// Any other packet, or none at all.
    Other,
}

impl Connection {
    /// `sender` sent a packet that the decoder rejected. Whatever the packet was meant to do is unknown from here on.
    ///
    /// The fault counts for the statement that the decoder names. Nobody is accused of speaking another version or
    /// another protocol.
    pub fn fault(&mut self, _at: Duration, sender: Sender, fault: &Fault) -> Vec<Violation> {
        let kind = self.kind(sender, fault);
        let violations = match kind {
            Kind::OtherProtocol | Kind::OtherVersion => Vec::new(),
            Kind::Connect | Kind::Other if self.mirrors(sender, fault) => Vec::new(),
            Kind::Connect | Kind::Other => self.accuse(sender, fault),
        };
        *self.broke.of_mut(sender) = true;
        self.missed = true;
        match kind {
            Kind::Connect => {
                self.version = fault.statement.map(StatementId::version);
                self.opening.phase = Phase::Connecting;
                self.opening.malformed = true;
            }
            Kind::OtherProtocol | Kind::OtherVersion => {
                self.version = None;
                self.lose_sight();
            }
            Kind::Other if matches!(self.opening.phase, Phase::Unopened | Phase::Connecting) => {
                self.lose_sight();
            }
            Kind::Other => {}
        }
        violations
    }

    fn kind(&self, sender: Sender, fault: &Fault) -> Kind {
        let opens = sender == Sender::Client && self.opening.phase == Phase::Unopened;
        if matches!(fault.kind, FaultKind::OldConnack(_)) {
            Kind::OtherVersion
        } else if opens && matches!(fault.kind, FaultKind::UnsupportedProtocol { .. }) {
            Kind::OtherProtocol
        } else if opens && fault.statement.is_some() && !is_of_another_packet(&fault.kind) {
            Kind::Connect
        } else {
            Kind::Other
        }
    }

    /// Whether the server's answer only has the fault of what it answers: the Packet Identifier zero, or no code for no
    /// filter. Then its breach is that it answers at all, and that is not for the answer to show.
    fn mirrors(&self, sender: Sender, fault: &Fault) -> bool {
        sender == Sender::Server
            && *self.broke.of(Sender::Client)
            && matches!(fault.kind, FaultKind::ZeroPacketId | FaultKind::NoReasonCode)
    }

    fn accuse(&self, sender: Sender, fault: &Fault) -> Vec<Violation> {
        let is_known = sender == Sender::Client || self.version.is_some();
        // To answer what has no valid identifier under just that identifier is no breach of the answer's own duty.
        if matches!(fault.kind, FaultKind::ZeroPacketId) && *self.broke.of(peer(sender)) {
            return Vec::new();
        }
        match (fault.statement, &fault.kind, self.version) {
            (Some(statement), kind, _) if is_known => {
                let what = format_args!("The {sender} sent a packet whose {} is wrong: {kind}", fault.field);
                vec![violation(sender, statement, what)]
            }
            (None, FaultKind::ConnectExpected(packet), Some(version)) => {
                let mut findings = Findings::new(sender, version, self.extent(sender));
                connect_expected(*packet, &mut findings);
                findings.into_violations()
            }
            (_, _, _) => Vec::new(),
        }
    }
}

/// Whether it is not a CONNECT that is at fault.
const fn is_of_another_packet(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::ConnectExpected(_) | FaultKind::NotFromSender { .. } | FaultKind::ReservedType(_)
    )
}
