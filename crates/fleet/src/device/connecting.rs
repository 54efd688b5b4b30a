//! Coming, going and coming back.

use mqttspec_wire::{
    Packet, Properties, Property, Utf8String, Version,
    packet::{Connack, Connect, Will},
};

use super::{ANSWER, Action, Desk, Device, State, outgoing::most_unacknowledged};
use crate::{
    history::Event,
    identity::Identity,
    plan::{Group, NEVER, SECOND},
    random::Random,
};

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
        let number = desk.layout.devices.get(self.index as usize).map_or(0, |place| place.number);
        // A plan says who a device is; otherwise it is whoever the target was named with.
        let (username, password) = match (&group.credentials, desk.credentials) {
            (Some(own), _) => (Some(text(&own.user.fill(number))), Some(own.password.fill(number).into())),
            (None, Some(given)) => (Some(given.username.clone()), given.password.clone()),
            (None, None) => (None, None),
        };
        let connect = Connect {
            version: group.version,
            clean_start: group.clean_start,
            keep_alive: group.keep_alive,
            properties: self.connect_properties(group),
            client_id: text(&format!("{:x}-{}", desk.run, desk.layout.client_id(self.index))),
            will: self.will(desk, group),
            username,
            password,
        };
        let will = connect.will.is_some();
        desk.events.push(Event::Connect { clean_start: group.clean_start, will });
        self.send(desk, group.version, &Packet::Connect(Box::new(connect)));
    }

    fn will(&self, desk: &Desk<'_>, group: &Group) -> Option<Will> {
        let chance = &mut Random::new(u64::from(self.index), !u64::from(self.connections));
        let will = group.will.as_ref().filter(|will| chance.happens(will.chance))?;
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
        self.window =
            connack.properties.receive_maximum().unwrap_or(u16::MAX).min(most_unacknowledged(group));
        self.leaves = match &group.duty {
            Some(duty) => desk.now + self.draw(duty.online),
            None => NEVER,
        };
        if connack.session_present {
            self.send_again(desk, group);
        } else {
            // The server has no session, so there is nothing to go on with (§3.2.2.2 of MQTT 3.1.1, 3.2.2.1.1 of 5.0).
            self.abandon(desk);
            self.begin_subscribing();
        }
        self.subscribe(desk, group);
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
            Some(duty) if off_duty => self.draw(duty.offline),
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
        let wait = whole / 2 + self.random.below(whole / 2 + 1);
        self.by_clock(wait)
    }

    fn connect_properties(&self, group: &Group) -> Properties {
        let mut properties = Properties::new();
        if group.version == Version::V5_0 {
            if group.expiry > 0 {
                properties.push(Property::SessionExpiryInterval(group.expiry));
            }
            if let Some(maximum) = self.receive_maximum(group) {
                properties.push(Property::ReceiveMaximum(maximum));
            }
        }
        properties
    }

    /// The Receive Maximum of the present connection (MQTT 5.0 §3.1.2.11.3).
    pub(super) fn receive_maximum(&self, group: &Group) -> Option<u16> {
        let range = group.receive_maximum.filter(|_| group.version == Version::V5_0)?;
        let drawn = Random::new(u64::from(self.index), u64::from(self.connections)).within(range);
        u16::try_from(drawn).ok()
    }

    /// Comes back soon, since the calm has begun.
    pub fn hurry(&mut self, now: u64) {
        if self.state == State::Away && self.deadline != NEVER {
            self.attempts = 0;
            self.deadline = self.deadline.min(now + self.random.below(5 * SECOND));
        }
    }
}

/// What is known to be a proper string.
pub(super) fn text(text: &str) -> Utf8String {
    Utf8String::try_from(text).unwrap_or_default()
}
