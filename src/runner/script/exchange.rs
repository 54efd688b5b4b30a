//! The actions that send, with the packets that answer them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mqttspec_spec::Version;
use mqttspec_wire::{
    Layout, Packet, PacketId, QoS, ReasonCode,
    packet::{Ack, Publish},
};

use super::{Script, edit, trouble::Trouble};
use crate::{
    runner::{build, observe, value::Datum},
    scenario::ast::{Exchange, Frame, PacketSpec, SendItem},
    stage::{LinkId, LinkState, Objection, Received, World},
};

/// How long the broker has to close its side after we closed ours; longer is its right and only costs certainty.
pub(super) const FAREWELL: Duration = Duration::from_millis(250);

impl Script {
    /// Opens a network connection for the client.
    pub(super) async fn open(&mut self, client: &str) -> Result<LinkId, Trouble> {
        let link = self.stage.open(&self.clients.own_name(client), self.version());
        let Some(known) = self.clients.get(client) else {
            return Err(Trouble::harness(format!("no client is called {client}")));
        };
        known.link = Some(link);
        known.untouched = true;
        let unique = self.circumstances.unique.clone();
        self.stage.with(|world| world.link(link).has_topics_of_its_own(unique));
        // Opening has a generous deadline: it is no statement of MQTT, and a loaded machine is slow here first.
        let deadline = self.stage.now() + self.circumstances.patience * 5;
        let state = |world: &mut crate::stage::World| {
            let state = world.link(link).state.clone();
            (state != LinkState::Opening).then_some(state)
        };
        match self.stage.until(deadline, state).await {
            Some(LinkState::Open | LinkState::Closed { .. }) => Ok(link),
            Some(LinkState::Refused(_) | LinkState::Opening) | None => {
                Err(self.stage.with(|world| Trouble::ended("a network connection", world.link(link))))
            }
        }
    }

    pub(super) async fn connect(&mut self, client: &str, exchange: &Exchange) -> Result<(), Trouble> {
        let fresh = self.clients.get(client).filter(|client| client.untouched).and_then(|client| client.link);
        let link = match fresh {
            Some(link) => link,
            None => self.open(client).await?,
        };
        let connect = self.send_packet(client, link, &exchange.packet, exchange.mark.as_deref())?;
        let expected = "a CONNACK that accepts the connection";
        let received = self.answer(link, expected, |packet| matches!(packet, Packet::Connack(_))).await?;
        let (Packet::Connect(connect), Packet::Connack(connack)) = (&connect, &received.packet) else {
            return Err(Trouble::harness("`connect` sends CONNECT"));
        };
        if connack.reason.0 != 0 {
            let observed = format!("CONNACK with reason {}", connack.reason);
            let trouble = if super::trouble::is_the_brokers_choice(connack.reason) {
                Trouble::undecided(expected, observed)
            } else {
                Trouble::breach(expected, observed)
            };
            return Err(trouble.shown_by(&received).at(observe::parts("reason", &[])));
        }
        let keep_alive = connack.properties.server_keep_alive().unwrap_or(connect.keep_alive);
        self.variables.set(format!("server_keep_alive.{client}"), Datum::Number(keep_alive.into()));
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            self.variables.set(format!("id.{client}"), Datum::Text(assigned.to_string()));
            self.leftovers.assigned(&assigned);
        }
        Ok(())
    }

    /// DISCONNECT, then the end of the network connection, which MQTT asks of the client (§3.14.4).
    pub(super) async fn disconnect(&mut self, client: &str, packet: &PacketSpec) -> Result<(), Trouble> {
        let link = self.link(client)?;
        self.send_packet(client, link, packet, None)?;
        self.cut(client).await
    }

    /// Ends the network connection and waits a moment for the broker to end its side, which shows that it noticed.
    pub(super) async fn cut(&mut self, client: &str) -> Result<(), Trouble> {
        let link = self.link(client)?;
        self.stage.half_close(link);
        let farewell = self.stage.now() + FAREWELL;
        let ended = |world: &mut crate::stage::World| {
            matches!(world.link(link).state, LinkState::Closed { .. }).then_some(())
        };
        self.stage.until(farewell, ended).await;
        self.stage.close(link);
        Ok(())
    }

    pub(super) fn half_close(&mut self, client: &str) -> Result<(), Trouble> {
        let link = self.link(client)?;
        self.stage.half_close(link);
        Ok(())
    }

    /// PUBLISH with its handshake. After QoS 0, which has none, a ping shows that the broker has read it.
    pub(super) async fn publish(&mut self, client: &str, exchange: &Exchange) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let Packet::Publish(publish) =
            self.send_packet(client, link, &exchange.packet, exchange.mark.as_deref())?
        else {
            return Err(Trouble::harness("`publish` sends PUBLISH"));
        };
        self.complete_publish(link, &publish).await
    }

    /// The publisher's part of a handshake whose PUBLISH was sent.
    pub(super) async fn complete_publish(&mut self, link: LinkId, publish: &Publish) -> Result<(), Trouble> {
        let Some(id) = publish.delivery.id() else { return self.sign_of_life(link).await };
        if publish.delivery.qos() == QoS::AtLeastOnce {
            let expected = format!("PUBACK for packet identifier {id}");
            let received = self
                .answer(link, &expected, |packet| matches!(packet, Packet::Puback(ack) if ack.id == id))
                .await?;
            return accepted(&expected, &received);
        }
        let expected = format!("PUBREC for packet identifier {id}");
        let received = self
            .answer(link, &expected, |packet| matches!(packet, Packet::Pubrec(ack) if ack.id == id))
            .await?;
        accepted(&expected, &received)?;
        self.stage.send(link, Packet::Pubrel(Ack::success(id)).to_bytes(self.version()));
        let expected = format!("PUBCOMP for packet identifier {id}");
        let received = self
            .answer(link, &expected, |packet| matches!(packet, Packet::Pubcomp(ack) if ack.id == id))
            .await?;
        accepted(&expected, &received)
    }

    pub(super) async fn subscribe(&mut self, client: &str, exchange: &Exchange) -> Result<(), Trouble> {
        let link = self.link(client)?;
        if self.circumstances.alone && self.stage.with(|world| world.link(link).accepted) {
            self.set_aside_what_nobody_asked_for(link).await;
        }
        let sent = self.send_packet(client, link, &exchange.packet, exchange.mark.as_deref())?;
        let id = sent.packet_id();
        let expected = "a SUBACK that grants the subscription";
        let received = self
            .answer(
                link,
                expected,
                |packet| matches!(packet, Packet::Suback(suback) if Some(suback.id) == id),
            )
            .await?;
        let Packet::Suback(suback) = &received.packet else { return Ok(()) };
        match first_error(&suback.reasons) {
            None => Ok(()),
            Some((place, code)) => {
                let observed = format!("SUBACK with {code}");
                let trouble = if super::trouble::is_the_brokers_choice(code) {
                    Trouble::undecided(expected, observed)
                } else {
                    Trouble::breach(expected, observed)
                };
                Err(trouble.shown_by(&received).at(observe::parts("reasons", &[place])))
            }
        }
    }

    /// What the broker sends although nobody asked for it has come before somebody asks. Otherwise it were for chance to say
    /// whether it looks like an answer. The referee has judged it.
    async fn set_aside_what_nobody_asked_for(&mut self, link: LinkId) {
        self.ping_on(link).await.ok();
        self.stage.with(|world| {
            let is_about_topic = |objection: &&Objection| objection.violation.part == Some("topic-name");
            let judged: Vec<usize> =
                world.objections.iter().filter(is_about_topic).map(|objection| objection.evidence).collect();
            world.link(link).inbox.retain(|received| !judged.contains(&received.evidence));
        });
    }

    pub(super) async fn unsubscribe(&mut self, client: &str, exchange: &Exchange) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let sent = self.send_packet(client, link, &exchange.packet, exchange.mark.as_deref())?;
        let id = sent.packet_id();
        let expected = "an UNSUBACK";
        let received = self
            .answer(
                link,
                expected,
                |packet| matches!(packet, Packet::Unsuback(unsuback) if Some(unsuback.id) == id),
            )
            .await?;
        let Packet::Unsuback(unsuback) = &received.packet else { return Ok(()) };
        match first_error(&unsuback.reasons) {
            None => Ok(()),
            Some((place, code)) => {
                let trouble = Trouble::breach(expected, format!("UNSUBACK with {code}"));
                Err(trouble.shown_by(&received).at(observe::parts("reasons", &[place])))
            }
        }
    }

    /// A ping as a sign of life: that the network connection is there. Whether PINGREQ is answered is another matter.
    pub(super) async fn ping(&mut self, client: &str) -> Result<(), Trouble> {
        let link = self.link(client)?;
        self.sign_of_life(link).await
    }

    async fn sign_of_life(&mut self, link: LinkId) -> Result<(), Trouble> {
        let answered = self.ping_on(link).await;
        let is_there = self.stage.with(|world| world.link(link).is_usable());
        if is_there { answered.map_err(Trouble::into_undecided) } else { answered }
    }

    pub(super) async fn ping_on(&mut self, link: LinkId) -> Result<(), Trouble> {
        let (earlier, ping) = self.stage.with(|world| {
            let link = world.link(link);
            (link.pings_sent > link.pings_answered, link.next_ping())
        });
        self.stage.send(link, self.pingreq());
        let deadline = self.patience();
        let sent = self.stage.now();
        if earlier {
            // The answers to PINGREQs before this one say nothing about what was sent since.
            let all = |world: &mut World| {
                let link = world.link(link);
                (link.pings_answered >= ping || !link.is_usable()).then_some(())
            };
            let observed = "fewer answers than PINGREQs were sent";
            let undecided = || Trouble::undecided("PINGRESP", observed).late();
            self.stage.until(deadline, all).await.ok_or_else(undecided)?;
        }
        let waited = self.wait_for(link, deadline, true, |packet| matches!(packet, Packet::Pingresp)).await;
        let answer = self.came(link, "PINGRESP", waited)?;
        self.fence_took = Some(answer.at.saturating_sub(sent));
        Ok(())
    }

    pub(super) fn send_items(
        &mut self,
        client: &str,
        items: &[SendItem],
        (mark, frame): (Option<&str>, Frame),
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let mut segment = BytesMut::new();
        for item in items {
            match item {
                SendItem::Hex(bytes) => segment.extend_from_slice(bytes),
                SendItem::Packet(spec) => segment.extend_from_slice(&self.build(client, spec)?.1),
            }
        }
        self.mark(client, mark);
        match frame {
            Frame::Binary => self.stage.send(link, segment.freeze()),
            Frame::Text => self.stage.send_text(link, segment.freeze()),
        }
        Ok(())
    }

    fn send_packet(
        &mut self,
        client: &str,
        link: LinkId,
        spec: &PacketSpec,
        mark: Option<&str>,
    ) -> Result<Packet, Trouble> {
        let (packet, bytes) = self.build(client, spec)?;
        self.mark(client, mark);
        self.stage.send(link, bytes);
        Ok(packet)
    }

    fn mark(&mut self, client: &str, mark: Option<&str>) {
        if let Some(known) = self.clients.get(client) {
            known.untouched = false;
        }
        if let Some(mark) = mark {
            self.marks.insert(mark.to_owned(), self.stage.now());
        }
    }

    fn build(&mut self, client: &str, spec: &PacketSpec) -> Result<(Packet, Bytes), Trouble> {
        let version = self.version();
        let Some(known) = self.clients.get(client) else {
            return Err(Trouble::harness(format!("no client is called {client}")));
        };
        let packet_id = if names_packet_id(spec, version) { PacketId::MIN } else { known.take_packet_id() };
        let context = build::Context {
            version,
            variables: &self.variables,
            client_id: &known.id,
            credentials: self.circumstances.credentials.as_ref(),
            packet_id,
        };
        let packet = build::packet(spec, &context)?;
        let kept_flags = build::flags_of_credentials(spec, &context);
        self.leftovers.sent(&packet, version);
        if spec.edits.is_empty() {
            let bytes = packet.to_bytes(version);
            return Ok((packet, bytes));
        }
        let mut layout = Layout::of(&packet, version);
        for edit in &spec.edits {
            edit::apply(&mut layout, edit, &self.variables, kept_flags)?;
        }
        Ok((packet, layout.bytes()))
    }
}

fn names_packet_id(spec: &PacketSpec, version: Version) -> bool {
    spec.fields.iter().any(|field| field.name == "packet-id" && field.only.is_none_or(|only| only == version))
}

/// The first code that refuses, and its place.
fn first_error(reasons: &[ReasonCode]) -> Option<(usize, ReasonCode)> {
    reasons.iter().copied().enumerate().find(|(_, code)| code.is_error())
}

/// Whether an acknowledgement says that the message was taken.
fn accepted(expected: &str, received: &Received) -> Result<(), Trouble> {
    let (Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack)) = &received.packet else {
        return Ok(());
    };
    if !ack.reason.is_error() {
        return Ok(());
    }
    let observed = format!("{} with reason {}", received.packet.packet_type(), ack.reason);
    let trouble = if super::trouble::is_the_brokers_choice(ack.reason) {
        Trouble::undecided(expected, observed)
    } else {
        Trouble::breach(expected, observed)
    };
    Err(trouble.shown_by(received).at(observe::parts("reason", &[])))
}
