//! Values to compute.

/// A value to compute.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Constant(Scalar),
    /// A text with variables in it.
    Template(Vec<Segment>),
    /// A variable with its type.
    Variable(String),
    /// Arithmetic on numbers and durations.
    Binary(Box<Expr>, Operator, Box<Expr>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// Text as it stands.
    Text(String),
    /// The value of a variable.
    Variable(String),
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}

/// A constant. A duration (`1.5s`, `200ms`) is a number of seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `true`, `false`
    Bool(bool),
    /// A number, or a duration in seconds.
    Number(f64),
    /// A text.
    Text(String),
    /// Bytes, written `{hex: "c3 28"}` or `{bytes: 1000}` for that many bytes.
    Bytes(Vec<u8>),
}
