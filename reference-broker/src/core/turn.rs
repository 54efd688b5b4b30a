//! What one call of [`Broker::handle`](super::Broker::handle) works with.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use mqttspec_wire::{
    Frame, Packet, Properties, Property, ReasonCode, Utf8String, Version,
    packet::{Delivery, PacketType},
};

use super::{
    ConnectionId, Output, Rule, Rules,
    explain::{Cause, Log, Route, Step},
    message::{Copy, LastKept, Message},
    misprint,
    pressure::Full,
    replay::SEARCH,
    session::Link,
};

/// The size of an acknowledgement of MQTT 5.0 that leaves nothing out.
const FULL_ACKNOWLEDGEMENT: usize = 6;

/// The size of a DISCONNECT of MQTT 5.0 that leaves nothing out.
const FULL_DISCONNECT: usize = 4;

/// The time, the rules and the outputs of one call.
pub(crate) struct Turn<'a> {
    pub(crate) now: Duration,
    rules: Rules,
    scratch: BytesMut,
    out: &'a mut Vec<Output>,
    last: Option<Shared>,
    pub(crate) kept: LastKept,
    /// What the broker goes by, if somebody wants to know.
    log: Option<Log>,
    /// How many bytes may wait for a client before somebody is held back.
    high: usize,
    /// How many bytes more may wait for sessions.
    room: usize,
    /// Where more than that waits.
    pub(crate) full: Option<Full>,
    /// The copies that were dropped, since too much waits already.
    pub(crate) dropped: u64,
    /// The PUBLISH packets that were sent.
    pub(crate) messages: u64,
    /// The bytes that were sent.
    pub(crate) bytes: u64,
    /// How much effort the packets have taken, in steps of a walk through topic levels.
    pub(crate) effort: usize,
    /// How many topics may still be looked at for retained messages.
    pub(crate) search: usize,
    /// Whether a message is being passed on whose publisher sends it again unless its acknowledgement leaves.
    pub(crate) passes_on: bool,
}

/// A QoS 0 PUBLISH as it was sent, which further subscribers get too.
struct Shared {
    message: Arc<Message>,
    version: Version,
    retain: bool,
    bytes: Bytes,
}

/// How many bytes are allocated at once for packets to send.
const CHUNK: usize = 8 * 1024;

/// With how many bytes left that is done again.
const LEFT: usize = 64;

impl<'a> Turn<'a> {
    pub(crate) fn new(now: Duration, rules: Rules, scratch: BytesMut, out: &'a mut Vec<Output>) -> Self {
        Self {
            now,
            rules,
            scratch,
            out,
            last: None,
            kept: LastKept::default(),
            log: None,
            high: usize::MAX,
            room: usize::MAX,
            full: None,
            dropped: 0,
            messages: 0,
            bytes: 0,
            effort: 0,
            search: SEARCH,
            passes_on: false,
        }
    }

    /// Notices where more than `high` bytes wait for a client.
    pub(crate) const fn measure(&mut self, high: usize) {
        self.high = high;
    }

    /// Lets only so many bytes more wait for sessions.
    pub(crate) const fn limit_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Takes some of that, if there is as much.
    pub(crate) const fn take_room(&mut self, size: usize) -> bool {
        let has_room = size <= self.room;
        if has_room {
            self.room -= size;
        }
        has_room
    }

    /// How many bytes may wait for a client before somebody is held back.
    pub(crate) const fn high(&self) -> usize {
        self.high
    }

    /// Keeps a log of the rules.
    pub(crate) fn explain(&mut self, is_wanted: bool) {
        self.log = is_wanted.then(Log::default);
    }

    /// What happens now, for the log.
    pub(crate) fn begin_step(&mut self, cause: impl FnOnce() -> Cause) {
        if let Some(log) = &mut self.log {
            log.begin(self.now, cause(), self.out);
        }
    }

    /// Which client identifier a client gets, for the log.
    pub(crate) fn assign(&mut self, connection: ConnectionId, client_id: &Utf8String) {
        if let Some(log) = &mut self.log {
            log.assign(connection, client_id.clone());
        }
    }

    /// Whom a message goes to, for the log.
    pub(crate) fn route(&mut self, routes: impl FnOnce() -> Vec<Route>) {
        if let Some(log) = &mut self.log {
            log.route(routes());
        }
    }

    /// What was logged.
    pub(crate) fn take_steps(&mut self) -> Option<Vec<Step>> {
        let log = self.log.take()?;
        Some(log.finish(self.now, self.out))
    }

    /// The buffer that packets were encoded into, for the next turn.
    pub(crate) fn into_scratch(self) -> BytesMut {
        self.scratch
    }

    /// Whether the broker keeps this rule; in all but mutants it does.
    pub(crate) fn obeys(&self, rule: Rule) -> bool {
        if let Some(log) = &self.log {
            log.note(rule);
        }
        self.rules.obeys(rule)
    }

    /// All the rules.
    pub(crate) const fn rules(&self) -> Rules {
        self.rules
    }

    /// Whether a packet has a form that is accepted: an acknowledgement may leave out its Reason Code and its
    /// properties (MQTT 5.0 §3.4.2.1). A mutant wants them all and ignores others.
    pub(crate) fn understands(&self, frame: &Frame) -> bool {
        let (rule, full) = match &frame.packet {
            Packet::Puback(_) => (Rule::ShortPubackAccepted, FULL_ACKNOWLEDGEMENT),
            Packet::Pubrec(_) => (Rule::ShortPubrecAccepted, FULL_ACKNOWLEDGEMENT),
            Packet::Pubrel(_) => (Rule::ShortPubrelAccepted, FULL_ACKNOWLEDGEMENT),
            Packet::Pubcomp(_) => (Rule::ShortPubcompAccepted, FULL_ACKNOWLEDGEMENT),
            Packet::Disconnect(_) => (Rule::ShortDisconnectAccepted, FULL_DISCONNECT),
            Packet::Connect(_)
            | Packet::Connack(_)
            | Packet::Publish(_)
            | Packet::Subscribe(_)
            | Packet::Suback(_)
            | Packet::Unsubscribe(_)
            | Packet::Unsuback(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Auth(_) => return true,
        };
        frame.raw.len() >= full || self.obeys(rule)
    }

    /// Sends a packet to the client, unless that is larger than it accepts. Says whether it was sent.
    pub(crate) fn send(&mut self, to: &Link, packet: &Packet) -> bool {
        if !self.fits(to, packet) {
            return false;
        }
        self.send_to(to, packet);
        true
    }

    fn send_to(&mut self, to: &Link, packet: &Packet) {
        let bytes = self.encode(to.version, packet);
        self.load(to, bytes.len());
        self.push(to.connection, bytes, packet.packet_type() == PacketType::Publish);
    }

    /// Sends a packet on a network connection.
    pub(crate) fn send_on(&mut self, connection: ConnectionId, version: Version, packet: &Packet) {
        let bytes = self.encode(version, packet);
        self.push(connection, bytes, packet.packet_type() == PacketType::Publish);
    }

    fn push(&mut self, connection: ConnectionId, bytes: Bytes, is_message: bool) {
        self.messages += u64::from(is_message);
        self.bytes += bytes.len() as u64;
        let send = if self.passes_on && is_message { Output::Pass } else { Output::Send };
        self.out.push(send(connection, bytes));
    }

    /// Counts what the network connection has not taken yet.
    fn load(&mut self, to: &Link, bytes: usize) {
        if self.high < usize::MAX {
            to.add_unwritten(bytes);
            if to.unwritten() > self.high {
                self.full = Some(Full::Outbox(to.connection));
            }
        }
    }

    /// Sends a copy at QoS 0, unless it is larger than the client accepts.
    pub(crate) fn send_copy(&mut self, to: &Link, copy: &Copy) {
        let Some(bytes) = self.shared(to.version, copy) else {
            self.send(to, &copy.packet(self, Delivery::AtMostOnce));
            return;
        };
        if self.accepts(to, || bytes.len()) {
            self.load(to, bytes.len());
            self.push(to.connection, bytes, true);
        }
    }

    /// The bytes of a copy that is the same for all subscribers of a version.
    fn shared(&mut self, version: Version, copy: &Copy) -> Option<Bytes> {
        if !copy.identifiers.is_empty() {
            return None;
        }
        let is_same = |last: &&Shared| {
            Arc::ptr_eq(&last.message, &copy.message) && last.version == version && last.retain == copy.retain
        };
        if let Some(last) = self.last.as_ref().filter(is_same) {
            return Some(last.bytes.clone());
        }
        let packet = copy.packet(self, Delivery::AtMostOnce);
        let bytes = self.encode(version, &packet);
        let message = Arc::clone(&copy.message);
        self.last = Some(Shared { message, version, retain: copy.retain, bytes: bytes.clone() });
        Some(bytes)
    }

    fn encode(&mut self, version: Version, packet: &Packet) -> Bytes {
        if self.scratch.capacity() < LEFT {
            self.scratch = BytesMut::with_capacity(CHUNK);
        }
        if self.rules.are_all() {
            packet.encode(version, &mut self.scratch);
        } else {
            misprint::encode(self.rules, version, packet, &mut self.scratch);
        }
        self.scratch.split().freeze()
    }

    /// Asks whether a client's password has this hash.
    pub(crate) fn verify(&mut self, connection: ConnectionId, hash: Arc<str>, password: Bytes) {
        self.out.push(Output::Verify { connection, hash, password });
    }

    /// Closes a network connection once what was sent on it has gone out.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.out.push(Output::Close(connection));
    }

    /// The same when the client has said that it sends nothing more.
    pub(crate) fn part(&mut self, connection: ConnectionId) {
        self.out.push(Output::Part(connection));
    }

    /// Whether the client accepts a packet of this size (MQTT 5.0 §3.1.2.11.4).
    pub(crate) fn fits(&self, to: &Link, packet: &Packet) -> bool {
        self.accepts(to, || packet.encoded_len(to.version))
    }

    fn accepts(&self, to: &Link, size: impl FnOnce() -> usize) -> bool {
        let is_within = |maximum: NonZeroU32| {
            size() <= maximum.get() as usize || !self.obeys(Rule::MaximumPacketSizeHonoured)
        };
        to.maximum_packet_size.is_none_or(is_within)
    }

    /// Sends a packet, with `text` as its Reason String if it tells of something other than success and the client
    /// wants to know.
    pub(crate) fn answer(&mut self, to: &Link, packet: &Packet, text: &str) -> bool {
        match self.explained(to, packet, text) {
            Some(explained) => {
                self.send_to(to, &explained);
                true
            }
            None => self.send(to, packet),
        }
    }

    fn explained(&self, to: &Link, packet: &Packet, text: &str) -> Option<Packet> {
        let always = matches!(packet, Packet::Connack(_) | Packet::Disconnect(_));
        let wanted = always || to.problem_information || !self.obeys(Rule::ProblemInformationHonoured);
        if to.version != Version::V5_0 || text.is_empty() || !wanted || !is_remarkable(packet) {
            return None;
        }
        let text = Utf8String::try_from(text).ok()?;
        if !self.obeys(Rule::UserPropertyFits) {
            return with(packet, Property::UserProperty((text.clone(), text)));
        }
        let explained = with(packet, Property::ReasonString(text))?;
        let size = explained.encoded_len(to.version);
        let fits = to.maximum_packet_size.is_none_or(|maximum| size <= maximum.get() as usize);
        (fits || !self.obeys(Rule::ReasonStringFits)).then_some(explained)
    }
}

/// Whether it says something other than success.
fn is_remarkable(packet: &Packet) -> bool {
    match packet {
        Packet::Connack(connack) => connack.reason.is_error(),
        Packet::Disconnect(disconnect) => disconnect.reason.is_error(),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            ack.reason != ReasonCode::SUCCESS
        }
        Packet::Suback(suback) => suback.reasons.iter().any(|reason| reason.is_error()),
        Packet::Unsuback(unsuback) => unsuback.reasons.iter().any(|reason| *reason != ReasonCode::SUCCESS),
        Packet::Auth(auth) => auth.reason != ReasonCode::SUCCESS,
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => false,
    }
}

/// The packet with one more property, if it can have any.
pub(crate) fn with(packet: &Packet, property: Property) -> Option<Packet> {
    let mut packet = packet.clone();
    properties_mut(&mut packet)?.push(property);
    Some(packet)
}

/// The properties of a packet, to change; PINGREQ and PINGRESP have none.
pub(crate) fn properties_mut(packet: &mut Packet) -> Option<&mut Properties> {
    match packet {
        Packet::Connect(packet) => Some(&mut packet.properties),
        Packet::Connack(packet) => Some(&mut packet.properties),
        Packet::Publish(packet) => Some(&mut packet.properties),
        Packet::Puback(packet)
        | Packet::Pubrec(packet)
        | Packet::Pubrel(packet)
        | Packet::Pubcomp(packet) => Some(&mut packet.properties),
        Packet::Subscribe(packet) => Some(&mut packet.properties),
        Packet::Suback(packet) => Some(&mut packet.properties),
        Packet::Unsubscribe(packet) => Some(&mut packet.properties),
        Packet::Unsuback(packet) => Some(&mut packet.properties),
        Packet::Disconnect(packet) => Some(&mut packet.properties),
        Packet::Auth(packet) => Some(&mut packet.properties),
        Packet::Pingreq | Packet::Pingresp => None,
    }
}
