//! The files in `fixtures/scenarios`, and folders of files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rstest::rstest;

use crate::scenario::{LoadError, builtin, lint, load::load_bytes, load_all, load_tree};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios")
}

/// The files of a folder with their names.
fn fixtures(folder: &str) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    files.sort();
    files
}

/// `UPDATE_EXPECT=1` in the environment writes what is found instead of comparing it.
#[test]
fn bad_files_are_explained() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    let files = fixtures("bad");
    for (name, path) in &files {
        let found = match load_bytes("bad", name, &fs::read(path).unwrap()) {
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
    assert!(files.len() >= 40, "{}", files.len());
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

#[test]
fn good_files_load_in_order() {
    let scenarios = load_tree(&root().join("good")).unwrap_or_else(|error| panic!("{error}"));
    let ids: Vec<&str> = scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    assert_eq!(ids, ["everything", "v5.0/3.8-subscribe/subscribe-without-filter", "v5.0/retained-replaced"]);
    let last = scenarios.last().unwrap();
    assert!(Path::new(&last.source.path).ends_with("good/v5.0/retained-replaced.yaml"));
}

#[test]
fn lint_counts_good_and_bad_files_and_shows_all_mistakes() {
    let found = lint(Some(&root())).unwrap();
    let (good, bad) = (found.scenarios, fixtures("bad").len());
    assert_eq!((good, found.files), (3, 3 + bad));
    let files: std::collections::BTreeSet<&str> =
        found.diagnostics.0.iter().map(|diagnostic| diagnostic.source.path.as_str()).collect();
    assert_eq!(files.len(), bad);
    assert!(
        matches!(load_tree(&root()), Err(LoadError::Mistakes(all)) if all.0.len() == found.diagnostics.0.len())
    );
}

#[test]
fn folders_without_scenarios_and_files_with_another_ending_are_refused() {
    let folder = std::env::temp_dir().join(format!("mqttspec-load-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    assert!(matches!(load_tree(&folder), Err(LoadError::Empty(_))));
    fs::write(folder.join("overlooked.yml"), "title: t\n").unwrap();
    let refused = load_tree(&folder);
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(refused, Err(LoadError::Mistakes(all)) if all.to_string().contains("`.yml`")));
    assert!(matches!(load_tree(&folder), Err(LoadError::Unreadable { .. })));
}

#[test]
fn the_scenarios_in_the_program_have_no_mistakes() {
    if let Err(diagnostics) = builtin() {
        panic!("{diagnostics}");
    }
    assert!(lint(None).unwrap().diagnostics.0.is_empty());
}

#[test]
fn scenarios_load_from_memory() {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5]}\nsteps: [{a: connect}, {a: expect-closed}]\n";
    let scenarios = load_all([("v5.0/3.3-publish/x.yaml", text)]).unwrap();
    let [scenario] = scenarios.as_slice() else { panic!("one scenario") };
    assert_eq!(scenario.id, "v5.0/3.3-publish/x");
    assert_eq!(scenario.source.path, "v5.0/3.3-publish/x.yaml");
}

#[rstest]
#[case(b"title: \xff\n", (1, 8))]
#[case(b"a: 1\nb: \xc3\xa4\xff", (2, 5))]
fn positions_count_characters(#[case] bytes: &[u8], #[case] expected: (usize, usize)) {
    let diagnostics = load_bytes("x", "x.yaml", bytes).unwrap_err();
    assert_eq!(diagnostics.0.first().unwrap().position(), expected);
}

#[test]
fn many_mistakes_are_cut_short() {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5]}\nsteps:\n".to_owned() + &"  - x\n".repeat(1000);
    let diagnostics = crate::scenario::load_str("x", "x.yaml", &text).unwrap_err();
    assert_eq!(diagnostics.0.len(), 101);
    assert_eq!(diagnostics.0.last().unwrap().mistake.message, "there are 900 more mistakes");
}
