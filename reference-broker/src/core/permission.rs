//! Who may publish and subscribe to what (MQTT 3.1.1 §5.4.2, MQTT 5.0 §5.4.2).

use std::{fmt, str::FromStr, sync::Arc};

use mqttspec_wire::{ReasonCode, TopicFilter, TopicName, Utf8String, packet::Connect};

use super::{
    Broker, Rule,
    refusal::Refusal,
    session::{Session, SessionKey},
    statistics::is_own_topic,
    turn::Turn,
};

/// A rule about who may do what; the first that fits decides, and what none fits is refused.
///
/// It is written `allow read sensors/#`, `deny write user=guest admin/#` or `allow all devices/${client}/#`: whether it
/// allows, what, to whom if not to everybody, and with which topics. A name with spaces stands between quotation marks:
/// `user="Ann Lee"`. `${user}` and `${client}` stand for the client's user name and client identifier. Where one of them
/// contains `/`, `+` or `#`, or would be a `$` at the beginning, which makes something else of the filter, the client may
/// do nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    allows: bool,
    access: Access,
    user: Option<String>,
    client_id: Option<String>,
    filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    All,
}

/// Why a text is no [`Permission`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPermission(String);

impl fmt::Display for NotPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotPermission {}

const USER: &str = "${user}";
const CLIENT: &str = "${client}";

impl FromStr for Permission {
    type Err = NotPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| Err(NotPermission(why.to_owned()));
        let (allows, rest) = match text.trim().split_once(' ') {
            Some(("allow", rest)) => (true, rest),
            Some(("deny", rest)) => (false, rest),
            _ => return wrong("it begins neither with `allow` nor with `deny`"),
        };
        let (access, mut rest) = match rest.trim_start().split_once(' ') {
            Some(("read", rest)) => (Access::Read, rest),
            Some(("write", rest)) => (Access::Write, rest),
            Some(("all", rest)) => (Access::All, rest),
            _ => {
                return wrong("it names neither `read` nor `write` nor `all`, with a topic filter behind it");
            }
        };
        let (mut user, mut client_id) = (None, None);
        loop {
            rest = rest.trim_start();
            let (who, behind) = if let Some(behind) = rest.strip_prefix("user=") {
                (&mut user, behind)
            } else if let Some(behind) = rest.strip_prefix("client=") {
                (&mut client_id, behind)
            } else {
                break;
            };
            let (name, behind) = split_name(behind)?;
            *who = Some(name.to_owned());
            rest = behind;
        }
        if rest.is_empty() {
            return wrong("it names no topic filter; for all topics, that is `#`");
        }
        let filter = rest.to_owned();
        let plain = filter.replace(USER, "x").replace(CLIENT, "x");
        if let Some((_, behind)) = plain.split_once("${") {
            let unknown = behind.split('}').next().unwrap_or_default();
            let why = format!("`${{{unknown}}}` stands for nothing; there are `{USER}` and `{CLIENT}`");
            return Err(NotPermission(why));
        }
        if let Err(fault) = parsed(&plain) {
            return Err(NotPermission(format!("`{filter}` is no topic filter: {fault}")));
        }
        Ok(Self { allows, access, user, client_id, filter })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
            Access::All => "all",
        };
        write!(f, "{} {access} ", if self.allows { "allow" } else { "deny" })?;
        for (key, name) in [("user", &self.user), ("client", &self.client_id)] {
            match name {
                Some(name) if name.contains(' ') => write!(f, "{key}=\"{name}\" ")?,
                Some(name) => write!(f, "{key}={name} ")?,
                None => {}
            }
        }
        f.write_str(&self.filter)
    }
}

/// The name that the text begins with, and what is behind it.
fn split_name(text: &str) -> Result<(&str, &str), NotPermission> {
    let split = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => Some(text.split_once(' ').unwrap_or((text, ""))),
    };
    let split = split.filter(|(name, _)| !name.is_empty());
    split.ok_or_else(|| {
        NotPermission(
            "`user=` or `client=` has no name behind it, or one whose `\"` is not closed".to_owned(),
        )
    })
}

fn parsed(filter: &str) -> Result<TopicFilter, String> {
    let text = Utf8String::try_from(filter).map_err(|_| "it is not text that MQTT can carry".to_owned())?;
    TopicFilter::parse_v3(&text).map_err(|fault| fault.to_string())
}

/// What one client may do: the rules about it, with nothing left to be replaced.
#[derive(Debug)]
pub(crate) struct Rights(Vec<Right>);

#[derive(Debug)]
struct Right {
    allows: bool,
    access: Access,
    filter: TopicFilter,
}

impl Rights {
    /// Those of a client.
    pub(crate) fn of(permissions: &[Permission], user: Option<&str>, client_id: &str) -> Self {
        let fits = |permission: &&Permission| {
            permission.user.as_deref().is_none_or(|wanted| user == Some(wanted))
                && permission.client_id.as_deref().is_none_or(|wanted| client_id == wanted)
                && (user.is_some() || !permission.filter.contains(USER))
        };
        let rights = permissions.iter().filter(fits).map(|permission| {
            let filter = replaced(&permission.filter, user.unwrap_or_default(), client_id)?;
            Some(Right { allows: permission.allows, access: permission.access, filter })
        });
        Self(rights.collect::<Option<_>>().unwrap_or_default())
    }

    /// Whether a message with this topic may be published.
    pub(crate) fn may_write(&self, topic: &Utf8String) -> bool {
        self.may(Access::Read, topic)
    }

    /// Whether a message with this topic may be delivered.
    pub(crate) fn may_read(&self, topic: &Utf8String) -> bool {
        self.may(Access::Write, topic)
    }

    fn may(&self, not: Access, topic: &Utf8String) -> bool {
        let Ok(topic) = TopicName::parse(topic) else { return false };
        let first = self.0.iter().find(|right| right.access != not && right.filter.matches(&topic));
        first.is_some_and(|right| right.allows)
    }

    /// Whether anything that the filter matches may be read. What may not is held back when it comes.
    pub(crate) fn may_subscribe(&self, filter: &TopicFilter) -> bool {
        let decides = |right: &&Right| {
            let concerns =
                if right.allows { right.filter.overlaps(filter) } else { right.filter.covers(filter) };
            right.access != Access::Write && concerns
        };
        self.0.iter().find(decides).is_some_and(|right| right.allows)
    }
}

/// The filter with names put in, in which nothing is looked for; none if a name would change what the filter means.
fn replaced(filter: &str, user: &str, client_id: &str) -> Option<TopicFilter> {
    let (mut text, mut rest) = (String::new(), filter);
    while let Some((before, behind)) = rest.split_once("${") {
        text.push_str(before);
        let (name, behind) = match behind.strip_prefix("user}") {
            Some(behind) => (user, behind),
            None => (client_id, behind.strip_prefix("client}")?),
        };
        let is_special = text.is_empty() && name.starts_with('$');
        if name.is_empty() || is_special || name.contains(['/', '+', '#']) {
            return None;
        }
        text.push_str(name);
        rest = behind;
    }
    text.push_str(rest);
    parsed(&text).ok()
}

impl Session {
    /// Whether a message with this topic may be delivered to it.
    pub(crate) fn may_read(&self, topic: &Utf8String) -> bool {
        self.rights.as_ref().is_none_or(|rights| rights.may_read(topic))
    }
}

impl Broker {
    /// What the client may do, `None` if nothing is restricted; refused if its session is another user's, or if its will
    /// may not be published.
    pub(crate) fn authorize(
        &self,
        connect: &Connect,
        client_id: &str,
    ) -> Result<Option<Arc<Rights>>, Refusal> {
        let refusal = |text| Err(Refusal::new(ReasonCode::NOT_AUTHORIZED, text));
        let session = self.sessions.of_client(client_id).and_then(|key| self.sessions.get(key));
        let owner = session.and_then(|session| session.owner.as_deref());
        if self.config.knows_users() && owner.is_some() && owner != connect.username.as_ref() {
            return refusal("the session belongs to another user");
        }
        let rights = self.rights(connect.username.as_ref(), client_id);
        let will = connect.will.as_ref().zip(rights.as_ref());
        if will.is_some_and(|(will, rights)| !rights.may_write(&will.topic)) {
            return refusal("the will may not be published");
        }
        Ok(rights)
    }

    /// What a client may do, `None` if nothing is restricted.
    pub(crate) fn rights(&self, user: Option<&Utf8String>, client_id: &str) -> Option<Arc<Rights>> {
        let permissions = &self.config.permissions;
        let user = user.map(|user| &**user);
        (!permissions.is_empty()).then(|| Arc::new(Rights::of(permissions, user, client_id)))
    }

    /// Whether a session may publish to the topic.
    pub(crate) fn may_write(&self, turn: &Turn, key: SessionKey, topic: &Utf8String) -> bool {
        let rights = self.sessions.get(key).and_then(|session| session.rights.as_ref());
        rights.is_none_or(|rights| rights.may_write(topic)) && !is_reserved(turn, topic)
    }
}

/// Whether no client may publish to the topic, whatever the rules say: it is the broker's own.
pub(crate) fn is_reserved(turn: &Turn, topic: &str) -> bool {
    is_own_topic(topic) && turn.obeys(Rule::OwnTopicsNotPublishedTo)
}
