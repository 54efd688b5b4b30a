//! The oracle: judges the history of a fleet as its devices saw it.
//!
//! Every message carries its identity. Whatever happens between a packet's departure and its answer happens at an unknown
//! time in between, so every judgement rests on intervals: a message is owed only to a subscription that was
//! granted before the message was sent, by a session that has not ended since. Where the intervals do not decide, nothing
//! is said.
//!
//! What is settled is dropped, so that memory grows with what is under way and not with what has been.
//!
//! | file | what it judges |
//! |---|---|
//! | `client` | sessions: kept, expired, discarded |
//! | `stream` | messages on their way: to whom they are owed |
//! | `delivery` | messages that have come: subscribed, once, in order |
//! | `loss` | messages that have not |
//! | `share` | the same for Shared Subscriptions |
//! | `will` | wills: exactly when due |
//! | `retained` | the last writer is what a new subscriber reads |

mod client;
mod delivery;
mod event;
mod finding;
mod loss;
mod retained;
mod share;
mod stream;
#[cfg(test)]
mod tests;
mod will;

use std::collections::BTreeMap;

use mqttspec_wire::QoS;

pub(crate) use client::LOOKS;
pub use event::{Awaited, Breach, Delivered, Event, OpenExchange};
pub use finding::{Decision, Finding, Limit, Promise, Verdict};

use self::{client::Client, retained::Register, stream::Stream};
use crate::{
    identity::Identity,
    layout::{Layout, Watcher},
    plan::{Micros, SECOND},
};

/// Judges a history.
#[derive(Debug)]
pub struct Oracle<'a> {
    layout: &'a Layout,
    clients: Vec<Client>,
    streams: Vec<Stream>,
    registers: BTreeMap<u32, Register>,
    /// Who still has to get a retained message of which topic, and since when.
    readers: BTreeMap<(u32, u32), Micros>,
    /// When each Shared Subscription last began anew, after all its sessions had ended.
    shares: Vec<Micros>,
    verdict: Verdict,
    last_delivery: Micros,
    /// When the broker was last back without what it does not store.
    restarted: Option<Micros>,
    /// When the broker last ended, and when it was back.
    down: (Micros, Micros),
    calm: Option<Micros>,
    /// How far the clocks of different devices may be apart.
    tolerance: Micros,
}

impl<'a> Oracle<'a> {
    /// An oracle that has seen nothing.
    pub fn new(layout: &'a Layout) -> Self {
        let clients = (0..layout.devices.len()).map(|device| Client::new(layout, device)).collect();
        let streams = layout.streams.iter().map(|_| Stream::default()).collect();
        Self {
            layout,
            clients,
            streams,
            registers: BTreeMap::new(),
            readers: BTreeMap::new(),
            shares: vec![0; layout.shares.len()],
            verdict: Verdict::default(),
            last_delivery: 0,
            restarted: None,
            down: (0, 0),
            calm: None,
            tolerance: 0,
        }
    }

    /// Devices have different clocks, which are at most so far apart.
    #[must_use]
    pub fn tolerating(mut self, tolerance: Micros) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Takes in what a device did or saw. The times of one device never go back.
    pub fn note(&mut self, now: Micros, device: u32, event: Event) {
        match event {
            Event::Connect { clean_start, will } => self.connecting(now, device, clean_start, will),
            Event::Connack { session_present } => self.connected(now, device, session_present),
            Event::Alive(since) => self.is_alive(now, device, since),
            Event::Disconnect { with_will, expiry } => {
                if let Some(client) = self.clients.get_mut(device as usize) {
                    client.disconnects(with_will, expiry);
                }
            }
            Event::Ended { by_broker } => self.ended(now, device, by_broker),
            Event::Subscribe(entry) => self.subscribing(now, device, entry),
            Event::Suback(entry, granted) => self.subscribed(now, device, entry, granted),
            Event::Unsubscribe(entry) => self.unsubscribing(device, entry),
            Event::Unsuback(entry) => self.unsubscribed(now, device, entry),
            Event::Publish { message, again } => self.published(now, message, again),
            Event::Acked { message, accepted } => self.acked(now, message, accepted),
            Event::Abandoned(message) => self.abandoned(now, message),
            Event::Delivered(delivered) => {
                self.last_delivery = now;
                self.delivered(now, device, &delivered);
            }
            Event::Breach(breach) => self.breach(now, device, breach),
        }
    }

    /// The broker ends at the earliest at the first of these times, and is back at the second. What it does not store is
    /// gone.
    pub fn restarted(&mut self, ends: Micros, back: Micros) {
        self.down = (ends, back);
        if !self.layout.plan.limits.persistent {
            self.restarted = Some(back);
        }
        for client in &mut self.clients {
            client.is_noticed_after(ends, back);
        }
    }

    /// When the broker does what is due at this time: later, if it is down then.
    fn awake(&self, due: Micros) -> Micros {
        let (ends, back) = self.down;
        if ends <= due && due <= back { back + SECOND } else { due }
    }

    /// No faults from now on.
    pub fn calm(&mut self, now: Micros) {
        self.calm = Some(now);
    }

    /// When a message last came.
    pub fn last_delivery(&self) -> Micros {
        self.last_delivery
    }

    /// The history is over. `complete` says whether all that was owed has had its time.
    pub fn finish(&mut self, now: Micros, complete: bool) {
        self.verdict.complete = complete;
        if complete {
            self.settle_wills(now);
            self.settle_streams(now);
            self.settle_readers(now);
        }
    }

    /// What was found so far.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What was found.
    pub fn into_verdict(self) -> Verdict {
        self.verdict
    }

    fn breach(&mut self, now: Micros, device: u32, breach: Breach) {
        let promise = match breach {
            Breach::ReceiveMaximum => Promise::ReceiveMaximum,
            Breach::IdentifierInUse => Promise::IdentifierUnused,
            Breach::RedeliveredWithoutDup => Promise::DupOnRedelivery,
            Breach::SubackCodes => Promise::CodeForEachFilter,
            Breach::EmptyRetained => Promise::EmptyNotRetained,
            Breach::Malformed => Promise::WellFormed,
        };
        let finding = self.finding(promise, now, vec![device]);
        self.report(finding);
    }

    fn report(&mut self, finding: Finding) {
        let group = |device: &u32| Some(self.layout.devices.get(*device as usize)?.group);
        let groups = finding.devices.iter().filter_map(group).collect();
        self.verdict.add(finding, groups);
    }

    /// A finding about a client, under the version that it speaks.
    fn finding(&self, promise: Promise, at: Micros, devices: Vec<u32>) -> Finding {
        let version =
            devices.first().map_or(mqttspec_wire::Version::V5_0, |first| self.layout.version(*first));
        Finding {
            decision: Decision::Broken,
            promise,
            statement: promise.statement(version),
            at,
            devices,
            message: None,
            because: Vec::new(),
        }
    }

    /// Since when a subscription of this client to what a watcher matches is certain, and the QoS granted.
    fn certain(&self, watcher: Watcher) -> Option<(Micros, QoS)> {
        let client = self.clients.get(watcher.device as usize)?;
        client.certain(watcher.plain)
    }

    /// How a message is named in findings.
    fn name(&self, message: Identity) -> String {
        let stream = self.layout.streams.get(message.stream as usize);
        let kind = match stream {
            Some(stream) if stream.will.is_some() => "will".to_owned(),
            Some(stream) => stream.qos.to_string(),
            None => "message".to_owned(),
        };
        let topic = self.layout.topic_of(message.stream).map_or("?", |topic| topic.name.as_str());
        let publisher =
            stream.map_or_else(|| "?".to_owned(), |stream| self.layout.client_id(stream.publisher));
        format!("{kind} #{} of {publisher} to {topic}", message.sequence)
    }
}
