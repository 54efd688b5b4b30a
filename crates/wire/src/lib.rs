//! MQTT control packets of both versions: bytes to packets and back, precisely, and wrong on purpose.
//!
//! ```
//! use bytes::Bytes;
//! use mqttspec_wire::{
//!     Decoder, Packet, Properties, Property, Sender, Utf8String, Version,
//!     packet::{Delivery, Publish},
//! };
//!
//! let publish = Packet::Publish(Publish {
//!     delivery: Delivery::AtMostOnce,
//!     retain: false,
//!     topic: Utf8String::try_from("sensors/1")?,
//!     properties: Properties::from_iter([Property::MessageExpiryInterval(60)]),
//!     payload: Bytes::from_static(b"21.5"),
//! });
//! let bytes = publish.to_bytes(Version::V5_0);
//!
//! let mut decoder = Decoder::new(Sender::Server, Some(Version::V5_0));
//! decoder.feed(&bytes[..5]);
//! assert_eq!(decoder.next()?, None);
//! decoder.feed(&bytes[5..]);
//! let frame = decoder.next()?.expect("all its bytes have come");
//! assert_eq!((frame.packet, frame.raw), (publish, bytes));
//!
//! decoder.feed(&[0x36, 0x00]);
//! let fault = decoder.next().unwrap_err().fault;
//! assert_eq!(fault.to_string(), "first-byte at byte 0: there is no QoS 3 (v5.0:3.3.1-4)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! What packets are: [`packet`], [`property`], [`topic`], and the small values [`PacketId`], [`QoS`], [`Utf8String`],
//! [`ReasonCode`]. A packet's parts have the names of [`Part`], which all that follows shares.
//!
//! - [`Decoder`] and [`decode`]: strict, incremental. What a packet may carry stands in tables (`table`), which
//!   statement a fault breaks in `law`. [`Fault`] says where, what, and against which statement.
//! - [`Packet::encode`]: the packets are described once, to a `Sink` that counts bytes, writes them, or records them.
//! - [`Layout`] is the recording: a tree of parts, made malformed by [`Edit`]s. Lengths follow unless they are to lie.
//! - [`annotate`] explains bytes part by part, with the fault below the faulty byte.
//! - `testing` (feature `proptest`) generates well-formed packets.
//!
//! Nothing here reads a clock, does input or output, or allocates more than a constant times the bytes it was given.

mod decode;
mod dump;
mod edit;
mod encode;
mod fault;
mod law;
mod layout;
pub mod packet;
mod part;
pub mod property;
mod reason;
mod scalar;
mod table;
#[cfg(feature = "proptest")]
pub mod testing;
pub mod topic;
pub mod variable_byte;

pub use decode::{Decoder, Frame, Rejected, decode};
pub use dump::{Dump, Row, annotate};
pub use edit::{Edit, EditError};
pub use fault::{Fault, FaultClass, FaultKind};
pub use law::enforced;
pub use layout::Layout;
pub use mqttspec_spec::Version;
pub use packet::Packet;
pub use part::Part;
pub use property::{Properties, Property, PropertyId, Value};
pub use reason::ReasonCode;
pub use scalar::{PacketId, QoS, Sender, Utf8Fault, Utf8String};
pub use topic::{TopicFilter, TopicName};
