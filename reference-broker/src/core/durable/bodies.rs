//! Messages as they are saved: once, however many copies of them are on their way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::BytesMut;
use mqttspec_wire::{
    Packet, PacketId, Property, PropertyId, QoS, Sender, Version, decode,
    packet::{Delivery, Publish},
};

use super::bytes::{BrokenRecord, Reader, Write};
use crate::core::message::Message;

/// The messages that saved entries refer to.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// By number, so that an entry's record finds its message.
    by_number: BTreeMap<u64, Body>,
    /// Their numbers by the address of the message, which is in use as long as the message is here.
    numbers: BTreeMap<usize, u64>,
    /// Those that may have gained their first reference or lost their last one.
    touched: BTreeSet<u64>,
    next: u64,
}

#[derive(Debug)]
struct Body {
    message: Arc<Message>,
    references: usize,
    is_saved: bool,
}

impl Bodies {
    /// Counts one more reference to a message, and says by which number.
    pub(crate) fn refer(&mut self, message: &Arc<Message>) -> u64 {
        let number = *self.numbers.entry(address(message)).or_insert_with(|| {
            self.next += 1;
            self.next
        });
        let new = || Body { message: Arc::clone(message), references: 0, is_saved: false };
        self.by_number.entry(number).or_insert_with(new).references += 1;
        self.touched.insert(number);
        number
    }

    /// Counts one less.
    pub(crate) fn release(&mut self, message: &Arc<Message>) {
        if let Some(number) = self.numbers.get(&address(message))
            && let Some(body) = self.by_number.get_mut(number)
        {
            body.references = body.references.saturating_sub(1);
            self.touched.insert(*number);
        }
    }

    /// Tells of each message whether it is new, or that it is no longer needed.
    pub(crate) fn settle(&mut self, mut tell: impl FnMut(u64, Option<&Message>)) {
        for number in std::mem::take(&mut self.touched) {
            let Some(body) = self.by_number.get_mut(&number) else { continue };
            match (body.references, body.is_saved) {
                (0, is_saved) => {
                    self.numbers.remove(&address(&body.message));
                    self.by_number.remove(&number);
                    if is_saved {
                        tell(number, None);
                    }
                }
                (_, true) => {}
                (_, false) => {
                    body.is_saved = true;
                    tell(number, Some(&body.message));
                }
            }
        }
    }

    /// Takes in a message that is saved. Should nothing refer to it, it is no longer needed.
    pub(crate) fn restore(&mut self, number: u64, message: Message) {
        let message = Arc::new(message);
        self.numbers.insert(address(&message), number);
        self.by_number.insert(number, Body { message, references: 0, is_saved: true });
        self.touched.insert(number);
        self.next = self.next.max(number);
    }

    /// The message with this number, to which there is one more reference.
    pub(crate) fn referred(&mut self, number: u64) -> Option<Arc<Message>> {
        let body = self.by_number.get_mut(&number)?;
        body.references += 1;
        Some(Arc::clone(&body.message))
    }
}

fn address(message: &Arc<Message>) -> usize {
    Arc::as_ptr(message).addr()
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
    })
}
