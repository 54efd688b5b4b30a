//! Back-pressure: whoever sends to a client that does not keep up is held back until it does.
//!
//! What waits for a client is in two places: bytes that its network connection has not taken yet, and messages that are
//! only sent when it has acknowledged others. When either is more than [`Limits::backlog`](super::Limits::backlog), the
//! client whose packet made it so is held back: nothing further is taken from it until half of that is left. So nothing is
//! lost, and what waits does not grow, but for one packet from each of those who send.
//!
//! Nobody waits in a circle. A connection takes bytes whether or not anything is taken from its client, so that this can
//! always be waited for. Acknowledgements, however, come from a client only if it is not itself held back: nobody is held
//! back by the queue of one that, in the end, waits for the same. And nobody waits for ever: a client that makes next to
//! no progress in [`Config::slow_reader_timeout`](super::Config::slow_reader_timeout) is disconnected.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use mqttspec_wire::ReasonCode;

use super::{
    Broker, ConnectionId,
    connection::State,
    deadlines::Deadline,
    ending::Ending,
    session::{Link, Session},
    turn::Turn,
};

/// Which part of what may wait is progress.
const PROGRESS: usize = 16;

/// Where too much waits for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Full {
    /// Its network connection does not take what it was sent.
    Outbox(ConnectionId),
    /// It does not acknowledge what it was sent.
    Queue(ConnectionId),
}

/// Who is held back, and by whom.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    /// Whether anybody is: only if it is told what network connections have taken.
    is_on: bool,
    /// Those who are held back.
    held: BTreeMap<ConnectionId, Full>,
    /// The other way round.
    by: BTreeMap<Full, Crowd>,
    /// Those who are no longer held back, with packets that have come meanwhile.
    resumed: VecDeque<ConnectionId>,
    /// Those from whom more can be taken.
    open: Vec<ConnectionId>,
}

/// Those who are held back by one client.
#[derive(Debug)]
struct Crowd {
    held: BTreeSet<ConnectionId>,
    /// Until when they are, unless there is progress.
    until: Duration,
    /// What waited when that was said.
    left: usize,
}

impl Full {
    const fn client(self) -> ConnectionId {
        match self {
            Self::Outbox(id) | Self::Queue(id) => id,
        }
    }
}

impl Pressure {
    /// Whether nothing is taken from the client.
    pub(crate) fn holds(&self, id: ConnectionId) -> bool {
        self.held.contains_key(&id)
    }

    /// Whether the client would wait for an acknowledgement of its own.
    fn is_circle(&self, id: ConnectionId, mut full: Full) -> bool {
        while let Full::Queue(other) = full {
            if other == id {
                return true;
            }
            match self.held.get(&other) {
                Some(next) => full = *next,
                None => return false,
            }
        }
        false
    }

    /// Ends the waiting for this. Says until when it would have gone on.
    fn release(&mut self, full: Full) -> Option<Duration> {
        let Crowd { held, until, .. } = self.by.remove(&full)?;
        for id in held {
            self.held.remove(&id);
            self.resumed.push_back(id);
        }
        Some(until)
    }
}

impl Link {
    /// How many bytes it was sent and its network connection has not taken.
    pub(crate) fn unwritten(&self) -> usize {
        self.unwritten.get() as usize
    }

    /// Counts bytes that it is sent.
    pub(crate) fn add_unwritten(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.unwritten.set(self.unwritten.get().saturating_add(bytes));
    }

    fn remove_unwritten(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.unwritten.set(self.unwritten.get().saturating_sub(bytes));
    }
}

impl Session {
    /// Says whether too much waits for a client that is connected.
    pub(crate) fn check_queue(&self, turn: &mut Turn) {
        if let Some(link) = &self.link
            && self.queue.bytes() > turn.high()
        {
            turn.full = Some(Full::Queue(link.connection));
        }
    }
}

impl Broker {
    /// Holds back, from now on, who sends to clients that do not keep up, and whose packets take much effort. Then
    /// [`Input::Written`](super::Input::Written) has to tell what has left, nothing is to be read from those who
    /// [are held back](Self::is_held_back), and [`take_resumed`](Self::take_resumed) says from whom it is again.
    pub fn hold_back(&mut self) {
        self.pressure.is_on = true;
    }

    /// Whether nothing is to be read from a network connection for now. What was read nevertheless is kept.
    pub fn is_held_back(&self, id: ConnectionId) -> bool {
        self.pressure.holds(id) || self.resting.contains(id)
    }

    /// The network connections from which something is to be read again.
    pub fn take_resumed(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.pressure.open)
    }

    /// Whether anybody is held back.
    pub(crate) const fn holds_back(&self) -> bool {
        self.pressure.is_on
    }

    /// How many bytes may wait before somebody is held back.
    pub(crate) fn high_water(&self) -> usize {
        if self.pressure.is_on { self.config.limits.backlog } else { usize::MAX }
    }

    /// Holds the client back if its packet has made too much wait somewhere.
    pub(crate) fn press(&mut self, turn: &mut Turn, id: ConnectionId) {
        let Some(full) = turn.full.take() else { return };
        let are_there = self.connections.contains_key(&id) && self.connections.contains_key(&full.client());
        if !are_there || self.pressure.is_circle(id, full) {
            return;
        }
        let (until, left) = (turn.now + self.config.slow_reader_timeout, self.waits_in(full));
        let crowd =
            self.pressure.by.entry(full).or_insert_with(|| Crowd { held: BTreeSet::new(), until, left });
        crowd.held.insert(id);
        crowd.left = crowd.left.max(left);
        self.deadlines.set(crowd.until, Deadline::Pressure(full));
        self.pressure.held.insert(id, full);
    }

    /// The network connection has taken bytes.
    pub(crate) fn written(&mut self, turn: &mut Turn, id: ConnectionId, bytes: usize) {
        if let Some(link) = self.link(id) {
            link.remove_unwritten(bytes);
            self.relieve(turn, Full::Outbox(id));
        }
        if let Some(State::Connected { session }) = self.connections.get(&id).map(|open| &open.state) {
            self.feed(turn, *session);
        }
    }

    /// Less may wait for the client, since it has acknowledged something or taken what was before that.
    pub(crate) fn relieve_queue(&mut self, turn: &Turn, id: ConnectionId) {
        self.relieve(turn, Full::Queue(id));
    }

    /// Ends the waiting if little enough is left.
    fn relieve(&mut self, turn: &Turn, full: Full) {
        if self.pressure.by.contains_key(&full) && self.waits_in(full) <= turn.high() / 2 {
            self.release(full);
        }
    }

    /// How much waits there.
    fn waits_in(&self, full: Full) -> usize {
        match full {
            Full::Outbox(id) => self.link(id).map_or(0, Link::unwritten),
            Full::Queue(id) => match self.connections.get(&id).map(|connection| &connection.state) {
                Some(State::Connected { session }) => {
                    self.sessions.get(*session).map_or(0, |session| session.queue.bytes())
                }
                Some(State::AwaitsConnect | State::Authenticating(_) | State::Verifying(_)) | None => 0,
            },
        }
    }

    /// How many bytes of retained messages the client has taken before what waits there.
    fn brought_to(&mut self, full: Full) -> usize {
        let Full::Queue(id) = full else { return 0 };
        let Some(State::Connected { session }) = self.connections.get(&id).map(|open| &open.state) else {
            return 0;
        };
        self.sessions.get_mut(*session).map_or(0, Session::take_brought)
    }

    fn release(&mut self, full: Full) {
        if let Some(until) = self.pressure.release(full) {
            self.deadlines.cancel(until, Deadline::Pressure(full));
        }
    }

    /// The connection is no more: it neither waits nor is waited for.
    pub(crate) fn leave_pressure(&mut self, id: ConnectionId) {
        if !self.pressure.is_on {
            return;
        }
        self.release(Full::Outbox(id));
        self.release(Full::Queue(id));
        if let Some(full) = self.pressure.held.remove(&id)
            && let Some(crowd) = self.pressure.by.get_mut(&full)
        {
            crowd.held.remove(&id);
            if crowd.held.is_empty() {
                self.release(full);
            }
        }
    }

    /// A client has held others back for a while: it is disconnected if it has hardly gone on meanwhile.
    pub(crate) fn pressure_is_due(&mut self, turn: &mut Turn, full: Full) {
        let (left, brought) = (self.waits_in(full), self.brought_to(full));
        let Some(crowd) = self.pressure.by.get_mut(&full) else { return };
        if left + turn.high() / PROGRESS <= crowd.left + brought {
            crowd.left = left;
            crowd.until = turn.now + self.config.slow_reader_timeout;
            self.deadlines.set(crowd.until, Deadline::Pressure(full));
        } else {
            let id = full.client();
            self.note_slow(id);
            let text = "too much waits for the client";
            self.end(turn, id, Ending::Error(ReasonCode::QUOTA_EXCEEDED, text));
        }
    }

    /// Goes on with those who are no longer held back.
    pub(crate) fn go_on(&mut self, turn: &mut Turn) {
        while let Some(id) = self.pressure.resumed.pop_front() {
            self.heard_from(turn, id);
            self.received(turn, id, Bytes::new());
            self.let_go(id);
        }
    }

    /// More can be taken from the client.
    pub(crate) fn let_go(&mut self, id: ConnectionId) {
        self.pressure.open.push(id);
    }
}
