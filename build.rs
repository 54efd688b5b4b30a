//! Puts the scenarios and the plans of `scenarios/` into the program, so that it needs no files beside it.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=scenarios");
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    let mut files = Vec::new();
    if root.is_dir() {
        find(&root, &mut files)?;
    }
    files.sort();
    let out = env::var("OUT_DIR")?;
    let (plans, scenarios): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.starts_with(root.join("fleet")));
    fs::write(Path::new(&out).join("scenarios.rs"), table("SCENARIOS", &root, "", &scenarios)?)?;
    fs::write(Path::new(&out).join("plans.rs"), table("PLANS", &root.join("fleet"), ".yaml", &plans)?)?;
    Ok(())
}

/// A table of names, from which `ending` is taken, and texts.
fn table(name: &str, root: &Path, ending: &str, files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut code = format!("pub(super) static {name}: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let name = name.strip_suffix(ending).unwrap_or(&name);
        writeln!(code, "({name:?}, include_str!({:?})),", file.to_string_lossy())?;
    }
    code.push_str("];\n");
    Ok(code)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
