//! How network connections come about.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use mio::{Interest, Token};
use mqttspec_fleet::plan::Micros;
use reference_broker::{ConnectionId, Output};

use super::{super::OPENING, Driver};
use crate::target::Line;

/// Connections from one source address, of which a machine has some 28,000.
const PORTS: u64 = 20_000;

/// A network connection of a device.
pub(super) struct Socket {
    pub(super) line: Line,
    pub(super) stage: Stage,
    /// Whether the device has been told that it is open.
    told: bool,
    /// Whether it is among those that have something to send.
    pub(super) listed: bool,
}

/// How far a network connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// There is nothing to send.
    Idle,
    /// It waits for its turn to be opened.
    Waiting,
    /// It is being opened.
    Opening,
    /// It is open.
    Open,
    /// The broker has said something.
    Answered,
}

impl Driver<'_> {
    /// A device wants to connect. While the broker is there, nothing is opened before there is something to send, so that the
    /// slow beginning of a connection on a bad link takes nothing from the broker; otherwise one has to try.
    pub(super) fn begin(&mut self, id: ConnectionId) {
        let told = self.outage.is_there();
        let stage = if told { Stage::Idle } else { Stage::Waiting };
        self.sockets.insert(id.0, Socket { line: Line::default(), stage, told, listed: false });
        if told {
            self.world.opened(self.now(), id, true);
        } else {
            self.turns.wait(id.0);
        }
    }

    /// It is the turn of a connection to be opened.
    pub(super) fn open(&mut self, id: ConnectionId) {
        let source = self.dialler.is_local().then(|| source(self.dialled / PORTS)).flatten();
        let Some(socket) = self.sockets.get_mut(&id.0) else { return self.turns.done(id.0) };
        self.dialled += 1;
        socket.stage = Stage::Opening;
        match socket.line.dial(&self.dialler, source).and_then(|()| self.register(id)) {
            Ok(()) => {
                self.opening.push_back((self.now() + micros(OPENING), id.0));
                // On this machine it may be open already.
                self.go_on(id);
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::ConnectionRefused {
                    self.hindered.get_or_insert_with(|| error.to_string());
                }
                self.refused(id, &error);
            }
        }
    }

    fn register(&mut self, id: ConnectionId) -> io::Result<()> {
        let token = Token(usize::try_from(id.0).map_err(io::Error::other)?);
        let Some(socket) = self.sockets.get_mut(&id.0).and_then(|socket| socket.line.socket()) else {
            return Ok(());
        };
        self.poll.registry().register(socket, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// Opens a connection as far as it goes, and sends what there is. Whether it is open.
    pub(super) fn go_on(&mut self, id: ConnectionId) -> bool {
        let Some(socket) = self.sockets.get_mut(&id.0) else { return false };
        if socket.stage < Stage::Open {
            match socket.line.open(&self.dialler) {
                Ok(false) => return false,
                Ok(true) => {
                    socket.stage = Stage::Open;
                    self.opened(id);
                }
                Err(error) => {
                    self.refused(id, &error);
                    return false;
                }
            }
        }
        self.flush(id.0);
        true
    }

    fn opened(&mut self, id: ConnectionId) {
        let now = self.now();
        if self.outage.opened(now) {
            self.world.returned(now);
        }
        if let Some(socket) = self.sockets.get_mut(&id.0).filter(|socket| !socket.told) {
            socket.told = true;
            self.world.opened(now, id, true);
        }
    }

    fn refused(&mut self, id: ConnectionId, why: &io::Error) {
        if why.kind() == io::ErrorKind::ConnectionRefused {
            self.outage.refused(self.now());
        }
        self.not_opened(id);
    }

    /// A connection could not be opened, and whoever was told that it is open learns that it broke.
    fn not_opened(&mut self, id: ConnectionId) {
        let now = self.now();
        let told = self.sockets.get(&id.0).is_some_and(|socket| socket.told);
        self.remove(id);
        if told {
            self.world.arrived(now, Output::Close(id), false);
        } else {
            self.world.opened(now, id, false);
        }
    }

    /// Gives up what does not open.
    pub(super) fn give_up(&mut self, now: Micros) {
        while let Some((_, id)) = self.opening.pop_front_if(|(until, _)| *until <= now) {
            if self.sockets.get(&id).is_some_and(|socket| socket.stage == Stage::Opening) {
                self.not_opened(ConnectionId(id));
            }
        }
    }
}

/// One of the many addresses of this machine, for when one has no more ports.
fn source(index: u64) -> Option<IpAddr> {
    let last = u8::try_from(index % 250).ok()?;
    (index > 0).then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 1, last)))
}

pub(super) fn micros(duration: Duration) -> Micros {
    u64::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
