//! Steps that go on whatever the broker does.

use mqttspec_wire::{
    Packet, PacketId, Property, QoS, ReasonCode, Version,
    packet::{Ack, Connect, Delivery, Publish, Subscribe, Subscription},
};

use reference_broker::Rules;

use crate::world::{self, Client, World};

pub(crate) struct Script {
    pub(crate) world: World,
    rules: Rules,
}

impl Script {
    pub(crate) fn new(world: World, rules: Rules) -> Self {
        Self { world, rules }
    }

    /// Ends the broker, and starts it again with what it has saved.
    pub(crate) fn restart(&mut self) {
        self.world.restart_mutant(self.rules);
    }

    /// Opens a connection and sends CONNECT on it.
    pub(crate) fn connect(&mut self, connect: Connect) -> Client {
        let client = self.world.open(connect.version);
        self.send(client, Packet::Connect(Box::new(connect)));
        client
    }

    pub(crate) fn client(&mut self, version: Version, id: &str) -> Client {
        self.connect(world::connect(version, id))
    }

    /// A client whose session outlives its connection.
    pub(crate) fn lasting(&mut self, version: Version, id: &str) -> Client {
        self.connect(world::resume(version, id))
    }

    pub(crate) fn send(&mut self, client: Client, packet: Packet) {
        self.world.send(client, packet);
    }

    pub(crate) fn subscribe(&mut self, client: Client, filter: &str, level: usize) {
        self.subscribe_with(client, world::subscription(filter, QoS::ALL[level]), None);
    }

    pub(crate) fn subscribe_with(
        &mut self,
        client: Client,
        subscription: Subscription,
        identifier: Option<u32>,
    ) {
        let properties = world::properties(identifier.map(Property::SubscriptionIdentifier));
        let filters = vec![subscription];
        self.send(client, Packet::Subscribe(Subscribe { id: world::id(0x0102), properties, filters }));
    }

    pub(crate) fn unsubscribe(&mut self, client: Client, filters: &[&str]) {
        self.send(client, world::unsubscribe(0x0304, filters));
    }

    pub(crate) fn publish(&mut self, client: Client, topic: &str, payload: &str, level: usize) {
        self.send(client, Packet::Publish(world::publish(topic, payload, QoS::ALL[level])));
    }

    pub(crate) fn publish_with(&mut self, client: Client, publish: Publish, properties: Vec<Property>) {
        self.send(client, Packet::Publish(Publish { properties: world::properties(properties), ..publish }));
    }

    /// Publishes at QoS 1 or 2 with an identifier of its own.
    pub(crate) fn publish_as(&mut self, client: Client, delivery: Delivery, topic: &str) {
        self.send(
            client,
            Packet::Publish(Publish { delivery, ..world::publish(topic, "as", QoS::AtMostOnce) }),
        );
    }

    pub(crate) fn retain(&mut self, client: Client, topic: &str, payload: &str, level: usize) {
        let publish = Publish { retain: true, ..world::publish(topic, payload, QoS::ALL[level]) };
        self.send(client, Packet::Publish(publish));
    }

    pub(crate) fn acknowledge(&mut self, client: Client, packet: fn(Ack) -> Packet, id: u16, reason: u8) {
        self.send(client, packet(Ack { reason: ReasonCode(reason), ..Ack::success(world::id(id)) }));
    }
}

pub(crate) fn once(id: PacketId, dup: bool) -> Delivery {
    Delivery::AtLeastOnce { id, dup }
}

pub(crate) fn twice(id: PacketId, dup: bool) -> Delivery {
    Delivery::ExactlyOnce { id, dup }
}
