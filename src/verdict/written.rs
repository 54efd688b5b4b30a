//! How values of other crates are written in results and read back from them: durations in seconds, names as text.

use std::{fmt, str::FromStr, time::Duration};

use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::Sender;
use serde::{Deserialize, Deserializer, Serializer};

/// A duration as a number of seconds.
pub mod seconds {
    use super::{Deserialize, Deserializer, Duration, Serializer, fmt::Display};

    /// Writes it.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    /// Reads it; what is negative or beyond all times is an error.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(|error| not_a("duration in seconds", &seconds, &error))
    }

    fn not_a<E: serde::de::Error>(what: &str, found: &dyn Display, why: &dyn Display) -> E {
        E::custom(format_args!("{found} is no {what}: {why}"))
    }
}

/// A version of MQTT by its number.
pub mod version {
    use super::{Deserializer, Serializer, Version, text};

    /// Writes it.
    pub fn serialize<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(version.number())
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        text(deserializer, |text| {
            Version::parse(text)
                .ok_or_else(|| format!("`{text}` is no version of MQTT; there are 3.1.1 and 5.0"))
        })
    }
}

/// The sender of a packet: `client` or `server`.
pub(super) mod sender {
    use super::{Deserializer, Sender, Serializer, text};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub(crate) fn serialize<S: Serializer>(sender: &Sender, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(sender)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sender, D::Error> {
        text(deserializer, |text| {
            [Sender::Client, Sender::Server]
                .into_iter()
                .find(|sender| sender.to_string() == text)
                .ok_or_else(|| format!("`{text}` sends nothing; there are client and server"))
        })
    }
}

/// Statements by their qualified names.
pub mod ids {
    use super::{Deserialize as _, Deserializer, FromStr as _, Serializer, StatementId};

    /// Writes them.
    pub fn serialize<S: Serializer>(ids: &[StatementId], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ids.iter().map(ToString::to_string))
    }

    /// Reads them; all must be in the catalogue.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<StatementId>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().map(|name| StatementId::from_str(name)).collect::<Result<_, _>>().map_err(super::custom)
    }
}

/// A statement by its qualified name.
pub mod id {
    use super::{Deserializer, FromStr as _, Serializer, StatementId, text};

    /// Writes it.
    pub fn serialize<S: Serializer>(id: &StatementId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    /// Reads it; it must be in the catalogue.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatementId, D::Error> {
        text(deserializer, StatementId::from_str)
    }
}

/// Reads a text and what it means.
pub(super) fn text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    meaning: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    meaning(&String::deserialize(deserializer)?).map_err(custom)
}

fn custom<E: serde::de::Error, W: fmt::Display>(why: W) -> E {
    E::custom(why)
}
