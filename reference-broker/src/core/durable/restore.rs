//! From records to the broker that they are of.

use std::{collections::BTreeMap, time::Duration};

use bytes::{Bytes, BytesMut};
use mqttspec_wire::TopicFilter;

use super::{
    bodies::{Bodies, read_message},
    bytes::{BrokenRecord, Reader},
    changes::Changes,
    entry::Entry,
    journal::{Journal, Kind},
    state::read_session,
};
use crate::core::{
    Broker, Config, Rule, Rules,
    deadlines::Deadline,
    ending::Ending,
    in_flight::{Awaits, Exchange},
    replay::Replay,
    retained::Stored,
    session::{Lifetime, Session, SessionKey},
    subscriptions::{Options, Subscriber},
    turn::Turn,
};

/// A time that never comes.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

/// A broker that is built from the records of an earlier one; from none, it starts empty. Either way it then tells
/// its [changes](Broker::take_changes).
#[derive(Debug)]
pub struct Restore {
    broker: Broker,
    journal: Journal,
    /// The sessions by the numbers that they are saved under.
    sessions: BTreeMap<u64, SessionKey>,
    /// Those that had a network connection.
    connected: Vec<SessionKey>,
    clock: Duration,
}

impl Restore {
    /// Begins, with no records yet.
    pub fn new(config: Config, rules: Rules) -> Self {
        Self {
            broker: Broker::new(config, rules),
            journal: Journal::default(),
            sessions: BTreeMap::new(),
            connected: Vec::new(),
            clock: Duration::ZERO,
        }
    }

    /// Takes in a record. They have to come in the order of their keys.
    ///
    /// # Errors
    /// The record was not written by a broker, or one that it refers to is missing.
    pub fn record(&mut self, key: &[u8], value: Bytes) -> Result<(), BrokenRecord> {
        self.read(&mut Reader::new(Bytes::copy_from_slice(key)), &mut Reader::new(value))
            .map_err(|broken| broken.at(key))
    }

    fn read(&mut self, key: &mut Reader, value: &mut Reader) -> Result<(), BrokenRecord> {
        let kind = key.u8()?;
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
        let kind = kind.ok_or(BrokenRecord::new("its kind is not known"))?;
        let rules = self.broker.rules;
        if is_lost(rules, kind) {
            return Ok(());
        }
        match kind {
            Kind::Clock => self.clock = value.time()?,
            Kind::Message => {
                let mut message = read_message(value)?;
                if !rules.obeys(Rule::MessageAgesAcrossRestart) {
                    message.received = NEVER;
                }
                self.journal.bodies.restore(key.count()?, message);
            }
            Kind::Session => self.session(key.count()?, value)?,
            Kind::Subscription => {
                let (session, bodies) = self.owner(key)?;
                let (filter, mut options) = <(TopicFilter, Options)>::read(bodies, value)?;
                if !rules.obeys(Rule::SubscriptionOptionsOutliveRestart) {
                    let qos = options.qos;
                    options = Options { qos, no_local: false, retain_as_published: false, identifier: None };
                }
                session.subscriptions.insert(key.text()?, (filter, options));
            }
            Kind::Incoming => {
                let (session, bodies) = self.owner(key)?;
                session.incoming.insert(key.packet_id()?, Entry::read(bodies, value)?);
            }
            Kind::Outgoing => {
                let (session, bodies) = self.owner(key)?;
                let (id, exchange) = (key.packet_id()?, Exchange::read(bodies, value)?);
                let rule = match exchange.state {
                    Awaits::Puback(_) | Awaits::Pubrec(_) => Rule::UnacknowledgedOutliveRestart,
                    Awaits::Pubcomp(_) => Rule::ReleasesOutliveRestart,
                };
                if rules.obeys(rule) {
                    session.outgoing.restore(id, exchange);
                }
            }
            Kind::Queued => {
                let (session, bodies) = self.owner(key)?;
                let number = key.count()?;
                if session.queue.is_empty() {
                    session.queue.start_at(number);
                }
                if session.queue.next() != number {
                    return Err(BrokenRecord::new("the one before it in the queue is missing"));
                }
                session.queue.push(Entry::read(bodies, value)?);
            }
            Kind::Retained => {
                let stored = Stored::read(&mut self.journal.bodies, value)?;
                self.broker.retained.restore(&key.text()?, stored);
            }
            Kind::Replay => {
                let (session, bodies) = self.owner(key)?;
                let replay = Replay::read(bodies, value)?;
                let until = replay.until;
                if session.queue.is_empty() {
                    session.queue.start_at(replay.before);
                }
                session.queue.replays_mut().restore(key.count()?, replay);
                self.broker.retained.go_on_after(until);
            }
        }
        key.end().and(value.end())
    }

    /// The session that the key begins with, and the messages that its entries refer to.
    fn owner(&mut self, key: &mut Reader) -> Result<(&mut Session, &mut Bodies), BrokenRecord> {
        let number = key.u64()?;
        let found = self.sessions.get(&number).and_then(|key| self.broker.sessions.get_mut(*key));
        let session = found.ok_or(BrokenRecord::new("its session is missing"))?;
        Ok((session, &mut self.journal.bodies))
    }

    fn session(&mut self, number: u64, value: &mut Reader) -> Result<(), BrokenRecord> {
        let (mut session, was_connected) = read_session(value)?;
        if !self.broker.rules.obeys(Rule::WillsOutliveRestart) {
            session.will = None;
        }
        if self.broker.sessions.of_client(&session.client_id).is_some() {
            return Err(BrokenRecord::new("its client has another session"));
        }
        self.journal.restore(number, &mut session);
        let key = self.broker.sessions.insert(session);
        self.sessions.insert(number, key);
        if was_connected {
            self.connected.push(key);
        }
        Ok(())
    }

    /// The time up to which the records go, on the clock of the broker that they are of.
    pub fn clock(&self) -> Duration {
        self.clock
    }

    /// The broker as it is at `now`, which is not before [`clock`](Self::clock). Network connections that were open count
    /// as lost now.
    pub fn finish(self, now: Duration) -> Broker {
        let Self { mut broker, mut journal, sessions, connected, clock } = self;
        journal.bodies.all_read();
        let now = now.max(clock);
        for key in sessions.into_values() {
            broker.resume_session(key, now);
        }
        broker.watch(journal);
        let mut nobody = Vec::new();
        let mut turn = Turn::new(now, broker.rules, BytesMut::new(), &mut nobody);
        for key in connected {
            broker.left(&mut turn, key, Ending::Lost);
        }
        broker
    }
}

/// Whether the rules let records of this kind be lost.
fn is_lost(rules: Rules, kind: Kind) -> bool {
    let part = match kind {
        Kind::Clock | Kind::Message => return false,
        Kind::Retained => return !rules.obeys(Rule::RetainedOutliveRestart),
        Kind::Session | Kind::Outgoing => None,
        Kind::Subscription => Some(Rule::SubscriptionsOutliveRestart),
        Kind::Incoming => Some(Rule::ReceivedOutliveRestart),
        Kind::Queued | Kind::Replay => Some(Rule::WaitingOutliveRestart),
    };
    !rules.obeys(Rule::SessionsOutliveRestart) || part.is_some_and(|rule| !rules.obeys(rule))
}

impl Broker {
    /// Puts a session that was restored where else its parts have a place.
    fn resume_session(&mut self, key: SessionKey, now: Duration) {
        let rules = self.rules;
        let owner = self.sessions.get(key).map(|session| (session.owner.clone(), session.client_id.clone()));
        let rights = owner.and_then(|(owner, client_id)| self.rights(owner.as_deref(), &client_id));
        let Some(session) = self.sessions.get_mut(key) else { return };
        session.rights = rights;
        session.track();
        if session.queue.replays().is_some() {
            self.replaying.insert(key);
        }
        if let (Lifetime::For(time), Some(ends)) = (session.lifetime, &mut session.ends)
            && !rules.obeys(Rule::SessionAgesAcrossRestart)
        {
            *ends = now + Duration::from_secs(u64::from(time));
        }
        if let Some(ends) = session.ends.filter(|_| rules.obeys(Rule::SessionExpiresAfterRestart)) {
            self.deadlines.set(ends, Deadline::SessionEnd(key));
        }
        if let Some(due) = session.will.as_ref().and_then(|will| will.due) {
            self.deadlines.set(due, Deadline::Will(key));
        }
        for (filter, options) in session.subscriptions.values() {
            let subscriber = Subscriber { session: key, options: *options };
            self.subscriptions.insert(self.rules, filter, subscriber);
        }
    }

    /// Notes from now on what changes.
    fn watch(&mut self, journal: Journal) {
        self.journal = Some(Box::new(journal));
        self.sessions.watch();
        self.retained.watch();
    }

    /// What has changed since this was asked last; `now` is the time of the last call of [`handle`](Self::handle). Once
    /// it is saved, a broker can be [restored](Restore) that knows all that this one has acknowledged. Only a broker
    /// that was itself restored notes its changes.
    pub fn take_changes(&mut self, now: Duration) -> Changes {
        let Some(journal) = &mut self.journal else { return Changes::default() };
        self.sessions.each_touched(|session| journal.session(session));
        let mut changes = journal.take(now, &mut self.retained);
        if !self.rules.obeys(Rule::ClearingOutlivesRestart) {
            changes.keep(&[Kind::Retained, Kind::Message]);
        }
        if !self.rules.obeys(Rule::EndOfSessionOutlivesRestart) {
            changes.keep(&[Kind::Session]);
        }
        changes
    }
}
