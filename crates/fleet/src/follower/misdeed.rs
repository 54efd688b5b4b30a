//! What a client that is somebody else's does wrong.

use std::collections::BTreeMap;

use crate::{plan::Micros, statements::by_statement};

by_statement! {
    /// Something that the standard forbids a client.
    Misdeed:
    WithoutDup "3.3.1-1" "3.3.1-1" "sent a message again without DUP";
    OtherIdentifier "2.3.1-3" "4.4.0-1" "sent a message again with another Packet Identifier";
    AtOtherTimes "4.4.0-1" "4.4.0-1" "sent a message twice on one connection";
    AfterPubrel "4.3.3-1" "4.3.3-6" "sent a message again after PUBREL";
    IdentifierInUse "2.3.1-2" "2.2.1-3" "sent another message with a Packet Identifier in use";
    NotAgain "4.4.0-1" "4.4.0-1" "did not send what was unacknowledged again on a resumed session";
    NoAcknowledgement "4.3.2-2" "4.3.2-4" "did not answer PUBLISH with PUBACK";
    NoPubrec "4.3.3-2" "4.3.3-8" "did not answer PUBLISH with PUBREC";
    NoPubcomp "4.3.3-2" "4.3.3-11" "did not answer PUBREL with PUBCOMP";
    ClosedAtPubrel "4.3.3-2" "4.3.3-11" "closed the network connection when PUBREL came";
    HandedTwice "4.3.3-2" "4.3.3-10" "gave a message of QoS 2 to its application more than once";
    NotHanded "4.3.2-2" "4.3.2-4" "acknowledged a message and did not give it to its application";
}

/// What a client did wrong, how often, and when first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conduct(BTreeMap<Misdeed, (u64, Micros)>);

impl Conduct {
    pub(super) fn note(&mut self, now: Micros, misdeed: Misdeed) {
        self.0.entry(misdeed).or_insert((0, now)).0 += 1;
    }

    /// Adds what another client did wrong.
    pub fn add(&mut self, other: &Self) {
        for (misdeed, (count, first)) in &other.0 {
            let own = self.0.entry(*misdeed).or_insert((0, *first));
            *own = (own.0 + count, own.1.min(*first));
        }
    }

    /// Each misdeed, with how often it was done and when first.
    pub fn all(&self) -> impl Iterator<Item = (Misdeed, u64, Micros)> {
        self.0.iter().map(|(misdeed, (count, first))| (*misdeed, *count, *first))
    }
}
