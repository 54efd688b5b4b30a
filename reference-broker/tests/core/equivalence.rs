//! Whatever has happened before, a broker that was restored behaves as the one that it was made from.

use std::collections::BTreeMap;

use mqttspec_wire::{
    Packet, PacketId, QoS, ReasonCode, Version,
    packet::{Ack, Delivery, Publish},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use reference_broker::{Config, Rule, Rules};

use crate::{
    actions::{Action, TOPICS, action, action_of_clients},
    everybody::Everybody,
    invariants::{little, other, strict, usual},
    world::*,
};

/// One in which nothing is dropped but by its number: what is under way when a broker ends counts when it begins.
fn config() -> impl Strategy<Value = Config> {
    prop_oneof![2 => Just(usual()), 1 => Just(little()), 1 => Just(strict()), 1 => Just(other())]
}

/// An action that means the same to both brokers. Whose turn it is in a Shared Subscription is not saved, and bytes at
/// random may contain a packet identifier, which the brokers choose differently.
fn common_action() -> impl Strategy<Value = Action> {
    action_of_clients().prop_map(|action| match action {
        Action::Subscribe { filter, qos, options, identifier } => {
            Action::Subscribe { filter: filter % 4, qos, options, identifier }
        }
        Action::Unsubscribe { filter } => Action::Unsubscribe { filter: filter % 4 },
        Action::Bytes(_) => Action::Ping,
        other => other,
    })
}

/// Packet identifiers as a client would number them: by the order in which it first saw them.
#[derive(Clone, Default)]
struct Names {
    names: BTreeMap<(usize, PacketId), usize>,
    count: usize,
}

impl Names {
    fn name(&mut self, device: usize, id: PacketId, is_new: bool) -> PacketId {
        if is_new || !self.names.contains_key(&(device, id)) {
            self.count += 1;
            self.names.insert((device, id), self.count);
        }
        PacketId::new(u16::try_from(self.names[&(device, id)]).unwrap()).unwrap()
    }

    fn renamed(&mut self, device: usize, packet: Packet) -> Packet {
        match packet {
            Packet::Publish(publish) => {
                let delivery = match publish.delivery {
                    Delivery::AtMostOnce => Delivery::AtMostOnce,
                    Delivery::AtLeastOnce { id, dup } => {
                        Delivery::AtLeastOnce { id: self.name(device, id, !dup), dup }
                    }
                    Delivery::ExactlyOnce { id, dup } => {
                        Delivery::ExactlyOnce { id: self.name(device, id, !dup), dup }
                    }
                };
                Packet::Publish(Publish { delivery, ..publish })
            }
            Packet::Pubrel(ack) if ack.reason == ReasonCode::SUCCESS => {
                Packet::Pubrel(Ack { id: self.name(device, ack.id, false), ..ack })
            }
            other => other,
        }
    }

    fn all_renamed(&mut self, seen: Vec<(usize, Packet)>) -> Vec<(usize, Packet)> {
        seen.into_iter().map(|(device, packet)| (device, self.renamed(device, packet))).collect()
    }
}

/// Ends all sessions and clears what is retained. Then nothing is left but the time.
fn clean_up(everybody: &mut Everybody) {
    let world = &mut everybody.world;
    for number in everybody.devices.keys() {
        let client = world.client(Version::V5_0, &format!("device{number}"));
        world.send(client, disconnect(ReasonCode::SUCCESS));
    }
    let cleaner = world.client(Version::V5_0, "cleaner");
    for topic in TOPICS {
        world.publish(cleaner, Publish { retain: true, ..publish(topic, "", QoS::AtMostOnce) });
    }
    world.save();
    let left: Vec<_> = world.records.keys().filter(|key| **key != [0]).collect();
    assert!(left.is_empty(), "{left:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_broker_behaves_as_before(
        config in config(),
        before in vec((0usize..3, common_action()), 1..100),
        after in vec((0usize..3, common_action()), 1..60),
        is_crash in any::<bool>(),
    ) {
        let mut one = Everybody::new(World::kept(config.clone()), config.clone());
        for (index, (device, action)) in before.iter().enumerate() {
            one.act(*device, action);
            one.look();
            if index % 7 == 0 {
                one.world.save();
            }
        }
        if is_crash {
            one.world.save();
        }
        for device in 0..3 {
            one.act(device, &Action::Cut);
        }
        if !is_crash {
            one.world.save();
        }
        one.look();
        let world = one.world.after_a_crash(config);
        let mut other = one.in_world(world);
        let (mut names, mut other_names) = (Names::default(), Names::default());
        for (device, action) in after {
            one.act(device, &action);
            other.act(device, &action);
            prop_assert_eq!(names.all_renamed(one.look()), other_names.all_renamed(other.look()));
        }
        clean_up(&mut one);
        clean_up(&mut other);
    }

    /// What a mutant saves can be read, or it is told that it cannot.
    #[test]
    fn mutants_do_not_panic(
        rule in 0..Rule::ALL.len(),
        actions in vec((0usize..3, action_of_clients()), 1..80),
    ) {
        let world = World::kept_mutant(usual(), Rules::all().without(Rule::ALL[rule]));
        let mut everybody = Everybody::new(world, usual());
        for (device, action) in actions {
            everybody.act(device, &action);
            everybody.world.save();
        }
        drop(everybody.world.restored(usual()));
    }

    /// A byte in a store is not what it was.
    #[test]
    fn damage_is_told_or_does_no_harm(
        actions in vec((0usize..3, action()), 1..60),
        record in any::<Index>(),
        at in any::<Index>(),
        byte in any::<u8>(),
        is_key in any::<bool>(),
    ) {
        let mut everybody = Everybody::new(World::kept(usual()), usual());
        for (device, action) in actions {
            everybody.act(device, &action);
        }
        let world = &mut everybody.world;
        world.save();
        prop_assume!(!world.records.is_empty());
        let keys: Vec<_> = world.records.keys().cloned().collect();
        let mut key = record.get(&keys).clone();
        let mut value = world.records.remove(&key).unwrap();
        let damaged = if is_key { &mut key } else { &mut value };
        *at.get_mut(damaged) = byte;
        world.records.insert(key, value);
        if world.restored(usual()).is_ok() {
            let mut world = world.after_a_crash(usual());
            for device in 0..3 {
                world.connect(resume(Version::V5_0, &format!("device{device}")));
            }
            world.wait(5.0);
            world.save();
        }
    }
}
