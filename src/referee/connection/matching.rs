//! Which topic names a topic filter covers (§4.7, MQTT 5.0 §4.8.2): the referee's own reading.

/// What a subscription's filter says about topic names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// These levels.
    Levels(&'a str),
    /// It begins with `$`, where servers have functions of their own: it may stand for any topic.
    Unknown,
}

/// How a topic name stands to a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Matches,
    /// Its levels match, but a leading wildcard does not cover a name that begins with `$` (§4.7.2).
    Hidden,
    Differs,
}

impl<'a> Pattern<'a> {
    /// The pattern of a topic filter. Servers offer shared subscriptions to clients of MQTT 3.1.1 too, so that
    /// `$share/NAME/` is understood in both versions.
    pub(super) fn of(filter: &'a str) -> Self {
        let shared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
        match shared {
            Some((_, levels)) => Self::Levels(levels),
            None if filter.starts_with('$') && !filter.starts_with("$SYS/") => Self::Unknown,
            None => Self::Levels(filter),
        }
    }

    pub(super) fn fit(self, topic: &str) -> Fit {
        match self {
            Self::Levels(levels) if !covers(levels, topic) => Fit::Differs,
            Self::Levels(levels) if topic.starts_with('$') && levels.starts_with(['+', '#']) => Fit::Hidden,
            Self::Levels(_) | Self::Unknown => Fit::Matches,
        }
    }
}

/// Level by level, without regard to `$`.
fn covers(levels: &str, topic: &str) -> bool {
    let mut names = topic.split('/');
    for level in levels.split('/') {
        if level == "#" {
            return true;
        }
        let Some(name) = names.next() else { return false };
        if level != "+" && level != name {
            return false;
        }
    }
    names.next().is_none()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a/#", "a", Fit::Matches)]
    #[case("a/#", "a/b/c", Fit::Matches)]
    #[case("a/+", "a", Fit::Differs)]
    #[case("a/+", "a/", Fit::Matches)]
    #[case("a/+", "a/b/c", Fit::Differs)]
    #[case("+/+", "/a", Fit::Matches)]
    #[case("+", "/a", Fit::Differs)]
    #[case("#", "a", Fit::Matches)]
    #[case("#", "$SYS/a", Fit::Hidden)]
    #[case("+/a", "$SYS/a", Fit::Hidden)]
    #[case("+/a", "$SYS/b", Fit::Differs)]
    #[case("$SYS/#", "$SYS/a", Fit::Matches)]
    #[case("A", "a", Fit::Differs)]
    #[case("$share/g/a/+", "a/b", Fit::Matches)]
    #[case("$share/g/#", "$SYS/a", Fit::Hidden)]
    #[case("$queue/a", "b", Fit::Matches)]
    fn patterns(#[case] filter: &str, #[case] topic: &str, #[case] expected: Fit) {
        assert_eq!(Pattern::of(filter).fit(topic), expected);
    }
}
