//! What many sets of changes come to.

use std::collections::HashMap;

use crate::core::Changes;

/// The last change of a record.
#[derive(Clone, Copy)]
struct Last<'a> {
    value: Option<&'a [u8]>,
    /// Whether there may be a record with this key already.
    is_known: bool,
}

/// The keys in order, each with its new value, if it has one from now on. What came and went leaves nothing behind, so
/// that most messages never get into the database.
pub(super) fn latest(all: &[Changes]) -> Vec<(&[u8], Option<&[u8]>)> {
    // It hashes, since most keys come up to be removed again, and never have to be brought into order.
    let mut latest: HashMap<&[u8], Last<'_>> = HashMap::new();
    for change in all.iter().flat_map(Changes::each) {
        let is_known = latest.get(change.key).map_or(!change.is_new, |last| last.is_known);
        if is_known || change.value.is_some() {
            latest.insert(change.key, Last { value: change.value, is_known });
        } else {
            latest.remove(change.key);
        }
    }
    let mut latest: Vec<_> = latest.into_iter().map(|(key, last)| (key, last.value)).collect();
    latest.sort_unstable_by_key(|(key, _)| *key);
    latest
}
