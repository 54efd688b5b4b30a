//! The broker on TCP, with clients that others have written.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![expect(clippy::print_stderr, reason = "a test that cannot run says so")]

mod mosquitto;
mod rumqttc_v4;
mod rumqttc_v5;
mod server;
mod sockets;
