//! Clients that do anything, and what they hold against the broker.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::{
    Packet, PacketId, Property, QoS, ReasonCode, TopicFilter, TopicName, Version,
    packet::{Ack, Delivery, Disconnect, PacketType, Publish, RetainHandling, Subscribe, Subscription},
};
use reference_broker::Config;

use crate::{
    actions::{Action, DEVICES, FILTERS, Hello, TOPICS, authenticate},
    world::*,
};

/// A client as it sees itself.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) connection: Option<(Client, Version)>,
    window: u16,
    maximum_packet_size: Option<u32>,
    /// What answers its last packet.
    awaits: Option<(PacketType, Option<PacketId>)>,
    /// Its QoS 2 messages that the broker has received and that are not released.
    unreleased: BTreeSet<PacketId>,
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
    /// The last message that it got first at each QoS, by its topic and publisher.
    last: BTreeMap<(QoS, String, u8), u32>,
}

/// All clients, and the broker.
pub(crate) struct Everybody {
    pub(crate) world: World,
    config: Config,
    pub(crate) devices: BTreeMap<usize, Device>,
    /// What has been seen already.
    seen: Vec<(usize, Packet)>,
    published: u32,
}

impl Everybody {
    pub(crate) fn new(world: World, config: Config) -> Self {
        Self { world, config, devices: BTreeMap::new(), seen: Vec::new(), published: 0 }
    }

    /// The same clients with the broker of another world.
    pub(crate) fn in_world(&self, world: World) -> Self {
        let (config, devices) = (self.config.clone(), self.devices.clone());
        Self { world, config, devices, seen: Vec::new(), published: self.published }
    }

    pub(crate) fn act(&mut self, number: usize, action: &Action) {
        self.published += 1;
        let device = self.devices.entry(number).or_default();
        let open = device.connection.filter(|(client, _)| !self.world.is_closed(*client));
        match action {
            Action::Wait { seconds } => self.world.wait(*seconds),
            Action::Restart => {
                self.world.restart_with(self.config.clone());
                for device in self.devices.values_mut() {
                    device.connection = None;
                }
            }
            Action::Connect(hello) => self.connect(number, hello),
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
            | Action::Authenticate { .. }
            | Action::Ping => {
                if let Some((client, _)) = open
                    && let Some(packet) = device.packet(action, number, self.published)
                {
                    self.world.send(client, packet);
                }
            }
        }
    }

    /// Connects. If that is refused, an older connection stays as it is.
    fn connect(&mut self, number: usize, hello: &Hello) {
        let client = self.world.open(hello.version);
        self.world.send(client, Packet::Connect(Box::new(hello.packet(number))));
        let mut first = self.world.try_next(client);
        if let (Some(Packet::Auth(_)), Some(is_right)) = (&first, hello.is_right) {
            self.world.send(client, authenticate(0x18, is_right));
            first = self.world.try_next(client);
        }
        let Some(Packet::Connack(connack)) = first else { return };
        self.seen.push((number, Packet::Connack(connack.clone())));
        if connack.reason != ReasonCode::SUCCESS {
            return;
        }
        let Some(device) = self.devices.get_mut(&number) else { return };
        if !connack.session_present {
            device.forget();
        }
        device.connection = Some((client, hello.version));
        device.window = if hello.version == Version::V5_0 { hello.receive_maximum } else { u16::MAX };
        device.maximum_packet_size = hello.maximum_packet_size.filter(|_| hello.version == Version::V5_0);
        device.awaits = None;
        device.unanswered.clear();
        device.pending.clear();
    }

    /// Takes in what the broker has sent to whom, and judges it.
    pub(crate) fn look(&mut self) -> Vec<(usize, Packet)> {
        let mut seen = std::mem::take(&mut self.seen);
        for (number, device) in &mut self.devices {
            let Some((client, version)) = device.connection else { continue };
            while let Some(packet) = self.world.try_next(client) {
                seen.push((*number, packet.clone()));
                let size = u32::try_from(packet.encoded_len(version)).unwrap();
                assert!(
                    device.maximum_packet_size.is_none_or(|maximum| size <= maximum),
                    "{packet:?} is too large"
                );
                match packet {
                    Packet::Publish(publish) => device.on_publish(&publish, *number, &self.config),
                    Packet::Pubrel(ack) if ack.reason == ReasonCode::SUCCESS => {
                        device.unanswered.retain(|(id, _)| *id != ack.id);
                        device.unanswered.push((ack.id, QoS::AtMostOnce));
                    }
                    Packet::Disconnect(_) => assert_eq!(version, Version::V5_0),
                    other => device.on_answer(&other, &self.config),
                }
            }
            let answered = device.awaits.is_none() || self.world.is_closed(client);
            assert!(answered, "{:?} has not come", device.awaits);
            assert!(self.world.is_understood(client), "the client does not understand the broker");
        }
        self.weigh();
        seen
    }

    /// Looks at what the broker keeps.
    fn weigh(&self) {
        let (held, limits) = (self.world.statistics(), &self.config.limits);
        assert!(held.sessions <= self.devices.len().min(limits.sessions), "{held:?}");
        assert!(held.connections <= self.devices.len(), "{held:?}");
        assert!(held.subscriptions <= held.sessions * FILTERS.len().min(limits.subscriptions), "{held:?}");
        assert!(held.retained <= TOPICS.len().min(limits.retained), "{held:?}");
        // What is under way when the broker is restarted comes on top.
        let under_way = held.sessions * usize::from(limits.in_flight) * 200;
        assert!(held.waiting_bytes <= limits.all_queued_bytes + under_way, "{held:?}");
        assert!(held.subscription_bytes <= limits.all_subscription_bytes, "{held:?}");
    }

    /// Ends all sessions, after which nothing must be left of them.
    pub(crate) fn leave(&mut self) {
        for (client, _) in self.devices.values().filter_map(|device| device.connection) {
            self.world.cut(client);
        }
        // While there are as many sessions as there may be, there cannot be another.
        for number in (0..DEVICES).cycle().take(2 * DEVICES) {
            let client = self.world.open(Version::V5_0);
            let hello = connect(Version::V5_0, &format!("device{number}"));
            self.world.send(client, Packet::Connect(Box::new(hello)));
            if !self.world.is_closed(client) {
                self.world.send(client, disconnect(ReasonCode::SUCCESS));
            }
        }
        let held = self.world.statistics();
        assert_eq!((held.connections, held.clients, held.sessions, held.subscriptions), (0, 0, 0, 0));
        assert_eq!((held.waiting_bytes, held.subscription_bytes), (0, 0));
        assert_eq!(self.world.next_timeout(), None, "something is still due");
    }
}

impl Device {
    /// The packet that the device sends.
    fn packet(&mut self, action: &Action, number: usize, published: u32) -> Option<Packet> {
        let (packet, answer) = match *action {
            Action::Disconnect { reason, expiry } => {
                let is_new = self.connection.is_some_and(|(_, version)| version == Version::V5_0);
                let expiry = expiry.filter(|_| is_new).map(Property::SessionExpiryInterval);
                let goodbye = Disconnect { reason: ReasonCode(reason), properties: properties(expiry) };
                (Packet::Disconnect(goodbye), None)
            }
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
                let subscribe = Subscribe { id: id(1), properties, filters: vec![asked] };
                (Packet::Subscribe(subscribe), Some((PacketType::Suback, Some(id(1)))))
            }
            Action::Unsubscribe { filter } => {
                if self.pending.is_empty() {
                    self.live.remove(FILTERS[filter]);
                }
                (unsubscribe(2, &[FILTERS[filter]]), Some((PacketType::Unsuback, Some(id(2)))))
            }
            Action::Publish { topic, qos, retain, dup, id: packet_id, expiry, length } => {
                let id = id(packet_id);
                let (delivery, answer) = match qos {
                    0 => (Delivery::AtMostOnce, None),
                    1 => (Delivery::AtLeastOnce { id, dup }, Some((PacketType::Puback, Some(id)))),
                    _ => (Delivery::ExactlyOnce { id, dup }, Some((PacketType::Pubrec, Some(id)))),
                };
                let properties = properties(expiry.map(Property::MessageExpiryInterval));
                let payload = if length == 0 { String::new() } else { format!("{number}{published}") };
                let message = publish(TOPICS[topic], &payload, QoS::AtMostOnce);
                (Packet::Publish(Publish { delivery, retain, properties, ..message }), answer)
            }
            Action::Release { id: packet_id } => {
                let pubrel = Packet::Pubrel(Ack::success(id(packet_id)));
                (pubrel, Some((PacketType::Pubcomp, Some(id(packet_id)))))
            }
            Action::Acknowledge { oldest, reason } => {
                let index = if oldest { 0 } else { self.unanswered.len().saturating_sub(1) };
                let is_there = index < self.unanswered.len();
                (is_there.then(|| self.answer(index, ReasonCode(reason)))?, None)
            }
            Action::Authenticate { reason, is_right } => (authenticate(reason, is_right), None),
            Action::Ping => (Packet::Pingreq, Some((PacketType::Pingresp, None))),
            Action::Connect { .. }
            | Action::Cut
            | Action::Bytes(_)
            | Action::Wait { .. }
            | Action::Restart => {
                return None;
            }
        };
        self.awaits = answer;
        Some(packet)
    }

    /// The session begins.
    fn forget(&mut self) {
        self.unreleased.clear();
        self.in_use.clear();
        self.live.clear();
        self.filters.clear();
        self.last.clear();
    }

    /// What answers a packet comes once.
    fn on_answer(&mut self, packet: &Packet, config: &Config) {
        let id = match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => Some(ack.id),
            Packet::Suback(suback) => Some(suback.id),
            Packet::Unsuback(unsuback) => Some(unsuback.id),
            Packet::Pingresp => None,
            // An unknown PUBREC is answered, too, and AUTH not always.
            _ => return,
        };
        assert_eq!(self.awaits.take(), Some((packet.packet_type(), id)), "{packet:?} answers nothing");
        match packet {
            Packet::Pubrec(ack) if !ack.reason.is_error() => drop(self.unreleased.insert(ack.id)),
            Packet::Pubcomp(ack) => {
                let is_known = self.unreleased.remove(&ack.id);
                // PUBREC of MQTT 3.1.1 does not tell that a message was refused.
                let is_new = self.connection.is_some_and(|(_, version)| version == Version::V5_0);
                let tells = is_new && config.permissions.is_empty();
                assert!(!tells || is_known == (ack.reason == ReasonCode::SUCCESS), "{ack:?}");
            }
            _ => {}
        }
    }

    fn on_publish(&mut self, publish: &Publish, number: usize, config: &Config) {
        let topic = TopicName::parse(&publish.topic).unwrap();
        let matches = |filter: &&str| TopicFilter::parse_v5(&text(filter)).unwrap().matches(&topic);
        let qos = publish.delivery.qos();
        let at_once = qos == QoS::AtMostOnce && !config.queue_qos_0;
        let filters = if at_once { &self.live } else { &self.filters };
        assert!(filters.iter().any(matches), "{topic} without a subscription");
        assert!(qos <= config.maximum_qos, "{qos:?} is more than there is");
        if !config.permissions.is_empty() {
            assert!(number != 1 || !publish.topic.starts_with("c/"), "it may not read this");
            assert!(
                *publish.topic != *"a" || !publish.payload.starts_with(b"2"),
                "this could not be written"
            );
        }
        let is_shared = self.filters.iter().any(|filter| filter.starts_with("$share"));
        if !is_shared && !publish.retain && !publish.delivery.dup() {
            self.check_order(publish);
        }
        let Some(id) = publish.delivery.id() else { return };
        let is_new = self.in_use.insert(id);
        assert_eq!(is_new, !publish.delivery.dup(), "{id} is in use, or DUP is wrong");
        assert!(self.pending.insert(id), "{id} is sent twice on one connection");
        assert!(self.pending.len() <= usize::from(self.window), "more than the Receive Maximum");
        self.unanswered.push((id, qos));
    }

    /// What one client publishes to a topic comes in this order.
    fn check_order(&mut self, publish: &Publish) {
        let Some((publisher, count)) = publish.payload.split_first() else { return };
        let Some(count) = std::str::from_utf8(count).ok().and_then(|count| count.parse().ok()) else {
            return;
        };
        let from = (publish.delivery.qos(), publish.topic.to_string(), *publisher);
        let last = self.last.insert(from, count);
        assert!(last.is_none_or(|last| last <= count), "{last:?} was overtaken by {count}");
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
