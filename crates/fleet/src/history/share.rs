//! Shared Subscriptions (MQTT 5.0 §4.8.2): one member gets each message, and nobody knows which.

use mqttspec_wire::QoS;

use super::{
    Oracle, Promise,
    stream::{Arrival, Fate, Mark, Record},
};
use crate::{
    identity::Identity,
    layout::{Topic, Watcher},
    plan::Micros,
};

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
        let own = topic.shares.iter().position(|share| layout.is_member(*share, device));
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
        if again && exactly && self.takes_exactly_once(topic.shares.get(own), device, sent) {
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

    /// A message has come to a client that has Non-shared Subscriptions to its topic, too. Which of its subscriptions has
    /// brought it, nobody knows; but if nobody else takes what it shares, it gets a copy by each.
    pub(super) fn may_have_come_shared(&mut self, watcher: Watcher, message: Identity, arrival: Arrival) {
        let layout = self.layout;
        let Some(topic) = layout.topic_of(message.stream) else { return };
        let is_second = matches!(arrival, Arrival::Again | Arrival::Old);
        let gets_two = watcher.plain.is_power_of_two() && watcher.shared.is_power_of_two();
        for (at, share) in topic.shares.iter().enumerate() {
            let is_member = layout.is_member(*share, watcher.device);
            let Some(share) = layout.shares.get(*share as usize) else { continue };
            if !is_member || gets_two && share.members.len() == 1 && !is_second {
                continue;
            }
            let Some(stream) = self.streams.get_mut(message.stream as usize) else { return };
            let Some(record) = stream.record(message.sequence) else { return };
            if record.shared & bit(at) == 0 {
                record.shared |= bit(at);
                if matches!(record.fate, Fate::Accepted(_)) {
                    record.pending = record.pending.saturating_sub(1);
                }
            }
            stream.trim();
        }
    }

    /// Whether a message that was sent at this time may come to this member only if it has come to no other: once it is on
    /// its way to a session at QoS 2, it goes to no other, even if that session ends (MQTT 5.0 §4.8.2). A member that takes
    /// messages at a lower QoS may lose one to another member.
    fn takes_exactly_once(&self, share: Option<&u32>, device: u32, sent: Micros) -> bool {
        let Some(share) = share.and_then(|share| self.layout.shares.get(*share as usize)) else {
            return false;
        };
        let is_undisturbed = self.restarted.is_none();
        is_undisturbed
            && share.members.iter().all(|(member, entry)| {
                let joined = self.clients.get(*member as usize).and_then(|client| client.certain(*entry));
                let asked = self.layout.subscribed_qos(*member, *entry);
                let qos = joined.map_or(asked, |(_, granted)| granted);
                let is_own = *member == device;
                qos == QoS::ExactlyOnce && (!is_own || joined.is_some_and(|(since, _)| since <= sent))
            })
    }

    /// A member subscribes: if no other has a session, the Shared Subscription begins anew, without what it could not
    /// deliver before (MQTT 5.0 §4.8.2).
    pub(super) fn share_may_begin(&mut self, now: Micros, device: u32, entry: u8) {
        let layout = self.layout;
        let own = 1_u8.checked_shl(u32::from(entry)).unwrap_or(0);
        let Some(share) = layout.share_of(device, own) else { return };
        let Some(known) = layout.shares.get(share as usize) else { return };
        let is_empty = known.members.iter().all(|(member, bits)| self.has_none(now, *member, *bits));
        if let Some(begun) = self.shares.get_mut(share as usize).filter(|_| is_empty) {
            *begun = now;
        }
    }

    /// Whether a message has not come from before the Shared Subscription began.
    pub(super) fn judge_share(
        &mut self,
        now: Micros,
        device: u32,
        message: Identity,
        accepted: Micros,
    ) -> bool {
        let layout = self.layout;
        let Some(topic) = layout.topic_of(message.stream) else { return true };
        let own = |share: &&u32| layout.is_member(**share, device);
        let begun =
            topic.shares.iter().filter(own).filter_map(|share| self.shares.get(*share as usize)).min();
        let is_from_before = begun.is_some_and(|begun| accepted < *begun);
        if is_from_before {
            self.accuse(Promise::ShareBeginsEmpty, now, (device, message), |_| {
                "it came, although all sessions had ended since".to_owned()
            });
        }
        !is_from_before
    }

    /// Whether no member can have taken a message with it: each was there all the time, or not at all while the message was
    /// handed out.
    fn has_lasted(&self, share: u32, (sent, accepted): (Micros, Micros), now: Micros) -> bool {
        let Some(share) = self.layout.shares.get(share as usize) else { return false };
        share.members.iter().all(|(device, entry)| {
            let Some(client) = self.clients.get(*device as usize) else { return true };
            let joined = client.certain(*entry);
            let lasts = joined.is_some_and(|(joined, qos)| joined <= sent && qos == QoS::ExactlyOnce)
                && self.has_session(now, *device);
            lasts || client.had_ended(*entry, (sent, accepted)).is_some()
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
                && self.has_lasted(*share, (message.due, accepted), now)
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
