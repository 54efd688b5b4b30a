//! A broker made up for a test: it answers each packet as the test says, and may act at set times.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    target::in_process::Peer,
    verdict::{Grade, ScenarioResult},
};
use mqttspec_spec::Version;
use mqttspec_wire::{
    Decoder, Packet, Properties, ReasonCode, Sender, Utf8String,
    packet::{Connack, Delivery, Publish},
};
use reference_broker::{ConnectionId, Input, Output};

/// What a made-up broker does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends this packet.
    Send(Packet),
    /// Sends these bytes.
    Raw(&'static [u8]),
    /// Closes the network connection.
    Close,
    /// Does the rest after this time.
    After(Duration, Vec<Act>),
}

/// A broker whose answers a function gives.
pub(crate) struct MadeUp<F> {
    version: Version,
    answer: F,
    decoders: BTreeMap<u64, Decoder>,
    timers: Vec<(Duration, u64, Vec<Act>)>,
    at_fault: Vec<Act>,
}

impl<F: FnMut(&Packet) -> Vec<Act>> MadeUp<F> {
    pub(crate) fn new(version: Version, answer: F) -> Self {
        Self { version, answer, decoders: BTreeMap::new(), timers: Vec::new(), at_fault: Vec::new() }
    }

    /// What it does about bytes that are no packet; nothing unless this says so.
    pub(crate) fn at_fault(self, at_fault: Vec<Act>) -> Self {
        Self { at_fault, ..self }
    }

    fn act(&mut self, now: Duration, connection: u64, acts: Vec<Act>, outputs: &mut Vec<Output>) {
        for act in acts {
            match act {
                Act::Send(packet) => {
                    outputs.push(Output::Send(ConnectionId(connection), packet.to_bytes(self.version)));
                }
                Act::Raw(bytes) => {
                    outputs.push(Output::Send(ConnectionId(connection), Bytes::from_static(bytes)));
                }
                Act::Close => outputs.push(Output::Close(ConnectionId(connection))),
                Act::After(delay, acts) => self.timers.push((now + delay, connection, acts)),
            }
        }
    }
}

impl<F: FnMut(&Packet) -> Vec<Act>> Peer for MadeUp<F> {
    fn handle(&mut self, now: Duration, input: Input, outputs: &mut Vec<Output>) {
        match input {
            Input::Opened(connection) => {
                self.decoders.insert(connection.0, Decoder::new(Sender::Client, None));
            }
            Input::Identified(..)
            | Input::Written(..)
            | Input::Verified(..)
            | Input::Closed(_)
            | Input::Shutdown => {}
            Input::Tick => {
                let (due, later) =
                    std::mem::take(&mut self.timers).into_iter().partition(|timer| timer.0 <= now);
                self.timers = later;
                let due: Vec<_> = due;
                for (_, connection, acts) in due {
                    self.act(now, connection, acts, outputs);
                }
            }
            Input::Bytes(connection, bytes) => {
                self.decoders.get_mut(&connection.0).unwrap().feed(&bytes);
                loop {
                    let (acts, at_end) = match self.decoders.get_mut(&connection.0).unwrap().next() {
                        Ok(Some(frame)) => ((self.answer)(&frame.packet), false),
                        Ok(None) => break,
                        Err(_) => (self.at_fault.clone(), true),
                    };
                    self.act(now, connection.0, acts, outputs);
                    if at_end {
                        break;
                    }
                }
            }
        }
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.timers.iter().map(|timer| timer.0).min()
    }
}

/// A CONNACK without a session.
pub(crate) fn connack(reason: u8) -> Act {
    let reason = ReasonCode(reason);
    Act::Send(Packet::Connack(Connack { session_present: false, reason, properties: Properties::new() }))
}

/// The CONNACK and PINGRESP of a broker that is well otherwise.
pub(crate) fn courtesy(packet: &Packet) -> Vec<Act> {
    match packet {
        Packet::Connect(_) => vec![connack(0)],
        Packet::Pingreq => vec![Act::Send(Packet::Pingresp)],
        _ => Vec::new(),
    }
}

/// Plays the steps against a made-up broker; the scenario covers MQTT-3.3.4-1.
pub(crate) fn play(version: Version, steps: &str, answer: impl FnMut(&Packet) -> Vec<Act>) -> ScenarioResult {
    let covers = match version {
        Version::V3_1_1 => "{v3.1.1: [3.3.4-1]}",
        Version::V5_0 => "{v5.0: [3.3.4-1]}",
    };
    let text = format!("title: made up\ncovers: {covers}\n{steps}");
    let scenario = scenario::load_str("made-up", "made-up.yaml", &text)
        .unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render(false)));
    let runs = plan::plan(&[Arc::new(scenario)], &plan::Selection::default());
    assert_eq!(runs.len(), 1);
    let mut result = Embedded::probed().play_against(&runs[0], &mut MadeUp::new(version, answer));
    // Brokers as small as these keep no subscriptions: that nobody asked for what they send is not the point.
    result.broken.retain(|id| id.statement().label != UNSOLICITED);
    result.findings.retain(|finding| finding.statements.iter().all(|id| id.statement().label != UNSOLICITED));
    result.grade = result.findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Pass);
    result
}

/// What the referee says of a message that no subscription asked for.
const UNSOLICITED: &str = "3.3.2-3";

/// A message that nobody asked for.
pub(crate) fn stray(topic: &str) -> Act {
    Act::Send(Packet::Publish(Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: Utf8String::try_from(topic).unwrap(),
        properties: Properties::new(),
        payload: bytes::Bytes::from_static(b"x"),
    }))
}
