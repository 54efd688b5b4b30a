//! Messages of the device: the sender's half of §4.3.

use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, Version,
    packet::{Ack, Delivery, Publish},
};

use super::{Desk, Device, State};
use crate::{
    history::Event,
    identity::Identity,
    plan::{Group, Micros},
    random::{Random, Range},
};

/// How many messages a device has unacknowledged at most.
pub(super) const WINDOW: u16 = 16;

/// How many messages wait in a device; the oldest are then given up before they were sent.
const WAITING: usize = 32;

/// A message that was sent and is not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    message: Identity,
    /// When its last packet was sent on this connection; `NEVER` if that was on an earlier one.
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
            while let Some(due) = self.due.get_mut(publication).filter(|due| **due <= desk.now) {
                let at = *due;
                *due = at + self.random.within(plan.every).max(1);
                let qos = draw(&mut self.random, plan.qos);
                self.made += 1;
                let own = (self.index, self.made);
                if desk.messages.is_some_and(|messages| messages.binary_search(&own).is_err()) {
                    continue;
                }
                if self.waiting.len() >= WAITING {
                    self.waiting.pop_front();
                }
                let publication = u16::try_from(publication).unwrap_or(u16::MAX);
                self.waiting.push_back(Waiting { due: at, publication, qos });
            }
        }
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
        let Some(place) = desk.layout.devices.get(self.index as usize) else { return };
        let Some(plan) = group.publish.get((message.stream - place.streams) as usize / 3) else { return };
        let mut properties = Properties::new();
        if let Some(expiry) = plan.expiry.filter(|_| group.version == Version::V5_0) {
            properties.push(Property::MessageExpiryInterval(expiry));
        }
        let size = Random::new(message.number(), 0).within(plan.size);
        let payload = message.payload(desk.run, usize::try_from(size).unwrap_or(0));
        let topic = topic.name.clone();
        let publish = Publish { delivery, retain: plan.retain, topic, properties, payload };
        self.send(desk, group.version, &Packet::Publish(publish));
    }

    fn unused_id(&mut self) -> PacketId {
        loop {
            // 65535 is left to SUBSCRIBE.
            self.last_id = if self.last_id >= u16::MAX - 1 { 1 } else { self.last_id + 1 };
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
            if !sent.released {
                desk.events.push(Event::Abandoned(sent.message));
            }
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
        let refused = ack.reason.is_error();
        if !released {
            desk.events.push(Event::Acked { message, accepted: !refused });
            desk.events.push(Event::Alive(at));
        }
        sent.released = true;
        sent.at = desk.now;
        if refused {
            self.sent.remove(index);
            return self.publish_waiting(desk, group);
        }
        self.send(desk, group.version, &Packet::Pubrel(Ack::success(ack.id)));
    }

    pub(super) fn on_pubcomp(&mut self, desk: &mut Desk<'_>, group: &Group, ack: &Ack) {
        let Some(index) = self.find(desk, ack, QoS::ExactlyOnce) else { return };
        if self.sent.get(index).is_some_and(|sent| sent.released) {
            let sent = self.sent.remove(index);
            desk.events.push(Event::Alive(sent.at));
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

    /// How many messages it has made.
    pub const fn made(&self) -> u32 {
        self.made
    }
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
