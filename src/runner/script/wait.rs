//! Waiting for a packet, with the proof of its absence.

use std::time::Duration;

use bytes::Bytes;
use mqttspec_wire::{
    Packet, Properties, QoS, Utf8String,
    packet::{PacketType, Subscribe, Subscription},
};

use super::{Script, trouble::Trouble};
use crate::stage::{LinkId, Received};

/// What became of waiting for a packet.
pub(super) enum Waited {
    /// It came.
    Packet(Received),
    /// The network connection ended first, or its bytes cannot be read.
    Ended,
    /// It did not come, although the broker answered a packet that was sent later.
    Missing,
    /// It did not come, and the broker answers nothing.
    Silent,
}

impl Script {
    /// The client's current network connection.
    pub(super) fn link(&mut self, client: &str) -> Result<LinkId, Trouble> {
        self.clients
            .get(client)
            .and_then(|client| client.link)
            .ok_or_else(|| Trouble::harness(format!("{client} has no network connection here")))
    }

    /// The time until which an answer is awaited before the silence is put to the proof.
    pub(super) fn patience(&self) -> Duration {
        self.stage.now() + self.circumstances.patience
    }

    /// Waits for a packet until `deadline`; then for as long as the broker takes to answer a fence.
    ///
    /// The fence is a PINGREQ; where PINGRESP itself is awaited (`fence_by_subscribing`), a SUBSCRIBE.
    pub(super) async fn wait_for(
        &mut self,
        link: LinkId,
        deadline: Duration,
        fence_by_subscribing: bool,
        wanted: impl Fn(&Packet) -> bool,
    ) -> Waited {
        let look = |world: &mut crate::stage::World| {
            let link = world.link(link);
            match link.take(&wanted) {
                Some(received) => Some(Waited::Packet(received)),
                None if link.is_usable() => None,
                None => Some(Waited::Ended),
            }
        };
        self.fence_took = None;
        if let Some(waited) = self.stage.until(deadline, look).await {
            return waited;
        }
        if !self.stage.with(|world| world.link(link).accepted) {
            return Waited::Silent;
        }
        // The answer to a PINGREQ of the scenario cannot be told from that to the fence.
        let fence_by_subscribing = fence_by_subscribing
            || self.stage.with(|world| world.link(link).pings_sent > world.link(link).pings_answered);
        self.stage.send(link, if fence_by_subscribing { self.subscribe_fence() } else { self.pingreq() });
        let sent = self.stage.now();
        let answered = self
            .stage
            .until(self.patience(), |world| {
                look(world).or_else(|| {
                    let link = world.link(link);
                    let answer = if fence_by_subscribing {
                        link.take(|packet| matches!(packet, Packet::Suback(suback) if suback.id == FENCE_ID))
                    } else {
                        link.take(|packet| matches!(packet, Packet::Pingresp))
                    };
                    answer.map(|_| Waited::Missing)
                })
            })
            .await;
        self.fence_took =
            matches!(answered, Some(Waited::Missing)).then(|| self.stage.now().saturating_sub(sent));
        if !matches!(answered, Some(Waited::Missing)) {
            let owed = if fence_by_subscribing {
                (PacketType::Suback, Some(FENCE_ID))
            } else {
                (PacketType::Pingresp, None)
            };
            self.stage.with(|world| world.link(link).forget_answer(owed));
        }
        answered.unwrap_or(Waited::Silent)
    }

    pub(super) fn pingreq(&self) -> Bytes {
        Packet::Pingreq.to_bytes(self.version())
    }

    fn subscribe_fence(&self) -> Bytes {
        let topic = format!("mqttspec/{}/fence", self.circumstances.unique);
        let filter = Subscription {
            filter: Utf8String::try_from(topic).unwrap_or_default(),
            qos: QoS::AtMostOnce,
            no_local: false,
            retain_as_published: false,
            retain_handling: mqttspec_wire::packet::RetainHandling::Send,
        };
        Packet::Subscribe(Subscribe { id: FENCE_ID, properties: Properties::new(), filters: vec![filter] })
            .to_bytes(self.version())
    }

    /// Waits for the answer to something that was sent; anything but the answer is trouble.
    pub(super) async fn answer(
        &mut self,
        link: LinkId,
        expected: &str,
        wanted: impl Fn(&Packet) -> bool,
    ) -> Result<Received, Trouble> {
        let deadline = self.patience();
        let outcome = self.wait_for(link, deadline, false, wanted).await;
        self.came(link, expected, outcome)
    }

    /// The packet that came, or the trouble that none came.
    pub(super) fn came(&mut self, link: LinkId, expected: &str, waited: Waited) -> Result<Received, Trouble> {
        let patience = self.circumstances.patience.as_secs_f64();
        match waited {
            Waited::Packet(received) => Ok(received),
            Waited::Ended => Err(self.stage.with(|world| Trouble::ended(expected, world.link(link)))),
            Waited::Missing => {
                let mut trouble = Trouble::missing(
                    expected,
                    "nothing of the kind, although the broker answered a packet sent after the wait",
                )
                .late();
                trouble.packets = self.stage.with(|world| {
                    // What came instead, and the answer to the fence, which is the latest of all.
                    let latest = world.evidence.len().saturating_sub(1);
                    let inbox = &world.link(link).inbox;
                    inbox.iter().map(|received| received.evidence).chain([latest]).collect()
                });
                Err(trouble)
            }
            Waited::Silent => Err(Trouble::undecided(
                expected,
                format!("silence: no answer within {patience} s, nor to a packet sent after that"),
            )
            .late()),
        }
    }
}

/// The packet identifier of the fence, far from those that scenarios use.
const FENCE_ID: mqttspec_wire::PacketId = match mqttspec_wire::PacketId::new(0xFFFE) {
    Some(id) => id,
    None => mqttspec_wire::PacketId::MIN,
};
