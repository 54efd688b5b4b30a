//! Packet captures to TCP byte streams: what travelled, in order, and what is missing.
//!
//! ```
//! use mqttspec_segments::{Frame, FrameReader, Kind, LinkType, Network, Party, Recorder, Streams, synthetic::Wire};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut wire = Wire::new("127.0.0.1:50000".parse()?, "127.0.0.1:1883".parse()?);
//! let frames = [wire.open(), wire.bytes(Party::First, &[0xC0, 0x00])].concat();
//! let mut file = Recorder::new(Vec::new())?;
//! for data in &frames {
//!     let (number, at, original) = (0, Default::default(), data.len());
//!     file.frame(&Frame { number, at, link: LinkType::ETHERNET, data, original })?;
//! }
//!
//! let file = file.finish();
//! let mut frames = FrameReader::new(&file[..])?;
//! let (mut network, mut streams, mut events) = (Network::default(), Streams::default(), Vec::new());
//! while let Some(frame) = frames.next()? {
//!     if let Some(segment) = network.segment(&frame) {
//!         streams.segment(&segment, &mut events);
//!     }
//! }
//! streams.finish(&mut events);
//! let ping = Kind::Bytes { by: Party::First, bytes: vec![0xC0, 0x00].into() };
//! assert!(events.iter().any(|event| event.kind == ping && event.stamp.frame == 4));
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! - [`FrameReader`]: a file, or a pipe, to [`Frame`]s. pcap and pcapng, compressed or not, are told apart by content.
//! - [`Network`]: a frame to the TCP [`Segment`] in it, through link layers, VLAN tags, IP fragments and extensions.
//! - [`Streams`]: segments to [`Event`]s: bytes in order, explicit gaps, ends.
//! - [`Recorder`] writes frames, and [`synthetic`] makes the frames of a conversation that was not captured as such.
//!
//! Captures are hostile input. Everything here is bounded in memory, whatever a file claims.

mod error;
mod fragments;
mod frame;
mod ip;
mod link;
mod network;
mod record;
mod source;
pub mod synthetic;
mod tcp;

pub use error::ReadError;
pub use frame::{Frame, FrameReader, Stamp};
pub use link::LinkType;
pub use network::{Network, Segment};
pub use record::{Interface, Recorder, WriteError};
pub use tcp::{ConversationId, End, Event, Kind, Limits, Lost, Party, Streams, Tally};
