//! What is in the journal and not yet in the database.

use std::collections::BTreeMap;

use crate::core::Changes;

/// The last change of each record. What came and went leaves nothing behind, so that most messages never get into the
/// database.
#[derive(Debug, Default)]
pub(super) struct Pending(BTreeMap<Vec<u8>, Last>);

#[derive(Debug)]
struct Last {
    value: Option<Vec<u8>>,
    /// Whether the database may have a record with this key.
    is_known: bool,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many records have changed.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds what changes next.
    pub(super) fn add(&mut self, changes: &Changes) {
        for change in changes.each() {
            match (self.0.get_mut(change.key), change.value) {
                (Some(last), None) if !last.is_known => {
                    self.0.remove(change.key);
                }
                (Some(last), value) => last.value = value.map(<[u8]>::to_vec),
                (None, value) => {
                    let last = Last { value: value.map(<[u8]>::to_vec), is_known: !change.is_new };
                    self.0.insert(change.key.to_vec(), last);
                }
            }
        }
    }

    /// The keys in order, each with its new value, if it has one from now on.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.0.iter().map(|(key, last)| (key.as_slice(), last.value.as_deref()))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
