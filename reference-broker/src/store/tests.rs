//! Changes, commits and crashes against a plain map.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use proptest::prelude::*;

use super::*;

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A record that gets a value, if there is one, or goes.
type Wish = (u8, Option<usize>);

/// The changes that these wishes come to, which are applied to the records, too.
fn changes(records: &mut Records, wishes: &[Wish]) -> Changes {
    let mut changes = Changes::default();
    for (key, size) in wishes {
        let key = vec![*key];
        if let Some(size) = size {
            let value = vec![u8::try_from(records.len()).unwrap(); *size];
            changes.put(!records.contains_key(&key), |out| out.extend(&key), |out| out.extend(&value));
            records.insert(key, value);
        } else if records.remove(&key).is_some() {
            changes.remove(|out| out.extend(&key));
        }
    }
    changes
}

/// What a start would find if the process were killed now.
fn after_a_crash(path: &Path) -> Records {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    records(&Store::open(&copy).unwrap())
}

/// What is in the database.
fn records(store: &Store) -> Records {
    let table = store.file.database.begin_read().unwrap().open_table(RECORDS).unwrap();
    let records = table.iter().unwrap().map(Result::unwrap);
    records.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).collect()
}

fn some_wishes() -> impl Strategy<Value = Vec<Wish>> {
    let size = prop_oneof![4 => 0..100_usize, 1 => Just(300_000)];
    prop::collection::vec((0..6_u8, prop::option::weighted(0.6, size)), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever is committed is there after a crash, in the journal or in the database.
    #[test]
    fn what_is_committed_is_kept(commits in prop::collection::vec(some_wishes(), 1..9)) {
        let folder = Folder::new();
        let path = folder.0.join("store");
        let mut store = Store::open(&path).unwrap();
        let mut model = Records::new();
        for (number, wishes) in commits.iter().enumerate() {
            store.commit(changes(&mut model, wishes)).unwrap();
            match number % 4 {
                1 => prop_assert_eq!(&after_a_crash(&path), &model),
                2 => {
                    drop(store);
                    store = Store::open(&path).unwrap();
                    prop_assert_eq!(&records(&store), &model);
                }
                _ => {}
            }
        }
        prop_assert_eq!(&after_a_crash(&path), &model);
    }
}

/// More than the journal has room for, at once and one after the other.
#[test]
fn a_full_journal_is_taken_in() {
    let folder = Folder::new();
    let path = folder.0.join("store");
    let mut store = Store::open(&path).unwrap();
    let mut model = Records::new();
    for size in [1_500_000, 1_500_000, 1_500_000, journal::SIZE + 1, 10] {
        let key = u8::try_from(model.len()).unwrap();
        store.commit(changes(&mut model, &[(key, Some(size)), (100, Some(1)), (100, None)])).unwrap();
        assert_eq!(after_a_crash(&path), model);
    }
    store.commit(changes(&mut model, &[(0, None), (3, None)])).unwrap();
    assert_eq!(after_a_crash(&path), model);
}

/// What comes and goes between two commits or in one never gets into the database.
#[test]
fn what_came_and_went_leaves_nothing() {
    let folder = Folder::new();
    let mut store = Store::open(folder.0.join("store")).unwrap();
    let mut model = Records::new();
    for _ in 0..100 {
        store.commit(changes(&mut model, &[(1, Some(10)), (2, Some(10)), (2, None)])).unwrap();
        store.commit(changes(&mut model, &[(1, None)])).unwrap();
    }
    assert!(latest(&store.pending).is_empty());
}
