//! From what has changed to the records that are to be saved.

use std::time::Duration;

use super::{
    bodies::{Bodies, write_message},
    bytes::Write,
    changes::Changes,
    entry::{Entry, EntryKey},
    kept::{Before, Tracked},
    state::write_session,
};
use crate::core::{
    message::Message,
    retained::Retained,
    session::{Lifetime, Session},
};
use bytes::BufMut;

/// What a record is about: the first byte of its key. What others refer to comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The time up to which the records go.
    Clock = 0,
    /// A message, by its number.
    Message = 1,
    /// A session, by its number. Its number also begins the keys of all that belongs to it.
    Session = 2,
    /// A subscription, by its filter.
    Subscription = 3,
    /// A QoS 2 message from the client, by its packet identifier.
    Incoming = 4,
    /// A QoS 1 or QoS 2 message to the client, by its packet identifier.
    Outgoing = 5,
    /// A message that waits, by its place in the queue.
    Queued = 6,
    /// A retained message, by its topic.
    Retained = 7,
    /// What a subscription is still to bring of them, by its number.
    Replay = 8,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Clock,
        Self::Message,
        Self::Session,
        Self::Subscription,
        Self::Incoming,
        Self::Outgoing,
        Self::Queued,
        Self::Retained,
        Self::Replay,
    ];

    fn key(self, number: u64) -> [u8; 9] {
        let mut key = [self as u8; 9];
        if let Some(place) = key.last_chunk_mut() {
            *place = number.to_be_bytes();
        }
        key
    }
}

/// A session's place among the records.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    /// Its own record as it is saved.
    record: Vec<u8>,
}

/// Knows what is saved, and collects what is to be.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) bodies: Bodies,
    /// The number of the newest session.
    sessions: u64,
    changes: Changes,
}

impl Journal {
    /// Collects the changes of a session.
    ///
    /// Of a session that ends with its network connection only the will outlives a crash.
    pub(crate) fn session(&mut self, session: &mut Session) {
        let is_kept = session.lifetime != Lifetime::Connection;
        if session.place.is_none() && !is_kept && session.will.is_none() {
            return;
        }
        let record = write_session(session);
        let place = session.place.get_or_insert_with(|| {
            self.sessions += 1;
            Box::new(Place { number: self.sessions, record: Vec::new() })
        });
        let number = place.number;
        if place.record != record {
            let is_new = place.record.is_empty();
            self.changes.put(
                is_new,
                |out| out.put_slice(&Kind::Session.key(number)),
                |out| out.put_slice(&record),
            );
            place.record = record;
        }
        match (is_kept, session.subscriptions.notes().is_on()) {
            (true, true) => {}
            (true, false) => session.track_anew(),
            (false, true) => return self.forget_entries(number, session),
            (false, false) => return,
        }
        self.changed(&Kind::Subscription.key(number), &mut session.subscriptions);
        self.changed(&Kind::Incoming.key(number), &mut session.incoming);
        self.changed(&Kind::Outgoing.key(number), &mut session.outgoing);
        self.changed(&Kind::Queued.key(number), &mut session.queue);
        self.changed(&Kind::Replay.key(number), session.queue.replay_list());
    }

    /// Collects that a session is over.
    pub(crate) fn forget(&mut self, session: &mut Session) {
        let Some(place) = session.place.take() else { return };
        self.changes.remove(|out| out.put_slice(&Kind::Session.key(place.number)));
        self.forget_entries(place.number, session);
    }

    fn forget_entries(&mut self, number: u64, session: &mut Session) {
        self.forgotten(&Kind::Subscription.key(number), &mut session.subscriptions);
        self.forgotten(&Kind::Incoming.key(number), &mut session.incoming);
        self.forgotten(&Kind::Outgoing.key(number), &mut session.outgoing);
        self.forgotten(&Kind::Queued.key(number), &mut session.queue);
        self.forgotten(&Kind::Replay.key(number), session.queue.replay_list());
    }

    /// Hands over what has changed in the sessions that were collected, and of the retained messages.
    pub(crate) fn take(&mut self, now: Duration, retained: &mut Retained) -> Changes {
        self.changed(&[Kind::Retained as u8], retained);
        let changes = &mut self.changes;
        self.bodies.settle(|number, message: Option<&Message>| {
            let key = |out: &mut Vec<u8>| out.put_slice(&Kind::Message.key(number));
            match message {
                // No number is given twice.
                Some(message) => changes.put(true, key, |out| write_message(message, out)),
                None => changes.remove(key),
            }
        });
        if !self.changes.is_empty() {
            self.changes.put(false, |out| out.put_u8(Kind::Clock as u8), |out| out.put_time(now));
        }
        let next = self.changes.room_for_as_many();
        std::mem::replace(&mut self.changes, next)
    }

    /// Takes in a session that is saved under this number.
    pub(crate) fn restore(&mut self, number: u64, session: &mut Session) {
        self.sessions = self.sessions.max(number);
        session.place = Some(Box::new(Place { number, record: write_session(session) }));
    }

    fn changed<T: Tracked<Key: EntryKey>>(&mut self, prefix: &[u8], collection: &mut T) {
        for (key, before) in collection.notes().take() {
            let whole = |out: &mut Vec<u8>| write_key(prefix, &key, out);
            let is_new = matches!(before, Before::Nothing);
            match collection.entry(&key) {
                Some(entry) => self.changes.put(is_new, whole, |out| entry.write(&mut self.bodies, out)),
                None if is_new => continue,
                None => self.changes.remove(whole),
            }
            self.release(before);
        }
    }

    fn forgotten<T: Tracked<Key: EntryKey>>(&mut self, prefix: &[u8], collection: &mut T) {
        for (key, before) in collection.forget() {
            if !matches!(before, Before::Nothing) {
                self.changes.remove(|out| write_key(prefix, &key, out));
                self.release(before);
            }
        }
    }

    /// What was saved refers to its message no longer.
    fn release(&mut self, before: Before) {
        if let Before::Saved(Some(message)) = before {
            self.bodies.release(&message);
        }
    }
}

fn write_key(prefix: &[u8], key: &impl EntryKey, out: &mut Vec<u8>) {
    out.put_slice(prefix);
    key.write(out);
}
