//! Subscriptions of the device: made with the session, renewed and ended over time.

use mqttspec_wire::{
    Packet, PacketId, Properties, QoS,
    packet::{self, Suback, Subscription, Unsuback, Unsubscribe},
};

use super::{Desk, Device, connecting::text};
use crate::{
    history::{Awaited, Breach, Event, OpenExchange},
    identity::Identity,
    plan::{Group, Micros, NEVER, Subscribe},
};

/// The identifier of SUBSCRIBE and UNSUBSCRIBE, which no message uses, and which is another one read backwards.
const IDENTIFIER: u16 = u16::MAX - 1;

/// What the broker was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// All subscriptions, in one SUBSCRIBE.
    All,
    /// The subscription with this number once more.
    Again(u8),
    /// No more to have the subscription with this number.
    End(u8),
}

impl Device {
    /// The session has no subscriptions yet.
    pub(super) fn begin_subscribing(&mut self) {
        (self.subscribed, self.unsubscribed, self.asking) = (false, 0, None);
        self.renewals.fill(NEVER);
    }

    /// Subscribes to everything in one SUBSCRIBE, unless the session remembers it. What was asked for on an earlier
    /// connection and not answered is asked for again.
    pub(super) fn subscribe(&mut self, desk: &mut Desk<'_>, group: &Group) {
        self.subscribed |= group.subscribe.is_empty();
        match self.asking.take() {
            Some((asking, _)) if self.subscribed => self.ask(desk, group, asking),
            None if self.subscribed => {}
            Some(_) | None => self.ask(desk, group, Asking::All),
        }
    }

    /// Changes the subscriptions that are due, one after the other.
    pub(super) fn renew(&mut self, desk: &mut Desk<'_>, group: &Group) {
        if self.next_renewal() > desk.now {
            return;
        }
        let due = self.renewals.iter().position(|at| *at <= desk.now).and_then(|at| u8::try_from(at).ok());
        let Some(entry) = due else { return };
        let pauses = renewal(group, entry).is_some_and(|renewal| renewal.pause.is_some());
        let ends = pauses && self.unsubscribed & bit(entry) == 0;
        self.ask(desk, group, if ends { Asking::End(entry) } else { Asking::Again(entry) });
    }

    /// When a subscription is to change next.
    pub(super) fn next_renewal(&self) -> Micros {
        let can = self.subscribed && self.asking.is_none();
        self.renewals.iter().copied().min().filter(|_| can).unwrap_or(NEVER)
    }

    fn ask(&mut self, desk: &mut Desk<'_>, group: &Group, asking: Asking) {
        let (Some(place), Some(id)) =
            (desk.layout.devices.get(self.index as usize), PacketId::new(IDENTIFIER))
        else {
            return;
        };
        self.asking = Some((asking, desk.now));
        let filter = |wanted: &Subscribe| text(&wanted.filter.fill(place.number));
        let chosen: Vec<(u8, &Subscribe)> =
            (0..).zip(&group.subscribe).filter(|(at, _)| asking.is_about(*at)).collect();
        let event = if matches!(asking, Asking::End(_)) { Event::Unsubscribe } else { Event::Subscribe };
        desk.events.extend(chosen.iter().map(|(entry, _)| event(*entry)));
        let properties = Properties::new();
        let packet = if matches!(asking, Asking::End(_)) {
            let filters = chosen.iter().map(|(_, wanted)| filter(wanted)).collect();
            Packet::Unsubscribe(Unsubscribe { id, properties, filters })
        } else {
            let subscription = |(_, wanted): &(u8, &Subscribe)| Subscription {
                filter: filter(wanted),
                qos: wanted.qos,
                no_local: wanted.options.no_local,
                retain_as_published: wanted.options.retain_as_published,
                retain_handling: wanted.options.retain_handling,
            };
            let filters = chosen.iter().map(subscription).collect();
            Packet::Subscribe(packet::Subscribe { id, properties, filters })
        };
        self.send(desk, group.version, &packet);
    }

    pub(super) fn on_suback(&mut self, desk: &mut Desk<'_>, group: &Group, suback: &Suback) {
        let Some((asking @ (Asking::All | Asking::Again(_)), _)) =
            self.asking.filter(|_| suback.id.get() == IDENTIFIER)
        else {
            return;
        };
        (self.asking, self.subscribed) = (None, true);
        let entries =
            (0..).zip(&group.subscribe).map(|(entry, _)| entry).filter(|entry| asking.is_about(*entry));
        let count = group.subscribe.len();
        if suback.reasons.len() != if asking == Asking::All { count } else { 1 } {
            desk.events.push(Event::Breach(Breach::SubackCodes));
        }
        for (entry, reason) in entries.zip(&suback.reasons) {
            desk.events.push(Event::Suback(entry, QoS::new(reason.0)));
            self.unsubscribed &= !bit(entry);
            let lasts = renewal(group, entry).map(|renewal| renewal.lasts);
            self.plan_renewal(desk.now, entry, lasts);
        }
    }

    pub(super) fn on_unsuback(&mut self, desk: &mut Desk<'_>, group: &Group, unsuback: &Unsuback) {
        let Some((Asking::End(entry), _)) = self.asking.filter(|_| unsuback.id.get() == IDENTIFIER) else {
            return;
        };
        self.asking = None;
        // The broker may refuse, so that the subscription goes on. MQTT 3.1.1 has no code for that.
        if unsuback.reasons.iter().all(|reason| !reason.is_error()) {
            desk.events.push(Event::Unsuback(entry));
            self.unsubscribed |= bit(entry);
        }
        let pause = renewal(group, entry).and_then(|renewal| renewal.pause);
        self.plan_renewal(desk.now, entry, pause);
    }

    fn plan_renewal(&mut self, now: Micros, entry: u8, after: Option<crate::random::Range>) {
        let at = after.map_or(NEVER, |after| now + self.draw(after).max(1));
        if let Some(renewal) = self.renewals.get_mut(usize::from(entry)) {
            *renewal = at;
        }
    }

    /// What was asked for and is not answered.
    pub(super) fn open_question(&self) -> impl Iterator<Item = OpenExchange> {
        let nothing = Identity { stream: u32::MAX, sequence: 0, due: 0 };
        self.asking.into_iter().map(move |(asking, since)| OpenExchange {
            awaited: if matches!(asking, Asking::End(_)) { Awaited::Unsuback } else { Awaited::Suback },
            message: nothing,
            since,
        })
    }
}

impl Asking {
    fn is_about(self, entry: u8) -> bool {
        match self {
            Self::All => true,
            Self::Again(own) | Self::End(own) => own == entry,
        }
    }
}

fn renewal(group: &Group, entry: u8) -> Option<crate::plan::Renewal> {
    group.subscribe.get(usize::from(entry))?.renewal
}

const fn bit(entry: u8) -> u8 {
    if entry < 8 { 1 << entry } else { 0 }
}
