//! Whose turn it is to connect.
//!
//! The system of a broker keeps those who want to connect in a queue until the broker looks, and the queue is short. Whoever
//! comes when it is full hears nothing and tries again after a second. A connection counts as made before the broker has
//! looked, so one takes its turn until the broker has said something.

use std::collections::VecDeque;

use mqttspec_fleet::plan::{Micros, NEVER, SECOND};

/// How many may be about to connect: fewer than there is room for in the queues of brokers, of which 100 is the shortest
/// that is common.
const AT_ONCE: usize = 64;

/// How long a turn takes at most, so that a broker that says nothing does not hold up the others.
const LONGEST: Micros = SECOND;

/// Whose turn it is, and who waits for one.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// First come, first served.
    waiting: VecDeque<u64>,
    /// Those whose turn it is, each with when it is over at the latest, in order.
    taken: VecDeque<(Micros, u64)>,
}

impl Turns {
    /// Waits for a turn.
    pub(super) fn wait(&mut self, id: u64) {
        self.waiting.push_back(id);
    }

    /// Whose turn begins now, if there is room for another.
    pub(super) fn next(&mut self, now: Micros) -> Option<u64> {
        while self.taken.pop_front_if(|(until, _)| *until <= now).is_some() {}
        if self.taken.len() >= AT_ONCE {
            return None;
        }
        let id = self.waiting.pop_front()?;
        self.taken.push_back((now + LONGEST, id));
        Some(id)
    }

    /// The broker has answered, or has nothing to answer any more.
    pub(super) fn done(&mut self, id: u64) {
        if let Some(own) = self.taken.iter().position(|(_, taken)| *taken == id) {
            self.taken.remove(own);
        }
    }

    /// When somebody's turn comes by nothing but time.
    pub(super) fn next_event(&self) -> Micros {
        let until = self.taken.front().filter(|_| !self.waiting.is_empty());
        until.map_or(NEVER, |(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(count: u64) -> Turns {
        let mut turns = Turns::default();
        (0..count).for_each(|id| turns.wait(id));
        turns
    }

    fn begun(turns: &mut Turns, now: Micros) -> Vec<u64> {
        std::iter::from_fn(|| turns.next(now)).collect()
    }

    #[test]
    fn a_turn_comes_when_another_is_done() {
        let mut turns = turns(70);
        assert_eq!(begun(&mut turns, 1), (0..64).collect::<Vec<_>>());
        turns.done(7);
        turns.done(7);
        assert_eq!(begun(&mut turns, 2), [64]);
        turns.done(99);
        assert!(begun(&mut turns, 3).is_empty(), "99 had no turn");
    }

    #[test]
    fn silence_holds_up_nobody_for_long() {
        let mut turns = turns(66);
        assert_eq!(turns.next_event(), NEVER, "there is room");
        assert_eq!(begun(&mut turns, 5).len(), 64);
        assert_eq!(turns.next_event(), 5 + LONGEST);
        assert!(begun(&mut turns, 4 + LONGEST).is_empty());
        assert_eq!(begun(&mut turns, 5 + LONGEST), [64, 65]);
        assert_eq!(turns.next_event(), NEVER, "nobody waits");
    }
}
