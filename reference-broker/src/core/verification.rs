//! Passwords that are only known by their hashes, which takes longer to verify than the core may take.
//!
//! The core asks with [`Output::Verify`](super::Output::Verify), and goes on with other clients until
//! [`Input::Verified`](super::Input::Verified) comes.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use mqttspec_wire::{ReasonCode, packet::Connect};

use super::{
    Broker, ConnectionId,
    authenticate::{WRONG_PASSWORD, insist},
    connection::State,
    ending::Ending,
    refusal::Refusal,
    turn::Turn,
};

/// A password as the broker knows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// As it is.
    Plain(Bytes),
    /// By its hash, in a form that only who verifies it has to understand.
    Hashed(Arc<str>),
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Hashed(_) => "Hashed(..)",
        })
    }
}

impl<T: Into<Bytes>> From<T> for Password {
    fn from(password: T) -> Self {
        Self::Plain(password.into())
    }
}

/// Whether a password has a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It has.
    Right,
    /// It has not.
    Wrong,
    /// There was too much to do to find out.
    Unknown,
}

/// A CONNECT whose password is being verified.
#[derive(Debug)]
pub(crate) struct Verification {
    pub(crate) connect: Connect,
    /// Whether there is such a user. If not, another user's hash is verified, so that the time does not tell.
    pub(crate) is_known: bool,
}

impl Broker {
    /// The answer to [`Output::Verify`](super::Output::Verify).
    pub(crate) fn verified(&mut self, turn: &mut Turn, id: ConnectionId, verified: Verified) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let State::Verifying(verification) = &connection.state else { return };
        let Verification { connect, is_known } = &**verification;
        let (connect, is_known) = (connect.clone(), *is_known);
        let judged = match verified {
            Verified::Right if is_known => Ok(()),
            Verified::Right | Verified::Wrong => insist(turn, WRONG_PASSWORD),
            Verified::Unknown => Err(Refusal::new(ReasonCode::SERVER_BUSY, "too many clients connect")),
        };
        match judged {
            Ok(()) => self.accept_connect(turn, id, &connect, None),
            Err(refusal) => self.refuse(turn, id, &connect, refusal),
        }
        // What the client has sent meanwhile.
        self.received(turn, id, Bytes::new());
    }

    /// Whether the client has to wait for the verification of its password. One that sends too much meanwhile is given
    /// up.
    pub(crate) fn awaits_verification(&mut self, turn: &mut Turn, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(&id) else { return true };
        if !matches!(connection.state, State::Verifying(_)) {
            return false;
        }
        if connection.decoder.pending().len() > self.config.maximum_packet_size as usize {
            self.end(turn, id, Ending::Unanswered);
        }
        true
    }
}
