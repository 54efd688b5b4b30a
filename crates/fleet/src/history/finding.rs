//! What the history shows.

use std::{collections::BTreeMap, fmt};

use mqttspec_spec::StatementId;
use mqttspec_wire::Version;

use crate::{identity::Identity, plan::Micros, statements::by_statement};

/// How many findings are kept with all they have to say. The others are counted.
const KEPT: usize = 100;

/// How many are kept at most, if they are all about other groups of devices.
const MOST_KEPT: usize = 4 * KEPT;

/// A promise that was broken, or that could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it comes to.
    pub decision: Decision,
    /// What was promised.
    pub promise: Promise,
    /// The statement that promises it.
    pub statement: StatementId,
    /// When it showed, in microseconds since the start.
    pub at: Micros,
    /// The devices concerned: first the one that the broker owed something.
    pub devices: Vec<u32>,
    /// The message concerned.
    pub message: Option<Identity>,
    /// The events that decide, each with its time.
    pub because: Vec<(Micros, String)>,
}

/// What a finding comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// The promise was broken.
    Broken,
    /// It was not kept, which a limit that the broker has declared permits.
    Permitted(Limit),
    /// The history does not decide.
    Undecided,
}

/// What a broker may say that it does not promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Only so many messages wait for a session.
    QueuedMessages,
    /// Sessions and retained messages do not survive a restart.
    NotPersistent,
    /// The message had a Message Expiry Interval, which has passed.
    MessageExpiry,
}

by_statement! {
    /// What MQTT promises to a fleet.
    Promise:
    Delivered "4.5.0-1" "4.5.0-1" "A message that the broker has acknowledged reaches every subscriber.";
    Acknowledged "3.3.4-1" "3.3.4-1" "A message of QoS 1 or QoS 2 is acknowledged.";
    Completed "4.3.3-2" "4.3.3-11" "PUBREL is answered with PUBCOMP.";
    Released "4.4.0-1" "4.4.0-1" "A QoS 2 message that was answered with PUBREC is released with PUBREL.";
    Subscribed "3.8.4-1" "3.8.4-1" "SUBSCRIBE is answered with SUBACK.";
    CodeForEachFilter "3.8.4-5" "3.8.4-6" "SUBACK has a code for each filter.";
    Unsubscribed "3.10.4-4" "3.10.4-4" "UNSUBSCRIBE is answered with UNSUBACK.";
    NoLocal "3.3.5-1" "3.8.3-3" "With No Local a client does not get its own messages.";
    NothingAfterUnsuback "3.10.4-2" "3.10.4-2" "After UNSUBACK no new message comes by the subscription.";
    NotRetained "3.3.1-12" "3.3.1-8" "A message with RETAIN 0 is not retained.";
    WillNotRetained "3.1.2-16" "3.1.2-14" "A will with Will Retain 0 is not retained.";
    Expired "4.5.0-1" "3.3.2-5" "A message whose Message Expiry Interval is over is not delivered.";
    IntervalReduced "4.5.0-1" "3.3.2-6" "What is left of the Message Expiry Interval is told.";
    ExactlyOnce "4.3.3-2" "4.3.3-10" "A QoS 2 message comes exactly once.";
    AtMostOnce "4.3.1-1" "4.3.1-1" "A QoS 0 message comes at most once.";
    InOrder "4.6.0-6" "4.6.0-6" "Messages of one publisher, topic and QoS come in their order.";
    OnlySubscribed "3.3.2-3" "3.3.2-3" "Only messages that a subscription matches come.";
    NothingFromBefore "3.1.2-6" "3.1.2-4" "A new session brings nothing from the one before it.";
    RightTopic "3.3.2-3" "3.3.2-3" "A message comes with the topic it was published to.";
    RightQoS "3.8.4-6" "3.8.4-8" "A message comes at the lower of its QoS and the granted one.";
    RetainFlagCleared "3.3.1-9" "3.3.1-12" "A message for an existing subscription has RETAIN 0.";
    RetainKept "3.3.1-9" "3.3.1-13" "With Retain As Published a message keeps its RETAIN flag.";
    RetainedOnlyIfNew "3.3.1-9" "3.3.1-10" "With Retain Handling 1 only a new subscription brings retained messages.";
    RetainedNotSent "3.3.1-9" "3.3.1-11" "With Retain Handling 2 a subscription brings no retained messages.";
    EmptyNotRetained "3.3.1-11" "3.3.1-7" "A message without payload is not retained.";
    LastWriterRetained "3.3.1-5" "3.3.1-5" "What is retained is the last message of its topic.";
    RetainedSent "3.3.1-6" "3.3.1-9" "A new subscription brings the retained message.";
    ShareDeliversOnce "4.3.3-1" "X-4.8.2-1" "A QoS 2 message goes to one member of a Shared Subscription.";
    ShareGetsNoRetained "3.3.1-9" "X-3.8.4-2" "A Shared Subscription brings no retained messages.";
    ShareBeginsEmpty "3.1.2-6" "X-4.8.2-5" "A Shared Subscription ends with its last session, and with it what it had not delivered.";
    WillPublished "3.1.2-8" "3.1.2-8" "The will of a client whose connection is lost is published.";
    WillDiscarded "3.14.4-3" "3.14.4-3" "The will is not published after DISCONNECT.";
    WillOfTheLost "3.1.2-8" "3.1.2-8" "The will is not published while its connection is open.";
    WillDelayed "3.1.2-8" "3.1.3-9" "The will is not published before its delay is over, nor if the client returns before.";
    SessionKept "3.1.2-4" "3.1.2-5" "A session that has not ended is resumed.";
    SessionExpired "3.2.2-3" "4.1.0-2" "A session ends when its Session Expiry Interval is over.";
    SessionDiscarded "3.2.2-1" "3.2.2-2" "Clean Start discards the session.";
    SessionNew "3.2.2-3" "3.2.2-3" "Session Present is 0 where there was no session.";
    FirstWithoutDup "3.3.1-3" "3.3.1-3" "DUP is 0 when a message is sent for the first time.";
    DupOnRedelivery "3.3.1-1" "3.3.1-1" "DUP is 1 when a message is sent again.";
    IdentifierUnused "2.3.1-4" "2.2.1-4" "A new message has a Packet Identifier that is not in use.";
    ReceiveMaximum "X-2.3.1-1" "3.3.4-9" "No more messages are unacknowledged than the Receive Maximum.";
    WellFormed "4.8.0-1" "4.13.1-1" "What comes is MQTT.";
}

/// What a history comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was found, in the order in which it showed.
    pub findings: Vec<Finding>,
    /// How often each promise was broken, permitted not to be kept, or undecided.
    pub counts: BTreeMap<(Decision, Promise), u64>,
    /// How many deliveries were owed and came, by the version of who got them.
    pub kept: BTreeMap<Version, u64>,
    /// Whether the history came to its end.
    pub complete: bool,
    /// How often each kind came, by the groups of the devices concerned.
    kinds: BTreeMap<((Decision, Promise), Vec<u32>), usize>,
}

impl Verdict {
    /// Adds a finding about devices of these groups.
    pub(crate) fn add(&mut self, finding: Finding, groups: Vec<u32>) {
        let kind = (finding.decision, finding.promise);
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        // The first of each kind, and of each pair of groups, are worth more than many of one.
        let same = self.kinds.entry((kind, groups)).or_default();
        *same += 1;
        let has_room = self.findings.len() < if *same == 1 { MOST_KEPT } else { KEPT };
        if *count == 1 || has_room && *same <= KEPT / 10 {
            self.findings.push(finding);
        }
    }

    /// The findings that show a promise broken.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.decision == Decision::Broken)
    }

    /// Whether a promise was broken.
    pub fn is_broken(&self) -> bool {
        self.counts.keys().any(|(decision, _)| *decision == Decision::Broken)
    }

    /// Whether nothing was broken although much could have been.
    pub fn is_conforming(&self) -> bool {
        !self.is_broken() && self.complete && !self.kept.is_empty()
    }

    /// Whether something could not be decided.
    pub fn has_undecided(&self) -> bool {
        self.counts.keys().any(|(decision, _)| *decision == Decision::Undecided)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => f.write_str("broken"),
            Self::Permitted(limit) => write!(f, "permitted: {limit}"),
            Self::Undecided => f.write_str("undecided"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueuedMessages => "more messages waited than the broker queues",
            Self::NotPersistent => "the broker was restarted and does not store sessions",
            Self::MessageExpiry => "the message had expired",
        })
    }
}
