//! The broker on the network, with clients that others have written and with hostile ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever else comes is wrong")]
#![expect(clippy::print_stderr, reason = "a test that cannot run says so")]

mod embedded;
mod mosquitto;
mod passwords;
mod rumqttc_v4;
mod rumqttc_v5;
mod server;
mod shutdown;
mod sockets;
mod tls;
mod websocket;
