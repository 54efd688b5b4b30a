//! Session state (MQTT 3.1.1 §4.1, MQTT 5.0 §4.1).

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use mqttspec_wire::{
    PacketId, TopicFilter, Utf8String, Version,
    packet::{Connect, Will},
};

use super::{
    ConnectionId, Rule,
    authenticate::Authentication,
    durable::{Kept, Place},
    in_flight::InFlight,
    permission::Rights,
    queue::Queue,
    subscriptions::Options,
    turn::Turn,
};

/// Which session; the index of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey(u32);

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    places: Vec<Option<Session>>,
    free: Vec<SessionKey>,
    by_client: BTreeMap<Utf8String, SessionKey>,
    /// Those that may have changed since they were saved, if anything is.
    touched: Option<Vec<SessionKey>>,
}

/// The state of one session.
#[derive(Debug)]
pub(crate) struct Session {
    /// Whose it is.
    pub(crate) client_id: Utf8String,
    /// The user name of its client.
    pub(crate) owner: Option<Box<Utf8String>>,
    /// What its client may do; `None` if nothing is restricted.
    pub(crate) rights: Option<Arc<Rights>>,
    /// How long it lives without a network connection.
    pub(crate) lifetime: Lifetime,
    /// Its network connection, while it has one.
    pub(crate) link: Option<Link>,
    /// When it ends, while it has no network connection and does not live forever.
    pub(crate) ends: Option<Duration>,
    /// The will of its network connection, or the delayed one of its last.
    pub(crate) will: Option<Box<StoredWill>>,
    /// Its subscriptions by the filter as the client wrote it.
    pub(crate) subscriptions: Kept<Utf8String, (TopicFilter, Options)>,
    /// The QoS 2 messages from the client whose PUBREL has not come, by identifier.
    pub(crate) incoming: Kept<PacketId, Incoming>,
    /// What the client has been sent and has not acknowledged.
    pub(crate) outgoing: InFlight,
    /// What waits to be sent.
    pub(crate) queue: Queue,
    /// Where it is saved, once it is.
    pub(crate) place: Option<Box<Place>>,
    /// Whether it may have changed since it was saved.
    is_touched: bool,
    /// The Topic Aliases that the client has set on its network connection.
    #[expect(clippy::box_collection, reason = "a session without aliases is not to be larger by a map")]
    pub(crate) aliases: Option<Box<BTreeMap<u16, Utf8String>>>,
    /// The window of its last network connection, which only a mutant goes by.
    pub(crate) former_window: u16,
    /// What else only a mutant keeps.
    pub(crate) leftovers: Option<Box<Leftovers>>,
}

/// With the default limits there may be 200,000 sessions, most of them idle: what most do without is on the heap.
const _: () = assert!(size_of::<Option<Session>>() <= 200);

/// What only a mutant keeps.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// Filters of subscriptions that ended.
    pub(crate) filters: BTreeSet<Utf8String>,
    /// Subscription Identifiers of subscriptions that ended.
    pub(crate) identifiers: BTreeMap<Utf8String, u32>,
    /// The Subscription Identifiers that it goes back to.
    pub(crate) former_identifiers: Vec<u32>,
}

/// A QoS 2 message from the client whose PUBREL has not come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming {
    /// Whether it was sent on the current network connection, and so counts against the Receive Maximum.
    pub(crate) counted: bool,
    /// When the message expires.
    pub(crate) expires: Option<Duration>,
}

/// How long a session lives without a network connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It ends with its network connection: Clean Session 1, or Session Expiry Interval 0.
    Connection,
    /// It ends this many seconds after its network connection.
    For(u32),
    /// It does not end by itself: Clean Session 0, or Session Expiry Interval 0xFFFFFFFF.
    Forever,
}

/// A will with what is known of when it is due.
#[derive(Clone, Debug)]
pub(crate) struct StoredWill {
    pub(crate) will: Will,
    /// When it is published, once its network connection has closed.
    pub(crate) due: Option<Duration>,
}

/// The network connection of a session, with what the client said about itself in CONNECT.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) connection: ConnectionId,
    pub(crate) version: Version,
    /// The keep alive in force, in seconds.
    pub(crate) keep_alive: u16,
    /// How many QoS 1 and QoS 2 messages may be sent unacknowledged.
    pub(crate) window: u16,
    /// How many more of them may be sent now (MQTT 5.0 §4.9).
    pub(crate) quota: u16,
    /// The client's Maximum Packet Size.
    pub(crate) maximum_packet_size: Option<NonZeroU32>,
    /// How many bytes it was sent and its network connection has not taken, if that is told.
    pub(crate) unwritten: Cell<u32>,
    /// Whether Reason Strings and User Properties may explain acknowledgements.
    pub(crate) problem_information: bool,
    /// How many QoS 2 messages the client has begun on this connection and not finished.
    pub(crate) unreleased: u16,
    /// How many QoS 1 and QoS 2 messages the client may have unfinished.
    pub(crate) receive_maximum: u16,
    /// How many Topic Aliases the client may set.
    pub(crate) topic_alias_maximum: u16,
    /// Whether CONNECT asked for a session that outlives the network connection.
    pub(crate) asks_for_session: bool,
    /// How the client proved who it is, if CONNECT had an Authentication Method.
    pub(crate) authentication: Option<Box<Authentication>>,
}

impl StoredWill {
    /// The will of a client that has come in. It may wait for longer than what came together with it.
    pub(crate) fn new(will: &Will) -> Self {
        let properties = will.properties.detached();
        let (topic, payload) = (will.topic.detached(), Bytes::copy_from_slice(&will.payload));
        Self { will: Will { properties, topic, payload, ..*will }, due: None }
    }
}

impl Lifetime {
    /// What a Session Expiry Interval means (MQTT 5.0 §3.1.2.11.2).
    pub(crate) fn of_expiry(turn: &Turn, seconds: u32, maximum: Option<u32>) -> Self {
        match maximum.map_or(seconds, |maximum| seconds.min(maximum)) {
            0 => Self::Connection,
            u32::MAX if turn.obeys(Rule::LargestExpiryIsForever) => Self::Forever,
            u32::MAX => Self::Connection,
            seconds => Self::For(seconds),
        }
    }
}

impl Link {
    /// The link for a client that sent this CONNECT, with nothing granted yet.
    pub(crate) fn new(connection: ConnectionId, connect: &Connect) -> Self {
        let properties = &connect.properties;
        Self {
            connection,
            version: connect.version,
            keep_alive: 0,
            window: 0,
            quota: 0,
            maximum_packet_size: properties.maximum_packet_size().and_then(NonZeroU32::new),
            unwritten: Cell::new(0),
            problem_information: properties.request_problem_information() != Some(0),
            unreleased: 0,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            asks_for_session: properties.session_expiry_interval().is_some_and(|interval| interval != 0),
            authentication: Authentication::of(connect),
        }
    }
}

impl Session {
    pub(crate) fn new(client_id: Utf8String, lifetime: Lifetime) -> Self {
        Self {
            client_id,
            owner: None,
            rights: None,
            lifetime,
            link: None,
            ends: None,
            will: None,
            subscriptions: Kept::default(),
            incoming: Kept::default(),
            outgoing: InFlight::default(),
            queue: Queue::default(),
            place: None,
            is_touched: false,
            aliases: None,
            former_window: 0,
            leftovers: None,
        }
    }

    /// Whether a mutant still knows this filter.
    pub(crate) fn has_left(&self, filter: &Utf8String) -> bool {
        self.leftovers.as_ref().is_some_and(|left| left.filters.contains(filter))
    }

    /// The Subscription Identifier that a mutant still knows for this filter.
    pub(crate) fn take_left_identifier(&mut self, filter: &Utf8String) -> Option<u32> {
        self.leftovers.as_mut()?.identifiers.remove(filter)
    }

    /// Whether this is its network connection.
    pub(crate) fn is_on(&self, connection: ConnectionId) -> bool {
        self.link.as_ref().is_some_and(|link| link.connection == connection)
    }
}

impl Sessions {
    /// The session with this key.
    pub(crate) fn get(&self, key: SessionKey) -> Option<&Session> {
        self.places.get(key.0 as usize)?.as_ref()
    }

    /// The session with this key, to change.
    pub(crate) fn get_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        let session = self.places.get_mut(key.0 as usize)?.as_mut()?;
        if let Some(touched) = &mut self.touched
            && !session.is_touched
        {
            session.is_touched = true;
            touched.push(key);
        }
        Some(session)
    }

    /// Begins to note which of them may change.
    pub(crate) fn watch(&mut self) {
        self.touched = Some(Vec::new());
    }

    /// Shows those that may have changed since this was done last.
    pub(crate) fn each_touched(&mut self, mut show: impl FnMut(&mut Session)) {
        for key in self.touched.as_mut().map(std::mem::take).unwrap_or_default() {
            if let Some(Some(session)) = self.places.get_mut(key.0 as usize)
                && std::mem::take(&mut session.is_touched)
            {
                show(session);
            }
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.places.iter().flatten()
    }

    /// The session of a client.
    pub(crate) fn of_client(&self, client_id: &str) -> Option<SessionKey> {
        self.by_client.get(client_id).copied()
    }

    /// The first that has no network connection.
    pub(crate) fn first_idle(&self) -> Option<SessionKey> {
        let is_idle = |place: &Option<Session>| place.as_ref().is_some_and(|session| session.link.is_none());
        let index = self.places.iter().position(is_idle)?;
        u32::try_from(index).ok().map(SessionKey)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Adds a session, which becomes the one of its client.
    pub(crate) fn insert(&mut self, session: Session) -> SessionKey {
        let key = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            SessionKey(u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX))
        });
        self.by_client.insert(session.client_id.clone(), key);
        if let Some(place) = self.places.get_mut(key.0 as usize) {
            *place = Some(session);
        }
        key
    }

    /// Takes a session out.
    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Session> {
        let session = self.places.get_mut(key.0 as usize)?.take()?;
        self.free.push(key);
        if self.of_client(&session.client_id) == Some(key) {
            self.by_client.remove(&session.client_id);
        }
        Some(session)
    }
}
