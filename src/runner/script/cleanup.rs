//! Leaving the broker as it was found: this scenario's retained messages and sessions are removed, and no others.

use std::collections::BTreeSet;

use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, ReasonCode, Utf8String,
    packet::{Connect, Delivery, Disconnect, Publish},
};

use super::{Script, exchange::FAREWELL};
use crate::stage::{LinkId, LinkState, World};

/// What this scenario may have left in the broker.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    retained: BTreeSet<Utf8String>,
    sessions: BTreeSet<Utf8String>,
}

impl Leftovers {
    /// Takes note of what a packet that we send may leave behind.
    pub(super) fn sent(&mut self, packet: &Packet, version: Version) {
        if let Packet::Publish(publish) = packet
            && publish.retain
            && !publish.topic.is_empty()
        {
            self.retained.insert(publish.topic.clone());
        }
        let Packet::Connect(connect) = packet else { return };
        let outlives = match version {
            Version::V3_1_1 => !connect.clean_start,
            Version::V5_0 => connect.properties.session_expiry_interval().is_some_and(|expiry| expiry > 0),
        };
        if outlives && !connect.client_id.is_empty() {
            self.sessions.insert(connect.client_id.clone());
        }
        if let Some(will) = connect.will.as_ref().filter(|will| will.retain) {
            self.retained.insert(will.topic.clone());
        }
    }

    /// Takes note of a client identifier that the broker assigned.
    pub(super) fn assigned(&mut self, client_id: &Utf8String) {
        self.sessions.insert(client_id.clone());
    }
}

impl Script {
    /// Ends every network connection properly, then removes sessions and retained messages. What fails here is
    /// nobody's breach: the verdict is already given.
    pub(super) async fn clean_up(&mut self) {
        self.take_leave(self.clients.links().collect()).await;
        let mut sessions = std::mem::take(&mut self.leftovers.sessions);
        let retained = std::mem::take(&mut self.leftovers.retained);
        if sessions.is_empty() && !retained.is_empty() {
            sessions.extend(Utf8String::try_from(format!("{}c", self.circumstances.unique)).ok());
        }
        let mut topics = Some(retained);
        for client_id in sessions {
            let Some(link) = self.visit("cleanup", client_id).await else { continue };
            for topic in topics.take().into_iter().flatten() {
                self.clear_retained(link, topic);
            }
            self.ping_on(link).await.ok();
            self.take_leave(vec![link]).await;
        }
    }

    /// Ends network connections, with DISCONNECT where one was accepted, and gives the broker a moment to end its side.
    /// Then it is done with these clients: what it does about them falls on none that comes after them.
    async fn take_leave(&self, links: Vec<LinkId>) {
        let bye = self.goodbye();
        let is_usable = |link: &LinkId| {
            self.stage.with(|world| world.link(*link).is_usable() && world.link(*link).accepted)
        };
        let (accepted, others): (Vec<_>, Vec<_>) = links.into_iter().partition(is_usable);
        for link in others {
            self.stage.close(link);
        }
        for link in &accepted {
            self.stage.send(*link, bye.clone());
            self.stage.half_close(*link);
        }
        let ended = |world: &mut World| {
            let is_closed = |link: &LinkId| matches!(world.link(*link).state, LinkState::Closed { .. });
            accepted.iter().all(is_closed).then_some(())
        };
        self.stage.until(self.stage.now() + FAREWELL, ended).await;
        for link in accepted {
            self.stage.close(link);
        }
    }

    /// Connects a client of ours with Clean Start, which discards the session.
    pub(super) async fn visit(&mut self, name: &str, client_id: Utf8String) -> Option<LinkId> {
        let version = self.version();
        let link = self.stage.open(name, version);
        let deadline = self.patience();
        let opened =
            self.stage.until(deadline, |world| (world.link(link).state == LinkState::Open).then_some(()));
        opened.await?;
        let credentials = self.circumstances.credentials.as_ref();
        let connect = Connect {
            version,
            clean_start: true,
            keep_alive: 10,
            properties: Properties::new(),
            client_id,
            will: None,
            username: credentials.map(|credentials| credentials.username.clone()),
            password: credentials.and_then(|credentials| credentials.password.clone()),
        };
        self.stage.send(link, Packet::Connect(Box::new(connect)).to_bytes(version));
        self.answer(link, "CONNACK", |packet| matches!(packet, Packet::Connack(_))).await.ok()?;
        Some(link)
    }

    fn clear_retained(&self, link: LinkId, topic: Utf8String) {
        let clear = Publish {
            delivery: Delivery::AtMostOnce,
            retain: true,
            topic,
            properties: Properties::new(),
            payload: bytes::Bytes::new(),
        };
        self.stage.send(link, Packet::Publish(clear).to_bytes(self.version()));
    }

    fn goodbye(&self) -> bytes::Bytes {
        Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties: Properties::new() })
            .to_bytes(self.version())
    }
}
