//! What carries the control packets (MQTT 5.0 §4.2).

/// What carries the control packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket over TCP.
    WebSocket,
    /// WebSocket over TLS.
    SecureWebSocket,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Tls, Self::WebSocket, Self::SecureWebSocket];

    /// The transport of addresses that begin with this scheme.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        let scheme = if scheme == "tcp" { "mqtt" } else { scheme };
        Self::ALL.into_iter().find(|transport| transport.scheme() == scheme)
    }

    /// How its addresses begin, before `://`.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "mqtt",
            Self::Tls => "mqtts",
            Self::WebSocket => "ws",
            Self::SecureWebSocket => "wss",
        }
    }

    /// The port that is meant when none is named: those registered with IANA for MQTT, HTTP and HTTPS.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Tcp => 1883,
            Self::Tls => 8883,
            Self::WebSocket => 80,
            Self::SecureWebSocket => 443,
        }
    }

    /// Whether it is encrypted.
    pub const fn is_secure(self) -> bool {
        match self {
            Self::Tls | Self::SecureWebSocket => true,
            Self::Tcp | Self::WebSocket => false,
        }
    }

    /// Whether packets travel in WebSocket frames (MQTT 5.0 §6).
    pub const fn is_websocket(self) -> bool {
        match self {
            Self::WebSocket | Self::SecureWebSocket => true,
            Self::Tcp | Self::Tls => false,
        }
    }
}
