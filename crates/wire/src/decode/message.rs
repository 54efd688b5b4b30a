//! PUBLISH and the packets of subscribing (§3.3, §3.8 to §3.11).

use super::{Watch, properties, reader::Reader, simple::reason};
use crate::{
    Fault, FaultKind, Properties, QoS, ReasonCode,
    law::Law,
    packet::{Delivery, Publish, RetainHandling, Suback, Subscribe, Subscription, Unsuback, Unsubscribe},
    part::Part,
    table::properties as allowed,
};

/// `flags` are the low four bits of the first byte.
pub(super) fn publish<W: Watch>(reader: &mut Reader<'_, W>, flags: u8) -> Result<Publish, Fault> {
    let dup = flags & 0b1000 != 0;
    let retain = flags & 0b0001 != 0;
    let qos = QoS::new((flags >> 1) & 0b11)
        .ok_or_else(|| reader.fault(0, Part::FIRST_BYTE, FaultKind::QoS3, Law::PUBLISH_QOS))?;
    if dup && qos == QoS::AtMostOnce {
        return Err(reader.fault(0, Part::FIRST_BYTE, FaultKind::DupAtQoS0, Law::DUP_AT_QOS_0));
    }
    let topic_at = reader.at();
    let topic = reader.text(Part::TOPIC_NAME)?;
    let delivery = match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { id: reader.packet_id()?, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { id: reader.packet_id()?, dup },
    };
    let mut properties = Properties::new();
    if reader.is_v5() {
        properties = properties::read(reader, Part::PROPERTIES, &allowed::PUBLISH)?;
        if topic.is_empty() && properties.topic_alias().is_none() {
            return Err(reader.fault(topic_at, Part::TOPIC_NAME, FaultKind::NoTopic, Law::TOPIC_OR_ALIAS));
        }
    }
    let payload = reader.rest(Part::PAYLOAD);
    Ok(Publish { delivery, retain, topic, properties, payload })
}

pub(super) fn subscribe<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Subscribe, Fault> {
    let id = reader.packet_id()?;
    let properties = v5_properties(reader, &allowed::SUBSCRIBE)?;
    let mut filters = Vec::new();
    while reader.left() > 0 {
        filters.push(subscription(reader, filters.len())?);
    }
    if filters.is_empty() {
        return Err(no_filter(reader, Law::SUBSCRIBE_FILTERS));
    }
    Ok(Subscribe { id, properties, filters })
}

fn subscription<W: Watch>(reader: &mut Reader<'_, W>, index: usize) -> Result<Subscription, Fault> {
    let filter = reader.text(Part::FILTER.nth(index))?;
    let part = Part::OPTIONS.nth(index);
    let options = reader.raw_byte(part)?;
    reader.note(part, reader.at().saturating_sub(1), format_args!("{options:08b}"));
    let known = if reader.is_v5() { 0b0011_1111 } else { 0b0000_0011 };
    if options & !known != 0 {
        return reader.reject(part, FaultKind::ReservedBits(options), Law::SUBSCRIBE_RESERVED_BITS);
    }
    let Some(qos) = QoS::new(options & 0b11) else {
        return reader.reject(part, FaultKind::SubscriptionQoS3, Law::SUBSCRIBE_QOS);
    };
    let retain_handling = match options >> 4 {
        0 => RetainHandling::Send,
        1 => RetainHandling::SendIfNew,
        2 => RetainHandling::DoNotSend,
        _ => return reader.reject(part, FaultKind::RetainHandling3, Law::RETAIN_HANDLING),
    };
    let (no_local, retain_as_published) = (options & 0b100 != 0, options & 0b1000 != 0);
    Ok(Subscription { filter, qos, no_local, retain_as_published, retain_handling })
}

pub(super) fn unsubscribe<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Unsubscribe, Fault> {
    let id = reader.packet_id()?;
    let properties = v5_properties(reader, &allowed::UNSUBSCRIBE)?;
    let mut filters = Vec::new();
    while reader.left() > 0 {
        filters.push(reader.text(Part::FILTER.nth(filters.len()))?);
    }
    if filters.is_empty() {
        return Err(no_filter(reader, Law::UNSUBSCRIBE_FILTERS));
    }
    Ok(Unsubscribe { id, properties, filters })
}

pub(super) fn suback<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Suback, Fault> {
    let id = reader.packet_id()?;
    let properties = v5_properties(reader, &allowed::SUBACK)?;
    let reasons = reasons(reader, Law::SUBACK_CODES)?;
    Ok(Suback { id, properties, reasons })
}

pub(super) fn unsuback<W: Watch>(reader: &mut Reader<'_, W>) -> Result<Unsuback, Fault> {
    let id = reader.packet_id()?;
    let properties = v5_properties(reader, &allowed::UNSUBACK)?;
    let reasons = if reader.is_v5() { reasons(reader, Law::UNSUBACK_CODES)? } else { Vec::new() };
    Ok(Unsuback { id, properties, reasons })
}

fn v5_properties<W: Watch>(reader: &mut Reader<'_, W>, table: &allowed::Table) -> Result<Properties, Fault> {
    if reader.is_v5() { properties::read(reader, Part::PROPERTIES, table) } else { Ok(Properties::new()) }
}

fn no_filter<W: Watch>(reader: &Reader<'_, W>, law: Law) -> Fault {
    reader.fault(reader.at(), Part::FILTER, FaultKind::NoTopicFilter, law)
}

/// The codes up to the end, at least one.
fn reasons<W: Watch>(reader: &mut Reader<'_, W>, law: Law) -> Result<Vec<ReasonCode>, Fault> {
    if reader.left() == 0 {
        return Err(reader.fault(reader.at(), Part::REASON, FaultKind::NoReasonCode, law));
    }
    let mut reasons = Vec::with_capacity(reader.left());
    while reader.left() > 0 {
        reasons.push(reason(reader, Part::REASON.nth(reasons.len()))?);
    }
    Ok(reasons)
}
