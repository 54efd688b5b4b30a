//! Reads the fields of one packet in order, and says exactly where it could not.

use std::{fmt, ops::Range};

use bytes::Bytes;
use mqttspec_spec::Version;

use super::Watch;
use crate::{
    Fault, FaultKind, PacketId, Sender, Utf8Fault, Utf8String,
    law::Law,
    packet::PacketType,
    part::{Counted, Part},
    variable_byte,
};

/// What is known about the packet being read.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) sender: Sender,
    /// Unknown only in a CONNECT that asks for neither version, and so is about to be rejected.
    pub(super) version: Option<Version>,
    pub(super) packet: PacketType,
}

/// A place in a packet, with the end of the enclosing part.
pub(super) struct Reader<'a, W> {
    pub(super) context: Context,
    raw: &'a Bytes,
    at: usize,
    end: usize,
    /// What is broken when a field does not fit before `end`.
    bounds: Law,
    watch: &'a mut W,
}

impl<'a, W: Watch> Reader<'a, W> {
    /// Reads what follows the fixed header, which ends at `at`.
    pub(super) fn new(context: Context, raw: &'a Bytes, at: usize, watch: &'a mut W) -> Self {
        let bounds = Law::format(context.packet, context.sender);
        Self { context, raw, at, end: raw.len(), bounds, watch }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    pub(super) const fn is_v5(&self) -> bool {
        matches!(self.context.version, Some(Version::V5_0))
    }

    /// A fault of the bytes that begin at `offset`.
    pub(super) fn fault(&self, offset: usize, part: Part, kind: impl Into<FaultKind>, law: Law) -> Fault {
        let statement = law.of(self.context.version);
        Fault { offset, field: part.stem(), kind: kind.into(), statement }
    }

    /// The faulty byte is the one read last.
    pub(super) fn reject<T>(&self, part: Part, kind: FaultKind, law: Law) -> Result<T, Fault> {
        Err(self.fault(self.at.saturating_sub(1), part, kind, law))
    }

    /// The field `part` must be there: `law` says so.
    pub(super) fn require(&self, part: Part, law: Law) -> Result<(), Fault> {
        if self.left() == 0 { Err(self.fault(self.at, part, FaultKind::Missing, law)) } else { Ok(()) }
    }

    /// The bytes read from `start` on were `part`, which means `value`.
    pub(super) fn note(&mut self, part: Part, start: usize, value: impl fmt::Display) {
        self.watch.part(part, start..self.at, value);
    }

    fn take(&mut self, count: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.end)?;
        let range = self.at..end;
        self.at = end;
        Some(range)
    }

    fn array<const N: usize>(&mut self, part: Part) -> Result<[u8; N], Fault> {
        let left = self.left();
        let found =
            self.take(N).and_then(|range| self.raw.get(range)).and_then(|bytes| bytes.try_into().ok());
        found.ok_or_else(|| {
            let kind = if left == 0 { FaultKind::Missing } else { FaultKind::CutShort { needed: N, left } };
            self.fault(self.at, part, kind, self.bounds)
        })
    }

    /// A byte, whose meaning the caller [notes](Self::note).
    pub(super) fn raw_byte(&mut self, part: Part) -> Result<u8, Fault> {
        let [byte] = self.array(part)?;
        Ok(byte)
    }

    pub(super) fn byte(&mut self, part: Part) -> Result<u8, Fault> {
        let value = self.raw_byte(part)?;
        self.note(part, self.at.saturating_sub(1), value);
        Ok(value)
    }

    pub(super) fn two_bytes(&mut self, part: Part) -> Result<u16, Fault> {
        let value = u16::from_be_bytes(self.array(part)?);
        self.note(part, self.at.saturating_sub(2), value);
        Ok(value)
    }

    pub(super) fn four_bytes(&mut self, part: Part) -> Result<u32, Fault> {
        let value = u32::from_be_bytes(self.array(part)?);
        self.note(part, self.at.saturating_sub(4), value);
        Ok(value)
    }

    pub(super) fn variable_byte(&mut self, part: Part) -> Result<u32, Fault> {
        let start = self.at;
        let value = self.raw_variable_byte(part)?;
        self.note(part, start, value);
        Ok(value)
    }

    /// A Variable Byte Integer, whose meaning the caller [notes](Self::note).
    pub(super) fn raw_variable_byte(&mut self, part: Part) -> Result<u32, Fault> {
        let start = self.at;
        let bytes = self.raw.get(start..self.end).unwrap_or_default();
        match variable_byte::read(bytes) {
            variable_byte::Read::Value { value, width } => {
                self.at += width;
                if width > variable_byte::width(value) {
                    let kind = FaultKind::VariableByteNotMinimal { value, width };
                    return Err(self.fault(start, part, kind, Law::VARIABLE_BYTE_MINIMAL));
                }
                Ok(value)
            }
            variable_byte::Read::TooLong => {
                Err(self.fault(start, part, FaultKind::VariableByteTooLong, Law::VARIABLE_BYTE_WIDTH))
            }
            variable_byte::Read::Incomplete if bytes.is_empty() => {
                Err(self.fault(start, part, FaultKind::Missing, self.bounds))
            }
            variable_byte::Read::Incomplete => {
                let left = bytes.len();
                Err(self.fault(start, part, FaultKind::CutShort { needed: left + 1, left }, self.bounds))
            }
        }
    }

    /// Bytes behind a Two Byte Integer that counts them, and where they begin.
    fn counted(&mut self, part: Counted) -> Result<(usize, Bytes), Fault> {
        let start = self.at;
        let length = usize::from(self.two_bytes(part.length)?);
        let left = self.left();
        let Some(range) = self.take(length) else {
            return Err(self.fault(
                start,
                part.whole,
                FaultKind::LengthPastEnd { length, left },
                self.bounds,
            ));
        };
        Ok((range.start, self.raw.slice(range)))
    }

    /// Binary Data (MQTT 5.0 §1.5.6); MQTT 3.1.1 has the same format for will message and password.
    pub(super) fn data(&mut self, part: Part) -> Result<Bytes, Fault> {
        let part = part.binary();
        let (start, data) = self.counted(part)?;
        self.note(part.content, start, Quoted(&data));
        Ok(data)
    }

    /// A UTF-8 Encoded String (MQTT 3.1.1 §1.5.3, MQTT 5.0 §1.5.4).
    pub(super) fn text(&mut self, part: Part) -> Result<Utf8String, Fault> {
        self.string(part.string(), Law::WELL_FORMED_UTF8, Law::NO_NULL_CHARACTER)
    }

    /// A UTF-8 String Pair (MQTT 5.0 §1.5.7).
    pub(super) fn pair(&mut self, part: Part) -> Result<(Utf8String, Utf8String), Fault> {
        let name = self.string(part.pair_name(), Law::STRING_PAIR, Law::STRING_PAIR)?;
        let value = self.string(part.pair_value(), Law::STRING_PAIR, Law::STRING_PAIR)?;
        Ok((name, value))
    }

    fn string(&mut self, part: Counted, well_formed: Law, no_null: Law) -> Result<Utf8String, Fault> {
        let (start, bytes) = self.counted(part)?;
        match Utf8String::from_bytes(bytes) {
            Ok(string) => {
                self.note(part.content, start, format_args!("{string:?}"));
                Ok(string)
            }
            Err(fault) => {
                let (offset, law) = match fault {
                    Utf8Fault::IllFormed(offset) => (offset, well_formed),
                    Utf8Fault::Null(offset) => (offset, no_null),
                    Utf8Fault::TooLong(_) => (0, well_formed),
                };
                Err(self.fault(start + offset, part.whole, fault, law))
            }
        }
    }

    /// Everything up to the end.
    pub(super) fn rest(&mut self, part: Part) -> Bytes {
        let start = self.at;
        let rest = self.raw.slice(start.min(self.end)..self.end);
        self.at = self.end;
        self.note(part, start, Quoted(&rest));
        rest
    }

    pub(super) fn packet_id(&mut self) -> Result<PacketId, Fault> {
        let start = self.at;
        let value = self.two_bytes(Part::PACKET_ID)?;
        PacketId::new(value).ok_or_else(|| {
            let law = Law::packet_id(self.context.packet, self.context.sender);
            self.fault(start, Part::PACKET_ID, FaultKind::ZeroPacketId, law)
        })
    }

    /// Properties behind their length (MQTT 5.0 §2.2.2); `read` goes on until there is nothing left.
    pub(super) fn counted_properties<T>(
        &mut self,
        part: Part,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.require(part, Law::PROPERTY_LENGTH_PRESENT)?;
        let start = self.at;
        let length = usize::try_from(self.variable_byte(part.length())?).unwrap_or(usize::MAX);
        let left = self.left();
        if length > left {
            let kind = FaultKind::LengthPastEnd { length, left };
            return Err(self.fault(start, part, kind, Law::PROPERTY_LENGTH));
        }
        let outer = (self.end, self.bounds);
        (self.end, self.bounds) = (self.at + length, Law::PROPERTY_LENGTH);
        let value = read(self);
        (self.end, self.bounds) = outer;
        value
    }

    /// There must be nothing left of the packet.
    pub(super) fn finish(&self) -> Result<(), Fault> {
        let left = self.left();
        if left == 0 {
            return Ok(());
        }
        let law = Law::end(self.context.packet, self.context.sender);
        Err(self.fault(self.at, Part::REMAINING_LENGTH, FaultKind::TrailingBytes(left), law))
    }
}

/// Bytes as they are shown to people: as text where they are printable text, else in hexadecimal.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) if !text.contains(char::is_control) => write!(f, "{text:?}"),
            _ => {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}
