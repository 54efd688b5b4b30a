//! Numbers, durations, ranges and words as plans write them. Durations become whole microseconds without a detour over
//! floating point, so that a plan means the same on every machine.

use mqttspec_fleet::{
    plan::{Micros, Sizes, Template},
    random::Range,
};
use mqttspec_wire::QoS;

use super::reader::Reader;
use crate::scenario::node::{Node, Scalar};

/// The units of durations, in microseconds. Those that end like others come first.
const UNITS: [(&str, Micros); 4] =
    [("ms", 1000), ("min", 60_000_000), ("h", 3_600_000_000), ("s", 1_000_000)];

const A_DURATION: &str = "a duration such as 200ms, 1.5s, 10min or 1h";

fn scalar<'n>(reader: &mut Reader<'_>, node: &'n Node, wanted: &str) -> Option<&'n Scalar> {
    match node.scalar() {
        Some(scalar) => Some(scalar),
        None => reader.wrong_type(node, wanted),
    }
}

/// A value that `read` understands, or a mistake.
fn parsed<T>(
    reader: &mut Reader<'_>,
    node: &Node,
    wanted: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = &scalar(reader, node, wanted)?.text;
    match read(text) {
        Some(value) => Some(value),
        None => reader.wrong_value(
            &node.span,
            format!("`{text}` means nothing here"),
            &format!("expected {wanted}"),
        ),
    }
}

/// What may be left out: an outer `None` is a mistake, an inner one that it was left out.
#[expect(clippy::option_option, reason = "left out and mistaken are different things")]
pub(super) fn optional<'n, T>(
    node: Option<&'n Node>,
    read: impl FnOnce(&'n Node) -> Option<T>,
) -> Option<Option<T>> {
    match node {
        Some(node) => read(node).map(Some),
        None => Some(None),
    }
}

/// A text.
pub(super) fn text(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    Some(scalar(reader, node, "a text")?.text.clone())
}

/// `true` or `false`, which is also what is meant if it is left out.
pub(super) fn flag(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<bool> {
    let Some(node) = node else { return Some(false) };
    parsed(reader, node, "`true` or `false`", |text| text.parse().ok())
}

/// A whole number, at least `least`.
pub(super) fn count(reader: &mut Reader<'_>, node: &Node, least: u32) -> Option<u32> {
    let wanted = format!("a whole number of {least} or more");
    parsed(reader, node, &wanted, |text| text.parse().ok().filter(|count| *count >= least))
}

/// A number that fits 16 bits, at least `least`.
pub(super) fn short(reader: &mut Reader<'_>, node: &Node, least: u16) -> Option<u16> {
    let wanted = format!("a whole number from {least} to 65535");
    parsed(reader, node, &wanted, |text| text.parse().ok().filter(|count| *count >= least))
}

/// A duration in microseconds.
pub(super) fn duration(reader: &mut Reader<'_>, node: &Node) -> Option<Micros> {
    parsed(reader, node, A_DURATION, micros)
}

/// A duration, or a range of durations: `5s..15s`.
pub(super) fn durations(reader: &mut Reader<'_>, node: &Node) -> Option<Range> {
    let wanted = "a duration such as 10s, or a range such as 5s..15s";
    parsed(reader, node, wanted, |text| range(text, micros))
}

/// A number, or a range of numbers: `32..128`.
pub(super) fn numbers(reader: &mut Reader<'_>, node: &Node) -> Option<Range> {
    let wanted = "a number such as 64, or a range such as 32..128";
    parsed(reader, node, wanted, |text| range(text, size))
}

/// A duration in whole seconds, as the protocol has them; `never` is the longest.
pub(super) fn seconds(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let wanted = "a duration in whole seconds such as 60s, or `never`";
    parsed(reader, node, wanted, |text| match text {
        "never" => Some(u32::MAX),
        text => {
            let micros = micros(text).filter(|micros| micros % 1_000_000 == 0)?;
            u32::try_from(micros / 1_000_000).ok()
        }
    })
}

/// A share in percent, as parts of a million: `0.5%`.
pub(super) fn percent(reader: &mut Reader<'_>, node: &Node) -> Option<u32> {
    let parts = |text: &str| {
        let parts = scaled(text.strip_suffix('%')?, 10_000)?;
        u32::try_from(parts).ok().filter(|parts| *parts <= 1_000_000)
    };
    parsed(reader, node, "a share such as 1% or 0.05%", parts)
}

/// A number that fits 16 bits and is not 0, or a range of such: `1..20`.
pub(super) fn shorts(reader: &mut Reader<'_>, node: &Node) -> Option<Range> {
    let wanted = "a whole number from 1 to 65535, or a range such as 1..20";
    let short = |text: &str| text.parse().ok().filter(|number| (1..=65_535).contains(number));
    parsed(reader, node, wanted, |text| range(text, short))
}

/// A size or a range of sizes, or a mapping of such to weights: `{32..128: 9, 4096: 1}`.
pub(super) fn sizes(reader: &mut Reader<'_>, node: &Node) -> Option<Sizes> {
    let Some(entries) = node.entries() else { return numbers(reader, node).map(Sizes::only) };
    let mut sizes = Vec::new();
    for entry in entries {
        let Some(range) = range(&entry.key, size) else {
            let message = format!("`{}` is no size", entry.key);
            return reader.wrong_value(&entry.key_span, message, "expected a number such as 64, or 32..128");
        };
        sizes.push((range, count(reader, &entry.value, 0)?));
    }
    if sizes.iter().all(|(_, weight)| *weight == 0) {
        return reader.wrong_value(&node.span, "no size has a weight".to_owned(), "expected one above 0");
    }
    Some(Sizes(sizes))
}

/// A QoS.
pub(super) fn qos(reader: &mut Reader<'_>, node: &Node) -> Option<QoS> {
    parsed(reader, node, "a QoS: 0, 1 or 2", |text| QoS::new(text.parse().ok()?))
}

/// A QoS, or a mapping of QoS to weight: `{0: 1, 1: 8, 2: 1}`.
pub(super) fn qos_mix(reader: &mut Reader<'_>, node: &Node) -> Option<[u32; 3]> {
    let mut weights = [0; 3];
    let Some(entries) = node.entries() else {
        let level = usize::from(qos(reader, node)?.level());
        *weights.get_mut(level)? = 1;
        return Some(weights);
    };
    for entry in entries {
        let level = entry.key.parse().ok().and_then(QoS::new).map(|qos| usize::from(qos.level()));
        let Some(place) = level.and_then(|level| weights.get_mut(level)) else {
            let message = format!("there is no QoS `{}`", entry.key);
            return reader.wrong_value(&entry.key_span, message, "expected a QoS: 0, 1 or 2");
        };
        *place = count(reader, &entry.value, 0)?;
    }
    if weights.iter().all(|weight| *weight == 0) {
        return reader.wrong_value(&node.span, "no QoS has a weight".to_owned(), "expected one above 0");
    }
    Some(weights)
}

/// A text with `{n}` in it.
pub(super) fn template(reader: &mut Reader<'_>, node: &Node) -> Option<Template> {
    let text = &scalar(reader, node, "a text")?.text;
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(fault) => {
            let message = format!("`{{{}}}` stands for nothing", fault.0);
            reader.wrong_value(&node.span, message, "expected `{n}`, `{n/10}` or `{n%10}`")
        }
    }
}

fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size| *size <= 1 << 20)
}

fn range(text: &str, read: impl Fn(&str) -> Option<u64>) -> Option<Range> {
    let Some((least, most)) = text.split_once("..") else { return read(text).map(Range::only) };
    let range = Range { least: read(least)?, most: read(most)? };
    (range.least <= range.most).then_some(range)
}

fn micros(text: &str) -> Option<Micros> {
    if text == "0" {
        return Some(0);
    }
    let (digits, unit) = UNITS.iter().find_map(|(unit, micros)| Some((text.strip_suffix(unit)?, *micros)))?;
    scaled(digits, unit)
}

/// A decimal number times `unit`, if that is a whole number of at most a year in microseconds.
fn scaled(digits: &str, unit: u64) -> Option<u64> {
    const MOST: u64 = 366 * 24 * 3_600_000_000;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let mut scaled = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        if !place.is_multiple_of(10) {
            return None;
        }
        place /= 10;
        scaled = scaled.checked_add(u64::from(digit - b'0') * place)?;
    }
    (scaled <= MOST).then_some(scaled)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.5s", Some(1_500_000))]
    #[case("200ms", Some(200_000))]
    #[case("2min", Some(120_000_000))]
    #[case("1h", Some(3_600_000_000))]
    #[case("0", Some(0))]
    #[case("0.5ms", Some(500))]
    #[case("0.0001ms", None)]
    #[case("10", None)]
    #[case("s", None)]
    #[case("-1s", None)]
    #[case("99999999999999h", None)]
    fn durations_are_whole_microseconds(#[case] text: &str, #[case] expected: Option<Micros>) {
        assert_eq!(micros(text), expected);
    }

    #[rstest]
    #[case("5s..15s", Some(Range { least: 5_000_000, most: 15_000_000 }))]
    #[case("5s", Some(Range::only(5_000_000)))]
    #[case("15s..5s", None)]
    #[case("5..15s", None)]
    fn ranges_have_two_ends(#[case] text: &str, #[case] expected: Option<Range>) {
        assert_eq!(range(text, micros), expected);
    }
}
