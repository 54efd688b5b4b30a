//! A history that was made small as the evidence of a result, so that reports can draw it.

use std::time::Duration;

use bytes::Bytes;
use mqttspec_fleet::{
    layout::Layout,
    shrink::Shrunk,
    world::{Options, Recorded, Travelled, World},
};
use mqttspec_wire::{Sender, decode};

use crate::{
    describe::describe,
    verdict::{Evidence, EvidenceKind, Hex},
};

/// How many events are kept at most.
const EVENTS: usize = 400;

/// What travelled in the small history, with the broker that broke the promise.
pub fn evidence(layout: &Layout, options: &Options, shrunk: &Shrunk) -> Vec<Evidence> {
    let small = Options { left_out: shrunk.left_out.clone(), ..options.clone() };
    let outcome = World::new(layout, &small).recording().play(|_| true);
    // What comes after the breach has shown is only the calm.
    let until = shrunk.finding.at;
    outcome
        .record
        .iter()
        .filter(|recorded| recorded.at <= until)
        .map(|recorded| event(layout, recorded))
        .take(EVENTS)
        .collect()
}

fn event(layout: &Layout, recorded: &Recorded) -> Evidence {
    let closed = |how: &str| EvidenceKind::Closed { by: Sender::Client, how: how.to_owned() };
    let kind = match &recorded.what {
        Travelled::Opened => EvidenceKind::Opened,
        Travelled::Sent(bytes) => packet(layout, recorded.device, Sender::Client, bytes),
        Travelled::Got(bytes) => packet(layout, recorded.device, Sender::Server, bytes),
        Travelled::Ended => closed("ended"),
        Travelled::Left => closed("left behind without a word"),
    };
    Evidence {
        at: Duration::from_micros(recorded.at),
        client: layout.client_id(recorded.device),
        connection: recorded.connection,
        kind,
    }
}

fn packet(layout: &Layout, device: u32, from: Sender, bytes: &Bytes) -> EvidenceKind {
    let version = layout.version(device);
    let (summary, fault) = match decode(from, Some(version), bytes) {
        Ok(packet) => (describe(&packet, version), None),
        Err(fault) => (format!("{} bytes", bytes.len()), Some(fault.to_string())),
    };
    EvidenceKind::Packet { from, version, summary, fault, hex: Hex(bytes.clone()) }
}
