//! Application Messages inside the broker.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mqttspec_wire::{
    Packet, Properties, Property, PropertyId, QoS, Utf8String,
    packet::{Delivery, Publish, Will},
};

use super::{Rule, durable::Saved, turn::Turn};

/// Up to how many bytes a message gets memory of its own when it is kept. What a larger one came with, whose memory it
/// shares, is at most a few times as large.
const SMALL: usize = 4 * 1024;

/// What a copy takes besides its message, in bytes, by estimation.
pub(crate) const OVERHEAD: usize = 128;

/// An Application Message that the broker has taken over. All its copies share one.
#[derive(Debug)]
pub(crate) struct Message {
    /// The topic name, with no alias left in it.
    pub(crate) topic: Utf8String,
    /// The payload.
    pub(crate) payload: Bytes,
    /// The QoS at which it was published.
    pub(crate) qos: QoS,
    /// The RETAIN flag with which it was published.
    pub(crate) retain: bool,
    /// The properties that subscribers get, without the Message Expiry Interval.
    pub(crate) properties: Properties,
    /// Its Message Expiry Interval in seconds.
    pub(crate) expiry: Option<u32>,
    /// When the broker got it.
    pub(crate) received: Duration,
    /// What is saved of it.
    pub(crate) saved: Saved,
}

/// A copy of a message on its way to one session.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// What is delivered.
    pub(crate) message: Arc<Message>,
    /// The QoS at which it is delivered.
    pub(crate) qos: QoS,
    /// The RETAIN flag with which it is delivered.
    pub(crate) retain: bool,
    /// The Subscription Identifiers of the subscriptions that it is delivered for.
    pub(crate) identifiers: Vec<u32>,
    /// The filter of the Shared Subscription that it is delivered for.
    pub(crate) shared: Option<Utf8String>,
}

impl Message {
    /// The message in a PUBLISH whose topic name has been made out.
    pub(crate) fn published(turn: &Turn, topic: Utf8String, publish: Publish) -> Self {
        let read = if turn.obeys(Rule::LongLengthsRead) { usize::MAX } else { 16_383 };
        Self {
            topic: in_rule_topic(turn, topic),
            payload: publish.payload.slice(..publish.payload.len().min(read)),
            qos: publish.delivery.qos(),
            retain: publish.retain,
            expiry: publish.properties.message_expiry_interval(),
            properties: forwarded(turn, publish.properties),
            received: turn.now,
            saved: Saved::default(),
        }
    }

    /// The message of a will that is published now.
    pub(crate) fn will(turn: &Turn, will: Will) -> Self {
        let properties =
            if turn.obeys(Rule::WillPropertiesPublished) { will.properties } else { Properties::new() };
        let mut payload = will.payload;
        if !turn.obeys(Rule::WillPayloadBare) {
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes();
            payload = [&length, &payload[..]].concat().into();
        }
        let properties_in_order = turn.obeys(Rule::WillUserPropertiesOrdered);
        Self {
            topic: will.topic,
            payload,
            qos: if turn.obeys(Rule::WillQosUsed) { will.qos } else { QoS::AtMostOnce },
            retain: (will.retain && turn.obeys(Rule::WillRetained)) || !turn.obeys(Rule::WillNotRetained),
            expiry: properties.message_expiry_interval(),
            properties: forwarded(turn, reordered(properties, properties_in_order)),
            received: turn.now,
            saved: Saved::default(),
        }
    }

    /// The bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        self.topic.len() + self.payload.len() + self.properties.size()
    }

    /// The same message in memory of its own, if it is small.
    fn detached(self: &Arc<Self>) -> Arc<Self> {
        if self.size() > SMALL {
            return Arc::clone(self);
        }
        let (topic, properties) = (self.topic.detached(), self.properties.detached());
        let payload = Bytes::copy_from_slice(&self.payload);
        Arc::new(Self { topic, payload, properties, saved: Saved::default(), ..**self })
    }

    /// Whether its Message Expiry Interval is over (MQTT 5.0 §3.3.2.3.3). One of zero seconds is over as soon as the
    /// message has to wait at all.
    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        let waited = now.saturating_sub(self.received);
        !waited.is_zero()
            && self.expiry.is_some_and(|expiry| waited >= Duration::from_secs(u64::from(expiry)))
    }

    /// What is left of its Message Expiry Interval, in seconds.
    fn remaining_expiry(&self, turn: &Turn) -> Option<u32> {
        let waited = turn.now.saturating_sub(self.received).as_secs();
        let Some(expiry) = self.expiry else {
            return (!turn.obeys(Rule::ExpiryNotInvented)).then_some(3600);
        };
        if !turn.obeys(Rule::ExpiryReducedByWait) {
            return Some(expiry);
        }
        Some(expiry.saturating_sub(u32::try_from(waited).unwrap_or(u32::MAX)))
    }
}

impl Copy {
    /// The bytes that it takes, though other copies may share the message.
    pub(crate) fn size(&self) -> usize {
        self.message.size() + size_of_val(self.identifiers.as_slice()) + OVERHEAD
    }

    /// Whether it has waited for too long to be delivered.
    pub(crate) fn is_overdue(&self, turn: &Turn) -> bool {
        self.message.is_expired(turn.now) && turn.obeys(Rule::ExpiredMessagesDropped)
    }

    /// The PUBLISH that delivers it.
    pub(crate) fn packet(&self, turn: &Turn, delivery: Delivery) -> Packet {
        let mut properties = self.message.properties.clone();
        if let Some(expiry) = self.message.remaining_expiry(turn) {
            properties.push(Property::MessageExpiryInterval(expiry));
        }
        for identifier in &self.identifiers {
            properties.push(Property::SubscriptionIdentifier(*identifier));
        }
        Packet::Publish(Publish {
            delivery,
            retain: self.retain,
            topic: self.topic(turn),
            properties,
            payload: self.message.payload.clone(),
        })
    }

    /// The topic name under which it is delivered; a mutant drops the last level.
    fn topic(&self, turn: &Turn) -> Utf8String {
        let topic = &self.message.topic;
        let shorter = || Utf8String::try_from(topic.rsplit_once('/')?.0).ok();
        if turn.obeys(Rule::ForwardedTopicMatches) {
            return topic.clone();
        }
        shorter().unwrap_or_else(|| topic.clone())
    }
}

/// The rules that forward a property unchanged.
const FORWARDED: [(PropertyId, Rule); 5] = [
    (PropertyId::PayloadFormatIndicator, Rule::PayloadFormatForwarded),
    (PropertyId::ContentType, Rule::ContentTypeForwarded),
    (PropertyId::ResponseTopic, Rule::ResponseTopicForwarded),
    (PropertyId::CorrelationData, Rule::CorrelationDataForwarded),
    (PropertyId::UserProperty, Rule::UserPropertiesForwarded),
];

/// The properties that subscribers get.
fn forwarded(turn: &Turn, mut properties: Properties) -> Properties {
    if properties.is_empty() {
        return properties;
    }
    let aliases = !turn.obeys(Rule::PublishersAliasNotForwarded);
    properties.retain(|property| {
        FORWARDED.iter().any(|(id, rule)| *id == property.id() && turn.obeys(*rule))
            || (aliases && property.id() == PropertyId::TopicAlias)
    });
    reordered(properties, turn.obeys(Rule::UserPropertiesOrdered))
}

fn reordered(properties: Properties, in_order: bool) -> Properties {
    if in_order {
        return properties;
    }
    let mut reversed: Vec<_> = properties.iter().cloned().collect();
    reversed.reverse();
    reversed.into_iter().collect()
}

/// The topic name as it is passed on: with every character that the publisher put there.
fn in_rule_topic(turn: &Turn, topic: Utf8String) -> Utf8String {
    let is_dropped = |c: char| {
        (c == '\u{FEFF}' && !turn.obeys(Rule::ByteOrderMarkKept))
            || (c.is_control() && !turn.obeys(Rule::ControlCharactersKept))
    };
    if turn.rules().are_all() || !topic.contains(is_dropped) {
        return topic;
    }
    Utf8String::try_from(topic.replace(is_dropped, "")).unwrap_or(topic)
}

/// The last message that was put into memory of its own, so that this is done once, whoever keeps it.
#[derive(Debug, Default)]
pub(crate) struct LastKept(Option<(Arc<Message>, Arc<Message>)>);

impl LastKept {
    /// The message as it is to be kept: it may stay for longer than what it came with.
    pub(crate) fn keep(&mut self, message: &Arc<Message>) -> Arc<Message> {
        match &self.0 {
            Some((last, kept)) if Arc::ptr_eq(last, message) => Arc::clone(kept),
            Some(_) | None => {
                let kept = message.detached();
                self.0 = Some((Arc::clone(message), Arc::clone(&kept)));
                kept
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::small(5, false)]
    #[case::large(10_000, true)]
    fn what_is_kept_holds_no_more_than_it_is(#[case] length: usize, #[case] shares: bool) {
        let read = Bytes::from(vec![b'x'; 16 * 1024]);
        let message = Arc::new(Message {
            topic: Utf8String::from_bytes(read.slice(..3)).unwrap(),
            payload: read.slice(3..3 + length),
            qos: QoS::AtMostOnce,
            retain: true,
            properties: Properties::new(),
            expiry: None,
            received: Duration::ZERO,
            saved: Saved::default(),
        });
        let mut last = LastKept::default();
        let kept = last.keep(&message);
        assert_eq!((&kept.topic, &kept.payload), (&message.topic, &message.payload));
        let is_inside = |bytes: &Bytes| read.as_ptr_range().contains(&bytes.as_ptr());
        assert_eq!((is_inside(kept.topic.as_bytes()), is_inside(&kept.payload)), (shares, shares));
        assert!(Arc::ptr_eq(&kept, &last.keep(&message)), "it is done once");
    }
}
