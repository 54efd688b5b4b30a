//! Messages that wait for a client.

use std::collections::VecDeque;

use super::{
    durable::{Notes, Tracked},
    message::Copy,
};

/// Copies in the order in which they are to be sent. Each has a number of its own, under which it is saved.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    copies: VecDeque<Copy>,
    /// The number of the first copy, which those behind it follow on.
    first: u64,
    /// The bytes of payload.
    bytes: usize,
    notes: Notes<u64>,
}

impl Queue {
    /// A queue whose first copy will have this number.
    pub(crate) fn starting_at(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// How many copies wait.
    pub(crate) fn len(&self) -> usize {
        self.copies.len()
    }

    /// The bytes of their payloads.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number that the next copy will have.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.copies.len() as u64
    }

    /// The copy that is to be sent first.
    pub(crate) fn front(&self) -> Option<&Copy> {
        self.copies.front()
    }

    pub(crate) fn push(&mut self, copy: Copy) {
        self.notes.note::<Copy>(&self.next(), None);
        self.bytes += copy.message.payload.len();
        self.copies.push_back(copy);
    }

    pub(crate) fn pop(&mut self) -> Option<Copy> {
        let copy = self.copies.pop_front()?;
        self.notes.note(&self.first, Some(&copy));
        self.first += 1;
        self.bytes -= copy.message.payload.len();
        Some(copy)
    }

    /// Takes the last copy, as only a mutant does.
    pub(crate) fn pop_back(&mut self) -> Option<Copy> {
        let copy = self.copies.pop_back()?;
        self.notes.note(&self.next(), Some(&copy));
        self.bytes -= copy.message.payload.len();
        Some(copy)
    }

    /// Takes all copies out.
    pub(crate) fn take(&mut self) -> VecDeque<Copy> {
        self.note_all();
        self.first = self.next();
        self.bytes = 0;
        std::mem::take(&mut self.copies)
    }

    pub(crate) fn clear(&mut self) {
        self.take();
    }
}

impl Tracked for Queue {
    type Key = u64;
    type Value = Copy;

    fn notes(&mut self) -> &mut Notes<u64> {
        &mut self.notes
    }

    fn entry(&self, number: &u64) -> Option<&Copy> {
        let index = number.checked_sub(self.first)?;
        self.copies.get(usize::try_from(index).ok()?)
    }

    fn note_all(&mut self) {
        if self.notes.is_on() {
            for (number, copy) in (self.first..).zip(&self.copies) {
                self.notes.note(&number, Some(copy));
            }
        }
    }
}
