//! The reading side of a network connection.

use std::time::Duration;

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::{mpsc, oneshot},
    time,
};

use super::Event;
use crate::core::ConnectionId;

/// How many bytes are read at once.
const CHUNK: usize = 16 * 1024;

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
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK);
        let count = tokio::select! {
            count = stream.read_buf(&mut buffer) => count.unwrap_or(0),
            _ = &mut dropped => break,
        };
        let event = match count {
            0 => Event::Ended(id),
            _ => Event::Received(id, buffer.split().freeze()),
        };
        if events.send(event).await.is_err() || count == 0 {
            return;
        }
    }
    let discard = async {
        while stream.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {
            buffer.clear();
        }
    };
    // Whether the client has closed its side by then makes no difference.
    let _ = time::timeout(LINGER, discard).await;
}
