//! A device: an MQTT client that does no input or output. It is told what happened and when, and says what to do.
//!
//! It is a reading of the standard of its own, which shares nothing with the reference broker, and it is small: what it
//! has sent is not kept but made again from its identity.
//!
//! ```text
//! Away -- reconnect --> Opening -- opened --> Greeting -- CONNACK --> Online -- DISCONNECT --> Leaving
//!   ^-------------------- closed, refused, no answer, end of duty ---------------------------------'
//! ```

mod connecting;
pub(crate) mod framing;
mod incoming;
mod outgoing;
mod subscribing;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use mqttspec_wire::{Packet, Property, ReasonCode, Sender, Utf8String, Version, decode, packet::Disconnect};

use self::{
    incoming::{Held, Unreleased},
    outgoing::{Sent, Waiting},
    subscribing::Asking,
};
use crate::{
    history::{Breach, Event, OpenExchange},
    layout::Layout,
    plan::{Group, Micros, NEVER, Pace, Parting, SECOND},
    random::{Random, Range},
};

/// How long the broker may take to answer CONNECT or PINGREQ, or to close after DISCONNECT.
const ANSWER: Micros = 10 * SECOND;

/// What happens to a device.
#[derive(Clone, Debug)]
pub enum Input {
    /// The network connection that it asked for is open.
    Opened,
    /// It could not be opened.
    Refused,
    /// Bytes have come.
    Bytes(Bytes),
    /// The network connection has ended; `true` if the broker closed it in order.
    Closed(bool),
    /// Time has passed.
    Wake,
    /// The network below has changed: the device leaves its connection behind and opens another.
    Roam,
}

/// What a device wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a network connection.
    Open,
    /// Send these bytes.
    Send(Bytes),
    /// Close the network connection.
    Close,
    /// Leave the network connection as it is and never look at it again.
    Leave,
    /// Begin the client, which is somebody else's.
    Begin,
    /// Pass these bytes on to that client.
    Pass(Bytes),
    /// End that client's network connection.
    HangUp,
}

/// The user name and password of CONNECT (§3.1.3.5, §3.1.3.6 of MQTT 5.0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: Utf8String,
    /// The password, if there is one.
    pub password: Option<Bytes>,
}

/// What a device works with while it handles something.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The plan written out.
    pub layout: &'a Layout,
    /// Tells the messages of this run from others.
    pub run: u32,
    /// The time.
    pub now: Micros,
    /// Whether nothing new is begun and everybody comes back.
    pub calm: bool,
    /// The only messages that are made, each by its device and its number among that device's; all, if not said.
    pub messages: Option<&'a [(u32, u32)]>,
    /// What devices tell the broker of who they are.
    pub credentials: Option<&'a Credentials>,
    /// What is to be done.
    pub actions: &'a mut Vec<Action>,
    /// What the history gets to know.
    pub events: &'a mut Vec<Event>,
    /// Where packets are written.
    pub scratch: &'a mut BytesMut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Away,
    Opening,
    Greeting,
    Online,
    Leaving,
}

/// A device.
#[derive(Debug)]
pub struct Device {
    index: u32,
    state: State,
    /// How many attempts to connect have failed since the last success.
    attempts: u8,
    /// Whether SUBACK has come for all subscriptions of this session.
    subscribed: bool,
    /// What the identifier of SUBSCRIBE is in use for, and since when.
    asking: Option<(Asking, Micros)>,
    /// Which subscriptions were ended with UNSUBSCRIBE, one bit for each.
    unsubscribed: u8,
    /// When the subscriptions that change are to change next.
    renewals: Box<[Micros]>,
    /// The last Packet Identifier.
    last_id: u16,
    /// How many messages the broker lets it have unacknowledged.
    window: u16,
    /// Ordinal of the network connection, which is that of the will.
    connections: u32,
    /// By how many parts in a million its clock is slow.
    skew: i64,
    random: Random,
    /// How many messages it has made, or left out.
    made: u32,
    /// When it stops waiting for what its state waits for.
    deadline: Micros,
    /// When its time on duty ends.
    leaves: Micros,
    /// When it last sent something.
    wrote: Micros,
    /// When it sent the PINGREQ that is unanswered; `NEVER` if there is none.
    pinged: Micros,
    /// Whether it is to ping whatever its keep alive.
    to_ping: bool,
    /// When each publication is due.
    due: Box<[Micros]>,
    /// The last sequence number of each stream.
    sequences: Box<[u32]>,
    sent: Vec<Sent>,
    waiting: VecDeque<Waiting>,
    unreleased: Vec<Unreleased>,
    held: VecDeque<Held>,
    /// The beginning of a packet that has not come to its end.
    partial: Vec<u8>,
}

impl Device {
    /// The device with this number, which comes at `start`.
    pub fn new(layout: &Layout, index: u32, seed: u64, start: Micros) -> Self {
        let mut random = Random::new(seed, u64::from(index));
        let group = layout.group(index);
        let publish = group.map_or(&[][..], |group| &group.publish);
        let subscribe = group.map_or(&[][..], |group| &group.subscribe);
        let changing = subscribe.iter().any(|each| each.renewal.is_some());
        // The first message of each is due at a random part of its interval.
        let due = publish.iter().map(|each| match each.pace {
            Pace::Every(every) => start + random.below(every.most.max(1)),
            Pace::InFlight(..) => start,
        });
        let due = due.collect();
        Self {
            index,
            state: State::Away,
            attempts: 0,
            subscribed: false,
            asking: None,
            unsubscribed: 0,
            renewals: vec![NEVER; if changing { subscribe.len() } else { 0 }].into(),
            last_id: 0,
            window: outgoing::WINDOW,
            connections: 0,
            skew: group.map_or(0, |group| skew(group.clock_skew, seed, index)),
            random,
            made: 0,
            deadline: start,
            leaves: NEVER,
            wrote: 0,
            pinged: NEVER,
            to_ping: false,
            due,
            sequences: vec![0; publish.len() * 3].into(),
            sent: Vec::new(),
            waiting: VecDeque::new(),
            unreleased: Vec::new(),
            held: VecDeque::new(),
            partial: Vec::new(),
        }
    }

    /// Pings the broker as soon as it can.
    pub fn prove_life(&mut self) {
        self.to_ping = self.state == State::Online && self.pinged == NEVER;
    }

    /// How long something takes that takes so long by the device's clock.
    fn by_clock(&self, micros: Micros) -> Micros {
        let wrong = i128::from(micros) * i128::from(self.skew) / 1_000_000;
        u64::try_from(i128::from(micros) + wrong).unwrap_or(NEVER)
    }

    /// A time of this range by the device's clock.
    fn draw(&mut self, range: Range) -> Micros {
        let drawn = self.random.within(range);
        self.by_clock(drawn)
    }

    /// Whether it is connected.
    pub fn is_online(&self) -> bool {
        self.state == State::Online
    }

    /// The exchanges of messages that it has begun, or joined, and that have not come to their end.
    pub fn open_exchanges(&self) -> impl Iterator<Item = OpenExchange> {
        self.open_sent().chain(self.open_received()).chain(self.open_question())
    }

    /// Takes in what happened.
    pub fn handle(&mut self, desk: &mut Desk<'_>, input: Input) {
        let layout = desk.layout;
        let Some(group) = layout.group(self.index) else { return };
        match input {
            Input::Opened => self.greet(desk, group),
            Input::Refused => self.go_away(desk, group),
            Input::Bytes(bytes) => self.received(desk, group, bytes),
            Input::Closed(in_order) => self.closed(desk, group, in_order),
            Input::Wake => {}
            Input::Roam => self.roam(desk, group),
        }
        self.act(desk, group);
    }

    /// When it wants to go on even if nothing happens.
    pub fn next_wake(&self, layout: &Layout, calm: bool) -> Micros {
        let keep_alive = layout.group(self.index).map_or(0, |group| group.keep_alive);
        let online = match self.state {
            State::Away | State::Opening | State::Greeting | State::Leaving => NEVER,
            State::Online => {
                let ping =
                    if self.pinged == NEVER { self.ping_due(keep_alive) } else { self.pinged + ANSWER };
                let held = self.held.front().map_or(NEVER, |held| held.until);
                let changes = if calm { NEVER } else { self.leaves.min(self.next_renewal()) };
                ping.min(held).min(changes)
            }
        };
        let due = if calm { NEVER } else { self.due.iter().copied().min().unwrap_or(NEVER) };
        online.min(self.deadline).min(due)
    }

    /// A client pings in time for the packet to be there within its keep alive (§3.1.2.10).
    fn ping_due(&self, keep_alive: u16) -> Micros {
        if self.to_ping {
            return 0;
        }
        let pause = self.by_clock(u64::from(keep_alive) * SECOND * 3 / 4);
        if keep_alive == 0 { NEVER } else { self.wrote + pause }
    }

    /// Does what is due.
    fn act(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if !desk.calm {
            self.produce(desk, group);
        }
        match self.state {
            State::Away if self.deadline <= desk.now => {
                self.state = State::Opening;
                self.deadline = desk.now + 2 * ANSWER;
                desk.actions.push(Action::Open);
            }
            State::Opening | State::Greeting | State::Leaving if self.deadline <= desk.now => {
                self.end(desk, group, Action::Close);
            }
            State::Online => self.attend(desk, group),
            State::Away | State::Opening | State::Greeting | State::Leaving => {}
        }
    }

    /// What a connected device does by the clock.
    fn attend(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if self.pinged != NEVER && self.pinged + ANSWER <= desk.now {
            return self.end(desk, group, Action::Close);
        }
        self.acknowledge_held(desk, group.version);
        self.publish_waiting(desk, group);
        if self.leaves <= desk.now && !desk.calm {
            return self.leave(desk, group);
        }
        if !desk.calm {
            self.renew(desk, group);
        }
        if self.pinged == NEVER && self.ping_due(group.keep_alive) <= desk.now {
            (self.pinged, self.to_ping) = (desk.now, false);
            self.send(desk, group.version, &Packet::Pingreq);
        }
    }

    /// The time on duty is over.
    fn leave(&mut self, desk: &mut Desk<'_>, group: &Group) {
        let (with_will, expiry) = match group.duty.as_ref().map(|duty| duty.parting) {
            Some(Parting::Vanishes) => return self.end(desk, group, Action::Leave),
            Some(Parting::WithWill) => (true, None),
            Some(Parting::Disconnects(expiry)) => (false, expiry),
            None => (false, None),
        };
        let reason = if with_will { ReasonCode::DISCONNECT_WITH_WILL_MESSAGE } else { ReasonCode::SUCCESS };
        let properties = expiry.map(Property::SessionExpiryInterval).into_iter().collect();
        self.send(desk, group.version, &Packet::Disconnect(Disconnect { reason, properties }));
        desk.events.push(Event::Disconnect { with_will, expiry });
        self.state = State::Leaving;
        self.deadline = desk.now + ANSWER;
    }

    fn send(&mut self, desk: &mut Desk<'_>, version: Version, packet: &Packet) {
        self.wrote = desk.now;
        packet.encode(version, desk.scratch);
        desk.actions.push(Action::Send(desk.scratch.split().freeze()));
    }

    /// Takes bytes from the network, of which most are exactly one packet.
    fn received(&mut self, desk: &mut Desk<'_>, group: &Group, bytes: Bytes) {
        let mut rest = if self.partial.is_empty() {
            bytes
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(&bytes);
            Bytes::from(whole)
        };
        while !rest.is_empty() && !matches!(self.state, State::Away | State::Opening) {
            let size = match framing::Packet::at(&rest) {
                framing::Packet::Whole(size) => size,
                framing::Packet::Part => break,
                framing::Packet::TooLong => return self.end(desk, group, Action::Close),
            };
            let frame = rest.split_to(size.min(rest.len()));
            let Ok(packet) = decode(Sender::Server, Some(group.version), &frame) else {
                desk.events.push(Event::Breach(Breach::Malformed));
                return self.end(desk, group, Action::Close);
            };
            self.on_packet(desk, group, packet);
        }
        if !matches!(self.state, State::Away | State::Opening) {
            self.partial = rest.to_vec();
        }
    }

    fn on_packet(&mut self, desk: &mut Desk<'_>, group: &Group, packet: Packet) {
        match packet {
            Packet::Connack(connack) => self.on_connack(desk, group, &connack),
            Packet::Publish(publish) => self.on_publish(desk, group, publish),
            Packet::Puback(ack) => self.on_puback(desk, group, &ack),
            Packet::Pubrec(ack) => self.on_pubrec(desk, group, &ack),
            Packet::Pubrel(ack) => self.on_pubrel(desk, group, &ack),
            Packet::Pubcomp(ack) => self.on_pubcomp(desk, group, &ack),
            Packet::Suback(suback) => self.on_suback(desk, group, &suback),
            Packet::Pingresp => {
                if self.pinged != NEVER {
                    desk.events.push(Event::Alive(self.pinged));
                    self.pinged = NEVER;
                }
            }
            Packet::Disconnect(_) => self.end(desk, group, Action::Close),
            Packet::Unsuback(unsuback) => self.on_unsuback(desk, group, &unsuback),
            // Answers to what is never asked, and what the decoder lets no server send.
            Packet::Auth(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::Pingreq => {}
        }
    }
}

/// How wrong the clock of a device goes.
fn skew(most: u32, seed: u64, index: u32) -> i64 {
    let drawn = Random::new(seed ^ 0xC1_0C4, u64::from(index)).below(u64::from(most) * 2 + 1);
    i64::try_from(drawn).unwrap_or(0) - i64::from(most)
}
