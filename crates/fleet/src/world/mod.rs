//! The virtual world: devices, links and the reference broker on one clock that jumps from event to event.
//!
//! A run is a function of the plan and the [`Options`], to the last byte: only integers, no hash order, and random
//! numbers that belong to each device. [`Outcome::trace`] is a hash of all that happened.

mod queue;
mod routing;
mod staging;

use std::time::Duration;

use bytes::BytesMut;
use reference_broker::{Broker, Config, ConnectionId, Input as BrokerInput, Output, Rules};

use self::queue::{Happening, Queue};
use crate::{
    device::{Action, Desk, Device, Input},
    history::{Event, Oracle, Verdict},
    layout::Layout,
    link::Path,
    numbers::Numbers,
    plan::{Micros, NEVER, SECOND},
    random::scramble,
};

/// What distinguishes one run of a plan from another.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all chance comes from.
    pub seed: u64,
    /// The rules that the broker keeps; a mutant lacks one.
    pub rules: Rules,
    /// What the broker offers.
    pub config: Config,
    /// What is left out, for a smaller history of the same kind.
    pub left_out: LeftOut,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, rules: Rules::all(), config: Config::default(), left_out: LeftOut::default() }
    }
}

/// What a run leaves out of its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The devices that take part, in order; all, if not said.
    pub devices: Option<Vec<u32>>,
    /// The connections that the link may end, each with its ordinal; all, if not said.
    pub faults: Option<Vec<(u32, u32)>>,
    /// Whether no packet is lost or slow.
    pub delays: bool,
    /// The calm begins at this time, if that is earlier than the plan's.
    pub until: Option<Micros>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the history says about the broker.
    pub verdict: Verdict,
    /// What was counted and measured.
    pub numbers: Numbers,
    /// A hash of everything that happened.
    pub trace: u64,
    /// How many events there were.
    pub events: u64,
    /// The time at which the run ended.
    pub ended: Micros,
    /// The connections that the link ended, each with the ordinal among its device's.
    pub faults: Vec<(u32, u32)>,
    /// What travelled, if it was to be kept.
    pub record: Vec<Recorded>,
}

/// Something that travelled or happened to a connection, as the device saw it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When.
    pub at: Micros,
    /// The device.
    pub device: u32,
    /// Which of its connections.
    pub connection: u32,
    /// What.
    pub what: Travelled,
}

/// What travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Travelled {
    /// The connection was opened.
    Opened,
    /// These bytes of the device have reached the broker.
    Sent(bytes::Bytes),
    /// The device got these bytes.
    Got(bytes::Bytes),
    /// The connection ended for the device.
    Ended,
}

/// A device with its path.
#[derive(Debug)]
struct Member {
    device: Device,
    path: Path,
    /// The ordinal of its connection.
    connection: u32,
    /// Whether it has one.
    open: bool,
    /// Whether nothing travels on it any more.
    dead: bool,
    /// When the path is going to cut it.
    cut: Micros,
    /// When it is going to be woken.
    wake: Micros,
    /// Whether it takes part.
    present: bool,
}

/// How the phases change the world.
#[derive(Debug, Default)]
struct Weather {
    /// Until when nothing gets through, for each group.
    partitioned: Vec<Micros>,
    /// Whether the broker is down.
    down: bool,
    /// Whether the last phase is over.
    calm: bool,
}

/// The world.
#[derive(Debug)]
pub struct World<'a> {
    layout: &'a Layout,
    options: &'a Options,
    run: u32,
    now: Micros,
    queue: Queue,
    members: Vec<Member>,
    broker: Broker,
    ticks: Micros,
    weather: Weather,
    oracle: Oracle<'a>,
    numbers: Numbers,
    faults: Vec<(u32, u32)>,
    record: Option<Vec<Recorded>>,
    trace: u64,
    handled: u64,
    outputs: Vec<Output>,
    actions: Vec<Action>,
    events: Vec<Event>,
    scratch: BytesMut,
}

/// How long the calm may take at most, while messages still come.
const LONGEST_CALM: Micros = 3600 * SECOND;

/// How long nothing must have come before the history is complete.
const QUIET: Micros = 30 * SECOND;

impl<'a> World<'a> {
    /// The world of a plan before anything has happened.
    pub fn new(layout: &'a Layout, options: &'a Options) -> Self {
        let mut world = Self {
            layout,
            options,
            run: u32::try_from(scramble(options.seed) >> 32).unwrap_or(0),
            now: 0,
            queue: Queue::default(),
            members: Vec::new(),
            broker: Broker::new(options.config.clone(), options.rules),
            ticks: NEVER,
            weather: Weather::default(),
            oracle: Oracle::new(layout),
            numbers: Numbers::new(layout.plan.groups.iter().map(|group| group.name.clone())),
            faults: Vec::new(),
            record: None,
            trace: 0,
            handled: 0,
            outputs: Vec::new(),
            actions: Vec::new(),
            events: Vec::new(),
            scratch: BytesMut::new(),
        };
        world.populate();
        world
    }

    /// Keeps all that travels, which takes memory; for small histories.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Some(Vec::new());
        self
    }

    /// Plays the plan to its end. `watch` sees the world once in every virtual second and may end it.
    pub fn play(mut self, mut watch: impl FnMut(&Progress<'_>) -> bool) -> Outcome {
        let length = self.options.left_out.until.unwrap_or(NEVER).min(self.layout.plan.length());
        let mut complete = self.play_until(length, &mut watch);
        if complete {
            complete = self.calm_down(length, &mut watch);
        }
        self.oracle.finish(self.now, complete);
        Outcome {
            verdict: self.oracle.into_verdict(),
            numbers: self.numbers,
            trace: self.trace,
            events: self.handled,
            ended: self.now,
            faults: self.faults,
            record: self.record.unwrap_or_default(),
        }
    }

    /// Lets everything come to an end: no faults, no new messages, everybody back.
    fn calm_down(&mut self, length: Micros, watch: &mut impl FnMut(&Progress<'_>) -> bool) -> bool {
        self.begin_calm();
        let settles = length + self.settling();
        if !self.play_until(settles, watch) {
            return false;
        }
        while self.oracle.last_delivery() + QUIET > self.now && self.now < length + LONGEST_CALM {
            if !self.play_until(self.now + QUIET, watch) {
                return false;
            }
        }
        self.ask_for_signs_of_life();
        self.play_until(self.now + self.layout.patience + QUIET, watch)
    }

    fn play_until(&mut self, last: Micros, watch: &mut impl FnMut(&Progress<'_>) -> bool) -> bool {
        let mut second = self.now / SECOND;
        while let Some((at, happening)) = self.queue.pop(last) {
            self.now = at;
            self.handled += 1;
            if at / SECOND != second {
                second = at / SECOND;
                let online = || self.members.iter().filter(|member| member.device.is_online()).count();
                let progress = Progress { now: at, online: &online, numbers: &self.numbers };
                if !watch(&progress) {
                    return false;
                }
            }
            self.happens(happening);
        }
        self.now = last;
        true
    }

    fn happens(&mut self, happening: Happening) {
        self.trace_happening(&happening);
        match happening {
            Happening::Wake(device) => {
                let now = self.now;
                let due = self.members.get_mut(device as usize).filter(|member| member.wake <= now);
                if let Some(member) = due {
                    member.wake = NEVER;
                    self.tell(device, Input::Wake);
                }
            }
            Happening::Reached(device, connection) => self.reached(device, connection),
            Happening::Opened(device, connection) => self.tell_on(device, connection, Input::Opened),
            Happening::Refused(device, connection) => self.tell_on(device, connection, Input::Refused),
            Happening::ToBroker(device, connection, bytes) => {
                self.keep(device, connection, || Travelled::Sent(bytes.clone()));
                self.tell_broker(BrokerInput::Bytes(name(device, connection), bytes));
            }
            Happening::ToDevice(device, connection, bytes) => {
                self.tell_on(device, connection, Input::Bytes(bytes));
            }
            Happening::EndsAtBroker(device, connection) => {
                self.tell_broker(BrokerInput::Closed(name(device, connection)));
            }
            Happening::EndsAtDevice(device, connection, in_order) => {
                self.tell_on(device, connection, Input::Closed(in_order));
            }
            Happening::Cut(device, connection) => self.cut(device, connection),
            Happening::Roams(device, connection) => self.roams(device, connection),
            Happening::GoesDead(device, connection) => self.goes_dead(device, connection),
            Happening::Tick => {
                if self.ticks <= self.now {
                    self.ticks = NEVER;
                    self.tell_broker(BrokerInput::Tick);
                }
            }
            Happening::Phase(index) => self.begin_phase(index),
            Happening::Returns => self.returns(),
        }
    }

    fn member(&self, device: u32) -> Option<&Member> {
        self.members.get(device as usize)
    }

    /// Tells a device something about a connection, unless it has another one by now.
    fn tell_on(&mut self, device: u32, connection: u32, input: Input) {
        let current =
            self.member(device).is_some_and(|member| member.open && member.connection == connection);
        if current {
            if matches!(input, Input::Closed(_) | Input::Refused)
                && let Some(member) = self.members.get_mut(device as usize)
            {
                member.open = false;
            }
            self.note_input(device, connection, &input);
            self.tell(device, input);
        }
    }

    fn tell(&mut self, device: u32, input: Input) {
        let Some(member) = self.members.get_mut(device as usize) else { return };
        let mut desk = Desk {
            layout: self.layout,
            run: self.run,
            now: self.now,
            calm: self.weather.calm,
            actions: &mut self.actions,
            events: &mut self.events,
            scratch: &mut self.scratch,
        };
        member.device.handle(&mut desk, input);
        for event in self.events.drain(..) {
            self.numbers.note(self.layout, self.now, device, &event);
            self.oracle.note(self.now, device, event);
        }
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            self.carry_out(device, action);
        }
        self.actions = actions;
        self.plan_wake(device);
    }

    fn plan_wake(&mut self, device: u32) {
        let (layout, calm, now) = (self.layout, self.weather.calm, self.now);
        let Some(member) = self.members.get_mut(device as usize) else { return };
        let wake = member.device.next_wake(layout, calm).max(now + 1);
        // A device that is woken too early goes back to sleep, which is cheaper than to keep its alarm exact.
        if wake < member.wake {
            member.wake = wake;
            self.queue.push(wake, Happening::Wake(device));
        }
    }

    fn tell_broker(&mut self, input: BrokerInput) {
        if self.weather.down {
            return;
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        self.broker.handle(Duration::from_micros(self.now), input, &mut outputs);
        for output in outputs.drain(..) {
            self.route(output);
        }
        self.outputs = outputs;
        self.plan_tick();
    }

    fn plan_tick(&mut self) {
        if let Some(timeout) = self.broker.next_timeout() {
            // Rounded up: a tick that comes too early would find nothing due.
            let at = u64::try_from(timeout.as_nanos().div_ceil(1000)).unwrap_or(NEVER).max(self.now + 1);
            if at < self.ticks {
                self.ticks = at;
                self.queue.push(at, Happening::Tick);
            }
        }
    }
}

/// How far a run has come.
pub struct Progress<'w> {
    /// The virtual time.
    pub now: Micros,
    /// Counts the devices that are connected.
    pub online: &'w dyn Fn() -> usize,
    /// What was counted so far.
    pub numbers: &'w Numbers,
}

/// The broker's name of a connection.
const fn name(device: u32, connection: u32) -> ConnectionId {
    ConnectionId(((connection as u64) << 32) | device as u64)
}
