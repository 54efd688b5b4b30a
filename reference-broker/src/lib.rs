//! A reference MQTT 3.1.1 and 5.0 broker.
//!
//! - [`mod@core`] is the broker itself, a pure state machine: no I/O, no clock, no randomness. Each normative
//!   rule that it carries out is named by a [`Rule`], which knows its statements; a broker
//!   [without](Rules::without) one of them is a mutant that a conformance test has to catch.
//! - [`net`] (feature `net`, on by default) puts it on the network.
//! - [`store`] (the same feature) keeps what it knows on disk.
//!
//! # In a test
//! [`net::Embedded`] is a broker on a free port for as long as a test takes:
//!
//! ```
//! let broker = reference_broker::net::Embedded::start()?;
//! let client = std::net::TcpStream::connect(broker.address())?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Driving the core
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use reference_broker::{Broker, Config, ConnectionId, Input, Output, Rules};
//!
//! let mut broker = Broker::new(Config::default(), Rules::all());
//! let client = ConnectionId(1);
//! let mut outputs = Vec::new();
//!
//! // A client connects with a keep alive of 10 seconds.
//! let connect = Bytes::from_static(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01a");
//! broker.handle(Duration::ZERO, Input::Opened(client), &mut outputs);
//! broker.handle(Duration::ZERO, Input::Bytes(client, connect), &mut outputs);
//! assert_eq!(outputs, [Output::Send(client, Bytes::from_static(&[0x20, 2, 0, 0]))]);
//!
//! // Nothing more comes from it.
//! let timeout = broker.next_timeout().unwrap();
//! assert_eq!(timeout, Duration::from_secs(15));
//! outputs.clear();
//! broker.handle(timeout, Input::Tick, &mut outputs);
//! assert_eq!(outputs, [Output::Close(client)]);
//! ```

pub mod core;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "net")]
pub mod store;

pub use crate::core::{Broker, Config, ConnectionId, Input, Output, Rule, Rules};
