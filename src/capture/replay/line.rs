//! One conversation of a replay.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use mqttspec_wire::{Packet, PacketId, Sender, Utf8String};

use super::{
    Difference, Options, Outcome,
    compare::{answers_broker, are_ordered, differences, is_kin, shown},
    rewrite::rewrite,
};
use crate::{
    capture::{Recording, Turn},
    stage::{LinkId, LinkState, Stage, World},
};

/// The network connection of a recording.
pub(super) struct Line {
    number: u64,
    name: String,
    version: mqttspec_spec::Version,
    options: Rc<Options>,
    link: Option<LinkId>,
    /// What the broker sent and nothing in the capture has claimed yet.
    inbox: VecDeque<Packet>,
    /// Packet Identifiers of the broker's messages: in the capture, and live. None for messages that did not come.
    ids: BTreeMap<PacketId, Option<PacketId>>,
    /// Topic Aliases of the broker in the capture, and live.
    recorded_aliases: BTreeMap<u16, Utf8String>,
    live_aliases: BTreeMap<u16, Utf8String>,
    /// The broker closed it, which was told.
    lost: bool,
}

impl Line {
    pub(super) fn new(recording: &Recording, options: &Rc<Options>) -> Self {
        Self {
            number: recording.number,
            name: format!("conversation {}", recording.number),
            version: recording.version,
            options: Rc::clone(options),
            link: None,
            inbox: VecDeque::new(),
            ids: BTreeMap::new(),
            recorded_aliases: BTreeMap::new(),
            live_aliases: BTreeMap::new(),
            lost: false,
        }
    }

    /// Opens the network connection.
    pub(super) async fn open(&mut self, stage: &Stage) -> Result<(), String> {
        let link = stage.open(&self.name, self.version);
        self.link = Some(link);
        let deadline = stage.now() + self.options.patience;
        let opened = stage
            .until(deadline, |world| {
                let link = world.link(link);
                (link.state != LinkState::Opening).then(|| link.state.clone())
            })
            .await;
        match opened {
            Some(LinkState::Refused(why)) => Err(why),
            None => Err("the network connection is not opened in time".to_owned()),
            Some(LinkState::Open | LinkState::Opening | LinkState::Closed { .. }) => Ok(()),
        }
    }

    /// Sends a client's packet as it has to be now.
    pub(super) fn send(&mut self, stage: &Stage, turn: &Turn, outcome: &mut Outcome) {
        let Some(link) = self.link else { return };
        let mut packet = turn.packet.clone();
        rewrite(&mut packet, &self.options);
        if answers_broker(&packet) {
            // The answer to a message that did not come is left out.
            let Some(Some(live)) = packet.packet_id().map(|id| self.ids.get(&id).copied().flatten()) else {
                return;
            };
            set_id(&mut packet, live);
        }
        if stage.with(|world| world.link(link).state != LinkState::Open) {
            return self.closed_early(turn, outcome);
        }
        stage.send(link, packet.to_bytes(self.version));
        outcome.sent += 1;
    }

    /// Waits for what the broker sent in the capture.
    pub(super) async fn expect(&mut self, stage: &Stage, turn: &Turn, outcome: &mut Outcome) {
        let Some(link) = self.link.filter(|_| !self.lost) else { return };
        let Some(wanted) = self.wanted(&turn.packet) else { return };
        let deadline = stage.now() + self.options.patience;
        let version = self.version;
        let (inbox, aliases) = (&mut self.inbox, &mut self.live_aliases);
        let found = stage
            .until(deadline, |world| {
                take_in(world, link, inbox, aliases);
                let same = inbox.iter().position(|live| differences(&wanted, live, version).is_empty());
                let found = same.or_else(|| inbox.iter().position(|live| is_kin(&wanted, live)));
                let is_closed = world.link(link).state != LinkState::Open;
                if found.is_none() && !is_closed { None } else { Some(found) }
            })
            .await;
        // What came in its place cannot be told any better than by its type.
        let by_type = |inbox: &VecDeque<Packet>| {
            inbox.iter().position(|live| live.packet_type() == wanted.packet_type())
        };
        let index = found.flatten().or_else(|| by_type(&self.inbox).filter(|_| !is_message(&wanted)));
        let passed_over = index
            .is_some_and(|index| self.inbox.iter().take(index).any(|earlier| are_ordered(earlier, &wanted)));
        let live = index.and_then(|index| self.inbox.remove(index));
        self.remember(&turn.packet, live.as_ref());
        let mut what = match &live {
            Some(live) => differences(&wanted, live, version),
            None => vec![absent(stage, link)],
        };
        if passed_over {
            what.push("it came behind a later message of the same topic and QoS".to_owned());
        }
        if what.is_empty() {
            outcome.same += 1;
            return;
        }
        outcome.differences.push(Difference {
            number: self.number,
            frame: Some(turn.frame),
            recorded: Some(shown(&wanted, version)),
            live: live.map(|live| shown(&live, version)),
            what: what.join("; "),
        });
    }

    /// The conversation ended here.
    pub(super) async fn end(&mut self, stage: &Stage, by: Sender, outcome: &mut Outcome) {
        let Some(link) = self.link else { return };
        if by == Sender::Server && !self.lost {
            let deadline = stage.now() + self.options.patience;
            let closed = stage
                .until(deadline, |world| (world.link(link).state != LinkState::Open).then_some(()))
                .await;
            if closed.is_none() {
                self.differs("the broker leaves the network connection open, which it closed", outcome);
            }
        }
        self.leave(stage, outcome);
    }

    /// Closes the network connection; tells what came and was not in the capture.
    pub(super) fn leave(&mut self, stage: &Stage, outcome: &mut Outcome) {
        let Some(link) = self.link.take() else { return };
        stage.with(|world| take_in(world, link, &mut self.inbox, &mut self.live_aliases));
        for extra in std::mem::take(&mut self.inbox) {
            outcome.differences.push(Difference {
                number: self.number,
                frame: None,
                recorded: None,
                live: Some(shown(&extra, self.version)),
                what: "it is not in the capture".to_owned(),
            });
        }
        stage.close(link);
    }

    fn closed_early(&mut self, turn: &Turn, outcome: &mut Outcome) {
        if std::mem::replace(&mut self.lost, true) {
            return;
        }
        outcome.differences.push(Difference {
            number: self.number,
            frame: Some(turn.frame),
            recorded: Some(shown(&turn.packet, self.version)),
            live: None,
            what: "the broker has closed the network connection before this could be sent".to_owned(),
        });
    }

    fn differs(&self, what: &str, outcome: &mut Outcome) {
        let (number, what) = (self.number, what.to_owned());
        outcome.differences.push(Difference { number, frame: None, recorded: None, live: None, what });
    }

    /// What has to come for a packet of the broker in the capture; none if it belongs to a message that did not come.
    fn wanted(&mut self, recorded: &Packet) -> Option<Packet> {
        let mut wanted = recorded.clone();
        resolve(&mut wanted, &mut self.recorded_aliases);
        rewrite(&mut wanted, &self.options);
        if let Packet::Pubrel(ack) = &mut wanted {
            ack.id = (*self.ids.get(&ack.id)?)?;
        }
        Some(wanted)
    }

    /// Which identifier the live broker has given to a message.
    fn remember(&mut self, recorded: &Packet, live: Option<&Packet>) {
        if let (Packet::Publish(_), Some(id)) = (recorded, recorded.packet_id()) {
            self.ids.insert(id, live.and_then(Packet::packet_id));
        }
    }
}

/// Why a packet is not there.
fn absent(stage: &Stage, link: LinkId) -> String {
    let (garbled, is_open) = stage.with(|world| {
        let link = world.link(link);
        (link.garbled.clone(), link.state == LinkState::Open)
    });
    match garbled {
        Some(why) => format!("it did not come; what came cannot be decoded: {why}"),
        None if is_open => "it did not come".to_owned(),
        None => "it did not come; the broker has closed the network connection".to_owned(),
    }
}

/// Takes in what came, with Topic Aliases resolved in the order in which it came.
fn take_in(
    world: &mut World,
    link: LinkId,
    inbox: &mut VecDeque<Packet>,
    aliases: &mut BTreeMap<u16, Utf8String>,
) {
    for received in world.link(link).inbox.drain(..) {
        let mut packet = received.packet;
        resolve(&mut packet, aliases);
        inbox.push_back(packet);
    }
}

fn resolve(packet: &mut Packet, aliases: &mut BTreeMap<u16, Utf8String>) {
    let Packet::Publish(publish) = packet else { return };
    let Some(alias) = publish.properties.topic_alias() else { return };
    if publish.topic.is_empty() {
        publish.topic = aliases.get(&alias).cloned().unwrap_or_default();
    } else {
        aliases.insert(alias, publish.topic.clone());
    }
}

const fn is_message(packet: &Packet) -> bool {
    matches!(packet, Packet::Publish(_))
}

/// Gives an answer another identifier.
fn set_id(packet: &mut Packet, id: PacketId) {
    match packet {
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => ack.id = id,
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => {}
    }
}
