//! One TCP connection of a capture, until it is known what is spoken on it and from then on.

use std::{mem, net::SocketAddr};

use mqttspec_segments::{End, Kind, Party, Stamp};
use mqttspec_wire::Sender;

use super::{
    session::{Session, Watcher},
    sniff::{Backlog, Decision},
    websocket::{Tunnel, Unpacked},
};

/// A TCP connection.
#[derive(Debug)]
pub struct Conversation {
    /// The addresses of [`Party::First`] and [`Party::Second`].
    pub parties: [SocketAddr; 2],
    /// When it was seen first.
    pub opened: Stamp,
    /// When it was seen last.
    pub latest: Stamp,
    /// Who ended it, if that was seen, and how.
    pub ended: Option<(Party, End)>,
    /// The WebSocket around it, by party.
    tunnels: Option<Box<[Tunnel; 2]>>,
    /// Why the inside of the WebSocket cannot be read any further.
    pub broken: Option<&'static str>,
    phase: Phase,
}

/// What is known about what is spoken.
#[derive(Debug)]
enum Phase {
    Unclear(Backlog),
    Mqtt { client: Party, session: Box<Session> },
    Encrypted,
    Other,
}

/// What a conversation came to.
#[derive(Debug)]
pub enum Nature<'a> {
    /// MQTT with this client.
    Mqtt(Party, &'a mut Session),
    /// TLS.
    Encrypted,
    /// Anything else.
    Other,
}

impl Conversation {
    /// A connection from `first` to `second`.
    pub fn new(first: SocketAddr, second: SocketAddr, stamp: Stamp) -> Self {
        Self {
            parties: [first, second],
            opened: stamp,
            latest: stamp,
            ended: None,
            tunnels: None,
            broken: None,
            phase: Phase::Unclear(Backlog::new([first.port(), second.port()])),
        }
    }

    /// Whether MQTT travels inside WebSocket.
    pub const fn is_websocket(&self) -> bool {
        self.tunnels.is_some()
    }

    /// The address of a party.
    pub const fn address(&self, party: Party) -> SocketAddr {
        let [first, second] = self.parties;
        match party {
            Party::First => first,
            Party::Second => second,
        }
    }

    /// What it came to.
    pub fn nature(&mut self) -> Nature<'_> {
        match &mut self.phase {
            Phase::Mqtt { client, session } => Nature::Mqtt(*client, session),
            Phase::Encrypted => Nature::Encrypted,
            Phase::Unclear(_) | Phase::Other => Nature::Other,
        }
    }

    /// Takes in what happened on the connection.
    pub fn event(&mut self, stamp: Stamp, kind: Kind, watcher: &mut Watcher<'_>) {
        self.latest = self.latest.max(stamp);
        if let (Kind::Ended { by, how }, None) = (&kind, self.ended) {
            self.ended = Some((*by, *how));
        }
        let Some(tunnels) = &mut self.tunnels else { return self.inner(stamp, kind, watcher) };
        let [first, second] = &mut **tunnels;
        let mut unpacked = Vec::new();
        let (by, kind) = match kind {
            Kind::Bytes { by, bytes } => {
                if by == Party::First { first } else { second }.bytes(&bytes, &mut unpacked);
                (by, None)
            }
            Kind::Gap { by, .. } => {
                if by == Party::First { first } else { second }.gap(&mut unpacked);
                (by, None)
            }
            Kind::Ended { by, .. } | Kind::Begins { by, .. } => (by, Some(kind)),
            Kind::Opened { .. } | Kind::Over => (Party::First, Some(kind)),
        };
        for part in unpacked {
            match part {
                Unpacked::Bytes(bytes) => self.inner(stamp, Kind::Bytes { by, bytes }, watcher),
                Unpacked::Broken(why) => {
                    self.broken.get_or_insert(why);
                    if let Phase::Mqtt { session, .. } = &mut self.phase {
                        session.lose_sight_of_all(stamp);
                    }
                }
            }
        }
        if let Some(kind) = kind {
            self.inner(stamp, kind, watcher);
        }
    }

    /// What happened, without any WebSocket around it.
    fn inner(&mut self, stamp: Stamp, kind: Kind, watcher: &mut Watcher<'_>) {
        let decision = match &mut self.phase {
            Phase::Unclear(backlog) => {
                let is_over = matches!(kind, Kind::Over);
                let decision = backlog.add(stamp, kind);
                if is_over { decision.or_else(|| backlog.decide(true)) } else { decision }
            }
            Phase::Mqtt { client, session } => return speak(*client, session, (stamp, kind), watcher),
            Phase::Encrypted | Phase::Other => return,
        };
        if let Some(decision) = decision {
            self.decide(decision, watcher);
        }
    }

    fn decide(&mut self, decision: Decision, watcher: &mut Watcher<'_>) {
        let phase = match decision {
            Decision::Mqtt { client, .. } => Phase::Mqtt { client, session: Box::default() },
            Decision::WebSocket(_) if self.tunnels.is_some() => Phase::Other,
            Decision::WebSocket(_) => Phase::Unclear(Backlog::new(self.parties.map(|party| party.port()))),
            Decision::Encrypted => Phase::Encrypted,
            Decision::Other => Phase::Other,
        };
        let Phase::Unclear(backlog) = mem::replace(&mut self.phase, phase) else { return };
        match decision {
            Decision::Mqtt { client, begins } => {
                for (stamp, kind) in backlog.events {
                    // A CONNECT is the beginning, whether or not the connection's was captured.
                    let is_beginning = begins && kind == Kind::Begins { by: client, whole: false };
                    let kind = if is_beginning { Kind::Begins { by: client, whole: true } } else { kind };
                    self.inner(stamp, kind, watcher);
                }
            }
            Decision::WebSocket(_) if self.tunnels.is_none() => {
                self.tunnels = Some(Box::new([Tunnel::new(), Tunnel::new()]));
                for (stamp, kind) in backlog.events {
                    self.event(stamp, kind, watcher);
                }
            }
            Decision::WebSocket(_) | Decision::Encrypted | Decision::Other => {}
        }
    }
}

fn speak(client: Party, session: &mut Session, (stamp, kind): (Stamp, Kind), watcher: &mut Watcher<'_>) {
    let sender = |by: Party| if by == client { Sender::Client } else { Sender::Server };
    match kind {
        Kind::Begins { by, whole } => session.begins(sender(by), whole),
        Kind::Bytes { by, bytes } => session.bytes(stamp, sender(by), bytes, watcher),
        Kind::Gap { by, bytes, lost } => session.gap(stamp, sender(by), (bytes, lost), watcher),
        Kind::Ended { by, .. } => session.ended(stamp, sender(by), watcher),
        Kind::Opened { .. } | Kind::Over => {}
    }
}
