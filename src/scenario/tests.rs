//! The loader against files that are right and files that are wrong.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{load::load_bytes, *};

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn good_files_load() {
    let files = fixtures("good");
    assert!(files.len() >= 3);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Err(diagnostics) = load_bytes("good", &name, &fs::read(&path).unwrap()) {
            panic!("{diagnostics}");
        }
    }
}

/// `UPDATE_EXPECT=1` in the environment writes what is found instead of comparing it.
#[test]
fn bad_files_are_explained() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    let files = fixtures("bad");
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = match load_bytes("bad", &name, &fs::read(path).unwrap()) {
            Ok(_) => "no mistake was found\n".to_owned(),
            Err(diagnostics) => diagnostics.render(false),
        };
        let expected = path.with_extension("stderr");
        if update {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found || found.starts_with("no mistake") {
            wrong.push(format!("{name}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}
