//! Messages from clients: the receiver's half of §4.3.

use std::{sync::Arc, time::Duration};

use mqttspec_wire::{
    Packet, Property, PropertyId, QoS, ReasonCode, Utf8String, Version,
    packet::{Ack, Delivery, Publish},
};

use super::{
    Broker, Config, Rule,
    ending::Ending,
    message::Message,
    session::{Incoming, Session, SessionKey},
    turn::Turn,
};

/// An error for which the connection is closed.
type Error = (ReasonCode, &'static str);

/// What becomes of a message.
enum Verdict {
    /// It is passed on.
    Accepted,
    /// It was passed on before.
    Duplicate,
    /// It is not passed on, for this reason.
    Refused(ReasonCode),
}

impl Broker {
    /// PUBLISH (§3.3).
    pub(crate) fn on_publish(&mut self, turn: &mut Turn, key: SessionKey, publish: Publish) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(link) = &session.link else { return };
        let connection = link.connection;
        let checked = check(turn, &self.config, &publish).and_then(|()| session.topic_of(turn, &publish));
        let topic = match checked {
            Ok(topic) => topic,
            Err((reason, text)) => return self.end(turn, connection, Ending::Error(reason, text)),
        };
        self.traffic.messages_received += 1;
        let delivery = publish.delivery;
        let verdict = match self.judge_publish(turn, key, &topic, &publish) {
            Ok(verdict) => verdict,
            Err((reason, text)) => return self.end(turn, connection, Ending::Error(reason, text)),
        };
        let reason = match verdict {
            Verdict::Accepted => {
                let message = Arc::new(Message::published(turn, topic, publish));
                turn.passes_on = self.journal.is_some() && message.qos != QoS::ExactlyOnce;
                let is_wanted = self.accept(turn, Some(key), &message);
                turn.passes_on = false;
                if is_wanted && turn.obeys(Rule::NoSubscribersOnlyIfNone) {
                    ReasonCode::SUCCESS
                } else {
                    ReasonCode::NO_MATCHING_SUBSCRIBERS
                }
            }
            Verdict::Duplicate => ReasonCode::SUCCESS,
            Verdict::Refused(reason) => {
                if reason == ReasonCode::NOT_AUTHORIZED {
                    self.note_denied(key, &topic, true);
                }
                reason
            }
        };
        let is_repeat = matches!(verdict, Verdict::Duplicate);
        self.with_session(key, |session| session.acknowledge(turn, delivery, reason, is_repeat));
    }

    /// Whether the message is to be passed on.
    fn judge_publish(
        &mut self,
        turn: &mut Turn,
        key: SessionKey,
        topic: &Utf8String,
        publish: &Publish,
    ) -> Result<Verdict, Error> {
        let expiry = publish.properties.message_expiry_interval();
        let expires = expiry.map(|seconds| turn.now + Duration::from_secs(u64::from(seconds)));
        let denied = !self.may_write(turn, key, topic);
        let has_room = self.has_room_to_retain(topic, publish);
        let Some(session) = self.sessions.get_mut(key) else { return Ok(Verdict::Duplicate) };
        if let Delivery::ExactlyOnce { id, .. } = publish.delivery
            && session.incoming.contains_key(&id)
        {
            session.count_again(id);
            let passed_on = turn.obeys(Rule::Qos2DuplicatesNotPassedOn);
            return Ok(if passed_on { Verdict::Duplicate } else { Verdict::Accepted });
        }
        let in_use = publish.delivery.id().is_some_and(|id| session.outgoing.contains_key(&id));
        if in_use && !turn.obeys(Rule::IdentifiersIndependent) {
            return Ok(Verdict::Refused(ReasonCode::PACKET_IDENTIFIER_IN_USE));
        }
        if publish.delivery.dup()
            && publish.delivery.qos() == QoS::AtLeastOnce
            && !turn.obeys(Rule::Qos1DupIsNewMessage)
        {
            return Ok(Verdict::Duplicate);
        }
        if denied && turn.obeys(Rule::DeniedPublishRefused) {
            if !turn.obeys(Rule::RefusedQos2EndsExchange) {
                session.begin(publish.delivery, expires);
            }
            return Ok(Verdict::Refused(ReasonCode::NOT_AUTHORIZED));
        }
        if denied {
            return Ok(Verdict::Duplicate);
        }
        // Who cannot be told has it passed on, but not retained.
        let is_told = session.version() == Some(Version::V5_0) && publish.delivery.qos() > QoS::AtMostOnce;
        if !has_room && is_told {
            return Ok(Verdict::Refused(ReasonCode::QUOTA_EXCEEDED));
        }
        // It must not count as received: it comes again, on another network connection.
        let is_over = session.link.as_ref().is_some_and(|link| link.unreleased >= link.receive_maximum);
        if is_over && publish.delivery.qos() == QoS::ExactlyOnce && turn.obeys(Rule::ReceiveMaximumEnforced) {
            return Err((
                ReasonCode::RECEIVE_MAXIMUM_EXCEEDED,
                "more messages than the Receive Maximum are unfinished",
            ));
        }
        session.begin(publish.delivery, expires);
        Ok(Verdict::Accepted)
    }

    /// Whether the limits let the message be retained, if it is to be.
    fn has_room_to_retain(&self, topic: &Utf8String, publish: &Publish) -> bool {
        let size = || topic.len() + publish.payload.len() + publish.properties.size();
        !publish.retain
            || publish.payload.is_empty()
            || self.retained.has_room(&self.config.limits, topic, size())
    }
}

/// What the server has said it does not do, and what the decoder leaves to it.
fn check(turn: &Turn, config: &Config, publish: &Publish) -> Result<(), Error> {
    if publish.delivery.qos() > config.maximum_qos && turn.obeys(Rule::MaximumQosEnforced) {
        return Err((ReasonCode::QOS_NOT_SUPPORTED, "the QoS is above the Maximum QoS"));
    }
    if publish.retain && !config.retain && turn.obeys(Rule::RetainAvailableEnforced) {
        return Err((ReasonCode::RETAIN_NOT_SUPPORTED, "messages are not retained"));
    }
    if !config.limits.admit_topic(&publish.topic) {
        return Err((ReasonCode::TOPIC_NAME_INVALID, "the topic name is too long or has too many levels"));
    }
    if publish.properties.is_empty() {
        return Ok(());
    }
    let response = publish.properties.response_topic();
    if response.is_some_and(|topic| topic.contains(['+', '#'])) && turn.obeys(Rule::ResponseTopicValid) {
        return Err((ReasonCode::PROTOCOL_ERROR, "the Response Topic contains a wildcard"));
    }
    let in_order = || publish.properties.iter().is_sorted_by_key(Property::id);
    if !turn.obeys(Rule::PublishPropertiesInAnyOrder) && !in_order() {
        return Err((ReasonCode::PROTOCOL_ERROR, "the properties are out of order"));
    }
    let count = |id| publish.properties.iter().filter(|property| property.id() == id).count();
    let indicator = publish.properties.payload_format_indicator();
    let format = count(PropertyId::PayloadFormatIndicator) > 1 || indicator.is_some_and(|value| value > 1);
    if format && turn.obeys(Rule::PayloadFormatValid) {
        return Err((ReasonCode::PROTOCOL_ERROR, "the Payload Format Indicator is not valid"));
    }
    if count(PropertyId::MessageExpiryInterval) > 1 && turn.obeys(Rule::MessageExpiryOnce) {
        return Err((ReasonCode::PROTOCOL_ERROR, "the Message Expiry Interval is repeated"));
    }
    Ok(())
}

impl Session {
    /// The topic name of a PUBLISH, found by its Topic Alias if it has none (MQTT 5.0 §3.3.2.3.4).
    fn topic_of(&mut self, turn: &Turn, publish: &Publish) -> Result<Utf8String, Error> {
        let alias = publish.properties.topic_alias();
        if let Some(alias) = alias {
            let last = self.link.as_ref().map_or(0, |link| link.topic_alias_maximum);
            let accepted = if turn.obeys(Rule::EveryAliasAccepted) { alias <= last } else { alias < last };
            if !accepted && turn.obeys(Rule::TopicAliasMaximumEnforced) {
                return Err((
                    ReasonCode::TOPIC_ALIAS_INVALID,
                    "the Topic Alias is above the Topic Alias Maximum",
                ));
            }
            if publish.topic.is_empty() {
                return match self.aliases.as_ref().and_then(|aliases| aliases.get(&alias)) {
                    Some(topic) => Ok(topic.clone()),
                    None if !turn.obeys(Rule::UnknownAliasRefused) => Ok(Utf8String::new()),
                    None => Err((ReasonCode::PROTOCOL_ERROR, "the Topic Alias stands for no topic")),
                };
            }
        }
        if publish.topic.is_empty() && turn.obeys(Rule::TopicNameNotEmpty) {
            return Err((ReasonCode::TOPIC_NAME_INVALID, "the topic name is empty"));
        }
        if publish.topic.contains(['+', '#']) && turn.obeys(Rule::TopicNameWithoutWildcards) {
            return Err((ReasonCode::TOPIC_NAME_INVALID, "the topic name contains a wildcard"));
        }
        if !turn.obeys(Rule::TopicLevelsUnlimited) && publish.topic.split('/').count() > 200 {
            return Err((ReasonCode::TOPIC_NAME_INVALID, "the topic name has too many levels"));
        }
        let beyond_two_bytes = || publish.topic.chars().any(|character| character > '\u{FFFF}');
        if !turn.obeys(Rule::AllCharactersAccepted) && beyond_two_bytes() {
            return Err((ReasonCode::MALFORMED_PACKET, "the topic name has an unusual character"));
        }
        if let Some(alias) = alias {
            let aliases = self.aliases.get_or_insert_default();
            let remaps = turn.obeys(Rule::AliasesRemapped) || !aliases.contains_key(&alias);
            if remaps {
                aliases.insert(alias, publish.topic.detached());
            }
        }
        Ok(publish.topic.clone())
    }

    /// Remembers a QoS 2 message until its PUBREL.
    fn begin(&mut self, delivery: Delivery, expires: Option<Duration>) {
        let Delivery::ExactlyOnce { id, .. } = delivery else { return };
        self.incoming.insert(id, Incoming { counted: true, expires });
        if let Some(link) = &mut self.link {
            link.unreleased = link.unreleased.saturating_add(1);
        }
    }

    /// A message of an earlier network connection was sent again on this one.
    fn count_again(&mut self, id: mqttspec_wire::PacketId) {
        if let (Some(incoming), Some(link)) = (self.incoming.get_unsaved_mut(&id), &mut self.link)
            && !incoming.counted
        {
            incoming.counted = true;
            link.unreleased = link.unreleased.saturating_add(1);
        }
    }

    /// Answers a PUBLISH by its QoS (§3.3.4).
    fn acknowledge(&self, turn: &mut Turn, delivery: Delivery, reason: ReasonCode, is_repeat: bool) {
        let text = match reason {
            ReasonCode::NO_MATCHING_SUBSCRIBERS => "nobody has subscribed",
            ReasonCode::NOT_AUTHORIZED => "publishing to this topic is not allowed",
            ReasonCode::QUOTA_EXCEEDED => "there are too many retained messages",
            _ => "",
        };
        let silent = reason == ReasonCode::NOT_AUTHORIZED
            && self.version() == Some(Version::V3_1_1)
            && !turn.obeys(Rule::DeniedPublishAnswered);
        if silent {
            return;
        }
        match delivery {
            Delivery::AtMostOnce => {
                if !turn.obeys(Rule::Qos0NotAcknowledged) {
                    self.answer(turn, &Packet::Puback(Ack::success(mqttspec_wire::PacketId::MIN)), "");
                }
            }
            Delivery::AtLeastOnce { id, .. } => {
                if turn.obeys(Rule::PubackSent) {
                    self.answer(turn, &Packet::Puback(Ack { reason, ..Ack::success(id) }), text);
                }
            }
            Delivery::ExactlyOnce { id, .. } => {
                if turn.obeys(Rule::PubrecSent) && (!is_repeat || turn.obeys(Rule::Qos2DuplicatesAnswered)) {
                    self.answer(turn, &Packet::Pubrec(Ack { reason, ..Ack::success(id) }), text);
                }
            }
        }
    }

    /// PUBREL (§3.6): the message's identifier is free again.
    pub(crate) fn on_pubrel(&mut self, turn: &mut Turn, ack: &Ack) {
        let found = if turn.obeys(Rule::IdentifierFreeAfterPubcomp) {
            self.incoming.remove(&ack.id)
        } else {
            self.incoming.get(&ack.id).copied()
        };
        if let (Some(Incoming { counted: true, .. }), Some(link)) = (found, &mut self.link) {
            link.unreleased = link.unreleased.saturating_sub(1);
        }
        let expired = found.and_then(|incoming| incoming.expires).is_some_and(|at| at <= turn.now);
        if expired && !turn.obeys(Rule::ExchangeOutlivesExpiry) {
            return;
        }
        let known = found.is_some();
        let reason = if known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        if turn.obeys(if known { Rule::PubcompSent } else { Rule::UnknownPubrelAnswered }) {
            let pubcomp = Packet::Pubcomp(Ack { reason, ..Ack::success(ack.id) });
            self.answer(turn, &pubcomp, "no message with this identifier is unfinished");
        }
    }
}
