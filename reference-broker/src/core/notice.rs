//! What whoever runs a broker may want to read in a log: who came in, who did not, who went and why.

use std::time::Duration;

use mqttspec_wire::{ReasonCode, Utf8String, Version};

use super::{Broker, ConnectionId, connection::State, ending::Ending, session::SessionKey, turn::Turn};

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A client was let in.
    Accepted {
        /// Its network connection.
        connection: ConnectionId,
        /// Its client identifier.
        client_id: Utf8String,
        /// Its user name.
        user: Option<Utf8String>,
        /// The version that it speaks.
        version: Version,
        /// Whether it goes on with a session.
        resumed: bool,
    },
    /// A client was not let in.
    Refused {
        /// Its network connection.
        connection: ConnectionId,
        /// Its client identifier; empty if what came was no CONNECT.
        client_id: Utf8String,
        /// Why, in the terms of MQTT 5.0.
        reason: ReasonCode,
        /// Why, in words.
        text: String,
    },
    /// The network connection of a client that was let in has ended.
    Ended {
        /// The network connection.
        connection: ConnectionId,
        /// The client identifier.
        client_id: Utf8String,
        /// The Reason Code of either side, if there is one.
        reason: Option<ReasonCode>,
        /// How, in words.
        text: String,
    },
    /// A client has held others back without progress for too long, and is disconnected.
    TooSlow {
        /// Its network connection.
        connection: ConnectionId,
        /// Its client identifier.
        client_id: Utf8String,
    },
    /// Messages were dropped, since too many wait already for those who would get them. This is told once in a minute.
    Dropped {
        /// How many have been dropped since the broker began.
        total: u64,
    },
    /// A client was not allowed to publish or to subscribe.
    Denied {
        /// Its client identifier.
        client_id: Utf8String,
        /// To what: a topic name, or a topic filter.
        topic: Utf8String,
        /// Whether it wanted to publish.
        publishes: bool,
    },
}

impl Broker {
    /// What has happened since this was asked last; nothing unless [`Config::notices`](super::Config::notices).
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub(crate) fn note(&mut self, notice: impl FnOnce() -> Notice) {
        if self.config.notices {
            self.notices.push(notice());
        }
    }

    pub(crate) fn note_accepted(&mut self, connection: ConnectionId, key: SessionKey, resumed: bool) {
        let Some(client_id) = self.noted(key) else { return };
        let Some(session) = self.sessions.get(key) else { return };
        let (user, version) = (session.owner.as_deref().cloned(), session.version().unwrap_or(Version::V5_0));
        self.note(|| Notice::Accepted { connection, client_id, user, version, resumed });
    }

    pub(crate) fn note_end(&mut self, connection: ConnectionId, key: SessionKey, ending: Ending<'_>) {
        let Some(client_id) = self.noted(key) else { return };
        let (reason, text) = match ending {
            Ending::Lost => (None, "the network connection is lost"),
            Ending::Disconnected(reason) => (Some(reason), "the client has sent DISCONNECT"),
            Ending::Error(reason, text) => (Some(reason), text),
            Ending::Unanswered => (None, "the broker has closed the network connection"),
            Ending::TakenOver => (Some(ReasonCode::SESSION_TAKEN_OVER), "the client has connected anew"),
        };
        self.note(|| Notice::Ended { connection, client_id, reason, text: text.to_owned() });
    }

    /// Whoever runs the broker should know of this, and is told whether or not notices are wanted.
    pub(crate) fn note_slow(&mut self, connection: ConnectionId) {
        if let Some(State::Connected { session }) = self.connections.get(&connection).map(|open| &open.state)
            && let Some(session) = self.sessions.get(*session)
        {
            self.notices.push(Notice::TooSlow { connection, client_id: session.client_id.clone() });
        }
    }

    /// The same, but not each time.
    pub(crate) fn note_dropped(&mut self, turn: &Turn) {
        if turn.dropped == 0 {
            return;
        }
        self.traffic.messages_dropped += turn.dropped;
        let is_due = self.drops_told.is_none_or(|told| turn.now >= told + Duration::from_mins(1));
        if is_due && (self.config.notices || self.holds_back()) {
            self.drops_told = Some(turn.now);
            self.notices.push(Notice::Dropped { total: self.traffic.messages_dropped });
        }
    }

    /// Whose session it is, if that is of interest.
    fn noted(&self, key: SessionKey) -> Option<Utf8String> {
        self.sessions.get(key).filter(|_| self.config.notices).map(|session| session.client_id.clone())
    }

    pub(crate) fn note_denied(&mut self, key: SessionKey, topic: &Utf8String, publishes: bool) {
        let Some(client_id) = self.noted(key) else { return };
        self.note(|| Notice::Denied { client_id, topic: topic.clone(), publishes });
    }
}
