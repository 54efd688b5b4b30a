//! Names of statements, checked against the catalogue.

use std::{fmt, str::FromStr};

use crate::{Statement, Version};

/// The name of one statement of one version; printed as `v5.0:3.3.1-5`.
///
/// Ordered by version, then as the catalogue lists them: document order, unnumbered statements last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId {
    pub(crate) version: Version,
    pub(crate) index: u16,
}

impl StatementId {
    /// The statement with this label; for use at compile time through [`v3!`](crate::v3) and [`v5!`](crate::v5).
    ///
    /// # Panics
    /// If the catalogue has no such label, which stops the compilation of a constant.
    #[expect(
        clippy::panic,
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, where it is an error message"
    )]
    pub const fn known(version: Version, label: &str) -> Self {
        let table = version.table();
        let mut index = 0u16;
        while (index as usize) < table.len() {
            if equal(table[index as usize].label.as_bytes(), label.as_bytes()) {
                return Self { version, index };
            }
            index += 1;
        }
        panic!("no such statement in the catalogue of this version")
    }

    /// The statement of `version` with this label, with or without `MQTT-` in front.
    pub fn lookup(version: Version, label: &str) -> Option<Self> {
        let label = label.strip_prefix("MQTT-").unwrap_or(label);
        version.statements().find(|id| id.statement().label == label)
    }

    /// The version whose statement this is.
    pub const fn version(self) -> Version {
        self.version
    }

    /// What the catalogue says about it.
    #[expect(clippy::indexing_slicing, reason = "an identifier is only made from an index into this table")]
    pub fn statement(self) -> &'static Statement {
        &self.version.table()[usize::from(self.index)]
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "bounded by the comparison of lengths; evaluated by the compiler"
)]
const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.version, self.statement().label)
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no statement.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseIdError(String);

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no statement; write it as v5.0:3.3.1-5 or v3.1.1:3.3.1-5", self.0)
    }
}

impl std::error::Error for ParseIdError {}

impl FromStr for StatementId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseIdError(text.to_owned());
        let (version, label) = text.split_once(':').ok_or_else(error)?;
        Version::parse(version).and_then(|version| Self::lookup(version, label)).ok_or_else(error)
    }
}

/// Every statement that `name` can mean: a qualified name means one, a bare label the statement of that label in
/// each version that has it.
pub fn find(name: &str) -> Vec<StatementId> {
    match name.parse() {
        Ok(id) => vec![id],
        Err(ParseIdError(_)) => {
            Version::ALL.into_iter().filter_map(|version| StatementId::lookup(version, name)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{v3, v5};

    #[rstest]
    #[case(Version::V3_1_1, 141, 46)]
    #[case(Version::V5_0, 251, 174)]
    fn the_catalogue_is_whole(#[case] version: Version, #[case] numbered: usize, #[case] unnumbered: usize) {
        let count = |wanted| version.statements().filter(|id| id.statement().is_numbered() == wanted).count();
        assert_eq!((count(true), count(false)), (numbered, unnumbered));
    }

    #[test]
    fn every_name_reads_back() {
        for id in Version::ALL.into_iter().flat_map(Version::statements) {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[rstest]
    #[case("MQTT-3.3.1-5", vec![v3!("3.3.1-5"), v5!("3.3.1-5")])]
    #[case("v5.0:3.3.1-5", vec![v5!("3.3.1-5")])]
    #[case("v3.1.1:MQTT-3.3.1-5", vec![v3!("3.3.1-5")])]
    #[case("4.12.0-1", vec![v5!("4.12.0-1")])]
    #[case("9.9.9-9", vec![])]
    fn names_find_statements(#[case] name: &str, #[case] expected: Vec<StatementId>) {
        assert_eq!(find(name), expected);
    }
}
