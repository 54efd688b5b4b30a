//! What is going to happen, in order. What falls on the same time happens in the order in which it was planned.

use std::{cmp::Reverse, collections::BinaryHeap};

use bytes::Bytes;

use crate::plan::Micros;

/// Something that happens in the world. A network connection is named by its device and its ordinal among that
/// device's.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A device wants to go on.
    Wake(u32),
    /// The wish to open a connection has reached the broker.
    Reached(u32, u32),
    /// The device learns that its connection is open.
    Opened(u32, u32),
    /// The device learns that no connection can be opened.
    Refused(u32, u32),
    /// Bytes reach the broker.
    ToBroker(u32, u32, Bytes),
    /// Bytes reach the device.
    ToDevice(u32, u32, Bytes),
    /// The broker learns that the connection has ended.
    EndsAtBroker(u32, u32),
    /// The device learns that the connection has ended; `true` if the broker closed it in order.
    EndsAtDevice(u32, u32, bool),
    /// The link cuts the connection.
    Cut(u32, u32),
    /// The device changes its network.
    Roams(u32, u32),
    /// From now on nothing travels, and nobody knows.
    GoesDead(u32, u32),
    /// The broker wants to go on.
    Tick,
    /// A phase begins.
    Phase(usize),
    /// The broker is back.
    Returns,
}

impl Happening {
    /// How many bytes it brings to a device.
    const fn size(&self) -> usize {
        match self {
            Self::ToDevice(_, _, bytes) => bytes.len(),
            Self::Wake(_)
            | Self::Reached(..)
            | Self::Opened(..)
            | Self::Refused(..)
            | Self::ToBroker(..)
            | Self::EndsAtBroker(..)
            | Self::EndsAtDevice(..)
            | Self::Cut(..)
            | Self::Roams(..)
            | Self::GoesDead(..)
            | Self::Tick
            | Self::Phase(_)
            | Self::Returns => 0,
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<(Micros, u64, u32)>>,
    places: Vec<Option<Happening>>,
    free: Vec<u32>,
    planned: u64,
    /// How many bytes are on their way to devices.
    under_way: usize,
}

impl Queue {
    /// Plans something.
    pub(crate) fn push(&mut self, at: Micros, happening: Happening) {
        self.under_way += happening.size();
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(free) = self.places.get_mut(place as usize) {
            *free = Some(happening);
        }
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned, place)));
    }

    /// How many bytes are on their way to devices.
    pub(crate) const fn under_way(&self) -> usize {
        self.under_way
    }

    /// When something happens next.
    pub(crate) fn next(&self) -> Option<Micros> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes out what happens next, unless that is after `last`.
    pub(crate) fn pop(&mut self, last: Micros) -> Option<(Micros, Happening)> {
        let Reverse((at, _, place)) = *self.heap.peek().filter(|Reverse((at, ..))| *at <= last)?;
        self.heap.pop();
        let happening = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        self.under_way -= happening.size();
        Some((at, happening))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_planned_first_happens_first() {
        let mut queue = Queue::default();
        queue.push(5, Happening::Wake(1));
        queue.push(3, Happening::Wake(2));
        queue.push(5, Happening::Wake(3));
        queue.push(9, Happening::Tick);
        let devices: Vec<_> = std::iter::from_fn(|| match queue.pop(8)? {
            (at, Happening::Wake(device)) => Some((at, device)),
            _ => None,
        })
        .collect();
        assert_eq!(devices, [(3, 2), (5, 1), (5, 3)]);
        assert!(queue.pop(9).is_some_and(|(at, _)| at == 9));
        queue.push(9, Happening::ToDevice(1, 1, Bytes::from_static(b"four")));
        queue.push(9, Happening::ToBroker(1, 1, Bytes::from_static(b"no matter")));
        assert_eq!(queue.under_way(), 4);
        assert!(queue.pop(9).is_some());
        assert_eq!(queue.under_way(), 0);
    }
}
