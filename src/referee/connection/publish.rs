//! What a PUBLISH says by itself, and against what the CONNACK announced (§3.3).

use mqttspec_wire::{Sender, packet::Publish};

use super::{
    findings::Findings,
    terms::{Accepted, Terms},
};
use crate::referee::duty::duties;

duties! {
    NO_WILDCARD_IN_TOPIC: Both, Always, v3 "3.3.2-2", v5 "3.3.2-2" in "topic-name";
    TOPIC_NOT_EMPTY: Both, Always, v3 "4.7.3-1" in "topic-name";
    NO_WILDCARD_IN_RESPONSE_TOPIC: Client, Always, v5 "3.3.2-14";
    PAYLOAD_IS_UTF8: Client, Always, v5 "X-3.3.2.3.2-1";
    QOS_WITHIN_MAXIMUM: Client, Always, v5 "3.2.2-11";
    RETAIN_AVAILABLE: Client, Always, v5 "3.2.2-14";
}

/// A PUBLISH of either side.
pub(super) fn publish(publish: &Publish, terms: Option<&Terms>, findings: &mut Findings) {
    let topic = &publish.topic;
    if topic.contains(['+', '#']) {
        findings.breach(
            NO_WILDCARD_IN_TOPIC,
            format_args!("The Topic Name {topic:?} of the PUBLISH contains a wildcard character"),
        );
    }
    if topic.is_empty() && !findings.is_v5() {
        findings.breach(TOPIC_NOT_EMPTY, format_args!("The Topic Name of the PUBLISH is empty"));
    }
    // A server passes on what it was given, and need not look into it.
    if findings.party == Sender::Client {
        content(publish, findings);
        if let Some(accepted) = terms.and_then(|terms| terms.accepted) {
            announced(publish, accepted, findings);
        }
    }
}

fn content(publish: &Publish, findings: &mut Findings) {
    if let Some(topic) = publish.properties.response_topic().filter(|topic| topic.contains(['+', '#'])) {
        findings.breach(
            NO_WILDCARD_IN_RESPONSE_TOPIC,
            format_args!("The Response Topic {topic:?} contains a wildcard character"),
        );
    }
    let is_text = publish.properties.payload_format_indicator() == Some(1);
    if is_text && std::str::from_utf8(&publish.payload).is_err() {
        findings.breach(
            PAYLOAD_IS_UTF8,
            format_args!("The payload is not UTF-8 although its Payload Format Indicator is 1"),
        );
    }
}

/// Before CONNACK the client cannot know.
fn announced(publish: &Publish, accepted: Accepted, findings: &mut Findings) {
    let (qos, maximum) = (publish.delivery.qos(), accepted.maximum_qos);
    if qos > maximum {
        findings.breach(
            QOS_WITHIN_MAXIMUM,
            format_args!("PUBLISH has {qos} although the CONNACK announced Maximum QoS {}", maximum.level()),
        );
    }
    if publish.retain && !accepted.retain {
        findings.breach(
            RETAIN_AVAILABLE,
            format_args!("PUBLISH has RETAIN 1 although the CONNACK announced Retain Available 0"),
        );
    }
}
