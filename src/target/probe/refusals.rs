//! What a target may refuse without a property that says so. It is tried on network connections of their own, since a
//! refusal may end them.

use mqttspec_wire::{
    Packet, PacketId, Properties, ReasonCode, Utf8String,
    packet::{Delivery, PacketType, Publish},
};

use super::{Probe, Stop};
use crate::{scenario::ast::Feature, stage::LinkId, target::Credentials};

/// The codes by which a CONNACK refuses a user, of MQTT 3.1.1 (§3.2.2.3) and MQTT 5.0 (§3.2.2.2).
const USER_REFUSED: [ReasonCode; 4] =
    [ReasonCode(4), ReasonCode(5), ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED];

impl Probe {
    /// Connects without credentials, and with those of nobody.
    pub(super) async fn try_credentials(&mut self) -> Result<(), Stop> {
        let unknown = Utf8String::try_from(self.unique.as_str()).unwrap_or_default();
        let nobody = Credentials { username: unknown, password: Some(self.unique.clone().into()) };
        for (feature, credentials, what) in [
            (Feature::Anonymous, None, "without credentials"),
            (Feature::AnyCredentials, Some(nobody), "with unknown credentials"),
        ] {
            let link = self.open().await?;
            let mut connect = self.connect_packet();
            (connect.username, connect.password) =
                credentials.map_or((None, None), |nobody| (Some(nobody.username), nobody.password));
            let connack = self.connack(link, connect).await?;
            self.stage.close(link);
            // Any other way to refuse may have any other reason.
            if let Some(reason) =
                connack.map(|connack| connack.reason).filter(|reason| USER_REFUSED.contains(reason))
            {
                let name = reason.name(self.version, PacketType::Connack);
                self.facts
                    .missing
                    .insert(feature, format!("CONNECT {what} was refused with {reason} {name}"));
            }
        }
        Ok(())
    }

    /// Subscribes and publishes to a topic that begins with `$`, which servers keep for themselves if they like
    /// (MQTT 5.0 §4.7.2).
    pub(super) async fn try_dollar_topic(&mut self) -> Result<(), Stop> {
        if self.facts.missing.contains_key(&Feature::QoS1) {
            return Ok(());
        }
        let link = self.open().await?;
        self.connect(link).await?;
        let topic = format!("$x/{}", self.unique);
        let publish = Publish {
            delivery: Delivery::AtLeastOnce { id: PacketId::MIN, dup: false },
            retain: false,
            topic: Utf8String::try_from(topic.as_str()).unwrap_or_default(),
            properties: Properties::new(),
            payload: bytes::Bytes::new(),
        };
        let publish = Packet::Publish(publish).to_bytes(self.version);
        for (what, packet) in
            [("SUBSCRIBE", self.subscribe(PacketId::MIN, &topic, false)), ("PUBLISH", publish)]
        {
            self.stage.send(link, packet);
            if let Some(how) = self.refusal(link).await? {
                self.facts.missing.insert(Feature::DollarTopic, format!("{what} to {topic} was {how}"));
                break;
            }
        }
        self.stage.close(link);
        Ok(())
    }

    /// How the target refuses what was sent; none if it does not.
    async fn refusal(&self, link: LinkId) -> Result<Option<String>, Stop> {
        let answer = self
            .await_packet(link, "SUBACK or PUBACK", |packet| {
                if let Packet::Puback(ack) = packet {
                    return Some(("PUBACK", ack.reason));
                }
                if let Packet::Suback(suback) = packet {
                    return suback.reasons.first().map(|reason| ("SUBACK", *reason));
                }
                let Packet::Disconnect(disconnect) = packet else { return None };
                Some(("DISCONNECT", disconnect.reason))
            })
            .await?;
        Ok(match answer {
            Some((packet, reason)) if reason.is_error() => {
                Some(format!("answered by {packet} with {reason}"))
            }
            Some(_) => None,
            None => Some("answered by closing the network connection".to_owned()),
        })
    }
}
