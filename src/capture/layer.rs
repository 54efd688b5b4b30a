//! What MQTT may be wrapped in on its way, one inside the other: TLS, WebSocket.

use mqttspec_segments::Party;

use super::{
    tls::{KeyLog, Tls},
    unpacked::Unpacked,
    websocket::Tunnel,
};

/// A wrapping of both directions.
#[derive(Debug)]
pub(super) enum Layer {
    Tls(Box<Tls>),
    WebSocket(Box<[Tunnel; 2]>),
}

impl Layer {
    pub(super) fn websocket() -> Self {
        Self::WebSocket(Box::new([Tunnel::new(), Tunnel::new()]))
    }

    /// Unpacks the bytes of a segment.
    pub(super) fn bytes(&mut self, by: Party, bytes: &[u8], keys: &KeyLog) -> Vec<Unpacked> {
        let mut unpacked = Vec::new();
        match self {
            Self::Tls(tls) => tls.bytes(by, bytes, keys, &mut unpacked),
            Self::WebSocket(tunnels) => tunnel(tunnels, by).bytes(bytes, &mut unpacked),
        }
        unpacked
    }

    /// Bytes of a party are missing.
    pub(super) fn gap(&mut self, by: Party) -> Vec<Unpacked> {
        let mut unpacked = Vec::new();
        match self {
            Self::Tls(tls) => tls.gap(by, &mut unpacked),
            Self::WebSocket(tunnels) => tunnel(tunnels, by).gap(&mut unpacked),
        }
        unpacked
    }
}

const fn tunnel(tunnels: &mut [Tunnel; 2], by: Party) -> &mut Tunnel {
    let [first, second] = tunnels;
    match by {
        Party::First => first,
        Party::Second => second,
    }
}
