//! Reads and writes, and gives the world the clock of the machine.

mod libraries;
mod opening;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mio::{Events, Poll};
use mqttspec_fleet::{
    layout::Layout,
    plan::{Micros, SECOND},
    world::{Options, Progress, World},
};
use reference_broker::{ConnectionId, Input, Output};

use self::opening::{Socket, Stage, micros};
use super::{
    Ending, Played,
    library::{self, Libraries, Run},
    outage::{FOR_GOOD, Outage},
    turns::Turns,
    wishes::{Wish, Wishes},
};
use crate::{
    target::{Dialler, Launched, Reading},
    verdict::Restart,
};

/// How much is read at once. All lines share the buffer.
const BUFFER: usize = 64 * 1024;

/// How often a line is read before others get their turn.
const TURN: usize = 8;

/// How many bytes may be on their way to devices, held up by their links. Until there are fewer, no line is read, and TCP
/// holds the broker back.
const UNDER_WAY: usize = 256 << 20;

/// How many events are taken from the system at once.
const EVENTS: usize = 1024;

/// How often the user is asked whether to go on.
const WATCH: Micros = SECOND / 4;

/// How often one looks whether something has changed that nothing tells of.
const LOOK: Micros = SECOND / 100;

pub(super) struct Driver<'a> {
    world: World<'a, Wishes>,
    libraries: Libraries,
    run: Run<'a>,
    wishes: Wishes,
    dialler: Dialler,
    began: Instant,
    poll: Poll,
    sockets: BTreeMap<u64, Socket>,
    /// Those that are being opened, and until when, in order.
    opening: VecDeque<(Micros, u64)>,
    turns: Turns,
    /// Those that have something to send.
    loaded: Vec<u64>,
    /// Those that may have more to read.
    unread: Vec<u64>,
    buffer: Box<[u8]>,
    dialled: u64,
    outage: Outage,
    /// The broker, if it was launched here.
    launched: Option<&'a mut Launched>,
    /// Since when that is to be there again, while the process that was asked to end has not.
    returning: Option<Micros>,
    /// Why this system could not even begin to open a connection.
    hindered: Option<String>,
    ending: Option<Ending>,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        (layout, options): (&'a Layout, &'a Options),
        world: World<'a, Wishes>,
        wishes: Wishes,
        dialler: Dialler,
        launched: Option<&'a mut Launched>,
    ) -> io::Result<Self> {
        let began = Instant::now();
        let credentials = options.credentials.as_ref();
        let run = Run { layout, seed: options.seed, number: world.run(), credentials };
        Ok(Self {
            libraries: Libraries::new(began),
            run,
            world,
            wishes,
            dialler,
            began,
            poll: Poll::new()?,
            sockets: BTreeMap::new(),
            opening: VecDeque::new(),
            turns: Turns::default(),
            loaded: Vec::new(),
            unread: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            dialled: 0,
            outage: Outage::default(),
            launched,
            returning: None,
            hindered: None,
            ending: None,
        })
    }

    fn now(&self) -> Micros {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    /// Plays to the end, until `watch` wants it to end, or until there is no broker any more.
    pub(super) fn drive(mut self, watch: &mut dyn FnMut(&Progress<'_>) -> bool) -> Played {
        let mut events = Events::with_capacity(EVENTS);
        let mut watched = 0;
        while self.ending.is_none() {
            let now = self.now();
            if self.world.advance(now) {
                self.ending = Some(Ending::Complete);
                break;
            }
            self.serve_libraries();
            self.fulfil();
            self.give_up(now);
            self.begin_again(now);
            if now >= watched + WATCH {
                watched = now;
                self.look(now, watch);
            }
            let mut next = self.world.next_event().min(watched + WATCH).min(self.turns.next_event());
            if self.returning.is_some() {
                next = next.min(now + LOOK);
            }
            if !self.unread.is_empty() {
                next = if self.world.under_way() > UNDER_WAY { next.min(now + LOOK) } else { now };
            }
            let patience = next.saturating_sub(self.now());
            if self.poll.poll(&mut events, Some(Duration::from_micros(patience))).is_err() {
                // A signal, of which others take care.
                continue;
            }
            for id in std::mem::take(&mut self.unread) {
                self.attend(ConnectionId(id));
            }
            for event in &events {
                match u64::try_from(event.token().0).unwrap_or(u64::MAX) {
                    token if library::is_own(token) => self.attend_library(token),
                    token => self.attend(ConnectionId(token)),
                }
            }
        }
        let ending = self.ending.unwrap_or(Ending::Interrupted);
        let outcome = self.world.finish(matches!(ending, Ending::Complete));
        Played {
            outcome,
            ending,
            absences: self.outage.into_absences(),
            hindered: self.hindered,
            failures: self.libraries.into_failures(),
        }
    }

    /// Whether it is to go on.
    fn look(&mut self, now: Micros, watch: &mut dyn FnMut(&Progress<'_>) -> bool) {
        if !self.world.look(&mut |progress: &Progress<'_>| watch(progress)) {
            self.ending = Some(Ending::Interrupted);
        } else if let Some(since) = self.outage.is_for_good(now, FOR_GOOD) {
            self.ending = Some(Ending::NoBroker(now - since));
        }
    }

    /// Does what the world wants.
    fn fulfil(&mut self) {
        while let Some(wish) = self.wishes.next() {
            match wish {
                Wish::Tell(Input::Opened(id)) => self.begin(id),
                Wish::Tell(Input::Bytes(id, bytes)) => self.send(id, bytes),
                Wish::Tell(Input::Closed(id)) => self.close(id),
                Wish::Tell(
                    Input::Tick
                    | Input::Shutdown
                    | Input::Identified(..)
                    | Input::Written(..)
                    | Input::Verified(..),
                ) => {}
                Wish::End => self.end_broker(),
                Wish::Begin => self.returning = Some(self.now()),
            }
        }
        for id in std::mem::take(&mut self.loaded) {
            self.flush(id);
        }
        let now = self.now();
        while let Some(id) = self.turns.next(now) {
            self.open(ConnectionId(id));
        }
    }

    /// Asks the broker that was launched to end. The devices have been told that it did.
    fn end_broker(&mut self) {
        if let Some(launched) = &self.launched {
            launched.stop();
            self.sockets.clear();
            self.outage.all_closed(self.now());
        }
    }

    /// Starts the broker again that was launched, once its process has ended or had its time for that.
    fn begin_again(&mut self, now: Micros) {
        let (Some(since), Some(launched)) = (self.returning, &mut self.launched) else { return };
        if launched.has_ended() || now > since + micros(launched.patience()) {
            self.returning = None;
            self.ending =
                launched.restart(Restart::Asked).err().map(|error| Ending::NotLaunched(error.to_string()));
        }
    }

    fn close(&mut self, id: ConnectionId) {
        // What was said before the end is said.
        self.flush(id.0);
        if self.remove(id) >= Stage::Open {
            self.outage.closed();
        }
    }

    /// Forgets a connection. How far it had come.
    fn remove(&mut self, id: ConnectionId) -> Stage {
        self.turns.done(id.0);
        self.sockets.remove(&id.0).map_or(Stage::Idle, |socket| socket.stage)
    }

    fn send(&mut self, id: ConnectionId, bytes: Bytes) {
        let Some(socket) = self.sockets.get_mut(&id.0) else { return };
        if !socket.line.send(bytes) {
            // Whoever waits for so long that its packets are taken gives up.
            self.close(id);
            return self.world.arrived(self.now(), Output::Close(id), false);
        }
        if socket.stage == Stage::Idle {
            socket.stage = Stage::Waiting;
            self.turns.wait(id.0);
        } else if !socket.listed {
            socket.listed = true;
            self.loaded.push(id.0);
        }
    }

    fn flush(&mut self, id: u64) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.listed = false;
            socket.line.flush();
        }
    }

    /// Something can be done on a connection.
    fn attend(&mut self, id: ConnectionId) {
        if self.go_on(id) {
            self.read(id);
        }
    }

    fn read(&mut self, id: ConnectionId) {
        let now = self.now();
        for _ in 0..TURN {
            if self.world.under_way() > UNDER_WAY {
                break;
            }
            let Some(socket) = self.sockets.get_mut(&id.0) else { return };
            match socket.line.read(&mut self.buffer) {
                Reading::Bytes(bytes, more) => {
                    if socket.stage < Stage::Answered {
                        socket.stage = Stage::Answered;
                        self.turns.done(id.0);
                    }
                    self.world.arrived(now, Output::Send(id, bytes), true);
                    if !more {
                        return;
                    }
                }
                Reading::Nothing => return,
                Reading::End => return self.ended(id, true),
                Reading::Reset => return self.ended(id, false),
            }
        }
        self.unread.push(id.0);
    }

    /// A connection has ended, other than by the world's wish; whether in order.
    fn ended(&mut self, id: ConnectionId, in_order: bool) {
        self.remove(id);
        let now = self.now();
        self.outage.ended(now);
        self.world.arrived(now, Output::Close(id), in_order);
    }
}
