//! What is counted and measured, for each group.

use hdrhistogram::Histogram;

use crate::{
    history::Event,
    layout::Layout,
    plan::{Micros, NEVER, SECOND},
};

/// The longest latency that is told from longer ones.
const LONGEST: Micros = 3600 * SECOND;

/// The percentiles that reports show, in hundredths of a percent.
pub const PERCENTILES: [u32; 6] = [5000, 9000, 9900, 9990, 9999, 10_000];

/// What was counted and measured.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// For each group, in the order of the plan.
    pub groups: Vec<GroupNumbers>,
    /// Since when each device is without a connection; `NEVER` if it is not.
    lost: Vec<Micros>,
}

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
    /// From when a message of this group was due to when it came, in microseconds.
    pub latency: Option<Histogram<u64>>,
    /// From the loss of a connection to the next CONNACK, in microseconds.
    pub reconnect: Option<Histogram<u64>>,
}

impl Numbers {
    /// Nothing counted yet.
    pub fn new(groups: impl Iterator<Item = String>) -> Self {
        let group = |name| GroupNumbers {
            name,
            connects: 0,
            losses: 0,
            published: 0,
            repeated: 0,
            acked: 0,
            delivered: 0,
            bytes_sent: 0,
            bytes_received: 0,
            latency: Histogram::new_with_bounds(1, LONGEST, 2).ok(),
            reconnect: Histogram::new_with_bounds(1, LONGEST, 2).ok(),
        };
        Self { groups: groups.map(group).collect(), lost: Vec::new() }
    }

    fn group(&mut self, layout: &Layout, device: u32) -> Option<&mut GroupNumbers> {
        let place = layout.devices.get(device as usize)?;
        self.groups.get_mut(place.group as usize)
    }

    /// A device sent bytes.
    pub fn sent(&mut self, layout: &Layout, device: u32, size: usize) {
        if let Some(group) = self.group(layout, device) {
            group.bytes_sent += u64::try_from(size).unwrap_or(0);
        }
    }

    /// Bytes were sent to a device.
    pub fn received(&mut self, layout: &Layout, device: u32, size: usize) {
        if let Some(group) = self.group(layout, device) {
            group.bytes_received += u64::try_from(size).unwrap_or(0);
        }
    }

    /// Takes in what a device did or saw.
    pub fn note(&mut self, layout: &Layout, now: Micros, device: u32, event: &Event) {
        match event {
            Event::Delivered(delivered) => {
                let publisher = layout.streams.get(delivered.message.stream as usize);
                let due = delivered.message.due;
                let publisher = publisher.filter(|own| own.will.is_none() && !delivered.retain);
                if let Some(publisher) = publisher.map(|stream| stream.publisher)
                    && let Some(latency) =
                        self.group(layout, publisher).and_then(|group| group.latency.as_mut())
                {
                    latency.saturating_record(now.saturating_sub(due).max(1));
                }
            }
            Event::Connack { .. } => self.reconnected(layout, now, device),
            Event::Ended { .. } => {
                let devices = layout.devices.len();
                self.lost.resize(devices, NEVER);
                if let Some(lost) = self.lost.get_mut(device as usize) {
                    *lost = now;
                }
            }
            Event::Connect { .. }
            | Event::Alive(_)
            | Event::Disconnect
            | Event::Subscribe(_)
            | Event::Suback(..)
            | Event::Publish { .. }
            | Event::Acked { .. }
            | Event::Abandoned(_)
            | Event::Breach(_) => {}
        }
        let Some(group) = self.group(layout, device) else { return };
        match event {
            Event::Connack { .. } => group.connects += 1,
            Event::Ended { by_broker } => group.losses += u64::from(!by_broker),
            Event::Publish { again: false, .. } => group.published += 1,
            Event::Publish { again: true, .. } => group.repeated += 1,
            Event::Acked { accepted, .. } => group.acked += u64::from(*accepted),
            Event::Delivered(_) => group.delivered += 1,
            Event::Connect { .. }
            | Event::Alive(_)
            | Event::Disconnect
            | Event::Subscribe(_)
            | Event::Suback(..)
            | Event::Abandoned(_)
            | Event::Breach(_) => {}
        }
    }

    fn reconnected(&mut self, layout: &Layout, now: Micros, device: u32) {
        let lost = self.lost.get_mut(device as usize).map_or(NEVER, |lost| std::mem::replace(lost, NEVER));
        if lost != NEVER
            && let Some(reconnect) = self.group(layout, device).and_then(|group| group.reconnect.as_mut())
        {
            reconnect.saturating_record(now.saturating_sub(lost).max(1));
        }
    }

    /// The sum over all groups of something counted.
    pub fn total(&self, count: impl Fn(&GroupNumbers) -> u64) -> u64 {
        self.groups.iter().map(count).sum()
    }
}
