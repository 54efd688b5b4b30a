//! Whether a received packet is the expected one: a pure function, and the words to say why not.

use std::fmt;

use mqttspec_spec::Version;
use mqttspec_wire::Packet;

use super::{
    observe::{self, Observed},
    value::{Datum, ValueError, Variables},
};
use crate::scenario::ast::{Expr, Field, Matcher, PacketPattern};

/// A field that is not as expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// The field.
    pub field: &'static str,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub observed: String,
    /// The names of the parts of the packet that hold it.
    pub parts: Vec<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, not {}", self.field, self.observed, self.expected)
    }
}

/// Compares a packet of the pattern's type with the pattern. On a match, the values to keep are set as variables.
pub(super) fn compare(
    pattern: &PacketPattern,
    packet: &Packet,
    version: Version,
    variables: &mut Variables,
) -> Result<Vec<Mismatch>, ValueError> {
    let mut mismatches = Vec::new();
    let mut saved = Vec::new();
    for field in fields(pattern, version) {
        let observed = observe::field(packet, version, field.name);
        let mut check = Check { variables, saved: &mut saved };
        if !check.matches(&field.value, &observed)? {
            let elements = check.misfits(&field.value, &observed)?;
            mismatches.push(Mismatch {
                field: field.name,
                expected: describe(&field.value, variables),
                observed: observed.to_string(),
                parts: observe::parts(field.name, &elements),
            });
        }
    }
    if mismatches.is_empty() {
        for (name, value) in saved {
            variables.set(name, value);
        }
    }
    Ok(mismatches)
}

/// The pattern in words: `PUBLISH with topic "a/b" and qos 1`.
pub(super) fn describe_pattern(pattern: &PacketPattern, version: Version, variables: &Variables) -> String {
    let mut text = pattern.packet.name().to_owned();
    for (index, field) in fields(pattern, version).enumerate() {
        text.push_str(if index == 0 { " with " } else { ", " });
        text.push_str(field.name);
        text.push(' ');
        text.push_str(&describe(&field.value, variables));
    }
    text
}

fn fields(pattern: &PacketPattern, version: Version) -> impl Iterator<Item = &Field<Matcher>> {
    pattern.fields.iter().filter(move |field| field.only.is_none_or(|only| only == version))
}

struct Check<'a> {
    variables: &'a Variables,
    saved: &'a mut Vec<(String, Datum)>,
}

impl Check<'_> {
    fn matches(&mut self, matcher: &Matcher, observed: &Observed) -> Result<bool, ValueError> {
        Ok(match matcher {
            Matcher::Absent => *observed == Observed::Absent,
            Matcher::Present => *observed != Observed::Absent,
            Matcher::Not(inner) => !self.matches(inner, observed)?,
            Matcher::AnyOf(choices) => {
                for choice in choices {
                    if self.matches(choice, observed)? {
                        return Ok(true);
                    }
                }
                false
            }
            Matcher::Save(name, inner) => {
                let holds = self.matches(inner, observed)?;
                if let (true, Some(value)) = (holds, single(observed)) {
                    self.saved.push((name.clone(), value.clone()));
                }
                holds
            }
            Matcher::List(wanted) => self.list(wanted, &elements(observed))?,
            Matcher::Unordered(wanted) => {
                let found = elements(observed);
                wanted.len() == found.len() && self.unordered(wanted, &found)?
            }
            Matcher::Pair(_) => false,
            Matcher::Equal(expr) => {
                let wanted = self.variables.eval(expr)?;
                single(observed).is_some_and(|value| value.is_sent_as(&wanted))
            }
            Matcher::Between(low, high) => {
                let Some(value) = single(observed).and_then(Datum::number) else { return Ok(false) };
                self.bound(low.as_ref())?.is_none_or(|low| value >= low)
                    && self.bound(high.as_ref())?.is_none_or(|high| value <= high)
            }
            Matcher::Regex(pattern) => match single(observed) {
                // A scenario's regular expressions were compiled when it was loaded.
                Some(value) => regex_lite::Regex::new(pattern)
                    .is_ok_and(|regex| regex.is_match(&String::from_utf8_lossy(&value.to_bytes()))),
                None => false,
            },
        })
    }

    fn bound(&self, expr: Option<&Expr>) -> Result<Option<f64>, ValueError> {
        expr.map(|expr| self.variables.number(expr)).transpose()
    }

    fn list(&mut self, wanted: &[Matcher], found: &[Element]) -> Result<bool, ValueError> {
        if wanted.len() != found.len() {
            return Ok(false);
        }
        for (matcher, element) in wanted.iter().zip(found) {
            if !self.element(matcher, element)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The places of the elements that are to blame, if the list is as long as it should be.
    fn misfits(&mut self, matcher: &Matcher, observed: &Observed) -> Result<Vec<usize>, ValueError> {
        let found = elements(observed);
        let mut places = Vec::new();
        if let Matcher::List(wanted) = matcher
            && wanted.len() == found.len()
        {
            for (place, (matcher, element)) in wanted.iter().zip(&found).enumerate() {
                if !self.element(matcher, element)? {
                    places.push(place);
                }
            }
        }
        Ok(places)
    }

    /// Tries every assignment; lists in packets of scenarios are short.
    fn unordered(&mut self, wanted: &[Matcher], found: &[Element]) -> Result<bool, ValueError> {
        let Some((first, rest)) = wanted.split_first() else { return Ok(found.is_empty()) };
        for (index, element) in found.iter().enumerate() {
            if self.element(first, element)? {
                let mut others = found.to_vec();
                others.remove(index);
                if self.unordered(rest, &others)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn element(&mut self, matcher: &Matcher, element: &Element) -> Result<bool, ValueError> {
        match (matcher, element) {
            (Matcher::Pair(pair), Element::Pair(name, value)) => Ok(self
                .matches(&pair.0, &Observed::One(name.clone()))?
                && self.matches(&pair.1, &Observed::One(value.clone()))?),
            (_, Element::One(value)) => self.matches(matcher, &Observed::One(value.clone())),
            (_, Element::Pair(..)) => Ok(false),
        }
    }
}

/// One element of a list in a packet.
#[derive(Clone)]
enum Element {
    One(Datum),
    Pair(Datum, Datum),
}

fn elements(observed: &Observed) -> Vec<Element> {
    match observed {
        Observed::Absent => Vec::new(),
        Observed::One(value) => vec![Element::One(value.clone())],
        Observed::Many(values) => values.iter().cloned().map(Element::One).collect(),
        Observed::Pairs(pairs) => {
            pairs.iter().map(|(name, value)| Element::Pair(name.clone(), value.clone())).collect()
        }
    }
}

/// The value of a field that has just one; a list of one element counts.
fn single(observed: &Observed) -> Option<&Datum> {
    match observed {
        Observed::One(value) => Some(value),
        Observed::Many(values) => match values.as_slice() {
            [value] => Some(value),
            _ => None,
        },
        Observed::Absent | Observed::Pairs(_) => None,
    }
}

fn describe(matcher: &Matcher, variables: &Variables) -> String {
    let value =
        |expr: &Expr| variables.eval(expr).map_or_else(|error| error.to_string(), |value| value.to_string());
    let list = |matchers: &[Matcher]| {
        matchers.iter().map(|matcher| describe(matcher, variables)).collect::<Vec<_>>().join(", ")
    };
    match matcher {
        Matcher::Equal(expr) => value(expr),
        Matcher::List(wanted) => format!("[{}]", list(wanted)),
        Matcher::Unordered(wanted) => format!("[{}] in any order", list(wanted)),
        Matcher::Pair(pair) => format!("{}: {}", describe(&pair.0, variables), describe(&pair.1, variables)),
        Matcher::AnyOf(choices) => format!("one of {}", list(choices)),
        Matcher::Not(inner) => format!("other than {}", describe(inner, variables)),
        Matcher::Between(Some(low), Some(high)) => format!("between {} and {}", value(low), value(high)),
        Matcher::Between(Some(low), None) => format!("at least {}", value(low)),
        Matcher::Between(None, Some(high)) => format!("at most {}", value(high)),
        Matcher::Between(None, None) | Matcher::Present => "present".to_owned(),
        Matcher::Absent => "absent".to_owned(),
        Matcher::Regex(pattern) => format!("like /{pattern}/"),
        Matcher::Save(_, inner) => describe(inner, variables),
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        match self {
            Self::Absent => f.write_str("absent"),
            Self::One(value) => value.fmt(f),
            Self::Many(values) => f.write_str(&list(values.iter().map(Datum::to_string).collect())),
            Self::Pairs(pairs) => {
                f.write_str(&list(pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect()))
            }
        }
    }
}
