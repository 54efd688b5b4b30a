//! Where a report goes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use super::{BadInput, terminal::print_bytes};

/// A file or standard output, known to be writable before the run starts.
#[derive(Debug)]
pub(super) enum Destination {
    Stdout,
    File { file: File, path: String },
}

impl Destination {
    /// Opens the file, creating it if need be; what it holds stays until there is something better. `-` is standard
    /// output.
    pub(super) fn open(path: &Path) -> Result<Self, BadInput> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        match OpenOptions::new().write(true).create(true).truncate(false).open(path) {
            Ok(file) => Ok(Self::File { file, path: path.display().to_string() }),
            Err(error) => Err(BadInput::new(format!(
                "cannot write a report to `{}`: {error}\nname a file in a folder that exists, or `-` for standard \
                 output",
                path.display()
            ))),
        }
    }

    /// Replaces what the destination holds.
    pub(super) fn write(self, bytes: &[u8]) -> Result<(), BadInput> {
        match self {
            Self::Stdout => {
                print_bytes(bytes);
                Ok(())
            }
            Self::File { file, path } => replace(file, bytes)
                .map_err(|error| BadInput::new(format!("cannot write a report to `{path}`: {error}"))),
        }
    }

    pub(super) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }
}

fn replace(mut file: File, bytes: &[u8]) -> io::Result<()> {
    // A pipe or a device has no length to set.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(bytes)
}
