//! What the client subscribed to on this connection, and the server's answers to it (§3.8 to §3.11).

mod delivery;

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::{
    PacketId, QoS, ReasonCode,
    packet::{Suback, Subscribe, Subscription, Unsuback, Unsubscribe},
};

use self::delivery::Retained;
use super::findings::Findings;
use crate::referee::duty::{Duty, duties};

duties! {
    CODE_FOR_EVERY_FILTER: Server, Mutual, v3 "3.8.4-5", v5 "3.8.4-6";
    GRANT_NOT_ABOVE_REQUEST: Server, Mutual, v3 "X-3.8.4-2", v5 "3.8.4-7";
    CODE_FOR_EVERY_UNSUBSCRIPTION: Server, Mutual, v5 "3.11.3-1";
    CODE_FOR_NO_SUBSCRIPTION: Server, Mutual, v5 "X-3.11.3-1";
}

/// All that judge here.
pub(super) const ALL_DUTIES: [&[Duty]; 2] = [DUTIES, delivery::DUTIES];

/// What all that is remembered may cost, in bytes or so. Beyond, nothing is remembered and nothing judged.
const MEMORY: usize = 1 << 20;
/// What an entry costs besides its text.
const ENTRY: usize = 128;

/// The subscriptions of this connection. None once they are too many.
#[derive(Debug)]
pub(super) struct Subscriptions(Option<Book>);

/// What is remembered. A subscription is never struck out: after UNSUBSCRIBE the server may still send what it had
/// begun to send, and nobody can see when that ends.
#[derive(Debug, Default)]
struct Book {
    entries: BTreeMap<Box<str>, Entry>,
    subscribes: BTreeMap<PacketId, Request>,
    unsubscribes: BTreeMap<PacketId, Vec<Box<str>>>,
    retained: Retained,
    cost: usize,
}

/// All that was ever asked for one Topic Filter.
#[derive(Debug, Default)]
struct Entry {
    /// The highest QoS ever granted.
    granted: Option<QoS>,
    /// Requests without an answer, and the highest QoS among them.
    pending: u32,
    asked: QoS,
    /// How often it was requested.
    requests: u32,
    identifiers: BTreeSet<u32>,
    /// It was once requested without a Subscription Identifier.
    without_identifier: bool,
    /// It was once requested with Retain As Published.
    as_published: bool,
}

/// What a SUBSCRIBE asks for.
type Request = Vec<(Box<str>, QoS)>;

impl Default for Subscriptions {
    fn default() -> Self {
        Self(Some(Book::default()))
    }
}

impl Subscriptions {
    /// Whether an unanswered SUBSCRIBE was the same.
    pub(super) fn was_asked(&self, subscribe: &Subscribe) -> bool {
        let asked = self.0.as_ref().and_then(|book| book.subscribes.get(&subscribe.id));
        asked.is_none_or(|request| *request == requested(subscribe))
    }

    /// Whether an unanswered UNSUBSCRIBE was the same.
    pub(super) fn was_withdrawn(&self, unsubscribe: &Unsubscribe) -> bool {
        let asked = self.0.as_ref().and_then(|book| book.unsubscribes.get(&unsubscribe.id));
        asked.is_none_or(|filters| *filters == texts(unsubscribe))
    }

    /// The client's SUBSCRIBE.
    pub(super) fn subscribe(&mut self, subscribe: &Subscribe) {
        if let Some(book) = &mut self.0 {
            book.subscribe(subscribe);
        }
        self.forget_too_much();
    }

    /// The client's UNSUBSCRIBE.
    pub(super) fn unsubscribe(&mut self, unsubscribe: &Unsubscribe) {
        if let Some(book) = &mut self.0 {
            let filters = texts(unsubscribe);
            book.cost += cost(filters.iter());
            if let Some(before) = book.unsubscribes.insert(unsubscribe.id, filters) {
                book.cost -= cost(before.iter());
            }
        }
        self.forget_too_much();
    }

    fn forget_too_much(&mut self) {
        if self.0.as_ref().is_some_and(|book| book.cost > MEMORY) {
            self.0 = None;
        }
    }

    /// The server's SUBACK, which answers a SUBSCRIBE.
    pub(super) fn suback(&mut self, suback: &Suback, findings: &mut Findings) {
        let Some(book) = &mut self.0 else { return };
        let Some(filters) = book.answered(suback.id) else { return };
        if filters.len() != suback.reasons.len() {
            let (id, codes, filters) = (suback.id, suback.reasons.len(), filters.len());
            findings.breach(
                CODE_FOR_EVERY_FILTER,
                format_args!("SUBACK {id} has {codes} codes for the {filters} filters of its SUBSCRIBE"),
            );
            return;
        }
        for ((filter, asked), code) in filters.iter().zip(&suback.reasons) {
            let Some(granted) = QoS::new(code.0) else { continue };
            if granted > *asked {
                findings.breach(
                    GRANT_NOT_ABOVE_REQUEST,
                    format_args!(
                        "SUBACK grants {granted} for {filter:?}, where the SUBSCRIBE asks for {asked}"
                    ),
                );
            }
            if let Some(entry) = book.entries.get_mut(filter) {
                entry.granted = entry.granted.max(Some(granted));
            }
        }
    }

    /// The server's UNSUBACK, which answers an UNSUBSCRIBE. `whole`: no other subscriptions can exist.
    pub(super) fn unsuback(&mut self, unsuback: &Unsuback, whole: bool, findings: &mut Findings) {
        let Some(book) = &mut self.0 else { return };
        let Some(filters) = book.unsubscribes.remove(&unsuback.id) else { return };
        book.cost -= cost(filters.iter());
        if filters.len() != unsuback.reasons.len() {
            let (id, codes, filters) = (unsuback.id, unsuback.reasons.len(), filters.len());
            findings.breach(
                CODE_FOR_EVERY_UNSUBSCRIPTION,
                format_args!("UNSUBACK {id} has {codes} codes for the {filters} filters of its UNSUBSCRIBE"),
            );
            return;
        }
        let deleted = filters.iter().zip(&unsuback.reasons).filter(|(_, code)| **code == ReasonCode::SUCCESS);
        for (filter, _) in deleted.filter(|(filter, _)| whole && !book.entries.contains_key(*filter)) {
            findings.breach(
                CODE_FOR_NO_SUBSCRIPTION,
                format_args!("UNSUBACK says 0x00 for {filter:?}, to which the client never subscribed"),
            );
        }
    }

    /// How much is remembered, in bytes or so.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.0.as_ref().map_or(0, |book| book.cost + book.retained.weight())
    }
}

impl Book {
    fn subscribe(&mut self, subscribe: &Subscribe) {
        let identifier = subscribe.properties.subscription_identifiers().next();
        for subscription in &subscribe.filters {
            self.cost += self.enter(subscription, identifier);
        }
        let request = requested(subscribe);
        self.cost += cost(request.iter().map(|(filter, _)| filter));
        if let Some(before) = self.subscribes.insert(subscribe.id, request) {
            self.cost -= cost(before.iter().map(|(filter, _)| filter));
        }
    }

    /// What it costs.
    fn enter(&mut self, subscription: &Subscription, identifier: Option<u32>) -> usize {
        let filter: Box<str> = subscription.filter.as_str().into();
        let text = filter.len();
        let entry = self.entries.entry(filter).or_default();
        let mut cost = if entry.requests == 0 { text + ENTRY } else { 0 };
        entry.requests = entry.requests.saturating_add(1);
        entry.asked = if entry.pending == 0 { subscription.qos } else { entry.asked.max(subscription.qos) };
        entry.pending = entry.pending.saturating_add(1);
        match identifier {
            Some(identifier) if entry.identifiers.insert(identifier) => cost += ENTRY,
            Some(_) => {}
            None => entry.without_identifier = true,
        }
        entry.as_published |= subscription.retain_as_published;
        cost
    }

    /// The SUBSCRIBE that is answered, which is no longer pending.
    fn answered(&mut self, id: PacketId) -> Option<Request> {
        let request = self.subscribes.remove(&id)?;
        self.cost -= cost(request.iter().map(|(filter, _)| filter));
        for (filter, _) in &request {
            if let Some(entry) = self.entries.get_mut(filter) {
                entry.pending = entry.pending.saturating_sub(1);
            }
        }
        Some(request)
    }
}

/// What it costs to remember these filters.
fn cost<'a>(filters: impl Iterator<Item = &'a Box<str>>) -> usize {
    ENTRY + filters.map(|filter| filter.len() + ENTRY).sum::<usize>()
}

fn requested(subscribe: &Subscribe) -> Vec<(Box<str>, QoS)> {
    let pair = |subscription: &Subscription| (subscription.filter.as_str().into(), subscription.qos);
    subscribe.filters.iter().map(pair).collect()
}

fn texts(unsubscribe: &Unsubscribe) -> Vec<Box<str>> {
    unsubscribe.filters.iter().map(|filter| filter.as_str().into()).collect()
}
