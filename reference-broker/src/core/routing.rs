//! From a message to the sessions that get it.

use std::sync::Arc;

use mqttspec_wire::{QoS, TopicFilter, Utf8String, packet::RetainHandling};

use super::{
    Broker, Rule,
    message::{Copy, Message},
    session::{SessionKey, Sessions},
    subscriptions::{Match, Options},
    turn::Turn,
};

impl Broker {
    /// Retains the message if it says so and delivers it. Says whether anybody has subscribed to it.
    pub(crate) fn accept(
        &mut self,
        turn: &mut Turn,
        publisher: Option<SessionKey>,
        message: &Arc<Message>,
    ) -> bool {
        self.retain(turn, message);
        let clears = message.retain && message.payload.is_empty();
        if clears && !turn.obeys(Rule::ClearingMessagePassedOn) {
            return true;
        }
        if message.payload.is_empty() && !turn.obeys(Rule::EmptyPayloadAccepted) {
            return true;
        }
        self.distribute(turn, publisher, message)
    }

    /// Delivers the message. Says whether anybody has subscribed to it.
    pub(crate) fn distribute(
        &mut self,
        turn: &mut Turn,
        publisher: Option<SessionKey>,
        message: &Arc<Message>,
    ) -> bool {
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        let reach = reach(&self.sessions, &message.topic);
        turn.effort += self.subscriptions.matching(turn.rules(), &message.topic, reach, &mut matches);
        turn.route(|| self.routes(publisher, message, &matches));
        if !turn.obeys(Rule::EverySubscriberServed) {
            matches.truncate(1);
        }
        let is_wanted = !matches.is_empty();
        let mut rest = matches.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|other| other.session == first.session).count();
            let (own, others) = rest.split_at(count);
            self.deliver_to(turn, publisher, message, own);
            rest = others;
        }
        self.matches = matches;
        is_wanted
    }

    /// Delivers the message to one session: one copy for all its Non-shared Subscriptions that match, or for each if it is
    /// so configured, and one for each Shared Subscription.
    fn deliver_to(
        &mut self,
        turn: &mut Turn,
        publisher: Option<SessionKey>,
        message: &Arc<Message>,
        matches: &[Match],
    ) {
        let mut merged: Option<(Options, Vec<u32>)> = None;
        for found in matches {
            let own = publisher == Some(found.session);
            if found.options.no_local && own && turn.obeys(Rule::NoLocalHonoured) {
                continue;
            }
            let identifiers = found.options.identifier.into_iter();
            match &mut merged {
                _ if found.shared.is_some() || self.config.copy_for_each_subscription => {
                    let has_plain = || matches.iter().any(|other| other.shared.is_none());
                    if found.shared.is_some() && !turn.obeys(Rule::SharedBesidePlain) && has_plain() {
                        continue;
                    }
                    let identifiers = self.identifiers(turn, found.session, identifiers.collect());
                    let copy = Copy {
                        shared: found.shared.clone(),
                        ..copy(turn, message, found.options, identifiers)
                    };
                    self.deliver(turn, found.session, copy);
                }
                Some((options, all)) => {
                    merge(turn, options, found.options);
                    if turn.obeys(Rule::AllIdentifiersSent) {
                        all.extend(identifiers);
                    }
                }
                None => merged = Some((found.options, identifiers.collect())),
            }
        }
        if let (Some((options, identifiers)), Some(first)) = (merged, matches.first()) {
            let identifiers = self.identifiers(turn, first.session, identifiers);
            let copy = copy(turn, message, options, identifiers);
            if !turn.obeys(Rule::OwnIdentifierOnEachCopy) {
                for _ in matches.iter().skip(1) {
                    self.deliver(turn, first.session, copy.clone());
                }
            }
            self.deliver(turn, first.session, copy);
        }
    }

    /// The Subscription Identifiers that go with a message.
    fn identifiers(&self, turn: &Turn, key: SessionKey, matching: Vec<u32>) -> Vec<u32> {
        if !turn.obeys(Rule::IdentifiersSent) {
            return Vec::new();
        }
        if turn.obeys(Rule::OnlyMatchingIdentifiersSent) {
            return matching;
        }
        let all = self.sessions.get(key).map(|session| session.subscriptions.values());
        all.into_iter().flatten().filter_map(|(_, options)| options.identifier).collect()
    }

    /// Delivers a copy to a session, now or when it can be.
    pub(crate) fn deliver(&mut self, turn: &mut Turn, key: SessionKey, copy: Copy) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        if !session.may_read(&copy.message.topic) {
            return;
        }
        let before = session.queue.bytes();
        session.deliver(turn, &self.config.limits, self.config.queue_qos_0, copy);
        self.holdings.messages = (self.holdings.messages + session.queue.bytes()).saturating_sub(before);
    }

    /// Stores, replaces or removes the retained message of a topic (§3.3.1.3).
    fn retain(&mut self, turn: &mut Turn, message: &Arc<Message>) {
        if !message.retain {
            let replaces =
                !turn.obeys(Rule::OnlyRetainTouchesStore) && self.retained.contains(&message.topic);
            if !replaces {
                return;
            }
        }
        if !self.config.retain || !turn.obeys(Rule::RetainedStored) {
            return;
        }
        // Of a will and of some messages nobody can be told that there is no room.
        if !message.payload.is_empty()
            && !self.retained.has_room(&self.config.limits, &message.topic, message.size())
        {
            turn.dropped += 1;
            return;
        }
        self.bring_before_it_goes(turn, &message.topic);
        if message.qos == QoS::AtMostOnce && !message.payload.is_empty() && !turn.obeys(Rule::Qos0Retained) {
            self.retained.remove(turn, &message.topic);
            return;
        }
        if !message.payload.is_empty() {
            let kept = turn.kept.keep(message);
            self.retained.store(turn, kept);
        } else if self.retained.contains(&message.topic) {
            if turn.obeys(Rule::EmptyPayloadClears) {
                self.retained.remove(turn, &message.topic);
            }
        } else if !turn.obeys(Rule::EmptyPayloadNotRetained) {
            self.retained.store(turn, Arc::clone(message));
        }
    }

    /// Gives the messages of Shared Subscriptions that a session has not acknowledged to other members.
    pub(crate) fn share_unacknowledged(&mut self, turn: &mut Turn, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let ids: Vec<_> = session.outgoing.keys().copied().collect();
        let moved: Vec<_> = ids.iter().filter_map(|id| Some((*id, session.unacknowledged(*id)?))).collect();
        for (id, copy) in moved {
            self.with_session(key, |session| drop(session.outgoing.remove(id)));
            self.share_anew(turn, &copy);
        }
    }

    /// Delivers a copy of a Shared Subscription to another of its members.
    pub(crate) fn share_anew(&mut self, turn: &mut Turn, copy: &Copy) {
        let Some(filter) = copy.shared.as_ref().and_then(|filter| TopicFilter::parse_v5(filter).ok()) else {
            return;
        };
        if copy.is_overdue(turn) {
            return;
        }
        let reach = reach(&self.sessions, &copy.message.topic);
        if let Some(found) = self.subscriptions.another_member(turn.rules(), &filter, reach) {
            let identifiers = found.options.identifier.into_iter().collect();
            let anew = self::copy(turn, &copy.message, found.options, identifiers);
            self.deliver(turn, found.session, Copy { shared: found.shared, ..anew });
        } else if !turn.obeys(Rule::ShareEndsWithLastSession) {
            self.orphans.push(copy.clone());
        }
    }
}

/// Whether messages with this topic may go to a session, and if so, whether it is online.
fn reach(sessions: &Sessions, topic: &Utf8String) -> impl Fn(SessionKey) -> Option<bool> {
    move |key| {
        let session = sessions.get(key)?;
        session.may_read(topic).then_some(session.link.is_some())
    }
}

/// The copy that a subscription with these options gets.
pub(crate) fn copy(turn: &Turn, message: &Arc<Message>, options: Options, identifiers: Vec<u32>) -> Copy {
    let qos = if turn.obeys(Rule::GrantedQosIsMaximum) { message.qos.min(options.qos) } else { message.qos };
    let retain = if options.retain_as_published {
        message.retain && turn.obeys(Rule::RetainKeptAsPublished)
    } else {
        message.retain && !turn.obeys(Rule::RetainClearedWhenForwarded)
    };
    Copy { message: Arc::clone(message), qos, retain, identifiers, shared: None }
}

/// Overlapping subscriptions of one session: the highest QoS counts (§3.3.5, §3.3.4).
fn merge(turn: &Turn, options: &mut Options, other: Options) {
    options.qos = if turn.obeys(Rule::HighestQosOfOverlaps) {
        options.qos.max(other.qos)
    } else {
        options.qos.min(other.qos)
    };
    options.retain_as_published |= other.retain_as_published;
}

/// Whether a subscription makes the server send retained messages (MQTT 5.0 §3.8.3.1).
pub(crate) fn wants_retained(turn: &Turn, handling: RetainHandling, is_new: bool, is_shared: bool) -> bool {
    if is_shared && turn.obeys(Rule::ShareGetsNoRetained) {
        return false;
    }
    match handling {
        RetainHandling::Send if is_new => turn.obeys(Rule::RetainedSentOnSubscribe),
        RetainHandling::Send => turn.obeys(Rule::RetainedSentAgain),
        RetainHandling::SendIfNew => is_new || !turn.obeys(Rule::RetainedOnlyIfNew),
        RetainHandling::DoNotSend => !turn.obeys(Rule::RetainedNotSent),
    }
}
