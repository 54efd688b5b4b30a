//! Mutants that no rule of the broker gives: it keeps all of them, and somebody tampers with packets on their way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mqttspec_spec::{StatementId, Version};
use mqttspec_wire::packet::PacketType;

use super::parallel::on_all_processors;
use crate::{
    runner::{
        Embedded,
        plan::{Run, Selection, plan},
    },
    scenario::ast::Scenario,
    target::{Deed, Tampering},
    verdict::Grade,
};

/// Tampering that nobody notices, and why nobody has to.
const UNNOTICED: &[(PacketType, Deed, &[Version], &str)] = &[
    (
        PacketType::Disconnect,
        Deed::Garbled,
        &[Version::V5_0],
        "its last byte is one of the Reason String, which may say anything",
    ),
    (PacketType::Auth, Deed::Dropped, &[Version::V5_0], NO_TIME),
    (PacketType::Auth, Deed::Delayed, &[Version::V5_0], NO_TIME),
    (
        PacketType::Auth,
        Deed::Swapped,
        &[Version::V5_0],
        "no packet follows before it is answered, so that it is dropped",
    ),
    (PacketType::Auth, Deed::Duplicated, &[Version::V5_0], "nothing keeps a server from asking twice"),
    // Under MQTT 5.0 it comes too late for a timer.
    (PacketType::Puback, Deed::Swapped, &[Version::V3_1_1], NO_ORDER),
    (PacketType::Pubrec, Deed::Swapped, &Version::ALL, NO_ORDER),
    (PacketType::Pubrel, Deed::Swapped, &Version::ALL, NO_ORDER),
    (PacketType::Pubcomp, Deed::Swapped, &Version::ALL, NO_ORDER),
    (PacketType::Suback, Deed::Swapped, &Version::ALL, NO_ORDER),
    (PacketType::Pingresp, Deed::Swapped, &Version::ALL, NO_ORDER),
];

const NO_TIME: &str = "the standard names no time within which a server has to ask";
const NO_ORDER: &str = "the standard sets no order between what a server answers to different packets";

/// Everything that can be done to packets, under each version, and who notices it first.
#[derive(Clone, Debug)]
pub struct Seam {
    /// What was done, and what it led to.
    pub mutants: BTreeMap<(Tampering, Version), Option<Caught>>,
}

/// A scenario that is not passed because of the tampering.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The scenario.
    pub scenario: String,
    /// What is broken or warned about.
    pub statements: BTreeSet<StatementId>,
}

impl Seam {
    /// Plays the scenarios against each mutant until one of them notices it, on all processors.
    pub fn of(scenarios: &[Arc<Scenario>]) -> Self {
        let embedded = Embedded::probed();
        let runs = plan(scenarios, &Selection::default());
        let mutants: Vec<(Tampering, Version)> = Tampering::all()
            .flat_map(|tampering| Version::ALL.map(|version| (tampering, version)))
            .filter(|(tampering, version)| changes_something(*tampering, *version))
            .collect();
        let caught = on_all_processors(&mutants, |(tampering, version)| {
            let runs = runs.iter().filter(|run| run.version == *version);
            runs.map(|run| (run, *tampering)).find_map(|(run, tampering)| catch(&embedded, run, tampering))
        });
        Self { mutants: mutants.into_iter().zip(caught).collect() }
    }

    /// The mutants that nobody notices although somebody should, and the exceptions that are needed no more.
    pub(super) fn breaches(&self) -> Vec<String> {
        let mut found = Vec::new();
        for ((tampering, version), caught) in &self.mutants {
            found.extend(match (caught, why_unnoticed(*tampering, *version)) {
                (Some(_), None) | (None, Some(_)) => None,
                (None, None) => Some(format!("{tampering} under {version}: nobody notices it")),
                (Some(Caught { scenario, .. }), Some(_)) => Some(format!(
                    "{tampering} under {version} needs no exception any more: {scenario} notices it"
                )),
            });
        }
        found
    }
}

/// Why nobody notices this, if that is known.
pub fn why_unnoticed(tampering: Tampering, version: Version) -> Option<&'static str> {
    let is_it = |(packet, deed, versions, _): &&(PacketType, Deed, &[Version], &str)| {
        Tampering { packet: *packet, deed: *deed } == tampering && versions.contains(&version)
    };
    UNNOTICED.iter().find(is_it).map(|(.., reason)| *reason)
}

/// Whether there are such packets under this version, with something in them that can be changed so.
fn changes_something(Tampering { packet, deed }: Tampering, version: Version) -> bool {
    let is_newer = match packet {
        PacketType::Auth => true,
        PacketType::Disconnect => deed != Deed::Ignored,
        PacketType::Pingresp => return !matches!(deed, Deed::Garbled | Deed::Shortened),
        PacketType::Connect
        | PacketType::Connack
        | PacketType::Publish
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe
        | PacketType::Unsuback
        | PacketType::Pingreq => false,
    };
    !is_newer || version == Version::V5_0
}

fn catch(embedded: &Embedded, run: &Run, tampering: Tampering) -> Option<Caught> {
    let result = embedded.play_tampered(run, tampering);
    let is_noticed = matches!(result.grade, Grade::Fail | Grade::Warn);
    is_noticed.then(|| Caught {
        scenario: run.scenario.id.clone(),
        statements: result.broken.into_iter().collect(),
    })
}
