//! From scenario files to scenarios: all files of a folder, or those built into the program.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ast::{Recipe, Scenario, Source},
    diagnostic::{Code, Diagnostics, Mistake},
    lower, parse,
};

/// The ending of a scenario file.
const ENDING: &str = "yaml";
/// The ending that is easily taken for it; such a file is refused rather than overlooked.
const OTHER_ENDING: &str = "yml";
/// The folder at the root that holds no scenarios but plans of fleets.
const PLANS: &str = "fleet";
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 8;

mod builtin {
    //! The scenarios of this repository with their paths, in order.

    include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
}

/// Why no scenarios could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no scenario.
    #[error("there are no scenarios (files ending in .yaml) in {}", .0.display())]
    Empty(PathBuf),
    /// Files have mistakes.
    #[error("{0}")]
    Mistakes(Diagnostics),
}

/// Loads the scenario that `text` is; `path` is how diagnostics name it.
pub fn load_str(id: &str, path: &str, text: &str) -> Result<Scenario, Diagnostics> {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let mut mistakes = Vec::new();
    let scenario =
        parse::parse(text, &mut mistakes).and_then(|root| lower::lower(id, &source, &root, &mut mistakes));
    scenario.ok_or_else(|| Diagnostics::of(&source, mistakes))
}

/// Loads the recipe that `text` is; `path` is how diagnostics name it.
pub fn load_recipe(path: &str, text: &str) -> Result<Recipe, Diagnostics> {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let mut mistakes = Vec::new();
    let recipe = parse::parse(text, &mut mistakes).and_then(|root| lower::recipe(&root, &mut mistakes));
    recipe.ok_or_else(|| Diagnostics::of(&source, mistakes))
}

/// Loads the scenario that the bytes of a file are.
fn load_bytes(id: &str, path: &str, bytes: &[u8]) -> Result<Scenario, Diagnostics> {
    match std::str::from_utf8(bytes) {
        Ok(text) => load_str(id, path, text),
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or_default();
            let text = String::from_utf8_lossy(bytes).into_owned();
            let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            let message = format!("the byte 0x{byte:02x} is not UTF-8");
            let mistake = Mistake::new(Code::Syntax, &span, message, "a scenario file is text in UTF-8");
            Err(Diagnostics::of(&Arc::new(Source { path: path.to_owned(), text }), vec![mistake]))
        }
    }
}

/// Loads scenarios from memory: paths below the scenario folder with texts. All mistakes are found at once.
pub fn load_all<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Result<Vec<Scenario>, Diagnostics> {
    gather(files.into_iter().map(|(path, text)| load_str(&id_of(Path::new(path)), path, text)))
}

/// Loads the scenarios that are built into the program.
pub fn builtin() -> Result<Vec<Scenario>, Diagnostics> {
    gather(builtin_files())
}

fn builtin_files() -> impl Iterator<Item = Loaded> {
    let load =
        |(name, text): &(&str, &str)| load_str(&id_of(Path::new(name)), &format!("scenarios/{name}"), text);
    builtin::SCENARIOS.iter().map(load)
}

/// What [`lint`] found.
#[derive(Debug)]
pub struct Lint {
    /// How many files were read.
    pub files: usize,
    /// How many of them are scenarios without a mistake.
    pub scenarios: usize,
    /// The mistakes of the others.
    pub diagnostics: Diagnostics,
}

/// Checks every scenario file below `root`, or those that are built into the program.
pub fn lint(root: Option<&Path>) -> Result<Lint, LoadError> {
    let loaded = match root {
        Some(root) => read_tree(root)?,
        None => builtin_files().collect(),
    };
    let (files, scenarios) = (loaded.len(), loaded.iter().filter(|result| result.is_ok()).count());
    let diagnostics = gather(loaded).err().unwrap_or_default();
    Ok(Lint { files, scenarios, diagnostics })
}

/// Loads every scenario file below `root`, in the order of their paths. All mistakes of all files are found at once.
pub fn load_tree(root: &Path) -> Result<Vec<Scenario>, LoadError> {
    gather(read_tree(root)?).map_err(LoadError::Mistakes)
}

type Loaded = Result<Scenario, Diagnostics>;

fn read_tree(root: &Path) -> Result<Vec<Loaded>, LoadError> {
    let mut files = Vec::new();
    walk(root, 0, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(LoadError::Empty(root.to_owned()));
    }
    files.iter().map(|path| read_file(root, path)).collect()
}

fn read_file(root: &Path, path: &Path) -> Result<Loaded, LoadError> {
    let bytes = fs::read(path).map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })?;
    let shown = path.to_string_lossy();
    if path.extension().is_some_and(|ending| ending == OTHER_ENDING) {
        let mistake =
            Mistake::new(Code::Syntax, &(0..0), "this file ends in `.yml`", "scenario files end in `.yaml`");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let source = Arc::new(Source { path: shown.into_owned(), text });
        return Ok(Err(Diagnostics::of(&source, vec![mistake])));
    }
    Ok(load_bytes(&id_of(path.strip_prefix(root).unwrap_or(path)), &shown, &bytes))
}

/// The path without its ending, with `/` between its parts.
fn id_of(path: &Path) -> String {
    let parts: Vec<_> = path
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let unreadable = |error| LoadError::Unreadable { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            let are_plans = depth == 0 && entry.file_name() == PLANS;
            if depth < MAX_DEPTH && !are_plans {
                walk(&path, depth + 1, files)?;
            }
        } else if path.extension().is_some_and(|ending| ending == ENDING || ending == OTHER_ENDING) {
            files.push(path);
        }
    }
    Ok(())
}

fn gather(loaded: impl IntoIterator<Item = Loaded>) -> Result<Vec<Scenario>, Diagnostics> {
    let mut scenarios = Vec::new();
    let mut diagnostics = Diagnostics::default();
    for result in loaded {
        match result {
            Ok(scenario) => scenarios.push(scenario),
            Err(found) => diagnostics.0.extend(found.0),
        }
    }
    if diagnostics.0.is_empty() { Ok(scenarios) } else { Err(diagnostics) }
}
