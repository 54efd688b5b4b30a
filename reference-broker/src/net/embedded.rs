//! A broker of one's own inside another program, above all a test.

use std::{io, net::SocketAddr, thread::JoinHandle, time::Duration};

use tokio::{net::TcpListener, runtime, sync::oneshot};

use super::{Listener, Service};
use crate::core::{Config, Rules};

/// For how long a broker that ends holds up the thread that drops it. Clients that are tasks of this thread cannot notice
/// anything meanwhile.
const FAREWELL: Duration = Duration::from_millis(100);

/// A broker on a free port of the loopback interface, in a thread of its own. It ends when this is dropped.
///
/// It works in a plain test as well as in one that is a task of tokio, whether with one thread or with many.
///
/// ```
/// use std::{io::{Read, Write}, net::TcpStream};
///
/// let broker = reference_broker::net::Embedded::start()?;
/// let mut client = TcpStream::connect(broker.address())?;
/// client.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a")?;
/// # let mut connack = [0; 4];
/// # client.read_exact(&mut connack)?;
/// # assert_eq!(connack, [0x20, 2, 0, 0]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// [`with`](Self::with) restricts it, or breaks one of its rules:
///
/// ```
/// use reference_broker::{Config, Rule, Rules, net::Embedded};
///
/// let config = Config { retain: false, ..Config::default() };
/// let broker = Embedded::with(config, Rules::all().without(Rule::PingreqAnswered))?;
/// println!("a client that waits for PINGRESP can be watched at {}", broker.url());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Embedded {
    address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    /// A broker that offers everything and lets everybody in.
    ///
    /// # Errors
    /// The system has no port or no thread for it.
    pub fn start() -> io::Result<Self> {
        Self::with(Config::default(), Rules::all())
    }

    /// A broker of this configuration, which keeps these rules.
    ///
    /// # Errors
    /// The system has no port or no thread for it.
    pub fn with(config: Config, rules: Rules) -> io::Result<Self> {
        Self::serve(Service::new(config, rules), |listener| listener, FAREWELL)
    }

    /// A broker whose listener is not one for plain TCP: `dress` says what it speaks.
    ///
    /// # Errors
    /// The system has no port or no thread for it.
    pub fn dressed(
        service: Service,
        dress: impl FnOnce(Listener) -> Listener + Send + 'static,
    ) -> io::Result<Self> {
        Self::serve(service, dress, super::FAREWELL)
    }

    fn serve(
        service: Service,
        dress: impl FnOnce(Listener) -> Listener + Send + 'static,
        farewell: Duration,
    ) -> io::Result<Self> {
        let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (shutdown, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(socket) else { return };
                let (listeners, stopped) = (vec![dress(listener.into())], async { drop(stopped.await) });
                // A store that fails ends the broker; there is nobody to tell here.
                let _ = service.run_and_wait(listeners, stopped, farewell).await;
            });
        };
        let thread = std::thread::Builder::new().name("broker".to_owned()).spawn(serve)?;
        Ok(Self { address, shutdown: Some(shutdown), thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as `mqtt://ADDRESS:PORT`.
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Asks it to end; clients are told.
    pub fn shut_down(&mut self) {
        drop(self.shutdown.take());
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.shut_down();
        if let Some(thread) = self.thread.take() {
            // What went wrong there has been said there.
            let _ = thread.join();
        }
    }
}
