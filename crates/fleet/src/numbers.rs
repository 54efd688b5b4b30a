//! What is counted and measured, for each group in each phase, and over time.

mod group;
mod series;

pub use group::{GroupNumbers, Times};
pub use series::{Point, Series};

use crate::{
    history::{Delivered, Event},
    layout::Layout,
    plan::{Micros, Plan},
};

/// The percentiles that reports show, in hundredths of a percent.
pub const PERCENTILES: [u32; 6] = [5000, 9000, 9900, 9990, 9999, 10_000];

/// The name of the time behind the last phase.
const CALM: &str = "calm";

/// What was counted and measured.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// For each phase of the plan, and for the calm behind them.
    pub phases: Vec<PhaseNumbers>,
    /// The same over time, for all groups together.
    pub series: Series,
    /// How many devices are connected.
    online: u64,
    /// Whether each device is connected.
    devices: Vec<Presence>,
    /// Which phase it is.
    phase: usize,
}

/// What was counted and measured in a phase.
#[derive(Clone, Debug)]
pub struct PhaseNumbers {
    /// Its name.
    pub name: String,
    /// When it began.
    pub began: Micros,
    /// When it ended, or what was counted last.
    pub ended: Micros,
    /// For each group, in the order of the plan.
    pub groups: Vec<GroupNumbers>,
}

impl Numbers {
    /// Nothing counted yet.
    pub fn new(plan: &Plan) -> Self {
        let groups = || plan.groups.iter().map(|group| GroupNumbers::new(&group.name)).collect();
        let names = plan.phases.iter().map(|phase| phase.name.as_str()).chain([CALM]);
        let phase = |name: &str| PhaseNumbers { name: name.to_owned(), began: 0, ended: 0, groups: groups() };
        Self {
            phases: names.map(phase).collect(),
            series: Series::default(),
            online: 0,
            devices: Vec::new(),
            phase: 0,
        }
    }

    /// A phase begins: of the plan, or, behind the last of them, the calm.
    pub fn begin(&mut self, now: Micros, phase: usize) {
        self.pass(now);
        self.phase = phase.min(self.phases.len().saturating_sub(1));
        if let Some(phase) = self.phases.get_mut(self.phase) {
            (phase.began, phase.ended) = (now, now);
        }
    }

    /// Time has passed in the present phase.
    pub fn pass(&mut self, now: Micros) {
        if let Some(phase) = self.phases.get_mut(self.phase) {
            phase.ended = now;
        }
    }

    fn group(&mut self, layout: &Layout, device: u32) -> Option<&mut GroupNumbers> {
        let place = layout.devices.get(device as usize)?;
        self.phases.get_mut(self.phase)?.groups.get_mut(place.group as usize)
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
            Event::Connack { .. } => self.connected(layout, now, device),
            Event::Ended { by_broker } => self.ended(layout, now, device, *by_broker),
            Event::Publish { message, again } => {
                let Some(group) = self.group(layout, device) else { return };
                if *again {
                    group.repeated += 1;
                    return;
                }
                group.published += 1;
                group.bytes_of_payload += layout.payload_size(*message);
                self.series.count(now, |point| point.published += 1);
            }
            Event::Acked { accepted, .. } => {
                if let Some(group) = self.group(layout, device) {
                    group.acked += u64::from(*accepted);
                }
            }
            Event::Delivered(delivered) => {
                self.delivered(layout, now, device, delivered);
            }
            Event::Connect { .. }
            | Event::Alive(_)
            | Event::Disconnect { .. }
            | Event::Subscribe(_)
            | Event::Suback(..)
            | Event::Unsubscribe(_)
            | Event::Unsuback(_)
            | Event::Abandoned(_)
            | Event::Breach(_) => {}
        }
    }

    fn delivered(&mut self, layout: &Layout, now: Micros, device: u32, delivered: &Delivered) {
        let message = delivered.message;
        if let Some(group) = self.group(layout, device) {
            group.delivered += 1;
            group.bytes_of_payload += layout.payload_size(message);
        }
        self.series.count(now, |point| point.delivered += 1);
        let live = layout.streams.get(message.stream as usize);
        // Neither a will nor what was retained says when it was due.
        let Some(live) = live.filter(|stream| stream.will.is_none() && !delivered.retain) else { return };
        let latency = now.saturating_sub(message.due);
        if let Some(group) = self.group(layout, live.publisher) {
            group.latency.record(latency);
        }
        self.series.count(now, |point| point.slowest = point.slowest.max(latency));
    }

    fn connected(&mut self, layout: &Layout, now: Micros, device: u32) {
        let was = self.presence(layout, device, Presence::Online);
        self.online += u64::from(was != Presence::Online);
        let online = self.online;
        self.series.count(now, |point| (point.connects, point.online) = (point.connects + 1, online));
        let Some(group) = self.group(layout, device) else { return };
        group.connects += 1;
        if let Presence::LostAt(lost) = was {
            group.reconnect.record(now.saturating_sub(lost));
        }
    }

    fn ended(&mut self, layout: &Layout, now: Micros, device: u32, in_order: bool) {
        if let Some(group) = self.group(layout, device) {
            group.losses += u64::from(!in_order);
        }
        let is_online = self.devices.get(device as usize) == Some(&Presence::Online);
        if is_online {
            let away = if in_order { Presence::Away } else { Presence::LostAt(now) };
            self.presence(layout, device, away);
            self.online = self.online.saturating_sub(1);
            let online = self.online;
            self.series.count(now, |point| point.online = online);
        }
    }

    /// Notes whether a device is there; whether it was.
    fn presence(&mut self, layout: &Layout, device: u32, presence: Presence) -> Presence {
        self.devices.resize(layout.devices.len(), Presence::Away);
        let own = self.devices.get_mut(device as usize);
        own.map_or(Presence::Away, |own| std::mem::replace(own, presence))
    }

    /// How many devices are connected.
    pub const fn online(&self) -> u64 {
        self.online
    }

    /// What was counted of each group in all phases, in the order of the plan.
    pub fn groups(&self) -> Vec<GroupNumbers> {
        let mut phases = self.phases.iter();
        let mut sums = phases.next().map_or_else(Vec::new, |first| first.groups.clone());
        for phase in phases {
            sums.iter_mut().zip(&phase.groups).for_each(|(sum, group)| sum.add(group));
        }
        sums
    }

    /// The sum over all groups and phases of something counted.
    pub fn total(&self, count: impl Fn(&GroupNumbers) -> u64) -> u64 {
        self.phases.iter().flat_map(|phase| &phase.groups).map(count).sum()
    }

    /// Adds what was counted of other devices of the same plan at the same time.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.phases.iter_mut().zip(&other.phases) {
            own.began = own.began.max(other.began);
            own.ended = own.ended.max(other.ended);
            own.groups.iter_mut().zip(&other.groups).for_each(|(own, other)| own.add(other));
        }
        self.series.add(&other.series);
        self.online += other.online;
    }
}

/// Whether a device is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// It is not, and nothing is known of a connection lost.
    Away,
    /// It is.
    Online,
    /// It was until then.
    LostAt(Micros),
}
