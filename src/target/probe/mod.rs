//! The probe: one well-behaved client per version asks the target what it offers.
//!
//! What it finds missing rests on the target's own words (a CONNACK property, a SUBACK code), never on a failure.

mod refusals;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, PacketId, Properties, Property, QoS, ReasonCode, Utf8String,
    packet::{Connack, Connect, Disconnect, PacketType, RetainHandling, Subscribe, Subscription},
};

use super::{Credentials, VersionFacts};
use crate::{
    scenario::ast::Feature,
    stage::{LinkId, LinkState, Objection, Stage},
    verdict::{Finding, Grade, ScenarioResult},
};

/// The longest Session Expiry Interval that scenarios ask for and rely on, in seconds.
const SESSION: u32 = 60;
/// The bytes of the largest packet that there can be (MQTT 5.0 §2.1.4).
const LARGEST: u32 = 268_435_460;
/// How long the target may take for each answer to the probe, unless it is known to be slow.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// More than the three seconds of [`PATIENCE`] for opening, which the system bounds itself.
const OPENING: Duration = Duration::from_secs(6);

/// What the probe of one version found.
#[derive(Debug)]
pub enum Probed {
    /// The target speaks it.
    Spoken(VersionFacts),
    /// The target refuses it; the proof.
    Refused(String),
    /// No network connection could be opened.
    Unreachable(String),
    /// The target did not answer as an MQTT server does.
    Troubled(Box<ScenarioResult>),
}

/// Asks the target what it offers under `version`, and waits so long for each answer; the script of a play.
pub async fn probe(
    stage: Stage,
    version: Version,
    unique: String,
    credentials: Option<Credentials>,
    patience: Duration,
) -> Probed {
    let started = stage.now();
    let facts = VersionFacts::default();
    let mut probe = Probe { stage: stage.clone(), version, unique, credentials, patience, facts };
    match probe.run().await {
        Ok(()) => Probed::Spoken(probe.facts),
        Err(Stop::Refused(proof)) => Probed::Refused(proof),
        Err(Stop::Unreachable(why)) if stage.with(|world| world.objections.is_empty()) => {
            Probed::Unreachable(why)
        }
        Err(Stop::Unreachable(observed)) => {
            let expected = "a network connection on which MQTT can be spoken".to_owned();
            troubled(&stage, version, started, (expected, observed))
        }
        Err(Stop::Trouble { expected, observed }) => troubled(&stage, version, started, (expected, observed)),
    }
}

/// What the probe shows if the target does not behave: what was expected, and what was observed.
fn troubled(
    stage: &Stage,
    version: Version,
    started: Duration,
    (expected, observed): (String, String),
) -> Probed {
    let (evidence, objections) =
        stage.with(|world| (std::mem::take(&mut world.evidence), std::mem::take(&mut world.objections)));
    let mut findings: Vec<Finding> = objections.into_iter().filter_map(Objection::finding).collect();
    findings.push(Finding {
        grade: Grade::Inconclusive,
        statements: Vec::new(),
        place: None,
        expected,
        observed,
        packets: (0..evidence.len()).collect(),
        parts: Vec::new(),
    });
    Probed::Troubled(Box::new(ScenarioResult {
        scenario: "sanity".to_owned(),
        title: "A well-behaved client can connect, subscribe and ping".to_owned(),
        version,
        variant: String::new(),
        grade: findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Inconclusive),
        statements: Vec::new(),
        broken: findings.iter().flat_map(|finding| finding.statements.clone()).collect(),
        findings,
        duration: stage.now().saturating_sub(started),
        evidence,
    }))
}

enum Stop {
    Refused(String),
    Unreachable(String),
    Trouble { expected: String, observed: String },
}

struct Probe {
    stage: Stage,
    version: Version,
    unique: String,
    credentials: Option<Credentials>,
    patience: Duration,
    facts: VersionFacts,
}

impl Probe {
    async fn run(&mut self) -> Result<(), Stop> {
        let link = self.open().await?;
        let connack = self.connect(link).await?;
        self.read_connack(&connack);
        self.measure_round_trip(link).await?;
        self.try_subscriptions(link).await?;
        let bye = Packet::Disconnect(Disconnect {
            reason: ReasonCode::SUCCESS,
            properties: self.session_expiry(0),
        });
        self.send(link, &bye);
        self.stage.close(link);
        // A target that cannot be tried in such a way is still a target; its scenarios will say what is wrong.
        self.try_credentials().await.ok();
        self.try_dollar_topic().await.ok();
        Ok(())
    }

    async fn open(&self) -> Result<LinkId, Stop> {
        let link = self.stage.open("probe", self.version);
        let opened = self.stage.until(self.stage.now() + OPENING, |world| match &world.link(link).state {
            LinkState::Opening => None,
            LinkState::Refused(why) => Some(Err(Stop::Unreachable(why.clone()))),
            LinkState::Open | LinkState::Closed { .. } => Some(Ok(link)),
        });
        opened.await.unwrap_or_else(|| Err(Stop::Unreachable("no answer in time".to_owned())))
    }

    fn send(&self, link: LinkId, packet: &Packet) {
        self.stage.send(link, packet.to_bytes(self.version));
    }

    /// The packet that is wanted; `None` if the network connection ended first.
    async fn await_packet<T>(
        &self,
        link: LinkId,
        expected: &str,
        wanted: impl Fn(&Packet) -> Option<T>,
    ) -> Result<Option<T>, Stop> {
        let found = self.stage.until(self.stage.now() + self.patience, |world| {
            let link = world.link(link);
            let mut found = None;
            link.take(|packet| {
                found = wanted(packet);
                found.is_some()
            });
            if let Some(garbled) = &link.garbled {
                return Some(Err(Stop::Trouble {
                    expected: expected.to_owned(),
                    observed: format!("bytes that are no MQTT: {garbled}"),
                }));
            }
            match found {
                Some(found) => Some(Ok(Some(found))),
                None => (!link.is_usable()).then_some(Ok(None)),
            }
        });
        found.await.unwrap_or_else(|| {
            Err(Stop::Trouble {
                expected: expected.to_owned(),
                observed: format!("silence for {} s", self.patience.as_secs()),
            })
        })
    }

    fn connect_packet(&self) -> Connect {
        Connect {
            version: self.version,
            clean_start: true,
            keep_alive: 60,
            properties: self.session_expiry(SESSION),
            client_id: Utf8String::try_from(format!("{}p{}", self.unique, self.version.protocol_level()))
                .unwrap_or_default(),
            will: None,
            username: self.credentials.as_ref().map(|credentials| credentials.username.clone()),
            password: self.credentials.as_ref().and_then(|credentials| credentials.password.clone()),
        }
    }

    /// The Session Expiry Interval to ask for; MQTT 3.1.1 has none.
    fn session_expiry(&self, seconds: u32) -> Properties {
        let asks = self.version == Version::V5_0;
        asks.then_some(Property::SessionExpiryInterval(seconds)).into_iter().collect()
    }

    /// The answer to a CONNECT; `None` if the network connection ended first.
    async fn connack(&self, link: LinkId, connect: Connect) -> Result<Option<Connack>, Stop> {
        self.send(link, &Packet::Connect(Box::new(connect)));
        self.await_packet(link, "CONNACK", |packet| {
            if let Packet::Connack(connack) = packet { Some(connack.clone()) } else { None }
        })
        .await
    }

    async fn connect(&self, link: LinkId) -> Result<Connack, Stop> {
        let number = self.version.number();
        match self.connack(link, self.connect_packet()).await? {
            None => Err(Stop::Refused(format!(
                "a CONNECT of MQTT {number} was answered by closing the connection"
            ))),
            Some(connack) if connack.reason == ReasonCode::SUCCESS => Ok(connack),
            Some(connack) => {
                // A server of MQTT 3.1.1 alone answers in its own words.
                let words = if connack.reason.is_error() { self.version } else { Version::V3_1_1 };
                let name = connack.reason.name(words, PacketType::Connack);
                let proof = format!("a CONNECT of MQTT {number} was refused with {} {name}", connack.reason);
                Err(Stop::Refused(proof))
            }
        }
    }

    /// What the CONNACK says of the server's limits (MQTT 5.0 §3.2.2.3).
    fn read_connack(&mut self, connack: &Connack) {
        let properties = &connack.properties;
        let off = |value: Option<u8>| value == Some(0);
        let speaks = self.version == Version::V5_0;
        let (mut missing, mut shown) = (BTreeMap::new(), BTreeMap::new());
        let mut note = |feature: Feature, is_missing: bool, proof: &str| {
            if is_missing {
                missing.insert(feature, format!("CONNACK says {proof}"));
            } else if speaks {
                shown.insert(feature, format!("CONNACK does not say {proof}"));
            }
        };
        let expiry = properties.session_expiry_interval().unwrap_or(SESSION);
        note(
            Feature::Session,
            expiry < SESSION,
            &format!("a Session Expiry Interval of {expiry} instead of {SESSION}"),
        );
        note(Feature::QoS1, properties.maximum_qos() == Some(0), "Maximum QoS 0");
        note(Feature::QoS2, properties.maximum_qos().is_some_and(|qos| qos < 2), "a Maximum QoS below 2");
        note(Feature::Retain, off(properties.retain_available()), "Retain Available 0");
        note(
            Feature::Wildcard,
            off(properties.wildcard_subscription_available()),
            "Wildcard Subscription Available 0",
        );
        note(
            Feature::Shared,
            off(properties.shared_subscription_available()),
            "Shared Subscription Available 0",
        );
        note(
            Feature::SubscriptionIdentifier,
            off(properties.subscription_identifier_available()),
            "Subscription Identifier Available 0",
        );
        let aliases = properties.topic_alias_maximum().unwrap_or(0);
        let receive_maximum = properties.receive_maximum().unwrap_or(u16::MAX);
        let packet_size = properties.maximum_packet_size();
        if speaks {
            note(Feature::TopicAlias, aliases == 0, "a Topic Alias Maximum of 0");
            note(Feature::TopicAliasMaximum, aliases == u16::MAX, "the highest Topic Alias Maximum there is");
            note(Feature::ReceiveMaximum, receive_maximum == u16::MAX, "no Receive Maximum below 65,535");
            let is_limit = packet_size.is_some_and(|size| size < LARGEST);
            note(Feature::MaximumPacketSize, !is_limit, "no Maximum Packet Size that a packet can exceed");
        }
        (self.facts.missing, self.facts.shown) = (missing, shown);
        self.facts.limits = vec![
            ("limits.maximum_qos".to_owned(), properties.maximum_qos().unwrap_or(2).into()),
            ("limits.receive_maximum".to_owned(), receive_maximum.into()),
            ("limits.topic_alias_maximum".to_owned(), aliases.into()),
            ("limits.maximum_packet_size".to_owned(), packet_size.unwrap_or(LARGEST).into()),
            ("limits.server_keep_alive".to_owned(), properties.server_keep_alive().unwrap_or(60).into()),
        ];
    }

    /// The longest of three pings.
    async fn measure_round_trip(&mut self, link: LinkId) -> Result<(), Stop> {
        for _ in 0..3 {
            let sent = self.stage.now();
            self.send(link, &Packet::Pingreq);
            let pong = |packet: &Packet| matches!(packet, Packet::Pingresp).then_some(());
            if self.await_packet(link, "PINGRESP", pong).await?.is_none() {
                return Err(Stop::Trouble {
                    expected: "PINGRESP".to_owned(),
                    observed: "the network connection closed".to_owned(),
                });
            }
            self.facts.round_trip = self.facts.round_trip.max(self.stage.now().saturating_sub(sent));
        }
        Ok(())
    }

    /// Subscribes in the ways that a server may refuse, and takes its return codes for its word.
    async fn try_subscriptions(&mut self, link: LinkId) -> Result<(), Stop> {
        let topic = format!("mqttspec/{}", self.unique);
        let mut trials =
            vec![(Feature::QoS2, topic.clone(), false), (Feature::Wildcard, format!("{topic}/+"), false)];
        if self.version == Version::V5_0 {
            trials.push((Feature::Shared, format!("$share/mqttspec/{topic}"), false));
            trials.push((Feature::SubscriptionIdentifier, format!("{topic}/i"), true));
        }
        let mut id = PacketId::MIN;
        for (feature, filter, identified) in trials {
            if self.facts.missing.contains_key(&feature) {
                continue;
            }
            self.stage.send(link, self.subscribe(id, &filter, identified));
            let code = self
                .await_packet(link, "SUBACK", |packet| {
                    if let Packet::Suback(suback) = packet
                        && suback.id == id
                    {
                        Some(suback.reasons.first().copied())
                    } else {
                        None
                    }
                })
                .await?
                .flatten();
            let Some(code) = code else {
                return Err(Stop::Trouble {
                    expected: format!("SUBACK for {filter}"),
                    observed: "the network connection closed".to_owned(),
                });
            };
            if code.is_error() {
                self.facts.missing.insert(feature, format!("SUBSCRIBE to {filter} was answered by {code}"));
            } else if feature != Feature::QoS2 {
                self.facts.shown.insert(feature, format!("SUBSCRIBE to {filter} was granted"));
            } else if code.0 < 2 {
                let proof = format!("a subscription at QoS 2 was granted at QoS {}", code.0);
                self.facts.missing.insert(Feature::QoS2, proof.clone());
                if code.0 == 0 {
                    self.facts.missing.insert(Feature::QoS1, proof);
                }
            }
            id = id.next();
        }
        Ok(())
    }

    fn subscribe(&self, id: PacketId, filter: &str, identified: bool) -> Bytes {
        let subscription = Subscription {
            filter: Utf8String::try_from(filter).unwrap_or_default(),
            qos: QoS::ExactlyOnce,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        };
        let properties = identified.then_some(Property::SubscriptionIdentifier(1)).into_iter().collect();
        Packet::Subscribe(Subscribe { id, properties, filters: vec![subscription] }).to_bytes(self.version)
    }
}
