//! Topic names and topic filters (MQTT 3.1.1 §4.7, MQTT 5.0 §4.7).
//!
//! Packets carry topics as plain [`Utf8String`]s, because a well-formed packet may hold an invalid one, which has an
//! answer of its own. These types are the proof that one is valid.

use std::fmt;

use crate::Utf8String;

/// A valid topic name: at least one character and no wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Utf8String);

/// A valid topic filter, split into its share name, if any, and the filter that messages are matched against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter {
    whole: Utf8String,
    /// Length of `$share/NAME/` in `whole`, 0 when the filter is not shared.
    prefix: usize,
}

/// Why a text is not a topic name or topic filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicFault {
    /// It has no character.
    #[error("it is empty")]
    Empty,
    /// A topic name holds a wildcard character.
    #[error("a topic name cannot contain `+` or `#`")]
    Wildcard,
    /// `#` is not the last character, or does not follow `/`.
    #[error("`#` must be the last level, alone")]
    MultiLevelWildcard,
    /// `+` does not fill a whole level.
    #[error("`+` must fill a whole level")]
    SingleLevelWildcard,
    /// `$share/` is not followed by a share name and a filter.
    #[error("`$share/` must be followed by a share name without wildcards, `/` and a topic filter")]
    ShareName,
}

impl TopicName {
    /// The topic name in `text`.
    pub fn parse(text: &Utf8String) -> Result<Self, TopicFault> {
        if text.is_empty() {
            Err(TopicFault::Empty)
        } else if text.contains(['+', '#']) {
            Err(TopicFault::Wildcard)
        } else {
            Ok(Self(text.clone()))
        }
    }

    /// The topic as packets carry it.
    pub fn as_utf8(&self) -> &Utf8String {
        &self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TopicFilter {
    /// The topic filter in `text`, with `$share/NAME/` understood as MQTT 5.0 §4.8.2 says.
    pub fn parse_v5(text: &Utf8String) -> Result<Self, TopicFault> {
        let Some(rest) = text.strip_prefix("$share/") else {
            return Self::parse_v3(text);
        };
        let (name, filter) = rest.split_once('/').ok_or(TopicFault::ShareName)?;
        if name.is_empty() || name.contains(['+', '#']) || filter.is_empty() {
            return Err(TopicFault::ShareName);
        }
        check_levels(filter)?;
        Ok(Self { whole: text.clone(), prefix: text.len() - filter.len() })
    }

    /// The topic filter in `text`; MQTT 3.1.1 knows no shared subscriptions.
    pub fn parse_v3(text: &Utf8String) -> Result<Self, TopicFault> {
        check_levels(text)?;
        Ok(Self { whole: text.clone(), prefix: 0 })
    }

    /// The filter as the client wrote it, which identifies its subscription.
    pub fn as_utf8(&self) -> &Utf8String {
        &self.whole
    }

    /// The part that topic names are matched against.
    pub fn filter(&self) -> &str {
        self.whole.split_at_checked(self.prefix).map_or("", |(_, filter)| filter)
    }

    /// The share name of a shared subscription (MQTT 5.0 §4.8.2).
    pub fn share_name(&self) -> Option<&str> {
        self.whole.split_at_checked(self.prefix)?.0.strip_prefix("$share/")?.strip_suffix('/')
    }

    /// Whether it contains a wildcard character.
    pub fn has_wildcard(&self) -> bool {
        self.filter().contains(['+', '#'])
    }

    /// Whether a message published to `topic` matches (MQTT 3.1.1 §4.7.1, MQTT 5.0 §4.7.1).
    ///
    /// A filter that begins with a wildcard does not match a topic name that begins with `$` (§4.7.2).
    pub fn matches(&self, topic: &TopicName) -> bool {
        let (mut filter, mut topic) = (self.filter().split('/'), topic.as_str().split('/').peekable());
        if self.filter().starts_with(['+', '#']) && topic.peek().is_some_and(|level| level.starts_with('$')) {
            return false;
        }
        loop {
            match (filter.next(), topic.next()) {
                (Some("#"), _) | (None, None) => return true,
                (Some(wanted), Some(level)) if wanted == "+" || wanted == level => {}
                (_, _) => return false,
            }
        }
    }

    /// Whether every topic name that `other` matches is matched by this one, whatever their share names.
    pub fn covers(&self, other: &Self) -> bool {
        let (mut own, mut others) = (self.filter().split('/'), other.filter().split('/'));
        if self.hides_from(other) {
            return false;
        }
        loop {
            match (own.next(), others.next()) {
                (Some("#"), _) | (None, None) => return true,
                (Some(wide), Some(narrow)) if narrow != "#" && (wide == "+" || wide == narrow) => {}
                (_, _) => return false,
            }
        }
    }

    /// Whether there is a topic name that both match, whatever their share names.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut own, mut others) = (self.filter().split('/'), other.filter().split('/'));
        if self.hides_from(other) || other.hides_from(self) {
            return false;
        }
        loop {
            match (own.next(), others.next()) {
                (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
                (Some(a), Some(b)) if a == b || a == "+" || b == "+" => {}
                (_, _) => return false,
            }
        }
    }

    /// Whether this one begins with a wildcard and the other with `$` (§4.7.2).
    fn hides_from(&self, other: &Self) -> bool {
        self.filter().starts_with(['+', '#']) && other.filter().starts_with('$')
    }
}

fn check_levels(filter: &str) -> Result<(), TopicFault> {
    if filter.is_empty() {
        return Err(TopicFault::Empty);
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return Err(TopicFault::MultiLevelWildcard);
        }
        if level.contains('+') && level != "+" {
            return Err(TopicFault::SingleLevelWildcard);
        }
    }
    Ok(())
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn filter(text: &str) -> Result<TopicFilter, TopicFault> {
        TopicFilter::parse_v5(&Utf8String::try_from(text).unwrap())
    }

    #[rstest]
    // The examples of the standard, §4.7.1 and §4.7.2.
    #[case("sport/tennis/player1/#", "sport/tennis/player1", true)]
    #[case("sport/tennis/player1/#", "sport/tennis/player1/ranking", true)]
    #[case("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true)]
    #[case("sport/#", "sport", true)]
    #[case("#", "sport/tennis", true)]
    #[case("sport/tennis/+", "sport/tennis/player1", true)]
    #[case("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    #[case("sport/+", "sport", false)]
    #[case("sport/+", "sport/", true)]
    #[case("+/+", "/finance", true)]
    #[case("/+", "/finance", true)]
    #[case("+", "/finance", false)]
    #[case("#", "$SYS/uptime", false)]
    #[case("+/monitor/Clients", "$SYS/monitor/Clients", false)]
    #[case("$SYS/#", "$SYS/uptime", true)]
    #[case("$SYS/monitor/+", "$SYS/monitor/Clients", true)]
    #[case("ACCOUNTS", "Accounts", false)]
    #[case("$share/group/a/+", "a/b", true)]
    #[case("$share/group//a", "/a", true)]
    fn matching(#[case] wanted: &str, #[case] topic: &str, #[case] expected: bool) {
        let topic = TopicName::parse(&Utf8String::try_from(topic).unwrap()).unwrap();
        assert_eq!(filter(wanted).unwrap().matches(&topic), expected);
    }

    #[rstest]
    #[case("", TopicFault::Empty)]
    #[case("sport/tennis#", TopicFault::MultiLevelWildcard)]
    #[case("sport/tennis/#/ranking", TopicFault::MultiLevelWildcard)]
    #[case("sport+", TopicFault::SingleLevelWildcard)]
    #[case("$share/", TopicFault::ShareName)]
    #[case("$share/group", TopicFault::ShareName)]
    #[case("$share/group/", TopicFault::ShareName)]
    #[case("$share//a", TopicFault::ShareName)]
    #[case("$share/a+/b", TopicFault::ShareName)]
    #[case("$share/a/b#", TopicFault::MultiLevelWildcard)]
    fn invalid_filters(#[case] text: &str, #[case] expected: TopicFault) {
        assert_eq!(filter(text), Err(expected));
    }

    #[test]
    fn a_shared_filter_has_two_parts() {
        let shared = filter("$share/group/a/+").unwrap();
        assert_eq!((shared.share_name(), shared.filter()), (Some("group"), "a/+"));
        assert_eq!(filter("$share").unwrap().share_name(), None);
    }

    #[rstest]
    #[case("#", "a/b", true, true)]
    #[case("#", "#", true, true)]
    #[case("a/#", "a", true, true)]
    #[case("a", "a/#", false, true)]
    #[case("a/+", "a/#", false, true)]
    #[case("a/#", "a/+/c", true, true)]
    #[case("a/+/c", "a/b/+", false, true)]
    #[case("+/b", "a/b", true, true)]
    #[case("a/b", "+/b", false, true)]
    #[case("a/b", "a/b/c", false, false)]
    #[case("a/b/c", "a/b", false, false)]
    #[case("a/+", "a", false, false)]
    #[case("a/+", "b/+", false, false)]
    #[case("#", "$SYS/#", false, false)]
    #[case("$SYS/#", "#", false, false)]
    #[case("+/x", "$SYS/x", false, false)]
    #[case("$share/g/a/#", "$share/h/a/b", true, true)]
    fn comparing(#[case] own: &str, #[case] other: &str, #[case] covers: bool, #[case] overlaps: bool) {
        let (own, other) = (filter(own).unwrap(), filter(other).unwrap());
        assert_eq!((own.covers(&other), own.overlaps(&other)), (covers, overlaps));
        assert_eq!(other.overlaps(&own), overlaps);
    }
}
