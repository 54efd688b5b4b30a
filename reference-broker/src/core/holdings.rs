//! What all sessions hold together, so that many cannot take what one may not.

use mqttspec_wire::{TopicFilter, packet::Will};

use super::{
    Broker,
    session::{Session, SessionKey, StoredWill},
    turn::Turn,
};

/// What a subscription takes besides its topic filter, in bytes, by estimation.
pub(crate) const SUBSCRIPTION: usize = 128;

/// The bytes that all sessions hold.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// Those of the messages that wait, and of wills.
    pub(crate) messages: usize,
    /// Those of subscriptions.
    pub(crate) subscriptions: usize,
}

impl Session {
    /// The bytes of the messages that wait for it, and of its will. While it has a network connection, what its client has
    /// been sent waits for that only, and is little.
    pub(crate) fn held(&self) -> usize {
        let unacknowledged = if self.link.is_none() { self.outgoing.bytes() } else { 0 };
        let will = self.will.as_ref().map_or(0, |stored| size_of_will(&stored.will));
        self.queue.bytes() + unacknowledged + will
    }

    /// The client has left: what it has not acknowledged waits for it from now on, if there is room.
    pub(crate) fn keep_unacknowledged(&mut self, turn: &mut Turn) {
        if !turn.take_room(self.outgoing.bytes()) {
            turn.dropped += self.outgoing.drop_messages();
        }
    }
}

impl Broker {
    /// Changes a session, and what all of them hold with it.
    pub(crate) fn with_session(&mut self, key: SessionKey, act: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.get_mut(key) {
            let before = session.held();
            act(session);
            self.holdings.messages = (self.holdings.messages + session.held()).saturating_sub(before);
        }
    }

    /// Gives a session a will in place of the one that it has.
    pub(crate) fn replace_will(
        &mut self,
        key: SessionKey,
        will: Option<Box<StoredWill>>,
    ) -> Option<Box<StoredWill>> {
        let mut former = None;
        self.with_session(key, |session| former = std::mem::replace(&mut session.will, will));
        former
    }

    /// Counts what sessions hold that were there before the first event.
    pub(crate) fn take_stock(&mut self) {
        self.holdings.messages = self.sessions.iter().map(Session::held).sum();
        let filters = self.sessions.iter().flat_map(|session| session.subscriptions.values());
        self.holdings.subscriptions = filters.map(|(filter, _)| size_of_subscription(filter)).sum();
    }

    /// Whether there is room for a will beside all that waits.
    pub(crate) fn has_room_for(&self, will: &Will) -> bool {
        self.holdings.messages + size_of_will(will) <= self.config.limits.all_queued_bytes
    }
}

/// The bytes that a subscription takes.
pub(crate) fn size_of_subscription(filter: &TopicFilter) -> usize {
    filter.as_utf8().len() + SUBSCRIPTION
}

fn size_of_will(will: &Will) -> usize {
    will.topic.len() + will.payload.len() + will.properties.size()
}
