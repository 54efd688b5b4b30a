//! The scenarios that a command works with.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{BadInput, terminal::Terminal};
use crate::{
    report::counted,
    scenario::{
        self, Diagnostics, LoadError,
        ast::{Recipe, Scenario},
        builtin, load_str, load_tree,
    },
    target::Launcher,
};

/// The scenarios of a folder or a file, or those that are part of the program.
pub(super) fn load(path: Option<&Path>, terminal: Terminal) -> Result<Vec<Arc<Scenario>>, BadInput> {
    let loaded = path.map_or_else(|| builtin().map_err(LoadError::Mistakes), read);
    match loaded {
        Ok(scenarios) => Ok(scenarios.into_iter().map(Arc::new).collect()),
        Err(error) => Err(complaint(&error, terminal)),
    }
}

fn read(path: &Path) -> Result<Vec<Scenario>, LoadError> {
    if !path.is_file() {
        return load_tree(path);
    }
    let unreadable = |error| LoadError::Unreadable { path: path.to_owned(), error };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    load_str(&id, &path.to_string_lossy(), &text).map(|scenario| vec![scenario]).map_err(LoadError::Mistakes)
}

/// The recipe in a file.
fn load_recipe(path: &Path, terminal: Terminal) -> Result<Recipe, BadInput> {
    let text = fs::read_to_string(path).map_err(|error| {
        BadInput::new(format!("cannot read {}: {error}\nname the file of a recipe", path.display()))
    })?;
    scenario::load_recipe(&path.to_string_lossy(), &text).map_err(|diagnostics| {
        let found = counted(diagnostics.0.len(), "mistake");
        BadInput::new(format!("{found} in the recipe\n\n{}", diagnostics.render(terminal.stderr_colour)))
    })
}

fn complaint(error: &LoadError, terminal: Terminal) -> BadInput {
    match error {
        LoadError::Mistakes(diagnostics) => mistakes(diagnostics, terminal),
        LoadError::Unreadable { .. } => {
            BadInput::new(format!("{error}\nname a scenario file, or a folder with scenario files"))
        }
        LoadError::Empty(_) => BadInput::new(error.to_string()),
    }
}

/// All mistakes, each with its place, and how many there are.
fn mistakes(diagnostics: &Diagnostics, terminal: Terminal) -> BadInput {
    let found = counted(diagnostics.0.len(), "mistake");
    BadInput::new(format!("{found} in scenario files\n\n{}", diagnostics.render(terminal.stderr_colour)))
}

/// How a broker is launched by the recipe in this file, with its files in this folder.
pub(super) fn launcher(
    path: &Path,
    folder: Option<PathBuf>,
    terminal: Terminal,
) -> Result<Launcher, BadInput> {
    let recipe = load_recipe(path, terminal)?;
    let home = Path::new(".").join(path).parent().unwrap_or(Path::new(".")).canonicalize();
    let home = home.map_err(|error| BadInput::new(format!("cannot find {}: {error}", path.display())))?;
    Ok(Launcher { recipe, home, folder })
}
