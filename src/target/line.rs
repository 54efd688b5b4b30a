//! A network connection that nobody waits for: whoever polls many of them says when one may go on.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Read, Write},
    mem,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use tokio_tungstenite::tungstenite::{
    ClientHandshake, ClientRequestBuilder, Error, HandshakeError, Message, WebSocket, client,
    handshake::MidHandshake,
    http::{Uri, uri::InvalidUri},
    protocol::WebSocketConfig,
};

use super::{
    ConnectError, Endpoint, Trust,
    stream::{self, Arrival},
};

/// How many bytes may wait for the system to take them. A peer that reads no more than that has given up.
const UNSENT: usize = 256 * 1024;

/// How many pieces are handed to the system at once.
const PIECES: usize = 16;

/// More than this in one WebSocket frame is a flood.
const FRAME: usize = 1 << 20;

/// What a WebSocket reads at once. Each has a buffer of this size.
const WEBSOCKET_READ: usize = 2048;

/// How to open lines to a broker. What they have in common is here once.
#[derive(Debug)]
pub struct Dialler {
    address: SocketAddr,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    upgrade: Option<Uri>,
}

/// A network connection that nobody waits for. What is to be sent before it is opened waits.
#[derive(Default)]
pub struct Line {
    carrier: Carrier,
    /// What the carrier has not taken yet.
    unsent: VecDeque<Bytes>,
    waiting: usize,
}

/// What carries the bytes, and how far it has come.
#[derive(Default)]
enum Carrier {
    Dialling(TcpStream),
    Securing(Box<Tls>),
    Upgrading(Box<MidHandshake<ClientHandshake<Wire>>>),
    Bytes(Wire),
    Frames(Box<WebSocket<Wire>>),
    /// There is none, yet or any more.
    #[default]
    Nothing,
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// TCP or TLS.
enum Wire {
    Tcp(TcpStream),
    Tls(Box<Tls>),
}

/// What there was to read.
#[derive(Debug)]
pub enum Reading {
    /// These bytes; `true` if there may be more.
    Bytes(Bytes, bool),
    /// Nothing for now.
    Nothing,
    /// The broker has closed.
    End,
    /// The network connection broke.
    Reset,
}

impl Dialler {
    /// Opens lines to the broker at `address`, which is one of those of `endpoint`.
    pub fn new(endpoint: &Endpoint, address: SocketAddr, trust: &Trust) -> Result<Self, ConnectError> {
        let tls = if endpoint.transport.is_secure() {
            let config = trust.config().ok_or(ConnectError::NoTrust)?;
            Some((config, endpoint.server_name()?))
        } else {
            None
        };
        let uri = |endpoint: &Endpoint| endpoint.to_string().parse::<Uri>();
        let upgrade = endpoint.transport.is_websocket().then(|| uri(endpoint)).transpose();
        Ok(Self { address, tls, upgrade: upgrade.map_err(|error: InvalidUri| ConnectError::Uri(error))? })
    }

    /// Whether the broker is on this machine, where a client has many addresses.
    pub const fn is_local(&self) -> bool {
        match self.address.ip() {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(_) => false,
        }
    }

    /// Begins to open a network connection, from this address of the machine if it matters.
    fn dial(&self, source: Option<IpAddr>) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&self.address.into()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock || is_in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(TcpStream::from_std(socket.into()))
    }

    fn secure(&self, tcp: TcpStream) -> io::Result<Carrier> {
        match &self.tls {
            None => self.upgrade(Wire::Tcp(tcp)),
            Some((config, name)) => {
                let connection =
                    ClientConnection::new(Arc::clone(config), name.clone()).map_err(io::Error::other)?;
                Ok(Carrier::Securing(Box::new(StreamOwned::new(connection, tcp))))
            }
        }
    }

    fn upgrade(&self, wire: Wire) -> io::Result<Carrier> {
        let Some(uri) = &self.upgrade else { return Ok(Carrier::Bytes(wire)) };
        let request = ClientRequestBuilder::new(uri.clone()).with_sub_protocol("mqtt");
        let config = WebSocketConfig::default()
            .read_buffer_size(WEBSOCKET_READ)
            .max_write_buffer_size(UNSENT)
            .write_buffer_size(UNSENT / 2)
            .max_frame_size(Some(FRAME))
            .max_message_size(Some(FRAME));
        upgraded(client::client_with_config(request, wire, Some(config)))
    }
}

/// How far an upgrade has come.
fn upgraded<R>(
    outcome: Result<(WebSocket<Wire>, R), HandshakeError<ClientHandshake<Wire>>>,
) -> io::Result<Carrier> {
    match outcome {
        Ok((socket, _)) => Ok(Carrier::Frames(Box::new(socket))),
        Err(HandshakeError::Interrupted(rest)) => Ok(Carrier::Upgrading(Box::new(rest))),
        Err(HandshakeError::Failure(error)) => Err(io::Error::other(error)),
    }
}

/// How a Unix system says of a wish to connect that it goes on while nobody waits for it.
#[cfg(unix)]
fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Others have no word of their own for it.
#[cfg(not(unix))]
fn is_in_progress(_: &io::Error) -> bool {
    false
}

impl Line {
    /// Begins to open it, from this address of the machine if it matters.
    pub fn dial(&mut self, dialler: &Dialler, source: Option<IpAddr>) -> io::Result<()> {
        self.carrier = Carrier::Dialling(dialler.dial(source)?);
        Ok(())
    }

    /// Its socket, to be polled for as long as the line is there.
    pub fn socket(&mut self) -> Option<&mut TcpStream> {
        match &mut self.carrier {
            Carrier::Dialling(tcp) => Some(tcp),
            Carrier::Securing(tls) => Some(tls.get_mut()),
            Carrier::Upgrading(_) | Carrier::Nothing => None,
            Carrier::Bytes(wire) => Some(wire.socket()),
            Carrier::Frames(socket) => Some(socket.get_mut().socket()),
        }
    }

    /// Goes on with opening. Whether it is open.
    pub fn open(&mut self, dialler: &Dialler) -> io::Result<bool> {
        loop {
            self.carrier = match mem::replace(&mut self.carrier, Carrier::Nothing) {
                Carrier::Dialling(tcp) => match (tcp.take_error()?, tcp.peer_addr()) {
                    (None, Ok(_)) => dialler.secure(tcp)?,
                    (None, Err(error)) if error.kind() == ErrorKind::NotConnected => {
                        self.carrier = Carrier::Dialling(tcp);
                        return Ok(false);
                    }
                    (Some(error), _) | (None, Err(error)) => return Err(error),
                },
                Carrier::Securing(mut tls) => {
                    let StreamOwned { conn, sock } = &mut *tls;
                    match conn.complete_io(sock) {
                        Ok(_) => {}
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error),
                    }
                    if tls.conn.is_handshaking() {
                        self.carrier = Carrier::Securing(tls);
                        return Ok(false);
                    }
                    dialler.upgrade(Wire::Tls(tls))?
                }
                Carrier::Upgrading(rest) => {
                    self.carrier = upgraded(rest.handshake())?;
                    return Ok(matches!(self.carrier, Carrier::Frames(_)));
                }
                open @ (Carrier::Bytes(_) | Carrier::Frames(_)) => {
                    self.carrier = open;
                    return Ok(true);
                }
                Carrier::Nothing => return Err(ErrorKind::NotConnected.into()),
            };
        }
    }

    /// Takes what there is; `buffer` is where it is put first.
    pub fn read(&mut self, buffer: &mut [u8]) -> Reading {
        match &mut self.carrier {
            Carrier::Bytes(wire) => match wire.read(buffer) {
                Ok(0) => Reading::End,
                // A socket that gave less than there was room for has no more; TLS may have kept the next record.
                Ok(count) => {
                    let more = count == buffer.len() || matches!(wire, Wire::Tls(_));
                    Reading::Bytes(Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default()), more)
                }
                Err(error) if is_pending(&error) => Reading::Nothing,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Reading::End,
                Err(_) => Reading::Reset,
            },
            Carrier::Frames(socket) => read_frame(socket),
            Carrier::Dialling(_) | Carrier::Securing(_) | Carrier::Upgrading(_) => Reading::Nothing,
            Carrier::Nothing => Reading::Reset,
        }
    }

    /// Has bytes sent by the next [`flush`](Self::flush). `false` if the peer has not read for too long.
    pub fn send(&mut self, bytes: Bytes) -> bool {
        self.waiting += bytes.len();
        self.unsent.push_back(bytes);
        self.waiting <= UNSENT
    }

    /// Hands to the system what it takes. That it fails for good is noticed by who reads.
    pub fn flush(&mut self) {
        match &mut self.carrier {
            Carrier::Bytes(wire) => {
                while let Some(count) = write(wire, &self.unsent) {
                    self.waiting -= count;
                    discard(&mut self.unsent, count);
                }
                if let Wire::Tls(tls) = wire {
                    tls.flush().ok();
                }
            }
            Carrier::Frames(socket) => {
                while let Some(bytes) = self.unsent.pop_front() {
                    if is_full(&socket.write(Message::Binary(bytes.clone()))) {
                        self.unsent.push_front(bytes);
                        break;
                    }
                    self.waiting -= bytes.len();
                }
                socket.flush().ok();
            }
            Carrier::Dialling(_) | Carrier::Securing(_) | Carrier::Upgrading(_) | Carrier::Nothing => {}
        }
        if self.unsent.is_empty() {
            // Most lines are silent most of the time.
            self.unsent = VecDeque::new();
        }
    }
}

/// How many bytes were taken; none if there are none, or none are taken now.
fn write(wire: &mut Wire, unsent: &VecDeque<Bytes>) -> Option<usize> {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let mut used = 0;
    for (slice, bytes) in slices.iter_mut().zip(unsent) {
        *slice = IoSlice::new(bytes);
        used += 1;
    }
    let slices = slices.get(..used).filter(|slices| !slices.is_empty())?;
    match slices {
        [only] => wire.write(only),
        several => wire.write_vectored(several),
    }
    .ok()
    .filter(|count| *count > 0)
}

/// Drops what was taken.
fn discard(unsent: &mut VecDeque<Bytes>, mut count: usize) {
    while let Some(front) = unsent.front_mut() {
        if front.len() > count {
            return drop(front.split_to(count));
        }
        count -= front.len();
        unsent.pop_front();
    }
}

fn read_frame(socket: &mut WebSocket<Wire>) -> Reading {
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) if !bytes.is_empty() => return Reading::Bytes(bytes, true),
            // There is no MQTT in text (MQTT 5.0 §6).
            Ok(Message::Text(_)) => return Reading::Reset,
            // The library answers pings by itself.
            Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Close(_)) => return Reading::End,
            Err(error) => {
                return match stream::end(&error) {
                    _ if is_blocked(&error) => Reading::Nothing,
                    Arrival::End => Reading::End,
                    Arrival::Reset | Arrival::Bytes(_) | Arrival::Text(_) => Reading::Reset,
                };
            }
        }
    }
}

fn is_blocked(error: &Error) -> bool {
    matches!(error, Error::Io(error) if is_pending(error))
}

/// Whether a frame was not taken since too many wait.
const fn is_full(outcome: &Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::WriteBufferFull(_)))
}

fn is_pending(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Wire {
    const fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => &mut tls.sock,
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.write_vectored(slices),
            Self::Tls(tls) => tls.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
