//! The referee of one network connection.
//!
//! | file | what it judges |
//! |---|---|
//! | `opening` | which packets come first, once and last |
//! | `connect`, `auth` | CONNECT, CONNACK, DISCONNECT and AUTH against each other |
//! | `exchanges` | Packet Identifiers: what is in use, what is answered, in which order |
//! | `publish`, `alias` | a PUBLISH by itself and against what was announced |
//! | `quota`, `size` | Receive Maximum, Maximum Packet Size |
//! | `filters`, `subscriptions` | SUBSCRIBE, UNSUBSCRIBE and their answers; messages against subscriptions |
//! | `resumption` | what a client does with its session state once it knows the server's |
//! | `ping` | Keep Alive, PINGREQ and PINGRESP |
//! | `fault` | what could not be decoded |
//!
//! Each begins with its duties: a duty stands at one place, with its statement in either version, whose duty it is, and
//! what has to be known before it is judged. `findings` is where that is decided, `judged` lists them all.

mod alias;
mod auth;
mod connect;
mod exchanges;
mod fault;
mod filters;
mod findings;
mod judged;
mod matching;
mod opening;
mod ping;
mod publish;
mod quota;
mod resumption;
mod sides;
mod size;
mod subscriptions;
mod terms;
#[cfg(test)]
mod tests;

use std::time::Duration;

use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, ReasonCode, Sender,
    packet::{Connack, Publish},
};

pub use self::judged::judged;
use self::{
    alias::Aliases,
    exchanges::{Attempt, Exchanges},
    findings::Findings,
    opening::{Opening, Phase},
    ping::Life,
    quota::Quota,
    resumption::Resumption,
    sides::{Sides, peer},
    subscriptions::Subscriptions,
    terms::{Accepted, Terms},
};
use super::{Violation, duty::Holds};

/// What is known beforehand about a network connection. By default: that it will be seen from its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Knowledge {
    /// The version that the client speaks, where that is known without its CONNECT.
    pub version: Option<Version>,
    /// The connection was there before the referee: neither its CONNECT nor its CONNACK will be seen. Then `version`
    /// is needed, and only what packets show by themselves can be judged.
    pub midway: bool,
    /// The server sends nothing but what subscriptions of the client ask for. Servers can be set up to send more, and
    /// MQTT 5.0 allows it (§3.3.4). Without this knowledge a PUBLISH is compared with the client's subscriptions only
    /// if a Subscription Identifier says that they caused it.
    pub solicited_only: bool,
}

/// The referee of one network connection.
///
/// It is told everything that happens on the connection, in the order in which it passes one point of it. Its memory
/// is bounded, whatever it is told.
///
/// After a side has broken a statement, the other side is held only to what the standards demand of it in any case:
/// the form of its packets, their place (first, once, last), and the limits that CONNECT and CONNACK announced. After
/// something could not be seen, the same goes for both sides.
#[derive(Debug)]
pub struct Connection {
    knowledge: Knowledge,
    /// What the topics have in their names that nothing but subscriptions of the client leads to.
    solicited: Option<String>,
    /// None as long as nobody can know it.
    version: Option<Version>,
    opening: Opening,
    terms: Option<Terms>,
    /// Something was not seen.
    missed: bool,
    /// Who has broken a statement.
    broke: Sides<bool>,
    exchanges: Sides<Exchanges>,
    aliases: Sides<Aliases>,
    quotas: Sides<Quota>,
    subscriptions: Subscriptions,
    life: Life,
    resumption: Resumption,
}

impl Connection {
    /// The referee of a new connection.
    pub fn new(knowledge: Knowledge) -> Self {
        let phase = if knowledge.midway { Phase::Unknown } else { Phase::Unopened };
        Self {
            knowledge,
            solicited: None,
            version: knowledge.version,
            opening: Opening::new(phase),
            terms: None,
            missed: knowledge.midway,
            broke: Sides::default(),
            exchanges: Sides::default(),
            aliases: Sides::default(),
            quotas: Sides::default(),
            subscriptions: Subscriptions::default(),
            life: Life::default(),
            resumption: Resumption::default(),
        }
    }

    /// The server sends messages to topics with this in their names only if a subscription of the client asks for them,
    /// as with [`Knowledge::solicited_only`]: it does not know of these topics from anywhere else.
    pub fn solicits_all_with(&mut self, mark: String) {
        self.solicited = Some(mark);
    }

    /// `sender` sent a packet of `size` bytes. `at`: the time since any moment that stays the same.
    pub fn packet(&mut self, at: Duration, sender: Sender, packet: &Packet, size: usize) -> Vec<Violation> {
        if let (Packet::Connect(connect), Sender::Client, Phase::Unopened) =
            (packet, sender, self.opening.phase)
        {
            self.version = Some(connect.version);
            self.terms = Some(Terms::asked(connect));
        }
        let Some(version) = self.version else {
            self.lose_sight();
            return Vec::new();
        };
        let mut findings = Findings::new(sender, version, self.extent(sender));
        if !is_sent_by(sender, version, packet) {
            // The decoder's business; it lets no such packet through.
            self.lose_sight();
        } else if self.opening.admit(packet, &mut findings) {
            self.judge(at, packet, size, &mut findings);
        } else if self.opening.phase == Phase::Unknown || sender == Sender::Client {
            // The server may act on what was not looked at.
            self.missed = true;
        }
        self.close_case(sender, findings)
    }

    /// `by` closed its direction of the connection, or broke it off.
    ///
    /// Nothing can be judged by that alone: no standard says within what time a connection has to be closed, and what
    /// is unanswered at the end may have been on its way.
    pub fn closed(&mut self, _at: Duration, _by: Sender) -> Vec<Violation> {
        Vec::new()
    }

    /// Bytes of the connection are missing, so that nobody knows what they said.
    pub fn gap(&mut self) {
        self.lose_sight();
    }

    fn lose_sight(&mut self) {
        self.missed = true;
        self.opening.phase = Phase::Unknown;
    }

    fn extent(&self, sender: Sender) -> Holds {
        match (self.missed, *self.broke.of(peer(sender))) {
            (true, _) => Holds::Always,
            (false, true) => Holds::Sighted,
            (false, false) => Holds::Mutual,
        }
    }

    fn close_case(&mut self, sender: Sender, findings: Findings) -> Vec<Violation> {
        let violations = findings.into_violations();
        *self.broke.of_mut(sender) |= !violations.is_empty();
        violations
    }

    fn is_fresh(&self, side: Sender) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.is_fresh(side))
    }

    /// A packet that stands where it may stand.
    fn judge(&mut self, at: Duration, packet: &Packet, size: usize, findings: &mut Findings) {
        if let Some(terms) = &self.terms {
            size::size(packet, size, terms, findings);
            match findings.party {
                Sender::Client => auth::before_connack(packet, self.opening.phase, terms, findings),
                Sender::Server => size::problem_information(packet, terms, findings),
            }
        }
        if findings.party == Sender::Client {
            self.life.client(at, packet, self.terms.as_ref(), findings);
            if let Some(terms) = &self.terms {
                self.resumption.client(packet, &self.exchanges, terms, findings);
            }
        }
        self.judge_type(at, packet, findings);
    }

    fn judge_type(&mut self, at: Duration, packet: &Packet, findings: &mut Findings) {
        let fresh = self.is_fresh(findings.party);
        let asked = peer(findings.party);
        let own = self.exchanges.of_mut(findings.party);
        match packet {
            Packet::Connect(packet) => connect::connect(packet, findings),
            Packet::Connack(packet) => self.connack(at, packet, findings),
            Packet::Publish(packet) => self.publish(packet, findings),
            Packet::Puback(ack) => {
                self.exchanges.of_mut(asked).puback(ack, fresh, findings);
                self.quotas.of_mut(asked).completed();
            }
            Packet::Pubrec(ack) => {
                self.exchanges.of_mut(asked).pubrec(ack, fresh, findings);
                self.quotas.of_mut(asked).pubrec(ack);
            }
            Packet::Pubcomp(ack) => {
                self.exchanges.of_mut(asked).pubcomp(ack, fresh, findings);
                self.quotas.of_mut(asked).completed();
            }
            Packet::Pubrel(ack) => own.pubrel(ack.id, fresh, findings),
            Packet::Subscribe(packet) => {
                filters::subscribe(packet, self.terms.as_ref(), findings);
                own.subscribe(packet.id, self.subscriptions.was_asked(packet), findings);
                self.subscriptions.subscribe(packet);
            }
            Packet::Suback(packet) => {
                if self.exchanges.of_mut(asked).suback(packet.id, findings) {
                    self.subscriptions.suback(packet, findings);
                }
            }
            Packet::Unsubscribe(packet) => {
                filters::unsubscribe(packet, findings);
                own.unsubscribe(packet.id, self.subscriptions.was_withdrawn(packet), findings);
                self.subscriptions.unsubscribe(packet);
            }
            Packet::Unsuback(packet) => {
                if self.exchanges.of_mut(asked).unsuback(packet.id, findings) {
                    let whole = fresh && self.knowledge.solicited_only;
                    self.subscriptions.unsuback(packet, whole, findings);
                }
            }
            Packet::Pingreq => {}
            Packet::Pingresp => self.life.pingresp(findings),
            Packet::Disconnect(packet) => {
                if let Some(terms) = self.terms.as_ref().filter(|_| findings.party == Sender::Client) {
                    connect::disconnect(packet, terms, findings);
                    self.aliases.of(Sender::Server).refused(packet, findings);
                }
            }
            Packet::Auth(packet) => {
                if let Some(terms) = &self.terms {
                    auth::auth(packet, self.opening.phase, terms, findings);
                }
            }
        }
    }

    fn connack(&mut self, at: Duration, connack: &Connack, findings: &mut Findings) {
        let Some(terms) = &mut self.terms else { return };
        connect::connack(connack, terms, findings);
        auth::connack(connack, terms, findings);
        if connack.reason == ReasonCode::SUCCESS {
            terms.accepted = Some(Accepted::granted(connack));
            self.life.accepted(at);
        }
    }

    fn publish(&mut self, publish: &Publish, findings: &mut Findings) {
        publish::publish(publish, self.terms.as_ref(), findings);
        let fresh = self.is_fresh(findings.party);
        let limits = self.terms.as_ref().and_then(|terms| terms.limits(peer(findings.party)));
        if let Some(id) = publish.delivery.id() {
            let attempt =
                self.exchanges.of_mut(findings.party).publish(id, publish.delivery, fresh, findings);
            if attempt == Attempt::First {
                let maximum = limits.map(|limits| limits.receive_maximum);
                self.quotas.of_mut(findings.party).publish(id, publish.delivery, maximum, findings);
            }
        }
        let maximum = limits.map(|limits| limits.topic_alias);
        let topic = self.aliases.of_mut(findings.party).resolve(publish, maximum, findings);
        if findings.party == Sender::Server && fresh {
            let is_own = topic.zip(self.solicited.as_ref()).is_some_and(|(topic, mark)| topic.contains(mark));
            self.subscriptions.delivered(publish, topic, is_own || self.knowledge.solicited_only, findings);
        }
    }

    /// How much is remembered, in bytes or entries or so.
    #[cfg(test)]
    fn weight(&self) -> usize {
        [Sender::Client, Sender::Server]
            .into_iter()
            .map(|side| self.exchanges.of(side).weight() + self.aliases.of(side).weight())
            .sum::<usize>()
            + self.subscriptions.weight()
    }
}

/// Whether packets of this type flow in this direction (MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2).
const fn is_sent_by(sender: Sender, version: Version, packet: &Packet) -> bool {
    let (is_client, is_v5) = (matches!(sender, Sender::Client), matches!(version, Version::V5_0));
    match packet {
        Packet::Connect(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::Pingreq => is_client,
        Packet::Connack(_) | Packet::Suback(_) | Packet::Unsuback(_) | Packet::Pingresp => !is_client,
        Packet::Publish(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_) => true,
        Packet::Disconnect(_) => is_client || is_v5,
        Packet::Auth(_) => is_v5,
    }
}
