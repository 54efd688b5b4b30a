//! Puts IP packets together from their fragments.

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use crate::ip::{Fragment, Packet};

/// Packets that are put together at a time.
const PACKETS: usize = 64;
/// The largest packet that IP allows.
const SIZE: usize = 65_535;

type Key = (IpAddr, IpAddr, u8, u32);

/// A packet that is not complete yet.
#[derive(Debug, Default)]
struct Partial {
    /// By their offset; later fragments do not change what earlier ones said.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// The packet's length, once its last fragment has come.
    total: Option<usize>,
}

/// The fragments that wait for others. The oldest packet gives way to a new one.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    partial: BTreeMap<Key, Partial>,
    age: VecDeque<Key>,
}

impl Fragments {
    /// Takes a fragment in; gives the payload of the packet that it completes.
    pub(crate) fn take(&mut self, packet: &Packet<'_>, fragment: Fragment) -> Option<Vec<u8>> {
        let end = fragment.offset + packet.payload.len();
        if packet.cut > 0 || end > SIZE {
            return None;
        }
        let key = (packet.source, packet.destination, packet.protocol, fragment.id);
        if !self.partial.contains_key(&key) {
            self.age.push_back(key);
            if self.age.len() > PACKETS {
                let oldest = self.age.pop_front();
                oldest.and_then(|key| self.partial.remove(&key));
            }
        }
        let partial = self.partial.entry(key).or_default();
        if !fragment.more {
            partial.total = Some(end);
        }
        partial.pieces.entry(fragment.offset).or_insert_with(|| packet.payload.to_vec());
        let whole = partial.whole()?;
        self.partial.remove(&key);
        self.age.retain(|other| *other != key);
        Some(whole)
    }
}

impl Partial {
    fn whole(&self) -> Option<Vec<u8>> {
        let total = self.total?;
        let mut whole = Vec::with_capacity(total);
        for (offset, piece) in &self.pieces {
            let known = whole.len().checked_sub(*offset)?;
            whole.extend_from_slice(piece.get(known..).unwrap_or_default());
        }
        (whole.len() == total).then_some(whole)
    }
}
