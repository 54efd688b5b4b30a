//! Two ends that do all as the standards say are never accused, wherever between them the referee stands and however
//! their packets cross.

use std::collections::{BTreeMap, VecDeque};

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
struct End {
    version: Version,
    is_client: bool,
    /// A server may not publish before it has a subscription.
    may_publish: bool,
    own: BTreeMap<u16, Awaits>,
    out: VecDeque<Packet>,
    subscribed: VecDeque<u8>,
}

impl End {
    fn new(version: Version, is_client: bool) -> Self {
        let out = VecDeque::new();
        Self {
            version,
            is_client,
            may_publish: is_client,
            own: BTreeMap::new(),
            out,
            subscribed: VecDeque::new(),
        }
    }

    /// Does something on its own account.
    fn act(&mut self, choice: u8) {
        match choice % 8 {
            0..=2 => self.publish(choice),
            3 | 4 => self.repeat(choice),
            5 if self.is_client => self.request(|id| subscribe(id, "t", Q2)),
            6 if self.is_client => self.request(|id| unsubscribe(id, &["t"])),
            7 if self.is_client => self.out.push_back(Packet::Pingreq),
            _ => {}
        }
    }

    fn free_id(&self) -> u16 {
        (1..=u16::MAX).find(|id| !self.own.contains_key(id)).unwrap()
    }

    fn publish(&mut self, choice: u8) {
        let in_flight = self.own.values().filter(|awaits| **awaits != Awaits::Answer).count();
        if !self.may_publish || in_flight >= RECEIVE_MAXIMUM {
            return;
        }
        let (id, qos) = (self.free_id(), QoS::new(choice % 3).unwrap());
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => drop(self.own.insert(id, Awaits::Puback)),
            QoS::ExactlyOnce => drop(self.own.insert(id, Awaits::Pubrec)),
        }
        self.out.push_back(publish(qos, id));
    }

    /// Sends something again, as only MQTT 3.1.1 allows on the same connection.
    fn repeat(&mut self, choice: u8) {
        let Some((id, awaits)) = self.own.iter().nth(usize::from(choice / 8) % 4) else { return };
        if self.version == V5 {
            return;
        }
        match awaits {
            Awaits::Puback => self.out.push_back(again(Q1, *id)),
            Awaits::Pubrec => self.out.push_back(again(Q2, *id)),
            Awaits::Pubcomp => self.out.push_back(pubrel(*id)),
            Awaits::Answer => {}
        }
    }

    fn request(&mut self, packet: impl FnOnce(u16) -> Packet) {
        let id = self.free_id();
        self.own.insert(id, Awaits::Answer);
        self.out.push_back(packet(id));
    }

    /// Answers what it got. `choice` decides where it has one.
    fn receive(&mut self, packet: &Packet, choice: u8) {
        let id = packet.packet_id().map_or(0, PacketId::get);
        let awaits = self.own.get(&id).copied();
        match packet {
            Packet::Publish(publish) => match publish.delivery.qos() {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => self.out.push_back(puback(id)),
                QoS::ExactlyOnce if self.version == V5 && choice.is_multiple_of(5) => {
                    self.out.push_back(Packet::Pubrec(ack(id, 0x97)));
                }
                QoS::ExactlyOnce => self.out.push_back(pubrec(id)),
            },
            Packet::Puback(_) if awaits == Some(Awaits::Puback) => drop(self.own.remove(&id)),
            Packet::Pubcomp(_) if awaits == Some(Awaits::Pubcomp) => drop(self.own.remove(&id)),
            Packet::Pubrec(ack) if ack.reason.is_error() => drop(self.own.remove(&id)),
            Packet::Pubrec(_) if matches!(awaits, Some(Awaits::Pubrec | Awaits::Pubcomp)) => {
                self.own.insert(id, Awaits::Pubcomp);
                self.out.push_back(pubrel(id));
            }
            Packet::Pubrel(_) => self.out.push_back(pubcomp(id)),
            Packet::Subscribe(_) => {
                self.may_publish = true;
                self.subscribed.push_back(choice);
                self.out.push_back(suback(id, &[2]));
            }
            Packet::Unsubscribe(_) => {
                let existed = !std::mem::take(&mut self.subscribed).is_empty();
                let code = if existed { ReasonCode::SUCCESS } else { ReasonCode::NO_SUBSCRIPTION_EXISTED };
                let codes = if self.version == V5 { vec![code.0] } else { vec![] };
                self.out.push_back(unsuback(id, &codes));
            }
            Packet::Suback(_) | Packet::Unsuback(_) => drop(self.own.remove(&id)),
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

/// What passes the referee when the choices are made like this.
fn exchange(version: Version, choices: &[(u8, u8)]) -> Vec<Event> {
    let maximum = || (version == V5).then_some(Property::ReceiveMaximum(3));
    let asked = with(asking(version), |connect| connect.properties = props(maximum()));
    let mut events = vec![c(connect(asked)), s(accept(maximum()))];
    let (mut client, mut server) = (End::new(version, true), End::new(version, false));
    let (mut to_server, mut to_client) = (VecDeque::new(), VecDeque::new());
    for (turn, choice) in choices {
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
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn honest_ends_are_not_accused(
        version in select(&Version::ALL[..]),
        choices in prop::collection::vec(any::<(u8, u8)>(), 0..400),
    ) {
        let events = exchange(version, &choices);
        let said = watch(STRICT, &events);
        let packets: Vec<_> = events.iter().map(line).collect();
        prop_assert!(said.is_empty(), "{said:#?} in {packets:#?}");
    }
}

#[test]
fn honest_ends_exchange_something_of_everything() {
    let choices: Vec<(u8, u8)> = (0..20_000u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .map(|[turn, choice, _, _]| (turn, choice))
        .collect();
    for version in Version::ALL {
        let kinds: std::collections::BTreeSet<_> = exchange(version, &choices)
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
