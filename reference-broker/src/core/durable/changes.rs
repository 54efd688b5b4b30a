//! What is to be saved.

use std::fmt;

use bytes::BufMut;

use super::{bytes::BrokenRecord, journal::Kind};

/// What is to be saved: new values of keys, and keys that are no more. To be applied in order, and in full or not at all.
///
/// It is kept as the bytes that a store writes down: for each change what it is, the key behind its length, and the
/// value, if there is one, behind its own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes(Vec<u8>);

/// A change of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub(crate) key: &'a [u8],
    /// The value from now on; none if the record is no more.
    pub(crate) value: Option<&'a [u8]>,
    /// Whether there was no record with this key before.
    pub(crate) is_new: bool,
}

const GONE: u8 = 0;
const OTHER: u8 = 1;
const NEW: u8 = 2;

impl Changes {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys in the order of their changes, each with its new value, if it has one from now on.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.each().map(|change| (change.key, change.value))
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || next(&mut rest))
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads what was written down.
    ///
    /// # Errors
    /// The bytes are none of [`as_bytes`](Self::as_bytes).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BrokenRecord> {
        let mut rest = bytes.as_slice();
        while next(&mut rest).is_some() {}
        if rest.is_empty() { Ok(Self(bytes)) } else { Err(BrokenRecord::new("a change is cut off")) }
    }

    /// None, with room for about as many as these are: one set is often as large as the one before.
    pub(crate) fn room_for_as_many(&self) -> Self {
        const MOST: usize = 256 * 1024;
        Self(Vec::with_capacity(self.0.len().min(MOST)))
    }

    /// Adds that there is a record with this value; `is_new` if there was none with the key.
    pub(crate) fn put(
        &mut self,
        is_new: bool,
        key: impl FnOnce(&mut Vec<u8>),
        value: impl FnOnce(&mut Vec<u8>),
    ) {
        self.0.put_u8(if is_new { NEW } else { OTHER });
        prefixed(&mut self.0, key);
        prefixed(&mut self.0, value);
    }

    /// Adds that a record is no more.
    pub(crate) fn remove(&mut self, key: impl FnOnce(&mut Vec<u8>)) {
        self.0.put_u8(GONE);
        prefixed(&mut self.0, key);
    }

    /// Forgets that entries of these kinds are no more, as only a mutant does.
    pub(crate) fn keep(&mut self, kinds: &[Kind]) {
        let is_kept = |key: &[u8]| kinds.iter().any(|kind| key.first() == Some(&(*kind as u8)));
        let mut left = Self::default();
        for Change { key, value, is_new } in self.each() {
            match value {
                Some(value) => left.put(is_new, |out| out.put_slice(key), |out| out.put_slice(value)),
                None if is_kept(key) => {}
                None => left.remove(|out| out.put_slice(key)),
            }
        }
        *self = left;
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.each()).finish()
    }
}

/// Takes the first change off what is left; none if there is no whole one.
fn next<'a>(rest: &mut &'a [u8]) -> Option<Change<'a>> {
    let (kind, after) = rest.split_first()?;
    let (key, after) = split_prefixed(after)?;
    let (value, after) = match *kind {
        GONE => (None, after),
        OTHER | NEW => split_prefixed(after).map(|(value, after)| (Some(value), after))?,
        _ => return None,
    };
    *rest = after;
    Some(Change { key, value, is_new: *kind == NEW })
}

fn split_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Writes something behind its length.
fn prefixed(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.put_u32(0);
    write(out);
    let length = out.len() - begin - size_of::<u32>();
    if let Some(place) = out.get_mut(begin..).and_then(<[u8]>::first_chunk_mut) {
        *place = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    }
}
