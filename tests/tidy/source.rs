//! The files of the project.

use std::{fs, io, path::Path};

/// What the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by path.
    pub(crate) files: Vec<File>,
}

/// A text file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Folders of the root that hold no sources: `target`, too, where cargo puts its products elsewhere and scripts their files
/// here.
const NOT_OURS: [&str; 3] = [".git", "reports", "target"];

/// What cargo puts into a folder of build products.
const CACHE_TAG: &str = "CACHEDIR.TAG";

impl Tree {
    /// All text files under `root`, except build products and reports.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        read_into(&mut files, root, "")?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    pub(crate) fn scenarios(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_scenario())
    }
}

impl File {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }

    pub(crate) fn is_scenario(&self) -> bool {
        let is_plan = self.path.starts_with("scenarios/fleet/");
        self.path.starts_with("scenarios/") && !is_plan && self.has_extension("yaml")
    }

    /// The line, counted from 1, of the byte at `offset`.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }
}

fn read_into(files: &mut Vec<File>, folder: &Path, name: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let path = if name.is_empty() { own } else { format!("{name}/{own}") };
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&path.as_str()) && !entry.path().join(CACHE_TAG).exists() {
                read_into(files, &entry.path(), &path)?;
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
    Ok(())
}

/// A tree of one file, for the tests of the rules.
#[cfg(test)]
pub(crate) fn tree(path: &str, text: &str) -> Tree {
    Tree { files: vec![File { path: path.to_owned(), text: text.to_owned() }] }
}
