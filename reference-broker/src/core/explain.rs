//! A log of what the broker goes by: for everything that happens, the rules that were asked and what came of it.

use std::{cell::Cell, time::Duration};

use mqttspec_wire::{Packet, QoS, TopicFilter, TopicName, Utf8String, Version};

use super::{
    Broker, ConnectionId, Output, Rule, Rules,
    message::Message,
    session::{Session, SessionKey},
    subscriptions::{Match, Options},
};

/// Something that happened, and what the broker did about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, on the clock of [`Broker::handle`](super::Broker::handle).
    pub at: Duration,
    /// What happened.
    pub cause: Cause,
    /// The client identifier that the broker gave to a client that had brought none.
    pub assigned: Option<(ConnectionId, Utf8String)>,
    /// The rules that had a say, except those on how topic names and topic filters match, which always have.
    pub rules: Vec<Rule>,
    /// Whom messages went to, and whom they did not.
    pub routes: Vec<Route>,
    /// What was done.
    pub done: Vec<Output>,
}

/// What a broker takes notice of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A client has opened a network connection.
    Opened(ConnectionId),
    /// A packet has come.
    Packet(ConnectionId, Version, Box<Packet>),
    /// Something has come that is no packet, for this reason.
    Fault(ConnectionId, String),
    /// A network connection has ended.
    Lost(ConnectionId),
    /// Something else: a password was verified, something is due, the broker ends.
    Other(&'static str),
}

/// What a message comes to by one subscription that matches it, or nearly does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The topic name of the message.
    pub topic: Utf8String,
    /// Whose subscription it is.
    pub client_id: Utf8String,
    /// The topic filter.
    pub filter: Utf8String,
    /// Whether the message goes there.
    pub fate: Fate,
}

/// Whether a message goes where a subscription would have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does, at this QoS.
    Delivered(QoS),
    /// It does, at this QoS: it is this session's turn in the Shared Subscription.
    Chosen(QoS),
    /// It does not, since it is another session's turn in the Shared Subscription.
    OthersTurn,
    /// It does not, since it is the client's own and the subscription has No Local.
    NoLocal,
    /// It does not, since the client may not read it.
    NotPermitted,
    /// It does not, since the client is away and the message at QoS 0.
    NotKept,
    /// It does not, since the wildcard at the beginning does not stand for what begins with `$`.
    HiddenDollar,
}

/// The steps of one call of [`Broker::handle`](super::Broker::handle).
#[derive(Debug, Default)]
pub(crate) struct Log {
    steps: Vec<Step>,
    /// The step that goes on, with the number of outputs when it began.
    current: Option<(Cause, usize)>,
    /// The rules that were asked in it, as those that are missing.
    asked: Cell<Rules>,
    /// The client identifier that was given in it.
    assigned: Option<(ConnectionId, Utf8String)>,
    /// Whom messages went to in it.
    routes: Vec<Route>,
}

impl Log {
    /// A rule is asked.
    pub(crate) fn note(&self, rule: Rule) {
        self.asked.set(self.asked.get().without(rule));
    }

    /// A client gets this client identifier.
    pub(crate) fn assign(&mut self, id: ConnectionId, client_id: Utf8String) {
        self.assigned = Some((id, client_id));
    }

    /// A message goes these ways.
    pub(crate) fn route(&mut self, mut routes: Vec<Route>) {
        self.routes.append(&mut routes);
    }

    /// The next step begins.
    pub(crate) fn begin(&mut self, at: Duration, cause: Cause, out: &[Output]) {
        self.end(at, out);
        self.current = Some((cause, out.len()));
    }

    fn end(&mut self, at: Duration, out: &[Output]) {
        let (asked, routes) = (self.asked.take(), std::mem::take(&mut self.routes));
        let assigned = self.assigned.take();
        let Some((cause, start)) = self.current.take() else { return };
        let rules: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| !asked.obeys(*rule)).collect();
        let done = out.get(start..).unwrap_or_default().to_vec();
        // That time passes is only worth a word if something comes of it.
        if !matches!(cause, Cause::Other(_)) || !done.is_empty() {
            self.steps.push(Step { at, cause, assigned, rules, routes, done });
        }
    }

    /// All steps.
    pub(crate) fn finish(mut self, at: Duration, out: &[Output]) -> Vec<Step> {
        self.end(at, out);
        self.steps
    }
}

/// A message that a subscription matches.
struct Found<'m> {
    message: &'m Message,
    /// Whether the subscription is the publisher's.
    is_own: bool,
    /// Whether it is its turn, if it is shared.
    is_chosen: bool,
}

impl Broker {
    /// The ways of a message by all subscriptions, of which `matches` have been found.
    pub(crate) fn routes(
        &self,
        publisher: Option<SessionKey>,
        message: &Message,
        matches: &[Match],
    ) -> Vec<Route> {
        let Ok(name) = TopicName::parse(&message.topic) else { return Vec::new() };
        let mut routes = Vec::new();
        for session in self.sessions.iter() {
            let key = self.sessions.of_client(&session.client_id);
            for (filter, options) in session.subscriptions.values() {
                let fate = if filter.matches(&name) {
                    let is_this = |found: &Match| Some(found.session) == key && is_by(found, filter);
                    let is_chosen = matches.iter().any(is_this);
                    let is_own = publisher == key;
                    self.fate(session, (filter, *options), Found { message, is_own, is_chosen })
                } else if is_hidden(filter, &name) {
                    Fate::HiddenDollar
                } else {
                    continue;
                };
                let (topic, client_id) = (message.topic.clone(), session.client_id.clone());
                routes.push(Route { topic, client_id, filter: filter.as_utf8().clone(), fate });
            }
        }
        routes
    }

    fn fate(
        &self,
        session: &Session,
        (filter, options): (&TopicFilter, Options),
        Found { message, is_own, is_chosen }: Found<'_>,
    ) -> Fate {
        let qos = message.qos.min(options.qos);
        if is_own && options.no_local {
            Fate::NoLocal
        } else if !session.may_read(&message.topic) {
            Fate::NotPermitted
        } else if filter.share_name().is_some() && !is_chosen {
            Fate::OthersTurn
        } else if session.link.is_none() && qos == QoS::AtMostOnce && !self.config.queue_qos_0 {
            Fate::NotKept
        } else if filter.share_name().is_some() {
            Fate::Chosen(qos)
        } else {
            Fate::Delivered(qos)
        }
    }
}

/// Whether a match is one of this Shared Subscription.
fn is_by(found: &Match, filter: &TopicFilter) -> bool {
    found.shared.as_ref() == Some(filter.as_utf8())
}

/// Whether the filter would match if the topic name did not begin with `$`.
fn is_hidden(filter: &TopicFilter, topic: &TopicName) -> bool {
    let Some(rest) = topic.as_str().strip_prefix('$') else { return false };
    let Ok(plain) = Utf8String::try_from(format!("-{rest}")) else { return false };
    filter.filter().starts_with(['+', '#'])
        && TopicName::parse(&plain).is_ok_and(|plain| filter.matches(&plain))
}
