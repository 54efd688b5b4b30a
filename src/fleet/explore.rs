//! The swarm: random plans, the reference broker and its mutants. The broker must never be accused, and the mutants of
//! delivery, sessions, wills and retained messages must be found.

use mqttspec_fleet::{
    explore::random_plan,
    history::{Finding, Verdict},
    layout::Layout,
    world::{Options, World},
};
use reference_broker::{Rule, Rules};

/// The rules whose breach shows in what becomes of messages and sessions, whatever the fleet.
pub const MUTANTS: [Rule; 25] = [
    Rule::PubackSent,
    Rule::Qos1DupIsNewMessage,
    Rule::Qos2DuplicatesNotPassedOn,
    Rule::EverySubscriberServed,
    Rule::GrantedQosIsMaximum,
    Rule::ForwardedTopicMatches,
    Rule::FirstDeliveryWithoutDup,
    Rule::DupOnRedelivery,
    Rule::IdentifierKeptOnRedelivery,
    Rule::UnacknowledgedResent,
    Rule::ResendsInOrder,
    Rule::QueueInOrder,
    Rule::PubrelSent,
    Rule::NoPublishAfterPubrel,
    Rule::QuotaReturned,
    Rule::ReceiveMaximumHonoured,
    Rule::MessagesKeptForAbsent,
    Rule::IncomingExchangesKept,
    Rule::SessionOutlivesConnection,
    Rule::SessionExpires,
    Rule::CleanStartDiscardsSession,
    Rule::SessionPresentWhenResumed,
    Rule::WillPublished,
    Rule::RetainedReplaced,
    Rule::RetainedSentOnSubscribe,
];

/// A random plan in which something broke.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed of the plan and of its run.
    pub seed: u64,
    /// What broke.
    pub finding: Finding,
}

/// Plays the random plans of these seeds against a broker with these rules, until a promise breaks. `stop` ends it early.
pub fn search(seeds: impl Iterator<Item = u64>, rules: Rules, stop: &dyn Fn() -> bool) -> Option<Found> {
    for seed in seeds {
        if stop() {
            return None;
        }
        if let Some(finding) = play(seed, rules, stop).and_then(|verdict| verdict.broken().next().cloned()) {
            return Some(Found { seed, finding });
        }
    }
    None
}

fn play(seed: u64, rules: Rules, stop: &dyn Fn() -> bool) -> Option<Verdict> {
    let layout = Layout::new(random_plan(seed)).ok()?;
    let options = Options { seed, rules, ..Options::default() };
    Some(World::new(&layout, &options).play(|_| !stop()).verdict)
}
