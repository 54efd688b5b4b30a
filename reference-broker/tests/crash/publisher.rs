//! A client that publishes, and after a crash goes on where it was.

use std::{collections::BTreeMap, io, net::SocketAddr};

use mqttspec_wire::{
    Packet, PacketId, Properties, Version,
    packet::{Ack, Delivery, Publish},
};

use crate::connection::{Connection, Wish, text};

/// How many messages it has unacknowledged at a time.
const WINDOW: usize = 8;

pub(crate) struct Publisher {
    pub(crate) name: String,
    version: Version,
    is_retaining: bool,
    /// How many topics it publishes retained messages to.
    topics: u32,
    /// The number of its last message.
    last: u32,
    last_id: PacketId,
    /// What is not acknowledged, by the order of sending.
    unfinished: BTreeMap<u32, Unfinished>,
    /// The payloads that were acknowledged.
    pub(crate) acknowledged: Vec<String>,
    /// The last number that was acknowledged, for each topic.
    pub(crate) acknowledged_of_topic: BTreeMap<String, u32>,
    has_session: bool,
    pub(crate) lost_sessions: usize,
}

struct Unfinished {
    publish: Publish,
    id: PacketId,
    /// Whether PUBREC has come.
    is_released: bool,
}

impl Publisher {
    /// One that publishes at QoS 1 and 2 in turn.
    pub(crate) fn of_load(version: Version) -> Self {
        Self::new(format!("publisher-{version:?}"), version, false)
    }

    /// One that publishes retained messages.
    pub(crate) fn of_retained(version: Version) -> Self {
        Self::new("retainer".to_owned(), version, true)
    }

    fn new(name: String, version: Version, is_retaining: bool) -> Self {
        Self {
            name,
            version,
            is_retaining,
            topics: 5,
            last: 0,
            last_id: PacketId::MIN,
            unfinished: BTreeMap::new(),
            acknowledged: Vec::new(),
            acknowledged_of_topic: BTreeMap::new(),
            has_session: false,
            lost_sessions: 0,
        }
    }

    /// Publishes until `is_done`, or until the broker is gone.
    pub(crate) fn run(&mut self, address: SocketAddr, is_done: impl Fn(&Self) -> bool) {
        // The end of the broker is not a failure of the test.
        let _ = self.try_run(address, is_done);
    }

    /// Publishes to more and more topics, until the broker is gone.
    pub(crate) fn fill(&mut self, address: SocketAddr, topics: u32) {
        self.topics = topics;
        self.run(address, |publisher| publisher.last >= topics * 10);
    }

    fn try_run(&mut self, address: SocketAddr, is_done: impl Fn(&Self) -> bool) -> io::Result<()> {
        let mut connection = self.resume(address)?;
        while !is_done(self) {
            while self.unfinished.len() < WINDOW {
                let publish = self.next();
                self.send(&mut connection, publish)?;
            }
            self.hear(&mut connection)?;
        }
        Ok(())
    }

    /// Finishes what is under way and publishes a last message.
    pub(crate) fn conclude(&mut self, address: SocketAddr) {
        let mut connection = self.resume(address).unwrap();
        let finish = |publisher: &mut Self, connection: &mut Connection| {
            while !publisher.unfinished.is_empty() {
                publisher.hear(connection).unwrap();
            }
        };
        finish(self, &mut connection);
        let end = Publish { payload: self.end().into(), ..self.next() };
        self.send(&mut connection, end).unwrap();
        finish(self, &mut connection);
    }

    /// The payload of its last message.
    pub(crate) fn end(&self) -> String {
        format!("{} {} end", self.name, u32::MAX)
    }

    fn resume(&mut self, address: SocketAddr) -> io::Result<Connection> {
        let mut connection = Connection::open(address, &Wish::new(&self.name, self.version))?;
        if self.has_session && !connection.session_present {
            self.lost_sessions += 1;
        }
        self.has_session = true;
        for unfinished in self.unfinished.values_mut() {
            let packet = if unfinished.is_released {
                Packet::Pubrel(Ack::success(unfinished.id))
            } else {
                match &mut unfinished.publish.delivery {
                    Delivery::AtLeastOnce { dup, .. } | Delivery::ExactlyOnce { dup, .. } => *dup = true,
                    Delivery::AtMostOnce => {}
                }
                Packet::Publish(unfinished.publish.clone())
            };
            connection.send(&packet)?;
        }
        Ok(connection)
    }

    fn next(&mut self) -> Publish {
        self.last += 1;
        while self.unfinished.values().any(|unfinished| unfinished.id == self.last_id) {
            self.last_id = self.last_id.next();
        }
        let id = self.last_id;
        self.last_id = id.next();
        let is_qos_1 = self.is_retaining || self.last % 2 == 1;
        let topic = if self.is_retaining {
            format!("kept/{}", self.last % self.topics)
        } else {
            format!("load/{}", self.name)
        };
        let qos = if is_qos_1 { "qos1" } else { "qos2" };
        let padding = "x".repeat(self.last as usize % 7 * 300);
        Publish {
            delivery: if is_qos_1 {
                Delivery::AtLeastOnce { id, dup: false }
            } else {
                Delivery::ExactlyOnce { id, dup: false }
            },
            retain: self.is_retaining,
            topic: text(&topic),
            properties: Properties::new(),
            payload: format!("{} {} {qos} {padding}", self.name, self.last).into(),
        }
    }

    fn send(&mut self, connection: &mut Connection, publish: Publish) -> io::Result<()> {
        let id = publish.delivery.id().unwrap();
        self.unfinished.insert(self.last, Unfinished { publish: publish.clone(), id, is_released: false });
        connection.send(&Packet::Publish(publish))
    }

    fn hear(&mut self, connection: &mut Connection) -> io::Result<()> {
        let packet = connection.receive()?;
        let id = packet.packet_id().unwrap();
        let found = self.unfinished.iter_mut().find(|(_, unfinished)| unfinished.id == id);
        // A broker that has lost the session answers what it does not know.
        let Some((&number, unfinished)) = found else { return Ok(()) };
        match packet {
            Packet::Puback(_) | Packet::Pubcomp(_) => {
                let publish = &unfinished.publish;
                self.acknowledged.push(String::from_utf8(publish.payload.to_vec()).unwrap());
                self.acknowledged_of_topic.insert(publish.topic.to_string(), number);
                self.unfinished.remove(&number);
                Ok(())
            }
            Packet::Pubrec(_) => {
                unfinished.is_released = true;
                connection.send(&Packet::Pubrel(Ack::success(id)))
            }
            other => panic!("{} did not expect {other:?}", self.name),
        }
    }
}

/// The number in a payload.
pub(crate) fn number(payload: &str) -> u32 {
    payload.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Whether the message may come more than once.
pub(crate) fn may_double(payload: &str) -> bool {
    payload.contains(" qos1 ")
}
