//! The writing side of a network connection that cannot be written to from outside a task: TLS and WebSocket have work
//! of their own to do before bytes can leave.

use std::{io, pin::pin};

use bytes::Bytes;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time,
};

use super::{Event, PATIENCE};
use crate::core::ConnectionId;

/// Writes what the sender that is returned is given, and tells after each how it went. When the sender is dropped, the
/// rest is written and the connection is closed for writing.
pub(super) fn spawn(
    id: ConnectionId,
    stream: impl AsyncWrite + Send + Unpin + 'static,
    events: mpsc::Sender<Event>,
) -> mpsc::UnboundedSender<Bytes> {
    let (sender, orders) = mpsc::unbounded_channel();
    tokio::spawn(write(id, stream, orders, events));
    sender
}

async fn write(
    id: ConnectionId,
    mut stream: impl AsyncWrite + Send + Unpin,
    mut orders: mpsc::UnboundedReceiver<Bytes>,
    events: mpsc::Sender<Event>,
) {
    while let Some(bytes) = orders.recv().await {
        let Some(written) = write_patiently(&mut stream, &bytes, &orders).await else { return };
        let event = if written.is_ok() { Event::Writable(id) } else { Event::Ended(id) };
        // The queue is gone when the server is.
        if events.send(event).await.is_err() || written.is_err() {
            return;
        }
    }
    // A client that does not take this either is left alone.
    let _ = time::timeout(PATIENCE, stream.shutdown()).await;
}

/// Writes however long it takes, unless nothing more is to come: then a client that does not read is given up.
async fn write_patiently(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    orders: &mpsc::UnboundedReceiver<Bytes>,
) -> Option<io::Result<()>> {
    let mut writing = pin!(async {
        stream.write_all(bytes).await?;
        stream.flush().await
    });
    loop {
        match time::timeout(PATIENCE, &mut writing).await {
            Ok(written) => return Some(written),
            Err(_) if orders.is_closed() => return None,
            Err(_) => {}
        }
    }
}
