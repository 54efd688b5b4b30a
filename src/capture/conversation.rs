//! One TCP connection of a capture, until it is known what is spoken on it and from then on.

use std::{mem, net::SocketAddr};

use mqttspec_segments::{End, Kind, Party, Stamp};
use mqttspec_wire::Sender;

use super::{
    layer::Layer,
    seen::Watcher,
    session::Session,
    sniff::{Backlog, Decision},
    tls::KeyLog,
    unpacked::{Unpacked, Unreadable},
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
    /// What is around what is spoken, from the outside to the inside.
    layers: Vec<Layer>,
    /// Since when a direction cannot be unpacked, if that was before it was clear what is spoken.
    lost: Option<(Stamp, Unreadable)>,
    phase: Phase,
}

/// What is known about what is spoken.
#[derive(Debug)]
enum Phase {
    Unclear(Backlog),
    Mqtt { client: Party, session: Box<Session> },
    Encrypted(Unreadable),
    Other,
}

/// What a conversation came to.
#[derive(Debug)]
pub enum Nature<'a> {
    /// MQTT with this client.
    Mqtt(Party, &'a mut Session),
    /// TLS that cannot be opened, and why.
    Encrypted(Unreadable),
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
            layers: Vec::new(),
            lost: None,
            phase: Phase::Unclear(Backlog::new([first.port(), second.port()])),
        }
    }

    /// Whether MQTT travels inside WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::WebSocket(_)))
    }

    /// Whether it travels inside TLS.
    pub fn is_tls(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Tls(_)))
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
        let is_tls = self.is_tls();
        match &mut self.phase {
            Phase::Mqtt { client, session } => Nature::Mqtt(*client, session),
            Phase::Encrypted(why) => Nature::Encrypted(*why),
            Phase::Unclear(backlog) if is_tls && backlog.is_empty() => {
                Nature::Encrypted(Unreadable::Unfinished)
            }
            Phase::Unclear(_) | Phase::Other => Nature::Other,
        }
    }

    /// Takes in what happened on the connection. `keys` are the secrets that are known of TLS connections.
    pub fn event(&mut self, stamp: Stamp, kind: Kind, keys: &KeyLog, watcher: &mut Watcher<'_>) {
        self.latest = self.latest.max(stamp);
        if let (Kind::Ended { by, how }, None) = (&kind, self.ended) {
            self.ended = Some((*by, *how));
        }
        self.pass(0, (stamp, kind), keys, watcher);
    }

    /// Takes in what happened inside so many layers.
    fn pass(&mut self, depth: usize, (stamp, kind): (Stamp, Kind), keys: &KeyLog, watcher: &mut Watcher<'_>) {
        let Some(layer) = self.layers.get_mut(depth) else {
            return self.inner((stamp, kind), keys, watcher);
        };
        let (by, unpacked) = match &kind {
            Kind::Bytes { by, bytes } => (*by, layer.bytes(*by, bytes, keys)),
            Kind::Gap { by, .. } => (*by, layer.gap(*by)),
            Kind::Opened { .. } | Kind::Begins { .. } | Kind::Ended { .. } | Kind::Over => {
                return self.pass(depth + 1, (stamp, kind), keys, watcher);
            }
        };
        for part in unpacked {
            match part {
                Unpacked::Bytes(bytes) => {
                    self.pass(depth + 1, (stamp, Kind::Bytes { by, bytes }), keys, watcher);
                }
                Unpacked::Broken(why) => self.break_off(stamp, why),
            }
        }
    }

    /// A direction cannot be unpacked any further.
    fn break_off(&mut self, stamp: Stamp, why: Unreadable) {
        match &mut self.phase {
            Phase::Mqtt { session, .. } => session.lose_side(stamp, why),
            Phase::Unclear(_) if matches!(self.layers[..], [Layer::Tls(_)]) => {
                self.phase = Phase::Encrypted(why);
                self.layers.clear();
            }
            Phase::Unclear(_) => self.lost = Some((stamp, why)),
            Phase::Encrypted(_) | Phase::Other => {}
        }
    }

    /// What happened inside all layers that are known.
    fn inner(&mut self, (stamp, kind): (Stamp, Kind), keys: &KeyLog, watcher: &mut Watcher<'_>) {
        let decision = match &mut self.phase {
            Phase::Unclear(backlog) => {
                let is_over = matches!(kind, Kind::Over);
                let decision = backlog.add(stamp, kind);
                if is_over { decision.or_else(|| backlog.decide(true)) } else { decision }
            }
            Phase::Mqtt { client, session } => return speak(*client, session, (stamp, kind), watcher),
            Phase::Encrypted(_) | Phase::Other => return,
        };
        if let Some(decision) = decision {
            self.decide(decision, keys, watcher);
        }
    }

    /// Begins again with what was heard so far, now that it is known what it is.
    fn decide(&mut self, decision: Decision, keys: &KeyLog, watcher: &mut Watcher<'_>) {
        let unclear = || Phase::Unclear(Backlog::new(self.parties.map(|party| party.port())));
        let (phase, layer) = match decision {
            Decision::Mqtt { client, .. } => (Phase::Mqtt { client, session: Box::default() }, None),
            // WebSocket may be inside TLS, and nothing else inside anything.
            Decision::WebSocket(_) if !self.is_websocket() => (unclear(), Some(Layer::websocket())),
            Decision::Encrypted if self.layers.is_empty() => (unclear(), Some(Layer::Tls(Box::default()))),
            Decision::WebSocket(_) | Decision::Encrypted | Decision::Other => (Phase::Other, None),
        };
        let Phase::Unclear(backlog) = mem::replace(&mut self.phase, phase) else { return };
        let depth = self.layers.len();
        self.layers.extend(layer);
        for (stamp, kind) in backlog.events {
            let kind = match (decision, kind) {
                // A CONNECT is the beginning, whether or not the connection's was captured.
                (Decision::Mqtt { client, begins: true }, Kind::Begins { by, .. }) if by == client => {
                    Kind::Begins { by, whole: true }
                }
                (_, kind) => kind,
            };
            self.pass(depth, (stamp, kind), keys, watcher);
        }
        if let (Phase::Mqtt { session, .. }, Some((stamp, why))) = (&mut self.phase, self.lost) {
            session.lose_side(stamp, why);
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
