//! Who the client is: user name and password, or enhanced authentication (MQTT 5.0 §4.12).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mqttspec_wire::{
    Packet, Properties, Property, ReasonCode, Utf8String, Version,
    packet::{Auth, Connect},
};

use super::{
    Broker, Config, ConnectionId, Rule,
    connection::State,
    dialogue::{Dialogue, Proof, Reply},
    ending::Ending,
    refusal::Refusal,
    session::{Link, SessionKey},
    turn::Turn,
    verification::{Password, Verification},
};

/// The explanation of an AUTH that asks.
const ASKS: &str = "the client is to prove who it is";

/// A CONNECT whose client has been asked to prove who it is.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) connect: Connect,
    dialogue: Dialogue,
}

/// How a client with an Authentication Method has proved who it is, and may do so again.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    method: Utf8String,
    /// Who it is, if the method tells.
    user: Option<Utf8String>,
    /// The dialogue that the client has begun anew (MQTT 5.0 §4.12.1).
    again: Option<Dialogue>,
}

impl Broker {
    /// Whether the client may come in at once; if not, it has been asked back.
    pub(crate) fn authenticate(
        &mut self,
        turn: &mut Turn,
        id: ConnectionId,
        connect: &Connect,
    ) -> Result<Option<Proof>, Refusal> {
        let Some(method) = connect.properties.authentication_method() else {
            return self.check_password(turn, id, connect);
        };
        let data = connect.properties.authentication_data();
        let number = self.dialogue_number(turn.now);
        let Some(begun) = Dialogue::begin(&self.config, &method, data, number) else {
            if turn.obeys(Rule::UnknownMethodRefused) {
                return Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "the method is not known"));
            }
            return Ok(Some(Proof::default()));
        };
        Ok(self.reply(turn, id, connect, begun?))
    }

    /// Asks the client back, or says what it has proved.
    fn reply(&mut self, turn: &mut Turn, id: ConnectionId, connect: &Connect, reply: Reply) -> Option<Proof> {
        let (dialogue, question) = match reply {
            Reply::Proved(proof) => return Some(proof),
            Reply::Asks(dialogue, question) => (dialogue, question),
        };
        let method = connect.properties.authentication_method().unwrap_or_default();
        turn.answer(&Link::new(id, connect), &asks(turn, method, question), ASKS);
        if let Some(connection) = self.connections.get_mut(&id) {
            let attempt = Attempt { connect: connect.clone(), dialogue };
            connection.state = State::Authenticating(Box::new(attempt));
        }
        None
    }

    /// A number that no other dialogue has.
    fn dialogue_number(&mut self, now: Duration) -> u128 {
        self.dialogues = self.dialogues.wrapping_add(1);
        // The time goes on where counting starts again.
        now.as_nanos() << 32 | u128::from(self.dialogues)
    }

    /// A packet before CONNACK: AUTH, or the client gives up.
    pub(crate) fn on_answer(&mut self, turn: &mut Turn, id: ConnectionId, packet: &Packet) {
        let Some(connection) = self.connections.get(&id) else { return };
        let State::Authenticating(attempt) = &connection.state else { return };
        let Attempt { connect, dialogue } = &**attempt;
        let (mut connect, dialogue) = (connect.clone(), dialogue.clone());
        let judged = if let Packet::Auth(auth) = packet {
            self.judge(turn, &connect, dialogue, auth)
        } else if let Packet::Disconnect(_) = packet {
            return self.end(turn, id, Ending::Unanswered);
        } else if turn.obeys(Rule::OnlyAuthBeforeConnack) {
            Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "AUTH was expected"))
        } else {
            return;
        };
        match judged.map(|reply| self.reply(turn, id, &connect, reply)) {
            Ok(None) => {}
            Ok(Some(proof)) => {
                connect.username = proof.user.or(connect.username);
                self.accept_connect(turn, id, &connect, proof.answer);
            }
            Err(refusal) => self.refuse(turn, id, &connect, refusal),
        }
    }

    fn judge(
        &mut self,
        turn: &Turn,
        connect: &Connect,
        dialogue: Dialogue,
        auth: &Auth,
    ) -> Result<Reply, Refusal> {
        let method = connect.properties.authentication_method();
        if auth.properties.authentication_method() != method && turn.obeys(Rule::MethodStaysTheSame) {
            return Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "the method has changed"));
        }
        if auth.reason != ReasonCode::CONTINUE_AUTHENTICATION && turn.obeys(Rule::AnswerContinues) {
            return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "AUTH does not continue"));
        }
        let number = self.dialogue_number(turn.now);
        let reply = dialogue.go_on(&self.config, auth.properties.authentication_data(), number);
        reply.or_else(|refusal| {
            if turn.obeys(Rule::WrongAnswerRefused) {
                Err(refusal)
            } else {
                Ok(Reply::Proved(Proof::default()))
            }
        })
    }

    /// AUTH on an accepted connection: the client proves anew who it is (MQTT 5.0 §4.12.1).
    pub(crate) fn on_auth(&mut self, turn: &mut Turn, key: SessionKey, auth: &Auth) {
        let number = self.dialogue_number(turn.now);
        let Some(link) = self.sessions.get_mut(key).and_then(|session| session.link.as_mut()) else { return };
        let connection = link.connection;
        let Some(authentication) = &mut link.authentication else {
            if turn.obeys(Rule::NoAuthWithoutMethod) {
                let text = "CONNECT had no Authentication Method";
                self.end(turn, connection, Ending::Error(ReasonCode::PROTOCOL_ERROR, text));
            }
            return;
        };
        let method = authentication.method.clone();
        let answer = match authentication.repeat(turn, &self.config, auth, number) {
            Ok(Reply::Asks(dialogue, question)) => {
                authentication.again = Some(dialogue);
                asks(turn, method, question)
            }
            Ok(Reply::Proved(proof)) => auth_packet(ReasonCode::SUCCESS, method, proof.answer),
            Err(Refusal { reason, text }) => {
                return self.end(turn, connection, Ending::Error(reason, text));
            }
        };
        if auth.reason != ReasonCode::RE_AUTHENTICATE || turn.obeys(Rule::ReauthenticationAnswered) {
            turn.answer(link, &answer, ASKS);
        }
    }
}

impl Authentication {
    /// That of a client with an Authentication Method.
    pub(crate) fn of(connect: &Connect) -> Option<Box<Self>> {
        let method = connect.properties.authentication_method()?.detached();
        Some(Box::new(Self {
            method,
            user: connect.username.as_ref().map(Utf8String::detached),
            again: None,
        }))
    }

    /// Goes a step further in proving anew who the client is.
    fn repeat(&mut self, turn: &Turn, config: &Config, auth: &Auth, number: u128) -> Result<Reply, Refusal> {
        let method = auth.properties.authentication_method();
        let data = auth.properties.authentication_data();
        if method.as_ref() != Some(&self.method) && turn.obeys(Rule::ReauthenticationKeepsMethod) {
            return Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "the method has changed"));
        }
        let reply = match (auth.reason, self.again.take()) {
            (ReasonCode::RE_AUTHENTICATE, None) => {
                let unknown = || Err(Refusal::new(ReasonCode::BAD_AUTHENTICATION_METHOD, "it is not known"));
                return Dialogue::begin(config, &self.method, data, number).unwrap_or_else(unknown);
            }
            (ReasonCode::CONTINUE_AUTHENTICATION, Some(dialogue)) => dialogue.go_on(config, data, number),
            (_, _) => return Err(Refusal::new(ReasonCode::PROTOCOL_ERROR, "AUTH was not expected")),
        };
        let same_user = |reply| match reply {
            Reply::Proved(Proof { user: Some(user), .. }) if Some(&user) != self.user.as_ref() => {
                Err(Refusal::new(ReasonCode::NOT_AUTHORIZED, "this is another user"))
            }
            Reply::Proved(_) | Reply::Asks(..) => Ok(reply),
        };
        reply.and_then(same_user).or_else(|refusal| {
            if turn.obeys(Rule::FailedReauthenticationCloses) {
                Err(refusal)
            } else {
                Ok(Reply::Proved(Proof::default()))
            }
        })
    }
}

/// The AUTH that asks for more.
fn asks(turn: &Turn, method: Utf8String, question: Option<Bytes>) -> Packet {
    let reason = if turn.obeys(Rule::QuestionContinues) {
        ReasonCode::CONTINUE_AUTHENTICATION
    } else {
        ReasonCode::SUCCESS
    };
    auth_packet(reason, method, question)
}

fn auth_packet(reason: ReasonCode, method: Utf8String, data: Option<Bytes>) -> Packet {
    let mut properties = Properties::new();
    properties.push(Property::AuthenticationMethod(method));
    if let Some(data) = data {
        properties.push(Property::AuthenticationData(data));
    }
    Packet::Auth(Auth { reason, properties })
}

impl Broker {
    /// User Name and Password (§5.4.1), where the certificate has not said already who the client is.
    fn check_password(
        &mut self,
        turn: &mut Turn,
        id: ConnectionId,
        connect: &Connect,
    ) -> Result<Option<Proof>, Refusal> {
        let text = connect.password.as_ref().is_none_or(|password| std::str::from_utf8(password).is_ok());
        if !text && !turn.obeys(Rule::PasswordIsBinary) {
            return Err(Refusal::new(ReasonCode::MALFORMED_PACKET, "the Password is not text"));
        }
        let alone = connect.password.is_some() && connect.username.is_none();
        if alone && connect.version == Version::V5_0 && !turn.obeys(Rule::PasswordMayStandAlone) {
            return Err(Refusal::new(ReasonCode::MALFORMED_PACKET, "there is no User Name"));
        }
        if self.connections.get(&id).is_some_and(|connection| connection.identity.is_some()) {
            return Ok(Some(Proof::default()));
        }
        let config = &self.config;
        let refusal = match &connect.username {
            None if config.anonymous => return Ok(Some(Proof::default())),
            None => Refusal::new(ReasonCode::NOT_AUTHORIZED, "a user name is required"),
            Some(_) if !config.knows_users() => return Ok(Some(Proof::default())),
            Some(name) => {
                let given = connect.password.clone().unwrap_or_default();
                let user = config.users.iter().find(|user| **name == *user.name);
                let other = || config.users.iter().find(|user| matches!(user.password, Password::Hashed(_)));
                match user.or_else(other).map(|user| &user.password) {
                    Some(Password::Plain(password)) if *password == given => {
                        return Ok(Some(Proof::default()));
                    }
                    Some(Password::Hashed(hash)) => {
                        turn.verify(id, Arc::clone(hash), given);
                        let verification =
                            Verification { connect: connect.clone(), is_known: user.is_some() };
                        if let Some(connection) = self.connections.get_mut(&id) {
                            connection.state = State::Verifying(Box::new(verification));
                        }
                        return Ok(None);
                    }
                    Some(Password::Plain(_)) | None => WRONG_PASSWORD,
                }
            }
        };
        insist(turn, refusal).map(|()| Some(Proof::default()))
    }
}

/// The refusal of a user name that nobody has, or of a password that is not its user's.
pub(crate) const WRONG_PASSWORD: Refusal =
    Refusal::new(ReasonCode::BAD_USER_NAME_OR_PASSWORD, "the user name or password is wrong");

/// Refuses, unless the broker does not care who its clients are.
pub(crate) fn insist(turn: &Turn, refusal: Refusal) -> Result<(), Refusal> {
    if turn.obeys(Rule::CredentialsChecked) { Err(refusal) } else { Ok(()) }
}
