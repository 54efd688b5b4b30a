//! Whether the broker is there, as far as one can tell from connections.

use std::fmt;

use mqttspec_fleet::plan::{Micros, SECOND};

/// From how many connections on it means something that all end at once.
const CROWD: usize = 3;

/// What is meant by at once.
const AT_ONCE: Micros = SECOND;

/// How long a broker may be gone before it is gone for good.
pub(super) const FOR_GOOD: Micros = 30 * SECOND;

/// A time during which the broker was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// When its connections ended.
    pub from: Micros,
    /// When it let somebody in again, if it did.
    pub until: Option<Micros>,
}

/// Watches whether the broker is there. It is gone if it refuses connections while none is open, or if all that were open
/// have ended on its side at once: then it may have been restarted too fast for anybody to be refused.
#[derive(Debug, Default)]
pub(super) struct Outage {
    open: usize,
    /// How many connections have ended on the broker's side, one shortly after the other, and when the last of them did.
    ended: (usize, Micros),
    gone: Option<Micros>,
    absences: Vec<Absence>,
}

impl Outage {
    /// A connection is open. Whether the broker had been gone, and is back.
    pub(super) fn opened(&mut self, now: Micros) -> bool {
        self.open += 1;
        self.ended.0 = 0;
        let Some(from) = self.gone.take() else { return false };
        self.absences.push(Absence { from, until: Some(now) });
        true
    }

    /// Whether the broker lets somebody in for all that is known.
    pub(super) const fn is_there(&self) -> bool {
        self.open > 0 && self.gone.is_none()
    }

    /// A connection was closed on this side.
    pub(super) const fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// A connection was closed or lost on the broker's side.
    pub(super) fn ended(&mut self, now: Micros) {
        self.open = self.open.saturating_sub(1);
        let (before, last) = self.ended;
        let in_a_row = if now <= last + AT_ONCE { before + 1 } else { 1 };
        self.ended = (in_a_row, now);
        if self.open == 0 && in_a_row >= CROWD {
            self.gone.get_or_insert(now);
        }
    }

    /// All connections were closed, since the broker is to end.
    pub(super) fn all_closed(&mut self, now: Micros) {
        self.open = 0;
        self.gone.get_or_insert(now);
    }

    /// Nobody listens.
    pub(super) fn refused(&mut self, now: Micros) {
        if self.open == 0 {
            self.gone.get_or_insert(now);
        }
    }

    /// Since when the broker is gone, if that is long enough to be for good.
    pub(super) fn is_for_good(&self, now: Micros, patience: Micros) -> Option<Micros> {
        self.gone.filter(|since| now >= since.saturating_add(patience))
    }

    /// All times during which the broker was gone.
    pub(super) fn into_absences(mut self) -> Vec<Absence> {
        self.absences.extend(self.gone.map(|from| Absence { from, until: None }));
        self.absences
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = |at: Micros| format!("{}.{}", at / SECOND, at % SECOND * 10 / SECOND);
        match self.until {
            Some(until) => {
                write!(f, "The broker was gone from {} s to {} s", tenths(self.from), tenths(until))
            }
            None => write!(f, "The broker is gone since {} s and did not come back", tenths(self.from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What happens at a second.
    #[derive(Clone, Copy)]
    enum Event {
        Opened,
        Closed,
        Ended,
        Refused,
    }
    use Event::{Closed, Ended, Opened, Refused};

    fn absences(events: &[(Micros, Event)]) -> Vec<(Micros, Option<Micros>)> {
        let mut outage = Outage::default();
        for (at, event) in events {
            let now = at * SECOND;
            match event {
                Opened => drop(outage.opened(now)),
                Closed => outage.closed(),
                Ended => outage.ended(now),
                Refused => outage.refused(now),
            }
        }
        let seconds = |absence: Absence| (absence.from / SECOND, absence.until.map(|until| until / SECOND));
        outage.into_absences().into_iter().map(seconds).collect()
    }

    #[rstest]
    #[case::nothing_is_wrong(&[(1, Opened), (2, Opened), (9, Closed), (9, Ended)], &[])]
    #[case::one_is_refused_while_another_is_open(&[(1, Opened), (2, Refused), (3, Opened)], &[])]
    #[case::nobody_listens(&[(1, Opened), (2, Ended), (3, Refused), (4, Refused), (5, Opened)], &[(3, Some(5))])]
    #[case::too_fast_to_refuse(
        &[(1, Opened), (1, Opened), (1, Opened), (7, Ended), (7, Ended), (7, Ended), (8, Opened)],
        &[(7, Some(8))]
    )]
    #[case::those_that_end_by_and_by(
        &[(1, Opened), (1, Opened), (1, Opened), (3, Ended), (5, Ended), (7, Ended), (8, Opened)],
        &[]
    )]
    #[case::it_does_not_come_back(&[(1, Opened), (2, Ended), (3, Refused), (9, Refused)], &[(3, None)])]
    fn a_broker_is_gone(#[case] events: &[(Micros, Event)], #[case] gone: &[(Micros, Option<Micros>)]) {
        assert_eq!(absences(events), gone);
    }

    #[test]
    fn what_is_gone_for_long_is_gone_for_good() {
        let mut outage = Outage::default();
        outage.refused(SECOND);
        assert_eq!(outage.is_for_good(30 * SECOND, FOR_GOOD), None);
        assert_eq!(outage.is_for_good(31 * SECOND, FOR_GOOD), Some(SECOND));
        assert!(outage.opened(32 * SECOND));
        assert_eq!(outage.is_for_good(99 * SECOND, FOR_GOOD), None);
    }
}
