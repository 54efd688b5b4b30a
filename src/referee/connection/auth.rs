//! Enhanced authentication (MQTT 5.0 §3.15, §4.12).

use mqttspec_wire::{
    Packet, Properties, ReasonCode, Sender,
    packet::{Auth, Connack},
};

use super::{findings::Findings, opening::Phase, terms::Terms};
use crate::referee::duty::duties;

duties! {
    ONLY_AUTH_BEFORE_CONNACK: Client, Always, v5 "3.1.2-30";
    SERVER_CONTINUES: Server, Always, v5 "4.12.0-2";
    CLIENT_CONTINUES: Client, Always, v5 "4.12.0-3";
    SAME_METHOD: Both, Always, v5 "4.12.0-5";
    NO_METHOD_NO_SERVER_AUTH: Server, Always, v5 "4.12.0-6";
    NO_METHOD_NO_CLIENT_AUTH: Client, Always, v5 "4.12.0-7";
    SAME_METHOD_AGAIN: Client, Always, v5 "4.12.1-1";
}

/// A client's packet of any type in this phase.
pub(super) fn before_connack(packet: &Packet, phase: Phase, terms: &Terms, findings: &mut Findings) {
    let is_allowed = matches!(packet, Packet::Connect(_) | Packet::Auth(_) | Packet::Disconnect(_));
    if phase == Phase::Connecting && terms.method.is_some() && !is_allowed {
        let name = packet.packet_type().name();
        findings.breach(
            ONLY_AUTH_BEFORE_CONNACK,
            format_args!(
                "The client sent {name} before CONNACK although its CONNECT has an Authentication Method"
            ),
        );
    }
}

/// An AUTH of either side in this phase.
pub(super) fn auth(auth: &Auth, phase: Phase, terms: &Terms, findings: &mut Findings) {
    let Some(method) = terms.method.as_deref() else {
        let duty = match findings.party {
            Sender::Client => NO_METHOD_NO_CLIENT_AUTH,
            Sender::Server => NO_METHOD_NO_SERVER_AUTH,
        };
        let party = findings.party;
        findings.breach(
            duty,
            format_args!("The {party} sent AUTH although the CONNECT has no Authentication Method"),
        );
        return;
    };
    if phase == Phase::Connecting && auth.reason != ReasonCode::CONTINUE_AUTHENTICATION {
        let duty = match findings.party {
            Sender::Client => CLIENT_CONTINUES,
            Sender::Server => SERVER_CONTINUES,
        };
        let reason = auth.reason;
        findings.breach(duty, format_args!("AUTH before CONNACK has Reason Code {reason} instead of 0x18"));
    }
    same_method(auth, method, findings);
}

/// AUTH may leave its properties out together, the Authentication Method among them (§3.15.2.1).
fn same_method(auth: &Auth, method: &str, findings: &mut Findings) {
    let is_again = auth.reason == ReasonCode::RE_AUTHENTICATE;
    let duty = if is_again { SAME_METHOD_AGAIN } else { SAME_METHOD };
    if let Some(found) = auth.properties.authentication_method().filter(|found| **found != *method) {
        findings.breach(
            duty,
            format_args!("AUTH has Authentication Method {found:?}, where the CONNECT has {method:?}"),
        );
    }
}

/// The Authentication Method of a CONNACK.
pub(super) fn connack(connack: &Connack, terms: &Terms, findings: &mut Findings) {
    let found = method(&connack.properties);
    match terms.method.as_deref() {
        None if found.is_some() => findings.breach(
            NO_METHOD_NO_SERVER_AUTH,
            format_args!("CONNACK has an Authentication Method although the CONNECT has none"),
        ),
        Some(asked) if connack.reason == ReasonCode::SUCCESS && found.as_deref() != Some(asked) => {
            findings.breach(
                SAME_METHOD,
                format_args!("CONNACK does not repeat the Authentication Method {asked:?} of the CONNECT"),
            );
        }
        None | Some(_) => {}
    }
}

fn method(properties: &Properties) -> Option<Box<str>> {
    properties.authentication_method().map(|method| method.as_str().into())
}
