//! Where clients come in, and what happens until their first packet can.

use std::{io, time::Duration};

use mqttspec_wire::Utf8String;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{net::TcpListener, sync::mpsc, time};
use tracing::warn;

use super::{Event, connection::Duplex, crowd::Crowd, tls::Tls, websocket::Frames};

/// How many handshakes of one listener may be under way; further clients take the place of the oldest.
const HANDSHAKES: usize = 1_024;

/// Where clients come in: plain TCP, if nothing else is said.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    tls: Option<Tls>,
    is_websocket: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A network connection that is ready for MQTT, and who is at the other side if its certificate says so.
pub(super) struct Accepted {
    pub(super) stream: Box<dyn Duplex>,
    /// Whether there is neither TLS nor WebSocket on it, which are to be closed before the network connection is.
    pub(super) is_plain: bool,
    pub(super) identity: Option<Utf8String>,
}

/// The bounds on a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long it may take.
    pub(super) time: Duration,
    /// How many bytes a WebSocket frame may have afterwards.
    pub(super) frame: usize,
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self { socket: Socket::Tcp(listener), tls: None, is_websocket: false }
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self { socket: Socket::Unix(listener), tls: None, is_websocket: false }
    }
}

impl Listener {
    /// Speaks TLS.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Speaks WebSocket (MQTT 5.0 §6).
    #[must_use]
    pub fn with_websocket(self) -> Self {
        Self { is_websocket: true, ..self }
    }

    /// Accepts clients for ever.
    pub(super) async fn accept(self, bounds: Bounds, events: mpsc::Sender<Event>) {
        let mut handshakes = Crowd::of(HANDSHAKES);
        loop {
            match self.socket.accept().await {
                Ok(stream) if self.tls.is_none() && !self.is_websocket => {
                    let accepted = Accepted { stream, is_plain: true, identity: None };
                    if events.send(Event::Accepted(accepted)).await.is_err() {
                        return;
                    }
                }
                Ok(stream) => {
                    let greeting = greet(stream, self.tls.clone(), self.is_websocket, bounds.frame);
                    let events = events.clone();
                    let handshake = async move {
                        // Nobody asks why a client did not come in.
                        if let Ok(Ok(accepted)) = time::timeout(bounds.time, greeting).await {
                            let _ = events.send(Event::Accepted(accepted)).await;
                        }
                    };
                    handshakes.admit(handshake).await;
                }
                Err(error) => {
                    warn!(%error, "no client can be accepted");
                    pause_accepting().await;
                }
            }
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Box<dyn Duplex>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Without this option packets only arrive later.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _): (UnixStream, _) = listener.accept().await?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// The handshakes of TLS and WebSocket.
async fn greet(
    stream: Box<dyn Duplex>,
    tls: Option<Tls>,
    is_websocket: bool,
    frame: usize,
) -> io::Result<Accepted> {
    let (stream, identity): (Box<dyn Duplex>, _) = match tls {
        Some(tls) => {
            let stream = tls.accept(stream).await?;
            let identity = tls.identity(&stream);
            (Box::new(stream), identity)
        }
        None => (stream, None),
    };
    let stream = if is_websocket { Box::new(Frames::upgrade(stream, frame).await?) } else { stream };
    Ok(Accepted { stream, is_plain: false, identity })
}

/// Waits a little when the system has no room for another connection. Nothing tells when it has room again, and to ask at
/// once would keep a processor busy.
pub async fn pause_accepting() {
    time::sleep(Duration::from_millis(100)).await;
}
