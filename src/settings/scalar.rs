//! The kinds of single values that settings have.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use mqttspec_wire::{QoS, Version};
use reference_broker::{
    Rule,
    core::{AboveMaximumQos, Permission},
};
use regex_lite::Regex;

use super::{
    place::Place,
    value::{Fault, Kind, Named, Scalar, named},
};
use crate::diagnostic::suggest::did_you_mean;

impl Scalar for bool {
    const KIND: Kind = Kind::Switch;

    fn allowed() -> String {
        "`true` or `false`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        named(&[("true", true), ("false", false)], text)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for u16 {
    const KIND: Kind = Kind::Number;

    fn allowed() -> String {
        "a number up to 65535".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| Fault::default())
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

/// What large numbers may be written with.
const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A number, or a number of bytes with its unit.
fn measured(text: &str) -> Option<u64> {
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| text.strip_suffix(name).map(|digits| (digits.trim_end(), *unit)))
        .unwrap_or((text, 1));
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

impl Scalar for u32 {
    const KIND: Kind = Kind::Measure;

    fn allowed() -> String {
        "a number up to 4294967295, as in 1000 or \"64 KiB\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        measured(text).and_then(|number| number.try_into().ok()).ok_or_else(Fault::default)
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl Scalar for usize {
    const KIND: Kind = Kind::Measure;

    fn allowed() -> String {
        "a number, as in 1000 or \"64 KiB\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        measured(text).and_then(|number| number.try_into().ok()).ok_or_else(Fault::default)
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn number(&self) -> Option<u64> {
        u64::try_from(*self).ok()
    }
}

/// The units of times, the smallest first.
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

impl Scalar for Duration {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "a time with its unit, as in \"500ms\", \"10s\", \"5min\" or \"1h\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = text.get(digits.len()..).unwrap_or_default();
        let (_, scale) = TIMES.iter().find(|(name, _)| *name == unit).ok_or_else(Fault::default)?;
        let count: u64 = digits.trim_end().parse().map_err(|_| Fault::default())?;
        count.checked_mul(*scale).map(Self::from_millis).ok_or_else(Fault::default)
    }

    fn text(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let fits = |(_, scale): &&(&str, u64)| millis != 0 && millis.is_multiple_of(*scale);
        let (unit, scale) = TIMES.iter().rfind(fits).copied().unwrap_or(("ms", 1));
        format!("{}{unit}", millis / scale)
    }

    fn number(&self) -> Option<u64> {
        u64::try_from(self.as_millis()).ok()
    }

    const UNIT: &'static str = "ms";
}

impl Scalar for String {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "a text".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(text.to_owned())
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl Scalar for PathBuf {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "the path of a file".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() { Err(Fault::because("it names no file")) } else { Ok(text.into()) }
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

impl Scalar for SocketAddr {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "an address with a port, as in \"127.0.0.1:9100\" or \"[::1]:9100\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| Fault::default())
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for Regex {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "a regular expression, as in \"^sensor-[0-9]+$\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        Self::new(text).map_err(|error| Fault::because(error.to_string()))
    }

    fn text(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Named for QoS {
    const KIND: Kind = Kind::Number;
    const NAMES: &'static [(&'static str, Self)] =
        &[("0", Self::AtMostOnce), ("1", Self::AtLeastOnce), ("2", Self::ExactlyOnce)];
}

impl Named for AboveMaximumQos {
    const NAMES: &'static [(&'static str, Self)] = &[("lower", Self::Lowered), ("ignore", Self::Ignored)];
}

impl Named for Version {
    const NAMES: &'static [(&'static str, Self)] = &[("3.1.1", Self::V3_1_1), ("5.0", Self::V5_0)];

    /// Without quotation marks, TOML would take 5.0 for a number.
    fn allowed() -> String {
        "\"3.1.1\" or \"5.0\"".to_owned()
    }
}

impl Scalar for Rule {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "the name of a rule; `mqttspec broker rules` lists them".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        Self::named(text).ok_or_else(|| {
            let help = did_you_mean(text, Self::ALL.iter().map(|rule| rule.name()));
            Fault { why: Some(format!("there is no rule `{text}`")), help, part: None }
        })
    }

    fn text(&self) -> String {
        self.name().to_owned()
    }
}

impl Scalar for Permission {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "a rule, as in \"allow read sensors/#\" or \"deny write user=guest devices/${client}/#\"".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|why: reference_broker::core::NotPermission| Fault::because(why.to_string()))
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for Place {
    const KIND: Kind = Kind::Text;

    fn allowed() -> String {
        "`mqtt://`, `mqtts://`, `ws://` or `wss://` with ADDRESS:PORT, or `unix:` with a path".to_owned()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse()
            .map_err(|why: String| Fault::because(format!("`{text}` is no place to listen at: {why}")))
    }

    fn text(&self) -> String {
        self.to_string()
    }
}
