//! Wills (§3.1.2.5): published when they must be, not before, and never after DISCONNECT.
//!
//! Each connection has a will of its own, whose number in the stream of the client's wills is that of the connection.

use mqttspec_wire::Version;

use super::{
    Oracle, Promise,
    stream::{Fate, Record},
};
use crate::{
    identity::Identity,
    plan::{Micros, NEVER, SECOND},
};

impl Oracle<'_> {
    /// A CONNECT was sent, with a will or without one.
    pub(super) fn will_set(&mut self, device: u32, will: bool) {
        let fate = if will { Fate::Open } else { Fate::Forbidden };
        let will = self.clients.get_mut(device as usize).and_then(|client| {
            client.early_will = None;
            client.will
        });
        if let Some(stream) = will.and_then(|will| self.streams.get_mut(will as usize)) {
            stream.records.push_back(Record { sent: NEVER, fate, pending: 0, shared: 0 });
        }
    }

    /// The number of the latest will of a client, and the stream.
    fn latest_will(&self, device: u32) -> Option<(u32, u32)> {
        let will = self.clients.get(device as usize)?.will?;
        let stream = self.streams.get(will as usize)?;
        let sequence = stream.settled + u32::try_from(stream.records.len()).ok()?;
        (sequence > 0).then_some((will, sequence))
    }

    /// The Will Delay Interval that counts: a session that ends sooner ends the waiting.
    fn will_delay(&self, device: u32, will: u32) -> Micros {
        let delay = self.layout.streams.get(will as usize).and_then(|stream| stream.will).unwrap_or(0);
        match self.layout.group(device) {
            Some(group) if group.version == Version::V5_0 => u64::from(delay.min(group.expiry)) * SECOND,
            Some(_) | None => 0,
        }
    }

    /// The connection has ended: what has to become of its will.
    pub(super) fn will_of_ended(&mut self, now: Micros, device: u32, was_online: bool, by_broker: bool) {
        let Some((will, sequence)) = self.latest_will(device) else { return };
        let Some(client) = self.clients.get_mut(device as usize) else { return };
        let (open, noticed) = client.ended;
        let disconnected = client.disconnecting;
        // A broker that has waited for long may have closed before it read the DISCONNECT.
        let in_time = client.keep_alive == 0 || now < open.saturating_add(client.keep_alive);
        let early = client.early_will.take();
        let own = self.streams.get_mut(will as usize).and_then(|own| own.record(sequence));
        if own.is_none_or(|record| record.fate != Fate::Open) {
            return;
        }
        let fate = match (was_online, disconnected) {
            // The broker has read the DISCONNECT, since it closed the connection in order.
            (true, true) if by_broker && in_time => {
                if let Some(came) = early {
                    self.will_came_all_the_same(now, device, came);
                }
                Fate::Forbidden
            }
            (true, false) if self.will_delay(device, will) == 0 && noticed != NEVER => {
                if let Some(record) = self.streams.get_mut(will as usize).and_then(|own| own.record(sequence))
                {
                    record.sent = open;
                }
                Fate::Accepted(noticed)
            }
            // It depends on when the client returns.
            (true, false) if noticed != NEVER => return,
            (true | false, _) => Fate::Nothing(NEVER),
        };
        self.settle_will(will, sequence, fate);
    }

    fn settle_will(&mut self, will: u32, sequence: u32, fate: Fate) {
        if fate == Fate::Forbidden {
            // Kept until the next one, so that it is recognised if it comes all the same.
            if let Some(record) = self.streams.get_mut(will as usize).and_then(|own| own.record(sequence)) {
                record.fate = fate;
            }
        } else {
            self.decide(will, sequence, fate);
        }
    }

    /// A will that is to be retained has come to somebody: from then on it is a write like any other. One that came to
    /// nobody may not have been published at all, which is another matter.
    pub(super) fn will_is_retained(&mut self, now: Micros, message: Identity) {
        let publisher = self.layout.streams.get(message.stream as usize).map(|own| own.publisher);
        let client = publisher.and_then(|publisher| self.clients.get(publisher as usize));
        let Some(open) = client.map(|client| if client.online { client.alive } else { client.ended.0 })
        else {
            return;
        };
        if !self.has_write(message) {
            self.writes(open, message);
            self.written(message, Fate::Accepted(now));
        }
    }

    /// The will of a connection had come when the connection was found to have ended with DISCONNECT.
    fn will_came_all_the_same(&mut self, now: Micros, device: u32, came: Micros) {
        let Some((stream, sequence)) = self.latest_will(device) else { return };
        let message = Identity { stream, sequence, due: came };
        let mut finding = self.finding(Promise::WillDiscarded, now, vec![device]);
        finding.message = Some(message);
        finding.because = vec![
            (came, format!("{} came", self.name(message))),
            (now, "the broker closed the connection in order, after DISCONNECT".to_owned()),
        ];
        self.report(finding);
    }

    /// The client is back: a will that waits is published no more, or was before.
    pub(super) fn will_meets_return(&mut self, now: Micros, device: u32) {
        let Some((will, latest)) = self.latest_will(device) else { return };
        let Some(sequence) = latest.checked_sub(1).filter(|sequence| *sequence > 0) else { return };
        let Some(client) = self.clients.get(device as usize) else { return };
        let (open, noticed, asked) = (client.ended.0, client.ended.1, client.connect_sent);
        let delay = self.will_delay(device, will);
        let due = self.awake(noticed.saturating_add(delay));
        let clean = self.layout.group(device).is_some_and(|group| group.clean_start);
        let Some(record) = self.streams.get_mut(will as usize).and_then(|own| own.record(sequence)) else {
            return;
        };
        if record.fate != Fate::Open {
            return;
        }
        // The session of a connection that a restart of the broker ended may have ended with it, and its will be due.
        let fate = if now < open + delay && !clean && self.down.1 < open {
            Fate::Forbidden
        } else if asked > due {
            record.sent = open;
            Fate::Accepted(due)
        } else {
            Fate::Nothing(NEVER)
        };
        self.settle_will(will, sequence, fate);
    }

    /// A will has come. Whether it may be looked at like any other message.
    pub(super) fn judge_will(&mut self, now: Micros, device: u32, message: Identity) -> bool {
        let Some(publisher) = self.layout.streams.get(message.stream as usize).map(|own| own.publisher)
        else {
            return false;
        };
        let latest = self.latest_will(publisher).map_or(0, |(_, latest)| latest);
        let delay = self.will_delay(publisher, message.stream);
        let (tolerance, down) = (self.tolerance, self.down.1);
        let record =
            self.streams.get_mut(message.stream as usize).and_then(|own| own.record(message.sequence));
        let fate = record.map(|record| record.fate);
        let Some(client) = self.clients.get_mut(publisher as usize) else { return false };
        let open = if client.online { client.alive } else { client.ended.0 };
        match fate {
            Some(Fate::Forbidden) => {
                let promise = if client.disconnecting || delay == 0 {
                    Promise::WillDiscarded
                } else {
                    Promise::WillDelayed
                };
                self.accuse(promise, now, (device, message), |_| "it came all the same".to_owned());
                false
            }
            Some(Fate::Open) if message.sequence == latest && client.online => {
                client.early_will.get_or_insert(now);
                true
            }
            Some(_)
                if message.sequence == latest
                    && down < open
                    && now + tolerance < open.saturating_add(delay) =>
            {
                self.accuse(Promise::WillDelayed, now, (device, message), |_| {
                    "it came before its delay was over".to_owned()
                });
                false
            }
            Some(_) | None => true,
        }
    }

    /// The will of a connection came, and the connection was open after that.
    pub(super) fn will_came_early(&mut self, now: Micros, device: u32, came: Micros, since: Micros) {
        let Some((stream, sequence)) = self.latest_will(device) else { return };
        let mut finding = self.finding(Promise::WillOfTheLost, now, vec![device]);
        finding.message = Some(Identity { stream, sequence, due: came });
        finding.because = vec![
            (came, format!("{} came", self.name(Identity { stream, sequence, due: came }))),
            (since, format!("{} sent a packet on that connection", self.layout.client_id(device))),
            (now, "the broker answered it".to_owned()),
        ];
        self.report(finding);
    }

    /// Those who did not return: their wills must have been published if there was time enough.
    pub(super) fn settle_wills(&mut self, now: Micros) {
        for device in 0..u32::try_from(self.clients.len()).unwrap_or(u32::MAX) {
            let Some((will, sequence)) = self.latest_will(device) else { continue };
            let Some(client) = self.clients.get(device as usize).filter(|client| !client.online) else {
                continue;
            };
            let (open, noticed) = client.ended;
            let due = noticed.saturating_add(self.will_delay(device, will));
            let record = self.streams.get_mut(will as usize).and_then(|own| own.record(sequence));
            if let Some(record) = record.filter(|record| record.fate == Fate::Open) {
                record.sent = open;
                let fate = if due < now { Fate::Accepted(due) } else { Fate::Nothing(NEVER) };
                self.settle_will(will, sequence, fate);
            }
        }
    }
}
