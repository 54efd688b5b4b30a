//! The reading side of a network connection.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::{mpsc, oneshot},
    time,
};

use super::Event;
use crate::core::ConnectionId;

/// How many bytes are read at once.
const CHUNK: usize = 16 * 1024;

thread_local! {
    /// Where all connections read into, so that one on which nothing comes takes no memory for it.
    static SCRATCH: RefCell<Box<[u8; CHUNK]>> = RefCell::new(Box::new([0; CHUNK]));
}

/// How long the end of the client's side is awaited after the server has closed its own, so that the client can read
/// what it was sent last: a socket that is closed with bytes unread takes back what it has sent.
const LINGER: Duration = Duration::from_secs(2);

/// Reads until the connection ends, or until the sender that is returned is dropped.
pub(super) fn spawn(
    id: ConnectionId,
    stream: impl AsyncRead + Send + Unpin + 'static,
    events: mpsc::Sender<Event>,
) -> oneshot::Sender<()> {
    let (guard, dropped) = oneshot::channel();
    tokio::spawn(read(id, stream, events, dropped));
    guard
}

async fn read(
    id: ConnectionId,
    mut stream: impl AsyncRead + Send + Unpin,
    events: mpsc::Sender<Event>,
    mut dropped: oneshot::Receiver<()>,
) {
    loop {
        let bytes = tokio::select! {
            bytes = read_some(&mut stream) => bytes.unwrap_or_default(),
            _ = &mut dropped => break,
        };
        let has_ended = bytes.is_empty();
        let event = if has_ended { Event::Ended(id) } else { Event::Received(id, bytes) };
        if events.send(event).await.is_err() || has_ended {
            return;
        }
    }
    let discard = async { while read_some(&mut stream).await.is_ok_and(|bytes| !bytes.is_empty()) {} };
    // Whether the client has closed its side by then makes no difference.
    let _ = time::timeout(LINGER, discard).await;
}

/// The next bytes; none when the client has closed its side.
async fn read_some(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    poll_fn(|cx| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(&mut scratch[..]);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
            Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
        })
    })
    .await
}
