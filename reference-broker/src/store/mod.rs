//! The state of a broker on disk, in one file.
//!
//! A store knows nothing of MQTT: it keeps the records that the core writes, and keeps each set of
//! [changes](crate::core::Changes) in full or not at all, whatever becomes of the process in the meantime. What is
//! committed is also safe from a failure of power, as far as the disk keeps its word.
//!
//! | file | what it does |
//! |---|---|
//! | `file` | the parts of the file, and what it begins with |
//! | `journal` | where each commit is written at once |
//! | `latest` | what a journal comes to |
//! | `error` | what is wrong |
//!
//! A commit writes one entry into the journal, instead of each record at its place in a tree. The records get there when
//! the journal is full and when the store is closed or opened; until then most of them are no more. So the journal is
//! never long, and neither is reading it.

mod error;
mod file;
mod journal;
mod latest;

use std::{
    fmt,
    panic::catch_unwind,
    path::{Path, PathBuf},
    thread,
};

use bytes::Bytes;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

pub use error::StoreError;

use crate::core::{BrokenRecord, Changes, Config, Restore, Rules};
use error::Why;
use file::StoreFile;
use journal::{Broken, Journal};
use latest::latest;

/// The records by their keys.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("mqtt-broker-records");

/// The number of the last entry of the journal that the records have taken in.
const TAKEN_IN: TableDefinition<'_, (), u64> = TableDefinition::new("mqtt-broker-taken-in");

/// A file that the state of a broker is kept in.
pub struct Store {
    path: PathBuf,
    file: StoreFile,
    journal: Journal,
    /// What is committed and not yet in the database.
    pending: Vec<Changes>,
    /// Whether a commit has failed. What is on disk may then be anything that a later start can tell.
    has_failed: bool,
    is_lax: bool,
}

impl Store {
    /// Opens the file, or makes it. While it is open, no other process can.
    ///
    /// # Errors
    /// The file cannot be read or written, is in use, is damaged, or holds something else.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        // The library trusts a file that was closed in order, and panics over one that was damaged afterwards.
        let found = catch_unwind(|| open(&path));
        match found.unwrap_or_else(|_| Err(Why::Damaged("it cannot even be opened".to_owned()))) {
            Ok((file, journal, pending)) => {
                let mut store = Self { path, file, journal, pending, has_failed: false, is_lax: false };
                store.take_in().map_err(|why| store.error(why))?;
                Ok(store)
            }
            Err(why) => Err(StoreError { path, why }),
        }
    }

    /// Lets acknowledgements leave before what they acknowledge is committed. That is faster, and a crash loses what was
    /// acknowledged in the last moments before it.
    #[must_use]
    pub fn with_early_acknowledgements(mut self) -> Self {
        self.is_lax = true;
        self
    }

    /// Whether acknowledgements leave early.
    pub(crate) const fn is_lax(&self) -> bool {
        self.is_lax
    }

    /// Begins to restore the broker whose state this is.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn restore(&mut self, config: Config, rules: Rules) -> Result<Restore, StoreError> {
        let mut restore = Restore::new(config, rules);
        self.take_in().map_err(|why| self.error(why))?;
        match self.read_into(&mut restore) {
            Ok(Ok(())) => Ok(restore),
            Ok(Err(broken)) => Err(self.error(Why::Damaged(broken.to_string()))),
            Err(error) => Err(self.error(error.into())),
        }
    }

    fn read_into(&self, restore: &mut Restore) -> Result<Result<(), BrokenRecord>, redb::Error> {
        let records = self.file.database.begin_read()?.open_table(RECORDS)?;
        for record in records.iter()? {
            let (key, value) = record?;
            if let Err(broken) = restore.record(key.value(), Bytes::copy_from_slice(value.value())) {
                return Ok(Err(broken));
            }
        }
        Ok(Ok(()))
    }

    /// Saves changes. When it returns, they are on disk.
    ///
    /// # Errors
    /// They could not be written, for instance because the disk is full. Nothing more can be saved then; a store that is
    /// opened anew has what was saved before.
    pub fn commit(&mut self, changes: Changes) -> Result<(), StoreError> {
        if self.has_failed {
            return Err(self.error(Why::Damaged("a commit has failed".to_owned())));
        }
        let done = self.write(changes);
        self.has_failed = done.is_err();
        done.map_err(|why| self.error(why))
    }

    fn write(&mut self, changes: Changes) -> Result<(), Why> {
        if !self.journal.has_room(&changes) {
            self.take_in()?;
        }
        if self.journal.has_room(&changes) {
            let (at, entry) = self.journal.append(&changes);
            self.file.write_journal(at, &entry)?;
            self.pending.push(changes);
            return Ok(());
        }
        // It is more than any journal has room for.
        self.pending.push(changes);
        self.take_in()
    }

    /// Takes what is pending into the database.
    fn take_in(&mut self) -> Result<(), Why> {
        if !self.pending.is_empty() {
            self.fold()?;
            self.pending.clear();
            self.journal.restart();
        }
        Ok(())
    }

    fn fold(&self) -> Result<(), redb::Error> {
        let writing = self.file.database.begin_write()?;
        let mut records = writing.open_table(RECORDS)?;
        for (key, value) in latest(&self.pending) {
            match value {
                Some(value) => records.insert(key, value)?,
                None => records.remove(key)?,
            };
        }
        drop(records);
        writing.open_table(TAKEN_IN)?.insert((), self.journal.last())?;
        Ok(writing.commit()?)
    }

    /// The error of a commit that did not come to its end.
    pub(crate) fn failed(path: PathBuf) -> StoreError {
        StoreError { path, why: Why::Damaged("a commit did not come to its end".to_owned()) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn error(&self, why: Why) -> StoreError {
        StoreError { path: self.path.clone(), why }
    }
}

/// What is committed is in the file anyway. Without a journal the next start has less to do.
impl Drop for Store {
    fn drop(&mut self) {
        if !self.has_failed && !thread::panicking() {
            let _ = self.take_in();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Opens the file, and reads its journal.
fn open(path: &Path) -> Result<(StoreFile, Journal, Vec<Changes>), Why> {
    let file = StoreFile::open(path)?;
    let taken_in = taken_in(&file)?;
    let pending = journal::read(&file.journal()?, &file.key, taken_in);
    let pending =
        pending.map_err(|Broken { at }| Why::Damaged(format!("its journal is broken at byte {at}")))?;
    let journal = Journal::new(file.key, taken_in + pending.len() as u64);
    Ok((file, journal, pending))
}

fn taken_in(file: &StoreFile) -> Result<u64, redb::Error> {
    let table = file.database.begin_read()?.open_table(TAKEN_IN)?;
    table
        .get(())?
        .map(|number| number.value())
        .ok_or(redb::Error::Corrupted("a number is missing".to_owned()))
}

#[cfg(test)]
mod tests;
