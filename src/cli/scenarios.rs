//! The scenarios that a command works with.

use std::sync::Arc;

use super::BadInput;
use crate::scenario::ast::Scenario;

#[expect(clippy::unnecessary_wraps, reason = "loading them can fail once there are any")]
/// The scenarios that are part of the program.
pub(super) fn built_in() -> Result<Vec<Arc<Scenario>>, BadInput> {
    Ok(Vec::new())
}
