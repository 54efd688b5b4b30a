//! The core with its connections.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use tokio::sync::mpsc;
use tracing::warn;

use super::{
    BATCH, Event, Explain, Service,
    ledger::Ledger,
    listener::{Accepted, Stream},
    log,
    metrics::Report,
    outbox::{Flushed, Outbox, Way},
    passwords::Verifiers,
    reader, writer,
};
use crate::{
    core::{Broker, ConnectionId, Input, Output, Verified},
    store::StoreError,
};

/// The core with its connections.
pub(super) struct Server {
    broker: Broker,
    backlog: usize,
    started: Instant,
    /// The core's time when the server started.
    origin: Duration,
    opened: u64,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    /// The connections that something is to be written to.
    touched: Vec<ConnectionId>,
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
        let backlog = config.limits.backlog;
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
        if explain.is_some() {
            broker.explain();
        }
        Self {
            broker,
            backlog,
            started,
            origin,
            opened: 0,
            outboxes: BTreeMap::new(),
            touched: Vec::new(),
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

    /// When the core wants to be called again.
    pub(super) fn timeout(&self) -> Instant {
        const IDLE: Duration = Duration::from_hours(1);
        let timeout = self.broker.next_timeout().map(|at| at.saturating_sub(self.origin));
        timeout.map_or_else(|| Instant::now() + IDLE, |after| self.started + after)
    }

    /// Handles what has happened, then writes what came of it, as far as it may leave.
    pub(super) fn carry_out(&mut self, batch: &mut Vec<Event>) {
        self.handle(Input::Tick);
        for event in batch.drain(..) {
            match event {
                Event::Accepted(accepted) => self.accepted(accepted),
                Event::Verified(id, verified) => self.handle(Input::Verified(id, verified)),
                Event::Received(id, bytes) => self.handle(Input::Bytes(id, bytes)),
                Event::Ended(id) => {
                    self.outboxes.remove(&id);
                    self.handle(Input::Closed(id));
                }
                Event::Asked(asker) => {
                    // Whoever asked may be gone.
                    let _ = asker.send(self.report());
                }
                Event::Writable(id) => {
                    if let Some(outbox) = self.outboxes.get_mut(&id) {
                        outbox.unblock();
                        self.touched.push(id);
                    }
                }
            }
        }
        self.flush();
        self.broker.take_notices().iter().for_each(log::write);
    }

    fn report(&self) -> Report {
        let backlog = self.outboxes.values().map(Outbox::size).sum();
        Report { statistics: self.broker.statistics(self.now()), backlog }
    }

    fn accepted(&mut self, Accepted { stream, identity }: Accepted) {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        let (reader, way) = match stream {
            Stream::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (reader::spawn(id, read, self.events.clone()), Way::Direct(Arc::new(write)))
            }
            Stream::Other(stream) => {
                let (read, write) = tokio::io::split(stream);
                let writer = writer::spawn(id, write, self.events.clone());
                (reader::spawn(id, read, self.events.clone()), Way::Writer(writer))
            }
        };
        self.outboxes.insert(id, Outbox::new(way, reader));
        self.handle(Input::Opened(id));
        if let Some(name) = identity {
            self.handle(Input::Identified(id, name));
        }
    }

    fn handle(&mut self, input: Input) {
        self.broker.handle(self.now(), input, &mut self.outputs);
        if let Some(Explain(tell)) = &mut self.explain {
            self.broker.take_steps().iter().for_each(tell);
        }
        match &mut self.ledger {
            None => self.dispatch(),
            Some(ledger) => ledger.hold(&mut self.outputs),
        }
    }

    /// Gives each connection what is for it.
    fn dispatch(&mut self) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Send(id, bytes) => self.touch(id, |outbox| outbox.push(bytes)),
                Output::Close(id) => self.touch(id, Outbox::close),
                Output::Verify { connection, hash, password } => self.verify(connection, hash, password),
            }
        }
        self.outputs = outputs;
    }

    fn touch(&mut self, id: ConnectionId, change: impl FnOnce(&mut Outbox)) {
        let Some(outbox) = self.outboxes.get_mut(&id) else { return };
        change(outbox);
        if outbox.touch() {
            self.touched.push(id);
        }
    }

    fn verify(&mut self, id: ConnectionId, hash: Arc<str>, password: Bytes) {
        let events = &self.events;
        let verifiers = self.verifiers.get_or_insert_with(|| Verifiers::start(events));
        if !verifiers.verify(id, hash, password) {
            warn!(connection = id.0, "too many passwords wait to be verified");
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
                let Some(outbox) = self.outboxes.get_mut(&id) else { continue };
                match outbox.flush(id, self.backlog, &self.events) {
                    Flushed::Open => {}
                    Flushed::Closed => drop(self.outboxes.remove(&id)),
                    Flushed::Broken => {
                        self.outboxes.remove(&id);
                        self.handle(Input::Closed(id));
                    }
                }
            }
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
        self.flush();
        while self.ledger.as_ref().is_some_and(Ledger::is_busy) {
            let outputs = self.saved().await?;
            self.release(outputs);
            self.flush();
        }
        Ok(())
    }

    /// Has the core tell its clients that it shuts down, and waits until they have closed their side.
    pub(super) async fn take_leave(mut self, mut queue: mpsc::Receiver<Event>) {
        self.handle(Input::Shutdown);
        self.flush();
        let mut batch = Vec::new();
        while !self.outboxes.is_empty() {
            queue.recv_many(&mut batch, BATCH).await;
            batch.retain(|event| !matches!(event, Event::Accepted(_)));
            self.carry_out(&mut batch);
        }
        drop(self);
        // Whoever still reads or writes holds a sender.
        while queue.recv().await.is_some() {}
    }
}
