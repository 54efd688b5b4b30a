//! The server's PUBLISH against what the client subscribed to (§3.3.2, §3.3.4, §3.8.4).

use std::collections::BTreeMap;

use mqttspec_wire::{QoS, packet::Publish};

use super::{Book, Entry, Subscriptions};
use crate::referee::{
    connection::{
        findings::Findings,
        matching::{Fit, Pattern},
    },
    duty::duties,
};

duties! {
    TOPIC_MATCHES_SUBSCRIPTION: Server, Mutual, v3 "3.3.2-3", v5 "3.3.2-3" in "topic-name";
    LEADING_WILDCARD_SPARES_DOLLAR: Server, Mutual, v3 "4.7.2-1", v5 "4.7.2-1" in "topic-name";
    QOS_WITHIN_GRANT: Server, Mutual, v3 "3.8.4-6", v5 "3.8.4-8" in "first-byte";
    RETAIN_ONLY_FOR_NEW_SUBSCRIPTIONS: Server, Mutual, v3 "3.3.1-9", v5 "3.3.1-12" in "first-byte";
    IDENTIFIER_OF_ITS_SUBSCRIPTION: Server, Mutual, v5 "X-3.3.4-1";
    IDENTIFIERS_SENT: Server, Mutual, v5 "3.3.4-3";
}

/// Bytes of topic names kept to count retained messages.
const MEMORY: usize = 1 << 18;

/// How many retained messages came on each topic, as long as there is memory.
#[derive(Debug, Default)]
pub(super) struct Retained {
    counts: BTreeMap<Box<str>, u32>,
    bytes: usize,
}

/// The subscriptions that a topic name matches, taken together.
#[derive(Debug, Default)]
struct Matches {
    /// The highest QoS that any of them allows; none if none of them exists or can still come to exist.
    highest: Option<QoS>,
    /// How often any of them was requested.
    requests: u32,
    /// One of them may forward RETAIN as published.
    as_published: bool,
    /// One of them was requested without a Subscription Identifier.
    without_identifier: bool,
    /// A filter would match if its leading wildcard covered names that begin with `$`.
    hidden: bool,
}

impl Subscriptions {
    /// A server's PUBLISH in a session that began on this connection. `topic`: its Topic Name, if it can be told.
    /// `solicited`: it is known that a subscription of the client asked for it.
    pub(in crate::referee::connection) fn delivered(
        &mut self,
        publish: &Publish,
        topic: Option<&str>,
        solicited: bool,
        findings: &mut Findings,
    ) {
        let identified = publish.properties.subscription_identifiers().next().is_some();
        let Some(book) = self.0.as_mut().filter(|_| solicited || identified) else { return };
        book.identifiers_exist(publish, findings);
        let Some(topic) = topic else { return };
        let matches = book.matches(topic);
        matches.judge(publish, topic, identified, findings);
        if matches.highest.is_some() {
            book.identifiers_belong(publish, topic, findings);
            book.retained(publish, topic, &matches, findings);
        }
    }
}

impl Book {
    fn matches(&self, topic: &str) -> Matches {
        let mut matches = Matches::default();
        for (filter, entry) in &self.entries {
            match Pattern::of(filter).fit(topic) {
                Fit::Matches => matches.add(entry),
                Fit::Hidden => matches.hidden = true,
                Fit::Differs => {}
            }
        }
        matches
    }

    fn identifiers_exist(&self, publish: &Publish, findings: &mut Findings) {
        for identifier in publish.properties.subscription_identifiers() {
            if !self.entries.values().any(|entry| entry.identifiers.contains(&identifier)) {
                unknown_identifier(identifier, findings);
            }
        }
    }

    /// The message matches some subscription. If it matches none, that is said elsewhere.
    fn identifiers_belong(&self, publish: &Publish, topic: &str, findings: &mut Findings) {
        for identifier in publish.properties.subscription_identifiers() {
            let mut owners =
                self.entries.iter().filter(|(_, entry)| entry.identifiers.contains(&identifier)).peekable();
            let exists = owners.peek().is_some();
            if exists && !owners.any(|(filter, _)| Pattern::of(filter).fit(topic) == Fit::Matches) {
                findings.breach(
                    IDENTIFIER_OF_ITS_SUBSCRIPTION,
                    format_args!(
                        "PUBLISH to {topic:?} has the Subscription Identifier {identifier} of subscriptions that do not match"
                    ),
                );
            }
        }
    }

    /// Every subscription request may bring one retained message for a topic; any more with RETAIN 1 were forwarded.
    fn retained(&mut self, publish: &Publish, topic: &str, matches: &Matches, findings: &mut Findings) {
        if !publish.retain || publish.delivery.dup() || matches.as_published {
            return;
        }
        let Some(count) = self.retained.count(topic) else { return };
        if count > matches.requests {
            let requests = matches.requests;
            findings.breach(
                RETAIN_ONLY_FOR_NEW_SUBSCRIPTIONS,
                format_args!(
                    "This is PUBLISH number {count} with RETAIN 1 to {topic:?}, for which {requests} matching filters were \
                     ever requested: it comes from an established subscription"
                ),
            );
        }
    }
}

impl Matches {
    fn add(&mut self, entry: &Entry) {
        let pending = (entry.pending > 0).then_some(entry.asked);
        self.highest = self.highest.max(entry.granted).max(pending);
        self.requests = self.requests.saturating_add(entry.requests);
        self.as_published |= entry.as_published;
        self.without_identifier |= entry.without_identifier;
    }

    fn judge(&self, publish: &Publish, topic: &str, identified: bool, findings: &mut Findings) {
        let qos = publish.delivery.qos();
        match self.highest {
            Some(highest) if qos > highest => findings.breach(
                QOS_WITHIN_GRANT,
                format_args!(
                    "PUBLISH to {topic:?} has {qos}; the matching subscriptions have at most {highest}"
                ),
            ),
            Some(_) => {}
            None if self.hidden => findings.breach(
                LEADING_WILDCARD_SPARES_DOLLAR,
                format_args!(
                    "PUBLISH to {topic:?} matches only filters that begin with a wildcard, not with `$`"
                ),
            ),
            None => findings.breach(
                TOPIC_MATCHES_SUBSCRIPTION,
                format_args!("PUBLISH to {topic:?} matches no subscription of the client"),
            ),
        }
        if self.highest.is_some() && !self.without_identifier && !identified {
            findings.breach(
                IDENTIFIERS_SENT,
                format_args!(
                    "PUBLISH to {topic:?} has no Subscription Identifier, although all matching subscriptions have one"
                ),
            );
        }
    }
}

impl Retained {
    /// Counts a message to `topic`. None if there is no memory for it.
    fn count(&mut self, topic: &str) -> Option<u32> {
        if let Some(count) = self.counts.get_mut(topic) {
            *count = count.saturating_add(1);
            return Some(*count);
        }
        if self.bytes + topic.len() + super::ENTRY > MEMORY {
            return None;
        }
        self.bytes += topic.len() + super::ENTRY;
        self.counts.insert(topic.into(), 1);
        Some(1)
    }

    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.bytes
    }
}

fn unknown_identifier(identifier: u32, findings: &mut Findings) {
    findings.breach(
        IDENTIFIER_OF_ITS_SUBSCRIPTION,
        format_args!("PUBLISH has the Subscription Identifier {identifier}, which the client never used"),
    );
}
