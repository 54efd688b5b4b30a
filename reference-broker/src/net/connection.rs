//! A network connection: what comes from it, and what waits to be written to it.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// How many packets are handed to the system at once.
const SLICES: usize = 64;

/// How long a connection that is to be closed may take to accept what is left.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the end of the client's side is awaited after the server has closed its own, so that the client can read
/// what it was sent last: a socket that is closed with bytes unread takes back what it has sent.
const LINGER: Duration = Duration::from_secs(2);

/// What can be read from and written to.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A network connection that is served. Dropping it closes it.
pub(super) struct Connection {
    stream: Box<dyn Duplex>,
    waker: Waker,
    /// What waits to be written.
    packets: VecDeque<Bytes>,
    /// The bytes in `packets`.
    size: usize,
    stage: Stage,
    /// Whether dropping it is all there is to closing it.
    is_plain: bool,
    /// By when it is gone, if it is to end.
    deadline: Option<Instant>,
    /// Whether what was written has left.
    is_flushed: bool,
    /// Whether it is on the list of those to be flushed.
    is_touched: bool,
}

/// How far a connection has come.
///
/// ```text
/// Open -- nothing more is to be written --> Closing -- all is written --> Lingering -- the client closes --> gone
///  `----- the client sends nothing more ---> Parting -- all is written -------------------------------------> gone
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closing,
    Lingering,
    Parting,
}

/// What has come from a client.
pub(super) enum Heard {
    Bytes(Bytes),
    /// The client has closed its side, or the connection has failed.
    End,
}

impl Connection {
    pub(super) const fn new(stream: Box<dyn Duplex>, is_plain: bool, waker: Waker) -> Self {
        Self {
            stream,
            waker,
            packets: VecDeque::new(),
            size: 0,
            stage: Stage::Open,
            is_plain,
            deadline: None,
            is_flushed: true,
            is_touched: false,
        }
    }

    /// What has come. If nothing has, the waker tells when to ask again.
    pub(super) fn read(&mut self, scratch: &mut [u8]) -> Poll<Heard> {
        let mut buffer = ReadBuf::new(scratch);
        let cx = &mut Context::from_waker(&self.waker);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        Poll::Ready(match read {
            Ok(()) if !buffer.filled().is_empty() => Heard::Bytes(Bytes::copy_from_slice(buffer.filled())),
            Ok(()) | Err(_) => Heard::End,
        })
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
        self.stage = Stage::Closing;
    }

    /// The same when the client sends nothing more.
    pub(super) fn part(&mut self) {
        self.stage = if self.is_plain { Stage::Parting } else { Stage::Closing };
    }

    /// Whether nothing is left to do but to drop it.
    pub(super) fn has_parted(&self) -> bool {
        self.stage == Stage::Parting && self.packets.is_empty() && self.is_flushed
    }

    /// Whether there is something to write, or to do after that.
    pub(super) fn wants_to_write(&self) -> bool {
        match self.stage {
            Stage::Open => !self.packets.is_empty() || !self.is_flushed,
            Stage::Closing | Stage::Parting => true,
            Stage::Lingering => false,
        }
    }

    /// By when it is gone, if it is to end.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether it is now to be put on the list of those to be flushed.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.is_touched, true)
    }

    /// Writes as much as is taken. If something is left, the waker tells when to go on.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.is_touched = false;
        let is_done = self.poll_flush()?.is_ready();
        match self.stage {
            Stage::Closing if is_done => {
                self.stage = Stage::Lingering;
                self.deadline = Some(Instant::now() + LINGER);
            }
            Stage::Closing | Stage::Parting if !is_done && self.deadline.is_none() => {
                self.deadline = Some(Instant::now() + PATIENCE);
            }
            Stage::Open | Stage::Closing | Stage::Lingering | Stage::Parting => {}
        }
        Ok(())
    }

    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        let cx = &mut Context::from_waker(&self.waker);
        while !self.packets.is_empty() {
            self.is_flushed = false;
            match ready!(write_some(&mut self.stream, &self.packets, cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.size -= advance(&mut self.packets, written),
            }
        }
        // Nobody knows when there will be something to write again.
        self.packets = VecDeque::new();
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.is_flushed = true;
        match self.stage {
            Stage::Closing => Pin::new(&mut self.stream).poll_shutdown(cx),
            Stage::Open | Stage::Lingering | Stage::Parting => Poll::Ready(Ok(())),
        }
    }
}

fn write_some(
    stream: &mut Box<dyn Duplex>,
    packets: &VecDeque<Bytes>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if let [packet] = packets.as_slices().0 {
        return Pin::new(stream).poll_write(cx, packet);
    }
    let mut slices = [io::IoSlice::new(&[]); SLICES];
    let mut count = 0;
    for (slice, packet) in slices.iter_mut().zip(packets) {
        *slice = io::IoSlice::new(packet);
        count += 1;
    }
    Pin::new(stream).poll_write_vectored(cx, slices.get(..count).unwrap_or_default())
}

/// Takes away what was written, and says again how much that was.
fn advance(packets: &mut VecDeque<Bytes>, written: usize) -> usize {
    let mut left = written;
    while let Some(packet) = packets.front_mut() {
        if left < packet.len() {
            packet.advance(left);
            break;
        }
        left -= packet.len();
        packets.pop_front();
    }
    written
}
