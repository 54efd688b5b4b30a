//! The fixed header (MQTT 3.1.1 §2.2, MQTT 5.0 §2.1).

use std::fmt;

use mqttspec_spec::{StatementId, Version};

use crate::{Fault, FaultKind, Sender, law::Law, packet::PacketType, part::Part, variable_byte};

/// A fixed header.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) packet: PacketType,
    /// The low four bits of the first byte.
    pub(super) flags: u8,
    /// The bytes that the fixed header takes, 2 to 5.
    pub(super) width: usize,
    /// Remaining Length.
    pub(super) remaining: usize,
}

impl Header {
    /// The fixed header at the beginning of `bytes`, or none if it is not complete yet.
    ///
    /// What only the whole of a CONNECT can decide, since it names the version, is left to [`judge`](Self::judge).
    pub(super) fn parse(
        sender: Sender,
        version: Option<Version>,
        bytes: &[u8],
    ) -> Result<Option<Self>, Fault> {
        let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
        let packet = packet_type(sender, version, *first)?;
        let flags = first & 0x0F;
        if packet != PacketType::Connect {
            check_flags(version, packet, flags)?;
        }
        match variable_byte::read(rest) {
            variable_byte::Read::Incomplete => Ok(None),
            variable_byte::Read::TooLong => {
                let law = Law::VARIABLE_BYTE_WIDTH;
                Err(fault(1, Part::REMAINING_LENGTH, FaultKind::VariableByteTooLong, law.of(version)))
            }
            variable_byte::Read::Value { value, width } => {
                let remaining = usize::try_from(value).unwrap_or(usize::MAX);
                let header = Self { packet, flags, width: 1 + width, remaining };
                if packet != PacketType::Connect {
                    header.check_minimal(version)?;
                }
                Ok(Some(header))
            }
        }
    }

    /// The size of the whole packet in bytes.
    pub(super) const fn total(&self) -> usize {
        self.width.saturating_add(self.remaining)
    }

    /// Judges the fixed header by the version that the packet turned out to be of.
    pub(super) fn judge(self, version: Option<Version>) -> Result<(), Fault> {
        check_flags(version, self.packet, self.flags)?;
        self.check_minimal(version)
    }

    /// MQTT 5.0 wants the Remaining Length in the fewest bytes; MQTT 3.1.1 does not say so.
    fn check_minimal(&self, version: Option<Version>) -> Result<(), Fault> {
        let width = self.width.saturating_sub(1);
        let value = u32::try_from(self.remaining).unwrap_or(u32::MAX);
        if version != Some(Version::V5_0) || width <= variable_byte::width(value) {
            return Ok(());
        }
        let kind = FaultKind::VariableByteNotMinimal { value, width };
        Err(fault(1, Part::REMAINING_LENGTH, kind, Law::VARIABLE_BYTE_MINIMAL.of(version)))
    }

    /// The packet must not be larger than `maximum`.
    pub(super) fn check_size(
        &self,
        sender: Sender,
        version: Option<Version>,
        maximum: u32,
    ) -> Result<(), Fault> {
        let size = self.total();
        if u32::try_from(size).is_ok_and(|size| size <= maximum) {
            return Ok(());
        }
        let kind = FaultKind::TooLarge { size, maximum };
        Err(fault(1, Part::REMAINING_LENGTH, kind, Law::packet_size(sender).of(version)))
    }
}

/// The meaning of the first byte.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.packet != PacketType::Publish {
            return write!(f, "{}", self.packet);
        }
        write!(f, "{} QoS {}", self.packet, (self.flags >> 1) & 0b11)?;
        if self.flags & 0b1000 != 0 {
            f.write_str(", DUP")?;
        }
        if self.flags & 0b0001 != 0 { f.write_str(", RETAIN") } else { Ok(()) }
    }
}

fn fault(offset: usize, part: Part, kind: FaultKind, statement: Option<StatementId>) -> Fault {
    Fault { offset, field: part.stem(), kind, statement }
}

fn packet_type(sender: Sender, version: Option<Version>, first: u8) -> Result<PacketType, Fault> {
    let reject = |kind, law: Law| Err(fault(0, Part::FIRST_BYTE, kind, law.of(version)));
    let number = first >> 4;
    let packet = match PacketType::from_number(number) {
        Some(PacketType::Auth) if version == Some(Version::V3_1_1) => None,
        known => known,
    };
    let Some(packet) = packet else {
        return reject(FaultKind::ReservedType(number), Law::RESERVED_TYPE);
    };
    if !may_send(sender, version, packet) {
        return reject(FaultKind::NotFromSender { packet, sender }, Law::direction(sender));
    }
    match (version, sender) {
        (None, Sender::Server) => reject(FaultKind::VersionUnknown(packet), Law::FIRST_IS_CONNECT),
        (None, Sender::Client) if packet != PacketType::Connect => {
            reject(FaultKind::ConnectExpected(packet), Law::FIRST_IS_CONNECT)
        }
        (None | Some(_), _) => Ok(packet),
    }
}

/// The directions of flow (MQTT 3.1.1 table 2.1, MQTT 5.0 table 2-1).
pub(crate) const fn may_send(sender: Sender, version: Option<Version>, packet: PacketType) -> bool {
    match packet {
        PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::Pingreq => {
            matches!(sender, Sender::Client)
        }
        PacketType::Connack | PacketType::Suback | PacketType::Unsuback | PacketType::Pingresp => {
            matches!(sender, Sender::Server)
        }
        PacketType::Disconnect => {
            matches!(sender, Sender::Client) || !matches!(version, Some(Version::V3_1_1))
        }
        PacketType::Publish
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Auth => true,
    }
}

fn check_flags(version: Option<Version>, packet: PacketType, found: u8) -> Result<(), Fault> {
    match packet.reserved_flags() {
        Some(required) if found != required => {
            let kind = FaultKind::ReservedFlags { found, required };
            Err(fault(0, Part::FIRST_BYTE, kind, Law::flags(packet).of(version)))
        }
        Some(_) | None => Ok(()),
    }
}
