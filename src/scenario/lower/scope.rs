//! The names of a scenario: variables, marks, and clients with the state of their network connections.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_spec::Version;

use super::{Lower, Mistake, keys, literal, versions::Versions};
use crate::scenario::{ast::Span, diagnostic::Code, suggest};

/// Limits of the target that `$limits.NAME` stands for.
const LIMITS: [&str; 5] = [
    "limits.maximum_qos",
    "limits.receive_maximum",
    "limits.topic_alias_maximum",
    "limits.maximum_packet_size",
    "limits.server_keep_alive",
];

/// The type of a variable's value, as far as the file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Flag,
    Bytes,
}

impl Type {
    /// The type in words.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Flag => "`true` or `false`",
            Self::Bytes => "bytes",
        }
    }
}

/// Where a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `vary`.
    Vary,
    /// `repeat` with `as`.
    Counter,
    /// A matcher with `save`.
    Saved,
}

/// The names that can be used at a point of the scenario.
#[derive(Default)]
pub(super) struct Scope {
    variables: BTreeMap<String, Name<(Type, Origin)>>,
    marks: BTreeMap<String, Name<()>>,
    /// The names of all clients of the scenario.
    pub(super) clients: BTreeSet<String>,
    connections: BTreeMap<(String, Version), Connection>,
}

/// What is known of a name.
struct Name<T> {
    what: T,
    versions: Versions,
    introduced: Span,
    used: bool,
    /// All values it takes, as far as they are known to be numbers.
    numbers: Vec<f64>,
}

/// The state of a client's network connection; a client without one has never had any.
#[derive(Clone)]
enum Connection {
    Open,
    Connected,
    HalfClosed,
    Closed(Span),
    /// Open or closed.
    Doubtful,
}

/// What an action needs of the client's network connection, or does to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Opens one.
    Opens,
    /// Opens one if none is open, and connects.
    Connects,
    /// Sends.
    Sends,
    /// Listens.
    Listens,
    /// Closes it.
    Closes,
    /// Closes it in one direction.
    HalfCloses,
    /// Leaves it open or closed.
    MayClose,
}

impl Lower {
    /// The type of the variable `name`, which must be there under each version that counts.
    pub(super) fn variable(&mut self, name: &str, span: &Span) -> Option<Type> {
        if let Some(known) = predefined(name) {
            return self.known_client(name, span).map(|()| known);
        }
        let Some(variable) = self.scope.variables.get_mut(name) else {
            return self.refuse(self.unknown_variable(name, span));
        };
        variable.used = true;
        let missing = self.versions.without(variable.versions);
        if !missing.is_empty() {
            let message = format!("`${name}` has no value under {missing}");
            let mistake = Mistake::new(Code::WrongVersion, span, message, "played under both versions")
                .also(&variable.introduced, format!("saved under {} only", variable.versions));
            return self.refuse(mistake);
        }
        Some(variable.what.0)
    }

    /// Refuses a variable such as `id.CLIENT` if the scenario has no such client.
    fn known_client(&mut self, name: &str, span: &Span) -> Option<()> {
        let Some((_, client)) = name.split_once('.').filter(|_| !LIMITS.contains(&name)) else {
            return Some(());
        };
        if self.scope.clients.contains(client) {
            return Some(());
        }
        let message = format!("the scenario has no client `{client}`");
        let clients = self.scope.clients.iter().map(String::as_str);
        self.refuse(keys::unknown(span, message, client, clients))
    }

    fn unknown_variable(&self, name: &str, span: &Span) -> Mistake {
        let predefined = ["topic", "id"].into_iter().chain(LIMITS);
        let known: Vec<&str> = self.scope.variables.keys().map(String::as_str).chain(predefined).collect();
        let message = format!("there is no variable `${name}` here");
        let label = format!(
            "{} is known here",
            suggest::one_of(known.iter().copied().filter(|name| !name.starts_with("limits.")))
        );
        let (help, guess) = match name.split_once('.') {
            Some((first, rest)) if known.contains(&first) => {
                (format!("to go on with a `.` write `${{{first}}}.{rest}`"), None)
            }
            Some(_) | None => (
                format!("for the text `${name}` write `$${name}`; a saved value is known after it is saved"),
                suggest::did_you_mean(name, known),
            ),
        };
        Mistake::new(Code::UnknownName, span, message, label).help(help).maybe_help(guess)
    }

    /// Introduces a variable for the versions that count.
    pub(super) fn introduce(&mut self, name: &str, span: &Span, what: Type, origin: Origin) -> Option<()> {
        self.check_name(name, span, "variable")?;
        if name == "topic" || name == "id" {
            let message = format!("`${name}` has a meaning of its own");
            return self.refuse(Mistake::new(Code::Duplicate, span, message, "choose another name"));
        }
        let versions = self.versions;
        if let Some(known) = self.scope.variables.get_mut(name) {
            if known.what == (what, Origin::Saved) && origin == Origin::Saved {
                known.versions = known.versions.or(versions);
                return Some(());
            }
            let message = format!("`${name}` is there already");
            let mistake = Mistake::new(Code::Duplicate, span, message, "choose another name")
                .also(&known.introduced, "introduced here");
            return self.refuse(mistake);
        }
        let variable = Name {
            what: (what, origin),
            versions,
            introduced: span.clone(),
            used: false,
            numbers: Vec::new(),
        };
        self.scope.variables.insert(name.to_owned(), variable);
        Some(())
    }

    /// Notes the numbers that a variable takes.
    pub(super) fn takes(&mut self, name: &str, numbers: Vec<f64>) {
        if let Some(variable) = self.scope.variables.get_mut(name) {
            variable.numbers = numbers;
        }
    }

    /// The numbers that a variable takes, with the place where it is introduced; none if that is not known.
    pub(super) fn numbers(&self, name: &str) -> Option<(&[f64], &Span)> {
        self.scope.variables.get(name).map(|variable| (variable.numbers.as_slice(), &variable.introduced))
    }

    /// Forgets a counter at the end of its `repeat`.
    pub(super) fn forget(&mut self, name: &str) {
        if let Some(variable) = self.scope.variables.remove(name)
            && !variable.used
        {
            self.add(unused(&variable.introduced, format!("the counter `${name}` is never used")));
        }
    }

    /// Refuses variables and marks that were introduced in vain.
    pub(super) fn check_unused(&mut self) {
        let variables = std::mem::take(&mut self.scope.variables);
        for (name, variable) in variables.iter().filter(|(_, variable)| !variable.used) {
            let what = if variable.what.1 == Origin::Vary { "varied" } else { "saved" };
            self.add(unused(&variable.introduced, format!("`${name}` is {what} and never used")));
        }
        let marks = std::mem::take(&mut self.scope.marks);
        for (name, mark) in marks.iter().filter(|(_, mark)| !mark.used) {
            self.add(unused(&mark.introduced, format!("no step is timed since the mark `{name}`")));
        }
    }

    /// Introduces a mark for the versions that count.
    pub(super) fn mark(&mut self, name: &str, span: &Span) -> Option<()> {
        self.check_name(name, span, "mark")?;
        let versions = self.versions;
        let Some(known) = self.scope.marks.get_mut(name) else {
            let mark =
                Name { what: (), versions, introduced: span.clone(), used: false, numbers: Vec::new() };
            self.scope.marks.insert(name.to_owned(), mark);
            return Some(());
        };
        if known.versions.and(versions).is_empty() {
            known.versions = known.versions.or(versions);
            return Some(());
        }
        let message = format!("the mark `{name}` is set twice");
        let mistake = Mistake::new(Code::Duplicate, span, message, "choose another name")
            .also(&known.introduced, "first set here");
        self.refuse(mistake)
    }

    /// Uses a mark, which must be set under each version that counts.
    pub(super) fn since(&mut self, name: &str, span: &Span) -> Option<()> {
        let versions = self.versions;
        if let Some(mark) = self.scope.marks.get_mut(name) {
            mark.used = true;
            let missing = versions.without(mark.versions);
            if missing.is_empty() {
                return Some(());
            }
            let message = format!("the mark `{name}` is not set under {missing}");
            let mistake = Mistake::new(Code::WrongVersion, span, message, "played under both versions")
                .also(&mark.introduced, "set here");
            return self.refuse(mistake);
        }
        let message = format!("no step before this one has the mark `{name}`");
        let marks: Vec<&str> = self.scope.marks.keys().map(String::as_str).collect();
        let mistake = keys::unknown(span, message, name, marks);
        self.refuse(mistake)
    }

    /// Checks the form of a new name.
    pub(super) fn check_name(&mut self, name: &str, span: &Span, what: &str) -> Option<()> {
        if literal::is_name(name) {
            return Some(());
        }
        let message = format!("`{name}` cannot be the name of a {what}");
        let label = "a name has the letters a to z, digits and `_`, and begins with a letter";
        self.refuse(Mistake::new(Code::WrongValue, span, message, label))
    }

    /// Notes what an action does to the client's network connection; it must be in a state that admits it.
    pub(super) fn act(&mut self, client: &str, span: &Span, effect: Effect) {
        for version in self.versions.iter() {
            let key = (client.to_owned(), version);
            if let Some(mistake) = self.objection(self.scope.connections.get(&key), client, span, effect) {
                return self.add(mistake);
            }
            let next = match effect {
                Effect::Opens => Connection::Open,
                Effect::Connects => Connection::Connected,
                Effect::Closes => Connection::Closed(span.clone()),
                Effect::HalfCloses => Connection::HalfClosed,
                Effect::MayClose => Connection::Doubtful,
                Effect::Sends | Effect::Listens => continue,
            };
            self.scope.connections.insert(key, next);
        }
    }

    /// Notes that the client has taken over the network connection of another, whose new name it is.
    pub(super) fn takes_role(&mut self, client: &str) {
        for version in self.versions.iter() {
            self.scope.connections.insert((client.to_owned(), version), Connection::Connected);
        }
    }

    /// Notes that something closes the network connections of all clients.
    pub(super) fn all_closed(&mut self, span: &Span) {
        let versions = self.versions;
        let of_these =
            self.scope.connections.iter_mut().filter(|((_, version), _)| versions.contains(*version));
        of_these.for_each(|(_, connection)| *connection = Connection::Closed(span.clone()));
    }

    /// Notes that after a step that is wrong nothing is known of the client's network connection.
    pub(super) fn doubt(&mut self, client: &str) {
        for version in self.versions.iter() {
            self.scope.connections.insert((client.to_owned(), version), Connection::Doubtful);
        }
    }

    /// Why an action with this effect is out of place, if it is.
    fn objection(
        &self,
        connection: Option<&Connection>,
        client: &str,
        span: &Span,
        effect: Effect,
    ) -> Option<Mistake> {
        let wrong = |message: String, label: &str| Mistake::new(Code::WrongOrder, span, message, label);
        match (connection, effect) {
            (Some(Connection::Doubtful), _)
            | (None | Some(Connection::Closed(_)), Effect::Opens | Effect::Connects)
            | (Some(Connection::Open), Effect::Connects)
            | (Some(Connection::Open | Connection::Connected), Effect::Sends | Effect::HalfCloses)
            | (
                Some(Connection::Open | Connection::Connected | Connection::HalfClosed),
                Effect::Listens | Effect::Closes | Effect::MayClose,
            ) => None,
            (None, _) => {
                let connected = self.scope.connections.keys().map(|(name, _)| name.as_str());
                Some(
                    wrong(format!("`{client}` acts before it connects"), "`connect` or `open` first")
                        .maybe_help(suggest::did_you_mean(client, connected)),
                )
            }
            (Some(Connection::Closed(at)), _) => Some(
                wrong(format!("`{client}` has no network connection here"), "`connect` or `open` first")
                    .also(at, "closed here"),
            ),
            (Some(Connection::HalfClosed), Effect::Sends | Effect::HalfCloses) => {
                Some(wrong(format!("`{client}` can send no more"), "after `half-close` it can only listen"))
            }
            (Some(_), Effect::Connects) => {
                let message = format!("`{client}` is connected already");
                Some(
                    wrong(message, "`disconnect` or `cut` first")
                        .help("to send a second CONNECT write `send: {connect: {}}`"),
                )
            }
            (Some(_), _) => {
                let message = format!("`{client}` has a network connection already");
                Some(wrong(message, "`disconnect` or `cut` first"))
            }
        }
    }
}

/// The type of a variable that need not be introduced.
fn predefined(name: &str) -> Option<Type> {
    match name.split_once('.') {
        None if name == "topic" || name == "id" => Some(Type::Text),
        Some(("id", _)) => Some(Type::Text),
        Some(("server_keep_alive", _)) => Some(Type::Number),
        Some(_) if LIMITS.contains(&name) => Some(Type::Number),
        None | Some(_) => None,
    }
}

fn unused(span: &Span, message: String) -> Mistake {
    Mistake::new(Code::Unused, span, message, "use it or leave it out")
}
