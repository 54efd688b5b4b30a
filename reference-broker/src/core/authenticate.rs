//! Who the client is: user name and password, or enhanced authentication (MQTT 5.0 §4.12).

use mqttspec_wire::{
    Packet, Properties, Property, ReasonCode, Utf8String, Version,
    packet::{Auth, Connect},
};

use super::{
    Broker, Config, ConnectionId, Rule,
    config::Challenge,
    connect::Refusal,
    connection::State,
    ending::Ending,
    session::{Link, SessionKey},
    turn::Turn,
};

/// A CONNECT whose client has been asked to prove who it is.
#[derive(Debug)]
pub(crate) struct Attempt {
    connect: Connect,
}

impl Broker {
    /// Whether the client may come in at once; if not, it has been asked back.
    pub(crate) fn authenticate(
        &mut self,
        turn: &mut Turn,
        id: ConnectionId,
        connect: &Connect,
    ) -> Result<bool, Refusal> {
        let Some(method) = connect.properties.authentication_method() else {
            check_password(turn, &self.config, connect)?;
            return Ok(true);
        };
        let Some(challenge) = self.config.challenge.as_ref().filter(|known| *method == *known.method) else {
            if turn.obeys(Rule::UnknownMethodRefused) {
                return Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "the method is not known"));
            }
            return Ok(true);
        };
        turn.send(&Link::new(id, connect), &asks(turn, challenge));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Authenticating(Box::new(Attempt { connect: connect.clone() }));
        }
        Ok(false)
    }

    /// A packet before CONNACK: AUTH, or the client gives up.
    pub(crate) fn on_answer(&mut self, turn: &mut Turn, id: ConnectionId, packet: &Packet) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let State::Authenticating(attempt) = &connection.state else { return };
        let connect = attempt.connect.clone();
        let judged = if let Packet::Auth(auth) = packet {
            self.judge(turn, &connect, auth)
        } else if let Packet::Disconnect(_) = packet {
            return self.end(turn, id, Ending::Unanswered);
        } else if turn.obeys(Rule::OnlyAuthBeforeConnack) {
            Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "AUTH was expected"))
        } else {
            return;
        };
        match judged {
            Ok(()) => self.accept_connect(turn, id, &connect),
            Err(refusal) => self.refuse(turn, id, &connect, refusal),
        }
    }

    fn judge(&self, turn: &Turn, connect: &Connect, auth: &Auth) -> Result<(), Refusal> {
        let method = connect.properties.authentication_method();
        if auth.properties.authentication_method() != method && turn.obeys(Rule::MethodStaysTheSame) {
            return Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "the method has changed"));
        }
        if auth.reason != ReasonCode::CONTINUE_AUTHENTICATION && turn.obeys(Rule::AnswerContinues) {
            return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "AUTH does not continue"));
        }
        if !self.is_right_answer(auth) && turn.obeys(Rule::WrongAnswerRefused) {
            return Err(Refusal::new(ReasonCode::NOT_AUTHORIZED, "the answer is wrong"));
        }
        Ok(())
    }

    fn is_right_answer(&self, auth: &Auth) -> bool {
        let answer = auth.properties.authentication_data().unwrap_or_default();
        self.config.challenge.as_ref().is_some_and(|challenge| challenge.answer == answer)
    }

    /// AUTH on an accepted connection: the client proves anew who it is (MQTT 5.0 §4.12.1).
    pub(crate) fn on_auth(&mut self, turn: &mut Turn, key: SessionKey, auth: &Auth) {
        let Some(link) = self.sessions.get(key).and_then(|session| session.link.clone()) else { return };
        let Some(connection) = self.connections.get_mut(&link.connection) else { return };
        let State::Connected { reauthenticating, .. } = &mut connection.state else { return };
        let method = auth.properties.authentication_method();
        let error = match (&link.method, auth.reason, *reauthenticating) {
            (None, _, _) if !turn.obeys(Rule::NoAuthWithoutMethod) => return,
            (None, _, _) => (ReasonCode::PROTOCOL_ERROR, "CONNECT had no Authentication Method"),
            (own, _, _) if *own != method && turn.obeys(Rule::ReauthenticationKeepsMethod) => {
                (ReasonCode::BAD_AUTHENTICATION_METHOD, "the method has changed")
            }
            (_, ReasonCode::RE_AUTHENTICATE, false) => {
                *reauthenticating = true;
                if let Some(challenge) =
                    self.config.challenge.as_ref().filter(|_| turn.obeys(Rule::ReauthenticationAnswered))
                {
                    turn.send(&link, &asks(turn, challenge));
                }
                return;
            }
            (_, ReasonCode::CONTINUE_AUTHENTICATION, true) => {
                *reauthenticating = false;
                if self.is_right_answer(auth) || !turn.obeys(Rule::FailedReauthenticationCloses) {
                    let done = auth_packet(ReasonCode::SUCCESS, method.as_deref().unwrap_or_default(), None);
                    turn.send(&link, &done);
                    return;
                }
                (ReasonCode::NOT_AUTHORIZED, "the answer is wrong")
            }
            (_, _, _) => (ReasonCode::PROTOCOL_ERROR, "AUTH was not expected"),
        };
        self.end(turn, link.connection, Ending::Error(error.0, error.1));
    }
}

/// The AUTH that asks for more.
fn asks(turn: &Turn, challenge: &Challenge) -> Packet {
    let reason = if turn.obeys(Rule::QuestionContinues) {
        ReasonCode::CONTINUE_AUTHENTICATION
    } else {
        ReasonCode::SUCCESS
    };
    auth_packet(reason, &challenge.method, Some(Property::AuthenticationData(challenge.question.clone())))
}

fn auth_packet(reason: ReasonCode, method: &str, data: Option<Property>) -> Packet {
    let method = Utf8String::try_from(method).unwrap_or_default();
    let properties: Properties = [Property::AuthenticationMethod(method)].into_iter().chain(data).collect();
    Packet::Auth(Auth { reason, properties })
}

/// User Name and Password (§5.4.1).
fn check_password(turn: &Turn, config: &Config, connect: &Connect) -> Result<(), Refusal> {
    let text = connect.password.as_ref().is_none_or(|password| std::str::from_utf8(password).is_ok());
    if !text && !turn.obeys(Rule::PasswordIsBinary) {
        return Err(Refusal::new(ReasonCode::MALFORMED_PACKET, "the Password is not text"));
    }
    let alone = connect.password.is_some() && connect.username.is_none();
    if alone && connect.version == Version::V5_0 && !turn.obeys(Rule::PasswordMayStandAlone) {
        return Err(Refusal::new(ReasonCode::MALFORMED_PACKET, "there is no User Name"));
    }
    let refusal = match &connect.username {
        None if config.anonymous => return Ok(()),
        None => Refusal::new(ReasonCode::NOT_AUTHORIZED, "a user name is required"),
        Some(name) => {
            let is_known = |user: &super::User| {
                **name == *user.name && connect.password.as_deref().unwrap_or_default() == user.password
            };
            if config.users.is_empty() || config.users.iter().any(is_known) {
                return Ok(());
            }
            Refusal::new(ReasonCode::BAD_USER_NAME_OR_PASSWORD, "the user name or password is wrong")
        }
    };
    if turn.obeys(Rule::CredentialsChecked) { Err(refusal) } else { Ok(()) }
}
