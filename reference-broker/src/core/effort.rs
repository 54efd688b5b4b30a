//! Everybody's turn: a client whose packets take much effort has them carried out by and by, and others have theirs meanwhile.
//!
//! Bytes tell little of that. A PUBLISH of a few bytes may match tens of thousands of subscriptions, and somebody who wants
//! to keep a broker busy makes them on purpose. So effort is counted, in steps of a walk through topic levels, and when a
//! client has had its share, the rest of its packets waits for a [`Tick`](super::Input::Tick), each of which goes on with
//! one client. Other traffic never comes near a share.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use mqttspec_wire::Utf8String;

use super::{Broker, ConnectionId, turn::Turn};

/// How much effort is made for a client before others have their turn: about ten milliseconds.
const SHARE: usize = 100_000;

/// What it takes to make or end a subscription, besides its levels.
const SUBSCRIPTION: usize = 60;

/// The clients that have had their share, in the order of their turns.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    order: VecDeque<ConnectionId>,
    all: BTreeSet<ConnectionId>,
    /// When the last of them had its share.
    since: Duration,
}

impl Resting {
    /// Whether the client waits for its turn.
    pub(crate) fn contains(&self, id: ConnectionId) -> bool {
        self.all.contains(&id)
    }

    /// When it is the turn of the first of them, which is at once.
    pub(crate) fn due(&self) -> Option<Duration> {
        (!self.order.is_empty()).then_some(self.since)
    }

    fn push(&mut self, id: ConnectionId, now: Duration) {
        if self.all.insert(id) {
            self.order.push_back(id);
            self.since = now;
        }
    }

    fn pop(&mut self) -> Option<ConnectionId> {
        let id = self.order.pop_front()?;
        self.all.remove(&id);
        Some(id)
    }
}

impl Turn<'_> {
    /// Counts subscriptions that are made or ended.
    pub(crate) fn count_filters<'f>(&mut self, filters: impl Iterator<Item = &'f Utf8String>) {
        self.effort += filters.map(|filter| SUBSCRIPTION + filter.len()).sum::<usize>();
    }
}

impl Broker {
    /// Whether the client's further packets have to wait for its turn.
    pub(crate) fn awaits_its_turn(&mut self, turn: &Turn, id: ConnectionId) -> bool {
        if self.holds_back() && turn.effort > SHARE && self.connections.contains_key(&id) {
            self.resting.push(id, turn.now);
        }
        self.resting.contains(id)
    }

    /// Goes on with the client whose turn it is.
    pub(crate) fn go_on_with_the_next(&mut self, turn: &mut Turn) {
        if let Some(id) = self.resting.pop() {
            self.heard_from(turn, id);
            self.received(turn, id, Bytes::new());
            self.let_go(id);
        }
    }
}
