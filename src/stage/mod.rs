//! The stage on which a script is played: its network connections and its clock, without any input or output.
//!
//! A script is an `async` function that talks to a [`Stage`]; a [`Play`] is the pair of both. Whoever drives a play
//! hands in the time and what happened on the network connections, and carries out the [`Command`]s that come out.
//! There is no runtime inside: the same play runs over sockets in real time, and against an in-process broker in
//! virtual time, where the driver jumps to [`Play::next_timeout`].
//!
//! ```text
//!             Input, now                    look / send / open
//!   driver ───────────────▶ Play ─▶ World ◀──────────────────── script
//!          ◀───────────────            (inboxes, evidence, alarm)
//!             Command, next_timeout
//! ```

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use mqttspec_spec::{Level, Version};
use mqttspec_wire::Sender;

mod framing;
mod link;

pub use self::framing::JUDGED as JUDGED_OVER_WEBSOCKET;
use self::link::Note;
pub use self::link::{Link, LinkState, Received};
use crate::{
    referee::Violation,
    verdict::{Evidence, EvidenceKind, Finding, Grade, Restart},
};

/// One network connection of a play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub usize);

/// Something that happened on a network connection.
#[derive(Debug)]
pub enum Input {
    /// It is open.
    Opened,
    /// It could not be opened.
    Refused(String),
    /// The broker answered the offer of the WebSocket subprotocol `mqtt` with another one.
    WrongSubprotocol,
    /// The broker sent bytes.
    Bytes(Bytes),
    /// The broker sent a WebSocket text frame; the network connection was closed therefore.
    TextFrame(Bytes),
    /// The broker closed it; `true` if by a reset.
    Closed(bool),
}

/// Something to do on a network connection.
#[derive(Debug)]
pub enum Command {
    /// Open it.
    Open(LinkId),
    /// Send these bytes, over WebSocket in a binary frame.
    Send(LinkId, Bytes),
    /// Send these bytes in a WebSocket text frame.
    SendText(LinkId, Bytes),
    /// Close our sending direction.
    HalfClose(LinkId),
    /// Close it at once.
    Close(LinkId),
    /// Bring the broker to its end and start it again; [`Play::restarted`] awaits what comes of it.
    Restart(Restart),
}

/// What the referee objected to, and the place of the packet in the evidence.
pub struct Objection {
    /// The violation.
    pub violation: Violation,
    /// The packet's place.
    pub evidence: usize,
}

impl Objection {
    /// The finding that it makes, if it is the broker's breach; what the standard leaves to it is none.
    pub fn finding(self) -> Option<Finding> {
        let Violation { party, statement, level, what, part } = self.violation;
        let grade = match (party, level) {
            (Sender::Server, Level::Must | Level::MustNot) => Grade::Fail,
            (Sender::Server, Level::Should) => Grade::Warn,
            (Sender::Server, Level::May) | (Sender::Client, _) => return None,
        };
        Some(Finding {
            grade,
            statements: vec![statement],
            place: None,
            expected: statement.statement().title.to_owned(),
            observed: what,
            packets: vec![self.evidence],
            parts: part.into_iter().map(str::to_owned).collect(),
        })
    }
}

/// All that is known about the network connections of one play.
pub struct World {
    /// The time of the latest input.
    pub now: Duration,
    /// Everything that happened.
    pub evidence: Vec<Evidence>,
    /// What the referee objected to.
    pub objections: Vec<Objection>,
    /// A client got a message that has nothing to do with the script, and no client had asked for such: the broker may mix
    /// up what is played at once.
    pub is_mixed_up: bool,
    links: Vec<Link>,
    commands: Vec<Command>,
    /// What came of the latest restart of the broker.
    restarted: Option<Result<(), String>>,
    alarm: Option<Duration>,
    started: Duration,
}

impl World {
    /// A network connection.
    ///
    /// Every [`LinkId`] was made by [`Stage::open`], so there is one.
    #[expect(clippy::indexing_slicing, reason = "identifiers are only made when the link is pushed")]
    pub fn link(&mut self, id: LinkId) -> &mut Link {
        &mut self.links[id.0]
    }

    /// The packet of the broker that could not be decoded, by its place in the evidence.
    pub fn garbled_answer(&mut self, id: LinkId) -> Option<usize> {
        let link = self.link(id);
        link.garbled.as_ref()?;
        let (client, connection) = (link.client.clone(), link.ordinal);
        self.evidence.iter().rposition(|evidence| {
            let is_wrong =
                matches!(&evidence.kind, EvidenceKind::Packet { from: Sender::Server, fault: Some(_), .. });
            is_wrong && evidence.connection == connection && evidence.client == client
        })
    }

    fn write_down(&mut self, id: LinkId, kind: EvidenceKind) -> usize {
        let (client, connection) = (self.link(id).client.clone(), self.link(id).ordinal);
        self.evidence.push(Evidence { at: self.now.saturating_sub(self.started), client, connection, kind });
        self.evidence.len() - 1
    }

    fn object(&mut self, violations: Vec<Violation>, evidence: usize) {
        self.objections.extend(violations.into_iter().map(|violation| Objection { violation, evidence }));
    }

    fn note(&mut self, id: LinkId, notes: Vec<Note>) {
        for Note { kind, packet, violations } in notes {
            let evidence = self.write_down(id, kind);
            self.object(violations, evidence);
            let Some(packet) = packet else { continue };
            let (at, link) = (self.now, self.link(id));
            if link.is_foreign(&packet) {
                self.is_mixed_up |= !self.links.iter().any(|link| link.wants_all);
            } else if !link.settles_debt(&packet) {
                link.inbox.push_back(Received { at, packet, evidence });
            }
        }
    }

    fn closed(&mut self, id: LinkId, by: Sender, how: &str) {
        if matches!(self.link(id).state, LinkState::Closed { .. } | LinkState::Refused(_)) {
            return;
        }
        let evidence = self.write_down(id, EvidenceKind::Closed { by, how: how.to_owned() });
        let now = self.now;
        let violations = self.link(id).closed(now, by);
        self.object(violations, evidence);
    }

    fn input(&mut self, id: LinkId, input: Input) {
        match input {
            Input::Opened => {
                self.link(id).state = LinkState::Open;
                self.write_down(id, EvidenceKind::Opened);
            }
            Input::Refused(why) => {
                self.write_down(id, EvidenceKind::Refused { why: why.clone() });
                self.link(id).state = LinkState::Refused(why);
            }
            Input::WrongSubprotocol => {
                let (why, violation) = self.link(id).wrong_subprotocol();
                let evidence = self.write_down(id, EvidenceKind::Refused { why });
                self.object(vec![violation], evidence);
            }
            Input::TextFrame(text) => {
                let note = self.link(id).text_frame(text);
                self.note(id, vec![note]);
            }
            Input::Bytes(bytes) => {
                let now = self.now;
                let notes = self.link(id).received(now, &bytes);
                self.note(id, notes);
            }
            Input::Closed(reset) => self.closed(id, Sender::Server, if reset { "reset" } else { "closed" }),
        }
    }
}

/// A handle to the world, for scripts.
#[derive(Clone)]
pub struct Stage(Rc<RefCell<World>>);

impl Stage {
    /// Looks at or changes the world.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.0.borrow_mut())
    }

    /// The time.
    pub fn now(&self) -> Duration {
        self.with(|world| world.now)
    }

    /// Begins to open a network connection.
    pub fn open(&self, client: &str, version: Version) -> LinkId {
        self.with(|world| {
            let earlier = world.links.iter().filter(|link| link.client == client).count();
            let ordinal = u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1);
            let id = LinkId(world.links.len());
            world.links.push(Link::new(client.to_owned(), ordinal, version));
            world.commands.push(Command::Open(id));
            id
        })
    }

    /// Sends bytes in one segment, if the network connection is still open.
    pub fn send(&self, id: LinkId, bytes: Bytes) {
        self.dispatch(id, bytes, Command::Send, "");
    }

    /// Sends bytes in a WebSocket text frame, if the network connection is still open.
    pub fn send_text(&self, id: LinkId, bytes: Bytes) {
        self.dispatch(id, bytes, Command::SendText, ", in a WebSocket text frame");
    }

    /// `how` is added to what the evidence says of the packets.
    fn dispatch(&self, id: LinkId, bytes: Bytes, command: fn(LinkId, Bytes) -> Command, how: &str) {
        self.with(|world| {
            let now = world.now;
            let mut notes = world.link(id).sent(now, &bytes);
            for note in &mut notes {
                if let EvidenceKind::Packet { summary, .. } = &mut note.kind {
                    summary.push_str(how);
                }
            }
            world.note(id, notes);
            match world.link(id).state {
                LinkState::Open => world.commands.push(command(id, bytes)),
                LinkState::Closed { by: Sender::Server, .. } => world.link(id).outlived = true,
                LinkState::Opening | LinkState::Refused(_) | LinkState::Closed { by: Sender::Client, .. } => {
                }
            }
        });
    }

    /// Closes our sending direction.
    pub fn half_close(&self, id: LinkId) {
        self.with(|world| world.commands.push(Command::HalfClose(id)));
    }

    /// Closes a network connection.
    pub fn close(&self, id: LinkId) {
        self.with(|world| {
            world.closed(id, Sender::Client, "closed");
            world.commands.push(Command::Close(id));
        });
    }

    /// Has the broker brought to its end and started again; no network connection outlives that.
    ///
    /// # Errors
    /// Why the broker is not back.
    pub async fn restart(&self, restart: Restart) -> Result<(), String> {
        self.with(|world| world.commands.push(Command::Restart(restart)));
        let outcome =
            poll_fn(|_| self.with(|world| world.restarted.take().map_or(Poll::Pending, Poll::Ready)));
        let outcome = outcome.await;
        self.with(|world| {
            for id in (0..world.links.len()).map(LinkId) {
                world.closed(id, Sender::Server, restart.how());
                world.commands.push(Command::Close(id));
            }
        });
        outcome
    }

    /// Waits until `look` finds something, or gives up at `deadline`.
    pub async fn until<T>(
        &self,
        deadline: Duration,
        mut look: impl FnMut(&mut World) -> Option<T>,
    ) -> Option<T> {
        poll_fn(|_| {
            let mut world = self.0.borrow_mut();
            if let Some(found) = look(&mut world) {
                return Poll::Ready(Some(found));
            }
            if world.now >= deadline {
                return Poll::Ready(None);
            }
            world.alarm = Some(world.alarm.map_or(deadline, |alarm| alarm.min(deadline)));
            Poll::Pending
        })
        .await
    }

    /// Lets time pass.
    pub async fn sleep_until(&self, time: Duration) {
        self.until(time, |_| None::<()>).await;
    }
}

/// A script with its stage.
pub struct Play<T> {
    world: Rc<RefCell<World>>,
    script: Pin<Box<dyn Future<Output = T>>>,
}

impl<T> Play<T> {
    /// Begins a play at time `now`. Nothing happens before the first [`Play::advance`].
    pub fn new<F: Future<Output = T> + 'static>(now: Duration, script: impl FnOnce(Stage) -> F) -> Self {
        let world = Rc::new(RefCell::new(World {
            now,
            evidence: Vec::new(),
            objections: Vec::new(),
            is_mixed_up: false,
            links: Vec::new(),
            commands: Vec::new(),
            restarted: None,
            alarm: None,
            started: now,
        }));
        let script = Box::pin(script(Stage(Rc::clone(&world))));
        Self { world, script }
    }

    /// Hands in what happened on a network connection.
    pub fn input(&mut self, now: Duration, id: LinkId, input: Input) {
        let mut world = self.world.borrow_mut();
        world.now = world.now.max(now);
        world.input(id, input);
    }

    /// Hands in that the broker is back, or why it is not.
    pub fn restarted(&mut self, now: Duration, outcome: Result<(), String>) {
        let mut world = self.world.borrow_mut();
        world.now = world.now.max(now);
        world.restarted = Some(outcome);
    }

    /// Plays on as far as possible; ready when the script has ended.
    pub fn advance(&mut self, now: Duration) -> Poll<T> {
        {
            let mut world = self.world.borrow_mut();
            world.now = world.now.max(now);
            world.alarm = None;
        }
        self.script.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// What is to be done now.
    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.world.borrow_mut().commands)
    }

    /// When the script wants to go on even if nothing happens.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.world.borrow().alarm
    }
}
