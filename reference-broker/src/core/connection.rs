//! Network connections and what arrives on them.

use std::time::Duration;

use bytes::Bytes;
use mqttspec_wire::{
    Decoder, Packet, ReasonCode, Sender, Utf8String, Version,
    packet::{Ack, PacketType},
};

use super::{
    Broker, ConnectionId, Output, Rule,
    authenticate::Attempt,
    deadlines::Deadline,
    ending::Ending,
    explain::Cause,
    session::{Link, SessionKey},
    turn::Turn,
    verification::Verification,
};

/// A network connection that is open.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) decoder: Decoder,
    pub(crate) state: State,
    /// Who the other side is, by its certificate.
    pub(crate) identity: Option<Box<Utf8String>>,
    /// When the last packet came.
    heard: Duration,
    /// When it is due: to be let in, or to give a sign of life.
    due: Option<Duration>,
}

/// How far a network connection has come.
///
/// ```text
/// AwaitsConnect -- CONNECT ----------------------------------------> Connected -- DISCONNECT, error --> closed
///       |--------- CONNECT with a method --> Authenticating -- AUTH ----^
///       `--------- CONNECT with a password -> Verifying -- it is right -^
/// ```
///
/// A connection that is refused, or ended by the broker, is no longer known: what still arrives on it is ignored.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing has come yet.
    AwaitsConnect,
    /// The server has asked back with AUTH (MQTT 5.0 §4.12).
    Authenticating(Box<Attempt>),
    /// The password of the client is being verified.
    Verifying(Box<Verification>),
    /// CONNACK with success has been sent.
    Connected {
        /// The session that the connection belongs to.
        session: SessionKey,
    },
}

impl Broker {
    pub(crate) fn opened(&mut self, turn: &mut Turn, id: ConnectionId) {
        if self.connections.len() >= self.config.limits.connections {
            return turn.close(id);
        }
        let connection = Connection {
            decoder: Decoder::new(Sender::Client, None)
                .with_max_packet_size(self.accepted_packet_size(turn, false)),
            state: State::AwaitsConnect,
            identity: None,
            heard: turn.now,
            due: None,
        };
        self.connections.insert(id, Box::new(connection));
        if turn.obeys(Rule::ConnectAwaitedForALimitedTime) {
            self.set_due(id, Some(turn.now + self.config.connect_timeout));
        }
    }

    pub(crate) fn identified(&mut self, id: ConnectionId, name: Utf8String) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.identity = Some(Box::new(name));
        }
    }

    /// The size of the largest packet that is accepted (MQTT 5.0 §3.2.2.3.6), which is smaller as long as the client is not
    /// let in.
    pub(crate) fn accepted_packet_size(&self, turn: &Turn, is_let_in: bool) -> u32 {
        if !turn.obeys(Rule::MaximumPacketSizeEnforced) {
            return u32::MAX;
        }
        let maximum = self.config.maximum_packet_size;
        if is_let_in { maximum } else { maximum.min(self.config.limits.connect_bytes) }
    }

    pub(crate) fn received(&mut self, turn: &mut Turn, id: ConnectionId, bytes: Bytes) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        self.traffic.bytes_received += bytes.len() as u64;
        connection.decoder.feed_owned(bytes);
        turn.full = None;
        while !self.awaits_verification(turn, id)
            && !self.pressure.holds(id)
            && !self.awaits_its_turn(turn, id)
            && let Some(connection) = self.connections.get_mut(&id)
        {
            match connection.decoder.next() {
                Ok(Some(frame)) => {
                    let version = connection.decoder.version().unwrap_or(Version::V5_0);
                    turn.begin_step(|| Cause::Packet(id, version, Box::new(frame.packet.clone())));
                    if turn.understands(&frame) {
                        self.on_packet(turn, id, frame.packet);
                        self.press(turn, id);
                    }
                }
                Ok(None) => break,
                Err(rejected) => {
                    turn.begin_step(|| Cause::Fault(id, rejected.fault.to_string()));
                    self.on_fault(turn, id, &rejected);
                }
            }
        }
        self.relieve_queue(turn, id);
    }

    /// The client is there, even if nothing has been taken from it.
    pub(crate) fn heard_from(&mut self, turn: &Turn, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.heard = turn.now;
        }
    }

    pub(crate) fn on_packet(&mut self, turn: &mut Turn, id: ConnectionId, packet: Packet) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if packet.packet_type() == PacketType::Pingreq || turn.obeys(Rule::AnyPacketKeepsAlive) {
            connection.heard = turn.now;
        }
        match (&connection.state, packet) {
            (State::AwaitsConnect, Packet::Connect(connect)) => self.on_connect(turn, id, *connect),
            // The decoder lets no other packet come first.
            (State::AwaitsConnect, _) => self.end(turn, id, Ending::Unanswered),
            (State::Authenticating(_), packet) => self.on_answer(turn, id, &packet),
            // Its packets wait.
            (State::Verifying(_), _) => {}
            (State::Connected { session }, packet) => {
                let session = *session;
                self.on_session_packet(turn, session, packet);
            }
        }
    }

    fn on_session_packet(&mut self, turn: &mut Turn, key: SessionKey, packet: Packet) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(connection) = session.link.as_ref().map(|link| link.connection) else { return };
        match packet {
            Packet::Publish(publish) => self.on_publish(turn, key, publish),
            Packet::Puback(ack) => {
                self.share_refused(turn, key, &ack);
                self.with_session(key, |session| session.on_puback(turn, &ack));
                self.feed(turn, key);
            }
            Packet::Pubrec(ack) => {
                self.share_refused(turn, key, &ack);
                self.with_session(key, |session| session.on_pubrec(turn, &ack));
                self.feed(turn, key);
            }
            Packet::Pubrel(ack) => session.on_pubrel(turn, &ack),
            Packet::Pubcomp(ack) => {
                self.with_session(key, |session| session.on_pubcomp(turn, &ack));
                self.feed(turn, key);
            }
            Packet::Subscribe(subscribe) => self.on_subscribe(turn, key, &subscribe),
            Packet::Unsubscribe(unsubscribe) => self.on_unsubscribe(turn, key, &unsubscribe),
            Packet::Pingreq => {
                if turn.obeys(Rule::PingreqAnswered) {
                    session.answer(turn, &Packet::Pingresp, "");
                }
            }
            Packet::Disconnect(disconnect) => self.on_disconnect(turn, key, &disconnect),
            Packet::Auth(auth) => self.on_auth(turn, key, &auth),
            Packet::Connect(_) => self.on_second_connect(turn, connection),
            // The decoder lets no client send these.
            Packet::Connack(_) | Packet::Suback(_) | Packet::Unsuback(_) | Packet::Pingresp => {}
        }
    }

    fn on_second_connect(&mut self, turn: &mut Turn, id: ConnectionId) {
        if let Some(link) = self.link(id)
            && !turn.obeys(Rule::OneConnackOnly)
        {
            let connack = super::connack::refusal(turn, ReasonCode::PROTOCOL_ERROR);
            turn.send(link, &Packet::Connack(connack));
        }
        if turn.obeys(Rule::SecondConnectRefused) {
            self.end(turn, id, Ending::Error(ReasonCode::PROTOCOL_ERROR, "a second CONNECT"));
        }
    }

    /// The session's end of this network connection, if it has one.
    pub(crate) fn link(&self, id: ConnectionId) -> Option<&Link> {
        match self.connections.get(&id)?.state {
            State::Connected { session } => self.sessions.get(session)?.link.as_ref(),
            State::AwaitsConnect | State::Authenticating(_) | State::Verifying(_) => None,
        }
    }

    /// Says anew when the connection is due, if it is to be.
    pub(crate) fn set_due(&mut self, id: ConnectionId, due: Option<Duration>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(at) = std::mem::replace(&mut connection.due, due) {
            self.deadlines.cancel(at, Deadline::Connection(id));
        }
        if let Some(at) = due {
            self.deadlines.set(at, Deadline::Connection(id));
        }
    }

    /// The time in which the connection was to be let in, or to give a sign of life, is over.
    pub(crate) fn connection_is_due(&mut self, turn: &mut Turn, id: ConnectionId) {
        match self.connections.get(&id).map(|connection| &connection.state) {
            Some(State::AwaitsConnect | State::Authenticating(_) | State::Verifying(_)) => {
                self.end(turn, id, Ending::Unanswered);
            }
            Some(State::Connected { .. }) => self.check_keep_alive(turn, id),
            None => {}
        }
    }

    /// Closes the connection if its client has been silent for too long; else looks again when that can be.
    fn check_keep_alive(&mut self, turn: &mut Turn, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let Some(patience) = self.link(id).and_then(|link| patience(turn, link.keep_alive)) else { return };
        let due = connection.heard + patience;
        if self.is_held_back(id) {
            self.set_due(id, Some(turn.now + patience));
        } else if due > turn.now {
            self.set_due(id, Some(due));
        } else if turn.obeys(Rule::KeepAliveTimeoutTold) {
            self.end(turn, id, Ending::Error(ReasonCode::KEEP_ALIVE_TIMEOUT, "nothing came for too long"));
        } else {
            self.end(turn, id, Ending::Unanswered);
        }
    }

    /// A mutant takes what it sends for a sign of life.
    pub(crate) fn hear_the_server<'o>(&mut self, now: Duration, sent: impl Iterator<Item = &'o Output>) {
        for output in sent {
            if let Output::Send(id, _) | Output::Pass(id, _) = output
                && let Some(connection) = self.connections.get_mut(id)
            {
                connection.heard = now;
            }
        }
    }

    pub(crate) fn resend_needlessly(&mut self, turn: &mut Turn, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(key).filter(|session| session.link.is_some()) else {
            return;
        };
        session.resend_all(turn);
        self.deadlines.set(turn.now + RESEND, Deadline::Resend(key));
    }

    /// A member of a Shared Subscription refuses a message, which a mutant then gives to another.
    fn share_refused(&mut self, turn: &mut Turn, key: SessionKey, ack: &Ack) {
        if ack.reason.is_error() && !turn.obeys(Rule::ShareRefusalFinal) {
            let copy = self.sessions.get(key).and_then(|session| session.unacknowledged(ack.id));
            if let Some(copy) = copy {
                self.share_anew(turn, &copy);
            }
        }
    }
}

/// After what time a broker that does so sends unacknowledged packets again on an open connection.
pub(crate) const RESEND: Duration = Duration::from_secs(1);

/// How long a client may be silent (§3.1.2.10).
pub(crate) fn patience(turn: &Turn, keep_alive: u16) -> Option<Duration> {
    if !turn.obeys(Rule::KeepAliveEnforced) {
        return None;
    }
    if keep_alive == 0 {
        return (!turn.obeys(Rule::KeepAliveZeroIsOff)).then_some(Duration::from_secs(2));
    }
    let period = Duration::from_secs(u64::from(keep_alive));
    Some(if turn.obeys(Rule::KeepAliveOneAndAHalf) { period + period / 2 } else { period / 2 })
}
