//! One direction of a connection.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::End;
use crate::Stamp;

/// Positions count from here, so that what precedes the first segment that was seen has a position, too.
const ORIGIN: u64 = 1 << 40;
/// More than the largest window of TCP in practice: what is further away does not belong here.
const WINDOW: u64 = 64 << 20;

/// What a piece of the stream is.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    /// Cut off by the snap length.
    Cut,
    End(End),
}

/// A piece of the stream that is not handed out yet.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) content: Content,
    /// How far it reaches in sequence numbers.
    pub(super) width: u64,
    /// The position of the other direction that its sender had received.
    pub(super) cause: Option<u64>,
    pub(super) stamp: Stamp,
}

impl Piece {
    /// The memory that it takes, or so.
    fn weight(&self) -> usize {
        const OWN: usize = 128;
        match &self.content {
            Content::Bytes(bytes) => OWN + bytes.len(),
            Content::Cut | Content::End(_) => OWN,
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The sequence number at [`ORIGIN`], once one was seen.
    origin: Option<u32>,
    /// The initial sequence number, if SYN was seen.
    pub(super) initial: Option<u32>,
    /// The position of what is to be handed out next, once it is known where the stream begins.
    pub(super) next: Option<u64>,
    /// The lowest position that the other side acknowledged.
    first_acknowledged: Option<u64>,
    /// The highest.
    pub(super) acknowledged: Option<u64>,
    /// By their position; they do not overlap and none lies before `next`.
    held: BTreeMap<u64, Piece>,
    /// The memory that they take, or so.
    pub(super) weight: usize,
    pub(super) ended: bool,
    /// The position of the hole that the other side has acknowledged, and since which arrival it has been there.
    hole: Option<(u64, u64)>,
    /// Since which arrival pieces wait for the beginning to be known.
    waiting: Option<u64>,
}

impl Half {
    /// The position of a sequence number, if it can belong here. The first one that is asked for defines the others.
    pub(super) fn position(&mut self, sequence: u32) -> Option<u64> {
        let origin = *self.origin.get_or_insert(sequence);
        let near = self.here();
        let near_sequence = origin.wrapping_add(low(near.wrapping_sub(ORIGIN)));
        let distance = i64::from(sequence.wrapping_sub(near_sequence).cast_signed());
        (distance.unsigned_abs() <= WINDOW).then(|| near.saturating_add_signed(distance))
    }

    /// The position around which others are expected.
    pub(super) fn here(&self) -> u64 {
        self.next.unwrap_or(ORIGIN)
    }

    /// The other side has received all before `position`.
    pub(super) fn acknowledge(&mut self, position: u64) {
        self.first_acknowledged = Some(self.first_acknowledged.map_or(position, |first| first.min(position)));
        self.acknowledged = self.acknowledged.max(Some(position));
    }

    /// Up to where the stream was handed out, or would begin if it began now.
    pub(super) fn reached(&self) -> Option<u64> {
        self.next.or(self.first_acknowledged)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether the piece that is to be handed out next is there.
    pub(super) fn front(&self) -> Option<&Piece> {
        let (position, piece) = self.held.first_key_value()?;
        (Some(*position) == self.next).then_some(piece)
    }

    /// Takes the piece that is to be handed out next.
    pub(super) fn take_front(&mut self) -> Option<Piece> {
        self.front()?;
        let (position, piece) = self.held.pop_first()?;
        self.next = Some(position + piece.width);
        self.weight -= piece.weight();
        Some(piece)
    }

    /// Keeps of a piece what is new. Says whether that is anything.
    pub(super) fn insert(&mut self, position: u64, piece: &Piece) -> bool {
        if self.ended {
            return false;
        }
        let end = position + piece.width;
        let mut from = position.max(self.next.unwrap_or(0));
        if piece.width == 0 {
            let before = self.held.range(..=position).next_back();
            let is_covered = before.is_some_and(|(at, held)| *at == position || at + held.width > position);
            let is_ahead = from == position && !is_covered;
            if is_ahead {
                self.keep(from, from, position, piece);
            }
            return is_ahead;
        }
        let mut is_new = false;
        while from < end {
            let before = self.held.range(..=from).next_back();
            let covered = before.map_or(from, |(at, held)| from.max(at + held.width));
            if covered > from {
                from = covered;
                continue;
            }
            let behind = self.held.range(from..).find(|(_, held)| held.width > 0);
            let to = behind.map_or(end, |(at, _)| end.min(*at));
            self.keep(from, to, position, piece);
            is_new = true;
            from = to;
        }
        is_new
    }

    /// Keeps the part of a piece at `position` that lies between two positions.
    fn keep(&mut self, from: u64, to: u64, position: u64, piece: &Piece) {
        let content = match &piece.content {
            Content::Bytes(bytes) => {
                let index = |at: u64| usize::try_from(at - position).unwrap_or(usize::MAX).min(bytes.len());
                Content::Bytes(bytes.slice(index(from)..index(to)))
            }
            Content::Cut => Content::Cut,
            Content::End(end) => Content::End(*end),
        };
        let (cause, stamp) = (piece.cause, piece.stamp);
        let piece = Piece { content, width: to - from, cause, stamp };
        self.weight += piece.weight();
        let replaced = self.held.insert(from, piece);
        self.weight -= replaced.map_or(0, |piece| piece.weight());
    }

    /// Decides where the stream begins if that was not captured and need not be waited for any longer. Says whether it
    /// was decided now.
    pub(super) fn decide(&mut self, arrival: u64, patience: u64) -> bool {
        if self.next.is_some() {
            return false;
        }
        let first = self.held.first_key_value().map(|(position, _)| *position);
        let is_beyond = self.acknowledged > self.first_acknowledged;
        if first.is_none() && !is_beyond {
            return false;
        }
        let since = *self.waiting.get_or_insert(arrival);
        if self.first_acknowledged.is_none() && arrival - since < patience {
            return false;
        }
        self.next = [first, self.first_acknowledged].into_iter().flatten().min();
        self.next.is_some()
    }

    /// Looks whether there is a hole that the other side has acknowledged.
    pub(super) fn watch_hole(&mut self, arrival: u64) {
        let hole = self.next.filter(|next| self.acknowledged > Some(*next) && self.front().is_none());
        self.hole = match (hole, self.hole) {
            (Some(at), Some((known, since))) if at == known => Some((at, since)),
            (Some(at), _) => Some((at, arrival)),
            (None, _) => None,
        };
    }

    /// Whether such a hole has been there for longer than `patience` arrivals.
    pub(super) fn is_overdue(&self, arrival: u64, patience: u64) -> bool {
        self.hole.is_some_and(|(_, since)| arrival - since >= patience)
    }

    /// Whether there is such a hole at all.
    pub(super) const fn has_hole(&self) -> bool {
        self.hole.is_some()
    }

    /// Passes over what is missing; says how much that is. `at_once`: even if nobody has acknowledged it.
    pub(super) fn skip(&mut self, at_once: bool) -> Option<u64> {
        let next = self.next?;
        let held = self.held.first_key_value().map(|(position, _)| *position);
        let acknowledged = self.acknowledged.filter(|position| *position > next);
        let target = match (held, acknowledged) {
            (Some(held), Some(acknowledged)) => held.min(acknowledged),
            (Some(held), None) if at_once => held,
            (None, Some(acknowledged)) => acknowledged,
            (Some(_) | None, None) => return None,
        };
        self.next = Some(target);
        self.hole = None;
        (target > next).then(|| target - next)
    }
}

/// Sequence numbers are positions without their upper half.
fn low(position: u64) -> u32 {
    u32::try_from(position & u64::from(u32::MAX)).unwrap_or_default()
}
