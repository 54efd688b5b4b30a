//! A set of versions.

use std::fmt;

use mqttspec_spec::Version;

/// Some of the versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Versions {
    v3: bool,
    v5: bool,
}

impl Versions {
    /// This set and one more version.
    pub(super) fn with(self, version: Version) -> Self {
        match version {
            Version::V3_1_1 => Self { v3: true, ..self },
            Version::V5_0 => Self { v5: true, ..self },
        }
    }

    /// Of this set at most one version.
    pub(super) fn only(self, version: Version) -> Self {
        if self.contains(version) { Self::default().with(version) } else { Self::default() }
    }

    /// What either set has.
    pub(super) fn or(self, other: Self) -> Self {
        Self { v3: self.v3 || other.v3, v5: self.v5 || other.v5 }
    }

    /// What both sets have.
    pub(super) fn and(self, other: Self) -> Self {
        Self { v3: self.v3 && other.v3, v5: self.v5 && other.v5 }
    }

    /// What `other` does not have.
    pub(super) fn without(self, other: Self) -> Self {
        Self { v3: self.v3 && !other.v3, v5: self.v5 && !other.v5 }
    }

    pub(super) fn contains(self, version: Version) -> bool {
        match version {
            Version::V3_1_1 => self.v3,
            Version::V5_0 => self.v5,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(super) fn several(self) -> bool {
        self.v3 && self.v5
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Version> {
        Version::ALL.into_iter().filter(move |version| self.contains(*version))
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|version| format!("MQTT {}", version.number())).collect();
        f.write_str(&names.join(" and "))
    }
}
