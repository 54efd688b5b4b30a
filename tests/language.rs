//! The scenario language against the files in `fixtures/scenarios`, and against folders of files.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mqttspec::scenario::{Diagnostic, Diagnostics, LoadError, builtin, lint, load_all, load_str, load_tree};

const GOOD: &str = "fixtures/scenarios/good";
const BAD: &str = "fixtures/scenarios/bad";

/// The diagnostics of a folder, by file.
fn mistakes(folder: &Path) -> BTreeMap<String, Diagnostics> {
    let Err(LoadError::Mistakes(all)) = load_tree(folder) else {
        panic!("{} has no mistakes", folder.display())
    };
    let mut files: BTreeMap<String, Diagnostics> = BTreeMap::new();
    for diagnostic in all.0 {
        files.entry(diagnostic.source.path.clone()).or_default().0.push(diagnostic);
    }
    files
}

fn names(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths
}

/// `UPDATE_EXPECT=1` in the environment writes what is found instead of comparing it.
#[test]
fn bad_files_are_explained() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let found = mistakes(Path::new(BAD));
    let files = names(BAD, "yaml");
    assert!(files.len() >= 40, "{}", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let rendered =
            found.get(path.to_str().unwrap()).map_or_else(String::new, |found| found.render(false));
        let expected = path.with_extension("stderr");
        if update {
            fs::write(&expected, &rendered).unwrap();
        }
        if rendered.is_empty() || fs::read_to_string(&expected).unwrap_or_default() != rendered {
            wrong.push(format!("{}:\n{rendered}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
    let stems = |paths: &[PathBuf]| paths.iter().map(|path| path.with_extension("")).collect::<Vec<_>>();
    assert_eq!(stems(&names(BAD, "stderr")), stems(&files));
}

#[test]
fn good_files_load_in_order() {
    let scenarios = load_tree(Path::new(GOOD)).unwrap_or_else(|error| panic!("{error}"));
    let ids: Vec<&str> = scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    assert_eq!(ids, ["everything", "retained-replaced", "v5.0/3.8-subscribe/subscribe-without-filter"]);
    assert_eq!(scenarios[1].source.path, "fixtures/scenarios/good/retained-replaced.yaml");
}

#[test]
fn lint_counts_good_and_bad_files_and_shows_all_mistakes() {
    let found = lint(Some(Path::new("fixtures/scenarios"))).unwrap();
    let bad = names(BAD, "yaml").len();
    let mistakes_of_bad: usize = mistakes(Path::new(BAD)).values().map(|found| found.0.len()).sum();
    assert_eq!((found.scenarios, found.files), (3, 3 + bad));
    assert_eq!(mistakes(Path::new("fixtures/scenarios")).len(), bad);
    assert_eq!(found.diagnostics.0.len(), mistakes_of_bad);
}

#[test]
fn folders_without_scenarios_and_files_with_another_ending_are_refused() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("load");
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

#[test]
fn positions_count_characters() {
    let diagnostics = load_str("x", "x.yaml", "title: Überall\nä: 1\n").unwrap_err();
    let positions: Vec<_> = diagnostics.0.iter().map(Diagnostic::position).collect();
    assert_eq!(positions, [(1, 1), (1, 1), (2, 1)]);
    let diagnostics = load_str("x", "x.yaml", "title: [ü, ü").unwrap_err();
    assert_eq!(diagnostics.0[0].position(), (1, 13));
}

#[test]
fn many_mistakes_are_cut_short() {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5]}\nsteps:\n".to_owned() + &"  - x\n".repeat(1000);
    let diagnostics = load_str("x", "x.yaml", &text).unwrap_err();
    assert_eq!(diagnostics.0.len(), 101);
    assert_eq!(diagnostics.0[100].mistake.message, "there are 900 more mistakes");
}
