//! The broker on the network: tokio around the core.
//!
//! | file | what it does |
//! |---|---|
//! | `listener` | accepts clients, and carries out the handshakes of TLS and WebSocket |
//! | `tls`, `websocket` | both of them, as streams of bytes |
//! | `secret` | randomness, which the core has none of |
//! | `reader` | one task for each connection, which reads |
//! | `outbox` | what waits to be written |
//! | `writer` | one task for each connection that is not plain TCP, which writes |
//!
//! One task owns the core and writes to clients on plain TCP. Everything that happens goes through one bounded queue,
//! so clients that send faster than the broker works are slowed down by their own connection. What a client does not
//! read is kept up to [`Limits::backlog`](crate::core::Limits); beyond that the client is cut off.

mod listener;
mod outbox;
mod reader;
mod secret;
mod tls;
mod websocket;
mod writer;

use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinSet, time};

pub use listener::Listener;
pub use secret::secret;
pub use tls::{Tls, TlsError};

use crate::core::{Broker, Config, ConnectionId, Input, Output, Rules};
use listener::{Bounds, Stream};
use outbox::{Flushed, Outbox, Way};

/// How many events may wait for the core.
const EVENTS: usize = 1_024;

/// How many of them are handled before what they caused is written.
const BATCH: usize = 256;

/// How long a connection that is to be closed may take to accept what is left.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long clients may take to notice that the broker shuts down.
const FAREWELL: Duration = Duration::from_secs(3);

/// What happens on the network.
enum Event {
    Accepted(Stream),
    Received(ConnectionId, Bytes),
    Ended(ConnectionId),
    /// A connection that could take no more may take more now.
    Writable(ConnectionId),
}

/// Serves MQTT on all `listeners` until `shutdown` is done. Then clients are told, which takes at most a few seconds.
///
/// Runs on the tokio runtime that it is called on, with time and I/O enabled.
pub async fn serve(
    listeners: Vec<Listener>,
    config: Config,
    rules: Rules,
    shutdown: impl Future<Output = ()>,
) {
    let (events, mut queue) = mpsc::channel(EVENTS);
    let packet = usize::try_from(config.maximum_packet_size).unwrap_or(usize::MAX);
    // A packet that is too large is to be seen, so that its sender can be told.
    let bounds = Bounds { time: config.connect_timeout, frame: packet.saturating_mul(2) };
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(listener.accept(bounds, events.clone()));
    }
    let mut server = Server::new(config, rules, events);
    let mut shutdown = std::pin::pin!(shutdown);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let timeout = server.timeout();
        tokio::select! {
            () = &mut shutdown => break,
            _ = queue.recv_many(&mut batch, BATCH) => {}
            () = time::sleep_until(timeout.into()) => {}
        }
        server.carry_out(&mut batch);
    }
    drop(accepting);
    // Who does not take leave in time is left.
    let _ = time::timeout(FAREWELL, server.take_leave(queue)).await;
}

/// The core with its connections.
struct Server {
    broker: Broker,
    backlog: usize,
    started: Instant,
    opened: u64,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    /// The connections that something is to be written to.
    touched: Vec<ConnectionId>,
    outputs: Vec<Output>,
    events: mpsc::Sender<Event>,
}

impl Server {
    fn new(config: Config, rules: Rules, events: mpsc::Sender<Event>) -> Self {
        Self {
            backlog: config.limits.backlog,
            broker: Broker::new(config, rules),
            started: Instant::now(),
            opened: 0,
            outboxes: BTreeMap::new(),
            touched: Vec::new(),
            outputs: Vec::new(),
            events,
        }
    }

    /// When the core wants to be called again.
    fn timeout(&self) -> Instant {
        const IDLE: Duration = Duration::from_hours(1);
        self.broker.next_timeout().map_or_else(|| Instant::now() + IDLE, |timeout| self.started + timeout)
    }

    /// Handles what has happened, then writes what came of it.
    fn carry_out(&mut self, batch: &mut Vec<Event>) {
        self.handle(Input::Tick);
        for event in batch.drain(..) {
            match event {
                Event::Accepted(stream) => self.accepted(stream),
                Event::Received(id, bytes) => self.handle(Input::Bytes(id, bytes)),
                Event::Ended(id) => {
                    self.outboxes.remove(&id);
                    self.handle(Input::Closed(id));
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
    }

    fn accepted(&mut self, stream: Stream) {
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
    }

    fn handle(&mut self, input: Input) {
        self.broker.handle(self.started.elapsed(), input, &mut self.outputs);
        for output in self.outputs.drain(..) {
            let (Output::Send(id, _) | Output::Close(id)) = output;
            let Some(outbox) = self.outboxes.get_mut(&id) else { continue };
            match output {
                Output::Send(_, bytes) => outbox.push(bytes),
                Output::Close(_) => outbox.close(),
            }
            if outbox.touch() {
                self.touched.push(id);
            }
        }
    }

    fn flush(&mut self) {
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
    /// Has the core tell its clients that it shuts down, and waits until they have closed their side.
    async fn take_leave(mut self, mut queue: mpsc::Receiver<Event>) {
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
