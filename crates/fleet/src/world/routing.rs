//! What travels: over the paths of the devices, in both directions.

use bytes::Bytes;
use reference_broker::{ConnectionId, Input as BrokerInput, Output};

use super::{Far, Happening, Passed, Recorded, Travelled, World, name};
use crate::{
    device::{Action, Input},
    link::Direction,
    plan::{Link, Micros, NEVER},
    random::scramble,
};

/// How long a refused connection keeps a device waiting for the refusal.
const REFUSAL: Micros = 1000;

impl<F: Far> World<'_, F> {
    /// Carries out what a device wants.
    pub(super) fn carry_out(&mut self, device: u32, action: Action) {
        match action {
            Action::Open => self.open(device),
            Action::Send(bytes) => self.send_up(device, bytes),
            Action::Close => {
                if let Some(connection) = self.close(device, Travelled::Ended)
                    && let Some(at) = self.arrival(device, 0, Direction::Up)
                {
                    self.queue.push(at, Happening::EndsAtBroker(device, connection));
                }
            }
            Action::Leave => {
                self.close(device, Travelled::Left);
            }
            Action::Begin => self.passed.push((device, Passed::Begin)),
            Action::Pass(bytes) => self.passed.push((device, Passed::Bytes(bytes))),
            Action::HangUp => self.passed.push((device, Passed::End)),
        }
    }

    fn open(&mut self, device: u32) {
        let now = self.now;
        let link = self.link(device);
        let connection = self.member(device).map_or(0, |member| member.connection) + 1;
        let allowed = !self.weather.calm && self.is_allowed(device, connection);
        let Some(member) = self.members.get_mut(device as usize) else { return };
        member.connection = connection;
        (member.open, member.dead, member.cut) = (true, false, NEVER);
        member.broken_off = false;
        let fate = member.path.open(&link, now);
        if allowed {
            if let Some(at) = fate.cut {
                member.cut = at;
                self.queue.push(at, Happening::Cut(device, connection));
            }
            if let Some(at) = fate.roam {
                self.queue.push(at, Happening::Roams(device, connection));
            }
            if let Some(at) = fate.half_open {
                self.queue.push(at, Happening::GoesDead(device, connection));
            }
        }
        if let Some(at) = self.arrival(device, 0, Direction::Up) {
            self.queue.push(at, Happening::Reached(device, connection));
        }
    }

    /// The wish to connect has come to where the broker is, or is not.
    pub(super) fn reached(&mut self, device: u32, connection: u32) {
        let current =
            self.member(device).is_some_and(|member| member.open && member.connection == connection);
        if !current {
            return;
        }
        if self.weather.down {
            return self.queue.push(self.now + REFUSAL, Happening::Refused(device, connection));
        }
        self.tell_broker(BrokerInput::Opened(name(device, connection)));
        if self.broker.opens_at_once() {
            self.opened(self.now, name(device, connection), true);
        }
    }

    /// The broker, or what is between, has accepted a connection or not.
    pub fn opened(&mut self, now: Micros, id: ConnectionId, accepted: bool) {
        self.now = self.now.max(now);
        let (device, connection) = parts(id);
        if let Some(at) = self.arrival(device, 0, Direction::Down) {
            let happening = if accepted { Happening::Opened } else { Happening::Refused };
            self.queue.push(at, happening(device, connection));
        }
    }

    /// What a broker outside of the world has done. `in_order` says how it closed, if it did.
    pub fn arrived(&mut self, now: Micros, output: Output, in_order: bool) {
        self.now = self.now.max(now);
        self.route(output, in_order);
    }

    /// How many bytes are on their way to devices, which takes memory.
    pub const fn under_way(&self) -> usize {
        self.queue.under_way()
    }

    fn send_up(&mut self, device: u32, bytes: Bytes) {
        let Some(member) = self.member(device).filter(|member| member.open) else { return };
        let (connection, cut) = (member.connection, member.cut);
        self.numbers.sent(self.layout, device, bytes.len());
        let Some(at) = self.arrival(device, bytes.len(), Direction::Up) else { return };
        if at < cut {
            return self.queue.push(at, Happening::ToBroker(device, connection, bytes));
        }
        // The connection is cut before the packet has arrived; a part of it may have, and then nothing that follows it.
        if let Some(member) = self.members.get_mut(device as usize).filter(|member| !member.broken_off) {
            member.broken_off = true;
            let part = member.path.part(self.now, bytes.len());
            if part > 0 && cut > self.now {
                let begun = Happening::ToBroker(device, connection, bytes.slice(..part));
                self.queue.push(cut.saturating_sub(1).max(self.now), begun);
            }
        }
    }

    /// Carries what the broker puts out.
    pub(super) fn route(&mut self, output: Output, in_order: bool) {
        let (id, bytes) = match output {
            Output::Send(id, bytes) | Output::Pass(id, bytes) => (id, Some(bytes)),
            Output::Close(id) | Output::Part(id) => (id, None),
            // The broker of a world has no users.
            Output::Verify { .. } => return,
        };
        let (device, connection) = parts(id);
        let current =
            self.member(device).is_some_and(|member| member.open && member.connection == connection);
        if !current {
            return;
        }
        let size = bytes.as_ref().map_or(0, Bytes::len);
        self.numbers.received(self.layout, device, size);
        if let Some(at) = self.arrival(device, size, Direction::Down) {
            self.queue.push(
                at,
                match bytes {
                    Some(bytes) => Happening::ToDevice(device, connection, bytes),
                    None => Happening::EndsAtDevice(device, connection, in_order),
                },
            );
        }
    }

    /// When what is sent now arrives; never on a connection that is dead.
    fn arrival(&mut self, device: u32, size: usize, direction: Direction) -> Option<Micros> {
        let link = self.link(device);
        // What a partition holds back goes on its way when it ends.
        let now = self.now.max(self.held_until(device));
        let member = self.members.get_mut(device as usize)?;
        if member.dead {
            return None;
        }
        let arrives = member.path.send(&link, now, size, direction);
        member.dead |= arrives.is_none();
        arrives
    }

    /// The link of a device as it is now.
    fn link(&self, device: u32) -> Link {
        let link = self.layout.group(device).map(|group| &group.link);
        match link {
            Some(link) if !self.weather.calm && !self.options.left_out.delays => link.clone(),
            // In the calm, and where delays are left out, a path is short but not without length.
            Some(link) => Link {
                latency: crate::random::Range::only(link.latency.least),
                cut: link.cut,
                roam: link.roam,
                half_open: link.half_open,
                ..Link::default()
            },
            None => Link::default(),
        }
    }

    /// Until when nothing gets through to a device.
    fn held_until(&self, device: u32) -> Micros {
        let group = self.layout.devices.get(device as usize).map_or(0, |place| place.group);
        self.weather.partitioned.get(group as usize).copied().unwrap_or(0)
    }

    /// The device has no connection any more; which one it had.
    fn close(&mut self, device: u32, how: Travelled) -> Option<u32> {
        let member = self.members.get_mut(device as usize).filter(|member| member.open)?;
        member.open = false;
        let connection = member.connection;
        self.keep(device, connection, || how);
        Some(connection)
    }

    /// The path cuts a connection; both ends notice.
    pub(super) fn cut(&mut self, device: u32, connection: u32) {
        if !self.is_faulty(device, connection) {
            return;
        }
        self.tell_broker(BrokerInput::Closed(name(device, connection)));
        self.tell_on(device, connection, Input::Closed(false));
    }

    /// The device leaves its connection behind; the broker does not notice.
    pub(super) fn roams(&mut self, device: u32, connection: u32) {
        if self.is_faulty(device, connection) {
            self.tell(device, Input::Roam);
        }
    }

    /// The connection goes dead; nobody notices.
    pub(super) fn goes_dead(&mut self, device: u32, connection: u32) {
        if self.is_faulty(device, connection)
            && let Some(member) = self.members.get_mut(device as usize)
        {
            member.dead = true;
        }
    }

    fn is_faulty(&mut self, device: u32, connection: u32) -> bool {
        let current =
            self.member(device).is_some_and(|member| member.open && member.connection == connection);
        let faulty = current && !self.weather.calm && self.is_allowed(device, connection);
        if faulty {
            self.faults.push((device, connection));
        }
        faulty
    }

    /// Whether the path may end a connection.
    fn is_allowed(&self, device: u32, connection: u32) -> bool {
        let faults = self.options.left_out.faults.as_ref();
        faults.is_none_or(|faults| faults.binary_search(&(device, connection)).is_ok())
    }

    /// Keeps something for the record, if there is one.
    pub(super) fn keep(&mut self, device: u32, connection: u32, what: impl FnOnce() -> Travelled) {
        if let Some(record) = &mut self.record {
            record.push(Recorded { at: self.now, device, connection, what: what() });
        }
    }

    pub(super) fn note_input(&mut self, device: u32, connection: u32, input: &Input) {
        match input {
            Input::Opened => self.keep(device, connection, || Travelled::Opened),
            Input::Bytes(bytes) => self.keep(device, connection, || Travelled::Got(bytes.clone())),
            Input::Closed(_) => self.keep(device, connection, || Travelled::Ended),
            Input::Refused | Input::Wake | Input::Roam => {}
        }
    }

    /// Adds what happens to the hash of the run.
    pub(super) fn trace_happening(&mut self, happening: &Happening) {
        let (kind, device, bytes) = match happening {
            Happening::Wake(device) => (1, *device, None),
            Happening::Reached(device, _) => (2, *device, None),
            Happening::Opened(device, _) => (3, *device, None),
            Happening::Refused(device, _) => (4, *device, None),
            Happening::ToBroker(device, _, bytes) => (5, *device, Some(bytes)),
            Happening::ToDevice(device, _, bytes) => (6, *device, Some(bytes)),
            Happening::EndsAtBroker(device, _) => (7, *device, None),
            Happening::EndsAtDevice(device, ..) => (8, *device, None),
            Happening::Cut(device, _) => (9, *device, None),
            Happening::Roams(device, _) => (10, *device, None),
            Happening::GoesDead(device, _) => (11, *device, None),
            Happening::Tick => (12, 0, None),
            Happening::Phase(_) => (13, 0, None),
            Happening::Returns => (14, 0, None),
        };
        self.mix(self.now ^ (u64::from(device) << 8) ^ kind);
        for chunk in bytes.into_iter().flat_map(|bytes| bytes.chunks(8)) {
            let mut word = [0; 8];
            for (place, byte) in word.iter_mut().zip(chunk) {
                *place = *byte;
            }
            self.mix(u64::from_le_bytes(word));
        }
    }

    const fn mix(&mut self, word: u64) {
        self.trace = scramble(self.trace ^ word);
    }
}

/// The device and the ordinal of a connection that the broker knows by this name.
fn parts(id: ConnectionId) -> (u32, u32) {
    let device = u32::try_from(id.0 & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (device, u32::try_from(id.0 >> 32).unwrap_or(u32::MAX))
}
