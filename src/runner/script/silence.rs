//! Showing that nothing more arrives: a fence instead of a sleep.

use mqttspec_wire::{
    Packet, PacketId, Properties, QoS, Utf8String,
    packet::{Delivery, Publish},
};

use super::{Script, trouble::Trouble, wait::Waited};
use crate::{
    describe::describe,
    scenario::ast::Fence,
    stage::{LinkId, Received},
};

impl Script {
    /// Nothing is in the inbox once the fence is through.
    ///
    /// The fence is a marker message from another client, if the scenario names one, and then a ping: what the broker
    /// had to send before, it has sent.
    pub(super) async fn expect_nothing_more(
        &mut self,
        client: &str,
        fence: Option<&Fence>,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        // A fence that does not hold decides nothing: its packets are not what the scenario is about.
        if let Some(fence) = fence {
            self.pass_marker(link, fence).await.map_err(Trouble::into_undecided)?;
        } else {
            let settled = self.stage.now() + self.circumstances.settle;
            self.stage.sleep_until(settled).await;
        }
        self.ping_on(link).await.map_err(Trouble::into_undecided)?;
        let version = self.version();
        let markers = self.marker("");
        // That a marker comes again is not what the scenario is about.
        let is_marker = |packet: &Packet| matches!(packet, Packet::Publish(publish) if publish.payload.starts_with(markers.as_bytes()));
        let more = self.stage.with(|world| {
            let inbox = &world.link(link).inbox;
            inbox
                .iter()
                .filter(|received| !is_marker(&received.packet))
                .map(|received| (describe(&received.packet, version), received.evidence))
                .collect::<Vec<_>>()
        });
        if more.is_empty() {
            return Ok(());
        }
        let (words, packets): (Vec<_>, Vec<_>) = more.into_iter().unzip();
        Err(Trouble { packets, ..Trouble::breach("nothing more", words.join("; ")) })
    }

    /// The payload of a marker.
    fn marker(&self, number: &str) -> String {
        format!("fence-{}-{number}", self.circumstances.unique)
    }

    /// Has the fence's client publish a marker and waits until it arrives here.
    async fn pass_marker(&mut self, link: LinkId, fence: &Fence) -> Result<(), Trouble> {
        self.markers += 1;
        let marker = self.marker(&self.markers.to_string());
        let topic = self.variables.eval(&fence.topic)?;
        let qos = match &fence.qos {
            None => QoS::AtLeastOnce,
            Some(expr) => {
                let value = self.variables.eval(expr)?;
                value
                    .integer()
                    .and_then(QoS::new)
                    .ok_or_else(|| Trouble::harness(format!("{value} is not a QoS")))?
            }
        };
        let publisher = self.link(&fence.client)?;
        let id =
            self.clients.get(&fence.client).map_or(PacketId::MIN, super::clients::Client::take_packet_id);
        let publish = Publish {
            delivery: match qos {
                QoS::AtMostOnce => Delivery::AtMostOnce,
                QoS::AtLeastOnce => Delivery::AtLeastOnce { id, dup: false },
                QoS::ExactlyOnce => Delivery::ExactlyOnce { id, dup: false },
            },
            retain: false,
            topic: Utf8String::from_bytes(topic.to_bytes())
                .map_err(|fault| Trouble::harness(format!("the fence's topic: {fault}")))?,
            properties: Properties::new(),
            payload: marker.clone().into(),
        };
        self.stage.send(publisher, Packet::Publish(publish.clone()).to_bytes(self.version()));
        // What becomes of the fence is not what is judged.
        self.complete_publish(publisher, &publish).await.map_err(Trouble::into_undecided)?;
        let deadline = self.patience();
        let is_marker = |packet: &Packet| matches!(packet, Packet::Publish(publish) if publish.payload.as_ref() == marker.as_bytes());
        let waited = self.wait_for(link, deadline, false, is_marker).await;
        let expected = format!("the fence's marker on {topic}");
        let marker: Received = match waited {
            // Without the marker there is no proof that the window is closed.
            Waited::Missing => return Err(Trouble::undecided(expected, "it did not arrive").late()),
            Waited::Packet(_) | Waited::Ended | Waited::Silent => self.came(link, &expected, waited)?,
        };
        self.acknowledge(link, &marker).await
    }
}
