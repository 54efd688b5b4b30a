//! Messages that were owed and have not come to the end.

use super::{Awaited, Decision, Limit, OpenExchange, Oracle, Promise, stream::Fate};
use crate::{
    identity::Identity,
    plan::{Micros, NEVER, SECOND},
};

impl Oracle<'_> {
    /// What is owed and has not come is lost, if its subscriber was there to the end.
    pub(super) fn settle_streams(&mut self, now: Micros) {
        for stream in 0..u32::try_from(self.streams.len()).unwrap_or(u32::MAX) {
            let Some(own) = self.streams.get(stream as usize) else { continue };
            let (settled, records) = (own.settled, own.records.clone());
            for (offset, record) in records.iter().enumerate() {
                let sequence = settled + 1 + u32::try_from(offset).unwrap_or(0);
                let message = Identity { stream, sequence, due: record.sent };
                match record.fate {
                    Fate::Accepted(at) if record.pending > 0 => self.settle_record(now, message, at),
                    Fate::Open | Fate::Accepted(_) | Fate::Nothing(_) | Fate::Forbidden => {}
                }
            }
        }
    }

    fn settle_record(&mut self, now: Micros, message: Identity, accepted: Micros) {
        let layout = self.layout;
        let (Some(plan), Some(topic)) =
            (layout.streams.get(message.stream as usize), layout.topic_of(message.stream))
        else {
            return;
        };
        for (index, watcher) in topic.watchers.iter().enumerate() {
            let owed = self.is_owed(plan, *watcher, message.due);
            if owed && !self.has(message.stream, index, *watcher, message.sequence) {
                let promise = if plan.will.is_some() { Promise::WillPublished } else { Promise::Delivered };
                self.lost(promise, now, (watcher.device, message), accepted);
            }
        }
        self.settle_shares(now, message, accepted);
    }

    /// A delivery that was owed did not come.
    pub(super) fn lost(
        &mut self,
        promise: Promise,
        now: Micros,
        (device, message): (u32, Identity),
        accepted: Micros,
    ) {
        let Some(client) = self.clients.get(device as usize) else { return };
        let expiry = self.layout.streams.get(message.stream as usize).and_then(|stream| stream.expiry);
        let patience = self.layout.patience + self.tolerance;
        let there = client.online && client.alive > accepted.saturating_add(patience);
        let decision = if self.restarted.is_some_and(|at| at >= message.due) {
            Decision::Permitted(Limit::NotPersistent)
        } else if client.overflowed.is_some_and(|at| at >= message.due) {
            Decision::Permitted(Limit::QueuedMessages)
        } else if expiry.is_some_and(|expiry| message.due + u64::from(expiry) * SECOND <= now) {
            Decision::Permitted(Limit::MessageExpiry)
        } else if there {
            Decision::Broken
        } else {
            Decision::Undecided
        };
        let (alive, since) = (client.alive, client.certain(u8::MAX).map_or(NEVER, |(since, _)| since));
        let mut finding = self.finding(promise, now, vec![device]);
        finding.decision = decision;
        finding.message = Some(message);
        finding.devices.extend(self.layout.streams.get(message.stream as usize).map(|own| own.publisher));
        finding.because = vec![
            (since, format!("{} had subscribed", self.layout.client_id(device))),
            (message.due, format!("{} was sent", self.name(message))),
            (accepted, "the broker had taken it over".to_owned()),
            (alive, format!("{} was connected, and it had not come", self.layout.client_id(device))),
        ];
        self.report(finding);
    }

    /// An exchange has not come to its end, although its device was connected to the end: it has sent what makes the
    /// broker go on, on its last connection or at its beginning, and the broker has answered what came much later.
    pub fn left_open(&mut self, now: Micros, device: u32, open: OpenExchange) {
        let Some(client) = self.clients.get(device as usize) else { return };
        let since = open.since.max(client.connect_sent);
        let there = client.online && client.alive > since.saturating_add(self.layout.patience);
        // What a restart of the broker has left of it, nobody knows.
        if !there || self.restarted.is_some_and(|at| at >= open.since) {
            return;
        }
        let (alive, connected) = (client.alive, client.connect_sent);
        let (promise, begun, missing) = match open.awaited {
            Awaited::Acknowledgement => (Promise::Acknowledged, "was sent", "an acknowledgement"),
            Awaited::Pubcomp => (Promise::Completed, "was released with PUBREL", "PUBCOMP"),
            Awaited::Pubrel => (Promise::Released, "was acknowledged with PUBREC", "PUBREL"),
            Awaited::Suback => (Promise::Subscribed, "SUBSCRIBE was sent", "SUBACK"),
            Awaited::Unsuback => (Promise::Unsubscribed, "UNSUBSCRIBE was sent", "UNSUBACK"),
        };
        let mut finding = self.finding(promise, now, vec![device]);
        finding.message = Some(open.message).filter(|message| message.sequence > 0);
        let name = finding.message.map_or_else(String::new, |message| format!("{} ", self.name(message)));
        finding.because = vec![
            (open.since, format!("{name}{begun}")),
            (connected, "the present connection began".to_owned()),
            (alive, format!("PINGREQ was sent and answered, and {missing} had not come")),
        ];
        finding.because.sort_by_key(|(at, _)| *at);
        self.report(finding);
    }
}
