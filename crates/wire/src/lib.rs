//! MQTT control packets of both versions: bytes to packets and back.

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
pub use layout::Layout;
pub use mqttspec_spec::Version;
pub use packet::Packet;
pub use part::Part;
pub use property::{Properties, Property, PropertyId, Value};
pub use reason::ReasonCode;
pub use scalar::{PacketId, QoS, Sender, Utf8Fault, Utf8String};
pub use topic::{TopicFilter, TopicName};
