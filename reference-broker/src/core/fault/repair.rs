//! How a lax broker reads faulty packets. Only mutants do.

use bytes::BytesMut;
use mqttspec_wire::{
    Fault, FaultKind, Packet, Rejected, Sender, Version, decode,
    packet::PacketType,
    property::{PropertyId, ValueKind},
};

use crate::core::raw::Raw;

/// How often one packet is put right before it is given up.
const ATTEMPTS: usize = 64;

/// The packet that the rejected bytes come nearest to; none if they come near to none.
pub(super) fn repaired(version: Option<Version>, rejected: &Rejected) -> Option<Packet> {
    let mut raw = Raw::parse(&rejected.raw)?;
    if raw.first >> 4 == PacketType::Disconnect.number() {
        // Put right, it would close the connection just as the fault does.
        return None;
    }
    let mut fault = rejected.fault.clone();
    for _ in 0..ATTEMPTS {
        raw.repair(&fault)?;
        let mut bytes = BytesMut::new();
        raw.write(true, &mut bytes);
        match decode(Sender::Client, version, &bytes.freeze()) {
            Ok(packet) => return Some(packet),
            Err(next) => fault = next,
        }
    }
    None
}

impl Raw {
    fn byte(&mut self, fault: &Fault) -> Option<&mut u8> {
        let at = self.at(fault.offset)?;
        self.body.get_mut(at)
    }

    /// Puts one fault right.
    fn repair(&mut self, fault: &Fault) -> Option<()> {
        match &fault.kind {
            FaultKind::ReservedFlags { required, .. } => self.first = (self.first & 0xF0) | required,
            FaultKind::QoS3 if fault.offset == 0 => self.first &= !0b010,
            FaultKind::DupAtQoS0 => self.first &= !0b1000,
            FaultKind::QoS3 => *self.byte(fault)? &= !0x08,
            FaultKind::WillQoSWithoutWill(_) => *self.byte(fault)? &= !0x18,
            FaultKind::WillRetainWithoutWill => *self.byte(fault)? &= !0x20,
            FaultKind::PasswordWithoutUserName => *self.byte(fault)? &= !0x40,
            FaultKind::ReservedBits(_) if fault.field == "connect-flags" => *self.byte(fault)? &= !0x01,
            FaultKind::ReservedBits(_) => *self.byte(fault)? &= 0x03,
            FaultKind::SubscriptionQoS3 => *self.byte(fault)? &= !0x01,
            FaultKind::RetainHandling3 => *self.byte(fault)? &= !0x10,
            FaultKind::ReasonUnassigned(_) | FaultKind::ReasonNotAllowed { .. } => *self.byte(fault)? = 0,
            FaultKind::Utf8(_) => *self.byte(fault)? = b'?',
            FaultKind::ZeroPacketId => {
                let at = self.at(fault.offset)?;
                *self.body.get_mut(at + 1)? = 1;
            }
            FaultKind::TrailingBytes(count) => self.body.truncate(self.body.len().checked_sub(*count)?),
            FaultKind::Missing => {
                self.body.extend(if fault.field.ends_with("properties") { &[0][..] } else { &[0, 0] });
            }
            FaultKind::CutShort { needed, left } => {
                self.body.extend(std::iter::repeat_n(0, needed.checked_sub(*left)?));
            }
            FaultKind::LengthPastEnd { left, .. } => self.shorten(fault, *left)?,
            FaultKind::VariableByteNotMinimal { .. } if fault.offset == 1 => {}
            FaultKind::VariableByteNotMinimal { value, width } => self.minimise(fault, *value, *width)?,
            FaultKind::UnsupportedProtocol { level, .. } => self.rename(*level)?,
            FaultKind::PropertyValue { property, .. } => self.adjust(fault, *property)?,
            FaultKind::UnknownProperty(_)
            | FaultKind::PropertyNotAllowed(_)
            | FaultKind::PropertyNotFromSender { .. }
            | FaultKind::PropertyRepeated(_) => self.cut_property(fault)?,
            FaultKind::ReservedType(_)
            | FaultKind::NotFromSender { .. }
            | FaultKind::ConnectExpected(_)
            | FaultKind::VersionUnknown(_)
            | FaultKind::VariableByteTooLong
            | FaultKind::TooLarge { .. }
            | FaultKind::NoAuthenticationMethod
            | FaultKind::NoTopic
            | FaultKind::NoTopicFilter
            | FaultKind::SessionPresentInRefusal(_)
            | FaultKind::OldConnack(_)
            | FaultKind::NoReasonCode => return None,
        }
        Some(())
    }

    /// Lets a length say how much there really is.
    fn shorten(&mut self, fault: &Fault, left: usize) -> Option<()> {
        let at = self.at(fault.offset)?;
        if fault.field.ends_with("properties") {
            *self.body.get_mut(at)? = u8::try_from(left).ok().filter(|left| *left < 0x80)?;
            return Some(());
        }
        let length = u16::try_from(left).ok()?.to_be_bytes();
        self.body.get_mut(at..at + 2)?.copy_from_slice(&length);
        Some(())
    }

    fn minimise(&mut self, fault: &Fault, value: u32, width: usize) -> Option<()> {
        let at = self.at(fault.offset)?;
        let value = u8::try_from(value).ok().filter(|value| *value < 0x80)?;
        self.body.get(at..at + width)?;
        self.body.splice(at..at + width, [value]);
        Some(())
    }

    /// Takes the protocol for MQTT, in the nearest version.
    fn rename(&mut self, level: u8) -> Option<()> {
        let length = usize::from(u16::from_be_bytes(*self.body.first_chunk()?));
        self.body.get(..length + 3)?;
        let level = if level >= Version::V5_0.protocol_level() { Version::V5_0 } else { Version::V3_1_1 };
        self.body.splice(..length + 3, *b"\0\x04MQTT\0");
        *self.body.get_mut(6)? = level.protocol_level();
        Some(())
    }

    /// Gives a number the nearest value that it may have.
    fn adjust(&mut self, fault: &Fault, property: PropertyId) -> Option<()> {
        let at = self.at(fault.offset)?;
        let (offset, value) = match property.kind() {
            ValueKind::TwoByte => (1, 1),
            ValueKind::FourByte => (0, 0x10),
            ValueKind::Byte
            | ValueKind::VariableByte
            | ValueKind::Text
            | ValueKind::Binary
            | ValueKind::Pair => (0, 1),
        };
        *self.body.get_mut(at + offset)? = value;
        Some(())
    }

    /// Removes a property, or all that follow if its size is unknown.
    fn cut_property(&mut self, fault: &Fault) -> Option<()> {
        let at = self.at(fault.offset)?;
        let start = self.property_length_at(at)?;
        let length = usize::from(*self.body.get(start)?).checked_sub(0).filter(|length| *length < 0x80)?;
        let end = start + 1 + length;
        let rest = self.body.get(at + 1..end)?;
        let size = PropertyId::from_number(*self.body.get(at)?).and_then(|id| value_size(id.kind(), rest));
        let size = size.map_or(end - at, |size| size + 1).min(end - at);
        *self.body.get_mut(start)? = u8::try_from(length - size).ok()?;
        self.body.drain(at..at + size);
        Some(())
    }

    /// Where the Property Length of the properties is that the byte at `at` belongs to.
    fn property_length_at(&self, at: usize) -> Option<usize> {
        let counted = |at: usize| {
            let length = self.body.get(at..)?.first_chunk().copied()?;
            Some(at + 2 + usize::from(u16::from_be_bytes(length)))
        };
        match PacketType::from_number(self.first >> 4)? {
            PacketType::Connect => {
                let start = 10;
                let end = start + 1 + usize::from(*self.body.get(start)?);
                if at < end { Some(start) } else { counted(end) }
            }
            PacketType::Publish => Some(counted(0)? + if self.first & 0b110 == 0 { 0 } else { 2 }),
            PacketType::Subscribe | PacketType::Unsubscribe => Some(2),
            PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => Some(3),
            PacketType::Disconnect | PacketType::Auth => Some(1),
            PacketType::Connack
            | PacketType::Suback
            | PacketType::Unsuback
            | PacketType::Pingreq
            | PacketType::Pingresp => None,
        }
    }
}

/// The bytes that a value takes at the beginning of `bytes`.
fn value_size(kind: ValueKind, bytes: &[u8]) -> Option<usize> {
    let counted = |bytes: &[u8]| Some(2 + usize::from(u16::from_be_bytes(*bytes.first_chunk()?)));
    Some(match kind {
        ValueKind::Byte => 1,
        ValueKind::TwoByte => 2,
        ValueKind::FourByte => 4,
        ValueKind::VariableByte => bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1,
        ValueKind::Text | ValueKind::Binary => counted(bytes)?,
        ValueKind::Pair => {
            let name = counted(bytes)?;
            name + counted(bytes.get(name..)?)?
        }
    })
}
