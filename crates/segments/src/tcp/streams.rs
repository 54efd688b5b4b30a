//! All connections of a capture.

use core::net::SocketAddr;
use std::collections::{BTreeMap, HashMap};

use super::{
    ConversationId, Event, Kind, Limits, Lost, Party, Tally,
    flow::{Flow, Notes},
};
use crate::Segment;

/// The two addresses, the smaller one first.
type Key = (SocketAddr, SocketAddr);

/// Puts the connections of a capture together from their segments.
#[derive(Debug, Default)]
pub struct Streams {
    limits: Limits,
    /// The current connection between two addresses. Only asked, never gone through: its order is accidental.
    current: HashMap<Key, ConversationId>,
    flows: BTreeMap<ConversationId, (Key, Flow)>,
    weight: usize,
    appeared: u32,
    notes: Notes,
}

impl Streams {
    /// No connections yet, and other limits than usual.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// What was peculiar so far.
    pub const fn tally(&self) -> Tally {
        self.notes.tally
    }

    /// Takes a segment in and writes down what happens.
    pub fn segment(&mut self, segment: &Segment<'_>, events: &mut Vec<Event>) {
        let is_swapped = segment.from > segment.to;
        let key = if is_swapped { (segment.to, segment.from) } else { (segment.from, segment.to) };
        let id = match self.current.get(&key).copied() {
            Some(id) if !self.is_over(id, is_swapped, segment, events) => id,
            Some(_) | None => {
                // What ends a connection that nobody has seen is not worth a conversation.
                if segment.reset || segment.fin && segment.payload.is_empty() {
                    return;
                }
                self.open(key, is_swapped, segment, events)
            }
        };
        let Some((_, flow)) = self.flows.get_mut(&id) else { return };
        let by = party(flow, is_swapped);
        let before = flow.weight();
        flow.segment(by, segment, &mut self.notes);
        if flow.weight() > self.limits.conversation {
            flow.flush(Lost::Memory, &mut self.notes);
        }
        self.weight = self.weight - before + flow.weight();
        write_down(id, &mut self.notes, events);
        if self.weight > self.limits.total {
            self.make_room(events);
        }
    }

    /// Hands out what is left. There are no connections any more afterwards.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        while let Some(id) = self.flows.first_key_value().map(|(id, _)| *id) {
            self.close(id, Lost::NotCaptured, events);
        }
    }

    /// Whether the connection has made room for a new one, of which this is a segment.
    fn is_over(
        &mut self,
        id: ConversationId,
        is_swapped: bool,
        segment: &Segment<'_>,
        events: &mut Vec<Event>,
    ) -> bool {
        let Some((_, flow)) = self.flows.get_mut(&id) else { return true };
        let by = party(flow, is_swapped);
        let is_stranger = flow.is_stranger(by, segment);
        if is_stranger {
            self.close(id, Lost::NotCaptured, events);
        }
        is_stranger
    }

    fn open(
        &mut self,
        key: Key,
        is_swapped: bool,
        segment: &Segment<'_>,
        events: &mut Vec<Event>,
    ) -> ConversationId {
        let stamp = segment.stamp;
        if self.flows.len() >= self.limits.conversations {
            self.forget(events);
        }
        // Who answers with SYN did not open the connection.
        let is_answer = segment.syn && segment.acknowledges.is_some();
        let (first, second) = if is_answer { (segment.to, segment.from) } else { (segment.from, segment.to) };
        let id = ConversationId(self.appeared);
        self.appeared = self.appeared.saturating_add(1);
        self.current.insert(key, id);
        self.flows.insert(id, (key, Flow::new(is_swapped != is_answer, stamp)));
        events.push(Event { conversation: id, stamp, kind: Kind::Opened { first, second } });
        id
    }

    fn close(&mut self, id: ConversationId, lost: Lost, events: &mut Vec<Event>) {
        let Some((key, mut flow)) = self.flows.remove(&id) else { return };
        self.weight -= flow.weight();
        if self.current.get(&key) == Some(&id) {
            self.current.remove(&key);
        }
        flow.flush(lost, &mut self.notes);
        write_down(id, &mut self.notes, events);
        events.push(Event { conversation: id, stamp: flow.latest, kind: Kind::Over });
    }

    /// Lets the conversation go that holds most.
    fn make_room(&mut self, events: &mut Vec<Event>) {
        let Some((id, (_, flow))) = self.flows.iter_mut().max_by_key(|(_, (_, flow))| flow.weight()) else {
            return;
        };
        let before = flow.weight();
        flow.flush(Lost::Memory, &mut self.notes);
        self.weight = self.weight - before + flow.weight();
        write_down(*id, &mut self.notes, events);
    }

    /// Closes an eighth of the conversations: the ones that have ended and those that have been silent for longest.
    fn forget(&mut self, events: &mut Vec<Event>) {
        let mut ids: Vec<_> =
            self.flows.iter().map(|(id, (_, flow))| (!flow.is_over(), flow.latest, *id)).collect();
        ids.sort_unstable();
        ids.truncate(self.limits.conversations / 8 + 1);
        for (is_open, _, id) in ids {
            self.notes.tally.evicted += u64::from(is_open);
            self.close(id, Lost::Memory, events);
        }
    }
}

const fn party(flow: &Flow, is_swapped: bool) -> Party {
    if flow.is_swapped == is_swapped { Party::First } else { Party::Second }
}

fn write_down(conversation: ConversationId, notes: &mut Notes, events: &mut Vec<Event>) {
    events.extend(notes.happenings.drain(..).map(|(stamp, kind)| Event { conversation, stamp, kind }));
}
