//! Messages on their way to a client: the sender's half of §4.3, with flow control (MQTT 5.0 §4.9).

use std::collections::VecDeque;

use mqttspec_wire::{
    Packet, PacketId, Property, QoS, ReasonCode, Utf8String, Version,
    packet::{Ack, Delivery},
};

use super::{
    Rule,
    config::Limits,
    in_flight::{Awaits, Exchange},
    message::Copy,
    session::{Link, Session},
    turn::Turn,
};

impl Session {
    /// Sends a copy, or keeps it until it can be sent.
    pub(crate) fn deliver(&mut self, turn: &mut Turn, limits: &Limits, keep_qos_0: bool, copy: Copy) {
        match &self.link {
            Some(link) if copy.qos == QoS::AtMostOnce && link.unwritten() > limits.queued_bytes => {
                turn.dropped += 1;
            }
            Some(_) if self.queue.replays().is_some() => self.enqueue(turn, limits, copy),
            Some(_) if copy.qos == QoS::AtMostOnce && !self.queue.holds_qos_0() => {
                self.send_unacknowledged(turn, &copy);
            }
            Some(_) if copy.qos == QoS::AtMostOnce => self.enqueue(turn, limits, copy),
            Some(_) if self.queue.is_empty() && self.takes_new(turn) => self.send_new(turn, copy),
            Some(_) => self.enqueue(turn, limits, copy),
            None if copy.qos == QoS::AtMostOnce && !keep_qos_0 => {}
            None if turn.obeys(Rule::MessagesKeptForAbsent) => self.enqueue(turn, limits, copy),
            None => {}
        }
    }

    /// Sends what waits, as far as the send quota allows.
    pub(crate) fn pump(&mut self, turn: &mut Turn) {
        while self.has_quota(turn) {
            let Some(id) = self.queue.pop_again() else { break };
            self.send_again(turn, id);
        }
        while let Some(copy) = self.queue.front() {
            let acknowledged = copy.qos != QoS::AtMostOnce;
            if self.link.is_none() || self.replays_now() || (acknowledged && !self.takes_new(turn)) {
                return;
            }
            let next = if turn.obeys(Rule::QueueInOrder) { self.queue.pop() } else { self.queue.pop_back() };
            let Some(copy) = next else { return };
            // The rights may be others than when it came.
            if !copy.is_overdue(turn) && self.may_read(&copy.message.topic) {
                self.send_now(turn, copy);
            }
        }
    }

    /// Sends a copy that need not wait.
    pub(crate) fn send_now(&mut self, turn: &mut Turn, copy: Copy) {
        if copy.qos == QoS::AtMostOnce {
            self.send_unacknowledged(turn, &copy);
        } else {
            self.send_new(turn, copy);
        }
    }

    /// Whether a QoS 1 or QoS 2 message can be sent for the first time: one at least, and others as long as what is not
    /// acknowledged is not too much to keep.
    pub(crate) fn takes_new(&self, turn: &Turn) -> bool {
        let is_full = self.outgoing.is_full() || self.outgoing.bytes() >= turn.high();
        self.queue.is_caught_up() && self.has_quota(turn) && (!is_full || self.outgoing.is_empty())
    }

    fn has_quota(&self, turn: &Turn) -> bool {
        self.link.as_ref().is_some_and(|link| link.quota > 0 || !turn.obeys(Rule::ReceiveMaximumHonoured))
    }

    fn send_unacknowledged(&self, turn: &mut Turn, copy: &Copy) {
        if let Some(link) = &self.link {
            turn.send_copy(link, copy);
            if !turn.obeys(Rule::Qos0SentOnce) {
                turn.send_copy(link, copy);
            }
        }
    }

    /// The PUBLISH as it is sent. A mutant uses the alias that its receiver has set for the topic.
    fn aliased(&self, turn: &Turn, mut packet: Packet) -> Packet {
        if let Packet::Publish(publish) = &mut packet
            && !turn.obeys(Rule::AliasesOfEachDirection)
            && let Some((alias, _)) =
                self.aliases.iter().flat_map(|all| all.iter()).find(|(_, topic)| **topic == publish.topic)
        {
            publish.topic = Utf8String::new();
            publish.properties.push(Property::TopicAlias(*alias));
        }
        packet
    }

    /// Sends a QoS 1 or QoS 2 message for the first time.
    fn send_new(&mut self, turn: &mut Turn, copy: Copy) {
        let Some(id) = self.outgoing.unused_id() else { return };
        let id = if turn.obeys(Rule::IdentifiersUnused) { id } else { PacketId::MIN };
        let dup = !turn.obeys(Rule::FirstDeliveryWithoutDup);
        let packet = self.aliased(turn, copy.packet(turn, delivery(copy.qos, id, dup)));
        let Some(link) = &mut self.link else { return };
        let sent = turn.send(link, &packet);
        if !sent && turn.obeys(Rule::OversizeCountsAsDelivered) {
            return;
        }
        link.quota = link.quota.saturating_sub(1);
        let state = if copy.qos == QoS::ExactlyOnce { Awaits::Pubrec(copy) } else { Awaits::Puback(copy) };
        self.outgoing.begin(id, state);
    }

    /// On a resumed session: sends PUBREL packets again and lines up the PUBLISH packets that are unacknowledged.
    pub(crate) fn resume_outgoing(&mut self, turn: &mut Turn) {
        let mut unfinished = self.outgoing.in_order();
        if !turn.obeys(Rule::ResendsInOrder) {
            unfinished.reverse();
        }
        let mut again = VecDeque::new();
        for id in unfinished {
            let Some(exchange) = self.outgoing.get_unsaved_mut(id) else { continue };
            exchange.counted = false;
            match &exchange.state {
                Awaits::Puback(copy) | Awaits::Pubrec(copy) => {
                    let expired =
                        copy.message.is_expired(turn.now) && !turn.obeys(Rule::SentMessagesDoNotExpire);
                    if turn.obeys(Rule::UnacknowledgedResent) && !expired {
                        again.push_back(id);
                    }
                }
                Awaits::Pubcomp(Some(_)) => again.push_back(id),
                Awaits::Pubcomp(None) => {
                    if let Some(link) = self.link.as_ref().filter(|_| turn.obeys(Rule::PubrelResent)) {
                        turn.send(link, &Packet::Pubrel(Ack::success(id)));
                    }
                }
            }
        }
        self.queue.send_again(again);
    }

    fn send_again(&mut self, turn: &mut Turn, id: PacketId) {
        if !turn.obeys(Rule::SubscriptionIdentifierNotReverted) {
            self.change_identifiers(id);
        }
        let Some(copy) = self.outgoing.get(&id).and_then(Exchange::copy).cloned() else { return };
        let dup = turn.obeys(Rule::DupOnRedelivery);
        if !turn.obeys(Rule::IdentifierKeptOnRedelivery) {
            self.outgoing.remove(id);
            return self.send_new(turn, copy);
        }
        let packet = copy.packet(turn, delivery(copy.qos, id, dup));
        let Some(link) = &mut self.link else { return };
        if !turn.send(link, &packet) {
            self.outgoing.remove(id);
            return;
        }
        link.quota = link.quota.saturating_sub(1);
        if let Some(exchange) = self.outgoing.get_unsaved_mut(id) {
            exchange.counted = true;
        }
    }

    /// Puts the Subscription Identifiers of the present subscriptions in the place of those that the message has, and
    /// the former ones back when it is sent once more, as a mutant does.
    fn change_identifiers(&mut self, id: PacketId) {
        let present = || self.subscriptions.values().filter_map(|(_, options)| options.identifier).collect();
        let leftovers = self.leftovers.get_or_insert_default();
        let next = Some(std::mem::take(&mut leftovers.former_identifiers));
        let next = next.filter(|former| !former.is_empty()).unwrap_or_else(present);
        self.outgoing.change(id, |exchange| {
            if let Awaits::Puback(copy) | Awaits::Pubrec(copy) = &mut exchange.state {
                leftovers.former_identifiers = std::mem::replace(&mut copy.identifiers, next);
            }
        });
    }

    /// Sends everything unacknowledged again although the connection is open.
    pub(crate) fn resend_all(&mut self, turn: &mut Turn) {
        let ids: Vec<_> = self.outgoing.keys().copied().collect();
        for id in ids {
            self.send_again(turn, id);
        }
    }

    /// PUBACK (§3.4).
    pub(crate) fn on_puback(&mut self, turn: &mut Turn, ack: &Ack) {
        let mut id = ack.id;
        if !turn.obeys(Rule::AcknowledgementsMatchById) {
            id = self.outgoing.in_order().first().copied().unwrap_or(id);
        }
        if ack.reason.is_error() && !self.heeds_refusal(turn) {
            return;
        }
        match self.outgoing.get(&id).map(|exchange| &exchange.state) {
            Some(Awaits::Puback(_)) => self.finish(turn, id),
            None => self.raise_quota(turn, false),
            Some(Awaits::Pubrec(_) | Awaits::Pubcomp(_)) => {}
        }
        self.pump(turn);
    }

    /// PUBREC (§3.5).
    pub(crate) fn on_pubrec(&mut self, turn: &mut Turn, ack: &Ack) {
        if ack.reason.is_error() && !self.heeds_refusal(turn) {
            return;
        }
        let keeps_message = !turn.obeys(Rule::NoPublishAfterPubrel);
        let known = self.outgoing.on_pubrec(ack.id, keeps_message);
        if ack.reason.is_error() && turn.obeys(Rule::RefusedMessageNotReleased) {
            if known {
                self.finish(turn, ack.id);
            }
            return self.pump(turn);
        }
        let reason = if known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        if turn.obeys(if known { Rule::PubrelSent } else { Rule::UnknownPubrecAnswered }) {
            let pubrel = Packet::Pubrel(Ack { reason, ..Ack::success(ack.id) });
            self.answer(turn, &pubrel, "no message with this identifier was sent");
        }
    }

    /// Whether a PUBACK or PUBREC with an error acknowledges its message; a mutant gives up all others for it.
    fn heeds_refusal(&mut self, turn: &Turn) -> bool {
        if !turn.obeys(Rule::RefusalConcernsOneMessage) {
            self.queue.clear();
            self.queue.send_again(VecDeque::new());
        }
        turn.obeys(Rule::RefusalAcknowledges)
    }

    /// PUBCOMP (§3.7).
    pub(crate) fn on_pubcomp(&mut self, turn: &mut Turn, ack: &Ack) {
        match self.outgoing.get(&ack.id).map(|exchange| &exchange.state) {
            Some(Awaits::Pubcomp(_)) => self.finish(turn, ack.id),
            Some(Awaits::Puback(_) | Awaits::Pubrec(_)) | None => {}
        }
        self.pump(turn);
    }

    fn finish(&mut self, turn: &Turn, id: PacketId) {
        if let Some(exchange) = self.outgoing.remove(id) {
            self.raise_quota(turn, exchange.counted && turn.obeys(Rule::QuotaReturned));
        }
    }

    /// Gives back to the send quota what a message took from it; a mutant does so even if none did.
    fn raise_quota(&mut self, turn: &Turn, was_taken: bool) {
        if let Some(link) = &mut self.link
            && (was_taken || !turn.obeys(Rule::QuotaNeverAboveInitial))
        {
            link.quota = link.quota.saturating_add(1);
        }
    }

    /// Answers the client, with `text` as the Reason String of an error where that is welcome.
    pub(crate) fn answer(&self, turn: &mut Turn, packet: &Packet, text: &str) {
        if let Some(link) = &self.link
            && (link.quota > 0 || turn.obeys(Rule::OthersNotHeldBack))
        {
            turn.answer(link, packet, text);
        }
    }

    /// The message with this identifier that the client has not acknowledged.
    pub(crate) fn unacknowledged(&self, id: PacketId) -> Option<Copy> {
        match &self.outgoing.get(&id)?.state {
            Awaits::Puback(copy) | Awaits::Pubrec(copy) => copy.shared.as_ref().map(|_| copy.clone()),
            Awaits::Pubcomp(_) => None,
        }
    }

    /// The protocol version of its network connection.
    pub(crate) fn version(&self) -> Option<Version> {
        self.link.as_ref().map(|link| link.version)
    }
}

impl Link {
    /// Starts with a full send quota (MQTT 5.0 §4.9).
    pub(crate) fn open_window(&mut self, turn: &Turn, receive_maximum: Option<u16>, in_flight: u16) {
        self.window = receive_maximum.unwrap_or(u16::MAX).min(in_flight).max(1);
        self.quota = if turn.obeys(Rule::QuotaStartsAboveZero) { self.window } else { self.window - 1 };
    }
}

const fn delivery(qos: QoS, id: PacketId, dup: bool) -> Delivery {
    match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { id, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { id, dup },
    }
}
