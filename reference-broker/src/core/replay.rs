//! Retained messages on their way to those who have subscribed (§3.3.1.3, §3.8.4).
//!
//! A subscription may match more messages than may wait for a client, so they are not collected. A replay knows how far it
//! has come among the topics, and goes on when the client has taken what it was sent. What comes for the client meanwhile
//! waits behind it, and a message that is replaced or removed before its turn comes is sent first. So the client gets
//! what was retained when it subscribed, all of it and once, and then what was published since, as if it had taken no
//! time.
//!
//! Nor may a search through many topics keep others waiting: it rests after some of them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use mqttspec_wire::{QoS, TopicFilter, TopicName, Utf8String};

use super::{
    Broker, Rule,
    deadlines::Deadline,
    durable::Kept,
    message::{Copy, Message},
    retained::Stretch,
    routing::copy,
    session::{Session, SessionKey},
    subscriptions::{Options, canonical},
    turn::Turn,
};

/// How many topics are looked at before others have their turn.
pub(crate) const SEARCH: usize = 10_000;

/// How long a search rests then.
const REST: Duration = Duration::from_millis(1);

/// How many messages are looked up at once.
const STRETCH: usize = 64;

/// The retained messages that a subscription is still to bring.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) subscription: (TopicFilter, Options),
    /// The number of the last message that was retained when it began.
    pub(crate) until: u64,
    /// The path up to which it has come.
    pub(crate) after: Option<String>,
    /// The number of the first copy in the session's queue that is to come behind it.
    pub(crate) before: u64,
}

/// The replays of a session, one for each of its subscriptions at most.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    /// By their numbers, in the order in which they began.
    list: Kept<u64, Replay>,
    numbers: BTreeMap<Utf8String, u64>,
    last: u64,
    /// Whether the first one rests.
    rests: bool,
    /// The bytes that they have brought since this was asked last.
    brought: usize,
}

/// The sessions that have replays.
#[derive(Debug, Default)]
pub(crate) struct Replaying {
    sessions: BTreeSet<SessionKey>,
    /// Those whose search rests, each once.
    resting: VecDeque<SessionKey>,
    /// Whether it is said when the first of them goes on.
    is_due: bool,
}

/// How far a replay has come.
enum Progress {
    /// To its end.
    Done,
    /// As far as the client takes messages now.
    Waits,
    /// As far as others can wait.
    Rests,
}

impl Replay {
    /// The filter as the client wrote it.
    fn name(&self) -> &Utf8String {
        self.subscription.0.as_utf8()
    }

    /// Whether it has not yet come to this topic.
    fn awaits(&self, path: &str, topic: &TopicName) -> bool {
        let is_ahead = |after: &String| path.split('/').gt(after.split('/'));
        self.after.as_ref().is_none_or(is_ahead) && self.subscription.0.matches(topic)
    }
}

impl Replays {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As they are saved.
    pub(crate) const fn list_mut(&mut self) -> &mut Kept<u64, Replay> {
        &mut self.list
    }

    /// Takes in one that was saved.
    pub(crate) fn restore(&mut self, number: u64, replay: Replay) {
        self.last = self.last.max(number);
        self.numbers.insert(replay.name().clone(), number);
        self.list.insert(number, replay);
    }

    /// Gives the copies that come behind replays other numbers.
    pub(crate) fn renumber(&mut self, number: impl Fn(u64) -> u64) {
        for (key, replay) in self.list.take() {
            self.list.insert(key, Replay { before: number(replay.before), ..replay });
        }
    }

    fn push(&mut self, replay: Replay) {
        self.remove(replay.name());
        self.restore(self.last + 1, replay);
    }

    fn remove(&mut self, filter: &Utf8String) {
        if let Some(number) = self.numbers.remove(filter) {
            self.list.remove(&number);
        }
    }
}

impl Session {
    /// Whether retained messages are to be sent before what waits.
    pub(crate) fn replays_now(&self) -> bool {
        let first = self.queue.replays().and_then(|replays| replays.list.first_key_value());
        first.is_some_and(|(_, replay)| self.queue.is_empty() || replay.before <= self.queue.first())
    }

    /// A subscription has ended, and what it would bring.
    pub(crate) fn end_replay(&mut self, filter: &Utf8String) {
        if self.queue.replays().is_some() {
            self.queue.replays_mut().remove(filter);
        }
    }

    /// The client has left: what is sent at QoS 0 is not for whoever comes later.
    pub(crate) fn suspend_replays(&mut self) {
        let replays = self.queue.replays().into_iter().flat_map(|replays| replays.list.values());
        let fleeting = replays.filter(|replay| replay.subscription.1.qos == QoS::AtMostOnce);
        let fleeting: Vec<_> = fleeting.map(|replay| replay.name().clone()).collect();
        for filter in &fleeting {
            self.end_replay(filter);
        }
    }

    /// The bytes that replays have brought since this was asked last.
    pub(crate) fn take_brought(&mut self) -> usize {
        if self.queue.replays().is_none() {
            return 0;
        }
        std::mem::take(&mut self.queue.replays_mut().brought)
    }

    /// The replay that can go on, taken out with its number.
    fn take_replay(&mut self) -> Option<(u64, Replay)> {
        if self.link.is_none() || !self.replays_now() {
            return None;
        }
        let replays = self.queue.replays_mut();
        let number = *replays.list.first_key_value().filter(|_| !replays.rests)?.0;
        Some((number, replays.list.remove(&number)?))
    }

    /// Sends a retained message, if the client takes it now. Says whether it does.
    fn bring(&mut self, turn: &mut Turn, copy: Copy) -> bool {
        let Some(link) = &self.link else { return false };
        let is_read = link.unwritten() == 0 || link.unwritten() < turn.high() / 2;
        if !is_read || (copy.qos != QoS::AtMostOnce && !self.takes_new(turn)) {
            return false;
        }
        self.queue.replays_mut().brought += copy.size();
        self.send_now(turn, copy);
        true
    }
}

impl Replaying {
    /// A session has replays.
    pub(crate) fn insert(&mut self, key: SessionKey) {
        self.sessions.insert(key);
    }

    /// It has none any more.
    fn remove(&mut self, key: SessionKey) {
        self.sessions.remove(&key);
    }

    /// There is no such session any more.
    pub(crate) fn forget(&mut self, key: SessionKey) {
        self.sessions.remove(&key);
        self.resting.retain(|resting| *resting != key);
    }
}

impl Broker {
    /// Has a subscription bring the retained messages that it matches (MQTT 3.1.1 §3.3.1.3, MQTT 5.0 §3.3.1.3).
    pub(crate) fn replay(&mut self, turn: &mut Turn, key: SessionKey, subscription: (TopicFilter, Options)) {
        self.bring_own(turn, key, &subscription);
        let until = self.retained.newest();
        if !self.retained.is_empty()
            && let Some(session) = self.sessions.get_mut(key)
        {
            let before = session.queue.next();
            session.queue.replays_mut().push(Replay { subscription, until, after: None, before });
            self.replaying.insert(key);
        }
    }

    /// Sends what the broker tells about itself, which is little.
    fn bring_own(&mut self, turn: &mut Turn, key: SessionKey, subscription: &(TopicFilter, Options)) {
        if self.own_retained.is_empty() || !subscription.0.filter().starts_with(['$', '+', '#']) {
            return;
        }
        let until = self.own_retained.newest();
        let all = Replay { subscription: subscription.clone(), until, after: None, before: 0 };
        for (_, message) in self.own_retained.stretch(turn, &all, STRETCH).messages {
            let copy = retained_copy(turn, &message, subscription.1);
            self.deliver(turn, key, copy);
        }
    }

    /// Sends a session what it is to get, as far as its client takes it.
    pub(crate) fn feed(&mut self, turn: &mut Turn, key: SessionKey) {
        if !self.replaying.sessions.contains(&key) {
            return;
        }
        loop {
            self.with_session(key, |session| session.pump(turn));
            let Some(session) = self.sessions.get_mut(key) else { break };
            if session.queue.replays().is_none() {
                self.replaying.remove(key);
                break;
            }
            let Some((number, mut replay)) = session.take_replay() else { break };
            let progress = self.go_on_with(turn, key, &mut replay);
            let Some(session) = self.sessions.get_mut(key) else { break };
            let replays = session.queue.replays_mut();
            match progress {
                Progress::Done => drop(replays.numbers.remove(replay.name())),
                Progress::Waits => {
                    replays.list.insert(number, replay);
                    break;
                }
                Progress::Rests => {
                    replays.list.insert(number, replay);
                    replays.rests = true;
                    self.rest(turn, key);
                    break;
                }
            }
        }
        let link = self.sessions.get(key).and_then(|session| session.link.as_ref());
        if let Some(id) = link.map(|link| link.connection) {
            self.relieve_queue(turn, id);
        }
    }

    fn go_on_with(&mut self, turn: &mut Turn, key: SessionKey, replay: &mut Replay) -> Progress {
        let options = replay.subscription.1;
        loop {
            let link = self.sessions.get(key).and_then(|session| session.link.as_ref());
            let quota = link.map_or(0, |link| usize::from(link.quota));
            let most = if options.qos == QoS::AtMostOnce { STRETCH } else { quota.clamp(1, STRETCH) };
            let Stretch { messages, rest } = self.retained.stretch(turn, replay, most);
            for (path, message) in messages {
                let copy = retained_copy(turn, &message, options);
                let session = self.sessions.get_mut(key).filter(|session| session.may_read(&message.topic));
                if session.is_some_and(|session| !session.bring(turn, copy)) {
                    return Progress::Waits;
                }
                if !turn.obeys(Rule::RetainedStay) {
                    self.retained.remove(turn, &message.topic);
                }
                replay.after = Some(path);
            }
            if rest.is_none() {
                return Progress::Done;
            }
            replay.after = rest;
            if turn.search == 0 {
                return Progress::Rests;
            }
        }
    }

    /// A search goes on after a while.
    fn rest(&mut self, turn: &Turn, key: SessionKey) {
        self.replaying.resting.push_back(key);
        self.wake_the_first(turn);
    }

    fn wake_the_first(&mut self, turn: &Turn) {
        if !self.replaying.is_due && !self.replaying.resting.is_empty() {
            self.replaying.is_due = true;
            self.deadlines.set(turn.now + REST, Deadline::Replays);
        }
    }

    /// The first of the searches that rest has rested. What it searched for may not be wanted any more.
    pub(crate) fn search_on(&mut self, turn: &mut Turn) {
        self.replaying.is_due = false;
        let Some(key) = self.replaying.resting.pop_front() else { return };
        self.wake_the_first(turn);
        if let Some(session) = self.sessions.get_mut(key) {
            session.queue.replays_mut().rests = false;
            self.feed(turn, key);
        }
    }

    /// The retained message of a topic is about to go: those who are still to get it get it first.
    pub(crate) fn bring_before_it_goes(&mut self, turn: &mut Turn, topic: &Utf8String) {
        if self.replaying.sessions.is_empty() {
            return;
        }
        let Ok(name) = TopicName::parse(topic) else { return };
        let path = canonical(turn.rules(), topic);
        let mut awaited = Vec::new();
        for key in &self.replaying.sessions {
            let replays = self.sessions.get(*key).and_then(|session| session.queue.replays());
            for replay in replays.iter().flat_map(|replays| replays.list.values()) {
                if replay.awaits(&path, &name)
                    && let Some(message) = self.retained.as_of(turn, replay.until, &path)
                {
                    awaited.push((*key, retained_copy(turn, message, replay.subscription.1)));
                }
            }
        }
        for (key, copy) in awaited {
            self.deliver(turn, key, copy);
        }
    }
}

/// The copy of a retained message that a subscription brings.
fn retained_copy(turn: &Turn, message: &Arc<Message>, options: Options) -> Copy {
    let carries = turn.obeys(Rule::RetainedCarryIdentifier);
    let identifiers = options.identifier.into_iter().filter(|_| carries).collect();
    let retain = turn.obeys(Rule::RetainedFlagged);
    Copy { retain, ..copy(turn, message, options, identifiers) }
}
