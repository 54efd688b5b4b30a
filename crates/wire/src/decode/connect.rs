//! CONNECT and CONNACK (§3.1, §3.2).

use bytes::Bytes;
use mqttspec_spec::Version;

use super::{Watch, properties, reader::Reader, simple::reason};
use crate::{
    Fault, FaultKind, Properties, QoS, ReasonCode, Utf8String,
    law::Law,
    packet::{Connack, Connect, Will},
    part::Part,
    table::properties as allowed,
};

const PROTOCOL: &str = "MQTT";

/// What a CONNECT asks for: protocol name and level (§3.1.2.1, §3.1.2.2).
pub(super) struct Protocol {
    name: Utf8String,
    level: u8,
}

impl Protocol {
    /// The version, if it is one of the two.
    pub(super) fn version(&self) -> Option<Version> {
        Version::ALL
            .into_iter()
            .find(|version| self.name == *PROTOCOL && version.protocol_level() == self.level)
    }

    /// Looks ahead in a CONNECT that follows its fixed header of `header` bytes. The version that it asks for is the
    /// one by which all of it is judged.
    pub(super) fn peek(raw: &Bytes, header: usize) -> Option<Self> {
        let body = raw.get(header..)?;
        let (length, rest) = body.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let name = Utf8String::from_bytes(Bytes::copy_from_slice(name)).ok()?;
        Some(Self { name, level: *rest.first()? })
    }
}

pub(super) fn connect<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Connect, Fault> {
    let version = protocol(reader)?;
    let flags = Flags::read(reader)?;
    let keep_alive = reader.two_bytes(Part::KEEP_ALIVE)?;
    let properties = if reader.is_v5() { connect_properties(reader)? } else { Properties::new() };
    reader.require(Part::CLIENT_ID, Law::CLIENT_ID_FIELD)?;
    let client_id = reader.text(Part::CLIENT_ID)?;
    let will = match flags.will {
        Some((qos, retain)) => Some(will(reader, qos, retain)?),
        None => None,
    };
    let mut username = None;
    if flags.username {
        reader.require(Part::USERNAME, Law::USER_NAME_FIELD)?;
        username = Some(reader.text(Part::USERNAME)?);
    }
    let mut password = None;
    if flags.password {
        reader.require(Part::PASSWORD, Law::PASSWORD_FIELD)?;
        password = Some(reader.data(Part::PASSWORD)?);
    }
    let clean_start = flags.clean_start;
    Ok(Connect { version, clean_start, keep_alive, properties, client_id, will, username, password })
}

fn protocol<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Version, Fault> {
    let start = reader.at();
    let name = reader.text(Part::PROTOCOL_NAME)?;
    let level_at = reader.at();
    let level = reader.byte(Part::PROTOCOL_LEVEL)?;
    let (offset, part, law) = if name == *PROTOCOL {
        (level_at, Part::PROTOCOL_LEVEL, Law::PROTOCOL_LEVEL)
    } else {
        (start, Part::PROTOCOL_NAME, Law::PROTOCOL_NAME)
    };
    let protocol = Protocol { name, level };
    protocol.version().ok_or_else(|| {
        let Protocol { name, level } = protocol;
        reader.fault(offset, part, FaultKind::UnsupportedProtocol { name, level }, law)
    })
}

/// Connect Flags (§3.1.2.3).
struct Flags {
    username: bool,
    password: bool,
    will: Option<(QoS, bool)>,
    clean_start: bool,
}

impl Flags {
    fn read<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Self, Fault> {
        let byte = reader.raw_byte(Part::CONNECT_FLAGS)?;
        reader.note(Part::CONNECT_FLAGS, reader.at().saturating_sub(1), format_args!("{byte:08b}"));
        let bit = |mask: u8| byte & mask != 0;
        let reject = |kind, law| reader.reject(Part::CONNECT_FLAGS, kind, law);
        let (username, password, retain, will) = (bit(0x80), bit(0x40), bit(0x20), bit(0x04));
        let level = (byte >> 3) & 0b11;
        if bit(0x01) {
            return reject(FaultKind::ReservedBits(byte), Law::CONNECT_RESERVED_FLAG);
        }
        if !will && level != 0 {
            return reject(FaultKind::WillQoSWithoutWill(level), Law::WILL_QOS_WITHOUT_WILL);
        }
        if !will && retain {
            return reject(FaultKind::WillRetainWithoutWill, Law::WILL_RETAIN_WITHOUT_WILL);
        }
        if password && !username && !reader.is_v5() {
            return reject(FaultKind::PasswordWithoutUserName, Law::PASSWORD_NEEDS_USER_NAME);
        }
        let Some(qos) = QoS::new(level) else {
            return reject(FaultKind::QoS3, Law::WILL_QOS);
        };
        Ok(Self { username, password, will: will.then_some((qos, retain)), clean_start: bit(0x02) })
    }
}

fn connect_properties<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Properties, Fault> {
    let start = reader.at();
    let properties = properties::read(reader, Part::PROPERTIES, &allowed::CONNECT)?;
    if properties.authentication_data().is_some() && properties.authentication_method().is_none() {
        let law = Law::CONNECT_AUTHENTICATION_METHOD;
        return Err(reader.fault(start, Part::PROPERTIES, FaultKind::NoAuthenticationMethod, law));
    }
    Ok(properties)
}

fn will<W: Watch>(reader: &mut Reader<'_, W>, qos: QoS, retain: bool) -> Result<Will, Fault> {
    let mut properties = Properties::new();
    if reader.is_v5() {
        reader.require(Part::WILL_PROPERTIES, Law::WILL_FIELDS)?;
        properties = properties::read(reader, Part::WILL_PROPERTIES, &allowed::WILL)?;
    }
    reader.require(Part::WILL_TOPIC, Law::WILL_FIELDS)?;
    let topic = reader.text(Part::WILL_TOPIC)?;
    reader.require(Part::WILL_PAYLOAD, Law::WILL_FIELDS)?;
    let payload = reader.data(Part::WILL_PAYLOAD)?;
    Ok(Will { qos, retain, properties, topic, payload })
}

pub(super) fn connack<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Connack, Fault> {
    let start = reader.at();
    let flags = reader.raw_byte(Part::CONNACK_FLAGS)?;
    reader.note(Part::CONNACK_FLAGS, start, format_args!("{flags:08b}"));
    if flags & 0xFE != 0 {
        return reader.reject(Part::CONNACK_FLAGS, FaultKind::ReservedBits(flags), Law::CONNACK_FLAGS);
    }
    let session_present = flags & 1 != 0;
    if reader.is_v5() && reader.left() == 1 {
        return old_connack(reader);
    }
    let reason = reason(reader, Part::REASON)?;
    if session_present && reason != ReasonCode::SUCCESS {
        let kind = FaultKind::SessionPresentInRefusal(reason);
        return Err(reader.fault(start, Part::CONNACK_FLAGS, kind, Law::REFUSAL_WITHOUT_SESSION));
    }
    let properties = if reader.is_v5() {
        properties::read(reader, Part::PROPERTIES, &allowed::CONNACK)?
    } else {
        Properties::new()
    };
    Ok(Connack { session_present, reason, properties })
}

/// A CONNACK that ends where that of MQTT 3.1.1 does.
fn old_connack<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Connack, Fault> {
    let code = ReasonCode(reader.byte(Part::REASON)?);
    let kind = FaultKind::OldConnack(code);
    Err(reader.fault(reader.at(), Part::PROPERTIES, kind, Law::PROPERTY_LENGTH_PRESENT))
}
