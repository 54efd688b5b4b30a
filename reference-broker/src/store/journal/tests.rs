//! What is read of a journal that is whole, cut off, or damaged.

use rstest::rstest;

use super::*;

const KEY: Key = [7; 32];

/// Changes of about this size, told apart by their number.
fn changes(number: u8, size: usize) -> Changes {
    let mut changes = Changes::default();
    changes.put(true, |key| key.push(number), |value| value.extend(std::iter::repeat_n(number, size)));
    changes
}

/// Three entries, the second of which takes two blocks, over the first ones of an earlier round.
fn journal() -> (Vec<u8>, [usize; 4]) {
    let mut bytes = vec![0; 8 * BLOCK];
    let mut journal = Journal::new(KEY, 0);
    for number in 0..5 {
        append(&mut journal, &mut bytes, &changes(number, 10));
    }
    journal.restart();
    let sizes = [10, BLOCK, 100];
    let ends: Vec<_> =
        (0..).zip(sizes).map(|(n, size)| append(&mut journal, &mut bytes, &changes(n, size))).collect();
    (bytes, [0, ends[0], ends[1], ends[2]])
}

/// Writes the next entry. Says where the one after it begins.
fn append(journal: &mut Journal, bytes: &mut [u8], changes: &Changes) -> usize {
    assert!(journal.has_room(changes));
    let (at, entry) = journal.append(changes);
    bytes[at..at + entry.len()].copy_from_slice(&entry);
    at + entry.len()
}

#[test]
fn entries_come_back_in_order() {
    let (bytes, ends) = journal();
    assert_eq!(ends, [0, BLOCK, 3 * BLOCK, 4 * BLOCK]);
    let found = read(&bytes, &KEY, 5).unwrap();
    assert_eq!(found, [changes(0, 10), changes(1, BLOCK), changes(2, 100)]);
}

/// The entries have the numbers 6 to 8, and the database has taken in all up to another one.
#[rstest]
#[case::all_are_taken_in(8, Ok(0))]
#[case::none_is(5, Ok(3))]
#[case::only_the_first_is(6, Err(Broken { at: 0 }))]
#[case::one_is_missing(4, Err(Broken { at: 0 }))]
fn numbers_follow_on_those_taken_in(#[case] taken_in: u64, #[case] expected: Result<usize, Broken>) {
    let (bytes, _) = journal();
    assert_eq!(read(&bytes, &KEY, taken_in).map(|found| found.len()), expected);
}

/// The process or the machine fails while an entry is written: of its blocks any bytes are those that were there before.
#[test]
fn a_torn_end_is_cut() {
    let (whole, [.., begin, end]) = journal();
    let mut earlier = whole.clone();
    earlier[begin..end].fill(0);
    let before = read(&earlier, &KEY, 5).unwrap();
    assert_eq!(before.len(), 2);
    let used = begin + HEADER + 100;
    for cut in begin..used {
        let mut head = earlier.clone();
        head[..cut].copy_from_slice(&whole[..cut]);
        assert_eq!(read(&head, &KEY, 5).as_ref(), Ok(&before), "only what is before byte {cut} was written");
        let mut tail = whole.clone();
        tail[begin..=cut].fill(0xFF);
        assert_eq!(read(&tail, &KEY, 5).as_ref(), Ok(&before), "only what is behind byte {cut} was written");
    }
}

/// What was committed and has others behind it cannot be torn.
#[test]
fn damage_in_the_middle_is_told() {
    let (whole, ends) = journal();
    for at in (0..ends[2]).filter(|at| whole[*at] != 0 || at % BLOCK < HEADER) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let begin = if at < ends[1] { 0 } else { ends[1] };
        assert_eq!(read(&bytes, &KEY, 5), Err(Broken { at: begin }), "byte {at}");
    }
}

#[test]
fn a_stranger_makes_no_entries() {
    let mut bytes = journal().0;
    let (_, forged) = Journal::new([8; 32], 8).append(&changes(9, 10));
    bytes[4 * BLOCK..5 * BLOCK].copy_from_slice(&forged);
    assert_eq!(read(&bytes, &KEY, 5).unwrap().len(), 3);
    let (_, genuine) = Journal::new(KEY, 8).append(&changes(9, 10));
    bytes[4 * BLOCK..5 * BLOCK].copy_from_slice(&genuine);
    assert_eq!(read(&bytes, &KEY, 5).unwrap().len(), 4);
}

#[test]
fn what_is_larger_than_the_journal_has_no_room() {
    let mut journal = Journal::new(KEY, 0);
    let largest = SIZE - HEADER - (1 + 4 + 1 + 4);
    assert!(journal.has_room(&changes(1, largest)));
    assert!(!journal.has_room(&changes(1, largest + 1)));
    journal.append(&changes(1, 10));
    assert!(!journal.has_room(&changes(1, largest)));
    journal.restart();
    assert!(journal.has_room(&changes(1, largest)));
}
