//! What the broker has to do at a later time.

use std::{collections::BTreeSet, time::Duration};

use super::{ConnectionId, pressure::Full, session::SessionKey};

/// Something that is due at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deadline {
    /// A network connection must have been let in, or its keep alive is to be looked at.
    Connection(ConnectionId),
    /// A delayed will is published.
    Will(SessionKey),
    /// A session without network connection ends.
    SessionEnd(SessionKey),
    /// Somebody has held others back for a while.
    Pressure(Full),
    /// A search for retained messages goes on.
    Replays,
    /// The `$SYS` topics are published.
    Statistics,
    /// Unacknowledged packets are sent again on an open connection, as no conforming server does.
    Resend(SessionKey),
}

/// The deadlines in the order in which they are due.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(BTreeSet<(Duration, Deadline)>);

impl Deadlines {
    /// Makes `what` due at `at`.
    pub(crate) fn set(&mut self, at: Duration, what: Deadline) {
        self.0.insert((at, what));
    }

    /// Forgets what was due at `at`.
    pub(crate) fn cancel(&mut self, at: Duration, what: Deadline) {
        self.0.remove(&(at, what));
    }

    /// When the first of them is due.
    pub(crate) fn first(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out the first one that is due by `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Deadline> {
        if self.first()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, what)| what)
    }
}
