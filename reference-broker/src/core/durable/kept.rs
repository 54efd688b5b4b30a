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
#[expect(clippy::box_collection, reason = "a session that is not saved is not to be larger by a map")]
pub(crate) struct Notes<K>(Option<Box<BTreeMap<K, Before>>>);

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
        if let Some(changed) = &mut self.0
            && !changed.contains_key(key)
        {
            let saved = |entry: &V| Before::Saved(entry.message().cloned());
            changed.insert(key.clone(), before.map_or(Before::Nothing, saved));
        }
    }

    /// What has changed, which from now on counts as saved.
    pub(crate) fn take(&mut self) -> BTreeMap<K, Before> {
        self.0.as_deref_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Ends the noting.
    pub(crate) fn stop(&mut self) -> BTreeMap<K, Before> {
        self.0.take().map(|changed| *changed).unwrap_or_default()
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
        for before in self.notes().0.iter_mut().flat_map(|changed| changed.values_mut()) {
            *before = Before::Nothing;
        }
    }

    /// Ends the noting; what is returned has everything that was saved.
    fn forget(&mut self) -> BTreeMap<Self::Key, Before> {
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
