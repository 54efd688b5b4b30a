//! The file of a store: a head, the journal, and behind them the database.
//!
//! One file, so that it can be moved away, and locked, as one. The head says that it is a store and never changes.

use std::{
    fmt, fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{BackendError, Builder, Database, ReadableDatabase, StorageBackend, backends::FileBackend};
use sha2::{Digest, Sha256};

use super::{
    RECORDS, TAKEN_IN,
    error::Why,
    journal::{self, Key},
};

/// The only format there is.
pub(super) const FORMAT: u64 = 2;

/// With what the file begins.
const MAGIC: [u8; 16] = *b"mqtt broker\r\n\x1a\0\0";

/// Magic, format, secret and sum.
const HEAD: usize = MAGIC.len() + 8 + size_of::<Key>() + 32;

/// Where the journal begins.
const JOURNAL: usize = 4096;

/// Where the database begins.
const DATABASE: u64 = (JOURNAL + journal::SIZE) as u64;

/// How many bytes of the file are held in memory, where all that is in it is anyway.
const CACHE: usize = 16 << 20;

/// A file that is open, which no other process has.
pub(super) struct StoreFile {
    pub(super) database: Database,
    pub(super) key: Key,
    whole: Arc<FileBackend>,
}

impl StoreFile {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, Why> {
        let is_new = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(Why::NoFile),
            Ok(metadata) => metadata.len() == 0,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error.into()),
        };
        if is_new {
            create(path)?;
        }
        let whole = Arc::new(open_whole(path)?);
        let key = read_head(path, &whole)?;
        if whole.len()? <= DATABASE {
            return Err(Why::Damaged("it ends too early".to_owned()));
        }
        let mut database = open_database(&whole)?;
        // All of it will be read anyway, and the library relies on what it reads.
        if !database.check_integrity().map_err(redb::Error::from)? {
            return Err(Why::Damaged("its parts do not fit together".to_owned()));
        }
        Ok(Self { database, key, whole })
    }

    /// The whole journal.
    pub(super) fn journal(&self) -> io::Result<Vec<u8>> {
        let mut journal = vec![0; journal::SIZE];
        self.whole.read(JOURNAL as u64, &mut journal)?;
        Ok(journal)
    }

    /// Writes into the journal. When it returns, that is on disk.
    pub(super) fn write_journal(&self, at: usize, entry: &[u8]) -> io::Result<()> {
        self.whole.write((JOURNAL + at) as u64, entry)?;
        self.whole.sync_data()
    }
}

fn open_whole(path: &Path) -> Result<FileBackend, Why> {
    let file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    Ok(FileBackend::new(file).map_err(redb::Error::from)?)
}

fn open_database(whole: &Arc<FileBackend>) -> Result<Database, redb::Error> {
    Ok(Builder::new().set_cache_size(CACHE).create_with_backend(Part(Arc::clone(whole)))?)
}

/// The secret of the store, if it is one.
fn read_head(path: &Path, whole: &FileBackend) -> Result<Key, Why> {
    let mut head = [0; HEAD];
    if whole.len()? < HEAD as u64 {
        return Err(Why::Foreign);
    }
    whole.read(0, &mut head)?;
    let (told, sum) = head.split_at(HEAD - 32);
    let Some((magic, rest)) = told.split_first_chunk() else { return Err(Why::Foreign) };
    if *magic != MAGIC {
        return Err(if is_of_format_1(path) { Why::Format(1) } else { Why::Foreign });
    }
    let (Some((format, _)), Some(key)) = (rest.split_first_chunk(), rest.last_chunk()) else {
        return Err(Why::Foreign);
    };
    match u64::from_be_bytes(*format) {
        FORMAT if sum == Sha256::digest(told).as_slice() => Ok(*key),
        FORMAT => Err(Why::Damaged("its head is broken".to_owned())),
        other => Err(Why::Format(other)),
    }
}

/// Whether the file is of the time when there was only a database in it.
fn is_of_format_1(path: &Path) -> bool {
    const NAME: redb::TableDefinition<'_, (), u64> = redb::TableDefinition::new("mqtt-broker-format");
    let table = Builder::new().open_read_only(path).ok().and_then(|database| database.begin_read().ok());
    table.is_some_and(|reading| reading.open_table(NAME).is_ok())
}

/// Makes an empty store. It gets its name when it is whole, so that an end in the middle leaves nothing that looks
/// like a store and is none.
fn create(path: &Path) -> Result<(), Why> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let made = write_empty(&unfinished).and_then(|()| Ok(fs::rename(&unfinished, path)?));
    if made.is_err() {
        // What is wrong has a better reason than that this does not work either.
        let _ = fs::remove_file(&unfinished);
    }
    made?;
    #[cfg(unix)]
    fs::File::open(path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")))?
        .sync_all()?;
    Ok(())
}

/// Writes an empty store. When it returns, that is on disk.
fn write_empty(path: &Path) -> Result<(), Why> {
    let key = crate::net::secret()?;
    let mut begin = [&MAGIC[..], &FORMAT.to_be_bytes(), &key].concat();
    begin.extend_from_slice(&Sha256::digest(&begin));
    // The journal gets its place on the disk now, so that no commit has to look for one.
    begin.resize(JOURNAL + journal::SIZE, 0);
    fs::write(path, begin)?;
    let whole = Arc::new(open_whole(path)?);
    Ok(fill(&open_database(&whole)?)?)
}

/// Makes the tables. That waits until all of the file is on disk.
fn fill(database: &Database) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(TAKEN_IN)?.insert((), 0)?;
    writing.open_table(RECORDS)?;
    Ok(writing.commit()?)
}

/// The part of the file that the database has.
struct Part(Arc<FileBackend>);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

impl StorageBackend for Part {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len()?.saturating_sub(DATABASE))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(DATABASE + offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(DATABASE + len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(DATABASE + offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    // What is locked is the whole file, whatever part of it the library has in mind.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
}
