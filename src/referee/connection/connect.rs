//! CONNECT, CONNACK and DISCONNECT against each other (§3.1, §3.2, §3.14).

use mqttspec_spec::Version;
use mqttspec_wire::{
    ReasonCode,
    packet::{Connack, Connect, Disconnect, Will},
};

use super::{
    findings::Findings,
    terms::{Accepted, Terms},
};
use crate::referee::duty::duties;

duties! {
    EMPTY_CLIENT_ID_NEEDS_CLEAN_SESSION: Client, Always, v3 "3.1.3-7";
    NO_WILDCARD_IN_WILL_TOPIC: Client, Always, v3 "4.7.1-1", v5 "4.7.0-1";
    WILL_TOPIC_NOT_EMPTY: Client, Always, v3 "4.7.3-1", v5 "4.7.3-1";
    WILL_PAYLOAD_IS_UTF8: Client, Always, v5 "X-3.1.3.2.3-2";
    EMPTY_CLIENT_ID_REFUSED: Server, Always, v3 "3.1.3-8" in "reason";
    CLIENT_ID_ASSIGNED: Server, Always, v5 "3.1.3-7";
    NO_SESSION_AFTER_CLEAN_START: Server, Always, v3 "3.2.2-1", v5 "3.2.2-2" in "connack-flags";
    RESPONSE_INFORMATION_REQUESTED: Server, Always, v5 "3.1.2-28" in "response-information";
    WILL_QOS_SUPPORTED: Server, Always, v5 "3.2.2-12" in "reason";
    WILL_RETAIN_SUPPORTED: Server, Always, v5 "3.2.2-13" in "reason";
    SESSION_EXPIRY_STAYS_ZERO: Client, Always, v5 "X-3.14.2.2.2-2";
}

/// A CONNECT that opens the connection.
pub(super) fn connect(connect: &Connect, findings: &mut Findings) {
    if connect.version == Version::V3_1_1 && connect.client_id.is_empty() && !connect.clean_start {
        findings.breach(
            EMPTY_CLIENT_ID_NEEDS_CLEAN_SESSION,
            format_args!("CONNECT has an empty Client Identifier and CleanSession 0"),
        );
    }
    if let Some(message) = &connect.will {
        will(message, findings);
    }
}

fn will(will: &Will, findings: &mut Findings) {
    let topic = &will.topic;
    if topic.is_empty() {
        findings.breach(WILL_TOPIC_NOT_EMPTY, format_args!("The Will Topic is empty"));
    } else if topic.contains(['+', '#']) {
        findings.breach(
            NO_WILDCARD_IN_WILL_TOPIC,
            format_args!("The Will Topic {topic:?} contains a wildcard character"),
        );
    }
    let is_text = will.properties.payload_format_indicator() == Some(1);
    if is_text && std::str::from_utf8(&will.payload).is_err() {
        findings.breach(
            WILL_PAYLOAD_IS_UTF8,
            format_args!("The Will Payload is not UTF-8 although its Payload Format Indicator is 1"),
        );
    }
}

/// The CONNACK that answers a CONNECT with these terms.
pub(super) fn connack(connack: &Connack, terms: &Terms, findings: &mut Findings) {
    if connack.properties.response_information().is_some() && !terms.response_information {
        findings.breach(
            RESPONSE_INFORMATION_REQUESTED,
            format_args!("CONNACK has Response Information, which the CONNECT did not request"),
        );
    }
    if connack.reason == ReasonCode::SUCCESS {
        acceptance(connack, terms, findings);
    }
}

fn acceptance(connack: &Connack, terms: &Terms, findings: &mut Findings) {
    if connack.session_present && terms.clean_start {
        findings.breach(
            NO_SESSION_AFTER_CLEAN_START,
            format_args!("CONNACK has Session Present 1 although the CONNECT asked for a clean start"),
        );
    }
    if terms.empty_client_id && !terms.clean_start {
        findings.breach(
            EMPTY_CLIENT_ID_REFUSED,
            format_args!("CONNACK accepts an empty Client Identifier with CleanSession 0"),
        );
    }
    let assigned = connack.properties.assigned_client_identifier();
    if terms.empty_client_id && assigned.is_none_or(|id| id.is_empty()) {
        findings.breach(
            CLIENT_ID_ASSIGNED,
            format_args!("CONNACK accepts an empty Client Identifier without assigning one"),
        );
    }
    will_accepted(&Accepted::granted(connack), terms, findings);
}

/// The server accepted a will that it says it cannot keep.
fn will_accepted(accepted: &Accepted, terms: &Terms, findings: &mut Findings) {
    let Some(will) = terms.will else { return };
    if will.qos > accepted.maximum_qos {
        let (asked, maximum) = (will.qos, accepted.maximum_qos);
        findings.breach(
            WILL_QOS_SUPPORTED,
            format_args!(
                "CONNACK accepts a will of {asked} although it announces Maximum QoS {}",
                maximum.level()
            ),
        );
    }
    if will.retain && !accepted.retain {
        findings.breach(
            WILL_RETAIN_SUPPORTED,
            format_args!(
                "CONNACK accepts a will with Will Retain 1 although it announces Retain Available 0"
            ),
        );
    }
}

/// A client's DISCONNECT on a connection with these terms.
pub(super) fn disconnect(disconnect: &Disconnect, terms: &Terms, findings: &mut Findings) {
    let expiry = disconnect.properties.session_expiry_interval().unwrap_or(0);
    if expiry > 0 && terms.session_expiry == 0 {
        findings.breach(
            SESSION_EXPIRY_STAYS_ZERO,
            format_args!("DISCONNECT sets Session Expiry Interval {expiry}, which was 0 in the CONNECT"),
        );
    }
}
