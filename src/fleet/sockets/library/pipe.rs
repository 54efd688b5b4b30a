//! The sockets at which the path of a library's device begins.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read as _, Write as _},
    net::Ipv4Addr,
};

use bytes::{Buf as _, Bytes};
use mio::{
    Interest, Registry, Token,
    net::{TcpListener, TcpStream},
};
use mqttspec_fleet::follower::Deed;

/// Tokens with this bit are those of sockets that listen. Network connections to the broker have neither bit.
const LISTENS: u64 = 1 << 63;

/// Tokens with this bit are those of connections.
const CONNECTED: u64 = 1 << 62;

/// How many bytes may wait for a client to read them.
const UNREAD: usize = 4 << 20;

/// Where the path of one device begins.
pub(super) struct Pipe {
    device: u32,
    listener: TcpListener,
    stream: Option<TcpStream>,
    unsent: VecDeque<Bytes>,
    waiting: usize,
}

/// Whether a token is one of these sockets.
pub(in super::super) const fn is_own(token: u64) -> bool {
    token & (LISTENS | CONNECTED) != 0
}

/// The device whose socket it is.
pub(super) fn device(token: u64) -> u32 {
    u32::try_from(token & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

fn token(kind: u64, device: u32) -> io::Result<Token> {
    usize::try_from(kind | u64::from(device)).map(Token).map_err(io::Error::other)
}

impl Pipe {
    /// Listens for the client of a device, on this machine only.
    pub(super) fn new(device: u32, registry: &Registry) -> io::Result<Self> {
        let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        registry.register(&mut listener, token(LISTENS, device)?, Interest::READABLE)?;
        Ok(Self { device, listener, stream: None, unsent: VecDeque::new(), waiting: 0 })
    }

    /// The port at which it listens.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Something can be done; what the client did.
    pub(super) fn attend(&mut self, token: u64, registry: &Registry, buffer: &mut [u8]) -> Vec<Deed> {
        let mut deeds = Vec::new();
        self.read(buffer, &mut deeds);
        if token & LISTENS != 0 {
            while let Ok((stream, _)) = self.listener.accept() {
                // A client that comes again has left its last connection, whether or not that was noticed.
                self.read(buffer, &mut deeds);
                if self.hang_up() {
                    deeds.push(Deed::HangsUp);
                }
                if self.take(stream, registry).is_ok() {
                    deeds.push(Deed::Connects);
                }
            }
        }
        self.flush();
        deeds
    }

    fn take(&mut self, mut stream: TcpStream, registry: &Registry) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token(CONNECTED, self.device)?, interest)?;
        self.stream = Some(stream);
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], deeds: &mut Vec<Deed>) {
        while let Some(stream) = &mut self.stream {
            match stream.read(buffer) {
                Ok(count @ 1..) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    deeds.push(Deed::Sends(Bytes::copy_from_slice(bytes)));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    self.hang_up();
                    deeds.push(Deed::HangsUp);
                }
            }
        }
    }

    /// Passes bytes on to the client. `false` if too many wait.
    pub(super) fn pass(&mut self, bytes: Bytes) -> bool {
        if self.stream.is_some() {
            self.waiting += bytes.len();
            self.unsent.push_back(bytes);
            self.flush();
        }
        self.waiting <= UNREAD
    }

    fn flush(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        while let Some(front) = self.unsent.front_mut() {
            // That it fails for good is noticed by who reads.
            let Ok(count) = stream.write(front) else { return };
            self.waiting -= count;
            front.advance(count);
            if front.is_empty() {
                self.unsent.pop_front();
            }
        }
    }

    /// Ends the network connection of the client. Whether there was one.
    pub(super) fn hang_up(&mut self) -> bool {
        self.unsent.clear();
        self.waiting = 0;
        self.stream.take().is_some()
    }
}
