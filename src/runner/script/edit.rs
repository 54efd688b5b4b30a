//! Making a wrong packet of a correct one, as a scenario's `edit:` says.

use mqttspec_wire::{Edit, EditError, Layout};

use super::trouble::Trouble;
use crate::{
    runner::value::Variables,
    scenario::ast::{EditSpec, Expr},
};

/// Makes one change; Connect Flags that it replaces keep `kept_flags`.
pub(super) fn apply(
    layout: &mut Layout,
    edit: &EditSpec,
    variables: &Variables,
    kept_flags: u8,
) -> Result<(), Trouble> {
    let edit = match edit {
        EditSpec::FirstByte(expr) => Edit::SetFirstByte(integer(variables, expr)?),
        EditSpec::Flags(expr) => Edit::SetFlags(integer(variables, expr)?),
        EditSpec::Drop(part) => Edit::Drop { part: part.clone() },
        EditSpec::Repeat(part) => Edit::Repeat { part: part.clone() },
        EditSpec::Move { part, before } => Edit::Move { part: part.clone(), before: before.clone() },
        EditSpec::Replace { part, with } => {
            let mut bytes = variables.eval(with)?.to_bytes().to_vec();
            if part == "connect-flags" {
                for flags in &mut bytes {
                    *flags |= kept_flags;
                }
            }
            return replace(layout, part, &bytes);
        }
        EditSpec::Insert { before, bytes } => {
            Edit::InsertBefore { part: before.clone(), bytes: bytes.clone() }
        }
        EditSpec::Length { part, length } => {
            Edit::SetLength { part: part.clone(), length: integer(variables, length)? }
        }
        EditSpec::Pad { part, width } => Edit::PadVariableByte { part: part.clone(), width: *width },
        EditSpec::Cut(keep) => Edit::Cut { keep: integer(variables, keep)? },
        EditSpec::Append(bytes) => Edit::Append { bytes: bytes.clone() },
    };
    layout.edit(&edit).map_err(|error| Trouble::harness(error.to_string()))
}

/// Replaces what a part holds; the length in front of a text or of binary data stays right.
fn replace(layout: &mut Layout, part: &str, bytes: &[u8]) -> Result<(), Trouble> {
    for content in [format!("{part}.text"), format!("{part}.data")] {
        match layout.edit(&Edit::Replace { part: content, bytes: bytes.to_vec() }) {
            Err(EditError::UnknownPart { .. }) => {}
            done => return done.map_err(|error| Trouble::harness(error.to_string())),
        }
    }
    let whole = Edit::Replace { part: part.to_owned(), bytes: bytes.to_vec() };
    layout.edit(&whole).map_err(|error| Trouble::harness(error.to_string()))
}

fn integer<T: TryFrom<u64>>(variables: &Variables, expr: &Expr) -> Result<T, Trouble> {
    let value = variables.eval(expr)?;
    value.integer().ok_or_else(|| Trouble::harness(format!("{value} is not a number that can stand here")))
}
