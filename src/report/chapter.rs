//! The chapters of the standards, by which reports are ordered.

use std::fmt;

use mqttspec_spec::{StatementId, Version};

/// A chapter of a standard to the second level: `3.3 PUBLISH`. Ordered as the standards order them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chapter {
    number: Vec<u16>,
    title: &'static str,
}

impl Chapter {
    /// The chapter that a scenario is about: that of its folder (`v5.0/3.3-publish/...`), or else of its main statement.
    ///
    /// Folders for both versions (`common/2.2-packet-identifier/...`) are numbered as MQTT 5.0 is.
    pub fn of(scenario: &str, main: Option<StatementId>) -> Self {
        let root = scenario.split('/').next().unwrap_or_default();
        let numbering = Version::parse(root).unwrap_or(Version::V5_0);
        let folders = scenario.rsplit('/').skip(1);
        let named = folders.filter_map(|folder| Self::numbered(numbering, folder.split_once('-')?.0));
        let of_main = || main.and_then(|id| Self::numbered(id.version(), id.statement().section));
        named.last().or_else(of_main).unwrap_or(Self { number: vec![u16::MAX], title: "Everything else" })
    }

    /// The chapter in which a statement stands.
    pub fn of_statement(id: StatementId) -> Self {
        Self::of("", Some(id))
    }

    /// The chapter of a section.
    fn numbered(version: Version, section: &str) -> Option<Self> {
        let number: Vec<u16> = section.split('.').take(2).map(str::parse).collect::<Result<_, _>>().ok()?;
        let title = title(version, &number);
        (!title.is_empty()).then_some(Self { number, title })
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number: Vec<String> = self.number.iter().map(ToString::to_string).collect();
        match self.number.as_slice() {
            [u16::MAX] => f.write_str(self.title),
            _ => write!(f, "{:4} {}", number.join("."), self.title),
        }
    }
}

fn title(version: Version, number: &[u16]) -> &'static str {
    match number {
        [1, 5] => "Data representation",
        [2, 1] => "Structure of a packet",
        [3, 1] => "CONNECT",
        [3, 2] => "CONNACK",
        [3, 3] => "PUBLISH",
        [3, 4] => "PUBACK",
        [3, 5] => "PUBREC",
        [3, 6] => "PUBREL",
        [3, 7] => "PUBCOMP",
        [3, 8] => "SUBSCRIBE",
        [3, 9] => "SUBACK",
        [3, 10] => "UNSUBSCRIBE",
        [3, 11] => "UNSUBACK",
        [3, 12] => "PINGREQ",
        [3, 13] => "PINGRESP",
        [3, 14] => "DISCONNECT",
        [3, 15] => "AUTH",
        [4, 1] => "Session state",
        [4, 2] => "Network connections",
        [4, 3] => "Quality of Service levels",
        [4, 4] => "Message delivery retry",
        [4, 5] => "Message receipt",
        [4, 6] => "Message ordering",
        [4, 7] => "Topic names and filters",
        [4, 9] => "Flow control",
        [4, 10] => "Request and response",
        [4, 11] => "Server redirection",
        [4, 12] => "Enhanced authentication",
        [4, 13] => "Handling errors",
        [6, ..] => "WebSocket",
        [7, ..] => "Conformance",
        _ => differing(version, number),
    }
}

/// The chapters that hold different things in the two versions.
fn differing(version: Version, number: &[u16]) -> &'static str {
    match (version, number) {
        (Version::V3_1_1, [2, 2]) => "Fixed header",
        (Version::V3_1_1, [2, 3]) | (Version::V5_0, [2, 2]) => "Variable header",
        (Version::V3_1_1, [2, 4]) | (Version::V5_0, [2, 3]) => "Payload",
        (Version::V5_0, [2, 4]) => "Reason codes",
        (Version::V3_1_1, [4, 8]) => "Handling errors",
        (Version::V5_0, [4, 8]) => "Subscriptions",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use mqttspec_spec::{v3, v5};
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_statement_stands_in_a_chapter_with_a_title() {
        for id in Version::ALL.into_iter().flat_map(Version::statements) {
            let chapter = Chapter::of_statement(id);
            assert_ne!(chapter.title, "Everything else", "{id}");
        }
    }

    fn of(id: StatementId) -> Chapter {
        Chapter::of("", Some(id))
    }

    #[test]
    fn chapters_are_ordered_by_number_and_shared_by_the_versions() {
        assert!(of(v5!("3.2.0-1")) < of(v5!("3.10.1-1")));
        assert_eq!(of(v5!("3.3.1-1")), of(v3!("3.3.1-1")));
        assert_ne!(of(v5!("4.8.2-1")), of(v3!("4.8.0-1")));
        assert!(of(v5!("6.0.0-1")) < Chapter::of("sanity", None));
    }

    #[rstest]
    #[case("v5.0/3.3-publish/retained", "3.3  PUBLISH")]
    #[case("common/4.8-shared/order", "4.8  Subscriptions")]
    #[case("common/2.2-packet-identifier/zero", "2.2  Variable header")]
    #[case("v3.1.1/2.2-fixed-header/flags", "2.2  Fixed header")]
    #[case("v3.1.1/6-websocket/3.2-x", "6    WebSocket")]
    #[case("mine/99-bottles/of-beer", "1.5  Data representation")]
    #[case("3.3-publish", "1.5  Data representation")]
    fn folders_name_chapters(#[case] scenario: &str, #[case] expected: &str) {
        let chapter = Chapter::of(scenario, Some(v5!("1.5.4-1")));
        assert_eq!(chapter.to_string(), expected);
    }
}
