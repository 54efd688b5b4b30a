//! The same fleet against a broker on the network: the same world of devices and links, on the clock of the machine.
//!
//! The misfortunes of the links happen on this side of the sockets: what a link holds up is sent later, and what is cut is
//! closed. The world decides; here is only what reads and writes.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use mqttspec_fleet::{
    layout::Layout,
    plan::{Micros, SECOND},
    world::{Far, Options, Outcome, Progress, World},
};
use reference_broker::{ConnectionId, Input, Output};
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    runtime,
    sync::mpsc,
    task::{AbortHandle, LocalSet, spawn_local},
    time::{Instant, sleep_until, timeout},
};

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(5);

/// Connections from one source address, of which a machine has some 28,000.
const PORTS: u64 = 20_000;

/// How many arrivals wait at most; the sockets are read no further then.
const ARRIVALS: usize = 4096;

/// Plays a fleet against the broker at `host` and `port`. `watch` is asked every second whether to go on.
pub fn play(
    layout: &Layout,
    options: &Options,
    (host, port): (&str, u16),
    watch: &mut dyn FnMut(&Progress<'_>) -> bool,
) -> io::Result<Outcome> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let address = resolve(host, port).await?;
        // What cannot be reached at all is said at once, not by a thousand devices.
        timeout(OPENING, TcpStream::connect(address)).await.map_err(io::Error::from)??;
        let wishes = Wishes::default();
        let world = World::with(layout, options, wishes.clone());
        Ok(Driver::new(world, wishes, address).drive(watch).await)
    })
}

async fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    lookup_host((host, port)).await?.next().ok_or_else(none)
}

/// What the world wants done on the network: the far end of its connections.
#[derive(Clone, Debug, Default)]
struct Wishes(Rc<RefCell<VecDeque<Input>>>);

impl Far for Wishes {
    fn handle(&mut self, _: Micros, input: Input, _: &mut Vec<Output>) {
        self.0.borrow_mut().push_back(input);
    }

    fn next_timeout(&self) -> Option<Micros> {
        None
    }

    fn restart(&mut self) -> bool {
        // Whoever runs the broker can restart it; the fleet takes what comes.
        false
    }

    fn opens_at_once(&self) -> bool {
        false
    }
}

/// Something that came from the network.
enum Arrival {
    Opened(ConnectionId, Rc<TcpStream>),
    Refused(ConnectionId),
    Bytes(ConnectionId, Bytes),
    /// The end; whether in order.
    Ended(ConnectionId, bool),
}

/// An open connection.
struct Socket {
    stream: Rc<TcpStream>,
    reader: AbortHandle,
    /// What the system has not taken yet.
    unsent: Rc<RefCell<VecDeque<Bytes>>>,
}

struct Driver<'a> {
    world: World<'a, Wishes>,
    wishes: Wishes,
    address: SocketAddr,
    began: Instant,
    sockets: BTreeMap<u64, Socket>,
    opening: BTreeMap<u64, AbortHandle>,
    arrivals: mpsc::Sender<Arrival>,
    inbox: mpsc::Receiver<Arrival>,
    opened: u64,
}

impl<'a> Driver<'a> {
    fn new(world: World<'a, Wishes>, wishes: Wishes, address: SocketAddr) -> Self {
        let (arrivals, inbox) = mpsc::channel(ARRIVALS);
        let (sockets, opening) = (BTreeMap::new(), BTreeMap::new());
        Self { world, wishes, address, began: Instant::now(), sockets, opening, arrivals, inbox, opened: 0 }
    }

    fn now(&self) -> Micros {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    async fn drive(mut self, watch: &mut dyn FnMut(&Progress<'_>) -> bool) -> Outcome {
        let mut second = 0;
        loop {
            let now = self.now();
            if self.world.advance(now) {
                return self.world.finish(true);
            }
            self.fulfil();
            if now / SECOND > second {
                second = now / SECOND;
                if !self.world.look(&mut |progress: &Progress<'_>| watch(progress)) {
                    return self.world.finish(false);
                }
            }
            let next = self.world.next_event().min((second + 1) * SECOND);
            let wake = self.began + Duration::from_micros(next);
            tokio::select! {
                biased;
                Some(arrival) = self.inbox.recv() => {
                    self.take_in(arrival);
                    // What else is there is taken in at one go.
                    for _ in 0..ARRIVALS {
                        let Ok(arrival) = self.inbox.try_recv() else { break };
                        self.take_in(arrival);
                    }
                }
                () = sleep_until(wake) => {}
            }
        }
    }

    fn take_in(&mut self, arrival: Arrival) {
        let now = self.now();
        match arrival {
            Arrival::Opened(id, stream) => {
                let Some(reader) = self.opening.remove(&id.0) else { return };
                self.sockets.insert(id.0, Socket { stream, reader, unsent: Rc::default() });
                self.world.opened(id, true);
            }
            Arrival::Refused(id) => {
                self.opening.remove(&id.0);
                self.world.opened(id, false);
            }
            Arrival::Bytes(id, bytes) => self.world.arrived(now, Output::Send(id, bytes), true),
            Arrival::Ended(id, in_order) => {
                self.sockets.remove(&id.0);
                self.world.arrived(now, Output::Close(id), in_order);
            }
        }
    }

    /// Does what the world wants.
    fn fulfil(&mut self) {
        loop {
            let wish = self.wishes.0.borrow_mut().pop_front();
            match wish {
                None => return,
                Some(Input::Opened(id)) => self.open(id),
                Some(Input::Bytes(id, bytes)) => self.send(id, &bytes),
                Some(Input::Closed(id)) => self.close(id),
                Some(Input::Tick | Input::Shutdown | Input::Identified(..) | Input::Verified(..)) => {}
            }
        }
    }

    fn open(&mut self, id: ConnectionId) {
        let source = self.address.ip().is_loopback().then(|| source(self.opened / PORTS));
        self.opened += 1;
        let task = spawn_local(connection(id, self.address, source.flatten(), self.arrivals.clone()));
        self.opening.insert(id.0, task.abort_handle());
    }

    fn send(&self, id: ConnectionId, bytes: &Bytes) {
        let Some(socket) = self.sockets.get(&id.0) else { return };
        let mut unsent = socket.unsent.borrow_mut();
        let idle = unsent.is_empty();
        let taken = if idle { socket.stream.try_write(bytes).unwrap_or(0) } else { 0 };
        if taken < bytes.len() {
            unsent.push_back(bytes.slice(taken..));
            if idle {
                spawn_local(flush(Rc::clone(&socket.stream), Rc::clone(&socket.unsent)));
            }
        }
    }

    fn close(&mut self, id: ConnectionId) {
        if let Some(opening) = self.opening.remove(&id.0) {
            opening.abort();
        }
        if let Some(socket) = self.sockets.remove(&id.0) {
            socket.reader.abort();
        }
    }
}

/// One of the many addresses of this machine, for when one has no more ports.
fn source(index: u64) -> Option<IpAddr> {
    let last = u8::try_from(index % 250).ok()?;
    (index > 0).then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 1, last)))
}

/// Opens a connection and reads what comes on it.
async fn connection(
    id: ConnectionId,
    address: SocketAddr,
    source: Option<IpAddr>,
    arrivals: mpsc::Sender<Arrival>,
) {
    let Ok(Ok(stream)) = timeout(OPENING, connect(address, source)).await else {
        arrivals.send(Arrival::Refused(id)).await.ok();
        return;
    };
    let stream = Rc::new(stream);
    if arrivals.send(Arrival::Opened(id, Rc::clone(&stream))).await.is_err() {
        return;
    }
    loop {
        if stream.readable().await.is_err() {
            arrivals.send(Arrival::Ended(id, false)).await.ok();
            return;
        }
        // On the stack for this moment only, so that a connection that is silent takes no buffer.
        let arrival = match read(&stream) {
            Ok(bytes) if bytes.is_empty() => Arrival::Ended(id, true),
            Ok(bytes) => Arrival::Bytes(id, bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => Arrival::Ended(id, false),
        };
        let over = matches!(arrival, Arrival::Ended(..));
        if arrivals.send(arrival).await.is_err() || over {
            return;
        }
    }
}

fn read(stream: &TcpStream) -> io::Result<Bytes> {
    let mut buffer = [0; 8192];
    let count = stream.try_read(&mut buffer)?;
    Ok(Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default()))
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source.filter(|source| source.is_ipv4() == address.is_ipv4()) {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Writes what the system did not take at once.
async fn flush(stream: Rc<TcpStream>, unsent: Rc<RefCell<VecDeque<Bytes>>>) {
    loop {
        let Some(bytes) = unsent.borrow().front().cloned() else { return };
        if stream.writable().await.is_err() {
            return;
        }
        match stream.try_write(&bytes) {
            Ok(count) if count < bytes.len() => {
                if let Some(front) = unsent.borrow_mut().front_mut() {
                    *front = bytes.slice(count..);
                }
            }
            Ok(_) => {
                unsent.borrow_mut().pop_front();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
