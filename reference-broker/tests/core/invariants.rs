//! Whatever clients do, some things are always true:
//!
//! - No Packet Identifier is in use twice: a message gets one that no unacknowledged message of the session has, and keeps
//!   it when it is sent again.
//! - No client has more unacknowledged QoS 1 and QoS 2 messages than its Receive Maximum, and none is sent twice on one
//!   network connection.
//! - Nobody gets what it has not subscribed to in this session. It may have unsubscribed since, for what waits is still
//!   delivered: also at QoS 0, if it waits behind retained messages, and those for the client to acknowledge others.
//! - Every byte that is sent belongs to a packet that the client understands, and no client of MQTT 3.1.1 gets DISCONNECT.
//! - Nothing grows without bound: there are never more sessions than clients, more subscriptions than filters or more
//!   retained messages than topics, and when all sessions have ended nothing is left, not even a deadline.
//! - No deadline lies in the past, and none stays that was met.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::{
    Packet, PacketId, Property, QoS, ReasonCode, TopicFilter, TopicName, Version,
    packet::{Ack, Connect, Delivery, Publish, RetainHandling, Subscribe, Subscription},
};
use proptest::{collection::vec, prelude::*};
use reference_broker::{Config, Rule, Rules, core::Limits};

use crate::world::*;

pub(crate) const FILTERS: [&str; 7] = ["#", "a/+", "a/b", "a/#", "$share/g/a/b", "$share/g/#", "+/b"];
const DEVICES: usize = 3;
pub(crate) const TOPICS: [&str; 4] = ["a/b", "a", "c/b", "$x/b"];

/// What a client does next.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Connect { version: Version, clean_start: bool, expiry: u32, receive_maximum: u16, has_will: bool },
    Cut,
    Disconnect { reason: u8 },
    Subscribe { filter: usize, qos: usize, options: u8, identifier: Option<u32> },
    Unsubscribe { filter: usize },
    Publish { topic: usize, qos: usize, retain: bool, dup: bool, id: u16, expiry: Option<u32>, length: usize },
    Release { id: u16 },
    Acknowledge { oldest: bool, reason: u8 },
    Ping,
    Bytes(Vec<u8>),
    Wait { seconds: f64 },
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    let version = prop_oneof![Just(Version::V3_1_1), Just(Version::V5_0)];
    let reason = prop_oneof![4 => Just(0), 1 => Just(0x80)];
    prop_oneof![
        3 => (version, any::<bool>(), prop_oneof![Just(0), Just(3), Just(u32::MAX)], 1u16..4, any::<bool>()).prop_map(
            |(version, clean_start, expiry, receive_maximum, has_will)| Action::Connect {
                version, clean_start, expiry, receive_maximum, has_will
            }
        ),
        1 => Just(Action::Cut),
        1 => prop_oneof![Just(0), Just(4)].prop_map(|reason| Action::Disconnect { reason }),
        4 => (0..FILTERS.len(), 0usize..3, 0u8..32, proptest::option::of(1u32..100)).prop_map(
            |(filter, qos, options, identifier)| Action::Subscribe { filter, qos, options, identifier }
        ),
        1 => (0..FILTERS.len()).prop_map(|filter| Action::Unsubscribe { filter }),
        8 => (0..TOPICS.len(), 0usize..3, any::<bool>(), any::<bool>(), 1u16..4, proptest::option::of(0u32..4), 0usize..9)
            .prop_map(|(topic, qos, retain, dup, id, expiry, length)| Action::Publish {
                topic, qos, retain, dup, id, expiry, length
            }),
        2 => (1u16..4).prop_map(|id| Action::Release { id }),
        6 => (any::<bool>(), reason).prop_map(|(oldest, reason)| Action::Acknowledge { oldest, reason }),
        1 => Just(Action::Ping),
        1 => vec(any::<u8>(), 0..20).prop_map(Action::Bytes),
        2 => (0.0..3.0f64).prop_map(|seconds| Action::Wait { seconds }),
    ]
}

/// A client as it sees itself.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) connection: Option<(Client, Version)>,
    window: u16,
    /// The PUBLISH and PUBREL packets from the broker that it has not answered, oldest first.
    unanswered: Vec<(PacketId, QoS)>,
    /// The identifiers in use by the broker.
    pub(crate) in_use: BTreeSet<PacketId>,
    /// The PUBLISH packets above QoS 0 of this network connection that are not acknowledged.
    pending: BTreeSet<PacketId>,
    /// The filters of subscriptions that may still bring something at QoS 0.
    live: BTreeSet<&'static str>,
    /// The filters that it has subscribed to in this session.
    filters: BTreeSet<&'static str>,
}

/// All clients, and the broker.
pub(crate) struct Everybody {
    pub(crate) world: World,
    pub(crate) devices: BTreeMap<usize, Device>,
}

impl Everybody {
    pub(crate) fn act(&mut self, number: usize, action: &Action) {
        let device = self.devices.entry(number).or_default();
        let open = device.connection.filter(|(client, _)| !self.world.is_closed(*client));
        match action {
            Action::Wait { seconds } => self.world.wait(*seconds),
            Action::Connect { version, receive_maximum, .. } => {
                let client = self.world.open(*version);
                device.connection = Some((client, *version));
                device.window = if *version == Version::V5_0 { *receive_maximum } else { u16::MAX };
                device.unanswered.clear();
                device.pending.clear();
                self.world.send(client, Packet::Connect(Box::new(connect_as(number, action))));
            }
            Action::Cut => {
                if let Some((client, _)) = device.connection.take() {
                    self.world.cut(client);
                }
            }
            Action::Bytes(bytes) => {
                // What follows them would have no meaning.
                if let (Some((client, _)), _) = (open, device.connection.take()) {
                    self.world.send_bytes(client, bytes);
                    self.world.cut(client);
                }
            }
            Action::Disconnect { .. }
            | Action::Subscribe { .. }
            | Action::Unsubscribe { .. }
            | Action::Publish { .. }
            | Action::Release { .. }
            | Action::Acknowledge { .. }
            | Action::Ping => {
                if let Some((client, _)) = open
                    && let Some(packet) = device.packet(action)
                {
                    self.world.send(client, packet);
                }
            }
        }
    }

    /// Takes in what the broker has sent to whom, and judges it.
    pub(crate) fn look(&mut self) -> Vec<(usize, Packet)> {
        let mut seen = Vec::new();
        for (number, device) in &mut self.devices {
            let Some((client, version)) = device.connection else { continue };
            while let Some(packet) = self.world.try_next(client) {
                seen.push((*number, packet.clone()));
                match packet {
                    Packet::Publish(publish) => device.on_publish(&publish),
                    Packet::Pubrel(ack) if ack.reason == ReasonCode::SUCCESS => {
                        device.unanswered.retain(|(id, _)| *id != ack.id);
                        device.unanswered.push((ack.id, QoS::AtMostOnce));
                    }
                    Packet::Connack(connack) if !connack.session_present => device.forget(),
                    other => assert!(version == Version::V5_0 || !matches!(other, Packet::Disconnect(_))),
                }
            }
            assert!(self.world.is_understood(client), "the client does not understand the broker");
        }
        let held = self.world.statistics();
        assert!(held.sessions <= self.devices.len() && held.connections <= self.devices.len(), "{held:?}");
        assert!(held.subscriptions <= held.sessions * FILTERS.len(), "{held:?}");
        assert!(held.retained <= TOPICS.len(), "{held:?}");
        seen
    }

    /// Ends all sessions, after which nothing must be left of them.
    fn leave(&mut self) {
        for number in 0..DEVICES {
            let session = Connect { clean_start: true, ..connect(Version::V5_0, &format!("device{number}")) };
            let (client, _) = self.world.connect(session);
            self.world.send(client, disconnect(ReasonCode::SUCCESS));
        }
        for (client, _) in self.devices.values().filter_map(|device| device.connection) {
            self.world.cut(client);
        }
        let held = self.world.statistics();
        assert_eq!((held.connections, held.clients, held.sessions, held.subscriptions), (0, 0, 0, 0));
        assert_eq!(self.world.next_timeout(), None, "something is still due");
    }
}

fn connect_as(number: usize, action: &Action) -> Connect {
    let Action::Connect { version, clean_start, expiry, receive_maximum, has_will } = *action else {
        panic!()
    };
    let own = [Property::SessionExpiryInterval(expiry), Property::ReceiveMaximum(receive_maximum)];
    Connect {
        clean_start,
        keep_alive: 4,
        properties: properties(own.into_iter().filter(|_| version == Version::V5_0)),
        will: has_will.then(|| will("a/b", "gone")),
        ..connect(version, &format!("device{number}"))
    }
}

impl Device {
    /// The packet that the device sends.
    fn packet(&mut self, action: &Action) -> Option<Packet> {
        Some(match *action {
            Action::Disconnect { reason } => disconnect(ReasonCode(reason)),
            Action::Subscribe { filter, qos, options, identifier } => {
                let filter = FILTERS[filter];
                self.live.insert(filter);
                self.filters.insert(filter);
                let handling = [RetainHandling::Send, RetainHandling::SendIfNew];
                let asked = Subscription {
                    no_local: options & 1 != 0 && !filter.starts_with("$share"),
                    retain_as_published: options & 2 != 0,
                    retain_handling: handling[usize::from(options & 4 != 0)],
                    ..subscription(filter, QoS::ALL[qos])
                };
                let properties = properties(identifier.map(Property::SubscriptionIdentifier));
                Packet::Subscribe(Subscribe { id: id(1), properties, filters: vec![asked] })
            }
            Action::Unsubscribe { filter } => {
                if self.pending.is_empty() {
                    self.live.remove(FILTERS[filter]);
                }
                unsubscribe(2, &[FILTERS[filter]])
            }
            Action::Publish { topic, qos, retain, dup, id: packet_id, expiry, length } => {
                let delivery = match qos {
                    0 => Delivery::AtMostOnce,
                    1 => Delivery::AtLeastOnce { id: id(packet_id), dup },
                    _ => Delivery::ExactlyOnce { id: id(packet_id), dup },
                };
                let properties = properties(expiry.map(Property::MessageExpiryInterval));
                let message = publish(TOPICS[topic], &"x".repeat(length), QoS::AtMostOnce);
                Packet::Publish(Publish { delivery, retain, properties, ..message })
            }
            Action::Release { id: packet_id } => Packet::Pubrel(Ack::success(id(packet_id))),
            Action::Acknowledge { oldest, reason } => {
                let index = if oldest { 0 } else { self.unanswered.len().saturating_sub(1) };
                return (index < self.unanswered.len()).then(|| self.answer(index, ReasonCode(reason)));
            }
            Action::Ping => Packet::Pingreq,
            Action::Connect { .. } | Action::Cut | Action::Bytes(_) | Action::Wait { .. } => return None,
        })
    }

    /// The session begins.
    fn forget(&mut self) {
        self.in_use.clear();
        self.live.clear();
        self.filters.clear();
    }

    fn on_publish(&mut self, publish: &Publish) {
        let topic = TopicName::parse(&publish.topic).unwrap();
        let matches = |filter: &&str| TopicFilter::parse_v5(&text(filter)).unwrap().matches(&topic);
        let at_once = publish.delivery.qos() == QoS::AtMostOnce;
        let filters = if at_once { &self.live } else { &self.filters };
        assert!(filters.iter().any(matches), "{topic} without a subscription");
        let Some(id) = publish.delivery.id() else { return };
        let is_new = self.in_use.insert(id);
        assert_eq!(is_new, !publish.delivery.dup(), "{id} is in use, or DUP is wrong");
        assert!(self.pending.insert(id), "{id} is sent twice on one connection");
        assert!(self.pending.len() <= usize::from(self.window), "more than the Receive Maximum");
        self.unanswered.push((id, publish.delivery.qos()));
    }

    fn answer(&mut self, index: usize, reason: ReasonCode) -> Packet {
        let (id, qos) = self.unanswered.remove(index);
        let is_v5 = self.connection.is_some_and(|(_, version)| version == Version::V5_0);
        let reason = if is_v5 { reason } else { ReasonCode::SUCCESS };
        let ends = qos != QoS::ExactlyOnce || reason.is_error();
        if ends {
            self.in_use.remove(&id);
            self.pending.remove(&id);
        }
        match qos {
            QoS::AtMostOnce => Packet::Pubcomp(Ack::success(id)),
            QoS::AtLeastOnce => Packet::Puback(Ack { reason, ..Ack::success(id) }),
            QoS::ExactlyOnce => Packet::Pubrec(Ack { reason, ..Ack::success(id) }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_broker_keeps_its_word(actions in vec((0..DEVICES, action()), 1..150)) {
        let limits = Limits { queued_messages: 20, in_flight: 5, ..Limits::default() };
        let world = World::with(Config { limits, ..Config::default() });
        let mut everybody = Everybody { world, devices: BTreeMap::new() };
        for (device, action) in actions {
            everybody.act(device, &action);
            everybody.look();
        }
        everybody.leave();
    }

    #[test]
    fn mutants_do_not_panic(
        rule in 0..Rule::ALL.len(),
        actions in vec((0usize..3, action()), 1..80),
    ) {
        let world = World::mutant(Config::default(), Rules::all().without(Rule::ALL[rule]));
        let mut everybody = Everybody { world, devices: BTreeMap::new() };
        for (device, action) in actions {
            everybody.act(device, &action);
        }
    }
}
