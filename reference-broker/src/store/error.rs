//! What is wrong with a store.

use std::{error, fmt, io, path::PathBuf};

use super::file::FORMAT;

/// A file that the state of a broker cannot be kept in.
#[derive(Debug)]
pub struct StoreError {
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    InUse,
    /// A folder, a device, or what else there is.
    NoFile,
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
            Why::NoFile => {
                f.write_str("it is something other than a file; name a file, or one that is yet to be made")
            }
            Why::Foreign => f.write_str(
                "it is not the store of a broker; name another file, or one that is yet to be made",
            ),
            Why::Format(format) => write!(
                f,
                "it is in format {format}, and this program knows format {FORMAT} only; use the program that wrote it"
            ),
            Why::Damaged(how) => {
                write!(f, "it is damaged ({how}); move it away to start without what it holds")
            }
            Why::Io(error) => {
                write!(
                    f,
                    "{error}; see that its folder is there, can be written to and has room, or name another file"
                )
            }
        }
    }
}

impl error::Error for StoreError {}

impl From<redb::Error> for Why {
    fn from(error: redb::Error) -> Self {
        if let redb::Error::DatabaseAlreadyOpen = error {
            return Self::InUse;
        }
        if let redb::Error::Io(error) = error { error.into() } else { Self::Damaged(error.to_string()) }
    }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        if [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof].contains(&error.kind()) {
            Self::Damaged(error.to_string())
        } else {
            Self::Io(error)
        }
    }
}
