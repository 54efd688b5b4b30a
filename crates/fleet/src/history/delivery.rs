//! Messages that have come: by a subscription, once, in order, and as they should.

use mqttspec_wire::{QoS, Version};

use super::{
    Delivered, Oracle, Promise,
    stream::{Arrival, Fate, Mark},
};
use crate::{
    identity::Identity,
    layout::Watcher,
    plan::{Micros, SECOND},
};

impl Oracle<'_> {
    /// A message has come.
    pub(super) fn delivered(&mut self, now: Micros, device: u32, delivered: &Delivered) {
        let message = delivered.message;
        let layout = self.layout;
        let (Some(plan), Some(topic)) =
            (layout.streams.get(message.stream as usize), layout.topic_of(message.stream))
        else {
            return;
        };
        if topic.name != delivered.topic {
            return self.accuse(Promise::RightTopic, now, (device, message), |_| {
                format!("it came with the topic {}", delivered.topic.as_str())
            });
        }
        let Ok(index) = topic.watchers.binary_search_by_key(&device, |watcher| watcher.device) else {
            return self.accuse(Promise::OnlySubscribed, now, (device, message), |_| "it came".to_owned());
        };
        let Some(watcher) = topic.watchers.get(index).copied() else { return };
        if let Some(client) = self.clients.get_mut(device as usize) {
            client.heard = now;
        }
        if plan.will.is_some() {
            if !self.judge_will(now, device, message) {
                return;
            }
            if plan.retain && !delivered.retain {
                self.will_is_retained(now, message);
            }
        }
        if watcher.hides(plan) && plan.will.is_none() && !delivered.retain {
            return self.accuse(Promise::NoLocal, now, (device, message), |_| "it came back".to_owned());
        }
        if !delivered.retain && !self.judge_subscription(now, device, watcher, message) {
            return;
        }
        if watcher.as_published != 0 {
            self.judge_as_published(now, watcher, delivered);
        } else if delivered.retain && self.is_retained_copy(now, device, watcher, message) {
            return;
        }
        self.judge_dup(now, device, delivered);
        self.judge_expiry(now, device, delivered);
        self.judge_interval(now, device, delivered);
        if watcher.plain == 0 {
            return self.delivered_shared(now, device, message);
        }
        self.judge_qos(now, watcher, delivered, plan.qos);
        let arrival = self.arrived(now, watcher, index, message);
        if watcher.shared != 0 {
            self.may_have_come_shared(watcher, message, arrival);
        }
    }

    fn arrived(&mut self, now: Micros, watcher: Watcher, index: usize, message: Identity) -> Arrival {
        let layout = self.layout;
        let Some(plan) = layout.streams.get(message.stream as usize) else { return Arrival::Old };
        let watchers = layout.topic_of(message.stream).map_or(0, |topic| topic.watchers.len());
        let session = self.clients.get(watcher.device as usize).map_or(0, |client| client.ordinal);
        let granted = self.certain(watcher);
        let Some(stream) = self.streams.get_mut(message.stream as usize) else { return Arrival::Old };
        if stream.marks.len() < watchers {
            stream.marks.resize(watchers, Mark::default());
        }
        let Some(mark) = stream.marks.get_mut(index) else { return Arrival::Old };
        let before = if mark.session == session { mark.highest } else { 0 };
        let arrival = mark.arrives(session, message.sequence);
        let exactly = plan.qos == QoS::ExactlyOnce && granted.is_some_and(|(_, qos)| qos == plan.qos);
        // With Retain As Published a retained copy looks like any other.
        let certain = watcher.as_published == 0;
        let once = certain && (watcher.plain | watcher.shared).is_power_of_two();
        match arrival {
            Arrival::Late if certain && self.is_under_order(watcher, message) => {
                self.accuse(Promise::InOrder, now, (watcher.device, message), |_| {
                    format!("it came after #{before} of the same stream")
                });
            }
            Arrival::Again if exactly && once => {
                self.accuse(Promise::ExactlyOnce, now, (watcher.device, message), |_| {
                    "it came once more".to_owned()
                });
            }
            Arrival::Again if plan.qos == QoS::AtMostOnce && once && plan.will.is_none() => {
                self.accuse(Promise::AtMostOnce, now, (watcher.device, message), |_| {
                    "it came once more".to_owned()
                });
            }
            Arrival::Next | Arrival::Late | Arrival::Again | Arrival::Old => {}
        }
        if matches!(arrival, Arrival::Next | Arrival::Late) {
            self.settle(watcher, message);
        }
        arrival
    }

    /// Whether the broker must have had the message before those that came earlier. A message that was first sent
    /// before the subscription was certain may have reached the broker only when it was sent again.
    fn is_under_order(&mut self, watcher: Watcher, message: Identity) -> bool {
        let Some(plan) = self.layout.streams.get(message.stream as usize) else { return false };
        let record =
            self.streams.get_mut(message.stream as usize).and_then(|stream| stream.record(message.sequence));
        let sent = record.map(|record| record.sent);
        plan.will.is_none() && sent.is_some_and(|sent| self.is_owed(plan, watcher, sent))
    }

    /// A delivery that was owed has come.
    fn settle(&mut self, watcher: Watcher, message: Identity) {
        let layout = self.layout;
        let Some(plan) = layout.streams.get(message.stream as usize) else { return };
        let record =
            self.streams.get_mut(message.stream as usize).and_then(|stream| stream.record(message.sequence));
        let Some(record) = record.copied() else { return };
        let owed = self.is_owed(plan, watcher, record.sent);
        let Some(stream) = self.streams.get_mut(message.stream as usize) else { return };
        if !owed {
            return;
        }
        *self.verdict.kept.entry(layout.version(watcher.device)).or_default() += 1;
        if let Some(record) = stream.record(message.sequence)
            && matches!(record.fate, Fate::Accepted(_))
        {
            record.pending = record.pending.saturating_sub(1);
            if let Some(client) = self.clients.get_mut(watcher.device as usize) {
                client.backlog = client.backlog.saturating_sub(1);
            }
        }
        stream.trim();
    }

    /// Whether the session has a subscription that the message can have come by.
    fn judge_subscription(&mut self, now: Micros, device: u32, watcher: Watcher, message: Identity) -> bool {
        let Some(client) = self.clients.get(device as usize) else { return false };
        let Some(asked) = client.asked(watcher.plain | watcher.shared) else {
            self.accuse(Promise::NothingFromBefore, now, (device, message), |_| {
                "it came in a session that has not subscribed".to_owned()
            });
            return false;
        };
        let Some(stream) = self.streams.get_mut(message.stream as usize) else { return false };
        let accepted = match stream.record(message.sequence).map(|record| record.fate) {
            Some(Fate::Accepted(at)) => at,
            None if message.sequence <= stream.settled && stream.settled_at > 0 => stream.settled_at,
            Some(Fate::Open | Fate::Nothing(_) | Fate::Forbidden) | None => return true,
        };
        let accepted = accepted.saturating_add(self.tolerance);
        let sent = stream.record(message.sequence).map_or(message.due, |record| record.sent);
        let sent = sent.saturating_sub(self.tolerance);
        let ended = self
            .clients
            .get(device as usize)
            .and_then(|client| client.had_ended(watcher.plain | watcher.shared, (sent, accepted)));
        if let Some(ended) = ended {
            self.accuse(Promise::NothingAfterUnsuback, now, (device, message), |_| {
                format!("it came, although UNSUBACK had come at {}", seconds(ended))
            });
            return false;
        }
        if watcher.plain == 0 && !self.judge_share(now, device, message, accepted) {
            return false;
        }
        if accepted < asked && watcher.shared == 0 {
            self.accuse(Promise::NothingFromBefore, now, (device, message), |_| {
                format!(
                    "it was acknowledged to its publisher at {}, before SUBSCRIBE was sent",
                    seconds(accepted)
                )
            });
            return false;
        }
        true
    }

    fn judge_dup(&mut self, now: Micros, device: u32, delivered: &Delivered) {
        let fresh = self.clients.get(device as usize).is_some_and(|client| client.fresh);
        if delivered.dup && fresh {
            self.accuse(Promise::FirstWithoutDup, now, (device, delivered.message), |_| {
                "it came with DUP 1 on the first connection of the session".to_owned()
            });
        }
    }

    /// A message that expired before the connection began on which it comes for the first time was not on its way when it
    /// expired (MQTT 5.0 §3.3.2.3.3).
    fn judge_expiry(&mut self, now: Micros, device: u32, delivered: &Delivered) {
        let expiry = self.layout.streams.get(delivered.message.stream as usize).and_then(|own| own.expiry);
        let (Some(expiry), Version::V5_0) = (expiry, self.layout.version(device)) else { return };
        let message = delivered.message;
        // The broker may have got it only when it was sent again.
        let accepted = self.streams.get_mut(message.stream as usize).and_then(|stream| {
            match stream.record(message.sequence)?.fate {
                Fate::Accepted(at) => Some(at),
                Fate::Open | Fate::Nothing(_) | Fate::Forbidden => None,
            }
        });
        let Some(client) = self.clients.get(device as usize) else { return };
        let connected = client.connect_sent;
        // Seconds are counted whole, and anew when the broker comes back; while it is down, clocks may stand still.
        let (ends, back) = self.down;
        let rounding =
            if accepted.is_some_and(|at| at <= back) { 3 * SECOND + (back - ends) } else { SECOND };
        let over = accepted.map(|at| at + u64::from(expiry) * SECOND + rounding + self.tolerance);
        if !delivered.dup && over.is_some_and(|over| over < connected) {
            self.accuse(Promise::Expired, now, (device, message), |_| {
                format!("it came for the first time on a connection that began at {}", seconds(connected))
            });
        }
    }

    /// The Message Expiry Interval that comes is what came, less the time for which the message has waited (MQTT 5.0
    /// §3.3.2.3.3).
    fn judge_interval(&mut self, now: Micros, device: u32, delivered: &Delivered) {
        let message = delivered.message;
        let published = self.layout.streams.get(message.stream as usize).and_then(|own| own.expiry);
        if self.layout.version(device) == Version::V3_1_1 || delivered.dup {
            return;
        }
        let record =
            self.streams.get_mut(message.stream as usize).and_then(|own| own.record(message.sequence));
        let accepted = record.and_then(|record| match record.fate {
            Fate::Accepted(at) => Some(at + self.tolerance),
            Fate::Open | Fate::Nothing(_) | Fate::Forbidden => None,
        });
        let connected = self.clients.get(device as usize).map_or(0, |client| client.connect_sent);
        let least = accepted.map_or(0, |accepted| connected.saturating_sub(accepted)) / SECOND;
        let most = now.saturating_sub(message.due).saturating_add(self.tolerance) / SECOND;
        let (published, left) = (published.map(u64::from), delivered.expiry.map(u64::from));
        let is_right = match (published, left) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(published), None) => published <= most + 1,
            (Some(published), Some(left)) => {
                left <= published && left + least <= published + 1 && published <= left + most + 2
            }
        };
        if !is_right {
            let said =
                |seconds: Option<u64>| seconds.map_or_else(|| "none".to_owned(), |own| format!("{own} s"));
            self.accuse(Promise::IntervalReduced, now, (device, message), |_| {
                format!("it came with a Message Expiry Interval of {} of {}", said(left), said(published))
            });
        }
    }

    fn judge_qos(&mut self, now: Micros, watcher: Watcher, delivered: &Delivered, published: QoS) {
        let Some((_, granted)) = self.certain(watcher) else { return };
        let single = (watcher.plain | watcher.shared).is_power_of_two();
        if single && delivered.qos != published.min(granted) {
            self.accuse(Promise::RightQoS, now, (watcher.device, delivered.message), |_| {
                format!("it came at {}, where {granted} was granted", delivered.qos)
            });
        }
    }

    /// Notes a broken promise about a message.
    pub(super) fn accuse(
        &mut self,
        promise: Promise,
        now: Micros,
        (device, message): (u32, Identity),
        what: impl FnOnce(&Self) -> String,
    ) {
        let mut finding = self.finding(promise, now, vec![device]);
        finding.message = Some(message);
        finding.devices.extend(self.layout.streams.get(message.stream as usize).map(|own| own.publisher));
        finding.devices.dedup();
        let record = self.streams.get(message.stream as usize).and_then(|stream| {
            stream.records.get(message.sequence.checked_sub(stream.settled)?.checked_sub(1)? as usize)
        });
        if let Some(record) = record {
            let name = self.name(message);
            finding.because.push((record.sent, format!("{name} was sent")));
            if let Fate::Accepted(at) = record.fate {
                finding.because.push((at, "the broker acknowledged it".to_owned()));
            }
        } else {
            finding.because.push((message.due, format!("{} was due", self.name(message))));
        }
        finding.because.push((now, what(self)));
        self.report(finding);
    }
}

/// A time as findings give it.
fn seconds(at: Micros) -> String {
    format!("{}.{:06} s", at / SECOND, at % SECOND)
}
