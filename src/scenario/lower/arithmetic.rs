//! Arithmetic on numbers and durations.

use super::{
    Lower, Mistake,
    literal::{self, Literal},
    scope::Type,
};
use crate::scenario::{
    ast::{Expr, Operator, Scalar},
    diagnostic::Code,
    node::{Node, Value},
};

/// The longest arithmetic expression, in bytes.
const MAX_ARITHMETIC: usize = 200;
/// The deepest nesting of its parentheses.
const MAX_PARENTHESES: usize = 8;

impl Lower {
    /// A number, a duration or arithmetic on them; and whether it is in seconds.
    pub(super) fn arithmetic(&mut self, node: &Node, wanted: &str) -> Option<(Expr, bool)> {
        let Some(text) = node.word() else {
            if let Value::Scalar(_) = node.value {
                let label = format!("expected {wanted}, without quotes");
                let mistake = Mistake::new(Code::WrongType, &node.span, "a text cannot stand here", label);
                return self.refuse(mistake);
            }
            return self.wrong_type(node, wanted);
        };
        if text.len() > MAX_ARITHMETIC {
            return self.wrong_type(node, wanted);
        }
        let mut reader = Arithmetic { lower: self, node, text, at: 0, depth: 0, seconds: false, wanted };
        let expr = reader.sum()?;
        if reader.at < text.len() {
            return reader.refuse();
        }
        Some((expr, reader.seconds))
    }
}

/// Reads arithmetic from left to right.
struct Arithmetic<'a> {
    lower: &'a mut Lower,
    node: &'a Node,
    text: &'a str,
    at: usize,
    depth: usize,
    seconds: bool,
    wanted: &'a str,
}

impl Arithmetic<'_> {
    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Some(left),
            };
            self.at += 1;
            left = Expr::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Option<Expr> {
        let mut left = self.atom()?;
        while self.peek() == Some('*') {
            self.at += 1;
            left = Expr::Binary(Box::new(left), Operator::Multiply, Box::new(self.atom()?));
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<Expr> {
        match self.peek() {
            Some('(') if self.depth < MAX_PARENTHESES => {
                self.at += 1;
                self.depth += 1;
                let inner = self.sum()?;
                self.depth -= 1;
                if self.peek() != Some(')') {
                    return self.refuse();
                }
                self.at += 1;
                Some(inner)
            }
            Some('$') => self.variable(),
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Option<Expr> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').next().unwrap_or_default();
        let number = match literal::literal(word) {
            Some(Literal::Number(number)) => number,
            Some(Literal::Duration(seconds)) => {
                self.seconds = true;
                seconds
            }
            Some(Literal::Flag(_)) | None => return self.refuse(),
        };
        self.at += word.len();
        Some(Expr::Constant(Scalar::Number(number)))
    }

    fn variable(&mut self) -> Option<Expr> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let (name, length) = self.lower.variable_name(self.node, self.at, rest)?;
        let span = self.node.part(self.at..self.at + length);
        let found = self.lower.variable(name, &span)?;
        if found != Type::Number {
            let message = format!("`${name}` is {}", found.name());
            let label = format!("expected {}", self.wanted);
            return self.lower.refuse(Mistake::new(Code::WrongType, &span, message, label));
        }
        self.at += length;
        Some(Expr::Variable(name.to_owned()))
    }

    /// The next character that is not a space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start().len();
        rest.trim_start().chars().next()
    }

    fn refuse<T>(&mut self) -> Option<T> {
        let span = if self.at < self.text.len() {
            self.node.part(self.at..self.text.len())
        } else {
            self.node.span.clone()
        };
        let message = format!("this is not {}", self.wanted);
        let label = format!("expected {}", self.wanted);
        let mistake = Mistake::new(Code::WrongType, &span, message, label);
        let calculates = self.text.contains(['$', '+', '*', '(']);
        let help = "arithmetic has numbers, durations such as `1.5s`, `$name`, `+`, `-`, `*` and parentheses";
        self.lower.refuse(mistake.maybe_help(calculates.then(|| help.to_owned())))
    }
}
