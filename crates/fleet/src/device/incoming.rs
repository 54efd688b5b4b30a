//! Messages for the device: the receiver's half of §4.3.

use mqttspec_wire::{
    Packet, PacketId, Version,
    packet::{Ack, Delivery, Publish},
};

use super::{Desk, Device};
use crate::{
    history::{Awaited, Breach, Delivered, Event, OpenExchange},
    identity::Identity,
    plan::{Group, Micros},
    random::Random,
};

/// A QoS 2 message whose PUBREL has not come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreleased {
    id: PacketId,
    stream: u32,
    sequence: u32,
    /// On which of the device's connections it came last, which is the one whose quota it takes.
    connection: u32,
    /// When it came last.
    since: Micros,
}

/// A message that is being worked on; its acknowledgement waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) until: Micros,
    id: PacketId,
    exactly_once: bool,
}

impl Device {
    pub(super) fn on_publish(&mut self, desk: &mut Desk<'_>, group: &Group, publish: Publish) {
        let identity = Identity::of_payload(desk.run, &publish.payload);
        let as_published = group.subscribe.iter().any(|each| each.options.retain_as_published);
        if publish.payload.is_empty() && publish.retain && !as_published {
            desk.events.push(Event::Breach(Breach::EmptyRetained));
        }
        match publish.delivery {
            Delivery::AtMostOnce => deliver(desk, identity, publish),
            Delivery::AtLeastOnce { id, .. } => {
                if self.held.iter().any(|held| held.id == id) {
                    desk.events.push(Event::Breach(Breach::IdentifierInUse));
                }
                deliver(desk, identity, publish);
                self.check_quota(desk, group, 1);
                self.acknowledge(desk, group, id, false);
            }
            Delivery::ExactlyOnce { id, dup } => {
                self.on_exactly_once(desk, identity, publish, (id, dup));
                self.check_quota(desk, group, 0);
                self.acknowledge(desk, group, id, true);
            }
        }
    }

    /// A QoS 2 message is new unless its identifier waits for PUBREL (§4.3.3).
    fn on_exactly_once(
        &mut self,
        desk: &mut Desk<'_>,
        identity: Option<Identity>,
        publish: Publish,
        (id, dup): (PacketId, bool),
    ) {
        let (stream, sequence) =
            identity.map_or((u32::MAX, 0), |identity| (identity.stream, identity.sequence));
        let (connection, since) = (self.connections, desk.now);
        match self.unreleased.iter_mut().find(|unreleased| unreleased.id == id) {
            Some(same) if (same.stream, same.sequence) == (stream, sequence) => {
                if !dup {
                    desk.events.push(Event::Breach(Breach::RedeliveredWithoutDup));
                }
                (same.connection, same.since) = (connection, since);
            }
            Some(other) => {
                *other = Unreleased { id, stream, sequence, connection, since };
                desk.events.push(Event::Breach(Breach::IdentifierInUse));
                deliver(desk, identity, publish);
            }
            None => {
                self.unreleased.push(Unreleased { id, stream, sequence, connection, since });
                deliver(desk, identity, publish);
            }
        }
    }

    /// No more messages may be unacknowledged than the Receive Maximum (MQTT 5.0 §3.3.4).
    fn check_quota(&self, desk: &mut Desk<'_>, group: &Group, coming: usize) {
        let Some(maximum) = self.receive_maximum(group) else { return };
        let held = self.held.iter().filter(|held| !held.exactly_once).count() + coming;
        let unreleased = self.unreleased.iter().filter(|each| each.connection == self.connections).count();
        if held + unreleased > usize::from(maximum) {
            desk.events.push(Event::Breach(Breach::ReceiveMaximum));
        }
    }

    /// Acknowledges a message, at once or after it was worked on. Acknowledgements keep their order (§4.6).
    fn acknowledge(&mut self, desk: &mut Desk<'_>, group: &Group, id: PacketId, exactly_once: bool) {
        let chance = (u64::from(self.index) << 32) ^ desk.now;
        let wait = Random::new(u64::from(desk.run), chance).within(group.acknowledge_after);
        let wait = self.by_clock(wait);
        if wait == 0 && self.held.is_empty() {
            return self.send_ack(desk, group.version, id, exactly_once);
        }
        let after = self.held.back().map_or(0, |last| last.until);
        self.held.push_back(Held { until: after.max(desk.now + wait), id, exactly_once });
    }

    pub(super) fn acknowledge_held(&mut self, desk: &mut Desk<'_>, version: Version) {
        while let Some(held) = self.held.front().copied().filter(|held| held.until <= desk.now) {
            self.held.pop_front();
            self.send_ack(desk, version, held.id, held.exactly_once);
        }
    }

    /// The QoS 2 messages whose PUBREL has not come, each with when PUBREC was sent.
    pub(super) fn open_received(&self) -> impl Iterator<Item = OpenExchange> {
        let open = |unreleased: &Unreleased| OpenExchange {
            awaited: Awaited::Pubrel,
            message: Identity { stream: unreleased.stream, sequence: unreleased.sequence, due: 0 },
            since: unreleased.since,
        };
        self.unreleased.iter().filter(|_| self.held.is_empty()).map(open)
    }

    fn send_ack(&mut self, desk: &mut Desk<'_>, version: Version, id: PacketId, exactly_once: bool) {
        let ack = Ack::success(id);
        let packet = if exactly_once { Packet::Pubrec(ack) } else { Packet::Puback(ack) };
        self.send(desk, version, &packet);
    }

    pub(super) fn on_pubrel(&mut self, desk: &mut Desk<'_>, group: &Group, ack: &Ack) {
        self.unreleased.retain(|unreleased| unreleased.id != ack.id);
        self.send(desk, group.version, &Packet::Pubcomp(Ack::success(ack.id)));
    }
}

/// Tells of a message that has come; one that is not of this run is nobody's business.
fn deliver(desk: &mut Desk<'_>, identity: Option<Identity>, publish: Publish) {
    let (qos, dup) = (publish.delivery.qos(), publish.delivery.dup());
    if let Some(message) = identity {
        let (topic, retain) = (publish.topic, publish.retain);
        let expiry = publish.properties.message_expiry_interval();
        let delivered = Delivered { message, topic, qos, dup, retain, expiry };
        desk.events.push(Event::Delivered(delivered));
    }
}
