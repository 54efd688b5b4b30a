//! Which properties a packet may carry (MQTT 5.0 §2.2.2.2, table 2-4), how often, and with which values.
//!
//! A rule stands here only where the standard states it. It does not say, for instance, that the Payload Format
//! Indicator of a PUBLISH cannot be 2 or cannot be repeated, although it says the latter of a will.

use mqttspec_spec::{StatementId, v5};

use crate::{PropertyId as Id, Sender};

/// The properties of one kind of packet, or of a will.
pub(crate) struct Table {
    /// The statement that lists them.
    pub(crate) law: StatementId,
    pub(crate) rows: &'static [Row],
}

/// A property in one kind of packet. Each rule comes with the statement that makes it.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: Id,
    /// It may stand only once.
    pub(crate) once: Option<StatementId>,
    /// Its values are limited.
    pub(crate) range: Option<(Range, StatementId)>,
    /// Only one side sends it.
    pub(crate) only_from: Option<(Sender, StatementId)>,
}

/// The values that a number may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    ZeroOrOne,
    NonZero,
}

impl Range {
    pub(crate) const fn contains(self, value: u32) -> bool {
        match self {
            Self::ZeroOrOne => value <= 1,
            Self::NonZero => value != 0,
        }
    }
}

impl Table {
    pub(crate) fn row(&self, id: Id) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.id == id)
    }
}

const fn any(id: Id) -> Row {
    Row { id, once: None, range: None, only_from: None }
}

const fn once(id: Id, law: StatementId) -> Row {
    Row { once: Some(law), ..any(id) }
}

impl Row {
    const fn zero_or_one(self, law: StatementId) -> Self {
        Self { range: Some((Range::ZeroOrOne, law)), ..self }
    }

    const fn non_zero(self, law: StatementId) -> Self {
        Self { range: Some((Range::NonZero, law)), ..self }
    }

    const fn only_from(self, sender: Sender, law: StatementId) -> Self {
        Self { only_from: Some((sender, law)), ..self }
    }
}

pub(crate) const CONNECT: Table = Table {
    law: v5!("X-3.1.2.11-1"),
    rows: &[
        once(Id::SessionExpiryInterval, v5!("X-3.1.2.11.2-1")),
        once(Id::AuthenticationMethod, v5!("X-3.1.2.11.9-1")),
        once(Id::AuthenticationData, v5!("X-3.1.2.11.10-2")),
        once(Id::RequestProblemInformation, v5!("X-3.1.2.11.7-1")).zero_or_one(v5!("X-3.1.2.11.7-2")),
        once(Id::RequestResponseInformation, v5!("X-3.1.2.11.6-1")).zero_or_one(v5!("X-3.1.2.11.6-2")),
        once(Id::ReceiveMaximum, v5!("X-3.1.2.11.3-1")).non_zero(v5!("X-3.1.2.11.3-2")),
        once(Id::TopicAliasMaximum, v5!("X-3.1.2.11.5-1")),
        any(Id::UserProperty),
        once(Id::MaximumPacketSize, v5!("X-3.1.2.11.4-1")).non_zero(v5!("X-3.1.2.11.4-2")),
    ],
};

pub(crate) const WILL: Table = Table {
    law: v5!("X-3.1.3.2-1"),
    rows: &[
        once(Id::PayloadFormatIndicator, v5!("X-3.1.3.2.3-1")),
        once(Id::MessageExpiryInterval, v5!("X-3.1.3.2.4-1")),
        once(Id::ContentType, v5!("X-3.1.3.2.5-1")),
        once(Id::ResponseTopic, v5!("X-3.1.3.2.6-1")),
        once(Id::CorrelationData, v5!("X-3.1.3.2.7-1")),
        once(Id::WillDelayInterval, v5!("X-3.1.3.2.2-1")),
        any(Id::UserProperty),
    ],
};

pub(crate) const CONNACK: Table = Table {
    law: v5!("X-3.2.2.3-1"),
    rows: &[
        once(Id::SessionExpiryInterval, v5!("X-3.2.2.3.2-1")),
        once(Id::AssignedClientIdentifier, v5!("X-3.2.2.3.7-1")),
        once(Id::ServerKeepAlive, v5!("X-3.2.2.3.14-1")),
        once(Id::AuthenticationMethod, v5!("X-3.2.2.3.17-1")),
        once(Id::AuthenticationData, v5!("X-3.2.2.3.18-1")),
        once(Id::ResponseInformation, v5!("X-3.2.2.3.15-1")),
        once(Id::ServerReference, v5!("X-3.2.2.3.16-1")),
        once(Id::ReasonString, v5!("X-3.2.2.3.9-1")),
        once(Id::ReceiveMaximum, v5!("X-3.2.2.3.3-1")).non_zero(v5!("X-3.2.2.3.3-1")),
        once(Id::TopicAliasMaximum, v5!("X-3.2.2.3.8-1")),
        once(Id::MaximumQoS, v5!("X-3.2.2.3.4-1")).zero_or_one(v5!("X-3.2.2.3.4-1")),
        once(Id::RetainAvailable, v5!("X-3.2.2.3.5-1")).zero_or_one(v5!("X-3.2.2.3.5-1")),
        any(Id::UserProperty),
        once(Id::MaximumPacketSize, v5!("X-3.2.2.3.6-1")).non_zero(v5!("X-3.2.2.3.6-1")),
        once(Id::WildcardSubscriptionAvailable, v5!("X-3.2.2.3.11-1")).zero_or_one(v5!("X-3.2.2.3.11-1")),
        once(Id::SubscriptionIdentifierAvailable, v5!("X-3.2.2.3.12-1")).zero_or_one(v5!("X-3.2.2.3.12-1")),
        once(Id::SharedSubscriptionAvailable, v5!("X-3.2.2.3.13-1")).zero_or_one(v5!("X-3.2.2.3.13-1")),
    ],
};

pub(crate) const PUBLISH: Table = Table {
    law: v5!("X-3.3.2.3-1"),
    rows: &[
        any(Id::PayloadFormatIndicator),
        any(Id::MessageExpiryInterval),
        once(Id::ContentType, v5!("X-3.3.2.3.9-1")),
        once(Id::ResponseTopic, v5!("X-3.3.2.3.5-1")),
        once(Id::CorrelationData, v5!("X-3.3.2.3.6-1")),
        any(Id::SubscriptionIdentifier)
            .non_zero(v5!("X-3.3.2.3.8-1"))
            .only_from(Sender::Server, v5!("3.3.4-6")),
        once(Id::TopicAlias, v5!("X-3.3.2.3.4-1")).non_zero(v5!("3.3.2-8")),
        any(Id::UserProperty),
    ],
};

/// An acknowledgement that may carry a Reason String and User Properties.
const fn explained(law: StatementId) -> [Row; 2] {
    [once(Id::ReasonString, law), any(Id::UserProperty)]
}

macro_rules! explained {
    ($label:literal) => {
        Table { law: v5!($label), rows: const { &explained(v5!($label)) } }
    };
}

pub(crate) const PUBACK: Table = explained!("X-3.4.2.2-1");
pub(crate) const PUBREC: Table = explained!("X-3.5.2.2-1");
pub(crate) const PUBREL: Table = explained!("X-3.6.2.2-1");
pub(crate) const PUBCOMP: Table = explained!("X-3.7.2.2-1");
pub(crate) const SUBACK: Table = explained!("X-3.9.2.1-1");
pub(crate) const UNSUBACK: Table = explained!("X-3.11.2.1-1");

pub(crate) const SUBSCRIBE: Table = Table {
    law: v5!("X-3.8.2.1-1"),
    rows: &[
        once(Id::SubscriptionIdentifier, v5!("X-3.8.2.1.2-2")).non_zero(v5!("X-3.8.2.1.2-1")),
        any(Id::UserProperty),
    ],
};

pub(crate) const UNSUBSCRIBE: Table = Table { law: v5!("X-3.10.2.1-1"), rows: &[any(Id::UserProperty)] };

pub(crate) const DISCONNECT: Table = Table {
    law: v5!("X-3.14.2.2-1"),
    rows: &[
        once(Id::SessionExpiryInterval, v5!("X-3.14.2.2.2-1")).only_from(Sender::Client, v5!("3.14.2-2")),
        once(Id::ServerReference, v5!("X-3.14.2.2.5-1")),
        once(Id::ReasonString, v5!("X-3.14.2.2-1")),
        any(Id::UserProperty),
    ],
};

pub(crate) const AUTH: Table = Table {
    law: v5!("X-3.15.2.2-1"),
    rows: &[
        once(Id::AuthenticationMethod, v5!("X-3.15.2.2.2-1")),
        once(Id::AuthenticationData, v5!("X-3.15.2.2.3-1")),
        once(Id::ReasonString, v5!("X-3.15.2.2-1")),
        any(Id::UserProperty),
    ],
};
