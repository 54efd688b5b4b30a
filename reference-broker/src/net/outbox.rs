//! What waits to be written to a network connection.

use std::{collections::VecDeque, io, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::{
    net::tcp::OwnedWriteHalf,
    sync::{mpsc, oneshot},
    time,
};

use tracing::warn;

use super::{Event, PATIENCE};
use crate::core::ConnectionId;

/// How many packets are handed to the system at once.
const SLICES: usize = 64;

/// How many bytes of several packets are handed to a writer at once.
const HANDFUL: usize = 64 * 1024;

/// What waits to be written to a connection. Dropping it closes the connection for writing.
pub(super) struct Outbox {
    way: Way,
    packets: VecDeque<Bytes>,
    /// The bytes in `packets`.
    size: usize,
    /// Whether nothing more is to be written.
    is_closing: bool,
    /// Whether no more is taken at the moment.
    is_blocked: bool,
    /// Whether it is on the list of those to be flushed.
    is_touched: bool,
    /// Tells the reader, by being dropped, that what still comes is of no interest.
    _reader: oneshot::Sender<()>,
}

/// How bytes leave.
pub(super) enum Way {
    /// By handing them to the system.
    Direct(Arc<OwnedWriteHalf>),
    /// By handing them to a task that writes.
    Writer(mpsc::UnboundedSender<Bytes>),
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
    pub(super) fn new(way: Way, reader: oneshot::Sender<()>) -> Self {
        Self {
            way,
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

    /// How many bytes wait.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Closes the connection when everything is written.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
        // A writer takes all that is left at once, and has its own patience with the client.
        if matches!(self.way, Way::Writer(_)) {
            self.is_blocked = false;
        }
    }

    /// More is taken again.
    pub(super) fn unblock(&mut self) {
        self.is_blocked = false;
        self.is_touched = true;
    }

    /// Whether it is now to be put on the list of those to be flushed.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.is_touched, true)
    }

    /// Writes as much as is taken. If something is left, an event tells when to go on.
    pub(super) fn flush(
        &mut self,
        id: ConnectionId,
        backlog: usize,
        events: &mpsc::Sender<Event>,
    ) -> Flushed {
        self.is_touched = false;
        if !self.is_blocked {
            let written = match &self.way {
                Way::Direct(stream) => self.write(id, &Arc::clone(stream), events),
                Way::Writer(writer) => self.hand_over(&writer.clone()),
            };
            if written.is_err() {
                return Flushed::Broken;
            }
        }
        match self.is_blocked {
            true if self.size > backlog => {
                warn!(connection = id.0, waiting = self.size, "a client that does not read is cut off");
                Flushed::Broken
            }
            false if self.is_closing => Flushed::Closed,
            true | false => Flushed::Open,
        }
    }

    fn write(
        &mut self,
        id: ConnectionId,
        stream: &Arc<OwnedWriteHalf>,
        events: &mpsc::Sender<Event>,
    ) -> io::Result<()> {
        while !self.packets.is_empty() {
            match self.write_some(stream) {
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(id, Arc::clone(stream), events.clone());
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_some(&self, stream: &OwnedWriteHalf) -> io::Result<usize> {
        if let [packet] = self.packets.as_slices().0 {
            return stream.try_write(packet);
        }
        let mut slices = [io::IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, packet) in slices.iter_mut().zip(&self.packets) {
            *slice = io::IoSlice::new(packet);
            count += 1;
        }
        stream.try_write_vectored(slices.get(..count).unwrap_or_default())
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

    /// Gives the writer a handful, and the next one when it asks for it; or all, if nothing comes after that.
    fn hand_over(&mut self, writer: &mpsc::UnboundedSender<Bytes>) -> io::Result<()> {
        while let Some(bytes) = self.take_handful() {
            writer.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe)?;
            if !self.is_closing {
                self.is_blocked = true;
                break;
            }
        }
        Ok(())
    }

    /// The next packet, together with as many more as make a handful.
    fn take_handful(&mut self) -> Option<Bytes> {
        let first = self.packets.pop_front()?;
        let fits = |size: usize, packet: &Bytes| size.saturating_add(packet.len()) <= HANDFUL;
        let handful = if self.packets.front().is_some_and(|next| fits(first.len(), next)) {
            let mut handful = BytesMut::from(first);
            while let Some(next) = self.packets.front().filter(|next| fits(handful.len(), next)) {
                handful.extend_from_slice(next);
                self.packets.pop_front();
            }
            handful.freeze()
        } else {
            first
        };
        self.size = self.size.saturating_sub(handful.len());
        Some(handful)
    }

    fn wait(&mut self, id: ConnectionId, stream: Arc<OwnedWriteHalf>, events: mpsc::Sender<Event>) {
        self.is_blocked = true;
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
