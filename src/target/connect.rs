//! Opening a network connection, and what can go wrong with it.

use std::{io, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, pki_types::ServerName},
};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{
        self, ClientRequestBuilder,
        error::{ProtocolError, SubProtocolError},
        http::{StatusCode, Uri, uri::InvalidUri},
        protocol::WebSocketConfig,
    },
};

use super::{
    Endpoint, Trust,
    stream::{Duplex, Stream},
};

/// How long a network connection may take to open, handshakes included.
const OPENING: Duration = Duration::from_secs(5);
/// More than this in one WebSocket frame is a flood.
const FRAME: usize = 64 << 20;

/// Why no network connection could be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// TCP did not come about.
    #[error("{0}. Is it running, and is the port right?")]
    Tcp(io::Error),
    /// Nothing happened for too long.
    #[error("no answer within {} s. Is it running, and is this the transport that it speaks at this port?", OPENING.as_secs())]
    TimedOut,
    /// Nobody said whom to trust.
    #[error(
        "nobody said whom to trust over TLS. Name the authority of its certificate with --ca FILE, or accept any certificate with --insecure"
    )]
    NoTrust,
    /// The broker's certificate is not trusted.
    #[error(
        "the broker's certificate is not accepted: {0}. Name the authority that signed it with --ca FILE and the host as the certificate does, or accept any certificate with --insecure"
    )]
    Certificate(rustls::Error),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed: {0}. Is it TLS that the broker speaks at this port?")]
    Tls(io::Error),
    /// The answer to the upgrade is not the one that opens a WebSocket.
    #[error("the WebSocket upgrade was answered with HTTP status {0}. Is the path right?")]
    Http(StatusCode),
    /// The server chose a subprotocol that it was not offered.
    #[error("the broker chose another WebSocket subprotocol than mqtt, the only one offered")]
    WrongSubprotocol,
    /// The server chose no subprotocol.
    #[error("the broker chose no WebSocket subprotocol, where mqtt was offered. Is this the path for MQTT?")]
    NoSubprotocol,
    /// The upgrade failed in another way.
    #[error("the WebSocket handshake failed: {0}. Is it WebSocket that the broker speaks at this port?")]
    WebSocket(tungstenite::Error),
    /// The host or the path cannot be part of a URI.
    #[error("the address cannot be asked for: {0}. Name another host or path")]
    Uri(#[from] InvalidUri),
}

impl Endpoint {
    /// Opens a network connection.
    pub(super) async fn connect(&self, trust: &Trust) -> Result<Stream, ConnectError> {
        timeout(OPENING, self.open(trust)).await.map_err(|_| ConnectError::TimedOut)?
    }

    async fn open(&self, trust: &Trust) -> Result<Stream, ConnectError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(ConnectError::Tcp)?;
        tcp.set_nodelay(true).map_err(ConnectError::Tcp)?;
        let stream: Box<dyn Duplex> =
            if self.transport.is_secure() { self.secure(tcp, trust).await? } else { Box::new(tcp) };
        if self.transport.is_websocket() { self.upgrade(stream).await } else { Ok(Stream::bytes(stream)) }
    }

    async fn secure(&self, tcp: TcpStream, trust: &Trust) -> Result<Box<dyn Duplex>, ConnectError> {
        let config = trust.config().ok_or(ConnectError::NoTrust)?;
        match TlsConnector::from(config).connect(self.server_name()?, tcp).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner @ rustls::Error::InvalidCertificate(_)) => {
                    Err(ConnectError::Certificate(inner.clone()))
                }
                _ => Err(ConnectError::Tls(error)),
            },
        }
    }

    /// The name that the broker's certificate has to be for.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, ConnectError> {
        ServerName::try_from(self.host.clone())
            .map_err(|error| ConnectError::Tls(io::Error::new(io::ErrorKind::InvalidInput, error)))
    }

    async fn upgrade(&self, stream: Box<dyn Duplex>) -> Result<Stream, ConnectError> {
        let uri: Uri = self.to_string().parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("mqtt");
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .write_buffer_size(0)
            .max_frame_size(Some(FRAME))
            .max_message_size(Some(FRAME));
        let upgraded = client_async_with_config(request, stream, Some(config)).await;
        let (socket, _) = upgraded.map_err(refusal)?;
        Ok(Stream::Frames(Box::new(socket)))
    }
}

fn refusal(error: tungstenite::Error) -> ConnectError {
    if let tungstenite::Error::Http(answer) = &error {
        return ConnectError::Http(answer.status());
    }
    let tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(which)) = &error else {
        return ConnectError::WebSocket(error);
    };
    match which {
        SubProtocolError::InvalidSubProtocol | SubProtocolError::ServerSentSubProtocolNoneRequested => {
            ConnectError::WrongSubprotocol
        }
        SubProtocolError::NoSubProtocol => ConnectError::NoSubprotocol,
    }
}
