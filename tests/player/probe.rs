//! What the probe takes for the target's own words, and what it does not.

use std::{collections::BTreeSet, time::Duration};

use mqttspec::{
    scenario::ast::Feature,
    stage::Play,
    target::{
        in_process,
        probe::{self, Probed},
    },
};
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, PacketId, Properties, ReasonCode,
    packet::{Ack, Delivery, Suback},
};
use rstest::rstest;

use crate::broker::{Act, MadeUp, connack, courtesy};

/// A broker that grants what it is asked for.
fn kind(packet: &Packet) -> Vec<Act> {
    match packet {
        Packet::Subscribe(subscribe) => vec![Act::Send(Packet::Suback(Suback {
            id: subscribe.id,
            properties: Properties::new(),
            reasons: subscribe.filters.iter().map(|filter| ReasonCode(filter.qos as u8)).collect(),
        }))],
        Packet::Publish(publish) => vec![puback(publish.delivery, ReasonCode::SUCCESS)],
        other => courtesy(other),
    }
}

fn puback(delivery: Delivery, reason: ReasonCode) -> Act {
    let id = delivery.id().unwrap_or(PacketId::MIN);
    Act::Send(Packet::Puback(Ack { id, reason, properties: Properties::new() }))
}

/// Which of the features that the probe tries by itself a broker does not offer.
fn missing(version: Version, answer: impl FnMut(&Packet) -> Vec<Act>) -> BTreeSet<Feature> {
    let probe = |stage| probe::probe(stage, version, "unique".to_owned(), None, probe::PATIENCE);
    let play = Play::new(Duration::ZERO, probe);
    let probed = in_process::play(play, &mut MadeUp::new(version, answer)).expect("the probe ends");
    let Probed::Spoken(facts) = probed else { panic!("{probed:?}") };
    let tried = [Feature::Anonymous, Feature::AnyCredentials, Feature::DollarTopic];
    facts.missing.into_keys().filter(|feature| tried.contains(feature)).collect()
}

/// A server that speaks only MQTT 3.1.1 says so in a CONNACK of that version.
#[rstest]
#[case::older(Version::V3_1_1, 0x01, "unacceptable protocol version")]
#[case::newer(Version::V5_0, 0x84, "Unsupported Protocol Version")]
fn refusals_of_a_version(#[case] spoken: Version, #[case] code: u8, #[case] words: &str) {
    let probe = |stage| probe::probe(stage, Version::V5_0, "unique".to_owned(), None, probe::PATIENCE);
    let play = Play::new(Duration::ZERO, probe);
    let mut broker = MadeUp::new(spoken, |_| vec![connack(code), Act::Close]);
    let probed = in_process::play(play, &mut broker).expect("the probe ends");
    let Probed::Refused(proof) = probed else { panic!("{probed:?}") };
    assert_eq!(proof, format!("a CONNECT of MQTT 5.0 was refused with 0x{code:02X} {words}"));
}

#[rstest]
#[case::accepted(vec![connack(0)], false)]
#[case::refused(vec![connack(5)], true)]
#[case::refused_otherwise(vec![connack(2)], false)]
#[case::closed(vec![Act::Close], false)]
#[case::silent(vec![], false)]
fn unknown_credentials(#[case] answer: Vec<Act>, #[case] is_missing: bool) {
    let missing = missing(Version::V3_1_1, |packet| match packet {
        Packet::Connect(connect) if connect.username.is_some() => answer.clone(),
        other => kind(other),
    });
    assert_eq!(missing, BTreeSet::from_iter(is_missing.then_some(Feature::AnyCredentials)));
}

#[test]
fn no_credentials() {
    let mut connects = 0;
    let missing = missing(Version::V5_0, |packet| match packet {
        // The first CONNECT is that of the probe itself.
        Packet::Connect(connect) if connect.username.is_none() => {
            connects += 1;
            if connects == 2 { vec![connack(0x87), Act::Close] } else { kind(packet) }
        }
        other => kind(other),
    });
    assert_eq!(missing, BTreeSet::from([Feature::Anonymous]));
}

#[rstest]
#[case::taken(Some(ReasonCode::SUCCESS), false)]
#[case::nobody_listens(Some(ReasonCode::NO_MATCHING_SUBSCRIBERS), false)]
#[case::refused(Some(ReasonCode::TOPIC_NAME_INVALID), true)]
#[case::closed(None, true)]
fn dollar_topics(#[case] answer: Option<ReasonCode>, #[case] is_missing: bool) {
    let missing = missing(Version::V5_0, |packet| match packet {
        Packet::Publish(publish) => {
            vec![answer.map_or(Act::Close, |reason| puback(publish.delivery, reason))]
        }
        other => kind(other),
    });
    assert_eq!(missing, BTreeSet::from_iter(is_missing.then_some(Feature::DollarTopic)));
}
