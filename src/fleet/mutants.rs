//! The ready plans against the mutants of the reference broker: every rule of delivery, sessions, wills and retained
//! messages, and the plan in which its breach shows.

use mqttspec_fleet::{
    history::Finding,
    layout::Layout,
    plan::Plan,
    world::{Options, World},
};
use reference_broker::{Rule, Rules};

/// A ready plan in which the breach of a rule has shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The name of the plan.
    pub plan: &'static str,
    /// What broke.
    pub finding: Finding,
}

/// Plays ready plans against a broker without this rule until a promise breaks, first the one that is known to show it.
/// `stop` ends the search early.
pub fn show(rule: Rule, plans: &[(&'static str, Plan)], seed: u64, stop: &dyn Fn() -> bool) -> Option<Shown> {
    let known = plan_for(rule);
    let (first, rest): (Vec<_>, Vec<_>) = plans.iter().partition(|(name, _)| Some(*name) == known);
    first.into_iter().chain(rest).find_map(|(plan, text)| {
        let finding = play(text, Rules::all().without(rule), seed, stop)?;
        Some(Shown { plan, finding })
    })
}

/// The first promise that breaks.
fn play(plan: &Plan, rules: Rules, seed: u64, stop: &dyn Fn() -> bool) -> Option<Finding> {
    let layout = Layout::new(plan.clone()).ok()?;
    let options = Options { seed, rules, ..Options::default() };
    let outcome = World::new(&layout, &options).play(|progress| !progress.verdict.is_broken() && !stop());
    outcome.verdict.broken().next().cloned()
}

fn plan_for(rule: Rule) -> Option<&'static str> {
    RULES.iter().find(|(own, _)| *own == rule).map(|(_, plan)| *plan)
}

/// The rules of delivery, sessions, wills and retained messages, each with a ready plan that shows it broken.
pub const RULES: &[(Rule, &str)] = &[
    (Rule::PubackSent, "durable"),
    (Rule::PubrecSent, "durable"),
    (Rule::PubcompSent, "durable"),
    (Rule::Qos1DupIsNewMessage, "retained"),
    (Rule::Qos2DuplicatesNotPassedOn, "durable"),
    (Rule::Qos2DuplicatesAnswered, "durable"),
    (Rule::IdentifierFreeAfterPubcomp, "fan-in"),
    (Rule::EverySubscriberServed, "durable"),
    (Rule::GrantedQosIsMaximum, "durable"),
    (Rule::ForwardedTopicMatches, "durable"),
    (Rule::Qos0SentOnce, "fan-in"),
    (Rule::ExpiredMessagesDropped, "expiry"),
    (Rule::FirstDeliveryWithoutDup, "durable"),
    (Rule::DupOnRedelivery, "durable"),
    (Rule::IdentifiersUnused, "durable"),
    (Rule::IdentifierKeptOnRedelivery, "durable"),
    (Rule::UnacknowledgedResent, "durable"),
    (Rule::PubrelResent, "expiry"),
    (Rule::NoResendWhileConnected, "durable"),
    (Rule::ResendsInOrder, "expiry"),
    (Rule::QueueInOrder, "durable"),
    (Rule::PubrelSent, "durable"),
    (Rule::NoPublishAfterPubrel, "fan-out"),
    (Rule::ReceiveMaximumHonoured, "fan-in"),
    (Rule::QuotaStartsAboveZero, "slow-consumers"),
    (Rule::QuotaReturned, "durable"),
    (Rule::QuotaNeverAboveInitial, "slow-consumers"),
    (Rule::OthersNotHeldBack, "durable"),
    (Rule::MessagesKeptForAbsent, "durable"),
    (Rule::IncomingExchangesKept, "durable"),
    (Rule::RetainedStored, "durable"),
    (Rule::RetainedReplaced, "durable"),
    (Rule::OnlyRetainTouchesStore, "retained"),
    (Rule::RetainedSentOnSubscribe, "durable"),
    (Rule::RetainedSentAgain, "retained"),
    (Rule::RetainedFlagged, "durable"),
    (Rule::RetainClearedWhenForwarded, "durable"),
    (Rule::RetainedExpires, "expiry"),
    (Rule::RetainedStay, "durable"),
    (Rule::RetainedOutliveSessions, "durable"),
    (Rule::WillPublished, "durable"),
    (Rule::WillAfterKeepAliveTimeout, "wills"),
    (Rule::WillAfterTakeover, "vehicles"),
    (Rule::DisconnectDiscardsWill, "wills"),
    (Rule::DisconnectDeletesWill, "wills"),
    (Rule::WillDeletedOncePublished, "wills"),
    (Rule::WillPrompt, "vehicles"),
    (Rule::WillDelayed, "durable"),
    (Rule::WillAtSessionEnd, "wills"),
    (Rule::WillCancelledByReturn, "wills"),
    (Rule::WillQosUsed, "durable"),
    (Rule::WillNotRetained, "wills"),
    (Rule::WillRetained, "wills"),
    (Rule::WillPayloadBare, "durable"),
    (Rule::NoSessionPresentAfterCleanStart, "durable"),
    (Rule::SessionPresentWhenResumed, "durable"),
    (Rule::NoSessionPresentWhenNew, "durable"),
    (Rule::CleanStartDiscardsSession, "durable"),
    (Rule::SessionResumed, "durable"),
    (Rule::SessionOfItsOwn, "durable"),
    (Rule::TakeoverClosesOlder, "expiry"),
    (Rule::KeepAliveEnforced, "wills"),
    (Rule::OnlyTheClientKeepsAlive, "wills"),
    (Rule::SessionEndsWithConnection, "sessions"),
    (Rule::SessionOutlivesConnection, "sessions"),
    (Rule::EmptySessionKept, "sessions"),
    (Rule::SessionExpires, "sessions"),
    (Rule::LargestExpiryIsForever, "sessions"),
    (Rule::SessionKeptWhileConnected, "sessions"),
    (Rule::EveryFilterSubscribed, "fan-in"),
    (Rule::SubackSent, "sessions"),
    (Rule::SubackCodeForEachFilter, "fan-in"),
    (Rule::SubackCodesInOrder, "fan-in"),
    (Rule::ShareDeliversOnce, "workers"),
    (Rule::SharesSeparate, "workers"),
    (Rule::ShareWaitsForMember, "workers"),
];

/// The rules of these that no history can show broken, each with the reason.
pub const UNSEEN: &[(Rule, &str)] = &[
    (
        Rule::HighestQosOfOverlaps,
        "of overlapping subscriptions each may bring a copy of its own, and nobody knows which one is missing",
    ),
    (Rule::SentMessagesDoNotExpire, "that a message does not come again is permitted by its expiry"),
    (Rule::AcknowledgementsMatchById, "its messages only come once more, which QoS 1 permits"),
    (Rule::Qos0Retained, "a server may drop a retained message of QoS 0 at any time"),
    (Rule::SessionCreated, "a server may refuse a client; the fleet says that it could not decide"),
    (Rule::FlowControlStartsAfresh, "it only sends less at once than it may"),
    (Rule::SubscriptionReplaced, "a subscription that is renewed asks for what it had"),
    (Rule::KeepAliveOneAndAHalf, "a server may close a connection for reasons of its own"),
    (Rule::KeepAliveZeroIsOff, "a server may close a connection for reasons of its own"),
    (Rule::AnyPacketKeepsAlive, "a server may close a connection for reasons of its own"),
];
