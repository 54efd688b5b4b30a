//! Values of settings: as they are written, as they are held, and the way between the two.

use crate::diagnostic::{Code, Mistake, Span, suggest::one_of};

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// On the command line or in the environment, where everything is text.
    Word(String),
    /// A string of TOML.
    Text(String),
    /// An integer of TOML, in decimal.
    Integer(String),
    /// A boolean of TOML.
    Switch(bool),
    /// Several values, each with its place.
    List(Vec<(Span, Written)>),
    /// Something that no setting takes, by what it is.
    Other(&'static str),
}

/// Where a value is written, and of which setting it is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The key of the setting.
    pub key: &'a str,
    /// Where the value stands.
    pub span: &'a Span,
    /// The smallest number that is allowed, or 1 for a list that may not be empty.
    pub least: u64,
}

/// What a setting holds.
pub trait Field {
    /// What can stand there, to be read after "write".
    fn allowed(&self) -> String;

    /// Whether it is a list.
    fn holds_several(&self) -> bool {
        false
    }

    /// Takes what is written, or says all that is wrong with it.
    fn read(&mut self, written: &Written, place: Place<'_>) -> Result<(), Vec<Mistake>>;

    /// As TOML; `None` if nothing is set.
    fn show(&self) -> Option<String>;
}

/// What of TOML a single value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// An integer.
    Number,
    /// An integer, or a string that says its unit.
    Measure,
    /// A string.
    Text,
}

/// A single value.
pub trait Scalar: Sized {
    /// What of TOML it is.
    const KIND: Kind;

    /// What can stand there, to be read after "write".
    fn allowed() -> String;

    /// The value that a text means. Without one, why it is none and what would help, as far as there is something to say
    /// besides what is allowed.
    fn parse(text: &str) -> Result<Self, Fault>;

    /// As text, without quotation marks.
    fn text(&self) -> String;

    /// As a number, if it is one that has a least value.
    fn number(&self) -> Option<u64> {
        None
    }

    /// The unit of that number.
    const UNIT: &'static str = "";
}

/// Why a text is no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub why: Option<String>,
    /// How it may be put right.
    pub help: Option<String>,
    /// Which part of the text it is about, in bytes.
    pub part: Option<Span>,
}

impl Fault {
    /// A text that is wrong for this reason.
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::default() }
    }
}

/// Reads one value.
fn scalar<T: Scalar>(written: &Written, place: Place<'_>) -> Result<T, Vec<Mistake>> {
    let Place { key, span, least } = place;
    let allowed = || format!("write {}", T::allowed());
    let wrong_type = |what: &str| {
        let message = format!("`{key}` cannot be {what}");
        Err(vec![Mistake::new(Code::WrongType, span, message, allowed())])
    };
    let text = match (written, T::KIND) {
        (Written::Word(text), _) | (Written::Text(text), Kind::Text | Kind::Measure) => text.clone(),
        (Written::Integer(digits), Kind::Number | Kind::Measure) => digits.clone(),
        (Written::Switch(switch), Kind::Switch) => switch.to_string(),
        (Written::Text(_), Kind::Switch | Kind::Number) => return wrong_type("a string"),
        (Written::Integer(_), Kind::Switch | Kind::Text) => return wrong_type("a number"),
        (Written::Switch(_), Kind::Number | Kind::Measure | Kind::Text) => return wrong_type("a boolean"),
        (Written::List(_), _) => return wrong_type("a list"),
        (Written::Other(what), _) => return wrong_type(what),
    };
    match T::parse(&text) {
        Ok(value) if value.number().is_some_and(|number| number < least) => {
            let message = format!("`{key}` cannot be {text}");
            let label = format!("at least {least}{}", T::UNIT);
            Err(vec![Mistake::new(Code::WrongValue, span, message, label)])
        }
        Ok(value) => Ok(value),
        Err(Fault { why, help, part }) => {
            let message = match why {
                Some(why) => format!("`{key}` is wrong: {why}"),
                None => format!("`{key}` cannot be `{text}`"),
            };
            let span = part_of(span, text.len(), part);
            Err(vec![Mistake::new(Code::WrongValue, &span, message, allowed()).maybe_help(help)])
        }
    }
}

/// The place of a part of a text, if the text stands there as it is: bare, or in quotation marks of one character.
fn part_of(span: &Span, length: usize, part: Option<Span>) -> Span {
    let quotes = span.len().checked_sub(length);
    match (part, quotes) {
        (Some(part), Some(quotes @ (0 | 2))) => {
            let start = span.start + quotes / 2;
            start + part.start..start + part.end
        }
        (_, _) => span.clone(),
    }
}

/// The value as TOML.
fn toml<T: Scalar>(value: &T) -> String {
    let text = value.text();
    match T::KIND {
        Kind::Switch | Kind::Number | Kind::Measure => text,
        Kind::Text => quoted(&text),
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(letter)).chars()),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

impl<T: Scalar> Field for T {
    fn allowed(&self) -> String {
        T::allowed()
    }

    fn read(&mut self, written: &Written, place: Place<'_>) -> Result<(), Vec<Mistake>> {
        *self = scalar(written, place)?;
        Ok(())
    }

    fn show(&self) -> Option<String> {
        Some(toml(self))
    }
}

/// How it is said that a setting is to be unset again.
const NONE: &str = "none";

impl<T: Scalar> Field for Option<T> {
    fn allowed(&self) -> String {
        format!("{}, or \"{NONE}\"", T::allowed())
    }

    fn read(&mut self, written: &Written, place: Place<'_>) -> Result<(), Vec<Mistake>> {
        let is_none = matches!(written, Written::Word(text) | Written::Text(text) if text == NONE);
        *self = if is_none { None } else { Some(scalar(written, place)?) };
        Ok(())
    }

    fn show(&self) -> Option<String> {
        self.as_ref().map(toml)
    }
}

impl<T: Scalar> Field for Vec<T> {
    fn allowed(&self) -> String {
        format!("a list, each of it {}", T::allowed())
    }

    fn holds_several(&self) -> bool {
        true
    }

    fn read(&mut self, written: &Written, place: Place<'_>) -> Result<(), Vec<Mistake>> {
        let Written::List(list) = written else {
            let message = format!("`{}` is a list", place.key);
            let label = format!("write {}", self.allowed());
            let help = "write it in square brackets, also if it is only one";
            return Err(vec![Mistake::new(Code::WrongType, place.span, message, label).help(help)]);
        };
        let (mut values, mut mistakes) = (Vec::new(), Vec::new());
        for (span, written) in list {
            match scalar(written, Place { span, ..place }) {
                Ok(value) => values.push(value),
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        if values.is_empty() && place.least > 0 {
            let message = format!("`{}` cannot be empty", place.key);
            return Err(vec![Mistake::new(Code::WrongValue, place.span, message, "at least one")]);
        }
        *self = values;
        Ok(())
    }

    fn show(&self) -> Option<String> {
        let values: Vec<String> = self.iter().map(toml).collect();
        Some(format!("[{}]", values.join(", ")))
    }
}

/// The value with this name.
pub(super) fn named<T: Copy>(names: &[(&str, T)], text: &str) -> Result<T, Fault> {
    let found = names.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known = names.iter().map(|(name, _)| *name);
        Fault { help: crate::diagnostic::suggest::did_you_mean(text, known), ..Fault::default() }
    })
}

/// A setting whose values have names.
pub(super) trait Named: Copy + PartialEq + 'static {
    /// What of TOML a name is.
    const KIND: Kind = Kind::Text;

    /// The values by their names.
    const NAMES: &'static [(&'static str, Self)];

    /// What can stand there, to be read after "write".
    fn allowed() -> String {
        one_of(Self::NAMES.iter().map(|(name, _)| *name))
    }
}

impl<T: Named> Scalar for T {
    const KIND: Kind = T::KIND;

    fn allowed() -> String {
        <T as Named>::allowed()
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        named(T::NAMES, text)
    }

    fn text(&self) -> String {
        let name = T::NAMES.iter().find(|(_, value)| value == self).map(|(name, _)| *name);
        name.unwrap_or_default().to_owned()
    }
}
