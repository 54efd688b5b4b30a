//! What was counted over time, in intervals that grow with the run, so that the memory for them does not.

use crate::plan::{Micros, SECOND};

/// How many intervals there are at most.
const POINTS: usize = 400;

/// Counts over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// How long an interval is: a power of two of seconds.
    pub every: Micros,
    /// The intervals since the start, without a gap.
    pub points: Vec<Point>,
}

/// What was counted in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Devices connected at its end.
    pub online: u64,
    /// Connections accepted.
    pub connects: u64,
    /// Messages published for the first time.
    pub published: u64,
    /// Messages that came.
    pub delivered: u64,
    /// The longest time from when a message was due to when it came, of those that came.
    pub slowest: Micros,
}

impl Default for Series {
    fn default() -> Self {
        Self { every: SECOND, points: Vec::new() }
    }
}

impl Series {
    /// Counts something that happened now, in the last interval yet.
    pub fn count(&mut self, now: Micros, count: impl FnOnce(&mut Point)) {
        while usize::try_from(now / self.every).unwrap_or(usize::MAX) >= POINTS {
            self.every *= 2;
            self.points = self.points.chunks(2).map(joined).collect();
        }
        let index = usize::try_from(now / self.every).unwrap_or(0);
        while self.points.len() <= index {
            let online = self.points.last().map_or(0, |last| last.online);
            self.points.push(Point { online, ..Point::default() });
        }
        self.points.get_mut(index).map(count);
    }

    /// Adds what was counted elsewhere at the same time.
    pub fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        let last =
            |series: &Self| u64::try_from(series.points.len()).unwrap_or(0).saturating_sub(1) * series.every;
        let end = last(self).max(last(&other));
        while self.every != other.every {
            let shorter = if self.every < other.every { &mut *self } else { &mut other };
            shorter.every *= 2;
            shorter.points = shorter.points.chunks(2).map(joined).collect();
        }
        self.count(end, |_| {});
        other.count(end, |_| {});
        for (own, other) in self.points.iter_mut().zip(&other.points) {
            own.online += other.online;
            own.connects += other.connects;
            own.published += other.published;
            own.delivered += other.delivered;
            own.slowest = own.slowest.max(other.slowest);
        }
    }
}

/// Neighbours as one.
fn joined(points: &[Point]) -> Point {
    points.iter().fold(Point::default(), |sum, point| Point {
        online: point.online,
        connects: sum.connects + point.connects,
        published: sum.published + point.published,
        delivered: sum.delivered + point.delivered,
        slowest: sum.slowest.max(point.slowest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_and_lose_nothing() {
        let mut series = Series::default();
        for second in 0..1000 {
            series.count(second * SECOND, |point| {
                point.published += 1;
                point.online = second;
            });
        }
        assert_eq!(series.every, 4 * SECOND);
        assert_eq!(series.points.len(), 250);
        assert!(series.points.iter().all(|point| point.published == 4));
        assert_eq!(series.points.last().map(|point| point.online), Some(999));
    }

    #[test]
    fn what_happened_at_the_same_time_is_added() {
        let (mut long, mut short) = (Series::default(), Series::default());
        long.count(500 * SECOND, |point| point.delivered = 3);
        short.count(10 * SECOND, |point| (point.delivered, point.online) = (2, 1));
        short.add(&long);
        assert_eq!((short.every, short.points.len()), (2 * SECOND, 251));
        assert_eq!(short.points.iter().map(|point| point.delivered).sum::<u64>(), 5);
        assert_eq!(short.points.get(5).map(|point| (point.delivered, point.online)), Some((2, 1)));
    }
}
