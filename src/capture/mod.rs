//! Packet captures: what travelled between MQTT clients and brokers, and who of them kept the standards.
//!
//! ```text
//! file -> frames -> segments -> streams     the crate mqttspec-segments, which knows no MQTT
//!      -> Conversation -> Session           finds MQTT by its content, cuts it into packets, judges them
//!      -> Survey                            what the whole capture came to
//! ```
//!
//! Three things are never blamed on anybody: bytes that are not in the capture, what happened before it began, and what
//! follows a place where packets had to be searched for. [`Blind`] says which of them kept a conversation from being
//! judged as a whole.

mod breach;
mod conversation;
pub mod edit;
mod framing;
mod guess;
mod layer;
pub mod live;
mod outcome;
mod protocol;
mod recording;
pub mod replay;
pub mod scenario;
mod seen;
mod session;
mod sniff;
mod survey;
mod timing;
mod tls;
mod unpacked;
mod websocket;

pub use breach::{Breach, Breaches, Shown, summary};
pub use conversation::{Conversation, Nature};
pub use outcome::{evidence, grade, outcome, packet_evidence};
pub use protocol::{Blind, Protocol};
pub use recording::{RecordError, Recording, Recordings, Turn, record};
pub use seen::{Seen, Watcher};
pub use session::{Counts, Session};
pub use survey::{Summary, Survey, Topic, survey};
pub use timing::{Spread, Timings};
pub use tls::KeyLog;
pub use unpacked::Unreadable;
