//! Follows a client that is somebody else's, and tells the history what a device would tell.
//!
//! The follower sits where the client's packets set out on their path and where the broker's have come to its end, so that
//! what the path does is the client's to bear and what the broker does shows as it does to a device. It passes everything
//! on. Only the numbers of messages are written by it: the oracle goes by the order in which messages were first sent, and
//! a client may send them in another order than its application has made them.
//!
//! A client that keeps no rule may bring about what looks like the broker's doing. Then nothing is owed for the message.

mod misdeed;
mod receiving;
mod sending;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use mqttspec_wire::{Packet, Sender, decode};

pub use self::misdeed::{Conduct, Misdeed};
use self::{
    receiving::{Owed, Received, Unreleased, nothing_owed},
    sending::{Asked, Sent},
};
use crate::{
    device::{Action, Desk, Input, framing},
    history::{Breach, Event, OpenExchange},
    identity::Identity,
    layout::Layout,
    plan::{Group, Micros, NEVER, SECOND},
};

/// How long a client has at the end to answer.
const ANSWER: Micros = 5 * SECOND;

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It opens a network connection.
    Connects,
    /// It sends bytes.
    Sends(Bytes),
    /// It closes its network connection.
    HangsUp,
    /// It has given its application this message.
    Hands(Identity),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// There is no network connection.
    Away,
    /// The client thinks that there is one, and it is on its way to the broker.
    Opening,
    /// It is open.
    Open,
    /// The broker has accepted the client.
    Online,
}

/// Follows a client.
#[derive(Debug)]
pub struct Follower {
    index: u32,
    /// When the client is begun, if it is not yet.
    begins: Micros,
    state: State,
    /// When the broker accepted the client last.
    online_since: Micros,
    /// Ordinal of the network connection, which is that of the will.
    connections: u32,
    /// The last sequence number of each stream.
    sequences: Box<[u32]>,
    sent: Vec<Sent>,
    asked: Option<Asked>,
    /// When the PINGREQ was sent that is unanswered; `NEVER` if there is none.
    pinged: Micros,
    unreleased: Vec<Unreleased>,
    owed: Vec<Owed>,
    received: Vec<Received>,
    /// What the client has sent and is not a whole packet, or could not set out yet.
    up: Vec<u8>,
    /// The beginning of a packet of the broker.
    down: Vec<u8>,
    conduct: Conduct,
}

impl Follower {
    /// Follows the client of the device with this number, which comes at `start`.
    pub fn new(layout: &Layout, index: u32, start: Micros) -> Self {
        let streams = layout.group(index).map_or(0, |group| group.publish.len() * 3);
        Self {
            index,
            begins: start,
            state: State::Away,
            online_since: 0,
            connections: 0,
            sequences: vec![0; streams].into(),
            sent: Vec::new(),
            asked: None,
            pinged: NEVER,
            unreleased: Vec::new(),
            owed: Vec::new(),
            received: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            conduct: Conduct::default(),
        }
    }

    /// Whether the client is connected.
    pub fn is_online(&self) -> bool {
        self.state == State::Online
    }

    /// When the client is to be begun.
    pub const fn next_wake(&self) -> Micros {
        self.begins
    }

    /// The exchanges that wait for the broker: those in which the client has done what makes the broker go on.
    pub fn open_exchanges(&self) -> impl Iterator<Item = OpenExchange> {
        self.open_sent().chain(self.open_received()).chain(self.open_question())
    }

    /// What the client did wrong, now that the run is over.
    pub fn conduct(&self, now: Micros) -> Conduct {
        let mut conduct = self.conduct.clone();
        if self.state == State::Online && self.online_since + ANSWER < now {
            self.note_unanswered(now, &mut conduct);
        }
        conduct
    }

    /// What the history has to know of the client before it is judged, at the end. Who was not there for so long, or does not
    /// answer, has not shown what the broker owes.
    pub fn last_words(&self, layout: &Layout, now: Micros, long: Micros) -> Vec<Event> {
        let mut events = Vec::new();
        let is_silent = self.owed.iter().any(|owed| owed.since + ANSWER < now);
        if is_silent {
            events.extend(layout.group(self.index).into_iter().flat_map(nothing_owed));
        }
        if self.state == State::Online && (is_silent || self.online_since + long > now) {
            events.push(Event::Ended { by_broker: false });
        }
        events
    }

    /// Takes in what the world does.
    pub fn handle(&mut self, desk: &mut Desk<'_>, input: Input) {
        let layout = desk.layout;
        let Some(group) = layout.group(self.index) else { return };
        match input {
            Input::Opened if self.state == State::Opening => {
                self.state = State::Open;
                self.pass_up(desk, group);
            }
            Input::Opened => {}
            Input::Refused => self.end(desk, None),
            Input::Bytes(bytes) => {
                desk.actions.push(Action::Pass(bytes.clone()));
                self.read_down(desk, group, &bytes);
            }
            Input::Closed(in_order) => self.end(desk, Some(in_order)),
            Input::Wake => {
                if self.begins <= desk.now {
                    self.begins = NEVER;
                    desk.actions.push(Action::Begin);
                }
            }
            Input::Roam => {
                if self.state != State::Away {
                    desk.actions.push(Action::Leave);
                    self.end(desk, Some(false));
                }
            }
        }
    }

    /// Takes in what the client does.
    pub fn follow(&mut self, desk: &mut Desk<'_>, deed: Deed) {
        let layout = desk.layout;
        let Some(group) = layout.group(self.index) else { return };
        match deed {
            Deed::Connects => {
                self.state = State::Opening;
                self.up.clear();
                desk.actions.push(Action::Open);
            }
            Deed::Sends(bytes) => {
                if self.state != State::Away {
                    self.up.extend_from_slice(&bytes);
                }
                self.pass_up(desk, group);
            }
            Deed::HangsUp => {
                if self.state != State::Away {
                    desk.actions.push(Action::Close);
                    self.hangs_up(desk, group);
                    self.end(desk, Some(false));
                }
            }
            Deed::Hands(message) => self.handed(desk.now, message),
        }
    }

    /// The network connection has ended, if it came about; whether the broker closed it in order.
    fn end(&mut self, desk: &mut Desk<'_>, came_about: Option<bool>) {
        if self.state == State::Away {
            return;
        }
        if let Some(by_broker) = came_about.filter(|_| self.state >= State::Open) {
            desk.events.push(Event::Ended { by_broker });
        }
        self.state = State::Away;
        self.pinged = NEVER;
        self.owed.clear();
        self.received.retain(|received| received.acknowledged);
        (self.up, self.down) = (Vec::new(), Vec::new());
        desk.actions.push(Action::HangUp);
    }

    /// Passes on what the client has sent, packet by packet.
    fn pass_up(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if self.state < State::Open {
            return;
        }
        let mut rest = Bytes::from(std::mem::take(&mut self.up));
        while self.state >= State::Open
            && let Some(frame) = next_frame(&mut rest)
        {
            let Ok(packet) = decode(Sender::Client, Some(group.version), &frame) else {
                // Nobody can follow what is not MQTT.
                desk.actions.push(Action::Close);
                return self.end(desk, Some(false));
            };
            let frame = self.on_sent(desk, group, packet, frame);
            desk.actions.push(Action::Send(frame));
        }
        self.up = rest.to_vec();
    }

    /// Reads what the broker has sent.
    fn read_down(&mut self, desk: &mut Desk<'_>, group: &Group, bytes: &[u8]) {
        self.down.extend_from_slice(bytes);
        let mut rest = Bytes::from(std::mem::take(&mut self.down));
        while self.state >= State::Open
            && let Some(frame) = next_frame(&mut rest)
        {
            let Ok(packet) = decode(Sender::Server, Some(group.version), &frame) else {
                desk.events.push(Event::Breach(Breach::Malformed));
                desk.actions.push(Action::Close);
                return self.end(desk, Some(false));
            };
            self.on_received(desk, packet);
        }
        self.down = rest.to_vec();
    }

    fn on_sent(&mut self, desk: &mut Desk<'_>, group: &Group, packet: Packet, frame: Bytes) -> Bytes {
        match packet {
            Packet::Connect(connect) => return self.connects(desk, &connect, frame),
            Packet::Publish(publish) => return self.publishes(desk, &publish, frame),
            Packet::Puback(ack) => self.answers(ack.id, Misdeed::NoAcknowledgement),
            Packet::Pubrec(ack) => self.answers(ack.id, Misdeed::NoPubrec),
            Packet::Pubcomp(ack) => self.answers(ack.id, Misdeed::NoPubcomp),
            Packet::Pubrel(ack) => self.releases(desk.now, ack.id),
            Packet::Subscribe(subscribe) => self.subscribes(desk, group, &subscribe),
            Packet::Pingreq => self.pinged = desk.now,
            Packet::Disconnect(disconnect) => {
                if disconnect.reason.0 == 0 {
                    desk.events.push(Event::Disconnect { with_will: false, expiry: None });
                }
            }
            // Nothing that a fleet has clients do, and what the decoder lets no client send.
            Packet::Unsubscribe(_)
            | Packet::Auth(_)
            | Packet::Connack(_)
            | Packet::Suback(_)
            | Packet::Unsuback(_)
            | Packet::Pingresp => {}
        }
        frame
    }

    fn on_received(&mut self, desk: &mut Desk<'_>, packet: Packet) {
        match packet {
            Packet::Connack(connack) => {
                if connack.reason.0 == 0 && self.state == State::Open {
                    self.accepted(desk, connack.session_present);
                }
            }
            Packet::Publish(publish) => self.gets(desk, publish),
            Packet::Puback(ack) => self.on_puback(desk, &ack),
            Packet::Pubrec(ack) => self.on_pubrec(desk, &ack),
            Packet::Pubcomp(ack) => self.on_pubcomp(desk, &ack),
            Packet::Pubrel(ack) => self.on_pubrel(desk.now, ack.id),
            Packet::Suback(suback) => self.on_suback(desk, &suback),
            Packet::Pingresp => {
                if self.pinged != NEVER {
                    desk.events.push(Event::Alive(self.pinged));
                    self.pinged = NEVER;
                }
            }
            // The client's business, and what the decoder lets no server send.
            Packet::Disconnect(_)
            | Packet::Auth(_)
            | Packet::Unsuback(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::Pingreq => {}
        }
    }

    /// The broker has accepted the client.
    fn accepted(&mut self, desk: &mut Desk<'_>, session_present: bool) {
        self.state = State::Online;
        self.online_since = desk.now;
        desk.events.push(Event::Connack { session_present });
        if !session_present {
            for sent in self.sent.drain(..) {
                desk.events.push(Event::Abandoned(sent.message));
            }
            self.unreleased.clear();
            self.asked = None;
        }
    }

    /// What the client has had time enough for, and has not done.
    fn note_unanswered(&self, now: Micros, conduct: &mut Conduct) {
        for owed in self.owed.iter().filter(|owed| owed.since + ANSWER < now) {
            conduct.note(owed.since, owed.misdeed);
        }
        for sent in self.sent.iter().filter(|sent| sent.connection < self.connections) {
            conduct.note(sent.at, Misdeed::NotAgain);
        }
        let long_ago = |received: &&Received| received.acknowledged && received.at + ANSWER < now;
        for received in self.received.iter().filter(long_ago) {
            conduct.note(received.at, Misdeed::NotHanded);
        }
    }
}

/// The next whole packet.
fn next_frame(rest: &mut Bytes) -> Option<Bytes> {
    match framing::Packet::at(rest) {
        framing::Packet::Whole(size) => Some(rest.split_to(size.min(rest.len()))),
        framing::Packet::Part => None,
        // No decoder makes a packet of its beginning.
        framing::Packet::TooLong => Some(std::mem::take(rest)),
    }
}
