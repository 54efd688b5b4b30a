//! Messages for which the broker has a choice: how many copies it sends, and to whom.

use mqttspec_wire::{Packet, packet::PacketType};

use super::{Script, expect, trouble::Trouble, wait::Waited};
use crate::{
    describe::describe,
    runner::{matching, value::Datum},
    scenario::ast::{PacketPattern, Terms, Whichever},
    stage::{LinkId, Received, World},
};

impl Script {
    /// The messages that come are those of one of the sets. More than one set may begin alike, so a fence shows that
    /// nothing more comes; if they are none of the sets by then, others may still follow.
    pub(super) async fn receive_one_of(
        &mut self,
        client: &str,
        sets: &[Vec<PacketPattern>],
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let window = self.window(terms)?;
        let expected = self.describe_sets(sets);
        let mut received = Vec::new();
        let mut next = Some(self.next_of(link, &[PacketType::Publish], window, &expected).await?);
        while let Some(message) = next {
            // A broker may send one message at a time, so each is acknowledged before others are waited for.
            self.acknowledge(link, &message).await?;
            received.push(message);
            let settled = self.stage.now() + self.circumstances.settle;
            self.stage.sleep_until(settled).await;
            self.ping_on(link).await.map_err(Trouble::into_undecided)?;
            next = self.stage.with(|world| world.link(link).take(is_message));
            if next.is_some() {
                continue;
            }
            for set in sets {
                if set.len() == received.len() && self.assign(set, &received)? {
                    return Ok(());
                }
            }
            next = match self.wait_for(link, window.deadline, false, is_message).await {
                Waited::Packet(more) => Some(more),
                Waited::Missing | Waited::Ended | Waited::Silent => None,
            };
        }
        let version = self.version();
        let seen: Vec<String> = received.iter().map(|received| describe(&received.packet, version)).collect();
        let packets = received.iter().map(|received| received.evidence).collect();
        Err(Trouble { packets, ..Trouble::breach(expected, seen.join("; ")).late() })
    }

    fn describe_sets(&self, sets: &[Vec<PacketPattern>]) -> String {
        let version = self.version();
        let words = |set: &Vec<PacketPattern>| {
            let each =
                set.iter().map(|pattern| matching::describe_pattern(pattern, version, &self.variables));
            each.collect::<Vec<_>>().join(" and ")
        };
        format!("just {}", sets.iter().map(words).collect::<Vec<_>>().join(", or "))
    }

    /// The message goes to one of the clients, which is known by its role from then on.
    pub(super) async fn whichever(&mut self, whichever: &Whichever) -> Result<(), Trouble> {
        let expectation = &whichever.expectation;
        let pattern = &expectation.pattern;
        let window = self.window(&expectation.terms)?;
        let described = matching::describe_pattern(pattern, self.version(), &self.variables);
        let expected = format!("{described} for one of {}", whichever.of.join(", "));
        let mut links = Vec::new();
        for client in &whichever.of {
            links.push(self.link(client)?);
        }
        let look = |world: &mut World| first_of(world, &links, pattern.packet);
        let mut found = self.stage.until(window.deadline, look).await;
        if found.is_none() {
            for link in &links {
                self.ping_on(*link).await.map_err(Trouble::into_undecided)?;
            }
            found = self.stage.with(look);
        }
        let Some((index, link, received)) = found else {
            let observed = "nothing of the kind, although the broker answered each of them after the wait";
            return Err(Trouble::missing(expected, observed).late());
        };
        expect::in_time(window, received.at, &expected).map_err(|late| late.shown_by(&received))?;
        self.require(pattern, &received, &expected)?;
        if whichever.acknowledge {
            self.acknowledge(link, &received).await?;
        }
        self.cast(whichever, index);
        Ok(())
    }

    /// Gives the clients their roles: the first to the one that was chosen, the others in order.
    fn cast(&mut self, whichever: &Whichever, chosen: usize) {
        let mut of: Vec<String> = whichever.of.iter().map(|name| self.clients.own_name(name)).collect();
        if let Some(part) = of.get_mut(..=chosen) {
            part.rotate_right(1);
        }
        for (role, name) in whichever.roles.iter().zip(&of) {
            self.clients.cast(role, name);
            if let Some(client) = self.clients.get(name) {
                self.variables.set(format!("id.{role}"), Datum::Text(client.id.clone()));
            }
        }
    }
}

fn is_message(packet: &Packet) -> bool {
    matches!(packet, Packet::Publish(_))
}

/// The first packet of this type that one of the links got: which of them, and what.
fn first_of(world: &mut World, links: &[LinkId], wanted: PacketType) -> Option<(usize, LinkId, Received)> {
    links.iter().enumerate().find_map(|(index, link)| {
        let taken = world.link(*link).take(|packet| packet.packet_type() == wanted);
        taken.map(|received| (index, *link, received))
    })
}
