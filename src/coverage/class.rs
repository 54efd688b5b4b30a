//! What of the standard is judged, and by whom.

use std::{collections::BTreeSet, fmt};

use mqttspec_spec::{Level, StatementId, Version};
use mqttspec_wire::Sender;

use crate::{referee::judged, scenario::ast::Scenario, stage::JUDGED_OVER_WEBSOCKET};

/// How a statement is judged. It counts in the first of these that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// By scenarios: so many cover it.
    Scenarios(usize),
    /// Not at all: nothing that is seen from outside shows a breach.
    NotObservable,
    /// Not at all: it permits something, so that every behaviour keeps it. That nobody is accused of making use of it is
    /// tested with brokers that do.
    Permission,
    /// By the referee, on every packet that a broker sends.
    Referee,
    /// By the player, on every network connection that is opened over WebSocket.
    WebSocket,
    /// By the referee too, but it is the client's duty: in captures only, since the player is not judged.
    Captures,
    /// By nobody, and nobody has said why. The tests allow no such statement.
    Unknown,
}

impl Class {
    /// The names of all classes, in order.
    pub const NAMES: [&str; 7] = [
        "by scenarios",
        "by the referee",
        "over WebSocket",
        "in captures",
        "not observable",
        "a permission",
        "not yet",
    ];

    /// Its name, without what goes with it.
    pub const fn name(self) -> &'static str {
        let [scenarios, referee, websocket, captures, not_observable, permission, unknown] = Self::NAMES;
        match self {
            Self::Scenarios(_) => scenarios,
            Self::Referee => referee,
            Self::WebSocket => websocket,
            Self::Captures => captures,
            Self::NotObservable => not_observable,
            Self::Permission => permission,
            Self::Unknown => unknown,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenarios(1) => f.write_str("by 1 scenario"),
            Self::Scenarios(count) => write!(f, "by {count} scenarios"),
            Self::Referee
            | Self::WebSocket
            | Self::Captures
            | Self::NotObservable
            | Self::Permission
            | Self::Unknown => f.write_str(self.name()),
        }
    }
}

/// The class of every statement of both versions.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// In the order of the catalogue.
    pub statements: Vec<(StatementId, Class)>,
}

impl Coverage {
    /// What these scenarios and the referee judge.
    pub fn of<'s>(scenarios: impl IntoIterator<Item = &'s Scenario>) -> Self {
        let covers = scenarios.into_iter().map(|scenario| &scenario.covers);
        let covered: Vec<StatementId> =
            covers.flat_map(|covers| covers.v3.iter().chain(&covers.v5)).copied().collect();
        let (server, client) = (judged(Sender::Server), judged(Sender::Client));
        let class = |id: StatementId| {
            let count = covered.iter().filter(|covered| **covered == id).count();
            match id.statement().out_of_reach {
                _ if count > 0 => Class::Scenarios(count),
                Some(_) => Class::NotObservable,
                None if server.contains(&id) => Class::Referee,
                None if JUDGED_OVER_WEBSOCKET.contains(&id) => Class::WebSocket,
                None if client.contains(&id) => Class::Captures,
                None if id.statement().level == Level::May => Class::Permission,
                None => Class::Unknown,
            }
        };
        let ids = Version::ALL.into_iter().flat_map(Version::statements);
        Self { statements: ids.map(|id| (id, class(id))).collect() }
    }

    /// Where the catalogue does not say the truth about what is out of reach, or nothing at all: a sentence each.
    pub fn gaps(&self) -> Vec<String> {
        let judged: BTreeSet<_> = judged(Sender::Server).union(&judged(Sender::Client)).copied().collect();
        let gap = |(id, class): &(StatementId, Class)| {
            let reason = id.statement().out_of_reach;
            match class {
                Class::Scenarios(_) if reason.is_some() => {
                    Some(format!("{id} is judged: its entry in out-of-reach.yaml is not true any more"))
                }
                Class::NotObservable if id.statement().level == Level::May => Some(format!(
                    "{id} is a permission, which nobody can break: out-of-reach.yaml need not say so"
                )),
                Class::NotObservable if judged.contains(id) => Some(format!(
                    "{id} is judged by the referee, so out-of-reach.yaml cannot say that nobody sees it"
                )),
                Class::Unknown => Some(format!(
                    "{id} is judged by nobody: write a scenario, or say in out-of-reach.yaml why there can be none"
                )),
                Class::Scenarios(_)
                | Class::Referee
                | Class::WebSocket
                | Class::Captures
                | Class::Permission
                | Class::NotObservable => None,
            }
        };
        self.statements.iter().filter_map(gap).collect()
    }

    /// The class of a statement.
    pub fn class(&self, id: StatementId) -> Class {
        self.statements.iter().find(|(other, _)| *other == id).map_or(Class::Unknown, |(_, class)| *class)
    }

    /// The statements of a class, whatever goes with it.
    pub fn all(&self, name: &str) -> BTreeSet<StatementId> {
        self.statements.iter().filter(|(_, class)| class.name() == name).map(|(id, _)| *id).collect()
    }
}
