//! The broker on a free port of the loopback interface, for as long as a test takes.

use std::{
    net::{SocketAddr, TcpStream},
    thread::JoinHandle,
    time::Duration,
};

use reference_broker::{
    Config, Rules,
    net::{Listener, Service},
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(config: Config) -> Self {
        Self::dressed(config, |listener| listener)
    }

    /// A server whose listener is not one for plain TCP.
    pub(crate) fn dressed(config: Config, dress: impl FnOnce(Listener) -> Listener + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (shutdown, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = dress(TcpListener::from_std(listener).unwrap().into());
                let stopped = async { drop(stopped.await) };
                Service::new(config, Rules::all()).run(vec![listener], stopped).await.unwrap();
            });
        });
        Self { address, shutdown: Some(shutdown), thread: Some(thread) }
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
}

impl Server {
    /// Asks it to shut down.
    pub(crate) fn shut_down(&mut self) {
        drop(self.shutdown.take());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut_down();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
