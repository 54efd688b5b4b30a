//! Coming, going and coming back.

use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, Utf8String, Version,
    packet::{Connack, Connect, Suback, Subscribe, Subscription, Will},
};

use super::{ANSWER, Action, Desk, Device, State, outgoing::WINDOW};
use crate::{
    history::Event,
    identity::Identity,
    plan::{Group, NEVER, SECOND},
};

/// The identifier of SUBSCRIBE, which no message uses.
const SUBSCRIBE_ID: u16 = u16::MAX;

impl Device {
    /// Sends CONNECT.
    pub(super) fn greet(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if self.state != State::Opening {
            return;
        }
        self.state = State::Greeting;
        self.deadline = desk.now + ANSWER;
        self.connections += 1;
        self.partial = Vec::new();
        let connect = Connect {
            version: group.version,
            clean_start: group.clean_start,
            keep_alive: group.keep_alive,
            properties: connect_properties(group),
            client_id: text(&format!("{:x}-{}", desk.run, desk.layout.client_id(self.index))),
            will: self.will(desk, group),
            username: desk.credentials.map(|own| own.username.clone()),
            password: desk.credentials.and_then(|own| own.password.clone()),
        };
        desk.events.push(Event::Connect { clean_start: group.clean_start });
        self.send(desk, group.version, &Packet::Connect(Box::new(connect)));
    }

    fn will(&self, desk: &Desk<'_>, group: &Group) -> Option<Will> {
        let will = group.will.as_ref()?;
        let place = desk.layout.devices.get(self.index as usize)?;
        let stream = place.streams + u32::try_from(group.publish.len()).unwrap_or(0) * 3;
        let message = Identity { stream, sequence: self.connections, due: 0 };
        let mut properties = Properties::new();
        if group.version == Version::V5_0 && will.delay > 0 {
            properties.push(Property::WillDelayInterval(will.delay));
        }
        Some(Will {
            qos: will.qos,
            retain: will.retain,
            properties,
            topic: desk.layout.topic_of(stream)?.name.clone(),
            payload: message.payload(desk.run, 0),
        })
    }

    pub(super) fn on_connack(&mut self, desk: &mut Desk<'_>, group: &Group, connack: &Connack) {
        if self.state != State::Greeting {
            return;
        }
        if connack.reason.0 != 0 {
            return self.end(desk, group, Action::Close);
        }
        desk.events.push(Event::Connack { session_present: connack.session_present });
        self.state = State::Online;
        self.deadline = NEVER;
        self.attempts = 0;
        self.pinged = NEVER;
        self.window = connack.properties.receive_maximum().unwrap_or(u16::MAX).min(WINDOW);
        self.leaves = match &group.duty {
            Some(duty) => desk.now + self.random.within(duty.online),
            None => NEVER,
        };
        if connack.session_present {
            self.send_again(desk, group);
        } else {
            // The server has no session, so there is nothing to go on with (§3.2.2.2 of MQTT 3.1.1, 3.2.2.1.1 of 5.0).
            self.abandon(desk);
            self.subscribed = false;
        }
        self.subscribing = false;
        self.subscribe(desk, group);
    }

    /// Subscribes to everything in one SUBSCRIBE, unless the session remembers it.
    fn subscribe(&mut self, desk: &mut Desk<'_>, group: &Group) {
        let (Some(place), Some(id)) =
            (desk.layout.devices.get(self.index as usize), PacketId::new(SUBSCRIBE_ID))
        else {
            return;
        };
        if group.subscribe.is_empty() {
            self.subscribed = true;
        }
        if self.subscribed {
            return;
        }
        let subscription = |wanted: &crate::plan::Subscribe| Subscription {
            filter: text(&wanted.filter.fill(place.number)),
            qos: wanted.qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: mqttspec_wire::packet::RetainHandling::Send,
        };
        let filters = group.subscribe.iter().map(subscription).collect();
        self.subscribing = true;
        for entry in 0..group.subscribe.len() {
            desk.events.push(Event::Subscribe(u8::try_from(entry).unwrap_or(u8::MAX)));
        }
        let subscribe = Subscribe { id, properties: Properties::new(), filters };
        self.send(desk, group.version, &Packet::Subscribe(subscribe));
    }

    pub(super) fn on_suback(&mut self, desk: &mut Desk<'_>, suback: &Suback) {
        if !self.subscribing || suback.id.get() != SUBSCRIBE_ID {
            return;
        }
        self.subscribing = false;
        self.subscribed = true;
        for (entry, reason) in suback.reasons.iter().enumerate() {
            let entry = u8::try_from(entry).unwrap_or(u8::MAX);
            desk.events.push(Event::Suback(entry, QoS::new(reason.0)));
        }
    }

    /// The network connection has ended.
    pub(super) fn closed(&mut self, desk: &mut Desk<'_>, group: &Group, in_order: bool) {
        if self.state == State::Away {
            return;
        }
        if self.state != State::Opening {
            desk.events.push(Event::Ended { by_broker: in_order });
        }
        self.go_away(desk, group);
    }

    /// Ends the network connection by itself.
    pub(super) fn end(&mut self, desk: &mut Desk<'_>, group: &Group, how: Action) {
        desk.actions.push(how);
        self.closed(desk, group, false);
    }

    /// Leaves the network connection behind and comes back at once, perhaps before the broker notices.
    pub(super) fn roam(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if self.state == State::Away {
            return;
        }
        self.end(desk, group, Action::Leave);
        self.deadline = desk.now;
    }

    /// Is away until it is time to come back.
    pub(super) fn go_away(&mut self, desk: &Desk<'_>, group: &Group) {
        let off_duty = self.leaves <= desk.now && !desk.calm;
        let wait = match &group.duty {
            Some(duty) if off_duty => self.random.within(duty.offline),
            Some(_) | None => self.backoff(group),
        };
        self.state = State::Away;
        self.leaves = NEVER;
        self.deadline = desk.now + wait;
        self.pinged = NEVER;
        self.held.clear();
        self.partial = Vec::new();
    }

    /// Exponential, with up to half of it left to chance, so that those who were cut together do not come together.
    fn backoff(&mut self, group: &Group) -> u64 {
        let doubled = group.backoff.first.saturating_mul(1 << self.attempts.min(20));
        self.attempts = self.attempts.saturating_add(1);
        let whole = doubled.min(group.backoff.most).max(SECOND / 1000);
        whole / 2 + self.random.below(whole / 2 + 1)
    }

    /// Comes back soon, since the calm has begun.
    pub fn hurry(&mut self, now: u64) {
        if self.state == State::Away && self.deadline != NEVER {
            self.attempts = 0;
            self.deadline = self.deadline.min(now + self.random.below(5 * SECOND));
        }
    }
}

fn connect_properties(group: &Group) -> Properties {
    let mut properties = Properties::new();
    if group.version == Version::V5_0 {
        if group.expiry > 0 {
            properties.push(Property::SessionExpiryInterval(group.expiry));
        }
        if let Some(maximum) = group.receive_maximum {
            properties.push(Property::ReceiveMaximum(maximum));
        }
    }
    properties
}

/// What is known to be a proper string.
pub(super) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap_or_default()
}
