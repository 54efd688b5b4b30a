//! MQTT in WebSocket frames (§6), seen as a stream of bytes: frames and packets need not line up.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::WebSocketConfig,
    },
};

/// How many bytes a connection has room for before a frame is known to be longer.
const BUFFER: usize = 16 * 1024;

/// How many bytes of several packets go into one frame.
const HANDFUL: usize = 64 * 1024;

/// The server's side of a WebSocket connection.
pub(super) struct Frames<S> {
    socket: WebSocketStream<S>,
    /// What has come in a frame and was not read yet.
    unread: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Carries out the opening handshake. No frame, and no message of several frames, may be longer than `limit` bytes.
    pub(super) async fn upgrade(stream: S, limit: usize) -> io::Result<Self> {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_frame_size(Some(limit))
            .max_message_size(Some(limit));
        let socket = accept_hdr_async_with_config(stream, choose_mqtt, Some(config));
        Ok(Self { socket: socket.await.map_err(io::Error::other)?, unread: Bytes::new() })
    }
}

/// Chooses the subprotocol `mqtt`, which the client has to offer. The path makes no difference.
#[expect(clippy::result_large_err, reason = "the type is that of the library's callback")]
fn choose_mqtt(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    const MQTT: &str = "mqtt";
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut names = offers.filter_map(|offer| offer.to_str().ok()).flat_map(|offer| offer.split(','));
    if names.any(|name| name.trim() == MQTT) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(MQTT));
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("offer the WebSocket subprotocol mqtt\n".to_owned()));
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    Err(refusal)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.unread.is_empty() {
            match ready!(this.socket.poll_next_unpin(cx)).transpose().map_err(io::Error::other)? {
                Some(Message::Binary(bytes)) => this.unread = bytes,
                Some(Message::Text(_)) => {
                    let why = "a WebSocket text frame, where MQTT is only in binary ones";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
                }
                // The library answers these by itself.
                Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {}
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = this.unread.len().min(buffer.remaining());
        buffer.put_slice(&this.unread.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Sends a frame, which is made when there is room for it. Says how long it was.
    fn poll_send(&mut self, cx: &mut Context<'_>, make: impl FnOnce() -> Bytes) -> Poll<io::Result<usize>> {
        ready!(self.socket.poll_ready_unpin(cx)).map_err(io::Error::other)?;
        let frame = make();
        let length = frame.len();
        self.socket.start_send_unpin(Message::Binary(frame)).map_err(io::Error::other)?;
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<Result<usize, io::Error>> {
        self.get_mut().poll_send(cx, || Bytes::copy_from_slice(buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<Result<usize, io::Error>> {
        self.get_mut().poll_send(cx, || handful(buffers))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.get_mut().socket.poll_flush_unpin(cx).map_err(io::Error::other)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        let this = self.get_mut();
        ready!(this.socket.poll_close_unpin(cx)).map_err(io::Error::other)?;
        Pin::new(this.socket.get_mut()).poll_shutdown(cx)
    }
}

/// The first packet, together with as many more as make a handful.
fn handful(packets: &[io::IoSlice<'_>]) -> Bytes {
    let mut handful = BytesMut::new();
    for packet in packets {
        if !handful.is_empty() && handful.len() + packet.len() > HANDFUL {
            break;
        }
        handful.extend_from_slice(packet);
    }
    handful.freeze()
}
