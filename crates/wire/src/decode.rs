//! Bytes to packets: strict, incremental, with a precise [`Fault`] for what cannot be accepted.
//!
//! A fault is what the standard forbids in a single packet seen from that sender. What depends on other packets is
//! not judged here, nor are the texts of topics and filters, for which the receiver has answers of its own.
//!
//! Strings and payloads are slices of the bytes that were fed. What is allocated besides them is the lists of
//! properties, filters and codes, whose elements each took a byte or more of the packet; nothing is ever allocated
//! because a length in a packet says so.

mod connect;
mod header;
mod message;
mod properties;
mod reader;
mod simple;
#[cfg(test)]
mod tests;

use std::{cmp::Ordering, fmt, ops::Range};

use bytes::{Bytes, BytesMut};
use mqttspec_spec::Version;

pub(crate) use self::header::may_send;
use self::{
    header::Header,
    reader::{Context, Reader},
};
use crate::{
    Fault, FaultKind, Packet, Sender, packet::PacketType, part::Part, table::properties as allowed,
    variable_byte,
};

/// A packet with the bytes that it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// All its bytes. They share memory with what was fed together with them; copy what is kept for long.
    pub raw: Bytes,
    /// What they say.
    pub packet: Packet,
}

/// Bytes that are not an acceptable packet. What follows them on the connection has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Rejected {
    /// The packet's bytes as far as they had come; if its size cannot be told, all bytes.
    pub raw: Bytes,
    /// Why it is not acceptable.
    #[source]
    pub fault: Fault,
}

/// Takes the bytes of one direction of a network connection and yields its packets.
#[derive(Clone, Debug)]
pub struct Decoder {
    sender: Sender,
    version: Option<Version>,
    maximum: u32,
    buffer: BytesMut,
    rejected: Option<Box<Rejected>>,
}

impl Decoder {
    /// A decoder of what `sender` sends. A client's version, if not given, is learnt from its CONNECT.
    pub fn new(sender: Sender, version: Option<Version>) -> Self {
        Self { sender, version, maximum: u32::MAX, buffer: BytesMut::new(), rejected: None }
    }

    /// Rejects packets of more than `maximum` bytes, fixed header included, as soon as their size is known.
    #[must_use]
    pub const fn with_max_packet_size(mut self, maximum: u32) -> Self {
        self.set_max_packet_size(maximum);
        self
    }

    /// The same from the next packet on.
    pub const fn set_max_packet_size(&mut self, maximum: u32) {
        self.maximum = maximum;
    }

    /// The version in force, as far as it is known.
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// Says which version is in force from the next packet on.
    pub const fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Takes bytes as they came from the network. After a rejection they are ignored.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.rejected.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The same with bytes that are no longer needed elsewhere, which need not be copied if no others are pending.
    pub fn feed_owned(&mut self, bytes: Bytes) {
        if self.buffer.is_empty() && self.rejected.is_none() {
            self.buffer = BytesMut::from(bytes);
        } else {
            self.feed(&bytes);
        }
    }

    /// The next packet, or none if its last byte has not come yet.
    ///
    /// # Errors
    /// The packet is not acceptable; so says every further call.
    #[expect(clippy::should_implement_trait, reason = "none means `not yet` here, not `no more`")]
    pub fn next(&mut self) -> Result<Option<Frame>, Rejected> {
        if let Some(rejected) = &self.rejected {
            return Err(Rejected::clone(rejected));
        }
        match self.take_frame() {
            Ok(Some(raw)) => match decode(self.sender, self.version, &raw) {
                Ok(packet) => {
                    if let (None, Packet::Connect(connect)) = (self.version, &packet) {
                        self.version = Some(connect.version);
                    }
                    Ok(Some(Frame { raw, packet }))
                }
                Err(fault) => Err(self.reject(raw, fault)),
            },
            Ok(None) => Ok(None),
            Err(fault) => {
                let size = packet_size(&self.buffer).unwrap_or(usize::MAX).min(self.buffer.len());
                let raw = self.buffer.split_to(size).freeze();
                Err(self.reject(raw, fault))
            }
        }
    }

    /// The bytes that no packet was made of yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    fn take_frame(&mut self) -> Result<Option<Bytes>, Fault> {
        let Some(header) = Header::parse(self.sender, self.version, &self.buffer)? else { return Ok(None) };
        header.check_size(self.sender, self.version, self.maximum)?;
        if self.buffer.len() < header.total() {
            return Ok(None);
        }
        let raw = if self.buffer.len() == header.total() {
            // No memory is kept for what may not come soon.
            std::mem::take(&mut self.buffer)
        } else {
            self.buffer.split_to(header.total())
        };
        Ok(Some(raw.freeze()))
    }

    fn reject(&mut self, raw: Bytes, fault: Fault) -> Rejected {
        let rejected = Rejected { raw, fault };
        self.rejected = Some(Box::new(rejected.clone()));
        rejected
    }
}

/// The size of the packet that begins here, if its Remaining Length can be read.
fn packet_size(bytes: &[u8]) -> Option<usize> {
    match variable_byte::read(bytes.get(1..)?) {
        variable_byte::Read::Value { value, width } => usize::try_from(value).ok()?.checked_add(1 + width),
        variable_byte::Read::Incomplete | variable_byte::Read::TooLong => None,
    }
}

/// The one packet that `raw` is, with nothing before or behind it.
pub fn decode(sender: Sender, version: Option<Version>, raw: &Bytes) -> Result<Packet, Fault> {
    decode_watched(sender, version, raw, &mut Unwatched)
}

/// Is told of each part of a packet while it is decoded, in order, up to the fault if there is one.
pub(crate) trait Watch {
    /// The bytes in `range` are `part`, which means `value`.
    fn part(&mut self, part: Part, range: Range<usize>, value: impl fmt::Display);
}

/// Nobody wants to know.
struct Unwatched;

impl Watch for Unwatched {
    fn part(&mut self, _: Part, _: Range<usize>, _: impl fmt::Display) {}
}

pub(crate) fn decode_watched<W: Watch>(
    sender: Sender,
    version: Option<Version>,
    raw: &Bytes,
    watch: &mut W,
) -> Result<Packet, Fault> {
    let Some(header) = Header::parse(sender, version, raw)? else {
        return Err(not_one_packet(raw.len(), FaultKind::Missing));
    };
    watch.part(Part::FIRST_BYTE, 0..1, header);
    watch.part(Part::REMAINING_LENGTH, 1..header.width, header.remaining);
    let mut version = version;
    if header.packet == PacketType::Connect {
        version =
            connect::Protocol::peek(raw, header.width).and_then(|protocol| protocol.version()).or(version);
    }
    let context = Context { sender, version, packet: header.packet };
    let mut reader = Reader::new(context, raw, header.width, watch);
    if let Some(fault) = check_total(&header, raw.len()) {
        // Whoever watches still learns what the bytes look like.
        let _ = body(&mut reader, header);
        return Err(fault);
    }
    header.judge(version)?;
    let packet = body(&mut reader, header)?;
    reader.finish()?;
    Ok(packet)
}

/// Whether the Remaining Length says what there is.
fn check_total(header: &Header, size: usize) -> Option<Fault> {
    let left = size.saturating_sub(header.width);
    match left.cmp(&header.remaining) {
        Ordering::Less => {
            let kind = FaultKind::LengthPastEnd { length: header.remaining, left };
            Some(not_one_packet(1, kind))
        }
        Ordering::Equal => None,
        Ordering::Greater => {
            Some(not_one_packet(header.total(), FaultKind::TrailingBytes(left - header.remaining)))
        }
    }
}

/// The bytes are less or more than a packet, which breaks no statement.
fn not_one_packet(offset: usize, kind: FaultKind) -> Fault {
    Fault { offset, field: Part::REMAINING_LENGTH.stem(), kind, statement: None }
}

fn body<W: Watch>(reader: &mut Reader<'_, W>, header: Header) -> Result<Packet, Fault> {
    Ok(match header.packet {
        PacketType::Connect => Packet::Connect(Box::new(connect::connect(reader)?)),
        PacketType::Connack => Packet::Connack(connect::connack(reader)?),
        PacketType::Publish => Packet::Publish(message::publish(reader, header.flags)?),
        PacketType::Puback => Packet::Puback(simple::ack(reader, &allowed::PUBACK)?),
        PacketType::Pubrec => Packet::Pubrec(simple::ack(reader, &allowed::PUBREC)?),
        PacketType::Pubrel => Packet::Pubrel(simple::ack(reader, &allowed::PUBREL)?),
        PacketType::Pubcomp => Packet::Pubcomp(simple::ack(reader, &allowed::PUBCOMP)?),
        PacketType::Subscribe => Packet::Subscribe(message::subscribe(reader)?),
        PacketType::Suback => Packet::Suback(message::suback(reader)?),
        PacketType::Unsubscribe => Packet::Unsubscribe(message::unsubscribe(reader)?),
        PacketType::Unsuback => Packet::Unsuback(message::unsuback(reader)?),
        PacketType::Pingreq => Packet::Pingreq,
        PacketType::Pingresp => Packet::Pingresp,
        PacketType::Disconnect => Packet::Disconnect(simple::disconnect(reader)?),
        PacketType::Auth => Packet::Auth(simple::auth(reader)?),
    })
}
