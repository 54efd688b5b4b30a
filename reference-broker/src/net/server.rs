//! The core with its connections.

use std::{
    collections::BTreeSet,
    sync::Arc,
    task::Poll,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{self, Instant},
};
use tracing::warn;

use super::{
    BATCH, Event, Explain, Service,
    connection::{Connection, Heard},
    ledger::Ledger,
    listener::Accepted,
    log,
    metrics::Report,
    passwords::Verifiers,
    places::Places,
    ready::Ready,
};
use crate::{
    core::{Broker, ConnectionId, Input, Output, Verified},
    store::StoreError,
};

/// How many bytes are read at once.
const CHUNK: usize = 16 * 1024;

/// How often a connection is read from before it is the turn of others.
const READS: usize = 4;

/// The core with its connections.
pub(super) struct Server {
    broker: Broker,
    started: Instant,
    /// The core's time when the server started.
    origin: Duration,
    connections: Places,
    /// Those of them that can go on.
    ready: Arc<Ready>,
    /// Those that are to be looked at now.
    looked_at: Vec<ConnectionId>,
    /// Those that something is to be written to.
    touched: Vec<ConnectionId>,
    /// Those that end, by when they are gone.
    leaving: BTreeSet<(Instant, ConnectionId)>,
    /// Where all of them are read into, so that one on which nothing comes takes no memory for it.
    scratch: Box<[u8]>,
    outputs: Vec<Output>,
    ledger: Option<Ledger>,
    explain: Option<Explain>,
    verifiers: Option<Verifiers>,
    /// The connections whose password nobody has time to verify.
    refused: Vec<ConnectionId>,
    events: mpsc::Sender<Event>,
}

impl Server {
    pub(super) fn new(service: Service, events: mpsc::Sender<Event>) -> Self {
        let Service { config, rules, store, metrics: _, explain } = service;
        let started = Instant::now();
        let (mut broker, origin, ledger) = match store {
            None => (Broker::new(config, rules), Duration::ZERO, None),
            Some((store, restore)) => {
                // What is saved outlives the process, and so its clock. A wall clock that was set back must not take
                // time back.
                let wall = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                let origin = wall.max(restore.clock());
                (restore.finish(origin), origin, Some(Ledger::new(store)))
            }
        };
        broker.hold_back();
        if explain.is_some() {
            broker.explain();
        }
        Self {
            broker,
            started,
            origin,
            connections: Places::default(),
            ready: Arc::default(),
            looked_at: Vec::new(),
            touched: Vec::new(),
            leaving: BTreeSet::new(),
            scratch: vec![0; CHUNK].into(),
            outputs: Vec::new(),
            ledger,
            explain,
            verifiers: None,
            refused: Vec::new(),
            events,
        }
    }

    /// The core's time.
    fn now(&self) -> Duration {
        self.origin + self.started.elapsed()
    }

    /// The connections that can go on.
    pub(super) fn ready(&self) -> Arc<Ready> {
        Arc::clone(&self.ready)
    }

    /// When there is something to do although nothing has happened.
    pub(super) fn timeout(&self) -> Instant {
        const IDLE: Duration = Duration::from_hours(1);
        let core = self.broker.next_timeout().map(|at| self.started + at.saturating_sub(self.origin));
        let leaving = self.leaving.first().map(|(at, _)| *at);
        let commit = self.ledger.as_ref().and_then(Ledger::due);
        core.into_iter().chain(leaving).chain(commit).min().unwrap_or_else(|| Instant::now() + IDLE)
    }

    /// Handles what has happened, then writes what came of it, as far as it may leave.
    pub(super) fn carry_out(&mut self, batch: &mut Vec<Event>) {
        self.handle(Input::Tick);
        self.drop_overdue();
        for event in batch.drain(..) {
            match event {
                Event::Accepted(accepted) => self.accepted(accepted),
                Event::Verified(id, verified) => self.handle(Input::Verified(id, verified)),
                Event::Asked(asker) => {
                    // Whoever asked may be gone.
                    let _ = asker.send(self.report());
                }
            }
        }
        if !self.is_full() {
            self.look_around();
        }
        self.flush();
        self.broker.take_notices().iter().for_each(log::write);
    }

    fn report(&self) -> Report {
        let backlog = self.connections.iter().map(Connection::size).sum();
        Report { statistics: self.broker.statistics(self.now()), backlog }
    }

    fn accepted(&mut self, Accepted { stream, is_plain, identity }: Accepted) {
        let id = self.connections.insert(|id| Connection::new(stream, is_plain, self.ready.waker(id)));
        self.handle(Input::Opened(id));
        if let Some(name) = identity {
            self.handle(Input::Identified(id, name));
        }
        self.ready.add(id);
    }

    /// Goes on with connections that can.
    fn look_around(&mut self) {
        let mut ids = std::mem::take(&mut self.looked_at);
        self.ready.take(BATCH, &mut ids);
        for id in ids.drain(..) {
            self.look_at(id);
        }
        self.looked_at = ids;
    }

    fn look_at(&mut self, id: ConnectionId) {
        for _ in 0..READS {
            let Some(connection) = self.connections.get_mut(id) else { return };
            if connection.wants_to_write() && connection.touch() {
                self.touched.push(id);
            }
            if self.broker.is_held_back(id) {
                return;
            }
            match connection.read(&mut self.scratch) {
                Poll::Pending => return,
                Poll::Ready(Heard::Bytes(bytes)) => self.handle(Input::Bytes(id, bytes)),
                Poll::Ready(Heard::End) => return self.lose(id),
            }
        }
        self.ready.add(id);
    }

    /// A connection has ended by itself.
    fn lose(&mut self, id: ConnectionId) {
        self.forget(id);
        self.handle(Input::Closed(id));
    }

    fn forget(&mut self, id: ConnectionId) {
        let connection = self.connections.remove(id);
        if let Some(at) = connection.and_then(|connection| connection.deadline()) {
            self.leaving.remove(&(at, id));
        }
    }

    fn drop_overdue(&mut self) {
        let now = Instant::now();
        while let Some((at, id)) = self.leaving.first().copied()
            && at <= now
        {
            self.forget(id);
        }
    }

    fn handle(&mut self, input: Input) {
        self.broker.handle(self.now(), input, &mut self.outputs);
        self.broker.take_resumed().into_iter().for_each(|id| self.ready.add(id));
        if let Some(Explain(tell)) = &mut self.explain {
            self.broker.take_steps().iter().for_each(tell);
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.hold(&mut self.outputs);
        }
        self.dispatch();
    }

    /// Gives each connection what is for it.
    fn dispatch(&mut self) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Send(id, bytes) | Output::Pass(id, bytes) => {
                    self.touch(id, |connection| connection.push(bytes));
                }
                Output::Close(id) => self.touch(id, Connection::close),
                Output::Part(id) => self.touch(id, Connection::part),
                Output::Verify { connection, hash, password } => self.verify(connection, hash, password),
            }
        }
        self.outputs = outputs;
    }

    fn touch(&mut self, id: ConnectionId, change: impl FnOnce(&mut Connection)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        change(connection);
        if connection.touch() {
            self.touched.push(id);
        }
    }

    fn verify(&mut self, id: ConnectionId, hash: Arc<str>, password: Bytes) {
        let events = &self.events;
        let verifiers = self.verifiers.get_or_insert_with(|| Verifiers::start(events));
        if !verifiers.verify(id, hash, password) {
            warn!(connection = %id, "too many passwords wait to be verified");
            self.refused.push(id);
        }
    }

    /// Writes what may leave. What is not yet saved begins to be.
    pub(super) fn flush(&mut self) {
        loop {
            self.settle();
            if self.touched.is_empty() && self.refused.is_empty() {
                return;
            }
            while let Some(id) = self.refused.pop() {
                self.handle(Input::Verified(id, Verified::Unknown));
            }
            while let Some(id) = self.touched.pop() {
                self.write(id);
            }
        }
    }

    fn write(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let (waiting, deadline) = (connection.size(), connection.deadline());
        let is_broken = connection.flush().is_err();
        let written = waiting - connection.size();
        if connection.deadline() != deadline {
            self.leaving.extend(connection.deadline().map(|at| (at, id)));
            if let Some(at) = deadline {
                self.leaving.remove(&(at, id));
            }
        }
        let has_parted = connection.has_parted();
        if is_broken {
            self.lose(id);
        } else if has_parted {
            self.forget(id);
        } else if written > 0 {
            self.handle(Input::Written(id, written));
        }
    }

    fn settle(&mut self) {
        let now = self.now();
        if let Some(ledger) = &mut self.ledger {
            let outputs = ledger.settle(|| self.broker.take_changes(now));
            self.release(outputs);
        }
    }

    pub(super) fn release(&mut self, mut outputs: Vec<Output>) {
        self.outputs.append(&mut outputs);
        self.dispatch();
    }

    /// Whether so much waits to be saved that nothing more is to be handled.
    pub(super) fn is_full(&self) -> bool {
        self.ledger.as_ref().is_some_and(Ledger::is_full)
    }

    /// Waits for what is being saved; what is returned may leave then.
    pub(super) async fn saved(&mut self) -> Result<Vec<Output>, StoreError> {
        match &mut self.ledger {
            Some(ledger) => ledger.done().await,
            None => std::future::pending().await,
        }
    }

    /// Saves everything that has changed.
    pub(super) async fn save_all(&mut self) -> Result<(), StoreError> {
        loop {
            if let Some(ledger) = &mut self.ledger {
                ledger.hurry();
            }
            self.flush();
            if !self.ledger.as_ref().is_some_and(Ledger::is_busy) {
                return Ok(());
            }
            let outputs = self.saved().await?;
            self.release(outputs);
        }
    }

    /// Has the core tell its clients that it shuts down, and waits until they have closed their side.
    pub(super) async fn take_leave(mut self, mut queue: mpsc::Receiver<Event>) -> Result<(), StoreError> {
        self.handle(Input::Shutdown);
        self.save_all().await?;
        let (ready, mut batch) = (self.ready(), Vec::new());
        while !self.connections.is_empty() {
            let timeout = self.timeout();
            tokio::select! {
                saved = self.saved() => {
                    let outputs = saved?;
                    self.release(outputs);
                }
                () = ready.any() => {}
                _ = queue.recv_many(&mut batch, BATCH) => {}
                () = time::sleep_until(timeout) => {}
            }
            batch.retain(|event| !matches!(event, Event::Accepted(_)));
            self.carry_out(&mut batch);
        }
        self.save_all().await
    }
}
