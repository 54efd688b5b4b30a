//! The journal: what is committed and not yet in the database, one entry for each commit.
//!
//! Entries are written one behind the other into a part of the file that is there from the beginning, so that a commit
//! is one write and one wait for the disk. When the journal is full, what it holds is taken into the database, and
//! entries are written from its beginning again, over the earlier ones. Their numbers tell old ones from new ones.
//!
//! An entry begins with a new block, so that no later one touches it. It has a sum of its bytes that takes a secret of
//! the store to make: what clients have published may lie in front of a block, too, and must never look like an entry.

use sha2::{Digest, Sha256};

use crate::core::Changes;

/// The size of the journal in the file.
pub(super) const SIZE: usize = 4 << 20;

/// No disk writes less than this at once, nor leaves half of it behind.
const BLOCK: usize = 4096;

/// Number, length and sum.
const HEADER: usize = 8 + 4 + SUM;

const SUM: usize = 16;

/// The secret of a store.
pub(super) type Key = [u8; 32];

/// Where the next entry goes.
pub(super) struct Journal {
    key: Key,
    /// The number of the last entry.
    last: u64,
    /// Where the next one begins.
    end: usize,
}

/// The journal is wrong in the middle: behind an entry that is broken there are others, so that it was whole once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Where the entry begins.
    pub(super) at: usize,
}

impl Journal {
    /// An empty one, whose entries have numbers after `last`.
    pub(super) const fn new(key: Key, last: u64) -> Self {
        Self { key, last, end: 0 }
    }

    /// The number of the last entry.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Begins again: the database has taken in everything.
    pub(super) const fn restart(&mut self) {
        self.end = 0;
    }

    /// Whether an entry with these changes has room; if not now, then perhaps when it has begun again.
    pub(super) fn has_room(&self, changes: &Changes) -> bool {
        self.end + size(changes.as_bytes().len()) <= SIZE
    }

    /// The next entry, and where it is to be written.
    pub(super) fn append(&mut self, changes: &Changes) -> (usize, Vec<u8>) {
        let changes = changes.as_bytes();
        self.last += 1;
        let length = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        let mut entry = Vec::with_capacity(size(changes.len()));
        entry.extend_from_slice(&self.last.to_be_bytes());
        entry.extend_from_slice(&length.to_be_bytes());
        entry.extend_from_slice(&sum(&self.key, self.last, changes));
        entry.extend_from_slice(changes);
        entry.resize(size(changes.len()), 0);
        let at = self.end;
        self.end += entry.len();
        (at, entry)
    }
}

/// What a journal has behind the entry with the number `last`. An entry at its end that is not whole was being written
/// when the process or the machine failed.
pub(super) fn read(journal: &[u8], key: &Key, last: u64) -> Result<Vec<Changes>, Broken> {
    let mut found = Vec::new();
    let (mut last, mut at) = (last, 0);
    while let Some((number, changes)) = journal.get(at..).and_then(|rest| entry(rest, key, last))
        && number == last + 1
    {
        let next = at + size(changes.len());
        found.push(Changes::from_bytes(changes.to_vec()).map_err(|_| Broken { at })?);
        (last, at) = (number, next);
    }
    let is_later = |place: usize| journal.get(place..).is_some_and(|rest| entry(rest, key, last).is_some());
    if (at..journal.len()).step_by(BLOCK).skip(1).any(is_later) { Err(Broken { at }) } else { Ok(found) }
}

/// The entry with which these bytes begin, if it is whole and one of those that can follow on the last one.
fn entry<'a>(bytes: &'a [u8], key: &Key, last: u64) -> Option<(u64, &'a [u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    let number = u64::from_be_bytes(*number);
    if number <= last || number - last > (SIZE / BLOCK) as u64 {
        return None;
    }
    let (length, rest) = rest.split_first_chunk()?;
    let (found, rest) = rest.split_first_chunk::<SUM>()?;
    let changes = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    (sum(key, number, changes) == *found).then_some((number, changes))
}

/// What an entry takes in the file.
const fn size(changes: usize) -> usize {
    (HEADER + changes).next_multiple_of(BLOCK)
}

fn sum(key: &Key, number: u64, changes: &[u8]) -> [u8; SUM] {
    let whole =
        Sha256::new().chain_update(key).chain_update(number.to_be_bytes()).chain_update(changes).finalize();
    let mut sum = [0; SUM];
    sum.iter_mut().zip(whole).for_each(|(place, byte)| *place = byte);
    sum
}

#[cfg(test)]
mod tests;
