//! The virtual world: devices, links and the reference broker on one clock that jumps from event to event.
//!
//! A run is a function of the plan and the [`Options`], to the last byte: only integers, no hash order, and random
//! numbers that belong to each device. [`Outcome::trace`] is a hash of all that happened.

mod client;
mod far;
mod followed;
mod outcome;
mod queue;
mod routing;
mod staging;

use bytes::BytesMut;
use reference_broker::{ConnectionId, Input as BrokerInput, Output};

pub use far::{Far, Near};
pub use outcome::{LeftOut, Options, Outcome, Passed, Progress, Recorded, Travelled};

use self::{
    client::Client,
    queue::{Happening, Queue},
};
use crate::{
    device::{Action, Desk, Input},
    history::{Event, Oracle},
    layout::Layout,
    link::Path,
    numbers::Numbers,
    plan::{Micros, NEVER, SECOND},
    random::scramble,
    segment::{Heard, What},
};

/// A device with its path.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what has become of its connection is independent")]
struct Member {
    client: Client,
    path: Path,
    /// The ordinal of its connection.
    connection: u32,
    /// Whether it has one.
    open: bool,
    /// Whether nothing travels on it any more.
    dead: bool,
    /// Whether a part of a packet was the last that it brings to the broker.
    broken_off: bool,
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
pub struct World<'a, F> {
    layout: &'a Layout,
    options: &'a Options,
    run: u32,
    now: Micros,
    queue: Queue,
    members: Vec<Member>,
    broker: F,
    ticks: Micros,
    weather: Weather,
    oracle: Oracle<'a>,
    numbers: Numbers,
    faults: Vec<(u32, u32)>,
    record: Option<Vec<Recorded>>,
    trace: u64,
    handled: u64,
    chapter: Chapter,
    /// When the chapter ends.
    ends: Micros,
    outputs: Vec<Output>,
    actions: Vec<Action>,
    events: Vec<Event>,
    scratch: BytesMut,
    passed: Vec<(u32, Passed)>,
}

/// How long the calm may take at most, while messages still come.
const LONGEST_CALM: Micros = 3600 * SECOND;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chapter {
    /// The phases of the plan.
    Phases,
    /// Broken connections are noticed, wills published, and everybody comes back.
    Settling,
    /// Messages may still come.
    Quieting,
    /// Everybody shows that nothing is on its way any more.
    Proving,
    /// It is over.
    Over,
}

impl<'a> World<'a, Near> {
    /// The virtual world of a plan before anything has happened, with the reference broker.
    pub fn new(layout: &'a Layout, options: &'a Options) -> Self {
        Self::with(layout, options, Near::new(&options.config, options.rules, layout.plan.limits.persistent))
    }

    /// Plays the plan to its end. `watch` sees the world once in every virtual second and may end it.
    pub fn play(mut self, mut watch: impl FnMut(&Progress<'_>) -> bool) -> Outcome {
        let mut now = 0;
        let mut complete = false;
        while !complete {
            now += SECOND;
            complete = self.advance(now);
            if !complete && !self.look(&mut watch) {
                break;
            }
        }
        self.finish(complete)
    }
}

impl<'a, F: Far> World<'a, F> {
    /// The world of a plan before anything has happened, with this broker.
    pub fn with(layout: &'a Layout, options: &'a Options, broker: F) -> Self {
        let length = options.left_out.until.unwrap_or(NEVER).min(layout.plan.length());
        let mut world = Self {
            layout,
            options,
            run: options.run.unwrap_or_else(|| u32::try_from(scramble(options.seed) >> 32).unwrap_or(0)),
            now: 0,
            queue: Queue::default(),
            members: Vec::new(),
            broker,
            ticks: NEVER,
            weather: Weather::default(),
            oracle: Oracle::new(layout),
            numbers: Numbers::new(&layout.plan),
            faults: Vec::new(),
            record: None,
            trace: 0,
            handled: 0,
            chapter: Chapter::Phases,
            ends: length,
            outputs: Vec::new(),
            actions: Vec::new(),
            events: Vec::new(),
            scratch: BytesMut::new(),
            passed: Vec::new(),
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

    /// Lets happen what happens until `now`. Whether the run is over.
    pub fn advance(&mut self, now: Micros) -> bool {
        while self.chapter != Chapter::Over {
            while let Some((at, happening)) = self.queue.pop(now.min(self.ends)) {
                self.now = self.now.max(at);
                self.handled += 1;
                self.happens(happening);
            }
            self.now = now.min(self.ends).max(self.now);
            if self.ends > now {
                return false;
            }
            self.next_chapter();
        }
        true
    }

    /// When something happens next without anything from outside.
    pub fn next_event(&self) -> Micros {
        self.queue.next().unwrap_or(NEVER).min(self.ends)
    }

    /// Shows how far the run has come; `false` if `watch` wants it to end.
    pub fn look(&self, watch: &mut impl FnMut(&Progress<'_>) -> bool) -> bool {
        let online = || self.members.iter().filter(|member| member.client.is_online()).count();
        watch(&Progress {
            now: self.now,
            online: &online,
            numbers: &self.numbers,
            verdict: self.oracle.verdict(),
        })
    }

    /// The run has ended, or is ended here.
    pub fn finish(mut self, complete: bool) -> Outcome {
        if complete {
            self.hear_last_words();
        }
        for (device, member) in (0..).zip(&self.members) {
            for open in member.client.open_exchanges().into_iter().filter(|_| complete) {
                if let Some(tap) = &self.options.tap {
                    tap.leave(Heard { at: self.now, device, what: What::Open(open) });
                }
                self.oracle.left_open(self.now, device, open);
            }
        }
        self.numbers.pass(self.now);
        self.oracle.finish(self.now, complete);
        let conduct = self.conduct();
        Outcome {
            conduct,
            verdict: self.oracle.into_verdict(),
            numbers: self.numbers,
            trace: self.trace,
            events: self.handled,
            ended: self.now,
            faults: self.faults,
            made: self
                .members
                .iter()
                .zip(0..)
                .filter(|(member, _)| member.present)
                .map(|(member, device)| (device, member.client.made()))
                .collect(),
            record: self.record.unwrap_or_default(),
        }
    }

    fn next_chapter(&mut self) {
        let noisy = self.oracle.last_delivery() + self.quiet() > self.now;
        (self.chapter, self.ends) = match self.chapter {
            Chapter::Phases => {
                self.begin_calm();
                (Chapter::Settling, self.now + self.settling())
            }
            Chapter::Settling | Chapter::Quieting
                if noisy && self.now < self.layout.plan.length() + LONGEST_CALM =>
            {
                (Chapter::Quieting, self.now + self.quiet())
            }
            Chapter::Settling | Chapter::Quieting => {
                self.ask_for_signs_of_life();
                (Chapter::Proving, self.now + self.layout.patience + self.quiet())
            }
            Chapter::Proving | Chapter::Over => (Chapter::Over, self.now),
        };
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
        self.at_desk(device, |client, desk| client.handle(desk, input));
    }

    /// Has a client do something, and does what it wants.
    fn at_desk(&mut self, device: u32, work: impl FnOnce(&mut Client, &mut Desk<'_>)) {
        let Some(member) = self.members.get_mut(device as usize) else { return };
        let mut desk = Desk {
            layout: self.layout,
            run: self.run,
            now: self.now,
            calm: self.weather.calm,
            messages: self.options.left_out.messages.as_deref(),
            credentials: self.options.credentials.as_ref(),
            actions: &mut self.actions,
            events: &mut self.events,
            scratch: &mut self.scratch,
        };
        work(&mut member.client, &mut desk);
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            self.note(device, event);
        }
        self.events = events;
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            self.carry_out(device, action);
        }
        self.actions = actions;
        self.plan_wake(device);
    }

    fn note(&mut self, device: u32, event: Event) {
        self.numbers.note(self.layout, self.now, device, &event);
        if let Some(tap) = &self.options.tap {
            tap.leave(Heard { at: self.now, device, what: What::Event(event.clone()) });
        }
        self.oracle.note(self.now, device, event);
    }

    fn plan_wake(&mut self, device: u32) {
        let (layout, calm, now) = (self.layout, self.weather.calm, self.now);
        let Some(member) = self.members.get_mut(device as usize) else { return };
        let wake = member.client.next_wake(layout, calm).max(now + 1);
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
        self.broker.handle(self.now, input, &mut outputs);
        for output in outputs.drain(..) {
            self.route(output, true);
        }
        self.outputs = outputs;
        self.plan_tick();
    }

    fn plan_tick(&mut self) {
        if let Some(timeout) = self.broker.next_timeout() {
            let at = timeout.max(self.now + 1);
            if at < self.ticks {
                self.ticks = at;
                self.queue.push(at, Happening::Tick);
            }
        }
    }
}

/// The broker's name of a connection.
const fn name(device: u32, connection: u32) -> ConnectionId {
    ConnectionId(((connection as u64) << 32) | device as u64)
}
