//! SUBSCRIBE and UNSUBSCRIBE (§3.8 to §3.11).

use mqttspec_wire::{
    Packet, Properties, PropertyId, QoS, ReasonCode, TopicFilter, Utf8String, Version,
    packet::{RetainHandling, Suback, Subscribe, Subscription, Unsuback, Unsubscribe},
    topic::TopicFault,
};

use super::{
    AboveMaximumQos, Broker, Rule,
    ending::Ending,
    holdings::size_of_subscription,
    routing::wants_retained,
    session::SessionKey,
    subscriptions::{Options, Subscriber},
    turn::Turn,
};

/// An error for which the connection is closed.
type Error = (ReasonCode, &'static str);

/// A filter that can be subscribed to, or the code that refuses it in SUBACK.
type Checked = Result<TopicFilter, ReasonCode>;

/// A subscription that is to be made.
struct Wanted<'a> {
    filter: &'a TopicFilter,
    options: Options,
    handling: RetainHandling,
}

impl Broker {
    /// SUBSCRIBE (§3.8).
    pub(crate) fn on_subscribe(&mut self, turn: &mut Turn, key: SessionKey, subscribe: &Subscribe) {
        let Some(link) = self.sessions.get(key).and_then(|session| session.link.as_ref()) else { return };
        let (connection, version) = (link.connection, link.version);
        let is_high = |asked: &Subscription| asked.qos > self.config.maximum_qos;
        if self.config.above_maximum_qos == AboveMaximumQos::Ignored && subscribe.filters.iter().any(is_high)
        {
            return;
        }
        let filters = match self.check_subscribe(turn, version, subscribe) {
            Ok(filters) => filters,
            Err((reason, text)) => return self.end(turn, connection, Ending::Error(reason, text)),
        };
        let identifier = subscribe.properties.subscription_identifiers().next();
        turn.count_filters(subscribe.filters.iter().map(|subscription| &subscription.filter));
        let mut reasons = Vec::with_capacity(subscribe.filters.len());
        let mut retained = Vec::new();
        for (subscription, filter) in subscribe.filters.iter().zip(filters) {
            let is_skipped = !turn.obeys(Rule::EveryFilterSubscribed) && !reasons.is_empty();
            let outcome = filter.and_then(|filter| {
                if is_skipped {
                    return Ok(());
                }
                let options = Options::new(subscription, identifier);
                let wanted = Wanted { filter: &filter, options, handling: subscription.retain_handling };
                if let Some(options) = self.subscribe(turn, key, &wanted)? {
                    retained.push((filter, options));
                }
                Ok(())
            });
            reasons.push(match outcome {
                Ok(()) => self.granted_code(turn, subscription.qos),
                Err(reason) => refused_code(version, reason),
            });
        }
        reasons.resize(subscribe.filters.len(), refused_code(version, ReasonCode::QUOTA_EXCEEDED));
        if !turn.obeys(Rule::SubackCodesInOrder) {
            reasons.rotate_left(1);
        }
        if !turn.obeys(Rule::SubackCodeForEachFilter) {
            reasons.truncate(1);
        }
        let suback = Packet::Suback(Suback { id: subscribe.id, properties: Properties::new(), reasons });
        if turn.obeys(Rule::SubackSent) {
            self.with_session(key, |session| session.answer(turn, &suback, "a topic filter is not accepted"));
        }
        for (filter, options) in retained {
            self.replay(turn, key, (filter, options));
        }
        self.feed(turn, key);
    }

    /// The filters, or the codes that refuse them in SUBACK, or the error that closes the connection.
    fn check_subscribe(
        &self,
        turn: &Turn,
        version: Version,
        subscribe: &Subscribe,
    ) -> Result<Vec<Checked>, Error> {
        let comes_first = |id| subscribe.properties.iter().skip(1).all(|property| property.id() != id);
        if subscribe.properties.subscription_identifiers().next().is_some() {
            if !self.config.subscription_identifiers && turn.obeys(Rule::IdentifiersNeedSupport) {
                let reason = ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED;
                return Err((reason, "there are no Subscription Identifiers"));
            }
            if !comes_first(PropertyId::SubscriptionIdentifier)
                && !turn.obeys(Rule::SubscribePropertiesInAnyOrder)
            {
                return Err((ReasonCode::PROTOCOL_ERROR, "the properties are out of order"));
            }
        }
        let taken = subscribe.filters.iter().take(self.config.limits.filters_per_subscribe);
        taken.map(|asked| self.check_filter(turn, version, asked)).collect()
    }

    /// The filter, or the code that refuses it in SUBACK, or the error that closes the connection.
    fn check_filter(
        &self,
        turn: &Turn,
        version: Version,
        subscription: &Subscription,
    ) -> Result<Checked, Error> {
        // It may stay for longer than what it came with.
        let text = &subscription.filter.detached();
        let parsed = match version {
            Version::V3_1_1 => TopicFilter::parse_v3(text),
            Version::V5_0 => TopicFilter::parse_v5(text),
        };
        let filter = match parsed {
            Ok(filter) => filter,
            Err(fault) => return lax_filter(turn, fault, text),
        };
        if filter.share_name().is_some() {
            if !self.config.shared_subscriptions && turn.obeys(Rule::SharesNeedSupport) {
                let reason = ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
                return Err((reason, "there are no Shared Subscriptions"));
            }
            if subscription.no_local && turn.obeys(Rule::NoLocalNotShared) {
                return Err((ReasonCode::PROTOCOL_ERROR, "No Local on a Shared Subscription"));
            }
        }
        if filter.has_wildcard()
            && !self.config.wildcard_subscriptions
            && turn.obeys(Rule::WildcardsNeedSupport)
        {
            return match version {
                Version::V3_1_1 => Ok(Err(ReasonCode::V3_SUBSCRIPTION_FAILURE)),
                Version::V5_0 => Err((
                    ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
                    "there are no wildcard subscriptions",
                )),
            };
        }
        if !self.config.limits.admit_topic(filter.filter()) {
            return Ok(Err(ReasonCode::TOPIC_FILTER_INVALID));
        }
        if subscription.qos > self.config.maximum_qos && !turn.obeys(Rule::AnyRequestedQosAccepted) {
            return Ok(Err(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR));
        }
        Ok(Ok(filter))
    }

    /// The code that grants a subscription.
    fn granted_code(&self, turn: &Turn, asked: QoS) -> ReasonCode {
        if !turn.obeys(Rule::NoMoreGrantedThanAsked) {
            return ReasonCode::GRANTED_QOS_2;
        }
        ReasonCode(asked.min(self.config.maximum_qos).level())
    }

    /// Makes one subscription. Says with which options retained messages are to be sent, if they are.
    fn subscribe(
        &mut self,
        turn: &mut Turn,
        key: SessionKey,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Options>, ReasonCode> {
        let &Wanted { filter, mut options, handling } = wanted;
        options.qos = options.qos.min(self.config.maximum_qos);
        let rights = self.sessions.get(key).and_then(|session| session.rights.as_ref());
        let denied = rights.is_some_and(|rights| !rights.may_subscribe(filter));
        if denied && turn.obeys(Rule::DeniedSubscriptionRefused) {
            self.note_denied(key, filter.as_utf8(), false);
            return Err(ReasonCode::NOT_AUTHORIZED);
        }
        let levels = self.subscriptions.levels() + filter.filter().split('/').count();
        let limits = &self.config.limits;
        let Some(session) = self.sessions.get_mut(key) else { return Err(ReasonCode::UNSPECIFIED_ERROR) };
        let existing = session.subscriptions.get(filter.as_utf8()).map(|(_, options)| *options);
        let is_new = existing.is_none() && !session.has_left(filter.as_utf8());
        let held = self.holdings.subscriptions + size_of_subscription(filter);
        let is_too_much = session.subscriptions.len() >= limits.subscriptions
            || levels > limits.topic_levels
            || held > limits.all_subscription_bytes;
        if is_new && is_too_much {
            return Err(ReasonCode::QUOTA_EXCEEDED);
        }
        if existing.is_none() {
            self.holdings.subscriptions = held;
        }
        if let Some(existing) = existing {
            if !turn.obeys(Rule::SubscriptionReplaced) {
                options = existing;
            } else if options.identifier.is_none() && !turn.obeys(Rule::IdentifierReplaced) {
                options.identifier = existing.identifier;
            }
            if !turn.obeys(Rule::ReplacingLosesNothing) {
                session.queue.clear();
                session.outgoing.clear();
            }
        }
        options.identifier = options.identifier.or_else(|| session.take_left_identifier(filter.as_utf8()));
        let replaced = session.subscriptions.insert(filter.as_utf8().clone(), (filter.clone(), options));
        // A session that goes on under the other version reads `$share/` differently.
        if let Some((replaced, _)) = replaced.filter(|(replaced, _)| replaced != filter) {
            self.subscriptions.remove(turn.rules(), &replaced, key);
        }
        self.subscriptions.insert(turn.rules(), filter, Subscriber { session: key, options });
        let is_shared = filter.share_name().is_some();
        for orphan in if is_shared { std::mem::take(&mut self.orphans) } else { Vec::new() } {
            self.share_anew(turn, &orphan);
        }
        let is_barred = filter.has_wildcard() && !self.config.retained_for_wildcards;
        Ok((!is_barred && wants_retained(turn, handling, is_new, is_shared)).then_some(options))
    }

    /// UNSUBSCRIBE (§3.10).
    pub(crate) fn on_unsubscribe(&mut self, turn: &mut Turn, key: SessionKey, unsubscribe: &Unsubscribe) {
        let Some(session) = self.sessions.get(key) else { return };
        let version = session.version().unwrap_or(Version::V5_0);
        let connection = session.link.as_ref().map(|link| link.connection);
        if let Some(connection) = connection
            && unsubscribe.filters.iter().any(|filter| filter.is_empty())
            && turn.obeys(Rule::UnsubscribedFilterNotEmpty)
        {
            let error = Ending::Error(ReasonCode::TOPIC_FILTER_INVALID, "a topic filter is empty");
            return self.end(turn, connection, error);
        }
        let mut reasons = Vec::with_capacity(unsubscribe.filters.len());
        for filter in &unsubscribe.filters {
            let only_first = !turn.obeys(Rule::EveryFilterUnsubscribed) && !reasons.is_empty();
            let existed = !only_first && self.unsubscribe(turn, key, filter);
            let none = !existed && turn.obeys(Rule::UnsubscribingNothingTold);
            reasons.push(if none { ReasonCode::NO_SUBSCRIPTION_EXISTED } else { ReasonCode::SUCCESS });
        }
        turn.count_filters(unsubscribe.filters.iter());
        let any = reasons.contains(&ReasonCode::SUCCESS);
        if !turn.obeys(Rule::UnsubackCodesInOrder) {
            reasons.rotate_left(1);
        }
        if !turn.obeys(Rule::UnsubackCodeForEachFilter) {
            reasons.truncate(1);
        }
        if version == Version::V3_1_1 {
            reasons.clear();
        }
        let unsuback =
            Packet::Unsuback(Unsuback { id: unsubscribe.id, properties: Properties::new(), reasons });
        if turn.obeys(Rule::UnsubackSent) && (any || turn.obeys(Rule::UnsubackEvenIfNothing)) {
            self.with_session(key, |session| {
                session.answer(turn, &unsuback, "there was no such subscription");
            });
        }
        self.feed(turn, key);
    }

    /// Ends one subscription. Says whether there was one.
    fn unsubscribe(&mut self, turn: &mut Turn, key: SessionKey, text: &Utf8String) -> bool {
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let mut gone: Vec<_> =
            session.subscriptions.get_key_value(text).map(|(text, _)| text.clone()).into_iter().collect();
        if !turn.obeys(Rule::UnsubscribeComparesTexts)
            && let Ok(wide) = TopicFilter::parse_v5(text)
        {
            let covered = |other: &&Utf8String| {
                mqttspec_wire::TopicName::parse(other).is_ok_and(|name| wide.matches(&name))
            };
            gone.extend(session.subscriptions.keys().filter(covered).cloned());
        }
        if !turn.obeys(Rule::SentMessagesFinished) {
            session.outgoing.clear();
        }
        for text in &gone {
            let Some((filter, options)) = session.subscriptions.remove(text) else { continue };
            let size = size_of_subscription(&filter);
            self.holdings.subscriptions = self.holdings.subscriptions.saturating_sub(size);
            if !turn.obeys(Rule::IdentifierEndsWithSubscription) {
                let left = options.identifier.map(|left| (text.clone(), left));
                session.leftovers.get_or_insert_default().identifiers.extend(left);
            }
            if !turn.obeys(Rule::UnsubscribedIsNewAgain) {
                session.leftovers.get_or_insert_default().filters.insert(text.clone());
            }
            session.end_replay(text);
            if turn.obeys(Rule::UnsubscribeStopsMessages)
                && (filter.share_name().is_none() || turn.obeys(Rule::UnsubscribeLeavesShare))
            {
                self.subscriptions.remove(turn.rules(), &filter, key);
            }
        }
        !gone.is_empty()
    }
}

/// The code that refuses a subscription.
fn refused_code(version: Version, reason: ReasonCode) -> ReasonCode {
    if version == Version::V5_0 { reason } else { ReasonCode::V3_SUBSCRIPTION_FAILURE }
}

/// What is done about an invalid filter: an empty one closes the connection, others are refused by their code, and a
/// mutant makes a filter of it.
fn lax_filter(turn: &Turn, fault: TopicFault, text: &Utf8String) -> Result<Checked, Error> {
    let rule = match fault {
        TopicFault::Empty => Rule::FilterNotEmpty,
        TopicFault::MultiLevelWildcard => Rule::HashIsLastLevel,
        TopicFault::SingleLevelWildcard => Rule::PlusFillsLevel,
        TopicFault::ShareName | TopicFault::Wildcard => Rule::ShareNameValid,
    };
    let invalid = ReasonCode::TOPIC_FILTER_INVALID;
    if !turn.obeys(rule) {
        let plain = if text.is_empty() { "#".to_owned() } else { text.replace(['+', '#', '$'], "x") };
        let plain = Utf8String::try_from(plain).ok().and_then(|plain| TopicFilter::parse_v3(&plain).ok());
        return Ok(plain.ok_or(invalid));
    }
    if text.is_empty() { Err((invalid, "a topic filter is empty")) } else { Ok(Err(invalid)) }
}
