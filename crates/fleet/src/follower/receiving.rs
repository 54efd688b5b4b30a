//! What the client gets, and what it makes of it.

use mqttspec_wire::{
    PacketId,
    packet::{Delivery, Publish},
};

use super::{Follower, Misdeed, State};
use crate::{
    device::Desk,
    history::{Awaited, Breach, Delivered, Event, OpenExchange},
    identity::Identity,
    plan::{Group, Micros, SECOND},
};

/// What is meant by closing a connection when something comes.
const AT_ONCE: Micros = SECOND;

/// How many messages may be on their way from a client to its application. Of more nobody keeps track.
const MOST_RECEIVED: usize = 4096;

/// An answer that the client owes the broker on the present connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owed {
    id: PacketId,
    /// What it does if it does not answer.
    pub(super) misdeed: Misdeed,
    pub(super) since: Micros,
}

/// A QoS 2 message whose PUBREL has not come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreleased {
    id: PacketId,
    message: Identity,
    /// When it came last, and whether the client has answered.
    since: Micros,
    answered: bool,
    /// How often the application was given it.
    handed: u32,
}

/// A message of QoS 1 or QoS 2 that has come to the client and not to its application.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    message: Identity,
    id: PacketId,
    pub(super) at: Micros,
    /// Whether the client has told the broker that it has it.
    pub(super) acknowledged: bool,
}

impl Follower {
    /// PUBLISH has come.
    pub(super) fn gets(&mut self, desk: &mut Desk<'_>, publish: Publish) {
        let message = Identity::of_payload(desk.run, &publish.payload);
        match publish.delivery {
            Delivery::AtMostOnce => deliver(desk, message, publish),
            Delivery::AtLeastOnce { id, .. } => {
                if self.owed.iter().any(|owed| (owed.id, owed.misdeed) == (id, Misdeed::NoAcknowledgement)) {
                    desk.events.push(Event::Breach(Breach::IdentifierInUse));
                }
                self.owes(desk.now, id, Misdeed::NoAcknowledgement);
                self.receives(desk.now, id, message);
                deliver(desk, message, publish);
            }
            Delivery::ExactlyOnce { id, dup } => {
                self.owes(desk.now, id, Misdeed::NoPubrec);
                if self.is_new(desk, id, message, dup) {
                    self.receives(desk.now, id, message);
                    deliver(desk, message, publish);
                }
            }
        }
    }

    /// Whether a QoS 2 message is new: it is unless its identifier waits for PUBREL (§4.3.3).
    fn is_new(&mut self, desk: &mut Desk<'_>, id: PacketId, message: Option<Identity>, dup: bool) -> bool {
        let message = message.unwrap_or(Identity { stream: u32::MAX, sequence: 0, due: 0 });
        let since = desk.now;
        let fresh = Unreleased { id, message, since, answered: false, handed: 0 };
        let Some(known) = self.unreleased.iter_mut().find(|unreleased| unreleased.id == id) else {
            self.unreleased.push(fresh);
            return true;
        };
        if known.message == message {
            if !dup {
                desk.events.push(Event::Breach(Breach::RedeliveredWithoutDup));
            }
            (known.since, known.answered) = (since, false);
            return false;
        }
        *known = fresh;
        desk.events.push(Event::Breach(Breach::IdentifierInUse));
        true
    }

    fn owes(&mut self, since: Micros, id: PacketId, misdeed: Misdeed) {
        self.owed.retain(|owed| (owed.id, owed.misdeed) != (id, misdeed));
        self.owed.push(Owed { id, misdeed, since });
    }

    fn receives(&mut self, at: Micros, id: PacketId, message: Option<Identity>) {
        if self.received.len() >= MOST_RECEIVED {
            self.received.remove(0);
        }
        self.received.extend(message.map(|message| Received { message, id, at, acknowledged: false }));
    }

    /// The client answers, so that it does not do what it would do if it did not.
    pub(super) fn answers(&mut self, id: PacketId, instead: Misdeed) {
        self.owed.retain(|owed| (owed.id, owed.misdeed) != (id, instead));
        for received in self.received.iter_mut().filter(|received| received.id == id) {
            received.acknowledged = true;
        }
        for unreleased in self.unreleased.iter_mut().filter(|unreleased| unreleased.id == id) {
            unreleased.answered |= instead == Misdeed::NoPubrec;
        }
    }

    /// PUBREL has come.
    pub(super) fn on_pubrel(&mut self, now: Micros, id: PacketId) {
        self.unreleased.retain(|unreleased| unreleased.id != id);
        self.owes(now, id, Misdeed::NoPubcomp);
    }

    /// The client closes its connection.
    pub(super) fn hangs_up(&mut self, desk: &mut Desk<'_>, group: &Group) {
        let now = desk.now;
        let at_pubrel =
            |owed: &Owed| owed.misdeed == Misdeed::NoPubcomp && now.saturating_sub(owed.since) < AT_ONCE;
        if self.owed.iter().any(at_pubrel) {
            self.conduct.note(now, Misdeed::ClosedAtPubrel);
            desk.events.extend(nothing_owed(group));
        }
    }

    /// The application was given a message.
    pub(super) fn handed(&mut self, now: Micros, message: Identity) {
        if let Some(own) = self.received.iter().position(|received| received.message == message) {
            self.received.remove(own);
        }
        let unreleased = self.unreleased.iter_mut().find(|unreleased| unreleased.message == message);
        if let Some(unreleased) = unreleased {
            unreleased.handed += 1;
            if unreleased.handed > 1 {
                self.conduct.note(now, Misdeed::HandedTwice);
            }
        }
    }

    /// The QoS 2 messages that the client has answered with PUBREC and whose PUBREL has not come.
    pub(super) fn open_received(&self) -> impl Iterator<Item = OpenExchange> {
        let own = self.unreleased.iter().filter(|unreleased| unreleased.answered);
        own.filter(|_| self.state == State::Online).map(|unreleased| OpenExchange {
            awaited: Awaited::Pubrel,
            message: unreleased.message,
            since: unreleased.since,
        })
    }
}

/// What makes the history expect nothing more for a client: it does not let the broker deliver.
pub(super) fn nothing_owed(group: &Group) -> impl Iterator<Item = Event> {
    (0..).zip(&group.subscribe).map(|(entry, _)| Event::Unsubscribe(entry))
}

/// Tells of a message that has come; one that is not of this run is nobody's business.
fn deliver(desk: &mut Desk<'_>, message: Option<Identity>, publish: Publish) {
    let (qos, dup) = (publish.delivery.qos(), publish.delivery.dup());
    if let Some(message) = message {
        let (topic, retain) = (publish.topic, publish.retain);
        let expiry = publish.properties.message_expiry_interval();
        let delivered = Delivered { message, topic, qos, dup, retain, expiry };
        desk.events.push(Event::Delivered(delivered));
    }
}
