//! How network connections and sessions end.

use std::time::Duration;

use mqttspec_wire::{Packet, Properties, ReasonCode, Version, packet::Disconnect};

use super::{
    Broker, ConnectionId, Rule,
    connection::State,
    deadlines::Deadline,
    holdings::size_of_subscription,
    in_flight::Awaits,
    session::{Lifetime, SessionKey},
    turn::Turn,
};

/// How a network connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending<'t> {
    /// The client's side of it is gone, without DISCONNECT.
    Lost,
    /// The client has sent DISCONNECT with this reason.
    Disconnected(ReasonCode),
    /// The broker closes it because of an error, and says which.
    Error(ReasonCode, &'t str),
    /// The broker closes it and does not say why.
    Unanswered,
    /// The broker closes it because the client has connected anew.
    TakenOver,
}

impl Broker {
    /// The network connection has ended at the other side.
    pub(crate) fn lost(&mut self, turn: &mut Turn, id: ConnectionId) {
        self.end(turn, id, Ending::Lost);
    }

    /// DISCONNECT (§3.14).
    pub(crate) fn on_disconnect(&mut self, turn: &mut Turn, key: SessionKey, disconnect: &Disconnect) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(link) = &session.link else { return };
        let connection = link.connection;
        if let Some(expiry) = disconnect.properties.session_expiry_interval() {
            let raised = !link.asks_for_session && expiry != 0;
            if raised && turn.obeys(Rule::ExpiryNotRaisedFromZero) {
                let text = "the Session Expiry Interval was 0";
                return self.end(turn, connection, Ending::Error(ReasonCode::PROTOCOL_ERROR, text));
            }
            if turn.obeys(Rule::DisconnectChangesExpiry) {
                session.lifetime = Lifetime::of_expiry(turn, expiry, self.config.session_expiry_maximum);
            }
        }
        self.end(turn, connection, Ending::Disconnected(disconnect.reason));
    }

    /// Tells all clients that the broker ends, and forgets everything but what is still to be told of that. What is saved
    /// stays as it is.
    ///
    /// Will Messages are not published: a server that shuts down may defer them (MQTT 5.0 §3.1.2.5). One that is restored
    /// publishes them then.
    pub(crate) fn shut_down(&mut self, turn: &mut Turn) {
        for (id, connection) in std::mem::take(&mut self.connections) {
            if let State::Connected { session } = connection.state {
                let (reason, text) = (self.reason_of_shutdown(), "the server shuts down");
                self.note_end(id, session, Ending::Error(reason, text));
                self.disconnect(turn, session, id, (reason, text));
            }
            turn.close(id);
        }
        let (steps, notices) = (self.steps.take(), std::mem::take(&mut self.notices));
        *self = Self { steps, notices, ..Self::new(self.config.clone(), self.rules) };
    }

    /// Ends a network connection in the way said.
    pub(crate) fn end(&mut self, turn: &mut Turn, id: ConnectionId, ending: Ending<'_>) {
        self.set_due(id, None);
        let Some(connection) = self.connections.remove(&id) else { return };
        self.leave_pressure(id);
        match connection.state {
            State::AwaitsConnect | State::Authenticating(_) | State::Verifying(_) => {
                close_unless_lost(turn, id, ending);
            }
            State::Connected { session } => {
                self.note_end(id, session, ending);
                self.say_why(turn, session, id, ending);
                close_unless_lost(turn, id, ending);
                self.detach(turn, session, id, ending);
            }
        }
        if matches!(ending, Ending::Error(..)) && !turn.obeys(Rule::OthersUnaffectedByError) {
            let others: Vec<_> = self.connections.keys().copied().collect();
            for other in others {
                self.end(turn, other, Ending::Unanswered);
            }
        }
    }

    /// Sends DISCONNECT where MQTT 5.0 has a reason for it (§3.14, §4.13).
    fn say_why(&self, turn: &mut Turn, key: SessionKey, id: ConnectionId, ending: Ending<'_>) {
        let why = match ending {
            Ending::Error(reason, text) if turn.obeys(Rule::ErrorReasonTold) => (reason, text),
            Ending::TakenOver if turn.obeys(Rule::TakeoverTold) => {
                (ReasonCode::SESSION_TAKEN_OVER, "the client has connected anew")
            }
            Ending::Error(..)
            | Ending::TakenOver
            | Ending::Lost
            | Ending::Disconnected(_)
            | Ending::Unanswered => return,
        };
        self.disconnect(turn, key, id, why);
    }

    fn disconnect(
        &self,
        turn: &mut Turn,
        key: SessionKey,
        id: ConnectionId,
        (reason, text): (ReasonCode, &str),
    ) {
        let Some(link) = self.sessions.get(key).and_then(|session| session.link.as_ref()) else { return };
        let disconnect = Packet::Disconnect(Disconnect { reason, properties: Properties::new() });
        if link.version == Version::V5_0 {
            let disconnect = self.with_reference(turn, link, disconnect);
            turn.answer(link, &disconnect, text);
            if !turn.obeys(Rule::NothingAfterDisconnect) {
                turn.send(link, &Packet::Pingresp);
            }
        } else if !turn.obeys(Rule::ServerNeverDisconnectsV3) {
            turn.send_on(id, Version::V3_1_1, &disconnect);
        }
    }

    /// Takes the network connection from its session, which may end with it.
    fn detach(&mut self, turn: &mut Turn, key: SessionKey, id: ConnectionId, ending: Ending<'_>) {
        if self.sessions.get(key).is_some_and(|session| session.is_on(id)) {
            self.left(turn, key, ending);
        }
    }

    /// The session's network connection has ended.
    pub(crate) fn left(&mut self, turn: &mut Turn, key: SessionKey, ending: Ending<'_>) {
        self.with_session(key, |session| session.link = None);
        let Some(session) = self.sessions.get_mut(key) else { return };
        if turn.obeys(Rule::AliasesEndWithConnection) {
            session.aliases = None;
        }
        session.suspend_replays();
        if !turn.obeys(Rule::IncomingExchangesKept) {
            session.incoming.clear();
        }
        if !self.config.queue_qos_0 {
            self.with_session(key, |session| session.queue.drop_fleeting());
        }
        self.settle_will(turn, key, ending);
        if !turn.obeys(Rule::ShareWaitsForMember) {
            self.share_unacknowledged(turn, key);
        }
        if self.ends_with_connection(turn, key) {
            return self.discard(turn, key);
        }
        self.with_session(key, |session| session.keep_unacknowledged(turn));
        if let Some(session) = self.sessions.get_mut(key)
            && let Lifetime::For(seconds) = session.lifetime
            && turn.obeys(Rule::SessionExpires)
        {
            let at = turn.now + Duration::from_secs(u64::from(seconds));
            session.ends = Some(at);
            self.deadlines.set(at, Deadline::SessionEnd(key));
        }
    }

    fn ends_with_connection(&self, turn: &Turn, key: SessionKey) -> bool {
        let Some(session) = self.sessions.get(key) else { return true };
        match session.lifetime {
            Lifetime::Connection => turn.obeys(Rule::SessionEndsWithConnection),
            Lifetime::For(_) | Lifetime::Forever => {
                !turn.obeys(Rule::SessionOutlivesConnection)
                    || session.subscriptions.is_empty() && !turn.obeys(Rule::EmptySessionKept)
            }
        }
    }

    /// The Session Expiry Interval is over.
    pub(crate) fn session_is_over(&mut self, turn: &mut Turn, key: SessionKey) {
        if self.sessions.get(key).is_some_and(|session| session.ends.is_some_and(|ends| ends <= turn.now)) {
            self.forget(turn, key);
        }
    }

    /// Ends a session, of which a mutant leaves the empty shell to a client that is still connected.
    fn forget(&mut self, turn: &mut Turn, key: SessionKey) {
        match self.sessions.get_mut(key) {
            Some(session) if session.link.is_some() => {
                session.ends = None;
                session.queue.clear();
                session.outgoing.clear();
                session.incoming.clear();
                self.remove_subscriptions(turn, key);
            }
            Some(_) => self.discard(turn, key),
            None => {}
        }
    }

    /// Ends a session: nothing of it remains.
    pub(crate) fn discard(&mut self, turn: &mut Turn, key: SessionKey) {
        self.remove_subscriptions(turn, key);
        self.publish_pending_will(turn, key);
        let Some(mut session) = self.sessions.remove(key) else { return };
        self.holdings.messages = self.holdings.messages.saturating_sub(session.held());
        self.replaying.forget(key);
        if let Some(ends) = session.ends {
            self.deadlines.cancel(ends, Deadline::SessionEnd(key));
        }
        if let Some(journal) = &mut self.journal {
            journal.forget(&mut session);
        }
        let unsent = session.queue.take();
        let unacknowledged =
            session.outgoing.take().into_iter().filter_map(|exchange| match exchange.state {
                Awaits::Puback(copy) => Some(copy),
                Awaits::Pubrec(copy) if !turn.obeys(Rule::ShareQos2NotMoved) => Some(copy),
                Awaits::Pubrec(_) | Awaits::Pubcomp(_) => None,
            });
        let orphans: Vec<_> = unacknowledged.chain(unsent).filter(|copy| copy.shared.is_some()).collect();
        if turn.obeys(Rule::ShareMovesOnSessionEnd) {
            for copy in orphans {
                self.share_anew(turn, &copy);
            }
        }
        if !turn.obeys(Rule::RetainedOutliveSessions) {
            self.retained.clear();
        }
    }

    fn remove_subscriptions(&mut self, turn: &Turn, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        for (filter, _) in session.subscriptions.take().into_values() {
            let size = size_of_subscription(&filter);
            self.holdings.subscriptions = self.holdings.subscriptions.saturating_sub(size);
            self.subscriptions.remove(turn.rules(), &filter, key);
        }
    }
}

fn close_unless_lost(turn: &mut Turn, id: ConnectionId, ending: Ending<'_>) {
    match ending {
        Ending::Disconnected(_) if turn.obeys(Rule::ClosesAfterClientsDisconnect) => turn.part(id),
        Ending::Error(..) if turn.obeys(Rule::ClosesAfterError) => turn.close(id),
        Ending::TakenOver | Ending::Unanswered => turn.close(id),
        Ending::Lost | Ending::Disconnected(_) | Ending::Error(..) => {}
    }
}
