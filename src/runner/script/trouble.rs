//! Why a step does not hold.

use mqttspec_wire::{Packet, ReasonCode};

use crate::{
    runner::value::ValueError,
    scenario::ast::Judgement,
    stage::{Link, LinkState, Received},
};

/// Why a step does not hold.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) nature: Nature,
    /// What was acceptable.
    pub(super) expected: String,
    /// What was seen instead.
    pub(super) observed: String,
    /// The packets that show it, by their place in the evidence.
    pub(super) packets: Vec<usize>,
    /// The names of the parts of these packets that are not as expected, if it is only some.
    pub(super) parts: Vec<String>,
    /// Whether the load of many scenarios at once could show the same.
    pub(super) haste: Haste,
}

/// How far a verdict may be that of the load under which it was found. The order is that of the pains that it takes to
/// find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runner) enum Haste {
    /// Packets prove it, or the scenario was passed.
    None,
    /// Something did not come, or came at a wrong time.
    Late,
    /// The broker closed the network connection and did not say why, as it may after a transient error.
    Closed,
    /// A client got messages of other scenarios: nothing is sure that was played beside others.
    MixedUp,
}

/// What kind of trouble it is.
#[derive(Debug)]
pub(super) enum Nature {
    /// What was seen is not acceptable; the step says how that is judged.
    Breach,
    /// What was expected did not come; the step says how that is judged, apart from what did come if it likes.
    Missing,
    /// What was seen has a grade of its own.
    Graded(Box<Judgement>),
    /// Nothing can be concluded.
    Undecided,
    /// The broker could not be reached.
    Unreachable,
    /// The scenario asks for something impossible.
    Harness,
}

impl Trouble {
    pub(super) fn breach(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self {
            nature: Nature::Breach,
            expected: expected.into(),
            observed: observed.into(),
            packets: Vec::new(),
            parts: Vec::new(),
            haste: Haste::None,
        }
    }

    /// What was expected did not come.
    pub(super) fn missing(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { nature: Nature::Missing, ..Self::breach(expected, observed) }
    }

    /// It rests on what did not come, or came at a wrong time.
    pub(super) fn late(self) -> Self {
        Self { haste: Haste::Late, ..self }
    }

    /// The same trouble where it decides nothing.
    pub(super) fn into_undecided(self) -> Self {
        let nature = match self.nature {
            Nature::Breach | Nature::Missing | Nature::Graded(_) | Nature::Undecided => Nature::Undecided,
            Nature::Unreachable => Nature::Unreachable,
            Nature::Harness => Nature::Harness,
        };
        Self { nature, ..self }
    }

    pub(super) fn undecided(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { nature: Nature::Undecided, ..Self::breach(expected, observed) }
    }

    pub(super) fn harness(observed: impl Into<String>) -> Self {
        Self { nature: Nature::Harness, ..Self::breach("a step that can be played", observed) }
    }

    pub(super) fn shown_by(mut self, received: &Received) -> Self {
        self.packets.push(received.evidence);
        self
    }

    /// It rests on these parts of the packet.
    pub(super) fn at(self, parts: Vec<String>) -> Self {
        Self { parts, ..self }
    }

    /// A packet that is not the one expected.
    ///
    /// A broker may refuse a connection for reasons of its own; if it says so, nothing is concluded from it.
    pub(super) fn unfit(expected: impl Into<String>, observed: String, received: &Received) -> Self {
        let by_choice = parting_reason(&received.packet).is_some_and(is_the_brokers_choice);
        let trouble =
            if by_choice { Self::undecided(expected, observed) } else { Self::breach(expected, observed) };
        trouble.shown_by(received)
    }

    /// The network connection ended, or cannot be read any more, while something else was expected of it.
    ///
    /// A broker may end a connection for reasons of its own; if it says so, nothing is concluded from it.
    pub(super) fn ended(expected: impl Into<String>, link: &Link) -> Self {
        let last =
            link.inbox.iter().rev().find_map(|received| {
                parting_reason(&received.packet).map(|reason| (reason, received.evidence))
            });
        if let Some(garbled) = &link.garbled {
            return Self::undecided(expected, format!("the broker's bytes cannot be read: {garbled}"));
        }
        match (&link.state, last) {
            (LinkState::Refused(why), _) => Self {
                nature: Nature::Unreachable,
                ..Self::breach(expected, format!("no network connection: {why}")).late()
            },
            (LinkState::Closed { .. }, Some((reason, evidence))) => {
                let observed = format!("the broker closed the network connection with reason {reason}");
                let trouble = if is_the_brokers_choice(reason) {
                    Self::undecided(expected, observed)
                } else {
                    Self::missing(expected, observed)
                };
                Self { packets: vec![evidence], ..trouble }
            }
            (LinkState::Closed { .. } | LinkState::Open | LinkState::Opening, _) => {
                let closed = Self::missing(expected, "the broker closed the network connection");
                Self { haste: Haste::Closed, ..closed }
            }
        }
    }
}

/// The reason in a packet with which a broker turns a client away.
pub(super) fn parting_reason(packet: &Packet) -> Option<ReasonCode> {
    if let Packet::Disconnect(disconnect) = packet {
        return Some(disconnect.reason);
    }
    if let Packet::Connack(connack) = packet { Some(connack.reason) } else { None }
}

/// Reasons for which a server may turn any client away without a fault on either side. Return codes of MQTT 3.1.1 are
/// no others in MQTT 5.0.
pub(super) fn is_the_brokers_choice(reason: ReasonCode) -> bool {
    const OLD_SERVER_UNAVAILABLE: ReasonCode = ReasonCode(3);
    const OLD_BAD_USER_NAME_OR_PASSWORD: ReasonCode = ReasonCode(4);
    const OLD_NOT_AUTHORIZED: ReasonCode = ReasonCode(5);
    [
        OLD_SERVER_UNAVAILABLE,
        OLD_BAD_USER_NAME_OR_PASSWORD,
        OLD_NOT_AUTHORIZED,
        ReasonCode::BAD_USER_NAME_OR_PASSWORD,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR,
        ReasonCode::NOT_AUTHORIZED,
        ReasonCode::SERVER_UNAVAILABLE,
        ReasonCode::SERVER_BUSY,
        ReasonCode::BANNED,
        ReasonCode::SERVER_SHUTTING_DOWN,
        ReasonCode::MESSAGE_RATE_TOO_HIGH,
        ReasonCode::PACKET_TOO_LARGE,
        ReasonCode::QUOTA_EXCEEDED,
        ReasonCode::ADMINISTRATIVE_ACTION,
        ReasonCode::USE_ANOTHER_SERVER,
        ReasonCode::SERVER_MOVED,
        ReasonCode::CONNECTION_RATE_EXCEEDED,
        ReasonCode::MAXIMUM_CONNECT_TIME,
    ]
    .contains(&reason)
}

impl From<ValueError> for Trouble {
    fn from(error: ValueError) -> Self {
        Self::harness(error.to_string())
    }
}
