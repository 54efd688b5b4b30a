//! The packets with few fields: acknowledgements, PINGREQ, PINGRESP, DISCONNECT, AUTH.

use mqttspec_spec::Version;

use super::{Watch, properties, reader::Reader};
use crate::{
    Fault, FaultKind, Properties, ReasonCode,
    law::Law,
    packet::{Ack, Auth, Disconnect},
    part::Part,
    table::{properties as allowed, reasons},
};

/// A code that this packet may carry.
pub(super) fn reason<W: Watch>(reader: &mut Reader<'_, W>, part: Part) -> Result<ReasonCode, Fault> {
    let version = if reader.is_v5() { Version::V5_0 } else { Version::V3_1_1 };
    let (packet, sender) = (reader.context.packet, reader.context.sender);
    let code = ReasonCode(reader.raw_byte(part)?);
    let start = reader.at().saturating_sub(1);
    reader.note(part, start, format_args!("{code} {}", code.name(version, packet)));
    let Some(codes) = reasons::codes(version, packet) else { return Ok(code) };
    if codes.allow(code, sender) {
        return Ok(code);
    }
    let kind = if reasons::is_assigned(version, packet, code) {
        FaultKind::ReasonNotAllowed { code, packet, sender }
    } else {
        FaultKind::ReasonUnassigned(code)
    };
    Err(reader.fault(start, part, kind, Law::only(codes.law)))
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP: MQTT 5.0 lets it end after the identifier or after the Reason Code.
pub(super) fn ack<W: Watch>(reader: &mut Reader<'_, W>, table: &allowed::Table) -> Result<Ack, Fault> {
    let id = reader.packet_id()?;
    if !reader.is_v5() || reader.left() == 0 {
        return Ok(Ack::success(id));
    }
    let reason = reason(reader, Part::REASON)?;
    let properties = if reader.left() == 0 {
        Properties::new()
    } else {
        properties::read(reader, Part::PROPERTIES, table)?
    };
    Ok(Ack { id, reason, properties })
}

/// MQTT 5.0 lets it end before or after the Reason Code (§3.14.2.1).
pub(super) fn disconnect<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Disconnect, Fault> {
    let mut packet = Disconnect { reason: ReasonCode::SUCCESS, properties: Properties::new() };
    if !reader.is_v5() || reader.left() == 0 {
        return Ok(packet);
    }
    packet.reason = reason(reader, Part::REASON)?;
    if reader.left() > 0 {
        packet.properties = properties::read(reader, Part::PROPERTIES, &allowed::DISCONNECT)?;
    }
    Ok(packet)
}

/// AUTH may be empty, which means success (MQTT 5.0 §3.15.2.1); otherwise it has an Authentication Method.
pub(super) fn auth<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Auth, Fault> {
    if reader.left() == 0 {
        return empty_auth(reader);
    }
    let reason = reason(reader, Part::REASON)?;
    let start = reader.at();
    let properties = properties::read(reader, Part::PROPERTIES, &allowed::AUTH)?;
    if properties.authentication_method().is_none() {
        let kind = FaultKind::NoAuthenticationMethod;
        return Err(reader.fault(start, Part::PROPERTIES, kind, Law::AUTH_METHOD));
    }
    Ok(Auth { reason, properties })
}

fn empty_auth<W: Watch>(reader: &Reader<'_, W>) -> Result<Auth, Fault> {
    let (code, packet, sender) = (ReasonCode::SUCCESS, reader.context.packet, reader.context.sender);
    match reasons::codes(Version::V5_0, packet) {
        Some(codes) if !codes.allow(code, sender) => {
            let kind = FaultKind::ReasonNotAllowed { code, packet, sender };
            Err(reader.fault(reader.at(), Part::REASON, kind, Law::only(codes.law)))
        }
        Some(_) | None => Ok(Auth { reason: code, properties: Properties::new() }),
    }
}
