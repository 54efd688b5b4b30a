//! A small history as a scenario: what devices did, and what a right broker answers, step by step.
//!
//! The steps come from the same run with the reference broker, so the scenario passes there; that it fails on the broker
//! that broke the promise is tried before it is given out.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use mqttspec_fleet::{
    identity::Identity,
    layout::Layout,
    plan::{Micros, SECOND},
    shrink::Shrunk,
    world::{Options, Recorded, Travelled, World},
};
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, PacketId, ReasonCode, Sender, decode,
    packet::{Connect, Delivery, Disconnect, Publish, Subscribe, Subscription},
};
use reference_broker::Rules;

use crate::{
    runner::{
        Embedded,
        plan::{Selection, plan},
    },
    scenario::load_str,
    verdict::Grade,
};

/// A scenario made of a history.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// How many clients take part.
    pub clients: usize,
    /// Whether it passes on the reference broker and fails on the broker that the history is from.
    pub is_proven: bool,
}

/// Writes the scenario of a history that was made small.
pub fn write(layout: &Layout, options: &Options, shrunk: &Shrunk) -> Written {
    let right = Options { rules: Rules::all(), left_out: shrunk.left_out.clone(), ..options.clone() };
    let outcome = World::new(layout, &right).recording().play(|_| true);
    let mut script = Script::new(layout, shrunk);
    for recorded in &outcome.record {
        script.add(recorded);
    }
    let clients = script.clients();
    let text = script.finish(options.seed);
    let is_proven =
        grade(&text, Rules::all()) == Some(Grade::Pass) && grade(&text, options.rules) == Some(Grade::Fail);
    Written { text, clients, is_proven }
}

/// How the scenario ends with the reference broker under these rules.
fn grade(text: &str, rules: Rules) -> Option<Grade> {
    let scenario = load_str("history", "history.yaml", text).ok()?;
    let embedded = Embedded::probed();
    let runs = plan(&[Arc::new(scenario)], &Selection::default());
    runs.iter().map(|run| embedded.play(run, rules).grade).max()
}

/// The steps of a scenario in the making.
struct Script<'a> {
    layout: &'a Layout,
    shrunk: &'a Shrunk,
    version: Version,
    prepare: Vec<String>,
    steps: Vec<String>,
    /// Whether a message was published, or a connection has ended: from then on it is judged.
    judged: bool,
    /// How a client is named now, for each device; a connection left behind keeps its name.
    names: BTreeMap<u32, (String, u32)>,
    /// Variables that hold identifiers that the broker has chosen.
    identifiers: BTreeMap<(u32, PacketId), usize>,
    saved: usize,
    last: Micros,
    subscribers: Vec<u32>,
}

impl<'a> Script<'a> {
    fn new(layout: &'a Layout, shrunk: &'a Shrunk) -> Self {
        let device = shrunk.finding.devices.first().copied().unwrap_or_default();
        Self {
            layout,
            shrunk,
            version: layout.version(device),
            prepare: Vec::new(),
            steps: Vec::new(),
            judged: false,
            names: BTreeMap::new(),
            identifiers: BTreeMap::new(),
            saved: 0,
            last: 0,
            subscribers: Vec::new(),
        }
    }

    fn clients(&self) -> usize {
        self.names.values().map(|(_, used)| *used as usize + 1).sum()
    }

    fn step(&mut self, text: String) {
        if self.judged { &mut self.steps } else { &mut self.prepare }.push(text);
    }

    fn name(&mut self, device: u32) -> String {
        let layout = self.layout;
        let (name, used) =
            self.names.entry(device).or_insert_with(|| (layout.client_id(device).replace('-', "_"), 0));
        if *used == 0 { name.clone() } else { format!("{name}_again{used}") }
    }

    fn add(&mut self, recorded: &Recorded) {
        let device = recorded.device;
        let name = self.name(device);
        // Time counts in whole seconds, as the protocol has them.
        let waited = recorded.at.saturating_sub(self.last);
        let pings =
            matches!(&recorded.what, Travelled::Sent(bytes) | Travelled::Got(bytes) if bytes.len() == 2);
        if waited >= SECOND && !pings && self.judged {
            let tenths = waited / (SECOND / 10);
            self.step(format!("- wait: {}.{}s", tenths / 10, tenths % 10));
        }
        if !pings {
            self.last = recorded.at;
        }
        match &recorded.what {
            Travelled::Opened => self.step(format!("- {name}: open")),
            Travelled::Sent(bytes) => {
                if let Ok(packet) = decode(Sender::Client, Some(self.layout.version(device)), bytes) {
                    self.sent(device, &name, &packet);
                }
            }
            Travelled::Got(bytes) => {
                if let Ok(packet) = decode(Sender::Server, Some(self.layout.version(device)), bytes) {
                    self.got(device, &name, &packet);
                }
            }
            Travelled::Ended => {
                self.judged = true;
                self.step(format!("- {name}: cut"));
            }
            Travelled::Left => {
                self.judged = true;
                if let Some((_, used)) = self.names.get_mut(&device) {
                    *used += 1;
                }
            }
        }
    }

    fn sent(&mut self, device: u32, name: &str, packet: &Packet) {
        let what = match packet {
            Packet::Connect(connect) => self.connect(device, connect),
            Packet::Subscribe(subscribe) => {
                self.subscribers.push(device);
                subscription(subscribe, self.version)
            }
            Packet::Publish(publish) => {
                self.judged = true;
                let expiry =
                    publish.properties.message_expiry_interval().filter(|_| self.version == Version::V5_0);
                let expiry =
                    expiry.map_or_else(String::new, |own| format!(", message-expiry-interval: {own}"));
                format!("publish: {}", message(publish, &(identifier(publish.delivery) + &expiry)))
            }
            Packet::Puback(ack) => format!("puback: {{packet-id: {}}}", self.variable(device, ack.id)),
            Packet::Pubrec(ack) => format!("pubrec: {{packet-id: {}}}", self.variable(device, ack.id)),
            Packet::Pubcomp(ack) => format!("pubcomp: {{packet-id: {}}}", self.variable(device, ack.id)),
            Packet::Pubrel(ack) => format!("pubrel: {{packet-id: {}}}", ack.id),
            Packet::Unsubscribe(unsubscribe) => {
                let filters: Vec<String> =
                    unsubscribe.filters.iter().map(|each| format!("\"{}\"", filter(each.as_str()))).collect();
                format!("unsubscribe: {{packet-id: {}, filters: [{}]}}", unsubscribe.id, filters.join(", "))
            }
            Packet::Disconnect(disconnect) => {
                self.judged = true;
                disconnection(disconnect)
            }
            Packet::Connack(_)
            | Packet::Suback(_)
            | Packet::Unsuback(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Auth(_) => return,
        };
        self.step(format!("- {name}: {{send: {{{what}}}}}"));
    }

    fn got(&mut self, device: u32, name: &str, packet: &Packet) {
        let what = match packet {
            Packet::Connack(connack) => {
                format!("connack: {{reason: success, session-present: {}}}", connack.session_present)
            }
            Packet::Suback(suback) => format!("suback: {{packet-id: {}}}", suback.id),
            Packet::Publish(publish) => {
                let identifier = match publish.delivery.id() {
                    None => String::new(),
                    Some(id) => self.expected(device, id, publish.delivery.dup()),
                };
                format!("publish: {}", message(publish, &identifier))
            }
            Packet::Puback(ack) => format!("puback: {{packet-id: {}}}", ack.id),
            Packet::Pubrec(ack) => format!("pubrec: {{packet-id: {}}}", ack.id),
            Packet::Pubrel(ack) => format!("pubrel: {{packet-id: {}}}", self.variable(device, ack.id)),
            Packet::Pubcomp(ack) => format!("pubcomp: {{packet-id: {}}}", ack.id),
            Packet::Unsuback(unsuback) => format!("unsuback: {{packet-id: {}}}", unsuback.id),
            Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::Pingreq
            | Packet::Pingresp
            | Packet::Disconnect(_)
            | Packet::Auth(_) => return,
        };
        self.step(format!("- {name}: {{expect: {{{what}}}}}"));
    }

    /// The variable with an identifier that the broker has chosen.
    fn variable(&self, device: u32, id: PacketId) -> String {
        self.identifiers.get(&(device, id)).map_or_else(|| id.to_string(), |saved| format!("$id{saved}"))
    }

    /// How the identifier of a message is expected: saved the first time, the same when it comes again.
    fn expected(&mut self, device: u32, id: PacketId, again: bool) -> String {
        if again && self.identifiers.contains_key(&(device, id)) {
            return format!(", packet-id: {}, dup: true", self.variable(device, id));
        }
        self.saved += 1;
        self.identifiers.insert((device, id), self.saved);
        format!(", packet-id: {{save: id{}}}", self.saved)
    }

    fn connect(&self, device: u32, connect: &Connect) -> String {
        let mut fields = format!("clean-start: {}", connect.clean_start);
        if let Some((name, _)) = self.names.get(&device).filter(|(_, used)| *used > 0) {
            let _ = write!(fields, ", client-id: \"${{id.{name}}}\"");
        }
        if self.version == Version::V5_0 {
            if let Some(expiry) = connect.properties.session_expiry_interval() {
                let _ = write!(fields, ", session-expiry-interval: {expiry}");
            } else if connect.version == Version::V3_1_1 && !connect.clean_start {
                // What MQTT 3.1.1 means by Clean Session 0.
                fields.push_str(", session-expiry-interval: 4294967295");
            }
            if let Some(maximum) = connect.properties.receive_maximum() {
                let _ = write!(fields, ", receive-maximum: {maximum}");
            }
        }
        if let Some(will) = &connect.will {
            let delay = match will.properties.will_delay_interval() {
                Some(delay) if self.version == Version::V5_0 => format!(", will-delay-interval: {delay}"),
                Some(_) | None => String::new(),
            };
            let _ = write!(
                fields,
                ", will: {{topic: \"$topic/{}\", qos: {}, retain: {}, payload: \"{}\"{delay}}}",
                will.topic.as_str(),
                will.qos.level(),
                will.retain,
                payload(&will.payload),
            );
        }
        format!("connect: {{{fields}}}")
    }

    /// The whole file.
    fn finish(mut self, seed: u64) -> String {
        let mut subscribers = std::mem::take(&mut self.subscribers);
        subscribers.sort_unstable();
        subscribers.dedup();
        for device in subscribers {
            let name = self.name(device);
            self.steps.push(format!("- {name}: expect-nothing-more"));
        }
        let finding = &self.shrunk.finding;
        let (qualified, promise) = (finding.statement.to_string(), finding.promise.text());
        let label = qualified.split_once(':').map_or(qualified.as_str(), |(_, label)| label);
        let mut text = format!(
            "# A history that `mqttspec fleet` found with seed {seed} in \"{}\" and made small.\n",
            self.layout.plan.title
        );
        for (at, what) in &finding.because {
            let _ = writeln!(text, "# {:>12}  {what}", super::report::time(*at));
        }
        let _ = writeln!(text, "title: {}", promise.trim_end_matches('.').replace(": ", ", "));
        let _ = writeln!(text, "covers: {{{}: [{label}]}}", self.version);
        for (key, steps) in [("prepare", &self.prepare), ("steps", &self.steps)] {
            if !steps.is_empty() {
                let _ = writeln!(text, "{key}:");
            }
            for step in steps {
                let _ = writeln!(text, "  {step}");
            }
        }
        text
    }
}

fn identifier(delivery: Delivery) -> String {
    match delivery.id() {
        None => String::new(),
        Some(id) if delivery.dup() => format!(", packet-id: {id}, dup: true"),
        Some(id) => format!(", packet-id: {id}"),
    }
}

fn message(publish: &Publish, identifier: &str) -> String {
    let retain = if publish.retain { ", retain: true" } else { "" };
    format!(
        "{{topic: \"$topic/{}\", qos: {}{retain}{identifier}, payload: \"{}\"}}",
        publish.topic.as_str(),
        publish.delivery.qos().level(),
        payload(&publish.payload),
    )
}

/// A payload by the identity that it carries, whatever run it is of.
fn payload(payload: &[u8]) -> String {
    let run = payload.first_chunk().map_or(0, |tag| u32::from_be_bytes(*tag));
    Identity::of_payload(run, payload)
        .map_or_else(String::new, |message| format!("m{}-{}", message.stream, message.sequence))
}

/// A filter of the scenario's own topics.
fn filter(filter: &str) -> String {
    match filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) {
        Some((share, filter)) => format!("$$share/{share}/$topic/{filter}"),
        None => format!("$topic/{filter}"),
    }
}

/// A DISCONNECT with what it says beyond its reason of 0x00.
fn disconnection(disconnect: &Disconnect) -> String {
    let mut fields = Vec::new();
    if disconnect.reason == ReasonCode::DISCONNECT_WITH_WILL_MESSAGE {
        fields.push("reason: disconnect-with-will-message".to_owned());
    }
    if let Some(expiry) = disconnect.properties.session_expiry_interval() {
        fields.push(format!("session-expiry-interval: {expiry}"));
    }
    format!("disconnect: {{{}}}", fields.join(", "))
}

fn subscription(subscribe: &Subscribe, version: Version) -> String {
    let options = |each: &Subscription| {
        let handling = each.retain_handling as u8;
        let own = [
            (each.no_local, ", no-local: true".to_owned()),
            (each.retain_as_published, ", retain-as-published: true".to_owned()),
            (handling > 0, format!(", retain-handling: {handling}")),
        ];
        let asked = own.into_iter().filter(|(is_asked, _)| *is_asked && version == Version::V5_0);
        asked.map(|(_, option)| option).collect::<String>()
    };
    let entry = |each: &Subscription| {
        let (filter, qos) = (filter(each.filter.as_str()), each.qos.level());
        format!("{{filter: \"{filter}\", qos: {qos}{}}}", options(each))
    };
    let filters: Vec<String> = subscribe.filters.iter().map(entry).collect();
    format!("subscribe: {{packet-id: {}, filters: [{}]}}", subscribe.id, filters.join(", "))
}
