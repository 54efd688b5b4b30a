//! All that the referee judges.

use std::collections::BTreeSet;

use mqttspec_spec::StatementId;
use mqttspec_wire::{Sender, enforced};

use super::{
    alias, auth, connect, exchanges, filters, opening, ping, publish, quota, resumption, size, subscriptions,
};
use crate::referee::duty::Duty;

/// The statements that a violation by `party` may name, in any packet of a connection: the duties that the referee
/// holds it to, and what the decoder reports as faults of its packets.
pub fn judged(party: Sender) -> BTreeSet<StatementId> {
    duties(party).into_iter().chain(enforced(party)).collect()
}

/// Without those that a decoder has to find.
pub(super) fn duties(party: Sender) -> BTreeSet<StatementId> {
    let topics: [&[Duty]; 10] = [
        opening::DUTIES,
        connect::DUTIES,
        auth::DUTIES,
        publish::DUTIES,
        alias::DUTIES,
        quota::DUTIES,
        size::DUTIES,
        ping::DUTIES,
        filters::DUTIES,
        resumption::DUTIES,
    ];
    let all = topics.into_iter().chain(exchanges::ALL_DUTIES).chain(subscriptions::ALL_DUTIES).flatten();
    all.flat_map(|duty| duty.broken_by(party)).collect()
}
