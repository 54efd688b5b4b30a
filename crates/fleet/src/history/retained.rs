//! Retained messages (§3.3.1.3): a topic is a register, of which a new subscriber reads the last value.

use mqttspec_wire::{QoS, Version, packet::RetainHandling};

use super::{Delivered, Oracle, Promise, stream::Fate};
use crate::{
    identity::Identity,
    layout::{Stream, Watcher},
    plan::{Micros, NEVER, SECOND},
};

/// How many of the latest writes of a topic are remembered.
const WRITES: usize = 16;

/// What was written to a topic.
#[derive(Debug, Default)]
pub(super) struct Register {
    writes: Vec<Write>,
    /// Whether something was written that a server may drop at any time, since it has QoS 0.
    may_be_dropped: bool,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    message: Identity,
    sent: Micros,
    /// When it was acknowledged; `NEVER` if it was not.
    done: Micros,
}

impl Oracle<'_> {
    /// A message that is to be retained was sent.
    pub(super) fn writes(&mut self, now: Micros, message: Identity) {
        let Some(topic) = self.layout.streams.get(message.stream as usize).map(|stream| stream.topic) else {
            return;
        };
        let register = self.registers.entry(topic).or_default();
        if register.writes.len() >= WRITES {
            register.writes.remove(0);
        }
        register.writes.push(Write { message, sent: now, done: NEVER });
        if self.layout.clears(message) {
            // Perhaps there is nothing any more to be sent.
            self.readers.retain(|(_, of), _| *of != topic);
        }
    }

    /// A message of QoS 0 that is to be retained may be, or may not.
    pub(super) fn may_be_dropped(&mut self, message: Identity) {
        let plan = self.layout.streams.get(message.stream as usize);
        if let Some(plan) = plan.filter(|plan| plan.retain && plan.qos == QoS::AtMostOnce) {
            self.registers.entry(plan.topic).or_default().may_be_dropped = true;
        }
    }

    /// Whether something is retained for certain, since before this time.
    fn is_retained(&self, register: &Register, asked: Micros) -> bool {
        let clears = |write: &&Write| self.layout.clears(write.message);
        let is_left = |write: &Write| {
            let is_before = |clear: &Write| clear.done.saturating_add(self.tolerance) < write.sent;
            register.writes.iter().filter(clears).all(is_before)
        };
        let mut written = register.writes.iter().filter(|write| !clears(write));
        !register.may_be_dropped
            && written.any(|write| write.done.saturating_add(self.tolerance) < asked && is_left(write))
    }

    /// Whether this message is among the latest writes.
    pub(super) fn has_write(&self, message: Identity) -> bool {
        let topic = self.layout.streams.get(message.stream as usize).map(|stream| stream.topic);
        let register = topic.and_then(|topic| self.registers.get(&topic));
        let same = |write: &Write| {
            (write.message.stream, write.message.sequence) == (message.stream, message.sequence)
        };
        register.is_some_and(|register| register.writes.iter().any(same))
    }

    /// What became of it.
    pub(super) fn written(&mut self, message: Identity, fate: Fate) {
        let Some(plan) = self.layout.streams.get(message.stream as usize).filter(|plan| plan.retain) else {
            return;
        };
        let register = self.registers.get_mut(&plan.topic);
        let write = register.and_then(|register| {
            register.writes.iter_mut().rfind(|write| {
                (write.message.stream, write.message.sequence) == (message.stream, message.sequence)
            })
        });
        if let (Some(write), Fate::Accepted(at)) = (write, fate) {
            write.done = at;
        }
    }

    /// A subscription was granted: from now on the retained messages that it matches are owed.
    pub(super) fn reads(&mut self, now: Micros, device: u32, entry: u8) {
        let Some(client) = self.clients.get(device as usize) else { return };
        let bit = 1_u8.checked_shl(u32::from(entry)).unwrap_or(0);
        let (Some(asked), Some((_, granted))) = (client.asked_last(bit), client.certain(bit)) else { return };
        if granted == QoS::AtMostOnce || self.restarted.is_some() {
            return;
        }
        for (topic, register) in &self.registers {
            let known = self.layout.topics.get(*topic as usize);
            let watcher = known.and_then(|topic| {
                let at = topic.watchers.binary_search_by_key(&device, |watcher| watcher.device).ok()?;
                topic.watchers.get(at)
            });
            let matches = watcher.is_some_and(|watcher| watcher.plain & bit != 0);
            let expires = register.writes.iter().any(|write| self.expiry(write.message).is_some());
            if matches && !expires && self.is_retained(register, asked) {
                self.readers.insert((device, *topic), now);
            }
        }
    }

    /// The session of a client is another one.
    pub(super) fn forget_reader(&mut self, device: u32) {
        let gone: Vec<_> =
            self.readers.range((device, 0)..=(device, u32::MAX)).map(|(key, _)| *key).collect();
        for key in gone {
            self.readers.remove(&key);
        }
    }

    /// Judges a message with RETAIN 1. Whether it is what a SUBSCRIBE has brought, and no live message.
    pub(super) fn is_retained_copy(
        &mut self,
        now: Micros,
        device: u32,
        watcher: Watcher,
        message: Identity,
    ) -> bool {
        let Some(plan) = self.layout.streams.get(message.stream as usize) else { return false };
        self.readers.remove(&(device, plan.topic));
        if !plan.retain {
            self.accuse(not_retained(plan), now, (device, message), |_| "it came with RETAIN 1".to_owned());
            return false;
        }
        let sent = self.sent(plan.topic, message);
        if watcher.plain == 0 {
            let client = self.clients.get(device as usize);
            let is_live = client.zip(sent).is_some_and(|(client, sent)| {
                client.certain(watcher.shared).is_some() && !client.renews_after(watcher.shared, sent)
            });
            let promise = if is_live { Promise::RetainFlagCleared } else { Promise::ShareGetsNoRetained };
            self.accuse(promise, now, (device, message), |_| "it came with RETAIN 1".to_owned());
            return true;
        }
        let client = self.clients.get(device as usize);
        let is_live = |sent: Micros| client.is_some_and(|client| !client.renews_after(watcher.plain, sent));
        if plan.will.is_none() && self.certain(watcher).is_some() && sent.is_some_and(is_live) {
            let promise = self.layout.options(device, watcher.plain).fold(
                Promise::RetainFlagCleared,
                |promise, options| match options.retain_handling {
                    RetainHandling::Send => promise,
                    RetainHandling::SendIfNew => Promise::RetainedOnlyIfNew,
                    RetainHandling::DoNotSend => Promise::RetainedNotSent,
                },
            );
            self.accuse(promise, now, (device, message), |_| "it came with RETAIN 1".to_owned());
            return false;
        }
        // It may be what an earlier SUBSCRIBE of the session has brought.
        let asked = self.clients.get(device as usize).and_then(|client| client.asked(watcher.plain));
        let newer = asked.and_then(|asked| self.overwritten(plan.topic, message, asked));
        self.judge_retained_expiry(now, device, plan.topic, message);
        if let Some((newer, done)) = newer.filter(|_| plan.will.is_none()) {
            let name = self.name(newer);
            let has = if self.layout.clears(newer) { "had removed it" } else { "was retained" };
            self.accuse(Promise::LastWriterRetained, now, (device, message), |_| {
                format!("it came as retained, although {name} {has} at {done} µs, before SUBSCRIBE")
            });
        }
        true
    }

    /// When a message was sent first, if that is still known.
    fn sent(&self, topic: u32, message: Identity) -> Option<Micros> {
        let same = |write: &&Write| {
            (write.message.stream, write.message.sequence) == (message.stream, message.sequence)
        };
        let write = self.registers.get(&topic).and_then(|register| register.writes.iter().find(same));
        write.map(|write| write.sent)
    }

    /// Judges a message for a subscription with Retain As Published, of which nobody knows whether it is a retained copy.
    pub(super) fn judge_as_published(&mut self, now: Micros, watcher: Watcher, delivered: &Delivered) {
        let (device, message) = (watcher.device, delivered.message);
        let Some(plan) = self.layout.streams.get(message.stream as usize) else { return };
        if delivered.retain {
            self.readers.remove(&(device, plan.topic));
        }
        let promise = match (plan.retain, delivered.retain) {
            (true, false) if watcher.keeps_retain() && plan.will.is_none() => Promise::RetainKept,
            (false, true) => not_retained(plan),
            (true, _) | (false, false) => return,
        };
        let flag = u8::from(delivered.retain);
        self.accuse(promise, now, (device, message), |_| format!("it came with RETAIN {flag}"));
    }

    /// A retained message that had expired before anybody asked for it is gone (MQTT 5.0 §3.3.2.3.3).
    fn judge_retained_expiry(&mut self, now: Micros, device: u32, topic: u32, message: Identity) {
        let same = |write: &&Write| {
            (write.message.stream, write.message.sequence) == (message.stream, message.sequence)
        };
        let done =
            self.registers.get(&topic).and_then(|register| Some(register.writes.iter().find(same)?.done));
        let (Some(done), Some(expiry), Version::V5_0) =
            (done, self.expiry(message), self.layout.version(device))
        else {
            return;
        };
        let asked = self.clients.get(device as usize).and_then(|client| client.asked(u8::MAX));
        if asked.is_some_and(|asked| done.saturating_add(expiry + SECOND + self.tolerance) < asked) {
            self.accuse(Promise::Expired, now, (device, message), |_| {
                "it came as retained after SUBSCRIBE, which was sent later".to_owned()
            });
        }
    }

    /// The Message Expiry Interval of a message.
    fn expiry(&self, message: Identity) -> Option<Micros> {
        let expiry = self.layout.streams.get(message.stream as usize)?.expiry?;
        Some(u64::from(expiry) * SECOND)
    }

    /// The write that came after this one for certain and was done before `asked`.
    fn overwritten(&self, topic: u32, message: Identity, asked: Micros) -> Option<(Identity, Micros)> {
        let writes = &self.registers.get(&topic)?.writes;
        let read = writes.iter().find(|write| {
            (write.message.stream, write.message.sequence) == (message.stream, message.sequence)
        });
        let newer = |write: &&Write| {
            let same_stream = write.message.stream == message.stream;
            let later = match read {
                Some(read) => write.sent > read.done.saturating_add(self.tolerance),
                None => false,
            };
            write.done.saturating_add(self.tolerance) < asked
                && (later || same_stream && write.message.sequence > message.sequence)
        };
        writes.iter().find(newer).map(|write| (write.message, write.done))
    }

    /// A retained message that was owed and did not come.
    pub(super) fn settle_readers(&mut self, now: Micros) {
        for ((device, topic), since) in std::mem::take(&mut self.readers) {
            let there = self.clients.get(device as usize).is_some_and(|client| {
                client.online && client.alive > since.saturating_add(self.layout.patience)
            });
            let spared = self.clients.get(device as usize).is_some_and(|client| client.overflowed.is_some());
            if !there || spared || self.restarted.is_some() {
                continue;
            }
            let mut finding = self.finding(Promise::RetainedSent, now, vec![device]);
            let name = self.layout.topics.get(topic as usize).map_or("?", |topic| topic.name.as_str());
            let writes = self.registers.get(&topic).map_or(&[][..], |register| &register.writes);
            finding.message = writes.iter().map(|write| write.message).next_back();
            finding.because = vec![
                (since, format!("{} was subscribed to {name}", self.layout.client_id(device))),
                (now, "neither the retained message nor a later one had come".to_owned()),
            ];
            self.report(finding);
        }
    }
}

/// What a message that is not to be retained breaks by being so.
const fn not_retained(plan: &Stream) -> Promise {
    if plan.will.is_some() { Promise::WillNotRetained } else { Promise::NotRetained }
}
