//! Messages that wait for a client.

use std::collections::VecDeque;

use mqttspec_wire::{PacketId, QoS};

use super::{
    config::Limits,
    durable::{Kept, Notes, Tracked},
    message::Copy,
    replay::{Replay, Replays},
    session::Session,
    turn::Turn,
};

/// Behind so many others a copy for a client that is there waits only for a short time.
const SHORTLY: usize = 128;

/// Copies in the order in which they are to be sent. Each has a number of its own, under which it is saved.
///
/// Nothing waits for most clients at most times, so that a queue takes memory only once it is used.
#[derive(Debug, Default)]
pub(crate) struct Queue(Option<Box<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// The identifiers whose PUBLISH is still to be sent again on the current network connection, before the copies.
    again: VecDeque<PacketId>,
    copies: VecDeque<Copy>,
    /// The number of the first copy, which those behind it follow on.
    first: u64,
    /// The bytes of the copies.
    bytes: usize,
    /// How many of them are at QoS 0.
    at_qos_0: usize,
    /// The retained messages that are to be sent before some of the copies.
    replays: Replays,
    notes: Notes<u64>,
}

impl Queue {
    /// Gives the next copy this number, while there are none.
    pub(crate) fn start_at(&mut self, first: u64) {
        self.0.get_or_insert_default().first = first;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many copies wait.
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.copies.len())
    }

    /// The bytes that they take.
    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.bytes)
    }

    /// Whether any of them is at QoS 0, which no other at QoS 0 may overtake (§4.6).
    pub(crate) fn holds_qos_0(&self) -> bool {
        self.0.as_ref().is_some_and(|waiting| waiting.at_qos_0 > 0)
    }

    /// The number of the first copy.
    pub(crate) fn first(&self) -> u64 {
        self.0.as_ref().map_or(0, |waiting| waiting.first)
    }

    /// The number that the next copy will have.
    pub(crate) fn next(&self) -> u64 {
        self.0.as_ref().map_or(0, |waiting| waiting.next())
    }

    /// Whether nothing is still to be sent again.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.0.as_ref().is_none_or(|waiting| waiting.again.is_empty())
    }

    /// The retained messages that are to be sent before some of the copies, if there are any.
    pub(crate) fn replays(&self) -> Option<&Replays> {
        self.0.as_ref().map(|waiting| &waiting.replays).filter(|replays| !replays.is_empty())
    }

    /// The same, to change.
    pub(crate) fn replays_mut(&mut self) -> &mut Replays {
        &mut self.0.get_or_insert_default().replays
    }

    /// The same, as they are saved.
    pub(crate) fn replay_list(&mut self) -> &mut Kept<u64, Replay> {
        self.replays_mut().list_mut()
    }

    /// Lines up what is to be sent again, in place of what was.
    pub(crate) fn send_again(&mut self, identifiers: VecDeque<PacketId>) {
        if !identifiers.is_empty() || !self.is_caught_up() {
            self.0.get_or_insert_default().again = identifiers;
        }
    }

    /// The identifier of what is to be sent again next.
    pub(crate) fn pop_again(&mut self) -> Option<PacketId> {
        self.0.as_mut()?.again.pop_front()
    }

    /// The copy that is to be sent first.
    pub(crate) fn front(&self) -> Option<&Copy> {
        self.0.as_ref()?.copies.front()
    }

    pub(crate) fn push(&mut self, copy: Copy) {
        let waiting = self.0.get_or_insert_default();
        waiting.notes.note::<Copy>(&waiting.next(), None);
        waiting.bytes += copy.size();
        waiting.at_qos_0 += usize::from(copy.qos == QoS::AtMostOnce);
        waiting.copies.push_back(copy);
    }

    pub(crate) fn pop(&mut self) -> Option<Copy> {
        let waiting = self.0.as_mut()?;
        let copy = waiting.copies.pop_front()?;
        waiting.notes.note(&waiting.first, Some(&copy));
        waiting.first += 1;
        waiting.has_left(&copy);
        Some(copy)
    }

    /// Takes the last copy, as only a mutant does.
    pub(crate) fn pop_back(&mut self) -> Option<Copy> {
        let waiting = self.0.as_mut()?;
        let copy = waiting.copies.pop_back()?;
        waiting.notes.note(&waiting.next(), Some(&copy));
        waiting.has_left(&copy);
        Some(copy)
    }

    /// Takes all copies out.
    pub(crate) fn take(&mut self) -> VecDeque<Copy> {
        self.note_all();
        let Some(waiting) = &mut self.0 else { return VecDeque::new() };
        waiting.first = waiting.next();
        (waiting.bytes, waiting.at_qos_0) = (0, 0);
        std::mem::take(&mut waiting.copies)
    }

    pub(crate) fn clear(&mut self) {
        self.take();
    }

    /// The client has left: what waits at QoS 0 behind retained messages is not for whoever comes later.
    pub(crate) fn drop_fleeting(&mut self) {
        if !self.holds_qos_0() {
            return;
        }
        let is_kept = |copy: &Copy| copy.qos != QoS::AtMostOnce;
        let old = self.first();
        let copies = self.take();
        let new = self.first();
        self.replays_mut().renumber(|before| {
            let earlier = usize::try_from(before.saturating_sub(old)).unwrap_or(usize::MAX);
            new + copies.iter().take(earlier).filter(|copy| is_kept(copy)).count() as u64
        });
        copies.into_iter().filter(is_kept).for_each(|copy| self.push(copy));
    }
}

impl Waiting {
    fn next(&self) -> u64 {
        self.first + self.copies.len() as u64
    }

    /// A copy has been taken out.
    fn has_left(&mut self, copy: &Copy) {
        self.bytes -= copy.size();
        self.at_qos_0 -= usize::from(copy.qos == QoS::AtMostOnce);
    }
}

impl Session {
    /// Keeps a copy until it can be sent. It is dropped if too much waits already; one that waits alone may have any size,
    /// as long as not too much waits for all sessions together.
    pub(crate) fn enqueue(&mut self, turn: &mut Turn, limits: &Limits, mut copy: Copy) {
        let size = copy.size();
        let has_room = self.queue.is_empty() || self.queue.bytes() + size <= limits.queued_bytes;
        if self.queue.len() < limits.queued_messages && has_room && turn.take_room(size) {
            if self.link.is_none() || self.queue.len() >= SHORTLY {
                copy.message = turn.kept.keep(&copy.message);
            }
            self.queue.push(copy);
            self.check_queue(turn);
        } else {
            turn.dropped += 1;
        }
    }
}

impl Tracked for Queue {
    type Key = u64;
    type Value = Copy;

    fn notes(&mut self) -> &mut Notes<u64> {
        &mut self.0.get_or_insert_default().notes
    }

    fn entry(&self, number: &u64) -> Option<&Copy> {
        let waiting = self.0.as_ref()?;
        let index = number.checked_sub(waiting.first)?;
        waiting.copies.get(usize::try_from(index).ok()?)
    }

    fn note_all(&mut self) {
        let Some(Waiting { copies, first, notes, .. }) = self.0.as_deref_mut() else { return };
        if notes.is_on() {
            for (number, copy) in (*first..).zip(&*copies) {
                notes.note(&number, Some(copy));
            }
        }
    }
}
