//! Puts the scenarios of `scenarios/` into the program, so that it needs no files beside it.

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
    let mut code = String::from("pub(super) static SCENARIOS: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        writeln!(code, "({name:?}, include_str!({:?})),", file.to_string_lossy())?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("scenarios.rs"), code)?;
    Ok(())
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
