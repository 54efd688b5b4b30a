//! A network connection as the driver sees it, whatever carries the bytes.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError},
};

/// What can be read from and written to.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// An open network connection.
pub(super) enum Stream {
    /// TCP or TLS.
    Bytes(Box<dyn Duplex>, BytesMut),
    /// WebSocket over either.
    Frames(Box<WebSocketStream<Box<dyn Duplex>>>),
}

/// What comes from the broker.
pub(super) enum Arrival {
    Bytes(Bytes),
    /// A WebSocket text frame, in which there is no MQTT (MQTT 5.0 §6).
    Text(Bytes),
    /// The broker has closed.
    End,
    /// The network connection broke.
    Reset,
}

impl Stream {
    /// A stream of bytes.
    pub(super) fn bytes(stream: Box<dyn Duplex>) -> Self {
        Self::Bytes(stream, BytesMut::with_capacity(16 * 1024))
    }

    /// Sends bytes in one write, or in one frame. That it fails is noticed by who receives.
    pub(super) async fn send(&mut self, bytes: Bytes) {
        match self {
            Self::Bytes(stream, _) => {
                if stream.write_all(&bytes).await.is_ok() {
                    stream.flush().await.ok();
                }
            }
            Self::Frames(socket) => {
                socket.send(Message::Binary(bytes)).await.ok();
            }
        }
    }

    /// Sends bytes that are UTF-8 in a WebSocket text frame; nothing over another transport, which has no frames.
    pub(super) async fn send_text(&mut self, bytes: Bytes) {
        if let (Self::Frames(socket), Ok(text)) = (self, Utf8Bytes::try_from(bytes)) {
            socket.send(Message::Text(text)).await.ok();
        }
    }

    /// Closes the sending direction. For WebSocket too, this is that of the bytes below.
    pub(super) async fn half_close(&mut self) {
        match self {
            Self::Bytes(stream, _) => stream.shutdown().await.ok(),
            Self::Frames(socket) => socket.get_mut().shutdown().await.ok(),
        };
    }

    /// Waits for what comes next. Nothing is lost if this is not waited for to the end.
    pub(super) async fn receive(&mut self) -> Arrival {
        match self {
            Self::Bytes(stream, buffer) => match stream.read_buf(buffer).await {
                Ok(0) => Arrival::End,
                Ok(_) => Arrival::Bytes(buffer.split().freeze()),
                // The end of TLS that was not announced, which is how many brokers close.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Arrival::End,
                Err(_) => Arrival::Reset,
            },
            Self::Frames(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) if !bytes.is_empty() => return Arrival::Bytes(bytes),
                    Some(Ok(Message::Text(text))) => return Arrival::Text(text.into()),
                    // The library answers pings by itself.
                    Some(Ok(
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
                    )) => {}
                    Some(Ok(Message::Close(_))) | None => return Arrival::End,
                    Some(Err(error)) => return end(&error),
                }
            },
        }
    }
}

/// How a WebSocket ended.
pub(super) fn end(error: &Error) -> Arrival {
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Arrival::End,
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Arrival::End,
        Error::Io(_)
        | Error::Tls(_)
        | Error::Capacity(_)
        | Error::Protocol(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Arrival::Reset,
    }
}
