//! Two ends that do all as the standards say are never accused, wherever between them the referee stands and however
//! their packets cross. Neither is a server accused that gets strange packets and answers them as best it can.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mqttspec_wire::{Packet, PacketId, Property, QoS, ReasonCode, Sender, Version};
use proptest::{prelude::*, sample::select};

use super::build::*;

const RECEIVE_MAXIMUM: usize = 3;

/// What an end awaits under one of its identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Puback,
    Pubrec,
    Pubcomp,
    Answer,
}

/// An end of the connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what an end is like")]
struct End {
    version: Version,
    is_client: bool,
    /// A server may not publish before it has a subscription.
    may_publish: bool,
    /// It sends packets that do not belong there.
    is_odd: bool,
    /// How many more messages above QoS 0 it may send (MQTT 5.0 §4.9).
    quota: usize,
    own: BTreeMap<u16, Awaits>,
    /// The identifiers in use, in the order in which their packets were sent first.
    sent: Vec<u16>,
    /// Those under which something was sent again in this round.
    repeated: BTreeSet<u16>,
    out: VecDeque<Packet>,
    subscribed: bool,
}

impl End {
    fn new(version: Version, is_client: bool) -> Self {
        Self {
            version,
            is_client,
            may_publish: is_client,
            is_odd: false,
            quota: RECEIVE_MAXIMUM,
            own: BTreeMap::new(),
            sent: Vec::new(),
            repeated: BTreeSet::new(),
            out: VecDeque::new(),
            subscribed: false,
        }
    }

    /// Takes up a session in which these exchanges were not completed.
    fn resume(&mut self, left: &[(u16, u8)]) {
        self.may_publish = true;
        for (id, state) in left.iter().take(RECEIVE_MAXIMUM) {
            let (awaits, packet) = match state % 3 {
                0 => (Awaits::Puback, again(Q1, *id)),
                1 => (Awaits::Pubrec, again(Q2, *id)),
                _ => (Awaits::Pubcomp, pubrel(*id)),
            };
            if !self.own.contains_key(id) {
                self.begin(*id, awaits);
                self.out.push_back(packet);
                self.quota -= usize::from(awaits != Awaits::Pubcomp);
            }
        }
    }

    /// Does something on its own account.
    fn act(&mut self, choice: u8) {
        match choice % 8 {
            _ if self.is_odd && choice.is_multiple_of(7) => self.be_odd(choice),
            0..=2 => self.publish(choice),
            3 | 4 => self.repeat(),
            5 if self.is_client => self.request(|id| subscribe(id, "t", Q2)),
            6 if self.is_client => self.request(|id| unsubscribe(id, &["t"])),
            7 if self.is_client => self.out.push_back(Packet::Pingreq),
            _ => {}
        }
    }

    fn be_odd(&mut self, choice: u8) {
        let id = u16::from(choice / 7 % 4) + 1;
        self.out.push_back(match choice / 28 % 6 {
            0 => puback(id),
            1 => pubrec(id),
            2 => pubrel(id),
            3 => pubcomp(id),
            4 => again(Q1, id),
            _ => publish(Q2, id),
        });
    }

    fn free_id(&self) -> u16 {
        (1..=u16::MAX).find(|id| !self.own.contains_key(id)).unwrap()
    }

    fn publish(&mut self, choice: u8) {
        if !self.may_publish || self.quota == 0 {
            return;
        }
        let (id, qos) = (self.free_id(), QoS::new(choice % 3).unwrap());
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.begin(id, Awaits::Puback),
            QoS::ExactlyOnce => self.begin(id, Awaits::Pubrec),
        }
        self.quota -= usize::from(qos > QoS::AtMostOnce);
        self.out.push_back(publish(qos, id));
    }

    /// What is acknowledged gives back the quota.
    fn account(&mut self, packet: &Packet) {
        let is_error = matches!(packet, Packet::Pubrec(ack) if ack.reason.is_error());
        let is_end = is_error || matches!(packet, Packet::Puback(_) | Packet::Pubcomp(_));
        self.quota = RECEIVE_MAXIMUM.min(self.quota + usize::from(is_end));
    }

    fn begin(&mut self, id: u16, awaits: Awaits) {
        self.own.insert(id, awaits);
        self.sent.push(id);
    }

    /// Sends something again, as only MQTT 3.1.1 allows on the same connection: whatever was sent first, and then what
    /// was sent after it (§4.6).
    fn repeat(&mut self) {
        if self.version == V5 {
            return;
        }
        if self.sent.iter().all(|id| self.repeated.contains(id)) {
            self.repeated.clear();
        }
        let Some(id) = self.sent.iter().copied().find(|id| !self.repeated.contains(id)) else { return };
        self.repeated.insert(id);
        match self.own.get(&id) {
            Some(Awaits::Puback) => self.out.push_back(again(Q1, id)),
            Some(Awaits::Pubrec) => self.out.push_back(again(Q2, id)),
            Some(Awaits::Pubcomp) => self.out.push_back(pubrel(id)),
            Some(Awaits::Answer) | None => {}
        }
    }

    fn request(&mut self, packet: impl FnOnce(u16) -> Packet) {
        let id = self.free_id();
        self.begin(id, Awaits::Answer);
        self.out.push_back(packet(id));
    }

    fn done(&mut self, id: u16) {
        self.own.remove(&id);
        self.sent.retain(|sent| *sent != id);
        self.repeated.remove(&id);
    }

    /// Answers what it got. `choice` decides where it has one.
    fn receive(&mut self, packet: &Packet, choice: u8) {
        let id = packet.packet_id().map_or(0, PacketId::get);
        let awaits = self.own.get(&id).copied();
        self.account(packet);
        match packet {
            Packet::Publish(publish) => match publish.delivery.qos() {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => self.out.push_back(puback(id)),
                QoS::ExactlyOnce if self.version == V5 && choice.is_multiple_of(5) => {
                    self.out.push_back(Packet::Pubrec(ack(id, 0x97)));
                }
                QoS::ExactlyOnce => self.out.push_back(pubrec(id)),
            },
            Packet::Puback(_) if awaits == Some(Awaits::Puback) => self.done(id),
            Packet::Puback(_) | Packet::Pubcomp(_)
                if choice.is_multiple_of(3) && awaits != Some(Awaits::Answer) =>
            {
                self.done(id);
            }
            Packet::Pubcomp(_) if awaits == Some(Awaits::Pubcomp) => self.done(id),
            Packet::Pubrec(ack) if ack.reason.is_error() => self.done(id),
            Packet::Pubrec(_) if matches!(awaits, Some(Awaits::Pubrec | Awaits::Pubcomp)) => {
                self.own.insert(id, Awaits::Pubcomp);
                self.out.push_back(pubrel(id));
            }
            // It does not know what that was for.
            Packet::Pubrec(_) if awaits.is_none() => self.out.push_back(Packet::Pubrel(ack(id, 0x92))),
            Packet::Pubrel(_) => self.out.push_back(pubcomp(id)),
            Packet::Subscribe(_) => {
                self.may_publish = true;
                self.subscribed = true;
                self.out.push_back(suback(id, &[2]));
            }
            Packet::Unsubscribe(_) => {
                let existed = std::mem::take(&mut self.subscribed);
                let code = if existed { ReasonCode::SUCCESS } else { ReasonCode::NO_SUBSCRIPTION_EXISTED };
                let codes = if self.version == V5 { vec![code.0] } else { vec![] };
                self.out.push_back(unsuback(id, &codes));
            }
            Packet::Suback(_) | Packet::Unsuback(_) => self.done(id),
            Packet::Pingreq => self.out.push_back(Packet::Pingresp),
            Packet::Connect(_)
            | Packet::Connack(_)
            | Packet::Puback(_)
            | Packet::Pubrec(_)
            | Packet::Pubcomp(_)
            | Packet::Pingresp
            | Packet::Disconnect(_)
            | Packet::Auth(_) => {}
        }
    }
}

/// The session in which the ends meet.
#[derive(Clone, Debug)]
enum Meeting {
    CleanStart,
    /// The server has forgotten it, or never knew it.
    NoSession,
    /// What the client and the server have left to do.
    Resumed(Vec<(u16, u8)>, Vec<(u16, u8)>),
}

/// How the ends meet and what they then do.
#[derive(Clone, Debug)]
struct Plan {
    version: Version,
    meeting: Meeting,
    is_client_odd: bool,
    /// Whose turn it is, and what is done.
    choices: Vec<(u8, u8)>,
}

/// What passes the referee.
fn exchange(plan: &Plan) -> Vec<Event> {
    let maximum = || (plan.version == V5).then_some(Property::ReceiveMaximum(3));
    let asked = with(asking(plan.version), |connect| {
        connect.properties = props(maximum());
        connect.clean_start = matches!(plan.meeting, Meeting::CleanStart);
    });
    let session_present = matches!(plan.meeting, Meeting::Resumed(..));
    let mut events = vec![c(connect(asked)), s(answer(0, session_present, maximum()))];
    let (mut client, mut server) = (End::new(plan.version, true), End::new(plan.version, false));
    client.is_odd = plan.is_client_odd;
    if let Meeting::Resumed(clients, servers) = &plan.meeting {
        client.resume(clients);
        server.resume(servers);
    }
    let (mut to_server, mut to_client) = (VecDeque::new(), VecDeque::new());
    for (turn, choice) in &plan.choices {
        match turn % 8 {
            0 => client.act(*choice),
            1 => server.act(*choice),
            2 | 3 => {
                if let Some(packet) = client.out.pop_front() {
                    events.push(c(packet.clone()));
                    to_server.push_back(packet);
                }
            }
            4 => {
                if let Some(packet) = to_server.pop_front() {
                    server.receive(&packet, *choice);
                }
            }
            5 | 6 => {
                if let Some(packet) = server.out.pop_front() {
                    events.push(s(packet.clone()));
                    to_client.push_back(packet);
                }
            }
            _ => {
                if let Some(packet) = to_client.pop_front() {
                    client.receive(&packet, *choice);
                }
            }
        }
    }
    events
}

fn plans(is_client_odd: bool) -> impl Strategy<Value = Plan> {
    let left = || prop::collection::vec((1u16..5, any::<u8>()), 0..4);
    let meeting = prop_oneof![
        Just(Meeting::CleanStart),
        Just(Meeting::NoSession),
        (left(), left()).prop_map(|(client, server)| Meeting::Resumed(client, server)),
    ];
    let choices = prop::collection::vec(any::<(u8, u8)>(), 0..400);
    (select(&Version::ALL[..]), meeting, choices).prop_map(move |(version, meeting, choices)| Plan {
        version,
        meeting,
        is_client_odd,
        choices,
    })
}

/// An event as a line of a log.
fn line(event: &Event) -> String {
    match event {
        Event::Packet(sender, packet, _) => {
            let again = matches!(packet, Packet::Publish(publish) if publish.delivery.dup());
            let (name, id) = (packet.packet_type(), packet.packet_id().map_or(0, PacketId::get));
            format!("{sender}: {name} {id}{}", if again { " again" } else { "" })
        }
        other @ (Event::Fault(..) | Event::Gap | Event::Wait(_) | Event::Closed(_)) => format!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn honest_ends_are_not_accused(plan in plans(false)) {
        let events = exchange(&plan);
        let said = watch(STRICT, &events);
        let packets: Vec<_> = events.iter().map(line).collect();
        prop_assert!(said.is_empty(), "{said:#?} in {packets:#?}");
    }

    #[test]
    fn an_honest_server_is_not_accused_of_what_an_odd_client_brings_about(plan in plans(true)) {
        let events = exchange(&plan);
        let said = watch(STRICT, &events);
        let packets: Vec<_> = events.iter().map(line).collect();
        let is_accused = said.iter().any(|(_, said)| said.party == Sender::Server);
        prop_assert!(!is_accused, "{said:#?} in {packets:#?}");
    }
}

#[test]
fn honest_ends_exchange_something_of_everything() {
    let choices: Vec<(u8, u8)> = (0..20_000u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .map(|[turn, choice, _, _]| (turn, choice))
        .collect();
    for version in Version::ALL {
        let plan =
            Plan { version, meeting: Meeting::CleanStart, is_client_odd: false, choices: choices.clone() };
        let kinds: BTreeSet<_> = exchange(&plan)
            .iter()
            .filter_map(|event| match event {
                Event::Packet(sender, packet, _) => Some((*sender, packet.packet_type())),
                Event::Fault(..) | Event::Gap | Event::Wait(_) | Event::Closed(_) => None,
            })
            .collect();
        let of = |side| kinds.iter().filter(|(sender, _)| *sender == side).count();
        assert_eq!((of(Sender::Client), of(Sender::Server)), (9, 9), "{kinds:?}");
    }
}
