//! What the broker has done and holds, and the `$SYS` topics that tell clients.

use std::{sync::Arc, time::Duration};

use mqttspec_wire::{Properties, QoS, Utf8String};

use super::{Broker, connection::State, deadlines::Deadline, durable::Saved, message::Message, turn::Turn};

/// What a broker has done since it began, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How long ago it began.
    pub uptime: Duration,
    /// Network connections, with those whose client is not let in yet.
    pub connections: usize,
    /// Clients that are connected.
    pub clients: usize,
    /// Sessions, with and without a network connection.
    pub sessions: usize,
    /// Subscriptions of all sessions.
    pub subscriptions: usize,
    /// Retained messages.
    pub retained: usize,
    /// What of [`Limits::all_queued_bytes`](super::Limits::all_queued_bytes) is taken.
    pub waiting_bytes: usize,
    /// What of [`Limits::all_subscription_bytes`](super::Limits::all_subscription_bytes) is taken.
    pub subscription_bytes: usize,
    /// What of [`Limits::retained_bytes`](super::Limits::retained_bytes) is taken.
    pub retained_bytes: usize,
    /// What has come and gone.
    pub traffic: Traffic,
}

/// What has come from clients and gone to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// PUBLISH packets from clients.
    pub messages_received: u64,
    /// PUBLISH packets to clients.
    pub messages_sent: u64,
    /// Messages that were dropped for somebody who had subscribed, since too many waited already.
    pub messages_dropped: u64,
    /// Bytes from clients.
    pub bytes_received: u64,
    /// Bytes to clients.
    pub bytes_sent: u64,
}

impl Statistics {
    /// The `$SYS` topics with their values, in the order of the topics.
    fn topics(&self) -> [(&'static str, String); 11] {
        [
            ("$SYS/broker/bytes/received", self.traffic.bytes_received.to_string()),
            ("$SYS/broker/bytes/sent", self.traffic.bytes_sent.to_string()),
            ("$SYS/broker/clients/connected", self.clients.to_string()),
            ("$SYS/broker/clients/total", self.sessions.to_string()),
            ("$SYS/broker/messages/dropped", self.traffic.messages_dropped.to_string()),
            ("$SYS/broker/messages/received", self.traffic.messages_received.to_string()),
            ("$SYS/broker/messages/sent", self.traffic.messages_sent.to_string()),
            ("$SYS/broker/retained messages/count", self.retained.to_string()),
            ("$SYS/broker/subscriptions/count", self.subscriptions.to_string()),
            ("$SYS/broker/uptime", self.uptime.as_secs().to_string()),
            ("$SYS/broker/version", concat!("mqttspec ", env!("CARGO_PKG_VERSION")).to_owned()),
        ]
    }
}

impl Broker {
    /// What the broker has done until `now` and holds. Takes time in proportion to the number of sessions.
    pub fn statistics(&self, now: Duration) -> Statistics {
        let is_client = |state: &State| matches!(state, State::Connected { .. });
        Statistics {
            uptime: self.began.map_or(Duration::ZERO, |began| now.saturating_sub(began)),
            connections: self.connections.len(),
            clients: self.connections.values().filter(|connection| is_client(&connection.state)).count(),
            sessions: self.sessions.len(),
            subscriptions: self.sessions.iter().map(|session| session.subscriptions.len()).sum(),
            retained: self.retained.len(),
            waiting_bytes: self.holdings.messages,
            subscription_bytes: self.holdings.subscriptions,
            retained_bytes: self.retained.bytes(),
            traffic: self.traffic,
        }
    }

    /// The broker's first moment.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.began = Some(now);
        self.take_stock();
        if self.config.statistics_interval.is_some_and(|interval| !interval.is_zero()) {
            self.deadlines.set(now, Deadline::Statistics);
        }
    }

    /// Publishes the `$SYS` topics. They are retained apart from what clients publish.
    pub(crate) fn publish_statistics(&mut self, turn: &mut Turn) {
        let Some(interval) = self.config.statistics_interval else { return };
        for (topic, value) in self.statistics(turn.now).topics() {
            let message = Arc::new(Message {
                topic: Utf8String::try_from(topic).unwrap_or_default(),
                payload: value.into(),
                qos: QoS::AtMostOnce,
                retain: true,
                properties: Properties::new(),
                expiry: None,
                received: turn.now,
                saved: Saved::default(),
            });
            self.own_retained.store(turn, Arc::clone(&message));
            self.distribute(turn, None, &message);
        }
        self.deadlines.set(turn.now + interval, Deadline::Statistics);
    }
}

/// Whether a topic is the broker's own.
pub(crate) fn is_own_topic(topic: &str) -> bool {
    topic.starts_with("$SYS/")
}
