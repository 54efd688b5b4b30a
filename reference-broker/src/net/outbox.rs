//! The writing side of a network connection.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    net::tcp::OwnedWriteHalf,
    sync::{mpsc, oneshot},
    time,
};

use super::Event;
use crate::core::ConnectionId;

/// How many packets are handed to the system at once.
const SLICES: usize = 64;

/// How long a connection that is to be closed may take to accept what is left.
const PATIENCE: Duration = Duration::from_secs(5);

/// What waits to be written to a connection. Dropping it closes the connection for writing.
pub(super) struct Outbox {
    stream: Arc<OwnedWriteHalf>,
    packets: VecDeque<Bytes>,
    /// The bytes in `packets`.
    size: usize,
    /// Whether nothing more is to be written.
    is_closing: bool,
    /// Whether the system takes no more at the moment.
    is_blocked: bool,
    /// Whether it is on the list of those to be flushed.
    is_touched: bool,
    /// Tells the reader, by being dropped, that what still comes is of no interest.
    _reader: oneshot::Sender<()>,
}

/// What has become of a connection.
pub(super) enum Flushed {
    /// It goes on.
    Open,
    /// Everything was written, and it is closed.
    Closed,
    /// It failed, or its client does not read.
    Broken,
}

impl Outbox {
    pub(super) fn new(stream: OwnedWriteHalf, reader: oneshot::Sender<()>) -> Self {
        Self {
            stream: Arc::new(stream),
            packets: VecDeque::new(),
            size: 0,
            is_closing: false,
            is_blocked: false,
            is_touched: false,
            _reader: reader,
        }
    }

    pub(super) fn push(&mut self, packet: Bytes) {
        self.size += packet.len();
        self.packets.push_back(packet);
    }

    /// Closes the connection when everything is written.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
    }

    /// The system takes more again.
    pub(super) fn unblock(&mut self) {
        self.is_blocked = false;
        self.is_touched = true;
    }

    /// Whether it is now to be put on the list of those to be flushed.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.is_touched, true)
    }

    /// Writes as much as the system takes. If something is left, an event tells when to go on.
    pub(super) fn flush(
        &mut self,
        id: ConnectionId,
        backlog: usize,
        events: &mpsc::Sender<Event>,
    ) -> Flushed {
        self.is_touched = false;
        if self.is_blocked {
            return if self.size > backlog { Flushed::Broken } else { Flushed::Open };
        }
        while !self.packets.is_empty() {
            match self.write_some() {
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(id, events.clone());
                    return if self.size > backlog { Flushed::Broken } else { Flushed::Open };
                }
                Err(_) => return Flushed::Broken,
            }
        }
        if self.is_closing { Flushed::Closed } else { Flushed::Open }
    }

    fn write_some(&self) -> io::Result<usize> {
        if let [packet] = self.packets.as_slices().0 {
            return self.stream.try_write(packet);
        }
        let mut slices = [io::IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, packet) in slices.iter_mut().zip(&self.packets) {
            *slice = io::IoSlice::new(packet);
            count += 1;
        }
        self.stream.try_write_vectored(slices.get(..count).unwrap_or_default())
    }

    fn advance(&mut self, mut written: usize) {
        self.size = self.size.saturating_sub(written);
        while let Some(packet) = self.packets.front_mut() {
            if written < packet.len() {
                bytes::Buf::advance(packet, written);
                return;
            }
            written -= packet.len();
            self.packets.pop_front();
        }
    }

    fn wait(&mut self, id: ConnectionId, events: mpsc::Sender<Event>) {
        self.is_blocked = true;
        let stream = Arc::clone(&self.stream);
        let is_closing = self.is_closing;
        tokio::spawn(async move {
            let event = match time::timeout(PATIENCE, stream.writable()).await {
                Ok(Err(_)) => Event::Ended(id),
                Err(_) if is_closing => Event::Ended(id),
                Ok(Ok(())) | Err(_) => Event::Writable(id),
            };
            // The queue is gone when the server is.
            let _ = events.send(event).await;
        });
    }
}
