//! What is counted and measured of the devices of one group.

use hdrhistogram::Histogram;

use crate::plan::{Micros, SECOND};

/// The longest time that is told from longer ones.
const LONGEST: Micros = 3600 * SECOND;

/// What was counted and measured of one group.
#[derive(Clone, Debug)]
pub struct GroupNumbers {
    /// Its name.
    pub name: String,
    /// Connections accepted.
    pub connects: u64,
    /// Connections that ended other than by DISCONNECT.
    pub losses: u64,
    /// Messages published.
    pub published: u64,
    /// Messages published again.
    pub repeated: u64,
    /// Messages that the broker took over.
    pub acked: u64,
    /// Messages that came to this group.
    pub delivered: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes of payload in messages published, once each, and in messages that came.
    pub bytes_of_payload: u64,
    /// From when a message of this group was due to when it came, in microseconds.
    pub latency: Times,
    /// From the loss of a connection to the next CONNACK, in microseconds.
    pub reconnect: Times,
}

impl GroupNumbers {
    /// Nothing counted yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            connects: 0,
            losses: 0,
            published: 0,
            repeated: 0,
            acked: 0,
            delivered: 0,
            bytes_sent: 0,
            bytes_received: 0,
            bytes_of_payload: 0,
            latency: Times::default(),
            reconnect: Times::default(),
        }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.connects += other.connects;
        self.losses += other.losses;
        self.published += other.published;
        self.repeated += other.repeated;
        self.acked += other.acked;
        self.delivered += other.delivered;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.bytes_of_payload += other.bytes_of_payload;
        self.latency.add(&other.latency);
        self.reconnect.add(&other.reconnect);
    }
}

/// How long something took, again and again, in microseconds with two digits of precision. It takes no memory before the
/// first time.
#[derive(Clone, Debug, Default)]
pub struct Times(Option<Box<Histogram<u64>>>);

impl Times {
    /// Notes that it took so long.
    pub fn record(&mut self, micros: Micros) {
        self.record_n(micros, 1);
    }

    /// Notes that it took so long so many times.
    pub fn record_n(&mut self, micros: Micros, times: u64) {
        if self.0.is_none() {
            self.0 = Histogram::new_with_bounds(1, LONGEST, 2).ok().map(Box::new);
        }
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record_n(micros.max(1), times);
        }
    }

    /// How often it was noted.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.len())
    }

    /// The time that so many hundredths of a percent did not exceed; 0 if nothing was noted.
    pub fn percentile(&self, hundredths: u32) -> Micros {
        let quantile = f64::from(hundredths) / 10_000.0;
        self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(quantile))
    }

    /// Each time that was noted, as precisely as it is kept, and how often.
    pub fn all(&self) -> impl Iterator<Item = (Micros, u64)> {
        let recorded = self.0.iter().flat_map(|histogram| histogram.iter_recorded());
        recorded.map(|value| (value.value_iterated_to(), value.count_at_value()))
    }

    /// Adds what was noted elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (micros, times) in other.all() {
            self.record_n(micros, times);
        }
    }
}
