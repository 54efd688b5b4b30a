//! CONNECT, and what it carries for the sake of the target.

use mqttspec_wire::packet::{Connect, Will};

use super::{Context, Fields, text};
use crate::{
    runner::value::{Datum, ValueError},
    scenario::ast::{Field, FieldValue, PacketSpec},
    target::Credentials,
};

/// User Name Flag and Password Flag (MQTT 5.0 §3.1.2.8, §3.1.2.9).
const USERNAME_FLAG: u8 = 0x80;
const PASSWORD_FLAG: u8 = 0x40;

pub(super) fn connect(fields: &Fields<'_>) -> Result<Connect, ValueError> {
    let will = fields
        .fields
        .iter()
        .any(|field| field.name.starts_with("will.") && fields.counts(field))
        .then(|| -> Result<Will, ValueError> {
            Ok(Will {
                qos: fields.qos("will.qos")?,
                retain: fields.flag("will.retain")?.unwrap_or(false),
                properties: fields.properties("will.")?,
                topic: fields.text("will.topic")?.unwrap_or_default(),
                payload: fields.bytes("will.payload")?.unwrap_or_default(),
            })
        })
        .transpose()?;
    let client_id = match fields.text("client-id")? {
        Some(client_id) => client_id,
        None => text("client-id", &Datum::Text(fields.context.client_id.to_owned()))?,
    };
    let (username, password) = match default_credentials(fields.fields, fields.context) {
        Some(Credentials { username, password }) => (Some(username.clone()), password.clone()),
        None => (fields.text("username")?, fields.bytes("password")?),
    };
    Ok(Connect {
        version: fields.context.version,
        clean_start: fields.flag("clean-start")?.unwrap_or(true),
        keep_alive: fields.integer("keep-alive")?.unwrap_or(60),
        properties: fields.properties("")?,
        client_id,
        will,
        username,
        password,
    })
}

/// The target's credentials, unless the scenario's CONNECT has its own.
fn default_credentials<'a>(fields: &[Field<FieldValue>], context: &Context<'a>) -> Option<&'a Credentials> {
    let own = fields.iter().any(|field| {
        matches!(field.name, "username" | "password") && field.only.is_none_or(|only| only == context.version)
    });
    if own { None } else { context.credentials }
}

/// The Connect Flags that the target's credentials set. They are no business of the scenario: an edit that replaces
/// the flags must leave them, or it would make a second fault.
pub(in crate::runner) fn flags_of_credentials(spec: &PacketSpec, context: &Context<'_>) -> u8 {
    default_credentials(&spec.fields, context).map_or(0, |credentials| {
        USERNAME_FLAG | if credentials.password.is_some() { PASSWORD_FLAG } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use mqttspec_spec::Version;
    use mqttspec_wire::{Packet, PacketId, packet::PacketType};
    use rstest::rstest;

    use super::*;
    use crate::{
        runner::{build, value::Variables},
        scenario::ast::{Expr, Scalar},
        target::Address,
    };

    fn field(name: &'static str, only: Option<Version>) -> Field<FieldValue> {
        let value = FieldValue::One(Expr::Constant(Scalar::Text("own".into())));
        Field { name, only, value, span: 0..0 }
    }

    #[rstest]
    #[case::none(vec![], Some("user"), Some(b"pass".as_slice()), 0xC0)]
    #[case::other(vec![field("client-id", None)], Some("user"), Some(b"pass".as_slice()), 0xC0)]
    #[case::username(vec![field("username", None)], Some("own"), None, 0)]
    #[case::password(vec![field("password", None)], None, Some(b"own".as_slice()), 0)]
    #[case::elsewhere(vec![field("username", Some(Version::V3_1_1))], Some("user"), Some(b"pass".as_slice()), 0xC0)]
    fn a_connect_without_credentials_of_its_own_carries_those_of_the_target(
        #[case] fields: Vec<Field<FieldValue>>,
        #[case] username: Option<&str>,
        #[case] password: Option<&[u8]>,
        #[case] flags: u8,
    ) {
        let target: Address = "mqtt://user:pass@host".parse().unwrap();
        let spec = PacketSpec { packet: PacketType::Connect, fields, edits: vec![] };
        let context = Context {
            version: Version::V5_0,
            variables: &Variables::default(),
            client_id: "c",
            credentials: target.credentials(),
            packet_id: PacketId::MIN,
        };
        let Packet::Connect(connect) = build::packet(&spec, &context).unwrap() else {
            panic!("not a CONNECT")
        };
        assert_eq!(connect.username.as_ref().map(mqttspec_wire::Utf8String::as_str), username);
        assert_eq!(connect.password.as_deref(), password);
        assert_eq!(flags_of_credentials(&spec, &context), flags);
    }
}
