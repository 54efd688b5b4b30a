//! The phases of a plan: how the world begins, what happens to it, and the calm at its end.

use super::{Far, Happening, Member, World, client::Client};
use crate::{
    device::{Device, Input},
    follower::Follower,
    history::LOOKS,
    link::Path,
    plan::{self, Micros, NEVER, PhaseEvent, SECOND},
    segment::{Heard, What},
};

impl<F: Far> World<'_, F> {
    /// Lets the devices in, over the time of the ramp.
    pub(super) fn populate(&mut self) {
        let ramp = self.layout.plan.phases.first().map_or(0, |phase| match phase.event {
            PhaseEvent::Ramp => phase.lasts,
            PhaseEvent::Steady | PhaseEvent::Storm(_) | PhaseEvent::Partition(_) | PhaseEvent::Restart(_) => {
                0
            }
        });
        let count = u64::try_from(self.layout.devices.len()).unwrap_or(1).max(1);
        for index in 0..self.layout.devices.len() {
            let device = u32::try_from(index).unwrap_or(u32::MAX);
            // Ramped with the numbers of the groups mixed, not one group after the other.
            let turn = u64::from(device).wrapping_mul(0x9E37_79B1) % count;
            let start = 1 + ramp / count * turn;
            let present =
                self.options.left_out.devices.as_ref().is_none_or(|all| all.binary_search(&device).is_ok());
            self.members.push(Member {
                client: self.client(device, start),
                path: Path::new(self.options.seed, device),
                connection: 0,
                open: false,
                dead: false,
                broken_off: false,
                cut: NEVER,
                wake: start,
                present,
            });
            if present {
                self.queue.push(start, Happening::Wake(device));
            }
        }
        let mut begins = 0;
        for (index, phase) in self.layout.plan.phases.iter().enumerate() {
            self.queue.push(begins, Happening::Phase(index));
            begins += phase.lasts;
        }
        self.weather.partitioned = vec![0; self.layout.plan.groups.len()];
    }

    /// The client of a device. Somebody else's can only be had where there are sockets.
    fn client(&self, device: u32, start: Micros) -> Client {
        let whose = self.layout.group(device).map(|group| group.client);
        match whose {
            Some(plan::Client::Rumqttc) if !self.broker.opens_at_once() => {
                Client::Followed(Box::new(Follower::new(self.layout, device, start)))
            }
            Some(plan::Client::Own | plan::Client::Rumqttc) | None => {
                Client::Own(Device::new(self.layout, device, self.options.seed, start))
            }
        }
    }

    pub(super) fn begin_phase(&mut self, index: usize) {
        let layout = self.layout;
        let Some(phase) = layout.plan.phases.get(index) else { return };
        self.numbers.begin(self.now, index);
        match &phase.event {
            PhaseEvent::Ramp | PhaseEvent::Steady => {}
            PhaseEvent::Storm(groups) => self.storm(groups),
            PhaseEvent::Partition(groups) => {
                let end = self.now + phase.lasts;
                for (group, until) in self.weather.partitioned.iter_mut().enumerate() {
                    if groups.is_empty() || groups.contains(&group) {
                        *until = end;
                    }
                }
            }
            PhaseEvent::Restart(down) => self.restart(*down),
        }
    }

    /// Cuts all connections of some groups at once.
    fn storm(&mut self, groups: &[usize]) {
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            let group = self.layout.devices.get(device as usize).map_or(0, |place| place.group as usize);
            let hit = groups.is_empty() || groups.contains(&group);
            if let Some(member) = self.member(device).filter(|member| hit && member.open) {
                self.cut(device, member.connection);
            }
        }
    }

    /// The broker ends without a word, with all that it does not store, and is back after a time.
    fn restart(&mut self, down: Micros) {
        if !self.broker.restart() {
            return;
        }
        self.weather.down = true;
        self.ticks = NEVER;
        self.note_restart(self.now, self.now + down);
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            if let Some(member) = self.member(device).filter(|member| member.open) {
                self.tell_on(device, member.connection, Input::Closed(false));
            }
        }
        self.queue.push(self.now + down, Happening::Returns);
    }

    fn note_restart(&mut self, ends: Micros, back: Micros) {
        if let Some(tap) = &self.options.tap {
            tap.leave(Heard { at: self.now, device: 0, what: What::Restarted(ends, back) });
        }
        self.oracle.restarted(ends, back);
    }

    pub(super) fn returns(&mut self) {
        self.weather.down = false;
        self.broker.returns();
        self.tell_broker(reference_broker::Input::Tick);
    }

    /// The broker ended by itself or by somebody else's hand, and let somebody in again now.
    pub fn returned(&mut self, now: Micros) {
        self.now = self.now.max(now);
        self.note_restart(0, self.now);
    }

    /// The last phase is over: the links are good, nothing new is published, and everybody comes back.
    pub(super) fn begin_calm(&mut self) {
        // What has been lost to a cut that is still to come is lost: that cut is the last.
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            if let Some(member) = self.member(device).filter(|member| member.open && member.broken_off) {
                self.cut(device, member.connection);
            }
        }
        self.weather.calm = true;
        self.numbers.begin(self.now, self.layout.plan.phases.len());
        self.oracle.calm(self.now);
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            let now = self.now;
            let Some(member) = self.members.get_mut(device as usize).filter(|member| member.present) else {
                continue;
            };
            member.cut = NEVER;
            member.client.hurry(now);
            self.plan_wake(device);
        }
    }

    /// How long it may take until broken connections were noticed, wills were published and everybody is back.
    pub(super) fn settling(&self) -> Micros {
        let noticed = |group: &crate::plan::Group| {
            let delay = group.will.as_ref().map_or(0, |will| u64::from(will.delay));
            u64::from(group.keep_alive) * 2 * SECOND + LOOKS + delay * SECOND
        };
        let slowest = self.layout.plan.groups.iter().map(noticed).max().unwrap_or(0);
        slowest + self.layout.patience + 2 * self.quiet()
    }

    /// How long nothing must have come before nothing is on its way.
    pub(super) fn quiet(&self) -> Micros {
        self.layout.patience.clamp(2 * SECOND, 30 * SECOND)
    }

    /// Has every connected device ping the broker: what is answered behind all messages shows that none is on its way.
    pub(super) fn ask_for_signs_of_life(&mut self) {
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            if let Some(member) = self.members.get_mut(device as usize).filter(|member| member.present) {
                member.client.prove_life();
                self.tell(device, Input::Wake);
            }
        }
    }
}
