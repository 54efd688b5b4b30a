//! A client that keeps account of what it gets.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
};

use mqttspec_wire::{
    Packet, PacketId, Properties, QoS, Version,
    packet::{Ack, Delivery, RetainHandling, Subscribe, Subscription},
};

use crate::connection::{Connection, Wish, text};

pub(crate) struct Subscriber {
    pub(crate) name: String,
    version: Version,
    /// How many times each payload has come.
    pub(crate) seen: BTreeMap<String, usize>,
    /// The QoS 2 messages whose PUBREL has not come.
    unreleased: BTreeSet<PacketId>,
    pub(crate) lost_sessions: usize,
}

impl Subscriber {
    pub(crate) fn new(version: Version) -> Self {
        Self {
            name: format!("subscriber-{version:?}"),
            version,
            seen: BTreeMap::new(),
            unreleased: BTreeSet::new(),
            lost_sessions: 0,
        }
    }

    /// Subscribes once and for all.
    pub(crate) fn begin(&self, address: SocketAddr, filter: &str) {
        let mut connection = Connection::open(address, &Wish::new(&self.name, self.version)).unwrap();
        assert!(!connection.session_present);
        connection.send(&subscribe(filter, QoS::ExactlyOnce)).unwrap();
        assert!(matches!(connection.receive().unwrap(), Packet::Suback(_)));
    }

    /// Subscribes again if the broker does not know of it any more.
    pub(crate) fn resume(&mut self, address: SocketAddr, filter: &str) {
        let mut connection = Connection::open(address, &Wish::new(&self.name, self.version)).unwrap();
        if !connection.session_present {
            self.lost_sessions += 1;
            connection.send(&subscribe(filter, QoS::ExactlyOnce)).unwrap();
            connection.receive().unwrap();
        }
    }

    /// Takes what comes until `is_done`, or until the broker is gone.
    pub(crate) fn run(&mut self, address: SocketAddr, is_done: impl Fn(&BTreeMap<String, usize>) -> bool) {
        // The end of the broker is not a failure of the test.
        let _ = self.try_run(address, is_done);
    }

    fn try_run(
        &mut self,
        address: SocketAddr,
        is_done: impl Fn(&BTreeMap<String, usize>) -> bool,
    ) -> io::Result<()> {
        let mut connection = Connection::open(address, &Wish::new(&self.name, self.version))?;
        if !connection.session_present {
            self.lost_sessions += 1;
            self.unreleased.clear();
        }
        while !is_done(&self.seen) {
            let answer = match connection.receive()? {
                Packet::Publish(publish) => {
                    let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
                    let is_new = match publish.delivery {
                        Delivery::ExactlyOnce { id, .. } => self.unreleased.insert(id),
                        Delivery::AtLeastOnce { .. } | Delivery::AtMostOnce => true,
                    };
                    if is_new {
                        *self.seen.entry(payload).or_default() += 1;
                    }
                    match publish.delivery {
                        Delivery::AtLeastOnce { id, .. } => Packet::Puback(Ack::success(id)),
                        Delivery::ExactlyOnce { id, .. } => Packet::Pubrec(Ack::success(id)),
                        Delivery::AtMostOnce => panic!("{} got a message at QoS 0", self.name),
                    }
                }
                Packet::Pubrel(ack) => {
                    self.unreleased.remove(&ack.id);
                    Packet::Pubcomp(Ack::success(ack.id))
                }
                other => panic!("{} did not expect {other:?}", self.name),
            };
            connection.send(&answer)?;
        }
        Ok(())
    }
}

/// The payloads of the retained messages by topic.
pub(crate) fn retained(address: SocketAddr, filter: &str) -> io::Result<BTreeMap<String, String>> {
    let wish = Wish { clean: true, ..Wish::new("reader", Version::V3_1_1) };
    let mut connection = Connection::open(address, &wish)?;
    connection.send(&subscribe(filter, QoS::AtMostOnce))?;
    assert!(matches!(connection.receive()?, Packet::Suback(_)));
    connection.send(&Packet::Pingreq)?;
    let mut kept = BTreeMap::new();
    loop {
        match connection.receive()? {
            Packet::Publish(publish) => {
                kept.insert(publish.topic.to_string(), String::from_utf8(publish.payload.to_vec()).unwrap());
            }
            Packet::Pingresp => return Ok(kept),
            other => panic!("{other:?} was not expected"),
        }
    }
}

fn subscribe(filter: &str, qos: QoS) -> Packet {
    Packet::Subscribe(Subscribe {
        id: PacketId::MIN,
        properties: Properties::new(),
        filters: vec![Subscription {
            filter: text(filter),
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
        }],
    })
}
