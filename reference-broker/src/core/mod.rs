//! The broker as a pure state machine: events and the time come in, packets to send and connections to close go out.
//!
//! | file | what it does |
//! |---|---|
//! | `rules` | the normative rules that the broker carries out, each with its statements |
//! | `config` | what is offered, and the limits |
//! | `connection`, `fault` | what arrives on a network connection, and what is wrong with it |
//! | `connect`, `connack`, `refusal` | from CONNECT to CONNACK |
//! | `authenticate`, `verification`, `dialogue`, `scram` | who the client is |
//! | `permission` | who may do what |
//! | `session`, `queue`, `holdings` | session state |
//! | `incoming` | messages from clients |
//! | `routing`, `subscriptions`, `retained`, `replay`, `tree` | to whom they go |
//! | `outgoing`, `in_flight` | messages to clients |
//! | `subscribe` | SUBSCRIBE and UNSUBSCRIBE |
//! | `pressure` | who is held back, since others do not keep up |
//! | `effort` | who waits for its turn, since its packets take much effort |
//! | `ending`, `will`, `deadlines`, `redirect` | how connections and sessions end |
//! | `explain` | a log of the rules that had a say |
//! | `notice` | what is of interest for a log |
//! | `statistics` | what the broker has done and holds, and `$SYS` |
//! | `turn`, `misprint` | how packets leave |
//! | `durable` | what outlives the broker's end |
//! | `fault/repair`, `misprint`, `raw` | what only mutants do |

mod authenticate;
mod config;
mod connack;
mod connect;
mod connection;
mod deadlines;
mod dialogue;
mod durable;
mod effort;
mod ending;
mod explain;
mod fault;
mod holdings;
mod in_flight;
mod incoming;
mod message;
mod misprint;
mod notice;
mod outgoing;
mod permission;
mod pressure;
mod queue;
mod raw;
mod redirect;
mod refusal;
mod replay;
mod retained;
mod routing;
mod rules;
mod scram;
mod session;
mod statistics;
mod subscribe;
mod subscriptions;
mod tree;
mod turn;
mod verification;
mod will;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use mqttspec_wire::Utf8String;

pub use config::{AboveMaximumQos, Challenge, Config, Limits, User};
pub use durable::{BrokenRecord, Changes, Restore};
pub use explain::{Cause, Fate, Route, Step};
pub use notice::Notice;
pub use permission::{NotPermission, Permission};
pub use redirect::Redirect;
pub use rules::{Rule, Rules};
pub use scram::{NotPrepared, NotScramKeys, Scram, ScramKeys, prepared};
pub use statistics::{Statistics, Traffic};
pub use verification::{Password, Verified};

use connection::Connection;
use deadlines::{Deadline, Deadlines};
use durable::Journal;
use effort::Resting;
use holdings::Holdings;
use message::Copy;
use pressure::Pressure;
use replay::Replaying;
use retained::Retained;
use session::Sessions;
use subscriptions::{Match, Subscriptions};
use turn::Turn;

/// Which network connection; chosen by whoever drives the broker, and not used for another one afterwards. To people, the
/// lower half is shown, and the upper half behind it if it is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (upper, lower) = (self.0 >> 32, self.0 & u64::from(u32::MAX));
        if upper == 0 { write!(f, "{lower}") } else { write!(f, "{lower}.{upper}") }
    }
}

/// What happens to a broker.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client has opened a network connection.
    Opened(ConnectionId),
    /// The other side has proved by its certificate who it is, before anything else came from it.
    Identified(ConnectionId, Utf8String),
    /// Bytes have arrived on it.
    Bytes(ConnectionId, Bytes),
    /// It has ended, on the other side or by failure.
    Closed(ConnectionId),
    /// This many of its bytes have left: see [`Broker::hold_back`].
    Written(ConnectionId, usize),
    /// The answer to [`Output::Verify`].
    Verified(ConnectionId, Verified),
    /// Time has passed.
    Tick,
    /// The broker is to end.
    Shutdown,
}

impl Input {
    /// As the beginning of a step. What bytes hold comes after them.
    fn cause(&self) -> Cause {
        match self {
            Self::Opened(id) => Cause::Opened(*id),
            Self::Closed(id) => Cause::Lost(*id),
            Self::Identified(..) => Cause::Other("a certificate says who a client is"),
            Self::Bytes(..) => Cause::Other("bytes have come"),
            Self::Written(..) => Cause::Other("bytes have left"),
            Self::Verified(..) => Cause::Other("a password was verified"),
            Self::Tick => Cause::Other("something is due"),
            Self::Shutdown => Cause::Other("the broker ends"),
        }
    }
}

/// What a broker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Sends these bytes, a whole control packet.
    Send(ConnectionId, Bytes),
    /// The same with a message that is passed on at QoS 0 or 1 as it comes. It may leave before what has changed is saved:
    /// if it then never is, whoever has published the message was not told that it arrived, and sends it again. Only a
    /// broker that tells its [changes](Broker::take_changes) makes a difference.
    Pass(ConnectionId, Bytes),
    /// Closes the network connection after what was sent on it. Nothing follows on it, and no
    /// [`Input::Closed`] is needed.
    Close(ConnectionId),
    /// The same after the client's DISCONNECT (§3.14), with which it has said that it sends nothing more: there is no need
    /// to wait until it closes its side, too.
    Part(ConnectionId),
    /// Asks whether a client's password has this hash; [`Input::Verified`] is awaited.
    Verify {
        /// The connection of the client.
        connection: ConnectionId,
        /// The hash.
        hash: Arc<str>,
        /// The password.
        password: Bytes,
    },
}

/// An MQTT broker without I/O and without a clock.
///
/// It is fully deterministic: the same inputs at the same times have the same outputs.
#[derive(Debug)]
pub struct Broker {
    config: Config,
    rules: Rules,
    /// Each has memory of its own, since the places of a map are half empty.
    connections: BTreeMap<ConnectionId, Box<Connection>>,
    sessions: Sessions,
    holdings: Holdings,
    subscriptions: Subscriptions,
    retained: Retained,
    replaying: Replaying,
    deadlines: Deadlines,
    pressure: Pressure,
    resting: Resting,
    /// What is saved, if anything is.
    journal: Option<Box<Journal>>,
    /// How many client identifiers have been assigned.
    assigned: u64,
    /// How many steps of enhanced authentication there have been.
    dialogues: u32,
    /// When the first event came.
    began: Option<Duration>,
    traffic: Traffic,
    /// The messages of `$SYS` topics.
    own_retained: Retained,
    /// What was done by which rules, if somebody wants to know.
    steps: Option<Vec<Step>>,
    scratch: BytesMut,
    matches: Vec<Match>,
    /// Messages that no member of a Shared Subscription is left for, which only a mutant keeps.
    orphans: Vec<Copy>,
    /// What has happened, if that is of interest.
    notices: Vec<Notice>,
    /// When it was told last that messages are dropped.
    drops_told: Option<Duration>,
}

impl Broker {
    /// A broker that keeps `rules`; [`Rules::all`] except for mutants.
    pub fn new(config: Config, rules: Rules) -> Self {
        Self {
            config,
            rules,
            connections: BTreeMap::new(),
            sessions: Sessions::default(),
            holdings: Holdings::default(),
            subscriptions: Subscriptions::new(),
            retained: Retained::new(),
            replaying: Replaying::default(),
            deadlines: Deadlines::default(),
            pressure: Pressure::default(),
            resting: Resting::default(),
            journal: None,
            assigned: 0,
            dialogues: 0,
            began: None,
            traffic: Traffic::default(),
            own_retained: Retained::new(),
            steps: None,
            scratch: BytesMut::new(),
            matches: Vec::new(),
            orphans: Vec::new(),
            notices: Vec::new(),
            drops_told: None,
        }
    }

    /// Takes in what happened at `now`, the time since any fixed moment, which never goes back. What is to be done
    /// about it, in order, is added to `out`.
    pub fn handle(&mut self, now: Duration, input: Input, out: &mut Vec<Output>) {
        let before = out.len();
        if self.began.is_none() {
            self.begin(now);
        }
        let mut turn = Turn::new(now, self.rules, std::mem::take(&mut self.scratch), out);
        turn.measure(self.high_water());
        turn.limit_room(self.config.limits.all_queued_bytes.saturating_sub(self.holdings.messages));
        turn.explain(self.steps.is_some());
        turn.begin_step(|| Cause::Other("something is due"));
        self.meet_deadlines(&mut turn);
        turn.begin_step(|| input.cause());
        match input {
            Input::Opened(id) => self.opened(&mut turn, id),
            Input::Identified(id, name) => self.identified(id, name),
            Input::Bytes(id, bytes) => self.received(&mut turn, id, bytes),
            Input::Closed(id) => self.lost(&mut turn, id),
            Input::Written(id, bytes) => self.written(&mut turn, id, bytes),
            Input::Verified(id, verified) => self.verified(&mut turn, id, verified),
            Input::Tick => self.go_on_with_the_next(&mut turn),
            Input::Shutdown => self.shut_down(&mut turn),
        }
        self.go_on(&mut turn);
        if let (Some(steps), Some(done)) = (&mut self.steps, turn.take_steps()) {
            steps.extend(done);
        }
        self.note_dropped(&turn);
        self.traffic.messages_sent += turn.messages;
        self.traffic.bytes_sent += turn.bytes;
        self.scratch = turn.into_scratch();
        if !self.rules.obeys(Rule::OnlyTheClientKeepsAlive) {
            self.hear_the_server(now, out.iter().skip(before));
        }
    }

    /// Keeps a log of what it goes by, which [`take_steps`](Self::take_steps) has to empty.
    pub fn explain(&mut self) {
        self.steps = Some(Vec::new());
    }

    /// What was done since this was asked last, if a log is kept.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.steps.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// When the broker has something to do by itself, on the clock of [`handle`](Self::handle): give it a
    /// [`Tick`](Input::Tick) by then.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.resting.due().or_else(|| self.deadlines.first())
    }

    fn meet_deadlines(&mut self, turn: &mut Turn) {
        while let Some(deadline) = self.deadlines.pop_due(turn.now) {
            match deadline {
                Deadline::Connection(id) => self.connection_is_due(turn, id),
                Deadline::Will(key) => self.delayed_will_is_due(turn, key),
                Deadline::SessionEnd(key) => self.session_is_over(turn, key),
                Deadline::Pressure(full) => self.pressure_is_due(turn, full),
                Deadline::Replays => self.search_on(turn),
                Deadline::Statistics => self.publish_statistics(turn),
                Deadline::Resend(key) => self.resend_needlessly(turn, key),
            }
        }
    }
}
