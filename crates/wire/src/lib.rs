//! MQTT control packets of both versions: bytes to packets and back.

pub mod packet;
pub mod property;
mod reason;
mod scalar;
pub mod topic;

pub use mqttspec_spec::Version;
pub use packet::Packet;
pub use property::{Properties, Property, PropertyId, Value};
pub use reason::ReasonCode;
pub use scalar::{PacketId, QoS, Sender, Utf8Fault, Utf8String};
pub use topic::{TopicFilter, TopicName};
