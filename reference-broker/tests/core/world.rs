//! A broker with clients, all in one thread and in virtual time.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use mqttspec_wire::{
    Decoder, Packet, QoS, ReasonCode, Sender, Version,
    packet::{Ack, Connack, Connect, Delivery, Publish, Suback, Subscription},
};
use reference_broker::{
    Broker, Config, ConnectionId, Input, Output, Rule, Rules,
    core::{BrokenRecord, Notice, Restore, Statistics, Verified},
};

pub(crate) use crate::packets::*;

/// A broker and what it has sent.
pub(crate) struct World {
    broker: Broker,
    now: Duration,
    opened: u64,
    inboxes: BTreeMap<ConnectionId, Inbox>,
    /// What the broker has told to save.
    pub(crate) records: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Everything that the broker did, and when.
    pub(crate) transcript: Vec<(Duration, Output)>,
    /// What is to be verified: the connection, the hash and the password.
    pub(crate) verifications: Vec<(ConnectionId, String, Bytes)>,
}

struct Inbox {
    decoder: Decoder,
    bytes: BytesMut,
    packets: VecDeque<Packet>,
    is_closed: bool,
}

/// A client's end of a network connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    id: ConnectionId,
    version: Version,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::mutant(config, Rules::all())
    }

    pub(crate) fn without(rule: Rule) -> Self {
        Self::mutant(Config::default(), Rules::all().without(rule))
    }

    pub(crate) fn mutant(config: Config, rules: Rules) -> Self {
        let now = Duration::from_secs(1_000);
        Self {
            broker: Broker::new(config, rules),
            now,
            opened: 0,
            inboxes: BTreeMap::new(),
            records: BTreeMap::new(),
            transcript: Vec::new(),
            verifications: Vec::new(),
        }
    }

    /// A world whose broker tells what is to be saved.
    pub(crate) fn kept(config: Config) -> Self {
        Self::kept_mutant(config, Rules::all())
    }

    pub(crate) fn kept_mutant(config: Config, rules: Rules) -> Self {
        let mut world = Self::with(config.clone());
        world.broker = Restore::new(config, rules).finish(world.now);
        world
    }

    /// Saves what has changed.
    pub(crate) fn save(&mut self) {
        let changes = self.broker.take_changes(self.now);
        for (key, value) in changes.iter() {
            match value {
                Some(value) => self.records.insert(key.to_vec(), value.to_vec()),
                None => self.records.remove(key),
            };
        }
    }

    /// The broker as it would be if it had crashed after it saved last.
    pub(crate) fn restored(&self, config: Config) -> Result<Broker, BrokenRecord> {
        self.restored_mutant(config, Rules::all())
    }

    fn restored_mutant(&self, config: Config, rules: Rules) -> Result<Broker, BrokenRecord> {
        let mut restore = Restore::new(config, rules);
        for (key, value) in &self.records {
            restore.record(key, Bytes::copy_from_slice(value))?;
        }
        Ok(restore.finish(self.now))
    }

    /// A second world, in which the broker has crashed after it saved last.
    pub(crate) fn after_a_crash(&self, config: Config) -> Self {
        Self {
            broker: self.restored(config).unwrap(),
            now: self.now,
            opened: self.opened,
            inboxes: BTreeMap::new(),
            records: self.records.clone(),
            transcript: Vec::new(),
            verifications: Vec::new(),
        }
    }

    /// Saves what has changed, crashes and starts again.
    pub(crate) fn restart(&mut self) {
        self.restart_with(Config::default());
    }

    /// The same with another configuration.
    pub(crate) fn restart_with(&mut self, config: Config) {
        self.save();
        *self = self.after_a_crash(config);
    }

    /// The same with a broker that keeps only these rules. If it cannot read what it has saved, it begins anew.
    pub(crate) fn restart_mutant(&mut self, rules: Rules) {
        self.save();
        let restored = self.restored_mutant(Config::default(), rules);
        self.broker = restored.unwrap_or_else(|_| Broker::new(Config::default(), rules));
    }

    /// Opens a network connection, on which the client will speak `version`.
    pub(crate) fn open(&mut self, version: Version) -> Client {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        let decoder = Decoder::new(Sender::Server, Some(version));
        let inbox = Inbox { decoder, bytes: BytesMut::new(), packets: VecDeque::new(), is_closed: false };
        self.inboxes.insert(id, inbox);
        self.handle(Input::Opened(id));
        Client { id, version }
    }

    /// Opens a connection and has the CONNECT accepted.
    pub(crate) fn connect(&mut self, connect: Connect) -> (Client, Connack) {
        let client = self.open(connect.version);
        self.send(client, Packet::Connect(Box::new(connect)));
        match self.next(client) {
            Packet::Connack(connack) => {
                assert_eq!(connack.reason, ReasonCode::SUCCESS, "{connack:?}");
                (client, connack)
            }
            other => panic!("CONNACK expected, got {other:?}"),
        }
    }

    /// A client with a session of its own.
    pub(crate) fn client(&mut self, version: Version, id: &str) -> Client {
        self.connect(connect(version, id)).0
    }

    /// A client that has subscribed.
    pub(crate) fn subscriber(&mut self, version: Version, filter: &str, qos: QoS) -> Client {
        let client = self.client(version, &format!("subscriber{}", self.opened));
        self.subscribe(client, subscription(filter, qos));
        client
    }

    pub(crate) fn subscribe(&mut self, client: Client, subscription: Subscription) -> ReasonCode {
        self.send(client, subscribe(1, vec![subscription]));
        match self.next(client) {
            Packet::Suback(Suback { reasons, .. }) => reasons[0],
            other => panic!("SUBACK expected, got {other:?}"),
        }
    }

    /// Publishes and goes through with the whole exchange.
    pub(crate) fn publish(&mut self, client: Client, publish: Publish) {
        let delivery = publish.delivery;
        self.send(client, Packet::Publish(publish));
        match delivery {
            Delivery::AtMostOnce => {}
            Delivery::AtLeastOnce { id, .. } => {
                assert!(matches!(self.next(client), Packet::Puback(ack) if ack.id == id));
            }
            Delivery::ExactlyOnce { id, .. } => {
                assert!(matches!(self.next(client), Packet::Pubrec(ack) if ack.id == id));
                self.send(client, Packet::Pubrel(Ack::success(id)));
                assert_eq!(self.next(client), Packet::Pubcomp(Ack::success(id)));
            }
        }
    }

    pub(crate) fn send(&mut self, client: Client, packet: Packet) {
        self.send_bytes(client, &packet.to_bytes(client.version));
    }

    pub(crate) fn send_bytes(&mut self, client: Client, bytes: &[u8]) {
        self.handle(Input::Bytes(client.id, Bytes::copy_from_slice(bytes)));
    }

    /// The other side of a connection proves by its certificate who it is.
    pub(crate) fn identify(&mut self, client: Client, name: &str) {
        self.handle(Input::Identified(client.id, text(name)));
    }

    /// Answers what is to be verified.
    pub(crate) fn verify(&mut self, verified: Verified) {
        for (connection, ..) in std::mem::take(&mut self.verifications) {
            self.handle(Input::Verified(connection, verified));
        }
    }

    /// What the broker has noticed.
    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        self.broker.take_notices()
    }

    /// Holds back who sends faster than others read.
    pub(crate) fn hold_back(&mut self) {
        self.broker.hold_back();
    }

    pub(crate) fn is_held_back(&self, client: Client) -> bool {
        self.broker.is_held_back(client.id)
    }

    /// The client's network connection takes all that the broker has sent since this was done last.
    pub(crate) fn take(&mut self, client: Client) {
        let bytes = self.inboxes.get_mut(&client.id).unwrap().bytes.split();
        self.handle(Input::Written(client.id, bytes.len()));
    }

    /// It takes some of them.
    pub(crate) fn take_some(&mut self, client: Client, bytes: usize) {
        let taken = self.inboxes.get_mut(&client.id).unwrap().bytes.split_to(bytes);
        self.handle(Input::Written(client.id, taken.len()));
    }

    /// How many bytes have been sent since then.
    pub(crate) fn untaken(&self, client: Client) -> usize {
        self.inboxes[&client.id].bytes.len()
    }

    /// Loses the network connection.
    pub(crate) fn cut(&mut self, client: Client) {
        self.handle(Input::Closed(client.id));
    }

    /// Has the broker go on with what is due.
    pub(crate) fn tick(&mut self) {
        self.handle(Input::Tick);
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn wait(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while let Some(at) = self.broker.next_timeout().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline in the past");
            self.now = at;
            self.handle(Input::Tick);
            assert!(
                self.broker.next_timeout().is_none_or(|next| next > at),
                "a deadline that does not go away"
            );
        }
        self.now = end;
        self.handle(Input::Tick);
    }

    /// The next packet that the client got.
    #[track_caller]
    pub(crate) fn next(&mut self, client: Client) -> Packet {
        match self.try_next(client) {
            Some(packet) => packet,
            None => panic!("nothing came; closed: {}", self.is_closed(client)),
        }
    }

    pub(crate) fn try_next(&mut self, client: Client) -> Option<Packet> {
        self.inboxes.get_mut(&client.id)?.packets.pop_front()
    }

    /// The next packet, which must be a PUBLISH.
    #[track_caller]
    pub(crate) fn next_publish(&mut self, client: Client) -> Publish {
        match self.next(client) {
            Packet::Publish(publish) => publish,
            other => panic!("PUBLISH expected, got {other:?}"),
        }
    }

    /// The payloads of all PUBLISH packets that have come, as text; QoS 1 and 2 are not acknowledged.
    pub(crate) fn payloads(&mut self, client: Client) -> Vec<String> {
        let mut payloads = Vec::new();
        while let Some(packet) = self.try_next(client) {
            if let Packet::Publish(publish) = packet {
                payloads.push(String::from_utf8(publish.payload.to_vec()).unwrap());
            }
        }
        payloads
    }

    /// All bytes that came since this was asked last.
    pub(crate) fn bytes(&mut self, client: Client) -> Vec<u8> {
        let inbox = self.inboxes.get_mut(&client.id).unwrap();
        inbox.packets.clear();
        inbox.bytes.split().to_vec()
    }

    pub(crate) fn is_closed(&self, client: Client) -> bool {
        self.inboxes[&client.id].is_closed
    }

    /// Whether all that the client got are packets that a server may send.
    pub(crate) fn is_understood(&mut self, client: Client) -> bool {
        self.inboxes.get_mut(&client.id).is_some_and(|inbox| inbox.decoder.next() == Ok(None))
    }

    /// Nothing has come, and the connection is open.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self, client: Client) {
        assert_eq!(self.try_next(client), None);
        assert!(!self.is_closed(client), "closed");
    }

    /// The broker has closed the connection, under MQTT 5.0 with this reason.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self, client: Client, reason: ReasonCode) {
        if client.version == Version::V5_0 {
            match self.next(client) {
                Packet::Disconnect(disconnect) => assert_eq!(disconnect.reason, reason, "{disconnect:?}"),
                other => panic!("DISCONNECT expected, got {other:?}"),
            }
        }
        assert_eq!(self.try_next(client), None);
        assert!(self.is_closed(client), "open");
    }

    /// Sends PINGREQ and expects the answer at once.
    #[track_caller]
    pub(crate) fn ping(&mut self, client: Client) {
        self.send(client, Packet::Pingreq);
        assert_eq!(self.next(client), Packet::Pingresp);
    }

    /// What the broker holds.
    pub(crate) fn statistics(&self) -> Statistics {
        self.broker.statistics(self.now)
    }

    /// When it has something to do by itself.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.broker.next_timeout()
    }

    /// Ends the broker.
    pub(crate) fn shut_down(&mut self) {
        self.handle(Input::Shutdown);
    }

    fn handle(&mut self, input: Input) {
        let mut outputs = Vec::new();
        self.broker.handle(self.now, input, &mut outputs);
        for output in outputs {
            self.transcript.push((self.now, output.clone()));
            match output {
                Output::Send(id, bytes) | Output::Pass(id, bytes) => {
                    let inbox = self.inboxes.get_mut(&id).unwrap();
                    assert!(!inbox.is_closed, "sent after close: {bytes:02x?}");
                    inbox.bytes.extend_from_slice(&bytes);
                    inbox.decoder.feed(&bytes);
                    while let Ok(Some(frame)) = inbox.decoder.next() {
                        inbox.packets.push_back(frame.packet);
                    }
                }
                Output::Verify { connection, hash, password } => {
                    self.verifications.push((connection, hash.to_string(), password));
                }
                Output::Close(id) | Output::Part(id) => {
                    let inbox = self.inboxes.get_mut(&id).unwrap();
                    assert!(!inbox.is_closed, "closed twice");
                    inbox.is_closed = true;
                }
            }
        }
    }
}
