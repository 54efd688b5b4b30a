//! Values during a run: what expressions come to and what packets' fields hold.

use std::{collections::BTreeMap, fmt, time::Duration};

use bytes::Bytes;

use crate::scenario::ast::{Expr, Operator, Scalar, Segment};

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Datum {
    /// A flag.
    Bool(bool),
    /// A number; durations are seconds.
    Number(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
}

impl Datum {
    /// The bytes that a text or bytes stand for in a packet.
    pub(super) fn to_bytes(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            Self::Bool(_) | Self::Number(_) => Bytes::from(self.to_string()),
        }
    }

    /// Whether this value of a received field is what `wanted` is on the wire; a number in a text is its digits.
    pub(super) fn is_sent_as(&self, wanted: &Self) -> bool {
        match self {
            Self::Text(_) | Self::Bytes(_) => self.to_bytes() == wanted.to_bytes(),
            Self::Bool(_) | Self::Number(_) => self == wanted,
        }
    }

    /// The number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(_) | Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    /// The value as an unsigned integer of type `T`, if it is one and fits.
    pub(super) fn integer<T: TryFrom<u64>>(&self) -> Option<T> {
        let number = self.number()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a whole number in the range of u32, the widest integer that MQTT has"
        )]
        let whole = (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u64)?;
        if number.fract() == 0.0 { T::try_from(whole).ok() } else { None }
    }
}

/// Text and bytes are equal if they are the same on the wire.
impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            // A bit of a packet may be written as 0 or 1.
            (Self::Bool(flag), Self::Number(number)) | (Self::Number(number), Self::Bool(flag)) => {
                *number == f64::from(u8::from(*flag))
            }
            (Self::Bool(_) | Self::Number(_), _) | (_, Self::Bool(_) | Self::Number(_)) => false,
            (Self::Text(_) | Self::Bytes(_), Self::Text(_) | Self::Bytes(_)) => {
                self.to_bytes() == other.to_bytes()
            }
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        match self {
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if bytes.len() <= SHOWN => write!(f, "\"{}\"", text.escape_debug()),
                _ => {
                    write!(f, "{} bytes", bytes.len())?;
                    bytes.iter().take(SHOWN / 2).try_for_each(|byte| write!(f, " {byte:02x}"))
                }
            },
        }
    }
}

impl From<&Scalar> for Datum {
    fn from(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Bool(flag) => Self::Bool(*flag),
            Scalar::Number(number) => Self::Number(*number),
            Scalar::Text(text) => Self::Text(text.clone()),
            Scalar::Bytes(bytes) => Self::Bytes(Bytes::from(bytes.clone())),
        }
    }
}

/// The variables of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Datum>);

/// An expression that has no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum ValueError {
    /// A variable was not set when it was needed.
    #[error("${0} has no value here")]
    Unset(String),
    /// Arithmetic on something that is not a number.
    #[error("{0} is not a number")]
    NotANumber(Datum),
    /// A negative or unbounded time.
    #[error("{0} seconds is not a length of time")]
    NotADuration(f64),
    /// A value that a field cannot hold.
    #[error("{field} cannot be {value}")]
    Unfit {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
    },
}

impl Variables {
    /// Sets a variable.
    pub(super) fn set(&mut self, name: impl Into<String>, value: Datum) {
        self.0.insert(name.into(), value);
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Result<&Datum, ValueError> {
        self.0.get(name).ok_or_else(|| ValueError::Unset(name.to_owned()))
    }

    /// The value of an expression.
    pub(super) fn eval(&self, expr: &Expr) -> Result<Datum, ValueError> {
        match expr {
            Expr::Constant(scalar) => Ok(scalar.into()),
            Expr::Variable(name) => self.get(name).cloned(),
            Expr::Template(segments) => self.template(segments),
            Expr::Binary(left, operator, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                Ok(Datum::Number(match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                }))
            }
        }
    }

    /// The value of an expression as a number.
    pub(super) fn number(&self, expr: &Expr) -> Result<f64, ValueError> {
        let value = self.eval(expr)?;
        value.number().ok_or(ValueError::NotANumber(value))
    }

    /// The value of an expression as a length of time.
    pub(super) fn duration(&self, expr: &Expr) -> Result<Duration, ValueError> {
        let seconds = self.number(expr)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| ValueError::NotADuration(seconds))
    }

    /// A text; bytes where a piece of it is none.
    fn template(&self, segments: &[Segment]) -> Result<Datum, ValueError> {
        let mut bytes = Vec::new();
        for segment in segments {
            match segment {
                Segment::Text(piece) => bytes.extend_from_slice(piece.as_bytes()),
                Segment::Variable(name) => bytes.extend_from_slice(&self.get(name)?.to_bytes()),
            }
        }
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Datum::Text(text),
            Err(error) => Datum::Bytes(error.into_bytes().into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Datum::Text("ab".into()), Datum::Bytes(Bytes::from_static(b"ab")), true)]
    #[case(Datum::Bool(true), Datum::Number(1.0), true)]
    #[case(Datum::Bool(false), Datum::Text("false".into()), false)]
    #[case(Datum::Number(1.0), Datum::Text("1".into()), false)]
    fn equality_is_that_of_the_wire(#[case] a: Datum, #[case] b: Datum, #[case] equal: bool) {
        assert_eq!(a == b, equal);
        assert_eq!(b == a, equal);
    }

    #[rstest]
    #[case(Datum::Text("1".into()), Datum::Number(1.0), true)]
    #[case(Datum::Bytes(Bytes::from_static(b"true")), Datum::Bool(true), true)]
    #[case(Datum::Text("1".into()), Datum::Number(2.0), false)]
    #[case(Datum::Number(1.0), Datum::Text("1".into()), false)]
    #[case(Datum::Number(1.0), Datum::Bool(true), true)]
    fn numbers_in_texts_are_their_digits(#[case] received: Datum, #[case] wanted: Datum, #[case] same: bool) {
        assert_eq!(received.is_sent_as(&wanted), same);
    }

    #[rstest]
    #[case(65535.0, Some(65535))]
    #[case(65536.0, None)]
    #[case(1.5, None)]
    #[case(-1.0, None)]
    #[case(f64::NAN, None)]
    fn integers_fit_or_are_none(#[case] number: f64, #[case] expected: Option<u16>) {
        assert_eq!(Datum::Number(number).integer::<u16>(), expected);
    }

    #[test]
    fn expressions_have_values() {
        let mut variables = Variables::default();
        variables.set("topic", Datum::Text("a".into()));
        variables.set("keep_alive", Datum::Number(2.0));
        let template = Expr::Template(vec![Segment::Variable("topic".into()), Segment::Text("/b".into())]);
        assert_eq!(variables.eval(&template).unwrap(), Datum::Text("a/b".into()));
        variables.set("half", Datum::Bytes(Bytes::from_static(b"\xC3")));
        let template = Expr::Template(vec![Segment::Text("a/".into()), Segment::Variable("half".into())]);
        assert_eq!(variables.eval(&template).unwrap(), Datum::Bytes(Bytes::from_static(b"a/\xC3")));
        let product = Expr::Binary(
            Box::new(Expr::Variable("keep_alive".into())),
            Operator::Multiply,
            Box::new(Expr::Constant(Scalar::Number(1.5))),
        );
        assert_eq!(variables.duration(&product).unwrap(), Duration::from_secs(3));
        assert!(variables.eval(&Expr::Variable("unknown".into())).is_err());
    }
}
