//! Messages of the device: the sender's half of §4.3.

use bytes::Bytes;
use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, Version,
    packet::{Ack, Delivery, Publish},
};

use super::{Desk, Device, State};
use crate::{
    history::{Awaited, Event, OpenExchange},
    identity::Identity,
    plan::{self, Group, Micros, NEVER, Pace, SECOND},
    random::{Random, Range},
};

/// How many messages a device has unacknowledged at most.
pub(super) const WINDOW: u16 = 16;

/// From how many identifiers a device chooses for each message that it may have unacknowledged, so that identifiers come
/// again soon.
const IDENTIFIERS: u16 = 4;

/// How many messages wait in a device; the oldest are then given up before they were sent.
const WAITING: usize = 32;

/// A message that was sent and is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    message: Identity,
    /// When its last packet was sent.
    at: Micros,
    id: PacketId,
    /// Whether PUBREC has come, so that PUBREL is what is sent again.
    released: bool,
}

/// A message that waits to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    due: Micros,
    publication: u16,
    qos: QoS,
}

impl Device {
    /// Makes the messages that are due.
    pub(super) fn produce(&mut self, desk: &Desk<'_>, group: &Group) {
        for (publication, plan) in group.publish.iter().enumerate() {
            self.refill(desk, publication, plan);
            while let Some(at) = self.due.get(publication).copied().filter(|due| *due <= desk.now) {
                let next = match plan.pace {
                    Pace::Every(every) => at + self.draw(every).max(1),
                    Pace::InFlight(..) => NEVER,
                };
                let qos = draw(&mut self.random, plan.qos);
                self.made += 1;
                let own = (self.index, self.made);
                if desk.messages.is_none_or(|messages| messages.binary_search(&own).is_ok()) {
                    self.wait(Waiting { due: at, publication: number(publication), qos });
                }
                if let Some(due) = self.due.get_mut(publication) {
                    *due = next;
                }
                self.refill(desk, publication, plan);
            }
        }
    }

    fn wait(&mut self, message: Waiting) {
        if self.waiting.len() >= WAITING.max(usize::from(self.window)) {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }

    /// Plans the next message of a closed loop, if it has room for one.
    fn refill(&mut self, desk: &Desk<'_>, publication: usize, plan: &plan::Publish) {
        let Pace::InFlight(most, pause) = plan.pace else { return };
        if self.due.get(publication).is_none_or(|due| *due != NEVER)
            || self.under_way(desk, publication) >= usize::from(most)
        {
            return;
        }
        // Where messages are left out, their places in the loop are not worth a moment each.
        let least = if desk.messages.is_some() { SECOND } else { 1 };
        let at = desk.now + self.draw(pause).max(least);
        if let Some(due) = self.due.get_mut(publication) {
            *due = at;
        }
    }

    /// How many messages of a publication wait or are unacknowledged.
    fn under_way(&self, desk: &Desk<'_>, publication: usize) -> usize {
        let own = number(publication);
        let first = desk.layout.devices.get(self.index as usize).map_or(0, |place| place.streams);
        let is_own =
            |sent: &&Sent| sent.message.stream.checked_sub(first).map(|at| at / 3) == Some(u32::from(own));
        self.waiting.iter().filter(|waiting| waiting.publication == own).count()
            + self.sent.iter().filter(is_own).count()
    }

    /// Sends what waits, as far as the broker lets it.
    pub(super) fn publish_waiting(&mut self, desk: &mut Desk<'_>, group: &Group) {
        while let Some(next) = self.waiting.front().copied() {
            if next.qos != QoS::AtMostOnce && self.sent.len() >= usize::from(self.window) {
                return;
            }
            self.waiting.pop_front();
            self.publish(desk, group, next);
        }
    }

    fn publish(&mut self, desk: &mut Desk<'_>, group: &Group, next: Waiting) {
        let own = u32::from(next.publication) * 3 + u32::from(next.qos.level());
        let Some(place) = desk.layout.devices.get(self.index as usize) else { return };
        let Some(sequence) = self.sequences.get_mut(own as usize) else { return };
        *sequence += 1;
        let message = Identity { stream: place.streams + own, sequence: *sequence, due: next.due };
        let delivery = match next.qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce { id: self.unused_id(), dup: false },
            QoS::ExactlyOnce => Delivery::ExactlyOnce { id: self.unused_id(), dup: false },
        };
        desk.events.push(Event::Publish { message, again: false });
        if let Some(id) = delivery.id() {
            self.sent.push(Sent { message, at: desk.now, id, released: false });
        }
        self.send_publish(desk, group, message, delivery);
    }

    fn send_publish(&mut self, desk: &mut Desk<'_>, group: &Group, message: Identity, delivery: Delivery) {
        let Some(topic) = desk.layout.topic_of(message.stream) else { return };
        let Some(plan) = desk.layout.publication(message.stream) else { return };
        let mut properties = Properties::new();
        if let Some(expiry) = plan.expiry.filter(|_| group.version == Version::V5_0) {
            properties.push(Property::MessageExpiryInterval(expiry));
        }
        let size = usize::try_from(desk.layout.payload_size(message)).unwrap_or(0);
        let payload =
            if desk.layout.clears(message) { Bytes::new() } else { message.payload(desk.run, size) };
        let topic = topic.name.clone();
        let publish = Publish { delivery, retain: plan.retain, topic, properties, payload };
        self.send(desk, group.version, &Packet::Publish(publish));
    }

    fn unused_id(&mut self) -> PacketId {
        loop {
            self.last_id =
                if self.last_id >= self.window.saturating_mul(IDENTIFIERS) { 1 } else { self.last_id + 1 };
            if let Some(id) = PacketId::new(self.last_id)
                && self.sent.iter().all(|sent| sent.id != id)
            {
                return id;
            }
        }
    }

    /// On a resumed session, what is unacknowledged is sent again in its order (§4.4).
    pub(super) fn send_again(&mut self, desk: &mut Desk<'_>, group: &Group) {
        for index in 0..self.sent.len() {
            let Some(sent) = self.sent.get_mut(index) else { return };
            sent.at = desk.now;
            let Sent { message, id, released, .. } = *sent;
            if released {
                self.send(desk, group.version, &Packet::Pubrel(Ack::success(id)));
                continue;
            }
            let delivery = match desk.layout.streams.get(message.stream as usize).map(|stream| stream.qos) {
                Some(QoS::ExactlyOnce) => Delivery::ExactlyOnce { id, dup: true },
                Some(QoS::AtLeastOnce | QoS::AtMostOnce) | None => Delivery::AtLeastOnce { id, dup: true },
            };
            desk.events.push(Event::Publish { message, again: true });
            self.send_publish(desk, group, message, delivery);
        }
    }

    /// Gives up what belonged to a session that is gone.
    pub(super) fn abandon(&mut self, desk: &mut Desk<'_>) {
        for sent in self.sent.drain(..) {
            desk.events.push(Event::Abandoned(sent.message));
        }
        self.unreleased.clear();
    }

    pub(super) fn on_puback(&mut self, desk: &mut Desk<'_>, group: &Group, ack: &Ack) {
        let Some(index) = self.find(desk, ack, QoS::AtLeastOnce) else { return };
        let Sent { message, at, .. } = self.sent.remove(index);
        desk.events.push(Event::Acked { message, accepted: !ack.reason.is_error() });
        desk.events.push(Event::Alive(at));
        self.publish_waiting(desk, group);
    }

    pub(super) fn on_pubrec(&mut self, desk: &mut Desk<'_>, group: &Group, ack: &Ack) {
        let Some(index) = self.find(desk, ack, QoS::ExactlyOnce) else { return };
        let Some(sent) = self.sent.get_mut(index) else { return };
        let Sent { message, at, released, .. } = *sent;
        sent.released = true;
        sent.at = desk.now;
        if !released {
            desk.events.push(Event::Alive(at));
        }
        if ack.reason.is_error() {
            desk.events.push(Event::Acked { message, accepted: false });
            self.sent.remove(index);
            return self.publish_waiting(desk, group);
        }
        self.send(desk, group.version, &Packet::Pubrel(Ack::success(ack.id)));
    }

    pub(super) fn on_pubcomp(&mut self, desk: &mut Desk<'_>, group: &Group, ack: &Ack) {
        let Some(index) = self.find(desk, ack, QoS::ExactlyOnce) else { return };
        if self.sent.get(index).is_some_and(|sent| sent.released) {
            let Sent { message, at, .. } = self.sent.remove(index);
            // A broker may keep a message back until PUBREL, so before PUBCOMP nobody knows that it has done with it (§4.3.3).
            desk.events.push(Event::Acked { message, accepted: true });
            desk.events.push(Event::Alive(at));
            self.publish_waiting(desk, group);
        }
    }

    /// The message that is acknowledged, if it has this QoS.
    fn find(&self, desk: &Desk<'_>, ack: &Ack, qos: QoS) -> Option<usize> {
        let index = self.sent.iter().position(|sent| sent.id == ack.id)?;
        let stream = self.sent.get(index)?.message.stream;
        let fits = desk.layout.streams.get(stream as usize).is_some_and(|stream| stream.qos == qos);
        (fits && self.state == State::Online).then_some(index)
    }

    /// Its messages whose exchange has not come to its end, each with when its last packet was sent on this connection.
    pub(super) fn open_sent(&self) -> impl Iterator<Item = OpenExchange> {
        let open = |sent: &Sent| OpenExchange {
            awaited: if sent.released { Awaited::Pubcomp } else { Awaited::Acknowledgement },
            message: sent.message,
            since: sent.at,
        };
        self.sent.iter().map(open)
    }

    /// How many messages it has made.
    pub const fn made(&self) -> u32 {
        self.made
    }
}

/// How many messages a device of this group has unacknowledged at most.
pub(super) fn most_unacknowledged(group: &Group) -> u16 {
    group.publish.iter().map(|publish| publish.pace.in_flight()).max().unwrap_or(0).max(WINDOW)
}

fn number(publication: usize) -> u16 {
    u16::try_from(publication).unwrap_or(u16::MAX)
}

fn draw(random: &mut Random, weights: [u32; 3]) -> QoS {
    let total: u64 = weights.iter().copied().map(u64::from).sum();
    let mut drawn = random.within(Range { least: 1, most: total.max(1) });
    for (qos, weight) in QoS::ALL.into_iter().zip(weights) {
        if drawn <= u64::from(weight) {
            return qos;
        }
        drawn -= u64::from(weight);
    }
    QoS::AtLeastOnce
}
