//! Values: texts with variables in them, bytes, numbers, durations.

use super::{
    Lower, Mistake,
    literal::{self, Literal},
    scope::Type,
};
use crate::scenario::{
    ast::{Expr, Scalar, Segment},
    diagnostic::Code,
    node::Node,
};

/// The most bytes that `{bytes: n}` stands for: enough for a Remaining Length of four bytes.
const MAX_BYTES: u32 = 4 * 1024 * 1024;
/// The most bytes that all of these together stand for in a scenario.
const MAX_BYTES_MADE: usize = 16 * 1024 * 1024;

impl Lower {
    /// A text; `$name` and `${name}` in it stand for variables, `$$` for a dollar sign.
    pub(super) fn text(&mut self, node: &Node) -> Option<Expr> {
        let text = self.scalar(node, "a text")?.text.as_str();
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(dollar) = text.get(at..).and_then(|rest| rest.find('$')).map(|found| at + found) {
            literal.push_str(text.get(at..dollar).unwrap_or_default());
            let rest = text.get(dollar + 1..).unwrap_or_default();
            if rest.starts_with('$') {
                literal.push('$');
                at = dollar + 2;
                continue;
            }
            let (name, length) = self.variable_name(node, dollar, rest)?;
            self.variable(name, &node.part(dollar..dollar + length))?;
            if !literal.is_empty() {
                segments.push(Segment::Text(std::mem::take(&mut literal)));
            }
            segments.push(Segment::Variable(name.to_owned()));
            at = dollar + length;
        }
        literal.push_str(text.get(at..).unwrap_or_default());
        Some(template(segments, literal))
    }

    /// The name after the dollar sign at `dollar`, and how many bytes the whole takes.
    pub(super) fn variable_name<'t>(
        &mut self,
        node: &Node,
        dollar: usize,
        rest: &'t str,
    ) -> Option<(&'t str, usize)> {
        let (name, length) = match rest.strip_prefix('{') {
            None => {
                let length = name_length(rest);
                (rest.get(..length).unwrap_or_default(), length + 1)
            }
            Some(inner) => match inner.split_once('}') {
                Some((name, _)) => (name, name.len() + 3),
                None => ("", 2),
            },
        };
        if !name.is_empty() && name_length(name) == name.len() {
            return Some((name, length));
        }
        let mistake = Mistake::new(
            Code::WrongValue,
            &node.part(dollar..dollar + 1),
            "a dollar sign begins the name of a variable",
            "`$name` or `${name}` is needed, or `$$` for a dollar sign",
        );
        self.refuse(mistake)
    }

    /// Bytes: a text, `{hex: ...}` or `{bytes: n}`.
    pub(super) fn binary(&mut self, node: &Node) -> Option<Expr> {
        if node.entries().is_none() {
            return self.text(node);
        }
        let mut keys = self.keys(node, "a value of bytes")?;
        let found = match (keys.take("hex"), keys.take("bytes")) {
            (Some(hex), None) => self.hex(hex),
            (None, Some(count)) => self.repeating_bytes(count),
            (None, None) | (Some(_), Some(_)) => self.wrong_type(node, "`{hex: ...}` or `{bytes: n}`"),
        };
        keys.finish(self);
        found.map(|bytes| Expr::Constant(Scalar::Bytes(bytes)))
    }

    /// Hexadecimal digits.
    pub(super) fn hex(&mut self, node: &Node) -> Option<Vec<u8>> {
        let text = self.scalar(node, "hexadecimal digits")?.text.as_str();
        match literal::hex(text) {
            Ok(bytes) => Some(bytes),
            Err(at) => {
                let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                let mistake = Mistake::new(
                    Code::WrongValue,
                    &node.part(at..at + length),
                    "these are not bytes in hexadecimal digits",
                    "two digits a byte are needed, as in `c0 00`",
                );
                self.refuse(mistake)
            }
        }
    }

    /// That many bytes of a pattern which repeats after 251, a prime, so that a piece put elsewhere shows.
    fn repeating_bytes(&mut self, node: &Node) -> Option<Vec<u8>> {
        let count = usize::try_from(self.constant(node, 0, MAX_BYTES)?).ok()?;
        self.bytes_made += count;
        if self.bytes_made > MAX_BYTES_MADE {
            let message = format!("this scenario makes more than {MAX_BYTES_MADE} bytes");
            return self.refuse(Mistake::new(
                Code::WrongValue,
                &node.span,
                message,
                "too many with those before",
            ));
        }
        Some((0..=250).cycle().take(count).collect())
    }

    /// A whole number without variables.
    pub(super) fn constant(&mut self, node: &Node, min: u32, max: u32) -> Option<u32> {
        match self.number(node, min, max)? {
            Expr::Constant(Scalar::Number(number)) => whole(number, min, max),
            Expr::Constant(_) | Expr::Template(_) | Expr::Variable(_) | Expr::Binary(..) => {
                let mistake = Mistake::new(
                    Code::WrongType,
                    &node.span,
                    "variables cannot be used here",
                    "expected a number",
                );
                self.refuse(mistake)
            }
        }
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, node: &Node, min: u32, max: u32) -> Option<Expr> {
        let wanted = format!("a whole number from {min} to {max}");
        let (expr, seconds) = self.arithmetic(node, &wanted)?;
        if let Expr::Constant(Scalar::Number(number)) = expr
            && (seconds || whole(number, min, max).is_none())
        {
            let message = if seconds { "a number has no unit here" } else { "this number does not fit here" };
            return self.refuse(Mistake::new(
                Code::WrongValue,
                &node.span,
                message,
                format!("expected {wanted}"),
            ));
        }
        self.check_variations(node, &expr, (min, max))?;
        Some(expr)
    }

    /// Refuses a variable of which not all values are whole numbers in the range.
    fn check_variations(&mut self, node: &Node, expr: &Expr, (min, max): (u32, u32)) -> Option<()> {
        let Expr::Variable(name) = expr else { return Some(()) };
        let Some((numbers, introduced)) = self.numbers(name) else { return Some(()) };
        let Some(wrong) = numbers.iter().find(|number| whole(**number, min, max).is_none()) else {
            return Some(());
        };
        let message = format!("`${name}` is also {wrong}, which does not fit here");
        let label = format!("expected a whole number from {min} to {max}");
        let mistake =
            Mistake::new(Code::WrongValue, &node.span, message, label).also(introduced, "its values");
        self.refuse(mistake)
    }

    /// A duration.
    pub(super) fn duration(&mut self, node: &Node) -> Option<Expr> {
        let (expr, seconds) = self.arithmetic(node, "a duration")?;
        if !seconds && let Expr::Constant(_) = expr {
            let label = "expected a duration such as `1.5s` or `200ms`";
            return self.refuse(Mistake::new(Code::WrongType, &node.span, "a duration has a unit", label));
        }
        Some(expr)
    }

    /// `true`, `false`, or a variable that is one of them.
    pub(super) fn flag(&mut self, node: &Node) -> Option<Expr> {
        let wanted = "`true` or `false`";
        let Some(word) = node.word() else { return self.wrong_type(node, wanted) };
        if let Some(Literal::Flag(flag)) = literal::literal(word) {
            return Some(Expr::Constant(Scalar::Bool(flag)));
        }
        if word.starts_with('$')
            && let expr @ Expr::Variable(_) = self.text(node)?
        {
            self.check_variable_type(node, &expr, &[Type::Flag], wanted)?;
            return Some(expr);
        }
        let message = format!("`{word}` is neither `true` nor `false`");
        self.refuse(Mistake::new(Code::WrongType, &node.span, message, format!("expected {wanted}")))
    }

    fn check_variable_type(
        &mut self,
        node: &Node,
        expr: &Expr,
        allowed: &[Type],
        wanted: &str,
    ) -> Option<()> {
        let Expr::Variable(name) = expr else { return Some(()) };
        let found = self.variable(name, &node.span)?;
        if allowed.contains(&found) {
            return Some(());
        }
        let message = format!("`${name}` is {}", found.name());
        self.refuse(Mistake::new(Code::WrongType, &node.span, message, format!("expected {wanted}")))
    }

    /// A value as it stands, without a field to say what is wanted: for `vary`.
    pub(super) fn untyped(&mut self, node: &Node) -> Option<Scalar> {
        match node.word().and_then(literal::literal) {
            Some(Literal::Flag(flag)) => return Some(Scalar::Bool(flag)),
            Some(Literal::Number(number) | Literal::Duration(number)) => return Some(Scalar::Number(number)),
            None => {}
        }
        match self.binary(node)? {
            Expr::Constant(scalar) => Some(scalar),
            Expr::Template(_) | Expr::Variable(_) | Expr::Binary(..) => {
                let mistake = Mistake::new(
                    Code::WrongType,
                    &node.span,
                    "variables cannot be used here",
                    "expected a constant",
                );
                self.refuse(mistake)
            }
        }
    }
}

/// How long the name of a variable at the beginning of `text` is: words joined by dots.
fn name_length(text: &str) -> usize {
    let mut length = 0;
    for (index, word) in text.split('.').enumerate() {
        let letters = word
            .bytes()
            .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
            .count();
        let starts_well = index > 0 || word.starts_with(|c: char| c.is_ascii_lowercase());
        if letters == 0 || !starts_well {
            break;
        }
        length += letters + usize::from(index > 0);
        if letters < word.len() {
            break;
        }
    }
    length
}

fn template(mut segments: Vec<Segment>, literal: String) -> Expr {
    if segments.is_empty() {
        return Expr::Constant(Scalar::Text(literal));
    }
    if !literal.is_empty() {
        segments.push(Segment::Text(literal));
    }
    match segments.as_slice() {
        [Segment::Variable(name)] => Expr::Variable(name.clone()),
        _ => Expr::Template(segments),
    }
}

/// The whole number that `number` is, if it is one in this range.
pub(super) fn whole(number: f64, min: u32, max: u32) -> Option<u32> {
    let fits = number.fract() == 0.0 && (f64::from(min)..=f64::from(max)).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in the range of u32"
    )]
    fits.then_some(number as u32)
}
