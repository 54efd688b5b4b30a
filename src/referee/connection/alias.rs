//! Topic Aliases, which each side sets for what it sends (MQTT 5.0 §3.3.2.3.4).

use std::collections::BTreeMap;

use mqttspec_wire::{
    ReasonCode, Sender,
    packet::{Disconnect, Publish},
};

use super::findings::Findings;
use crate::referee::duty::duties;

duties! {
    CLIENT_ALIAS_ALLOWED: Client, Always, v5 "3.2.2-18";
    CLIENT_ALIAS_WITHIN_MAXIMUM: Client, Always, v5 "3.3.2-9";
    SERVER_ALIAS_ALLOWED: Server, Always, v5 "3.1.2-27" in "topic-alias";
    SERVER_ALIAS_WITHIN_MAXIMUM: Server, Always, v5 "3.3.2-11" in "topic-alias";
    CLIENT_ACCEPTS_ALIASES: Client, Mutual, v5 "3.3.2-10";
    ALIAS_WAS_SET: Both, Sighted, v5 "X-3.3.4-4" in "topic-alias";
}

/// Bytes of topic names kept for one direction.
const MEMORY: usize = 1 << 20;

/// The aliases of one direction.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    /// Without a name where it took too much memory.
    names: BTreeMap<u16, Option<Box<str>>>,
    bytes: usize,
}

impl Aliases {
    /// The topic name of a PUBLISH, if it can be told. `maximum`: the receiver's Topic Alias Maximum, if it is known.
    pub(super) fn resolve<'a>(
        &'a mut self,
        publish: &'a Publish,
        maximum: Option<u16>,
        findings: &mut Findings,
    ) -> Option<&'a str> {
        let Some(alias) = publish.properties.topic_alias() else {
            return Some(&publish.topic);
        };
        if let Some(maximum) = maximum.filter(|maximum| alias > *maximum) {
            too_high(alias, maximum, findings);
        }
        if publish.topic.is_empty() {
            if !self.names.contains_key(&alias) {
                findings.breach(
                    ALIAS_WAS_SET,
                    format_args!("PUBLISH has no Topic Name, and its Topic Alias {alias} was never set"),
                );
            }
            return self.names.get(&alias)?.as_deref();
        }
        self.set(alias, &publish.topic);
        Some(&publish.topic)
    }

    /// The client left because of the aliases that these are, all of which it had to accept.
    pub(super) fn refused(&self, disconnect: &Disconnect, findings: &mut Findings) {
        if disconnect.reason == ReasonCode::TOPIC_ALIAS_INVALID && !self.names.is_empty() {
            findings.breach(
                CLIENT_ACCEPTS_ALIASES,
                format_args!(
                    "DISCONNECT has Reason Code {} although no Topic Alias was above the client's maximum",
                    disconnect.reason
                ),
            );
        }
    }

    fn set(&mut self, alias: u16, topic: &str) {
        let before = self.names.insert(alias, None).flatten();
        self.bytes -= before.map_or(0, |name| name.len());
        if self.bytes + topic.len() <= MEMORY {
            self.bytes += topic.len();
            self.names.insert(alias, Some(topic.into()));
        }
    }

    /// How much is remembered, in entries and bytes.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.names.len() + self.bytes
    }
}

fn too_high(alias: u16, maximum: u16, findings: &mut Findings) {
    let duty = match (findings.party, maximum) {
        (Sender::Client, 0) => CLIENT_ALIAS_ALLOWED,
        (Sender::Client, _) => CLIENT_ALIAS_WITHIN_MAXIMUM,
        (Sender::Server, 0) => SERVER_ALIAS_ALLOWED,
        (Sender::Server, _) => SERVER_ALIAS_WITHIN_MAXIMUM,
    };
    findings.breach(
        duty,
        format_args!(
            "PUBLISH has Topic Alias {alias}, where the receiver's Topic Alias Maximum is {maximum}"
        ),
    );
}
