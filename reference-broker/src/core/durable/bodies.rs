//! Messages as they are saved: once, however many copies of them are on their way.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::BytesMut;
use mqttspec_wire::{
    Packet, PacketId, Property, PropertyId, QoS, Sender, Version, decode,
    packet::{Delivery, Publish},
};

use super::bytes::{BrokenRecord, Reader, Write};
use crate::core::message::Message;

/// What is saved of a message. It is noted in the message itself, so that no table has to be searched for it.
///
/// Only the broker that has the message changes it. It is atomic because whatever is shared has to be.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// Its number; 0 if it has none.
    number: AtomicU64,
    /// How many saved entries refer to it.
    references: AtomicU32,
    /// Whether there is a record of it.
    has_record: AtomicBool,
    /// Whether it is among those that were touched.
    is_touched: AtomicBool,
}

impl Saved {
    fn count(&self, change: impl FnOnce(u32) -> u32) {
        self.references.store(change(self.references.load(Relaxed)), Relaxed);
    }
}

/// Sets it, and says what it was.
fn replace(flag: &AtomicBool, value: bool) -> bool {
    let before = flag.load(Relaxed);
    flag.store(value, Relaxed);
    before
}

/// The messages that saved entries refer to.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// Those that may have gained their first reference or lost their last one.
    touched: Vec<Arc<Message>>,
    /// The number of the newest.
    last: u64,
    /// Those that were read, until all that refers to them is.
    read: BTreeMap<u64, Arc<Message>>,
}

impl Bodies {
    /// Counts one more reference to a message, and says by which number.
    pub(crate) fn refer(&mut self, message: &Arc<Message>) -> u64 {
        let saved = &message.saved;
        if saved.number.load(Relaxed) == 0 {
            self.last += 1;
            saved.number.store(self.last, Relaxed);
        }
        saved.count(|references| references + 1);
        self.touch(message);
        saved.number.load(Relaxed)
    }

    /// Counts one less.
    pub(crate) fn release(&mut self, message: &Arc<Message>) {
        message.saved.count(|references| references.saturating_sub(1));
        self.touch(message);
    }

    fn touch(&mut self, message: &Arc<Message>) {
        if !replace(&message.saved.is_touched, true) {
            self.touched.push(Arc::clone(message));
        }
    }

    /// Tells of each message whether it is new, or that it is no longer needed.
    pub(crate) fn settle(&mut self, mut tell: impl FnMut(u64, Option<&Message>)) {
        for message in self.touched.drain(..) {
            let saved = &message.saved;
            saved.is_touched.store(false, Relaxed);
            let is_needed = saved.references.load(Relaxed) > 0;
            let number = saved.number.load(Relaxed);
            match (is_needed, replace(&saved.has_record, is_needed)) {
                (true, false) => tell(number, Some(&message)),
                (false, true) => tell(number, None),
                (true, true) | (false, false) => {}
            }
            if !is_needed {
                saved.number.store(0, Relaxed);
            }
        }
    }

    /// Takes in a message that is saved. Should nothing refer to it, it is no longer needed.
    pub(crate) fn restore(&mut self, number: u64, message: Message) {
        let message = Arc::new(message);
        message.saved.number.store(number, Relaxed);
        message.saved.has_record.store(true, Relaxed);
        self.touch(&message);
        self.read.insert(number, message);
        self.last = self.last.max(number);
    }

    /// The message with this number, to which there is one more reference.
    pub(crate) fn referred(&mut self, number: u64) -> Option<Arc<Message>> {
        let message = self.read.get(&number)?;
        message.saved.count(|references| references + 1);
        Some(Arc::clone(message))
    }

    /// All that refers to messages is read.
    pub(crate) fn all_read(&mut self) {
        self.read.clear();
    }
}

/// The record of a message: when it was received, a PUBLISH of MQTT 5.0 that has all but the payload, the payload.
pub(crate) fn write_message(message: &Message, out: &mut Vec<u8>) {
    let mut properties = message.properties.clone();
    if let Some(expiry) = message.expiry {
        properties.push(Property::MessageExpiryInterval(expiry));
    }
    let id = PacketId::MIN;
    let head = Packet::Publish(Publish {
        delivery: match message.qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce { id, dup: false },
            QoS::ExactlyOnce => Delivery::ExactlyOnce { id, dup: false },
        },
        retain: message.retain,
        topic: message.topic.clone(),
        properties,
        payload: bytes::Bytes::new(),
    });
    let mut encoded = BytesMut::new();
    head.encode(Version::V5_0, &mut encoded);
    out.reserve(encoded.len() + message.payload.len() + 16);
    out.put_time(message.received);
    out.put_prefixed(&encoded);
    out.extend_from_slice(&message.payload);
}

/// Reads the record of a message.
pub(crate) fn read_message(record: &mut Reader) -> Result<Message, BrokenRecord> {
    let received: Duration = record.time()?;
    let head = record.prefixed()?;
    let Ok(Packet::Publish(mut publish)) = decode(Sender::Client, Some(Version::V5_0), &head) else {
        return Err(BrokenRecord::new("it holds no PUBLISH"));
    };
    let expiry = publish.properties.message_expiry_interval();
    publish.properties.retain(|property| property.id() != PropertyId::MessageExpiryInterval);
    Ok(Message {
        topic: publish.topic,
        payload: record.rest(),
        qos: publish.delivery.qos(),
        retain: publish.retain,
        properties: publish.properties,
        expiry,
        received,
        saved: Saved::default(),
    })
}
