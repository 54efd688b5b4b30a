//! The broker on a free port of the loopback interface, for as long as a test takes.

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use reference_broker::{
    Config, Rules,
    net::{Embedded, Listener, Service},
};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    broker: Embedded,
}

impl Server {
    pub(crate) fn start(config: Config) -> Self {
        Self::dressed(config, |listener| listener)
    }

    /// A server whose listener is not one for plain TCP.
    pub(crate) fn dressed(config: Config, dress: impl FnOnce(Listener) -> Listener + Send + 'static) -> Self {
        let broker = Embedded::dressed(Service::new(config, Rules::all()), dress).unwrap();
        Self { address: broker.address(), broker }
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// A plain connection, on which reading gives up after a while.
    pub(crate) fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Asks it to shut down.
    pub(crate) fn shut_down(&mut self) {
        self.broker.shut_down();
    }
}
