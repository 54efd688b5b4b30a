//! What is saved of the entries of a session's collections and of retained messages.

use std::sync::Arc;

use bytes::BufMut;
use mqttspec_wire::{PacketId, QoS, TopicFilter, Utf8String};

use super::{
    bodies::Bodies,
    bytes::{BrokenRecord, Reader, Write},
};
use crate::core::{
    in_flight::{Awaits, Exchange},
    message::{Copy, Message},
    replay::Replay,
    retained::Stored,
    session::Incoming,
    subscriptions::Options,
};

/// A value that is saved as a record of its own. A message is saved once, and its copies refer to it.
pub(crate) trait Entry: Sized {
    /// The message that it refers to.
    fn message(&self) -> Option<&Arc<Message>> {
        None
    }

    /// Writes the record.
    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>);

    /// Reads the record.
    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord>;
}

/// The part of a record's key that tells the entries of one collection apart.
pub(crate) trait EntryKey {
    fn write(&self, key: &mut Vec<u8>);
}

impl EntryKey for PacketId {
    fn write(&self, key: &mut Vec<u8>) {
        key.put_u16(self.get());
    }
}

impl EntryKey for u64 {
    fn write(&self, key: &mut Vec<u8>) {
        key.put_u64(*self);
    }
}

impl EntryKey for Utf8String {
    fn write(&self, key: &mut Vec<u8>) {
        key.put_slice(self.as_bytes());
    }
}

/// A subscription: filter and options.
impl Entry for (TopicFilter, Options) {
    fn write(&self, _: &mut Bodies, out: &mut Vec<u8>) {
        let (filter, options) = self;
        // MQTT 3.1.1 has no Shared Subscriptions: what looks like the filter of one may not be.
        out.put_u8(u8::from(filter.share_name().is_some()));
        out.put_u8(options.qos.level());
        out.put_u8(u8::from(options.no_local));
        out.put_u8(u8::from(options.retain_as_published));
        out.put_u32(options.identifier.unwrap_or(0));
        out.put_slice(filter.as_utf8().as_bytes());
    }

    fn read(_: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        let is_shared = record.flag()?;
        let options = Options {
            qos: qos(record)?,
            no_local: record.flag()?,
            retain_as_published: record.flag()?,
            identifier: Some(record.u32()?).filter(|identifier| *identifier != 0),
        };
        let text = record.text()?;
        let filter = if is_shared { TopicFilter::parse_v5(&text) } else { TopicFilter::parse_v3(&text) };
        let filter = filter.map_err(|_| BrokenRecord::new("the topic filter is not valid"))?;
        Ok((filter, options))
    }
}

impl Entry for Incoming {
    fn write(&self, _: &mut Bodies, out: &mut Vec<u8>) {
        out.put_optional_time(self.expires);
    }

    fn read(_: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        Ok(Self { counted: false, expires: record.optional_time()? })
    }
}

const AWAITS_PUBACK: u8 = 1;
const AWAITS_PUBREC: u8 = 2;
const AWAITS_PUBCOMP: u8 = 3;

impl Entry for Exchange {
    fn message(&self) -> Option<&Arc<Message>> {
        match &self.state {
            Awaits::Puback(copy) | Awaits::Pubrec(copy) => Some(&copy.message),
            // Only a mutant keeps the message so long, and only in memory.
            Awaits::Pubcomp(_) => None,
        }
    }

    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>) {
        out.put_u64(self.order());
        let (state, copy) = match &self.state {
            Awaits::Puback(copy) => (AWAITS_PUBACK, Some(copy)),
            Awaits::Pubrec(copy) => (AWAITS_PUBREC, Some(copy)),
            Awaits::Pubcomp(_) => (AWAITS_PUBCOMP, None),
        };
        out.put_u8(state);
        if let Some(copy) = copy {
            copy.write(bodies, out);
        }
    }

    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        let order = record.count()?;
        let state = match record.u8()? {
            AWAITS_PUBACK => Awaits::Puback(Copy::read(bodies, record)?),
            AWAITS_PUBREC => Awaits::Pubrec(Copy::read(bodies, record)?),
            AWAITS_PUBCOMP => Awaits::Pubcomp(None),
            _ => return Err(BrokenRecord::new("the exchange is in no known state")),
        };
        Ok(Self::restored(state, order))
    }
}

impl Entry for Copy {
    fn message(&self) -> Option<&Arc<Message>> {
        Some(&self.message)
    }

    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>) {
        self.message.write(bodies, out);
        out.put_u8(self.qos.level());
        out.put_u8(u8::from(self.retain));
        out.put_u32(u32::try_from(self.identifiers.len()).unwrap_or(u32::MAX));
        for identifier in &self.identifiers {
            out.put_u32(*identifier);
        }
        out.put_u8(u8::from(self.shared.is_some()));
        if let Some(filter) = &self.shared {
            out.put_slice(filter.as_bytes());
        }
    }

    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        let message = Arc::read(bodies, record)?;
        let (qos, retain) = (qos(record)?, record.flag()?);
        let count = record.u32()?;
        let identifiers = (0..count).map(|_| record.u32()).collect::<Result<_, _>>()?;
        let shared = if record.flag()? { Some(record.text()?) } else { None };
        Ok(Self { message, qos, retain, identifiers, shared })
    }
}

/// A retained message.
impl Entry for Stored {
    fn message(&self) -> Option<&Arc<Message>> {
        Some(&self.message)
    }

    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>) {
        self.message.write(bodies, out);
        out.put_u64(self.order);
    }

    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        Ok(Self { message: Arc::read(bodies, record)?, order: record.count()? })
    }
}

impl Entry for Replay {
    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>) {
        out.put_u64(self.until);
        out.put_u64(self.before);
        out.put_u8(u8::from(self.after.is_some()));
        out.put_prefixed(self.after.as_deref().unwrap_or_default().as_bytes());
        self.subscription.write(bodies, out);
    }

    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        let (until, before, has_begun) = (record.count()?, record.count()?, record.flag()?);
        let after = String::from_utf8(record.prefixed()?.into());
        let after = after.map_err(|_| BrokenRecord::new("a text is not UTF-8"))?;
        let after = has_begun.then_some(after);
        Ok(Self { subscription: Entry::read(bodies, record)?, until, after, before })
    }
}

/// The reference of a copy.
impl Entry for Arc<Message> {
    fn message(&self) -> Option<&Self> {
        Some(self)
    }

    fn write(&self, bodies: &mut Bodies, out: &mut Vec<u8>) {
        out.put_u64(bodies.refer(self));
    }

    fn read(bodies: &mut Bodies, record: &mut Reader) -> Result<Self, BrokenRecord> {
        bodies.referred(record.u64()?).ok_or(BrokenRecord::new("its message is missing"))
    }
}

pub(crate) fn qos(record: &mut Reader) -> Result<QoS, BrokenRecord> {
    QoS::new(record.u8()?).ok_or(BrokenRecord::new("there is no such QoS"))
}
