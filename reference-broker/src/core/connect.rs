//! CONNECT: refused, or the beginning of a connection (§3.1).

use bytes::Bytes;
use mqttspec_wire::{
    Decoder, Packet, PropertyId, ReasonCode, Sender, TopicName, Utf8String, Version,
    packet::{Connack, Connect},
};

use super::{
    Broker, ConnectionId, Rule,
    connack::{self, Greeting},
    connection::{RESEND, State, patience},
    deadlines::Deadline,
    ending::Ending,
    fault::UNSUPPORTED_VERSION,
    permission::is_reserved,
    refusal::Refusal,
    session::{Lifetime, Link, Session, SessionKey, StoredWill},
    turn::Turn,
};

impl Broker {
    pub(crate) fn on_connect(&mut self, turn: &mut Turn, id: ConnectionId, mut connect: Connect) {
        mangle(turn, &mut connect);
        let identity = self.connections.get(&id).and_then(|connection| connection.identity.as_deref());
        connect.username = identity.cloned().or(connect.username);
        let outcome = match self.check(turn, &connect) {
            Ok(()) => self.authenticate(turn, id, &connect),
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(Some(proof)) => self.accept_connect(turn, id, &connect, proof.answer),
            Ok(None) => {}
            Err(refusal) => self.refuse(turn, id, &connect, refusal),
        }
    }

    /// Whether the server can serve this client.
    fn check(&self, turn: &Turn, connect: &Connect) -> Result<(), Refusal> {
        if !self.config.offers(connect.version) && turn.obeys(UNSUPPORTED_VERSION) {
            let text = "this version is not offered";
            return Err(Refusal::new(ReasonCode::UNSUPPORTED_PROTOCOL_VERSION, text));
        }
        self.check_redirect()?;
        self.check_client_id(turn, connect)?;
        self.check_will(turn, connect)?;
        if !turn.obeys(Rule::PropertiesInAnyOrder) && !in_order(connect) {
            return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "the properties are out of order"));
        }
        let pairs = connect.properties.user_properties().count();
        if pairs > 1 && !turn.obeys(Rule::UserPropertiesRepeat) {
            return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "the User Property is repeated"));
        }
        let is_plain = connect.properties.is_empty() && connect.will.is_none() && connect.username.is_none();
        if is_plain && !turn.obeys(Rule::PlainConnectAccepted) {
            return Err(Refusal::new(ReasonCode::MALFORMED_PACKET, "there is next to nothing in it"));
        }
        let new = self.sessions.of_client(&connect.client_id).is_none();
        if new && self.sessions.len() >= self.config.limits.sessions {
            return Err(Refusal::new(ReasonCode::QUOTA_EXCEEDED, "there are too many sessions"));
        }
        if new && !connect.clean_start && !turn.obeys(Rule::SessionCreated) {
            return Err(Refusal::new(ReasonCode::UNSPECIFIED_ERROR, "there is no such session"));
        }
        Ok(())
    }

    fn check_client_id(&self, turn: &Turn, connect: &Connect) -> Result<(), Refusal> {
        let refusal =
            Refusal::new(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID, "the client identifier is not accepted");
        let length = connect.client_id.len();
        let must_start_clean = connect.version == Version::V3_1_1 && !connect.clean_start;
        if length == 0 && must_start_clean && turn.obeys(Rule::EmptyIdentifierNeedsCleanSession) {
            return Err(refusal);
        }
        let matches = self.config.client_id_pattern.as_ref();
        let is_welcome = match length {
            0 => self.config.assigned_client_ids,
            _ => matches.is_none_or(|pattern| pattern.is_match(&connect.client_id)),
        };
        if !is_welcome
            || length > self.config.client_id_maximum
            || (length > 22 && !turn.obeys(Rule::PlainIdentifiersAccepted))
        {
            return Err(refusal);
        }
        Ok(())
    }

    fn check_will(&self, turn: &Turn, connect: &Connect) -> Result<(), Refusal> {
        let Some(will) = &connect.will else { return Ok(()) };
        if !self.config.wills {
            return Err(Refusal::new(ReasonCode::NOT_AUTHORIZED, "wills are not accepted"));
        }
        if TopicName::parse(&will.topic).is_err() && turn.obeys(Rule::WillTopicValid) {
            return Err(Refusal::new(ReasonCode::TOPIC_NAME_INVALID, "the Will Topic is not a topic name"));
        }
        if !self.config.limits.admit_topic(&will.topic) {
            let text = "the Will Topic is too long or has too many levels";
            return Err(Refusal::new(ReasonCode::TOPIC_NAME_INVALID, text));
        }
        if will.qos > self.config.maximum_qos && turn.obeys(Rule::WillQosWithinMaximum) {
            return Err(Refusal::new(ReasonCode::QOS_NOT_SUPPORTED, "the Will QoS is too high"));
        }
        if will.retain && !self.config.retain && turn.obeys(Rule::WillRetainNeedsSupport) {
            return Err(Refusal::new(ReasonCode::RETAIN_NOT_SUPPORTED, "messages are not retained"));
        }
        if !self.has_room_for(will) {
            return Err(Refusal::new(ReasonCode::QUOTA_EXCEEDED, "too much is kept for clients already"));
        }
        let response = will.properties.response_topic();
        if response.is_some_and(|topic| topic.contains(['+', '#']))
            && turn.obeys(Rule::WillResponseTopicValid)
        {
            return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "the Response Topic contains a wildcard"));
        }
        if is_reserved(turn, &will.topic) {
            return Err(Refusal::new(ReasonCode::NOT_AUTHORIZED, "the will may not be published"));
        }
        Ok(())
    }

    /// Lets the client in. `proof` is the server's last word in enhanced authentication.
    pub(crate) fn accept_connect(
        &mut self,
        turn: &mut Turn,
        id: ConnectionId,
        connect: &Connect,
        proof: Option<Bytes>,
    ) {
        let mut greeting = Greeting { assigned: None, proof };
        let mut client_id = connect.client_id.detached();
        if client_id.is_empty() {
            client_id = self.assign_client_id(turn);
            turn.assign(id, &client_id);
            greeting.assigned = Some(client_id.clone());
        }
        let rights = match self.authorize(connect, &client_id) {
            Ok(rights) => rights,
            Err(refusal) => return self.refuse(turn, id, connect, refusal),
        };
        let mut link = Link::new(id, connect);
        let Some(connack) = self.connack(turn, &mut link, connect, greeting) else {
            return self.end(turn, id, Ending::Unanswered);
        };
        let existed = self.take_over(turn, &client_id, connect.clean_start);
        let others = || self.sessions.first_idle().filter(|_| !connect.clean_start);
        let existed = if turn.obeys(Rule::SessionOfItsOwn) { existed } else { others().or(existed) };
        let (key, resumed) = match existed.filter(|_| turn.obeys(Rule::SessionResumed)) {
            Some(key) => (key, true),
            None => (self.sessions.insert(Session::new(client_id, Lifetime::Connection)), false),
        };
        self.attach(turn, key, connect, link);
        self.with_session(key, |session| {
            session.owner = connect.username.as_ref().map(|name| Box::new(name.detached()));
            session.rights = rights;
        });
        self.note_accepted(id, key, resumed);
        if connect.client_id.is_empty() && !turn.obeys(Rule::AssignedIdentifierKept) {
            self.with_session(key, |session| session.lifetime = Lifetime::Connection);
        }
        let present = match (connect.clean_start, resumed) {
            (true, _) => !turn.obeys(Rule::NoSessionPresentAfterCleanStart),
            (false, true) => turn.obeys(Rule::SessionPresentWhenResumed),
            (false, false) => !turn.obeys(Rule::NoSessionPresentWhenNew),
        };
        let connack = Packet::Connack(Connack { session_present: present, ..connack });
        if turn.obeys(Rule::ConnackComesFirst) {
            self.send_connack(turn, key, &connack);
            self.resume(turn, key, resumed);
        } else {
            self.resume(turn, key, resumed);
            self.send_connack(turn, key, &connack);
        }
        if !turn.obeys(Rule::PipelinedPacketsProcessed)
            && let Some(connection) = self.connections.get_mut(&id)
        {
            connection.decoder = Decoder::new(Sender::Client, Some(connect.version));
        }
    }

    /// The CONNACK that accepts. If the client's Maximum Packet Size is too small for it, Response Information is left out,
    /// and then the limits of the server, which are not insisted on; there is no CONNACK if it is too small for any.
    fn connack(
        &self,
        turn: &Turn,
        link: &mut Link,
        connect: &Connect,
        greeting: Greeting,
    ) -> Option<Connack> {
        let mut connack = connack::success(turn, &self.config, connect, greeting);
        if !turn.fits(link, &Packet::Connack(connack.clone())) {
            connack.properties.retain(|property| property.id() != PropertyId::ResponseInformation);
        }
        if !turn.fits(link, &Packet::Connack(connack.clone())) {
            connack::withdraw_limits(&mut connack);
        }
        link.receive_maximum = connack.properties.receive_maximum().unwrap_or(u16::MAX);
        link.topic_alias_maximum = connack.properties.topic_alias_maximum().unwrap_or(0);
        turn.fits(link, &Packet::Connack(connack.clone())).then_some(connack)
    }

    fn send_connack(&mut self, turn: &mut Turn, key: SessionKey, connack: &Packet) {
        if turn.obeys(Rule::AcceptedConnectAnswered) {
            self.with_session(key, |session| session.answer(turn, connack, ""));
        }
    }

    /// Disconnects an older connection of the client and drops its session if that is to start anew. What session
    /// remains is the one to resume.
    fn take_over(&mut self, turn: &mut Turn, client_id: &str, clean_start: bool) -> Option<SessionKey> {
        let key = self.sessions.of_client(client_id)?;
        let link = self.sessions.get(key)?.link.as_ref().map(|link| link.connection);
        if let Some(connection) = link {
            if !turn.obeys(Rule::TakeoverClosesOlder) {
                return None;
            }
            self.end(turn, connection, Ending::TakenOver);
        }
        let key = self.sessions.of_client(client_id)?;
        if clean_start && turn.obeys(Rule::CleanStartDiscardsSession) {
            self.discard(turn, key);
            return None;
        }
        Some(key)
    }

    /// Puts the network connection and the session together.
    fn attach(&mut self, turn: &mut Turn, key: SessionKey, connect: &Connect, mut link: Link) {
        self.cancel_pending_will(turn, key);
        let lifetime = self.grant(turn, connect, &mut link);
        let (id, keep_alive, version) = (link.connection, link.keep_alive, link.version);
        let Some(session) = self.sessions.get_mut(key) else { return };
        if !turn.obeys(Rule::FlowControlStartsAfresh) && session.former_window != 0 {
            link.window = session.former_window;
            link.quota = link.quota.min(link.window);
        }
        session.former_window = link.window;
        session.lifetime = lifetime;
        if !turn.obeys(Rule::SessionKeptWhileConnected) {
            // What began to run goes on; under MQTT 3.1.1 something begins to run.
            let ends = session.ends.or((version == Version::V3_1_1).then_some(turn.now + RESEND));
            session.ends = ends;
            if let Some(ends) = ends {
                self.deadlines.set(ends, Deadline::SessionEnd(key));
            }
        } else if let Some(ends) = session.ends.take() {
            self.deadlines.cancel(ends, Deadline::SessionEnd(key));
        }
        session.incoming.unsaved_mut().for_each(|(_, incoming)| incoming.counted = false);
        self.with_session(key, |session| session.link = Some(link));
        if let Some(will) = &connect.will {
            self.replace_will(key, Some(Box::new(StoredWill::new(will))));
        }
        let maximum = self.accepted_packet_size(turn, true);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Connected { session: key };
            connection.decoder.set_max_packet_size(maximum);
        }
        let due = patience(turn, keep_alive).map(|time| turn.now + time);
        self.set_due(id, due);
        if !turn.obeys(Rule::NoResendWhileConnected) {
            self.deadlines.set(turn.now + RESEND, Deadline::Resend(key));
        }
    }

    /// What the server makes of the client's wishes.
    fn grant(&self, turn: &Turn, connect: &Connect, link: &mut Link) -> Lifetime {
        let asked = connect.properties.session_expiry_interval().unwrap_or(0);
        let lifetime = match connect.version {
            Version::V3_1_1 if !connect.clean_start => {
                Lifetime::of_expiry(turn, u32::MAX, self.config.session_expiry_maximum)
            }
            Version::V3_1_1 => Lifetime::Connection,
            Version::V5_0 => Lifetime::of_expiry(turn, asked, self.config.session_expiry_maximum),
        };
        let used = turn.obeys(Rule::ClientsKeepAliveUsed);
        let asked = if used { connect.keep_alive } else { connect.keep_alive.min(1) };
        link.keep_alive = self.config.keep_alive(connect.version, asked);
        link.open_window(turn, connect.properties.receive_maximum(), self.config.limits.in_flight);
        lifetime
    }

    /// Goes on with what the session holds.
    fn resume(&mut self, turn: &mut Turn, key: SessionKey, resumed: bool) {
        if resumed {
            self.with_session(key, |session| {
                session.resume_outgoing(turn);
                session.pump(turn);
            });
            self.feed(turn, key);
        }
    }

    /// A client identifier that no session has.
    fn assign_client_id(&mut self, turn: &Turn) -> Utf8String {
        loop {
            let id = Utf8String::try_from(format!("auto-{}", self.assigned)).unwrap_or_default();
            if !turn.obeys(Rule::AssignedIdentifiersUnique) {
                return id;
            }
            self.assigned += 1;
            if self.sessions.of_client(&id).is_none() {
                return id;
            }
        }
    }
}

/// Reads the fields of the payload in another order than the standard's if all are there and the rules say so.
fn mangle(turn: &Turn, connect: &mut Connect) {
    if let Some(will) = &mut connect.will
        && connect.username.is_some()
        && !turn.obeys(Rule::ConnectFieldsInOrder)
        && let Ok(topic) = Utf8String::from_bytes(will.payload.clone())
    {
        will.payload = will.topic.as_bytes().clone();
        will.topic = topic;
    }
}

fn in_order(connect: &Connect) -> bool {
    connect.properties.iter().is_sorted_by_key(mqttspec_wire::Property::id)
}
