//! `mqttspec broker --explain`: what came, which rules had a say in it, and what was sent, for people to read.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use mqttspec_spec::Version;
use mqttspec_wire::{Decoder, Packet, Sender};
use reference_broker::{
    ConnectionId, Output, Rule,
    core::{Cause, Fate, Route, Step},
};

use crate::describe::describe;

/// Tells steps one after the other. It knows the clients by what they have said about themselves.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    clients: BTreeMap<ConnectionId, (Version, String)>,
    /// When the first step was; a broker with a store goes by the clock of the system.
    began: Option<Duration>,
}

impl Narrator {
    /// The step in some lines: what happened, below it the rules with their statements, and what was done.
    pub(super) fn tell(&mut self, step: &Step) -> String {
        let since = step.at.saturating_sub(*self.began.get_or_insert(step.at));
        let mut text = format!("{:10.3}  ", since.as_secs_f64());
        let version = match &step.cause {
            Cause::Opened(id) => {
                let _ = writeln!(text, "{} opens a network connection", self.name(*id));
                None
            }
            Cause::Packet(id, version, packet) => {
                if let Packet::Connect(connect) = &**packet {
                    self.clients.entry(*id).or_insert((*version, connect.client_id.to_string()));
                }
                let _ = writeln!(text, "{} > {}", self.name(*id), describe(packet, *version));
                Some(*version)
            }
            Cause::Fault(id, fault) => {
                let _ = writeln!(text, "{} > cannot be read: {fault}", self.name(*id));
                self.clients.get(id).map(|(version, _)| *version)
            }
            Cause::Lost(id) => {
                let _ = writeln!(text, "{} is gone", self.name(*id));
                self.clients.get(id).map(|(version, _)| *version)
            }
            Cause::Other(what) => {
                let _ = writeln!(text, "{what}");
                None
            }
        };
        for rule in &step.rules {
            text.push_str(&about(*rule, version).unwrap_or_default());
        }
        for route in &step.routes {
            text.push_str(&way(route));
        }
        if let Some((id, client_id)) = &step.assigned
            && let Some((_, client)) = self.clients.get_mut(id)
        {
            *client = client_id.to_string();
        }
        for output in &step.done {
            let _ = writeln!(text, "            {}", self.done(output));
        }
        if let Cause::Lost(id) = &step.cause {
            self.clients.remove(id);
        }
        text
    }

    fn name(&self, id: ConnectionId) -> String {
        match self.clients.get(&id) {
            Some((_, client)) if !client.is_empty() => format!("#{id} \"{}\"", client.escape_debug()),
            Some(_) | None => format!("#{id}"),
        }
    }

    fn done(&mut self, output: &Output) -> String {
        match output {
            Output::Send(id, bytes) | Output::Pass(id, bytes) => {
                // Who has not said so in a CONNECT that can be read may be answered in the format of either.
                let versions = match self.clients.get(id) {
                    Some((version, _)) => vec![*version],
                    None => vec![Version::V5_0, Version::V3_1_1],
                };
                let packet = versions.into_iter().find_map(|version| described(bytes, version));
                let packet = packet.unwrap_or_else(|| format!("{} bytes that are no packet", bytes.len()));
                format!("{} < {packet}", self.name(*id))
            }
            Output::Close(id) | Output::Part(id) => {
                let told = format!("{} is closed", self.name(*id));
                self.clients.remove(id);
                told
            }
            Output::Verify { connection, .. } => {
                format!("{} has its password verified", self.name(*connection))
            }
        }
    }
}

/// A server's packet in one line, if it is one of this version.
fn described(bytes: &[u8], version: Version) -> Option<String> {
    let mut decoder = Decoder::new(Sender::Server, Some(version));
    decoder.feed(bytes);
    let frame = decoder.next().ok()??;
    Some(describe(&frame.packet, version))
}

/// A rule in one line, unless it carries out nothing of this version.
fn about(rule: Rule, version: Option<Version>) -> Option<String> {
    let statements =
        rule.statements().iter().filter(|id| version.is_none_or(|version| id.version() == version));
    let statements: Vec<String> = statements.map(ToString::to_string).collect();
    let list = statements.join(" ");
    (!statements.is_empty()).then(|| format!("              {}: {} {list}\n", rule.name(), rule.describe()))
}

/// What a message comes to by a subscription, in one line.
fn way(route: &Route) -> String {
    let Route { topic, client_id, filter, fate } = route;
    let (what, rule) = match fate {
        Fate::Delivered(qos) => (format!("it goes there at {qos}"), None),
        Fate::Chosen(qos) => (format!("it goes there at {qos}, in its turn"), Some(Rule::ShareDeliversOnce)),
        Fate::OthersTurn => ("it is another member's turn".to_owned(), Some(Rule::ShareDeliversOnce)),
        Fate::NoLocal => ("its own message does not go there".to_owned(), Some(Rule::NoLocalHonoured)),
        Fate::NotPermitted => ("it may not read that".to_owned(), None),
        Fate::NotKept => ("it is away, and QoS 0 is not kept".to_owned(), None),
        Fate::HiddenDollar => {
            let why = "a wildcard at the beginning does not match `$`";
            (why.to_owned(), Some(Rule::DollarHiddenFromWildcards))
        }
    };
    let rule = rule.map_or_else(String::new, |rule| format!(" ({rule})"));
    let [topic, client, filter] = [topic, client_id, filter].map(|text| text.escape_debug().to_string());
    format!("              `{topic}`, `{filter}` of \"{client}\": {what}{rule}\n")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reference_broker::{Broker, Config, Input, Rules};

    use super::*;

    /// What is told of some bytes on a new connection.
    fn told(parts: &[&'static [u8]]) -> String {
        let mut broker = Broker::new(Config::default(), Rules::all());
        broker.explain();
        let (id, mut outputs, mut narrator) = (ConnectionId(1), Vec::new(), Narrator::default());
        let mut inputs = vec![Input::Opened(id)];
        inputs.extend(parts.iter().map(|part| Input::Bytes(id, Bytes::from_static(part))));
        let mut text = String::new();
        for (now, input) in (1_000..).step_by(250).zip(inputs) {
            broker.handle(Duration::from_millis(now), input, &mut outputs);
            text.extend(broker.take_steps().iter().map(|step| narrator.tell(step)));
        }
        text
    }

    const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01a";

    #[test]
    fn packets_stand_above_the_rules_that_had_a_say() {
        let text = told(&[CONNECT, b"\xC0\x00"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "     0.000  #1 opens a network connection");
        let connect =
            lines.iter().position(|line| line.contains("#1 \"a\" > CONNECT client id \"a\"")).unwrap();
        let connack = lines.iter().position(|line| line.contains("#1 \"a\" < CONNACK")).unwrap();
        let ping = lines.iter().position(|line| line.ends_with("> PINGREQ")).unwrap();
        assert_eq!(lines[ping], "     0.500  #1 \"a\" > PINGREQ");
        assert!(lines[connect..connack].iter().any(|line| {
            line.starts_with("              accepted-connect-answered: ")
                && line.ends_with("v3.1.1:3.1.4-4 v3.1.1:3.2.0-1")
        }));
        assert!(
            lines[ping..]
                .iter()
                .any(|line| line.contains("pingreq-answered: PINGREQ is answered with PINGRESP."))
        );
        assert!(!lines[connect..ping].iter().any(|line| line.contains("pingreq-answered")), "{text}");
        assert!(!lines[connect..].iter().any(|line| line.contains("v5.0:")), "{text}");
        assert_eq!(lines.last(), Some(&"            #1 \"a\" < PINGRESP"));
    }

    /// Also under MQTT 3.1.1, where the client itself is not told.
    #[test]
    fn who_brings_no_client_identifier_is_known_by_the_one_it_gets() {
        let text = told(&[b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00", b"\xC0\x00"]);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.contains('#')).collect();
        assert!(lines[1].contains("#1 > CONNECT client id \"\""), "{text}");
        assert!(lines[2].starts_with("#1 \"auto-0\" < CONNACK"), "{text}");
        assert!(lines[3].ends_with("#1 \"auto-0\" > PINGREQ"), "{text}");
    }

    /// What a second CONNECT says does not make another client of it.
    #[test]
    fn a_client_keeps_its_name() {
        let text = told(&[CONNECT, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01b"]);
        assert!(text.ends_with("#1 \"a\" is closed\n"), "{text}");
    }

    #[test]
    fn whom_messages_go_to_is_told() {
        let connect = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x01a";
        let subscribe =
            b"\x82\x21\x00\x01\x00\x00\x01#\x01\x00\x03a/+\x05\x00\x0a$share/g/#\x00\x00\x04$x/#\x02";
        let text =
            told(&[connect, subscribe, b"\x30\x06\x00\x03a/b\x00", b"\x32\x08\x00\x03$x/\x00\x07\x00"]);
        let ways: Vec<&str> = text.lines().filter(|line| line.contains("` of \"")).map(str::trim).collect();
        let expected = [
            "`a/b`, `#` of \"a\": it goes there at QoS 0",
            "`a/b`, `$share/g/#` of \"a\": it goes there at QoS 0, in its turn (share-delivers-once)",
            "`a/b`, `a/+` of \"a\": its own message does not go there (no-local-honoured)",
            "`$x/`, `#` of \"a\": a wildcard at the beginning does not match `$` (dollar-hidden-from-wildcards)",
            "`$x/`, `$share/g/#` of \"a\": a wildcard at the beginning does not match `$` (dollar-hidden-from-wildcards)",
            "`$x/`, `$x/#` of \"a\": it goes there at QoS 1",
        ];
        assert_eq!(ways, expected, "{text}");
    }

    #[test]
    fn the_answer_to_an_unknown_version_is_told() {
        let text = told(&[b"\x10\x0d\x00\x04MQTT\x06\x02\x00\x00\x00\x01a"]);
        assert!(text.contains("#1 < CONNACK 0x01 "), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let text = told(&[CONNECT, b"\x30\x02\x00\x09"]);
        assert!(text.contains("#1 \"a\" > cannot be read: "), "{text}");
        assert!(text.ends_with("#1 \"a\" is closed\n"), "{text}");
    }
}
