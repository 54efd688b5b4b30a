//! The order in which a client answers (§4.6). The standards set none for a server's answers.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::{PacketId, QoS, Sender};

use crate::referee::{
    connection::findings::Findings,
    duty::{Duty, duties},
};

duties! {
    PUBACKS_IN_ORDER: Client, Mutual, v3 "4.6.0-2", v5 "4.6.0-2";
    PUBRECS_IN_ORDER: Client, Mutual, v3 "4.6.0-3", v5 "4.6.0-3";
    PUBRELS_IN_ORDER: Client, Mutual, v3 "4.6.0-4", v5 "4.6.0-4";
}

/// What waits for a packet of the other side, or of this one in the case of PUBREL.
#[derive(Debug, Default)]
pub(super) struct Order {
    pubacks: Queue,
    pubrecs: Queue,
    pubrels: Queue,
}

impl Order {
    pub(super) fn published(&mut self, id: PacketId, qos: QoS) {
        self.forget(id);
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.pubacks.push(id),
            QoS::ExactlyOnce => self.pubrecs.push(id),
        }
    }

    pub(super) fn puback(&mut self, id: PacketId, findings: &mut Findings) {
        judge(&mut self.pubacks, id, PUBACKS_IN_ORDER, ("PUBACK", "PUBLISH"), findings);
    }

    /// `received`: it asks for a PUBREL.
    pub(super) fn pubrec(&mut self, id: PacketId, received: bool, findings: &mut Findings) {
        judge(&mut self.pubrecs, id, PUBRECS_IN_ORDER, ("PUBREC", "PUBLISH"), findings);
        if received {
            self.pubrels.push(id);
        }
    }

    pub(super) fn released(&mut self, id: PacketId, findings: &mut Findings) {
        judge(&mut self.pubrels, id, PUBRELS_IN_ORDER, ("PUBREL", "PUBREC"), findings);
    }

    /// What was sent twice has two places, and nobody can say which one an answer is for.
    pub(super) fn forget(&mut self, id: PacketId) {
        for queue in [&mut self.pubacks, &mut self.pubrecs, &mut self.pubrels] {
            queue.remove(id);
        }
    }

    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.pubacks.turns.len() + self.pubrecs.turns.len() + self.pubrels.turns.len()
    }
}

fn judge(
    queue: &mut Queue,
    id: PacketId,
    duty: Duty,
    (answer, asked): (&str, &str),
    findings: &mut Findings,
) {
    let overtaken = queue.first().filter(|first| *first != id);
    if let (true, Sender::Client, Some(first)) = (queue.remove(id), findings.party, overtaken) {
        findings.breach(
            duty,
            format_args!(
                "{answer} {id} overtook {answer} {first}, although {asked} {first} came before {asked} {id}"
            ),
        );
    }
}

/// Identifiers in the order in which they came, each at most once.
#[derive(Debug, Default)]
struct Queue {
    turns: BTreeSet<(u64, PacketId)>,
    places: BTreeMap<PacketId, u64>,
    next: u64,
}

impl Queue {
    fn push(&mut self, id: PacketId) {
        self.remove(id);
        self.next += 1;
        self.turns.insert((self.next, id));
        self.places.insert(id, self.next);
    }

    fn first(&self) -> Option<PacketId> {
        self.turns.first().map(|(_, id)| *id)
    }

    /// Whether it was there.
    fn remove(&mut self, id: PacketId) -> bool {
        self.places.remove(&id).is_some_and(|place| self.turns.remove(&(place, id)))
    }
}
