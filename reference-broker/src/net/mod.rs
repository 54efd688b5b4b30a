//! The broker on TCP: tokio around the core.
//!
//! One task owns the core and writes to the clients; one task for each connection reads. Everything that happens goes
//! through one bounded queue, so clients that send faster than the broker works are slowed down by their own TCP
//! connection. What a client does not read is kept up to [`Limits::backlog`](crate::core::Limits); beyond that the
//! client is cut off.

mod outbox;
mod reader;

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time,
};

use crate::core::{Broker, Config, ConnectionId, Input, Output, Rules};
use outbox::{Flushed, Outbox};

/// How many events may wait for the core.
const EVENTS: usize = 1_024;

/// How many of them are handled before what they caused is written.
const BATCH: usize = 256;

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What happens on the network.
#[derive(Debug)]
enum Event {
    Accepted(TcpStream),
    Received(ConnectionId, Bytes),
    Ended(ConnectionId),
    /// A connection that could take no more may take more now.
    Writable(ConnectionId),
}

/// Serves MQTT on `listener` until `shutdown` is done; then all connections are dropped.
///
/// Runs on the tokio runtime that it is called on, with time and I/O enabled.
///
/// # Errors
/// The address of the listener cannot be told, which means that it does not work.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    rules: Rules,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.local_addr()?;
    let (events, mut queue) = mpsc::channel(EVENTS);
    let accepting = tokio::spawn(accept(listener, events.clone()));
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
    accepting.abort();
    Ok(())
}

async fn accept(listener: TcpListener, events: mpsc::Sender<Event>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if events.send(Event::Accepted(stream)).await.is_err() {
                    return;
                }
            }
            Err(_) => time::sleep(ACCEPT_PAUSE).await,
        }
    }
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
        const IDLE: Duration = Duration::from_secs(3_600);
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

    fn accepted(&mut self, stream: TcpStream) {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        // Without this option packets only arrive later.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let reader = reader::spawn(id, read, self.events.clone());
        self.outboxes.insert(id, Outbox::new(write, reader));
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
}
