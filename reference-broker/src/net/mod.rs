//! The broker on the network: tokio around the core.
//!
//! | file | what it does |
//! |---|---|
//! | `server` | the core with its connections |
//! | `listener` | accepts clients, and carries out the handshakes of TLS and WebSocket |
//! | `certificate`, `passwords` | who clients are |
//! | `crowd` | those of whom nothing is known yet, so many and no more |
//! | `tls`, `websocket` | both of them, as streams of bytes |
//! | `secret` | randomness, which the core has none of |
//! | `connection` | what comes from a client, and what waits to be written to it |
//! | `places` | all connections |
//! | `ready` | which connections can go on |
//! | `log` | what happens, for `tracing` |
//! | `metrics`, `http` | how the broker is, over HTTP |
//! | `embedded` | a broker inside another program |
//! | `ledger` | what waits until it is saved, if there is a store |
//!
//! One task owns the core and all connections, reads from those on which something has come, has the core handle it, and
//! writes what came of it. A connection has neither a task nor a buffer of its own, so that a client that is silent costs
//! little. Clients that send faster than the broker works are slowed down by their own connection, and so are those who send
//! faster than others read: see [`Broker::hold_back`](crate::Broker::hold_back).

mod certificate;
mod connection;
mod crowd;
mod embedded;
pub mod http;
mod ledger;
mod listener;
mod log;
mod metrics;
mod passwords;
mod places;
mod ready;
mod secret;
mod server;
mod tls;
mod websocket;

use std::{future::Future, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

pub use embedded::Embedded;
pub use listener::{Listener, pause_accepting};
pub use passwords::{check_hash, hash_password, verify_password};
pub use secret::secret;
pub use tls::{Tls, TlsError};

use crate::{
    core::{Config, ConnectionId, Restore, Rules, Step, Verified},
    store::{Store, StoreError},
};
use listener::{Accepted, Bounds};
use server::Server;

/// How many events may wait for the core.
const EVENTS: usize = 1_024;

/// How many of them, and of connections, are handled before what they caused is written.
const BATCH: usize = 256;

/// How long clients may take to notice that the broker shuts down.
const FAREWELL: Duration = Duration::from_secs(3);

/// What happens besides what connections bring.
enum Event {
    Accepted(Accepted),
    /// A client's password has been verified.
    Verified(ConnectionId, Verified),
    /// Somebody wants to know how the broker is.
    Asked(oneshot::Sender<metrics::Report>),
}

/// A broker that is to be put on the network.
#[derive(Debug)]
pub struct Service {
    config: Config,
    rules: Rules,
    /// Where what it knows is kept, and what is there.
    store: Option<(Store, Restore)>,
    /// Where it tells how it is.
    metrics: Option<TcpListener>,
    /// Who is told what it goes by.
    explain: Option<Explain>,
}

/// Whom each step is told.
pub(crate) struct Explain(Box<dyn FnMut(&Step) + Send>);

impl std::fmt::Debug for Explain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Explain")
    }
}

impl Service {
    /// A broker that keeps what it knows in memory. What happens is written with `tracing` if somebody reads it by now.
    pub fn new(config: Config, rules: Rules) -> Self {
        let config = Config { notices: log::is_read(), ..config };
        Self { config, rules, store: None, metrics: None, explain: None }
    }

    /// Keeps it in a store, goes on with what is there, and acknowledges nothing that is not yet saved.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn with_store(self, mut store: Store) -> Result<Self, StoreError> {
        let restore = store.restore(self.config.clone(), self.rules)?;
        Ok(Self { store: Some((store, restore)), ..self })
    }

    /// Tells over HTTP how it is: `/metrics` for Prometheus, and `/health`.
    #[must_use]
    pub fn with_metrics(self, listener: TcpListener) -> Self {
        Self { metrics: Some(listener), ..self }
    }

    /// Tells what the broker goes by: for every packet the rules that had a say, and what came of it.
    #[must_use]
    pub fn explaining(self, tell: impl FnMut(&Step) + Send + 'static) -> Self {
        Self { explain: Some(Explain(Box::new(tell))), ..self }
    }

    /// Serves MQTT on all `listeners` until `shutdown` is done. Then clients are told, which takes at most a few seconds.
    ///
    /// Runs on the tokio runtime that it is called on, with time and I/O enabled.
    ///
    /// # Errors
    /// The store fails, for instance because the disk is full. What could not be saved was not acknowledged.
    pub async fn run(
        self,
        listeners: Vec<Listener>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), StoreError> {
        self.run_and_wait(listeners, shutdown, FAREWELL).await
    }

    /// The same, but clients may only take as long as `farewell` to notice the end.
    async fn run_and_wait(
        mut self,
        listeners: Vec<Listener>,
        shutdown: impl Future<Output = ()>,
        farewell: Duration,
    ) -> Result<(), StoreError> {
        let (events, mut queue) = mpsc::channel(EVENTS);
        let packet = usize::try_from(self.config.maximum_packet_size).unwrap_or(usize::MAX);
        // A packet that is too large is to be seen, so that its sender can be told.
        let bounds = Bounds { time: self.config.connect_timeout, frame: packet.saturating_mul(2) };
        let mut accepting = JoinSet::new();
        if let Some(listener) = self.metrics.take() {
            accepting.spawn(metrics::serve(listener, events.clone()));
        }
        let mut server = Server::new(self, events.clone());
        for listener in listeners {
            accepting.spawn(listener.accept(bounds, events.clone()));
        }
        drop(events);
        let mut shutdown = std::pin::pin!(shutdown);
        let (ready, mut batch) = (server.ready(), Vec::with_capacity(BATCH));
        server.flush();
        loop {
            let (timeout, is_full) = (server.timeout(), server.is_full());
            tokio::select! {
                () = &mut shutdown => break,
                saved = server.saved() => server.release(saved?),
                () = ready.any(), if !is_full => {}
                _ = queue.recv_many(&mut batch, BATCH), if !is_full => {}
                () = time::sleep_until(timeout) => {}
            }
            server.carry_out(&mut batch);
        }
        drop(accepting);
        server.save_all().await?;
        // Who does not take leave in time is left.
        time::timeout(farewell, server.take_leave(queue)).await.unwrap_or(Ok(()))
    }
}
