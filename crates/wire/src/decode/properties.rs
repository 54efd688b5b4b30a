//! Properties, held against the table of their packet (MQTT 5.0 §2.2.2).

use super::{Watch, reader::Reader};
use crate::{
    Fault, FaultKind, Properties, Property, PropertyId,
    law::Law,
    part::Part,
    property::{Occurrences, Value, ValueKind},
    table::properties::{Row, Table},
};

/// The properties under `part`, which is either those of the packet or of the will.
pub(super) fn read<W: Watch>(
    reader: &mut Reader<'_, W>,
    part: Part,
    table: &Table,
) -> Result<Properties, Fault> {
    reader.counted_properties(part, |reader| {
        let mut properties = Properties::new();
        let mut seen = Occurrences::new();
        while reader.left() > 0 {
            properties.push(read_one(reader, part, table, &mut seen)?);
        }
        Ok(properties)
    })
}

fn read_one<W: Watch>(
    reader: &mut Reader<'_, W>,
    section: Part,
    table: &Table,
    seen: &mut Occurrences,
) -> Result<Property, Fault> {
    let start = reader.at();
    let number = reader.raw_variable_byte(section)?;
    let Some(id) = u8::try_from(number).ok().and_then(PropertyId::from_number) else {
        let kind = FaultKind::UnknownProperty(number);
        return Err(reader.fault(start, section, kind, Law::PROPERTY_DEFINED));
    };
    let before = seen.count(id);
    let part = Part::property(section, id, before);
    reader.note(part.sub(".id"), start, id.name());
    let Some(row) = table.row(id) else {
        return Err(reader.fault(start, part, FaultKind::PropertyNotAllowed(id), Law::v5(table.law)));
    };
    if let Some((sender, law)) = row.only_from
        && sender != reader.context.sender
    {
        let kind = FaultKind::PropertyNotFromSender { property: id, sender: reader.context.sender };
        return Err(reader.fault(start, part, kind, Law::v5(law)));
    }
    if let Some(law) = row.once
        && before > 0
    {
        return Err(reader.fault(start, part, FaultKind::PropertyRepeated(id), Law::v5(law)));
    }
    read_value(reader, part, row)
}

fn read_value<W: Watch>(reader: &mut Reader<'_, W>, part: Part, row: &Row) -> Result<Property, Fault> {
    let start = reader.at();
    let number = part.sub(".value");
    let value = match row.id.kind() {
        ValueKind::Byte => Value::Byte(reader.byte(number)?),
        ValueKind::TwoByte => Value::TwoByte(reader.two_bytes(number)?),
        ValueKind::FourByte => Value::FourByte(reader.four_bytes(number)?),
        ValueKind::VariableByte => Value::VariableByte(reader.variable_byte(number)?),
        ValueKind::Text => Value::Text(reader.text(part)?),
        ValueKind::Binary => Value::Binary(reader.data(part)?),
        ValueKind::Pair => Value::Pair(reader.pair(part)?),
    };
    let in_range = |value: u32| match row.range {
        Some((range, law)) if !range.contains(value) => {
            let kind = FaultKind::PropertyValue { property: row.id, value };
            Err(reader.fault(start, part, kind, Law::v5(law)))
        }
        Some(_) | None => Ok(()),
    };
    match value {
        Value::Byte(value) => in_range(value.into())?,
        Value::TwoByte(value) => in_range(value.into())?,
        Value::FourByte(value) | Value::VariableByte(value) => in_range(value)?,
        Value::Text(_) | Value::Binary(_) | Value::Pair(_) => {}
    }
    Property::new(row.id, value).ok_or_else(|| {
        reader.fault(start, part, FaultKind::PropertyNotAllowed(row.id), Law::PROPERTY_DEFINED)
    })
}
