//! From a packet as a scenario describes it to the packet that is sent.

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, PacketId, Properties, Property, PropertyId, QoS, ReasonCode, Utf8String, Value,
    packet::{
        Ack, Auth, Connack, Delivery, Disconnect, PacketType, Publish, RetainHandling, Suback, Subscribe,
        Subscription, Unsuback, Unsubscribe,
    },
    property::ValueKind,
};

mod connect;

pub(super) use connect::flags_of_credentials;

use super::value::{Datum, ValueError, Variables};
use crate::{
    scenario::ast::{Expr, Field, FieldValue, PacketSpec},
    target::Credentials,
};

/// What a packet needs beside its description.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The version it is sent under.
    pub version: Version,
    /// The variables.
    pub variables: &'a Variables,
    /// The client id for a CONNECT that names none.
    pub client_id: &'a str,
    /// What a CONNECT carries that names neither user name nor password.
    pub credentials: Option<&'a Credentials>,
    /// The packet identifier for a packet that names none.
    pub packet_id: PacketId,
}

/// The property that a field name stands for: `session-expiry-interval`, or `will.content-type` of a will.
pub(super) fn property_named(field: &str) -> Option<PropertyId> {
    let field = field.strip_prefix("will.").unwrap_or(field);
    PropertyId::ALL.iter().copied().find(|id| id.name().to_lowercase().replace(' ', "-") == field)
}

/// Builds the packet; its edits are not yet applied.
pub(super) fn packet(spec: &PacketSpec, context: &Context<'_>) -> Result<Packet, ValueError> {
    let fields = Fields { fields: &spec.fields, context };
    let ack = || -> Result<Ack, ValueError> {
        Ok(Ack { id: fields.packet_id()?, reason: fields.reason()?, properties: fields.properties("")? })
    };
    Ok(match spec.packet {
        PacketType::Connect => Packet::Connect(Box::new(connect::connect(&fields)?)),
        PacketType::Connack => Packet::Connack(Connack {
            session_present: fields.flag("session-present")?.unwrap_or(false),
            reason: fields.reason()?,
            properties: fields.properties("")?,
        }),
        PacketType::Publish => Packet::Publish(publish(&fields)?),
        PacketType::Puback => Packet::Puback(ack()?),
        PacketType::Pubrec => Packet::Pubrec(ack()?),
        PacketType::Pubrel => Packet::Pubrel(ack()?),
        PacketType::Pubcomp => Packet::Pubcomp(ack()?),
        PacketType::Subscribe => Packet::Subscribe(Subscribe {
            id: fields.packet_id()?,
            properties: fields.properties("")?,
            filters: subscriptions(&fields)?,
        }),
        PacketType::Suback => Packet::Suback(Suback {
            id: fields.packet_id()?,
            properties: fields.properties("")?,
            reasons: fields.reasons()?,
        }),
        PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe {
            id: fields.packet_id()?,
            properties: fields.properties("")?,
            filters: fields
                .many("filters")?
                .into_iter()
                .chain(fields.many("filter")?)
                .map(|value| text("filter", &value))
                .collect::<Result<_, _>>()?,
        }),
        PacketType::Unsuback => Packet::Unsuback(Unsuback {
            id: fields.packet_id()?,
            properties: fields.properties("")?,
            reasons: fields.reasons()?,
        }),
        PacketType::Pingreq => Packet::Pingreq,
        PacketType::Pingresp => Packet::Pingresp,
        PacketType::Disconnect => {
            Packet::Disconnect(Disconnect { reason: fields.reason()?, properties: fields.properties("")? })
        }
        PacketType::Auth => {
            Packet::Auth(Auth { reason: fields.reason()?, properties: fields.properties("")? })
        }
    })
}

fn publish(fields: &Fields<'_>) -> Result<Publish, ValueError> {
    let dup = fields.flag("dup")?.unwrap_or(false);
    let delivery = match fields.qos("qos")? {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { id: fields.packet_id()?, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { id: fields.packet_id()?, dup },
    };
    Ok(Publish {
        delivery,
        retain: fields.flag("retain")?.unwrap_or(false),
        topic: fields.text("topic")?.unwrap_or_default(),
        properties: fields.properties("")?,
        payload: fields.bytes("payload")?.unwrap_or_default(),
    })
}

fn subscriptions(fields: &Fields<'_>) -> Result<Vec<Subscription>, ValueError> {
    fields
        .values("filters")
        .flat_map(|value| match value {
            FieldValue::Filters(filters) => filters.iter(),
            FieldValue::One(_) | FieldValue::Many(_) | FieldValue::Pairs(_) => [].iter(),
        })
        .map(|options| {
            let options = Options { options, context: fields.context };
            let filter = options.get("filter")?.unwrap_or(Datum::Text(String::new()));
            Ok(Subscription {
                filter: text("filter", &filter)?,
                qos: qos("qos", options.get("qos")?.as_ref())?,
                no_local: options.flag("no-local")?,
                retain_as_published: options.flag("retain-as-published")?,
                retain_handling: match options.get("retain-handling")? {
                    None => RetainHandling::Send,
                    Some(value) => match value.integer::<u8>() {
                        Some(0) => RetainHandling::Send,
                        Some(1) => RetainHandling::SendIfNew,
                        Some(2) => RetainHandling::DoNotSend,
                        _ => return Err(unfit("retain-handling", &value)),
                    },
                },
            })
        })
        .collect()
}

/// The options of one filter of SUBSCRIBE.
struct Options<'a> {
    options: &'a [Field<Expr>],
    context: &'a Context<'a>,
}

impl Options<'_> {
    fn get(&self, name: &str) -> Result<Option<Datum>, ValueError> {
        self.options
            .iter()
            .find(|option| option.name == name && option.only.is_none_or(|only| only == self.context.version))
            .map(|option| self.context.variables.eval(&option.value))
            .transpose()
    }

    fn flag(&self, name: &'static str) -> Result<bool, ValueError> {
        self.get(name)?.map_or(Ok(false), |value| flag(name, &value))
    }
}

/// The fields of a packet that count under the version in use.
struct Fields<'a> {
    fields: &'a [Field<FieldValue>],
    context: &'a Context<'a>,
}

impl<'a> Fields<'a> {
    fn counts(&self, field: &Field<FieldValue>) -> bool {
        field.only.is_none_or(|only| only == self.context.version)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a FieldValue> {
        self.fields
            .iter()
            .filter(move |field| field.name == name && self.counts(field))
            .map(|field| &field.value)
    }

    fn many(&self, name: &str) -> Result<Vec<Datum>, ValueError> {
        let mut data = Vec::new();
        for value in self.values(name) {
            match value {
                FieldValue::One(expr) => data.push(self.context.variables.eval(expr)?),
                FieldValue::Many(exprs) => {
                    for expr in exprs {
                        data.push(self.context.variables.eval(expr)?);
                    }
                }
                FieldValue::Pairs(_) | FieldValue::Filters(_) => {}
            }
        }
        Ok(data)
    }

    fn one(&self, name: &str) -> Result<Option<Datum>, ValueError> {
        Ok(self.many(name)?.into_iter().next())
    }

    fn text(&self, name: &'static str) -> Result<Option<Utf8String>, ValueError> {
        self.one(name)?.map(|value| text(name, &value)).transpose()
    }

    fn bytes(&self, name: &str) -> Result<Option<Bytes>, ValueError> {
        Ok(self.one(name)?.map(|value| value.to_bytes()))
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, ValueError> {
        self.one(name)?.map(|value| flag(name, &value)).transpose()
    }

    fn integer<T: TryFrom<u64>>(&self, name: &'static str) -> Result<Option<T>, ValueError> {
        self.one(name)?.map(|value| value.integer().ok_or_else(|| unfit(name, &value))).transpose()
    }

    fn qos(&self, name: &'static str) -> Result<QoS, ValueError> {
        qos(name, self.one(name)?.as_ref())
    }

    fn reason(&self) -> Result<ReasonCode, ValueError> {
        Ok(self.integer("reason")?.map_or(ReasonCode::SUCCESS, ReasonCode))
    }

    fn reasons(&self) -> Result<Vec<ReasonCode>, ValueError> {
        let codes = self.many("reasons")?;
        codes
            .iter()
            .map(|code| code.integer().map(ReasonCode).ok_or_else(|| unfit("reasons", code)))
            .collect()
    }

    fn packet_id(&self) -> Result<PacketId, ValueError> {
        let Some(value) = self.one("packet-id")? else { return Ok(self.context.packet_id) };
        value.integer().and_then(PacketId::new).ok_or_else(|| unfit("packet-id", &value))
    }

    /// The properties among the fields, in the order of the file; `prefix` is `will.` for those of a will.
    fn properties(&self, prefix: &str) -> Result<Properties, ValueError> {
        let mut properties = Properties::new();
        if self.context.version == Version::V3_1_1 {
            return Ok(properties);
        }
        for field in self.fields.iter().filter(|field| self.counts(field)) {
            let of_will = field.name.starts_with("will.");
            if of_will == prefix.is_empty() {
                continue;
            }
            let Some(id) = property_named(field.name) else { continue };
            for value in self.property_values(id, field)? {
                properties.push(Property::new(id, value).ok_or_else(|| ValueError::Unfit {
                    field: field.name,
                    value: "a value of another type".to_owned(),
                })?);
            }
        }
        Ok(properties)
    }

    fn property_values(&self, id: PropertyId, field: &Field<FieldValue>) -> Result<Vec<Value>, ValueError> {
        let eval = |expr: &Expr| self.context.variables.eval(expr);
        let single = |expr: &Expr| eval(expr).and_then(|value| property_value(id, field.name, &value));
        match &field.value {
            FieldValue::One(expr) => Ok(vec![single(expr)?]),
            FieldValue::Many(exprs) => exprs.iter().map(single).collect(),
            FieldValue::Pairs(pairs) => pairs
                .iter()
                .map(|(name, value)| {
                    Ok(Value::Pair((text(field.name, &eval(name)?)?, text(field.name, &eval(value)?)?)))
                })
                .collect(),
            FieldValue::Filters(_) => Ok(Vec::new()),
        }
    }
}

fn property_value(id: PropertyId, name: &'static str, value: &Datum) -> Result<Value, ValueError> {
    let number = match value {
        Datum::Bool(flag) => Datum::Number(f64::from(u8::from(*flag))),
        Datum::Number(_) | Datum::Text(_) | Datum::Bytes(_) => value.clone(),
    };
    let bad = || unfit(name, value);
    Ok(match id.kind() {
        ValueKind::Byte => Value::Byte(number.integer().ok_or_else(bad)?),
        ValueKind::TwoByte => Value::TwoByte(number.integer().ok_or_else(bad)?),
        ValueKind::FourByte => Value::FourByte(number.integer().ok_or_else(bad)?),
        ValueKind::VariableByte => Value::VariableByte(number.integer().ok_or_else(bad)?),
        ValueKind::Text => Value::Text(text(name, value)?),
        ValueKind::Binary => Value::Binary(value.to_bytes()),
        ValueKind::Pair => return Err(bad()),
    })
}

fn unfit(field: &'static str, value: &Datum) -> ValueError {
    ValueError::Unfit { field, value: value.to_string() }
}

fn text(field: &'static str, value: &Datum) -> Result<Utf8String, ValueError> {
    Utf8String::from_bytes(value.to_bytes()).map_err(|fault| ValueError::Unfit {
        field,
        value: format!("{value} ({fault}; use `edit:` for a wrong string)"),
    })
}

fn flag(field: &'static str, value: &Datum) -> Result<bool, ValueError> {
    match value {
        Datum::Bool(flag) => Ok(*flag),
        Datum::Number(_) => match value.integer::<u8>() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(unfit(field, value)),
        },
        Datum::Text(_) | Datum::Bytes(_) => Err(unfit(field, value)),
    }
}

fn qos(field: &'static str, value: Option<&Datum>) -> Result<QoS, ValueError> {
    let Some(value) = value else { return Ok(QoS::AtMostOnce) };
    value.integer().and_then(QoS::new).ok_or_else(|| unfit(field, value))
}
