//! Files that are no store, or not one that can be used.

use std::{fs, path::Path};

use redb::{Database, TableDefinition};
use reference_broker::{Config, Rules, net::Service, store::Store};

use crate::process::Scratch;

/// What opening and reading the store comes to.
fn complaint(path: &Path) -> String {
    let opened =
        Store::open(path).and_then(|store| Service::new(Config::default(), Rules::all()).with_store(store));
    let told = opened.unwrap_err().to_string();
    let (file, why) = told.split_once(": ").unwrap();
    assert_eq!(file, format!("cannot keep the broker's state in {}", path.display()));
    why.to_owned()
}

/// Where in the file its database begins, behind the journal.
const DATABASE: usize = 4096 + (4 << 20);

/// Changes the database of a store by other means.
fn tamper(path: &Path, change: impl FnOnce(&Database)) {
    let mut bytes = fs::read(path).unwrap();
    let apart = path.with_extension("database");
    fs::write(&apart, bytes.split_off(DATABASE)).unwrap();
    change(&Database::open(&apart).unwrap());
    bytes.extend(fs::read(&apart).unwrap());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_of_another_kind_is_left_alone() {
    let folder = Scratch::new("foreign");
    let path = folder.path("notes.txt");
    fs::write(&path, "not a store").unwrap();
    let foreign = "it is not the store of a broker; name another file, or one that is yet to be made";
    assert_eq!(complaint(&path), foreign);
    assert_eq!(fs::read(&path).unwrap(), b"not a store");
    let path = folder.path("other.redb");
    let database = Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(TableDefinition::<u64, u64>::new("of another program")).unwrap();
    writing.commit().unwrap();
    drop(database);
    assert_eq!(complaint(&path), foreign);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_left_alone() {
    use std::os::unix::{fs::FileTypeExt, net::UnixListener};

    let folder = Scratch::new("no-file");
    let path = folder.path("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    let other = "it is something other than a file; name a file, or one that is yet to be made";
    assert_eq!(complaint(&path), other);
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    assert_eq!(complaint(path.parent().unwrap()), other);
    let told = complaint(&folder.path("missing/store"));
    assert!(told.contains("see that its folder is there"), "{told}");
}

#[test]
fn a_store_of_a_later_program_is_left_alone() {
    let folder = Scratch::new("later");
    let path = folder.path("store");
    drop(Store::open(&path).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[16..24], 2_u64.to_be_bytes());
    bytes[23] = 3;
    fs::write(&path, &bytes).unwrap();
    let later = "it is in format 3, and this program knows format 2 only; use the program that wrote it";
    assert_eq!(complaint(&path), later);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_store_of_an_earlier_program_is_left_alone() {
    let folder = Scratch::new("earlier");
    let path = folder.path("store");
    let database = Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(TableDefinition::<(), u64>::new("mqtt-broker-format")).unwrap().insert((), 1).unwrap();
    writing.commit().unwrap();
    drop(database);
    let earlier = "it is in format 1, and this program knows format 2 only; use the program that wrote it";
    assert_eq!(complaint(&path), earlier);
}

#[test]
fn a_store_has_one_user() {
    let folder = Scratch::new("in-use");
    let path = folder.path("store");
    let store = Store::open(&path).unwrap();
    assert_eq!(complaint(&path), "another process has it open; end that one, or name another file");
    drop(store);
    Store::open(&path).unwrap();
}

#[test]
fn an_empty_file_is_a_store_to_be_made() {
    let folder = Scratch::new("empty");
    let path = folder.path("store");
    fs::write(&path, "").unwrap();
    // What is left of an earlier attempt is in nobody's way.
    fs::write(folder.path("store.new"), "half").unwrap();
    drop(Store::open(&path).unwrap());
    Store::open(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[test]
fn a_broken_record_is_told() {
    let folder = Scratch::new("broken");
    let path = folder.path("store");
    drop(Store::open(&path).unwrap());
    tamper(&path, |database| {
        let writing = database.begin_write().unwrap();
        let table = TableDefinition::<&[u8], &[u8]>::new("mqtt-broker-records");
        writing.open_table(table).unwrap().insert(&[9_u8][..], &[][..]).unwrap();
        writing.commit().unwrap();
    });
    let broken = "it is damaged (the record 09 is broken: its kind is not known); \
                  move it away to start without what it holds";
    assert_eq!(complaint(&path), broken);
}

/// Whichever byte of a store is wrong, and wherever it ends too early: that is told, or it does no harm.
#[test]
fn a_damaged_file_is_told() {
    let folder = Scratch::new("damaged");
    let path = folder.path("store");
    drop(Store::open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let mangled = (0..60).map(|n| {
        let mut bytes = whole.clone();
        bytes[used[n * used.len() / 60]] ^= 0xFF;
        bytes
    });
    let cut = (1..10).map(|n| whole[..whole.len() * n / 10].to_vec());
    let mut told = 0;
    for bytes in mangled.chain(cut) {
        fs::write(&path, bytes).unwrap();
        let opened = Store::open(&path);
        let restored =
            opened.and_then(|store| Service::new(Config::default(), Rules::all()).with_store(store));
        told += usize::from(restored.is_err());
    }
    assert!(told >= 10, "{told}");
}
