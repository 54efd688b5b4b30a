//! Brokers that do next to nothing: nothing passes by default.

use std::{collections::BTreeSet, sync::Arc};

use mqttspec::{
    runner::{Embedded, plan},
    scenario,
    verdict::Grade,
};
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, ReasonCode,
    packet::{Ack, Delivery, Suback, Unsuback},
};
use rstest::rstest;

use crate::broker::{Act, MadeUp, courtesy};

/// Accepts network connections and says nothing.
fn silent(_: Version, _: &Packet) -> Vec<Act> {
    Vec::new()
}

/// Accepts every client and says nothing more.
fn only_connack(_: Version, packet: &Packet) -> Vec<Act> {
    match packet {
        Packet::Connect(_) => courtesy(packet),
        _ => Vec::new(),
    }
}

/// Acknowledges everything and delivers nothing.
fn only_acknowledges(version: Version, packet: &Packet) -> Vec<Act> {
    let success = |count: usize| vec![ReasonCode::SUCCESS; count];
    match packet {
        Packet::Publish(publish) => match publish.delivery {
            Delivery::AtMostOnce => Vec::new(),
            Delivery::AtLeastOnce { id, .. } => vec![Act::Send(Packet::Puback(Ack::success(id)))],
            Delivery::ExactlyOnce { id, .. } => vec![Act::Send(Packet::Pubrec(Ack::success(id)))],
        },
        Packet::Pubrel(ack) => vec![Act::Send(Packet::Pubcomp(Ack::success(ack.id)))],
        Packet::Subscribe(subscribe) => vec![Act::Send(Packet::Suback(Suback {
            id: subscribe.id,
            properties: Properties::new(),
            reasons: subscribe.filters.iter().map(|wanted| ReasonCode(wanted.qos.level())).collect(),
        }))],
        Packet::Unsubscribe(unsubscribe) => vec![Act::Send(Packet::Unsuback(Unsuback {
            id: unsubscribe.id,
            properties: Properties::new(),
            reasons: if version == Version::V5_0 { success(unsubscribe.filters.len()) } else { Vec::new() },
        }))],
        other => courtesy(other),
    }
}

/// Closes the network connection after whatever it gets.
fn only_closes(_: Version, _: &Packet) -> Vec<Act> {
    vec![Act::Close]
}

/// The scenarios that pass against a broker, with their versions.
fn passed(answer: fn(Version, &Packet) -> Vec<Act>, at_fault: &[Act]) -> BTreeSet<String> {
    let scenarios = scenario::builtin().expect("the built-in scenarios load");
    let scenarios: Vec<_> = scenarios.into_iter().map(Arc::new).collect();
    let runs = plan::plan(&scenarios, &plan::Selection::default());
    let embedded = Embedded::probed();
    runs.iter()
        .filter(|run| {
            let mut broker = MadeUp::new(run.version, |packet: &Packet| answer(run.version, packet))
                .at_fault(at_fault.to_vec());
            embedded.play_against(run, &mut broker).grade == Grade::Pass
        })
        .map(|run| format!("{} {}", run.scenario.id, run.version))
        .collect()
}

/// The scenarios whose whole requirement such a broker truly meets, one line each: `ID VERSION`.
const ACKNOWLEDGES: &str = include_str!("nulls/acknowledges.txt");
const CLOSES: &str = include_str!("nulls/closes.txt");
const CONNACK: &str = include_str!("nulls/connack.txt");

#[rstest]
#[case::silent("", silent, &[])]
#[case::only_connack(CONNACK, only_connack, &[])]
#[case::only_acknowledges(ACKNOWLEDGES, only_acknowledges, &[])]
#[case::only_closes(CLOSES, only_closes, &[Act::Close])]
fn nothing_passes_by_default(
    #[case] met: &str,
    #[case] answer: fn(Version, &Packet) -> Vec<Act>,
    #[case] at_fault: &[Act],
) {
    let met: BTreeSet<String> =
        met.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let passed = passed(answer, at_fault);
    let unlisted: Vec<_> = passed.difference(&met).collect();
    let stale: Vec<_> = met.difference(&passed).collect();
    assert!(unlisted.is_empty(), "these pass on a broker that does nothing:\n{unlisted:#?}");
    assert!(stale.is_empty(), "these are listed but do not pass:\n{stale:#?}");
}
