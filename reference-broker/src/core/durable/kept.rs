//! Collections that know what has changed in them since they were saved, so that no change can be forgotten.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use super::Entry;
use crate::core::message::Message;

/// What is saved of an entry that has changed since.
#[derive(Debug)]
pub(crate) enum Before {
    /// Nothing: it is new.
    Nothing,
    /// An entry that refers to this message, if to any.
    Saved(Option<Arc<Message>>),
}

/// The keys whose entries have changed since they were saved. Of what is not saved at all, nothing is noted.
#[derive(Debug)]
pub(crate) struct Notes<K>(Option<Box<Changed<K>>>);

/// One note for each change, since that costs less than to look for an earlier one; if a key has several, the first counts.
#[derive(Debug)]
struct Changed<K> {
    notes: Vec<(K, Before)>,
    /// How many there may be before those that do not count are thrown away.
    limit: usize,
}

/// How few notes are never too many.
const FEW: usize = 64;

impl<K> Default for Changed<K> {
    fn default() -> Self {
        Self { notes: Vec::new(), limit: FEW }
    }
}

impl<K: Ord> Changed<K> {
    fn note(&mut self, key: K, before: Before) {
        if self.notes.len() >= self.limit {
            self.keep_first();
            self.limit = FEW.max(2 * self.notes.len());
        }
        self.notes.push((key, before));
    }

    /// Leaves one note for each key, in their order.
    fn keep_first(&mut self) {
        self.notes.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.notes.dedup_by(|(later, _), (first, _)| later == first);
    }
}

impl<K> Default for Notes<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Clone + Ord> Notes<K> {
    /// Whether changes are noted.
    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins to note changes.
    pub(crate) fn start(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Notes that an entry is about to change; `before` is what it is now.
    pub(crate) fn note<V: Entry>(&mut self, key: &K, before: Option<&V>) {
        if let Some(changed) = &mut self.0 {
            let saved = |entry: &V| Before::Saved(entry.message().cloned());
            changed.note(key.clone(), before.map_or(Before::Nothing, saved));
        }
    }

    /// What has changed, which from now on counts as saved: each key once, in their order.
    pub(crate) fn take(&mut self) -> Vec<(K, Before)> {
        let Some(changed) = &mut self.0 else { return Vec::new() };
        changed.keep_first();
        changed.limit = FEW;
        std::mem::take(&mut changed.notes)
    }

    /// Ends the noting.
    pub(crate) fn stop(&mut self) -> Vec<(K, Before)> {
        let changed = self.take();
        self.0 = None;
        changed
    }
}

/// A collection that notes its changes.
pub(crate) trait Tracked {
    type Key: Clone + Ord;
    type Value: Entry;

    fn notes(&mut self) -> &mut Notes<Self::Key>;

    fn entry(&self, key: &Self::Key) -> Option<&Self::Value>;

    /// Notes that every entry is about to change.
    fn note_all(&mut self);

    /// Begins to note changes; all entries count as new.
    fn track_anew(&mut self) {
        self.notes().start();
        self.note_all();
        for (_, before) in self.notes().0.iter_mut().flat_map(|changed| &mut changed.notes) {
            *before = Before::Nothing;
        }
    }

    /// Ends the noting; what is returned has everything that was saved.
    fn forget(&mut self) -> Vec<(Self::Key, Before)> {
        self.note_all();
        self.notes().stop()
    }
}

/// A map whose changes are noted. It can be read as the [`BTreeMap`] that it is.
///
/// Most sessions leave most of theirs empty, so that one takes memory only once it is used.
#[derive(Debug)]
pub(crate) struct Kept<K, V>(Option<Box<Noted<K, V>>>);

#[derive(Debug)]
struct Noted<K, V> {
    entries: BTreeMap<K, V>,
    notes: Notes<K>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: 'static, V: 'static> Kept<K, V> {
    const NOTHING: &'static BTreeMap<K, V> = &BTreeMap::new();

    fn noted(&mut self) -> &mut Noted<K, V> {
        self.0.get_or_insert_with(|| Box::new(Noted { entries: BTreeMap::new(), notes: Notes::default() }))
    }

    /// The entries, to change what is not saved of them.
    pub(crate) fn unsaved_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().flat_map(|noted| noted.entries.iter_mut())
    }
}

impl<K: 'static, V: 'static> Deref for Kept<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().map_or(Self::NOTHING, |noted| &noted.entries)
    }
}

impl<K: Clone + Ord + 'static, V: Entry + 'static> Kept<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let Noted { entries, notes } = self.noted();
        if notes.is_on() {
            notes.note(&key, entries.get(&key));
        }
        entries.insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let Noted { entries, notes } = self.0.as_deref_mut()?;
        let removed = entries.remove(key)?;
        notes.note(key, Some(&removed));
        Some(removed)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let Noted { entries, notes } = self.0.as_deref_mut()?;
        let value = entries.get_mut(key)?;
        notes.note(key, Some(value));
        Some(value)
    }

    /// The entry, to change what is not saved of it.
    pub(crate) fn get_unsaved_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.as_deref_mut()?.entries.get_mut(key)
    }

    /// Takes all entries out.
    pub(crate) fn take(&mut self) -> BTreeMap<K, V> {
        self.note_all();
        self.0.as_deref_mut().map(|noted| std::mem::take(&mut noted.entries)).unwrap_or_default()
    }

    pub(crate) fn clear(&mut self) {
        self.take();
    }
}

impl<K: Clone + Ord + 'static, V: Entry + 'static> Tracked for Kept<K, V> {
    type Key = K;
    type Value = V;

    fn notes(&mut self) -> &mut Notes<K> {
        &mut self.noted().notes
    }

    fn entry(&self, key: &K) -> Option<&V> {
        self.get(key)
    }

    fn note_all(&mut self) {
        let Some(Noted { entries, notes }) = self.0.as_deref_mut() else { return };
        if notes.is_on() {
            for (key, value) in &*entries {
                notes.note(key, Some(value));
            }
        }
    }
}

#[cfg(test)]
mod tests;
