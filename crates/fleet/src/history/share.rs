//! Shared Subscriptions (MQTT 5.0 §4.8.2): one member gets each message, and nobody knows which.

use mqttspec_wire::QoS;

use super::{
    Oracle, Promise,
    stream::{Arrival, Fate, Mark, Record},
};
use crate::{identity::Identity, layout::Topic, plan::Micros};

impl Oracle<'_> {
    /// How many Shared Subscriptions a message is owed to.
    pub(super) fn count_owed_shares(&self, topic: &Topic, record: Record) -> u32 {
        let owed = topic.shares.iter().enumerate().filter(|(at, share)| {
            record.shared & bit(*at) == 0 && self.has_member(**share, record.sent).is_some()
        });
        u32::try_from(owed.count()).unwrap_or(0)
    }

    /// A member that had joined a Shared Subscription for certain before this time, and whose session lasts.
    fn has_member(&self, share: u32, before: Micros) -> Option<u32> {
        let share = self.layout.shares.get(share as usize)?;
        let joined = |(device, entry): &&(u32, u8)| {
            let client = self.clients.get(*device as usize);
            client
                .and_then(|client| client.certain(*entry))
                .is_some_and(|(since, qos)| since <= before && qos != QoS::AtMostOnce)
        };
        share.members.iter().find(joined).map(|(device, _)| *device)
    }

    /// A message has come to a member.
    pub(super) fn delivered_shared(&mut self, now: Micros, device: u32, message: Identity) {
        let layout = self.layout;
        let Some(topic) = layout.topic_of(message.stream) else { return };
        let own = topic.shares.iter().position(|share| {
            let members = layout.shares.get(*share as usize).map(|share| &share.members);
            members
                .is_some_and(|members| members.binary_search_by_key(&device, |(member, _)| *member).is_ok())
        });
        let Some(own) = own else { return };
        let Some(stream) = self.streams.get_mut(message.stream as usize) else { return };
        if stream.shares.len() < topic.shares.len() {
            stream.shares.resize(topic.shares.len(), Mark::default());
        }
        let arrival = stream.shares.get_mut(own).map(|mark| mark.arrives(0, message.sequence));
        let again = arrival == Some(Arrival::Again);
        // What is settled is forgotten, but for that it has come.
        let record = stream.record(message.sequence).copied();
        let sent = record.map_or(message.due, |record| record.sent);
        let exactly =
            layout.streams.get(message.stream as usize).is_some_and(|own| own.qos == QoS::ExactlyOnce);
        if again && exactly && self.has_lasted(topic.shares.get(own), (sent, now)) {
            return self.accuse(Promise::ShareDeliversOnce, now, (device, message), |_| {
                "it came to a second member".to_owned()
            });
        }
        let Some(Record { fate, .. }) = record else { return };
        let owed = topic.shares.get(own).and_then(|share| self.has_member(*share, sent)).is_some();
        let Some(stream) = self.streams.get_mut(message.stream as usize) else { return };
        if let Some(record) = stream.record(message.sequence).filter(|_| !again) {
            record.shared |= bit(own);
            if owed {
                *self.verdict.kept.entry(layout.version(device)).or_default() += 1;
            }
            if owed && matches!(fate, Fate::Accepted(_)) {
                record.pending = record.pending.saturating_sub(1);
            }
        }
        stream.trim();
    }

    /// A message has come to a client that has Non-shared Subscriptions to its topic, too.
    pub(super) fn may_have_come_shared(&mut self, message: Identity) {
        let record =
            self.streams.get_mut(message.stream as usize).and_then(|own| own.record(message.sequence));
        if let Some(record) = record {
            record.shared = u8::MAX;
        }
    }

    /// Whether no member's session can have ended in between: only then does each message have one taker. A member that
    /// takes messages at a lower QoS may lose one to another member.
    fn has_lasted(&self, share: Option<&u32>, (since, now): (Micros, Micros)) -> bool {
        let Some(share) = share.and_then(|share| self.layout.shares.get(*share as usize)) else {
            return false;
        };
        share.members.iter().all(|(device, entry)| {
            let client = self.clients.get(*device as usize);
            let joined = client.and_then(|client| client.certain(*entry));
            joined.is_some_and(|(joined, qos)| joined <= since && qos == QoS::ExactlyOnce)
                && self.has_session(now, *device)
        })
    }

    /// What was owed to a Shared Subscription and came to no member is lost.
    pub(super) fn settle_shares(&mut self, now: Micros, message: Identity, accepted: Micros) {
        let layout = self.layout;
        let Some(topic) = layout.topic_of(message.stream) else { return };
        for (at, share) in topic.shares.iter().enumerate() {
            let record =
                self.streams.get_mut(message.stream as usize).and_then(|own| own.record(message.sequence));
            let missing = record.is_some_and(|record| record.shared & bit(at) == 0);
            if missing
                && self.has_lasted(Some(share), (message.due, now))
                && let Some(member) = self.has_member(*share, message.due)
            {
                self.lost(Promise::Delivered, now, (member, message), accepted);
            }
        }
    }
}

const fn bit(at: usize) -> u8 {
    if at < 8 { 1 << at } else { 0 }
}
