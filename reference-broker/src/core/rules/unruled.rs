//! The statements about servers that no rule carries out, and why there is nothing to do about them in the core.

use mqttspec_spec::{StatementId, v3, v5};

const OF_TWO_BYTES: &str = "The length of a string has two bytes, so that no longer topic can come.";
const WEBSOCKET_BINARY: &str =
    "The WebSocket listener carries it out, below the core: any other data frame ends the connection.";
const WEBSOCKET_STREAM: &str = "The WebSocket listener carries it out, below the core: what is in its frames is read as one stream of bytes.";
const WEBSOCKET_PROTOCOL: &str =
    "The WebSocket listener carries it out, below the core: it chooses `mqtt` or refuses the handshake.";
const WEBSOCKET_PATH: &str =
    "The WebSocket listener carries it out, below the core: it does not look at the path.";
const ORDERED_TRANSPORT: &str = "Every listener is one: TCP, TLS, WebSocket and Unix sockets.";
const ONE_PORT: &str = "A permission that is used: every connection speaks the version of its CONNECT.";
const SUBACK_FIRST: &str = "A permission that is not used: SUBACK is sent first.";
const BUFFERED_DELIVERED: &str = "A permission that is used: what already waits for the client is delivered.";

/// The statements with their reasons.
pub(super) const UNRULED: &[(StatementId, &str)] = &[
    (v3!("4.7.3-3"), OF_TWO_BYTES),
    (
        v3!("4.8.0-2"),
        "The core has no transient errors; the listeners close a connection whose socket has one.",
    ),
    (v3!("6.0.0-1"), WEBSOCKET_BINARY),
    (v3!("6.0.0-2"), WEBSOCKET_STREAM),
    (v3!("6.0.0-4"), WEBSOCKET_PROTOCOL),
    (v3!("7.0.0-1"), "The broker opens no connections to other servers."),
    (v3!("7.0.0-2"), "Nothing from outside the standard is asked of clients."),
    (v3!("7.1.1-1"), ORDERED_TRANSPORT),
    (v3!("X-2.2.3-2"), "A permission: over-long forms are accepted."),
    (
        v3!("X-3.1.2.4-1"),
        "A permission that is used if the configuration says so, which it does not by default.",
    ),
    (v3!("X-3.1.3.1-1"), "A permission that is used: the configuration says up to which length."),
    (v3!("X-3.1.4-4"), ONE_PORT),
    (
        v3!("X-3.3.5-1"),
        "A permission that is used if the configuration says so; by default one copy at the highest QoS serves all.",
    ),
    (v3!("X-3.8.4-1"), SUBACK_FIRST),
    (v3!("X-3.10.4-1"), BUFFERED_DELIVERED),
    (v3!("X-6-1"), WEBSOCKET_PATH),
    (v5!("4.2-1"), ORDERED_TRANSPORT),
    (v5!("4.7.3-3"), OF_TWO_BYTES),
    (v5!("6.0.0-1"), WEBSOCKET_BINARY),
    (v5!("6.0.0-2"), WEBSOCKET_STREAM),
    (v5!("6.0.0-4"), WEBSOCKET_PROTOCOL),
    (v5!("X-3.1.2.11.4-4"), "A permission that is used: a member that cannot take the message loses it."),
    (v5!("X-3.1.2.11.7-3"), "A permission that is used: what is not a success has a Reason String."),
    (v5!("X-3.1.4-5"), ONE_PORT),
    (v5!("X-3.2.2.2-1"), "A permission that is used: the client is told why it is refused."),
    (v5!("X-3.3.2.3.2-1"), "The publisher owes it; the broker leaves the check to the receiver, as it may."),
    (v5!("X-3.8.4-1"), SUBACK_FIRST),
    (v5!("X-3.10.4-2"), BUFFERED_DELIVERED),
    (v5!("X-4.12.1-2"), "A permission that is used: other packets are processed meanwhile."),
    (v5!("X-6-1"), WEBSOCKET_PATH),
];
