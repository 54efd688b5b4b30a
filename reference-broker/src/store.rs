//! The state of a broker on disk, in one file.
//!
//! A store knows nothing of MQTT: it keeps the records that the core writes, and keeps each set of
//! [changes](crate::core::Changes) in full or not at all, whatever becomes of the process in the meantime. What is
//! committed is also safe from a failure of power, as far as the disk keeps its word.

use std::{
    error, fmt, fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use crate::core::{BrokenRecord, Changes, Config, Restore, Rules};

/// The records by their keys.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("mqtt-broker-records");

/// What the records are written in.
const FORMAT: TableDefinition<'_, (), u64> = TableDefinition::new("mqtt-broker-format");

/// The only format there is.
const FORMAT_HERE: u64 = 1;

/// How many bytes of the file are held in memory, where all that is in it is anyway.
const CACHE: usize = 16 << 20;

/// A file that the state of a broker is kept in.
pub struct Store {
    path: PathBuf,
    database: Database,
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
        let found = catch_unwind(|| open(&path).and_then(|database| Ok((format(&database)?, database))));
        let damaged = |_| Err(redb::Error::Corrupted("it cannot even be opened".to_owned()));
        match found.unwrap_or_else(damaged) {
            Ok((Some(FORMAT_HERE), database)) => Ok(Self { path, database, is_lax: false }),
            Ok((Some(other), _)) => Err(StoreError { path, why: Why::Format(other) }),
            Ok((None, _)) => Err(StoreError { path, why: Why::Foreign }),
            Err(error) => Err(StoreError { path, why: error.into() }),
        }
    }

    /// Lets acknowledgements leave before what they acknowledge is committed. That is faster, and a crash loses what was
    /// acknowledged in the last moments before it.
    #[must_use]
    pub fn with_early_acknowledgements(self) -> Self {
        Self { is_lax: true, ..self }
    }

    /// Whether acknowledgements leave early.
    pub(crate) const fn is_lax(&self) -> bool {
        self.is_lax
    }

    /// Begins to restore the broker whose state this is.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn restore(&self, config: Config, rules: Rules) -> Result<Restore, StoreError> {
        let mut restore = Restore::new(config, rules);
        match self.read_into(&mut restore) {
            Ok(Ok(())) => Ok(restore),
            Ok(Err(broken)) => Err(self.error(Why::Damaged(broken.to_string()))),
            Err(error) => Err(self.error(error.into())),
        }
    }

    fn read_into(&self, restore: &mut Restore) -> Result<Result<(), BrokenRecord>, redb::Error> {
        let records = self.database.begin_read()?.open_table(RECORDS)?;
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
    /// They could not be written, for instance because the disk is full; none of them is saved then.
    pub fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        self.write(changes).map_err(|error| self.error(error.into()))
    }

    fn write(&self, changes: &Changes) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        let mut records = writing.open_table(RECORDS)?;
        for (key, value) in changes.iter() {
            match value {
                Some(value) => records.insert(key, value)?,
                None => records.remove(key)?,
            };
        }
        drop(records);
        Ok(writing.commit()?)
    }

    /// The error of a commit that did not come to its end.
    pub(crate) fn failed(&self, how: &dyn fmt::Display) -> StoreError {
        self.error(Why::Damaged(how.to_string()))
    }

    fn error(&self, why: Why) -> StoreError {
        StoreError { path: self.path.clone(), why }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file that the state of a broker cannot be kept in.
#[derive(Debug)]
pub struct StoreError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    InUse,
    Foreign,
    Format(u64),
    Damaged(String),
    Io(io::Error),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot keep the broker's state in {}: ", self.path.display())?;
        match &self.why {
            Why::InUse => f.write_str("another process has it open; end that one, or name another file"),
            Why::Foreign => f.write_str(
                "it is not the store of a broker; name another file, or one that is yet to be made",
            ),
            Why::Format(format) => write!(
                f,
                "it is in format {format}, and this program knows format {FORMAT_HERE} only; use the program that wrote it"
            ),
            Why::Damaged(how) => {
                write!(f, "it is damaged ({how}); move it away to start without what it holds")
            }
            Why::Io(error) => write!(f, "{error}"),
        }
    }
}

impl error::Error for StoreError {}

impl From<redb::Error> for Why {
    fn from(error: redb::Error) -> Self {
        if let redb::Error::DatabaseAlreadyOpen = error {
            return Self::InUse;
        }
        let redb::Error::Io(error) = error else { return Self::Damaged(error.to_string()) };
        // So the library says that the file does not begin as one of its own.
        if error.kind() == io::ErrorKind::InvalidData { Self::Foreign } else { Self::Io(error) }
    }
}

fn open(path: &Path) -> Result<Database, redb::Error> {
    let is_new = fs::metadata(path).map_or_else(
        |error| if error.kind() == io::ErrorKind::NotFound { Ok(true) } else { Err(error) },
        |metadata| Ok(metadata.len() == 0),
    )?;
    if is_new {
        create(path)?;
    }
    let mut database = Builder::new().set_cache_size(CACHE).open(path)?;
    // All of it will be read anyway, and the library relies on what it reads.
    if database.check_integrity()? {
        Ok(database)
    } else {
        Err(redb::Error::Corrupted("its parts do not fit together".to_owned()))
    }
}

/// Makes an empty store. It gets its name when it is whole, so that an end in the middle leaves nothing that looks
/// like a store and is none.
fn create(path: &Path) -> Result<(), redb::Error> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let database = Builder::new().set_cache_size(CACHE).create(&unfinished)?;
    let writing = database.begin_write()?;
    writing.open_table(FORMAT)?.insert((), FORMAT_HERE)?;
    writing.open_table(RECORDS)?;
    writing.commit()?;
    drop(database);
    fs::rename(&unfinished, path)?;
    #[cfg(unix)]
    fs::File::open(path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")))?
        .sync_all()?;
    Ok(())
}

/// The format that the records in a database are written in, if it says so.
fn format(database: &Database) -> Result<Option<u64>, redb::Error> {
    match database.begin_read()?.open_table(FORMAT) {
        Ok(table) => Ok(table.get(())?.map(|format| format.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}
