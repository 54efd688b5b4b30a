//! What a network path does to a connection, as delays: TCP loses nothing, so all that a bad path can do to bytes is to
//! hold them up or to end the connection.

use crate::{
    plan::{Link, Micros, NEVER, Outage, SECOND},
    random::Random,
};

/// The state of a device's path.
#[derive(Debug)]
pub struct Path {
    /// When the last bytes towards the broker arrive: what is sent later arrives later.
    up: Micros,
    /// When the last bytes towards the device arrive.
    down: Micros,
    /// When something was last sent in either direction.
    active: Micros,
    /// The latest outage, past, present or to come: when it begins, and when it is over.
    outage: (Micros, Micros),
    seed: u64,
    connections: u64,
}

/// How and when a connection is going to end by the path's doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// When both ends see it end.
    pub cut: Option<Micros>,
    /// When the device changes its network.
    pub roam: Option<Micros>,
    /// When it goes dead without anybody noticing.
    pub half_open: Option<Micros>,
}

/// The direction in which bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the broker.
    Up,
    /// To the device.
    Down,
}

impl Path {
    /// The path of a device.
    pub fn new(seed: u64, device: u32) -> Self {
        let seed = Random::new(seed ^ 0x11_4B, u64::from(device)).number();
        Self { up: 0, down: 0, active: NEVER, outage: (0, 0), seed, connections: 0 }
    }

    /// Chance at a moment: what else travels has no influence on it, so that a run with less in it stays the same run.
    const fn chance(&self, now: Micros, direction: Direction) -> Random {
        Random::new(self.seed, now.wrapping_mul(2) + direction as u64)
    }

    /// A new connection over the path begins at `now`.
    pub fn open(&mut self, link: &Link, now: Micros) -> Fate {
        (self.up, self.down, self.active) = (now, now, now);
        self.connections += 1;
        let mut random = Random::new(!self.seed, self.connections);
        let mut drawn = |range| Some(now + random.within(range?));
        Fate { cut: drawn(link.cut), roam: drawn(link.roam), half_open: drawn(link.half_open) }
    }

    /// When what is sent now goes on its way: at once, or when an outage is over. Outages come by the clock alone.
    fn departure(&mut self, link: &Link, now: Micros) -> Micros {
        let Some(Outage { every, lasts }) = link.outage else { return now };
        while self.outage.1 <= now {
            let mut random = Random::new(self.seed ^ 0x0C7A, self.outage.1);
            let begins = self.outage.1 + random.within(every).max(1);
            self.outage = (begins, begins + random.within(lasts));
        }
        if self.outage.0 <= now { self.outage.1 } else { now }
    }

    /// When bytes sent now arrive, or that they never do, since the path has forgotten the connection.
    pub fn send(&mut self, link: &Link, now: Micros, size: usize, direction: Direction) -> Option<Micros> {
        let forgotten = link.nat_timeout.is_some_and(|timeout| now.saturating_sub(self.active) > timeout);
        if forgotten {
            return None;
        }
        self.active = now;
        let departs = self.departure(link, now);
        let bytes = u64::try_from(size).unwrap_or(u64::MAX);
        let sending = match link.bandwidth {
            0 => 0,
            bandwidth => bytes.saturating_mul(SECOND) / bandwidth,
        };
        let mut random = self.chance(now, direction);
        let delay = random.within(link.latency) + sending;
        let stall = if random.happens(link.loss) { random.within(link.stall) } else { 0 };
        let last = match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        };
        let mut arrives = (departs + delay + stall).max(*last + sending);
        if let (Direction::Down, Some(period)) = (direction, link.radio_sleep.filter(|period| *period > 0)) {
            arrives = arrives.div_ceil(period) * period;
        }
        *last = arrives;
        Some(arrives)
    }

    /// How much of a packet of this size gets through when the connection is cut inside it.
    pub fn part(&self, now: Micros, size: usize) -> usize {
        let mut random = self.chance(now, Direction::Up);
        usize::try_from(random.below(u64::try_from(size).unwrap_or(0))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Range;

    #[test]
    fn nothing_overtakes_and_a_stall_holds_up_all_behind_it() {
        let link = Link {
            latency: Range { least: 20_000, most: 200_000 },
            loss: 100_000,
            stall: Range::only(3 * SECOND),
            ..Link::default()
        };
        let mut path = Path::new(1, 1);
        path.open(&link, 0);
        let arrivals: Vec<_> =
            (0..200).map(|n| path.send(&link, n * 1000, 10, Direction::Up).unwrap()).collect();
        assert!(arrivals.is_sorted());
        assert!(arrivals.iter().any(|at| *at > 3 * SECOND), "one in ten stalls");
    }

    #[test]
    fn bandwidth_is_shared_by_what_is_sent_together() {
        let link = Link { bandwidth: 1000, ..Link::default() };
        let mut path = Path::new(1, 1);
        path.open(&link, 0);
        let arrivals = [(); 3].map(|()| path.send(&link, 0, 500, Direction::Down));
        assert_eq!(arrivals, [Some(SECOND / 2), Some(SECOND), Some(SECOND * 3 / 2)]);
    }

    #[test]
    fn a_silent_connection_is_forgotten() {
        let link = Link { nat_timeout: Some(60 * SECOND), ..Link::default() };
        let mut path = Path::new(1, 1);
        path.open(&link, 0);
        assert_eq!(path.send(&link, 60 * SECOND, 1, Direction::Up), Some(60 * SECOND));
        assert_eq!(path.send(&link, 121 * SECOND, 1, Direction::Up), None);
    }

    #[test]
    fn what_is_sent_in_an_outage_arrives_behind_it() {
        let outage = Outage { every: Range::only(10 * SECOND), lasts: Range::only(2 * SECOND) };
        let link = Link { outage: Some(outage), ..Link::default() };
        let mut path = Path::new(1, 1);
        path.open(&link, 0);
        let arrivals = [9, 10, 11, 12, 23].map(|at| path.send(&link, at * SECOND, 1, Direction::Up));
        assert_eq!(arrivals, [9, 12, 12, 12, 24].map(|at| Some(at * SECOND)));
    }

    #[test]
    fn a_sleeping_radio_listens_now_and_then() {
        let link = Link { radio_sleep: Some(SECOND), ..Link::default() };
        let mut path = Path::new(1, 1);
        path.open(&link, 0);
        assert_eq!(path.send(&link, 1, 1, Direction::Down), Some(SECOND));
        assert_eq!(path.send(&link, 1, 1, Direction::Up), Some(1));
    }
}
