//! The client of a device: the project's own, or somebody else's that is followed.

use crate::{
    device::{Desk, Device, Input},
    follower::{Conduct, Follower},
    history::{Event, OpenExchange},
    layout::Layout,
    plan::Micros,
};

/// The client of a device.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the project's own, and there are very many")]
pub(super) enum Client {
    /// The project's own.
    Own(Device),
    /// Somebody else's.
    Followed(Box<Follower>),
}

impl Client {
    pub(super) fn handle(&mut self, desk: &mut Desk<'_>, input: Input) {
        match self {
            Self::Own(device) => device.handle(desk, input),
            Self::Followed(follower) => follower.handle(desk, input),
        }
    }

    pub(super) fn next_wake(&self, layout: &Layout, calm: bool) -> Micros {
        match self {
            Self::Own(device) => device.next_wake(layout, calm),
            Self::Followed(follower) => follower.next_wake(),
        }
    }

    pub(super) fn is_online(&self) -> bool {
        match self {
            Self::Own(device) => device.is_online(),
            Self::Followed(follower) => follower.is_online(),
        }
    }

    pub(super) fn open_exchanges(&self) -> Vec<OpenExchange> {
        match self {
            Self::Own(device) => device.open_exchanges().collect(),
            Self::Followed(follower) => follower.open_exchanges().collect(),
        }
    }

    /// How many messages the world has had it make.
    pub(super) const fn made(&self) -> u32 {
        match self {
            Self::Own(device) => device.made(),
            Self::Followed(_) => 0,
        }
    }

    /// Pings the broker as soon as it can. Others' clients do it by themselves.
    pub(super) fn prove_life(&mut self) {
        match self {
            Self::Own(device) => device.prove_life(),
            Self::Followed(_) => {}
        }
    }

    /// Comes back soon. Others' clients are told by whoever runs them.
    pub(super) fn hurry(&mut self, now: Micros) {
        match self {
            Self::Own(device) => device.hurry(now),
            Self::Followed(_) => {}
        }
    }

    /// What the history has to know of somebody else's client before it is judged.
    pub(super) fn last_words(&self, layout: &Layout, now: Micros, long: Micros) -> Vec<Event> {
        match self {
            Self::Own(_) => Vec::new(),
            Self::Followed(follower) => follower.last_words(layout, now, long),
        }
    }

    /// What somebody else's client did wrong.
    pub(super) fn conduct(&self, now: Micros) -> Option<Conduct> {
        match self {
            Self::Own(_) => None,
            Self::Followed(follower) => Some(follower.conduct(now)),
        }
    }
}
