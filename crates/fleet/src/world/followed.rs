//! Clients that are somebody else's: what they do comes from outside of the world, and what comes for them leaves it.

use std::collections::BTreeMap;

use super::{Far, Passed, World, client::Client};
use crate::{
    follower::{Conduct, Deed},
    plan::Micros,
};

impl<F: Far> World<'_, F> {
    /// A client that is somebody else's has done something.
    pub fn follow(&mut self, now: Micros, device: u32, deed: Deed) {
        self.now = self.now.max(now);
        self.at_desk(device, |client, desk| match client {
            Client::Followed(follower) => follower.follow(desk, deed),
            Client::Own(_) => {}
        });
    }

    /// What has come for clients that are somebody else's.
    pub fn take_passed(&mut self) -> Vec<(u32, Passed)> {
        std::mem::take(&mut self.passed)
    }

    /// What tells the messages of this run from others, and is part of the names of all clients.
    pub const fn run(&self) -> u32 {
        self.run
    }

    /// Whether the last phase is over, so that nothing new is published.
    pub const fn is_calm(&self) -> bool {
        self.weather.calm
    }

    /// Tells the history what it has to know of clients that are somebody else's before they are judged.
    pub(super) fn hear_last_words(&mut self) {
        let long = self.layout.patience + self.quiet();
        for device in 0..u32::try_from(self.members.len()).unwrap_or(u32::MAX) {
            let Some(member) = self.members.get(device as usize) else { return };
            for event in member.client.last_words(self.layout, self.now, long) {
                self.note(device, event);
            }
        }
    }

    /// What the clients of each group did wrong that are somebody else's.
    pub(super) fn conduct(&self) -> Vec<(u32, Conduct)> {
        let mut groups: BTreeMap<u32, Conduct> = BTreeMap::new();
        for (member, place) in self.members.iter().zip(&self.layout.devices) {
            if let Some(conduct) = member.client.conduct(self.now) {
                groups.entry(place.group).or_default().add(&conduct);
            }
        }
        groups.into_iter().collect()
    }
}
