//! Settings in a file: TOML, with the place of every value.

use toml::de::{DeTable, DeValue};

use super::{
    table::{SETTINGS, Setting},
    value::Written,
};
use crate::diagnostic::{Code, Mistake, Span, suggest::guidance};

/// The value of a setting that a file holds, and its place.
pub(super) type Found = (&'static Setting, Written, Span);

/// All settings of a file, and what is wrong with it.
pub(super) fn read(text: &str) -> (Vec<Found>, Vec<Mistake>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let syntax = errors.iter().map(|error| {
        let span = error.span().unwrap_or_default();
        let span = if text.get(span.clone()).is_some() { span } else { 0..0 };
        Mistake::new(Code::Syntax, &span, error.message(), "this is not TOML")
    });
    let mut mistakes: Vec<Mistake> = syntax.collect();
    let unreadable: Vec<Span> = mistakes.iter().map(|mistake| mistake.span.clone()).collect();
    let mut found = Vec::new();
    read_table(table.get_ref(), "", &mut found, &mut mistakes);
    // What the parser puts there instead is nobody's mistake.
    let touches = |span: &Span| unreadable.iter().any(|one| one.start <= span.end && span.start <= one.end);
    found.retain(|(_, _, span)| !touches(span));
    (found, mistakes)
}

/// Reads a table whose keys begin with `prefix`.
fn read_table(table: &DeTable<'_>, prefix: &str, found: &mut Vec<Found>, mistakes: &mut Vec<Mistake>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        let inside = format!("{path}.");
        let is_table = SETTINGS.iter().any(|setting| setting.key.starts_with(&inside));
        match (value.get_ref(), Setting::of_key(&path)) {
            (DeValue::Table(table), None) if is_table => read_table(table, &inside, found, mistakes),
            (_, Some(setting)) => found.push((setting, written(value.get_ref()), value.span())),
            (_, None) if is_table => {
                let message = format!("`{path}` is a table");
                let label = format!("write it as [{path}], with its settings below");
                mistakes.push(Mistake::new(Code::WrongType, &value.span(), message, label));
            }
            (_, None) => mistakes.push(unknown(key.get_ref(), prefix, key.span())),
        }
    }
}

fn unknown(key: &str, prefix: &str, span: Span) -> Mistake {
    let known = SETTINGS.iter().filter_map(|setting| {
        let rest = setting.key.strip_prefix(prefix)?;
        Some(rest.split('.').next().unwrap_or(rest))
    });
    let mut known: Vec<&str> = known.collect();
    known.dedup();
    let message = format!("there is no setting `{prefix}{key}`");
    let (label, help) = guidance(key, &known);
    let elsewhere = SETTINGS.iter().find(|setting| setting.key.ends_with(&format!(".{key}")));
    let elsewhere = elsewhere.map(|setting| format!("there is `{}`", setting.key));
    Mistake::new(Code::UnknownName, &span, message, label).maybe_help(elsewhere.or(help))
}

fn written(value: &DeValue<'_>) -> Written {
    match value {
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Written::Integer(number.as_str().replace('_', ""))
        }
        DeValue::Integer(_) => Written::Other("a number that is not decimal"),
        DeValue::Float(_) => Written::Other("a fraction"),
        DeValue::Boolean(switch) => Written::Switch(*switch),
        DeValue::Datetime(_) => Written::Other("a date"),
        DeValue::Array(list) => {
            Written::List(list.iter().map(|item| (item.span(), written(item.get_ref()))).collect())
        }
        DeValue::Table(_) => Written::Other("a table"),
    }
}
