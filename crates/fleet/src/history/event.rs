//! What a device sees of the history of a fleet.

use mqttspec_wire::{QoS, Utf8String};

use crate::{identity::Identity, plan::Micros};

/// Something that a device did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has sent CONNECT.
    Connect {
        /// Clean Start.
        clean_start: bool,
        /// Whether it brings a will.
        will: bool,
    },
    /// The broker has accepted it.
    Connack {
        /// Session Present.
        session_present: bool,
    },
    /// The broker has answered something that was sent at that time, so the network connection was open then.
    Alive(Micros),
    /// It has sent DISCONNECT.
    Disconnect {
        /// Whether its will is to be published all the same.
        with_will: bool,
        /// The new Session Expiry Interval in seconds, if there is one.
        expiry: Option<u32>,
    },
    /// Its network connection has ended.
    Ended {
        /// Whether it was the broker that closed it, in order, so that it has read all that was sent.
        by_broker: bool,
    },
    /// It has subscribed to the filter with this number in its group.
    Subscribe(u8),
    /// The broker has granted this QoS for the filter, or refused it.
    Suback(u8, Option<QoS>),
    /// It has unsubscribed from the filter with this number in its group.
    Unsubscribe(u8),
    /// The broker has confirmed that.
    Unsuback(u8),
    /// It has sent a message.
    Publish {
        /// Which.
        message: Identity,
        /// Whether it was sent before.
        again: bool,
    },
    /// The broker has taken over a message and done with it (PUBACK or PUBCOMP), or refused it.
    Acked {
        /// Which.
        message: Identity,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// A message was given up, since the session in which it was sent is gone.
    Abandoned(Identity),
    /// A message has come.
    Delivered(Delivered),
    /// The broker has broken a rule that a single connection shows.
    Breach(Breach),
}

/// An exchange of QoS 1 or QoS 2 that waits for a packet of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenExchange {
    /// What the broker has to send.
    pub awaited: Awaited,
    /// The message that it is about, if it is about one.
    pub message: Identity,
    /// When the device has last sent, or got, something that makes the broker go on.
    pub since: Micros,
}

/// What a broker has to send for an exchange to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// PUBACK or PUBREC for a message of the device.
    Acknowledgement,
    /// PUBCOMP for a message of the device.
    Pubcomp,
    /// PUBREL for a message of the broker, or the message once more.
    Pubrel,
    /// SUBACK.
    Suback,
    /// UNSUBACK.
    Unsuback,
}

/// A message that has come. One that QoS 2 lets the device recognise as a repetition is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Which, if it is one of this run.
    pub message: Identity,
    /// The topic it came with.
    pub topic: Utf8String,
    /// The QoS it came with.
    pub qos: QoS,
    /// DUP.
    pub dup: bool,
    /// RETAIN.
    pub retain: bool,
    /// Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
}

/// What a single connection shows broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// More messages are unacknowledged than the device's Receive Maximum allows.
    ReceiveMaximum,
    /// A Packet Identifier came with another message before it was free.
    IdentifierInUse,
    /// A message came again on a resumed session without DUP.
    RedeliveredWithoutDup,
    /// A retained message without payload came.
    EmptyRetained,
    /// A SUBACK has not as many codes as SUBSCRIBE had filters.
    SubackCodes,
    /// What came is not MQTT.
    Malformed,
}
