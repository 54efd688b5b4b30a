//! One connection, both directions.

use bytes::Bytes;

use super::{
    End, Kind, Lost, Party, Tally,
    half::{Content, Half, Piece},
};
use crate::{Segment, Stamp};

/// An acknowledged hole is waited for while so many segments arrive: captures of several queues or processors mix
/// neighbouring segments up, but not distant ones.
const PATIENCE: u64 = 32;
/// So many segments in a row that fit nowhere belong to another connection between the same ports.
const STRANGERS: u8 = 4;

/// A connection that is being put together.
#[derive(Debug)]
pub(super) struct Flow {
    /// Whether the first party is the greater of the two addresses.
    pub(super) is_swapped: bool,
    pub(super) latest: Stamp,
    halves: [Half; 2],
    arrivals: u64,
    strangers: u8,
}

/// What happens, with the frame that shows it.
pub(super) type Happening = (Stamp, Kind);

/// What is written down.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) happenings: Vec<Happening>,
    pub(super) tally: Tally,
}

impl Notes {
    fn add(&mut self, stamp: Stamp, kind: Kind) {
        self.happenings.push((stamp, kind));
    }
}

impl Flow {
    pub(super) fn new(is_swapped: bool, stamp: Stamp) -> Self {
        Self { is_swapped, latest: stamp, halves: Default::default(), arrivals: 0, strangers: 0 }
    }

    /// The memory that pieces take which wait for others.
    pub(super) fn weight(&self) -> usize {
        self.halves.iter().map(|half| half.weight).sum()
    }

    /// Whether both directions have ended.
    pub(super) fn is_over(&self) -> bool {
        self.halves.iter().all(|half| half.ended)
    }

    fn half(&mut self, party: Party) -> &mut Half {
        let [first, second] = &mut self.halves;
        match party {
            Party::First => first,
            Party::Second => second,
        }
    }

    const fn of(&self, party: Party) -> &Half {
        let [first, second] = &self.halves;
        match party {
            Party::First => first,
            Party::Second => second,
        }
    }

    /// Whether a segment belongs to another connection than this one: the port is used again.
    pub(super) fn is_stranger(&mut self, by: Party, segment: &Segment<'_>) -> bool {
        let half = self.half(by);
        if segment.syn {
            return match (half.initial, half.next) {
                (Some(initial), _) => initial != segment.sequence,
                // The connection was there before its SYN.
                (None, Some(next)) => half.position(segment.sequence.wrapping_add(1)) != Some(next),
                (None, None) => false,
            };
        }
        let fits = segment.reset || half.position(segment.sequence).is_some();
        self.strangers = if fits { 0 } else { self.strangers.saturating_add(1) };
        self.strangers >= STRANGERS
    }

    /// Takes a segment in and says what can be said now.
    pub(super) fn segment(&mut self, by: Party, segment: &Segment<'_>, notes: &mut Notes) {
        self.latest = segment.stamp;
        self.arrivals += 1;
        let cause = segment.acknowledges.and_then(|number| self.half(by.other()).position(number));
        if let Some(position) = cause {
            self.half(by.other()).acknowledge(position);
        }
        if segment.syn {
            self.begin(by, segment, notes);
        }
        self.take(by, segment, cause, &mut notes.tally);
        self.hand_out(notes);
    }

    fn begin(&mut self, by: Party, segment: &Segment<'_>, notes: &mut Notes) {
        let half = self.half(by);
        half.initial = Some(segment.sequence);
        if half.next.is_none() {
            half.next = half.position(segment.sequence.wrapping_add(1));
            notes.add(segment.stamp, Kind::Begins { by, whole: true });
        }
    }

    /// Keeps what a segment carries.
    fn take(&mut self, by: Party, segment: &Segment<'_>, cause: Option<u64>, tally: &mut Tally) {
        let stamp = segment.stamp;
        let half = self.half(by);
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn));
        let position = match half.position(sequence) {
            Some(position) => position,
            // The number of a reset that answers nothing is of no use, but it breaks the connection off.
            None if segment.reset => half.here(),
            None => {
                tally.implausible += 1;
                return;
            }
        };
        let mut at = position;
        let mut keep = |content: Content, width: usize| {
            let width = width as u64;
            let is_new = half.insert(at, &Piece { content, width, cause, stamp });
            at += width;
            is_new
        };
        let mut is_new = false;
        if !segment.payload.is_empty() {
            is_new |= keep(Content::Bytes(Bytes::copy_from_slice(segment.payload)), segment.payload.len());
        }
        if segment.cut > 0 {
            is_new |= keep(Content::Cut, segment.cut);
        }
        if segment.fin || segment.reset {
            let (end, width) = if segment.reset { (End::Reset, 0) } else { (End::Fin, 1) };
            keep(Content::End(end), width);
        }
        if !segment.payload.is_empty() || segment.cut > 0 {
            tally.data += 1;
            tally.repeated += u64::from(!is_new);
            tally.early += u64::from(is_new && half.next.is_some_and(|next| next < position));
        }
    }

    /// Hands out what is in order, passing over holes that have been there for too long.
    fn hand_out(&mut self, notes: &mut Notes) {
        for by in [Party::First, Party::Second] {
            let arrivals = self.arrivals;
            if self.half(by).decide(arrivals, PATIENCE) {
                notes.add(self.latest, Kind::Begins { by, whole: false });
            }
        }
        loop {
            while let Some(by) = self.ready() {
                self.release(by, notes);
            }
            let arrivals = self.arrivals;
            for half in &mut self.halves {
                half.watch_hole(arrivals);
            }
            let overdue = |by: &Party| self.of(*by).is_overdue(arrivals, PATIENCE);
            let Some(by) = [Party::First, Party::Second].into_iter().find(overdue) else { return };
            self.skip(by, false, Lost::NotCaptured, notes);
        }
    }

    /// Whose next piece can be handed out: the older one if both can.
    fn ready(&self) -> Option<Party> {
        if self.halves.iter().all(Half::is_idle) {
            return None;
        }
        let front = |by: Party| self.of(by).front().map(|piece| (piece, by));
        let is_free = |(piece, by): &(&Piece, Party)| {
            let reached = self.of(by.other()).reached();
            piece.cause.is_none_or(|cause| reached.is_none_or(|reached| cause <= reached))
        };
        let older = |a: (&Piece, Party), b: (&Piece, Party)| if a.0.stamp <= b.0.stamp { a.1 } else { b.1 };
        let (first, second) = (front(Party::First), front(Party::Second));
        match (first.filter(is_free), second.filter(is_free)) {
            (Some(first), Some(second)) => Some(older(first, second)),
            (Some((_, by)), None) | (None, Some((_, by))) => Some(by),
            // Each waits for the other, which cannot have happened; so one of them was not captured as it was.
            (None, None) => Some(older(first?, second?)),
        }
    }

    fn release(&mut self, by: Party, notes: &mut Notes) {
        let half = self.half(by);
        let Some(piece) = half.take_front() else { return };
        let kind = match piece.content {
            Content::Bytes(bytes) => Kind::Bytes { by, bytes },
            Content::Cut => Kind::Gap { by, bytes: piece.width, lost: Lost::Cut },
            Content::End(how) => {
                half.ended = true;
                Kind::Ended { by, how }
            }
        };
        notes.add(piece.stamp, kind);
    }

    fn skip(&mut self, by: Party, at_once: bool, lost: Lost, notes: &mut Notes) -> bool {
        let skipped = self.half(by).skip(at_once);
        if let Some(bytes) = skipped {
            notes.add(self.latest, Kind::Gap { by, bytes, lost });
        }
        skipped.is_some()
    }

    /// Hands out everything that is held, passing over whatever is missing.
    pub(super) fn flush(&mut self, lost: Lost, notes: &mut Notes) {
        for by in [Party::First, Party::Second] {
            if self.half(by).decide(u64::MAX, 0) {
                notes.add(self.latest, Kind::Begins { by, whole: false });
            }
        }
        loop {
            while let Some(by) = self.ready() {
                self.release(by, notes);
            }
            for half in &mut self.halves {
                half.watch_hole(0);
            }
            let acknowledged = [Party::First, Party::Second].into_iter().find(|by| self.of(*by).has_hole());
            let waiting = || [Party::First, Party::Second].into_iter().find(|by| !self.of(*by).is_idle());
            let Some(by) = acknowledged.or_else(waiting) else { return };
            if !self.skip(by, true, lost, notes) && self.ready().is_none() {
                return;
            }
        }
    }
}
