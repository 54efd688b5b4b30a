//! Messages on their way: what is owed to whom.

use std::collections::VecDeque;

use mqttspec_wire::QoS;

use super::Oracle;
use crate::{
    identity::Identity,
    layout::{self, Watcher},
    plan::Micros,
};

/// At how many messages under way it is first counted anew what is owed.
const RECOUNT: usize = 64;

/// What is known about a stream of messages.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The messages under way. The first has the number `settled + 1`.
    pub(super) records: VecDeque<Record>,
    /// How many messages are settled.
    pub(super) settled: u32,
    /// When the last of them was acknowledged.
    pub(super) settled_at: Micros,
    /// What each watcher of the topic has got.
    pub(super) marks: Vec<Mark>,
    /// What each Shared Subscription of the topic has got.
    pub(super) shares: Vec<Mark>,
    /// At how many records they are counted anew.
    recount: usize,
}

/// A message under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) sent: Micros,
    pub(super) fate: Fate,
    /// How many deliveries of it are owed and have not come.
    pub(super) pending: u32,
    /// Which Shared Subscriptions of the topic have got it, one bit for each.
    pub(super) shared: u8,
}

/// What the broker has made of a message, as far as the publisher knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has not answered.
    Open,
    /// It has taken the message over.
    Accepted(Micros),
    /// Nothing is owed: refused, given up, or a will that is not certain. If the broker has it, then since this time at the
    /// latest.
    Nothing(Micros),
    /// It must not come: a will that was discarded.
    Forbidden,
}

/// What a watcher has got of a stream in its present session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    pub(super) session: u32,
    pub(super) highest: u32,
    /// Which of the 64 messages up to the highest have come; the lowest bit is the highest's.
    recent: u64,
}

/// How a message stands to those that have come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is later than all.
    Next,
    /// It has come before.
    Again,
    /// A later one has come before it.
    Late,
    /// It is so much earlier than the last that nobody knows whether it has come.
    Old,
}

impl Mark {
    pub(super) fn arrives(&mut self, session: u32, sequence: u32) -> Arrival {
        if self.session != session {
            *self = Self { session, highest: 0, recent: 0 };
        }
        if sequence > self.highest {
            let shift = sequence - self.highest;
            self.recent = self.recent.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = sequence;
            return Arrival::Next;
        }
        match 1_u64.checked_shl(self.highest - sequence) {
            None => Arrival::Old,
            Some(bit) if self.recent & bit != 0 => Arrival::Again,
            Some(bit) => {
                self.recent |= bit;
                Arrival::Late
            }
        }
    }

    /// Whether the message has come for certain, or one so much later that it must have.
    fn has(&self, session: u32, sequence: u32) -> bool {
        let bit = 1_u64.checked_shl(self.highest.saturating_sub(sequence));
        self.session == session && sequence <= self.highest && bit.is_none_or(|bit| self.recent & bit != 0)
    }
}

impl Stream {
    pub(super) fn record(&mut self, sequence: u32) -> Option<&mut Record> {
        let index = sequence.checked_sub(self.settled)?.checked_sub(1)?;
        self.records.get_mut(index as usize)
    }

    /// Drops what is settled.
    pub(super) fn trim(&mut self) {
        while let Some(front) = self.records.front() {
            let accepted = match front.fate {
                Fate::Open => return,
                Fate::Accepted(_) if front.pending > 0 => return,
                Fate::Accepted(at) | Fate::Nothing(at) => at,
                Fate::Forbidden => front.sent,
            };
            self.settled_at = self.settled_at.max(accepted);
            self.settled += 1;
            self.records.pop_front();
        }
    }
}

impl Oracle<'_> {
    pub(super) fn published(&mut self, now: Micros, message: Identity, again: bool) {
        let Some(plan) = self.layout.streams.get(message.stream as usize) else { return };
        if again || plan.qos == QoS::AtMostOnce {
            self.may_be_dropped(message);
            return;
        }
        if let Some(stream) = self.streams.get_mut(message.stream as usize) {
            stream.records.push_back(Record { sent: now, fate: Fate::Open, pending: 0, shared: 0 });
        }
        if plan.retain {
            self.writes(now, message);
        }
    }

    pub(super) fn acked(&mut self, now: Micros, message: Identity, accepted: bool) {
        let fate = if accepted { Fate::Accepted(now) } else { Fate::Nothing(now) };
        // Who gets a message without payload, nobody can tell.
        let owed = if self.layout.clears(message) { Fate::Nothing(now) } else { fate };
        self.decide(message.stream, message.sequence, owed);
        self.written(message, fate);
    }

    pub(super) fn abandoned(&mut self, now: Micros, message: Identity) {
        self.decide(message.stream, message.sequence, Fate::Nothing(now));
        self.written(message, Fate::Nothing(now));
    }

    /// What becomes of a message is known, and so to whom it is owed.
    pub(super) fn decide(&mut self, index: u32, sequence: u32, fate: Fate) {
        let pending = self.count_owed(index, sequence, fate, true);
        let Some(stream) = self.streams.get_mut(index as usize) else { return };
        if let Some(record) = stream.record(sequence) {
            (record.fate, record.pending) = (fate, pending);
        }
        stream.trim();
        if stream.records.len() > stream.recount.max(RECOUNT) {
            self.recount(index);
        }
    }

    /// Counts anew what is owed, since sessions that were owed something may have ended.
    fn recount(&mut self, index: u32) {
        let Some(stream) = self.streams.get(index as usize) else { return };
        let (settled, fates) = (stream.settled, stream.records.iter().map(|record| record.fate));
        let fates: Vec<Fate> = fates.collect();
        for (sequence, fate) in (settled + 1..).zip(fates) {
            let pending = self.count_owed(index, sequence, fate, false);
            if let Some(record) = self.streams.get_mut(index as usize).and_then(|own| own.record(sequence)) {
                record.pending = pending;
            }
        }
        if let Some(stream) = self.streams.get_mut(index as usize) {
            stream.trim();
            stream.recount = stream.records.len() * 2;
        }
    }

    /// How many deliveries of a message are owed and have not come. If they are `new`, the backlogs grow by them.
    fn count_owed(&mut self, stream: u32, sequence: u32, fate: Fate, new: bool) -> u32 {
        let Fate::Accepted(at) = fate else { return 0 };
        let layout = self.layout;
        let (Some(plan), Some(topic)) = (layout.streams.get(stream as usize), layout.topic_of(stream)) else {
            return 0;
        };
        let Some(record) =
            self.streams.get_mut(stream as usize).and_then(|own| own.record(sequence)).copied()
        else {
            return 0;
        };
        let mut pending = 0;
        for (index, watcher) in topic.watchers.iter().enumerate() {
            if self.is_owed(plan, *watcher, record.sent) && !self.has(stream, index, *watcher, sequence) {
                pending += 1;
                if new {
                    self.wait(at, watcher.device);
                }
            }
        }
        pending + self.count_owed_shares(topic, record)
    }

    /// The backlog of a client grows.
    fn wait(&mut self, now: Micros, device: u32) {
        let limit = self.layout.plan.limits.queued_messages;
        if let Some(client) = self.clients.get_mut(device as usize) {
            client.backlog += 1;
            if limit.is_some_and(|limit| client.backlog >= limit) {
                client.overflowed = Some(now);
            }
        }
    }

    /// Whether a message that was sent at this time is owed to a watcher.
    pub(super) fn is_owed(&self, plan: &layout::Stream, watcher: Watcher, sent: Micros) -> bool {
        watcher.plain != 0
            && plan.qos != QoS::AtMostOnce
            && !watcher.hides(plan)
            && self
                .certain(watcher)
                .is_some_and(|(since, granted)| since <= sent && granted != QoS::AtMostOnce)
    }

    pub(super) fn has(&self, stream: u32, watcher: usize, of: Watcher, sequence: u32) -> bool {
        let session = self.clients.get(of.device as usize).map_or(0, |client| client.ordinal);
        let mark = self.streams.get(stream as usize).and_then(|stream| stream.marks.get(watcher));
        mark.is_some_and(|mark| mark.has(session, sequence))
    }
}
