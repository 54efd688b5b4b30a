//! The order in which a client answers, and in which it sends again (§4.6). The standards set none for a server's answers.

use std::collections::{BTreeMap, BTreeSet};

use mqttspec_wire::{PacketId, QoS, Sender};

use crate::referee::{
    connection::findings::Findings,
    duty::{Duty, duties},
};

duties! {
    PUBACKS_IN_ORDER: Client, Mutual, v3 "4.6.0-2", v5 "4.6.0-2";
    PUBRECS_IN_ORDER: Client, Mutual, v3 "4.6.0-3", v5 "4.6.0-3";
    RESENT_IN_ORDER: Client, Mutual, v3 "4.6.0-1";
    PUBRELS_IN_ORDER: Client, Mutual, v3 "4.6.0-4", v5 "4.6.0-4";
}

/// What waits for a packet of the other side, or of this one in the case of PUBREL.
#[derive(Debug, Default)]
pub(super) struct Order {
    pubacks: Queue,
    pubrecs: Queue,
    pubrels: Queue,
    /// Of the messages that were sent again, the one that had been sent last.
    resent: Option<(u64, PacketId)>,
    /// How many places were taken in all queues together.
    turns: u64,
}

impl Order {
    pub(super) fn published(&mut self, id: PacketId, qos: QoS) {
        self.forget(id);
        let turn = self.turn();
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => self.pubacks.push(turn, id),
            QoS::ExactlyOnce => self.pubrecs.push(turn, id),
        }
    }

    /// An unanswered PUBLISH, which was sent once before.
    pub(super) fn resent(&mut self, id: PacketId, findings: &mut Findings) {
        let Some(turn) = self.pubacks.place(id).or(self.pubrecs.place(id)) else { return };
        if let Some((_, later)) = self.resent.filter(|(latest, _)| *latest > turn) {
            findings.breach(
                RESENT_IN_ORDER,
                format_args!(
                    "PUBLISH {id} was sent again after PUBLISH {later} was, although it had been sent before it"
                ),
            );
        }
        self.resent = self.resent.max(Some((turn, id)));
    }

    pub(super) fn puback(&mut self, id: PacketId, findings: &mut Findings) {
        judge(&mut self.pubacks, id, PUBACKS_IN_ORDER, ("PUBACK", "PUBLISH"), findings);
    }

    /// `received`: it asks for a PUBREL.
    pub(super) fn pubrec(&mut self, id: PacketId, received: bool, findings: &mut Findings) {
        judge(&mut self.pubrecs, id, PUBRECS_IN_ORDER, ("PUBREC", "PUBLISH"), findings);
        if received {
            let turn = self.turn();
            self.pubrels.push(turn, id);
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

    const fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
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
}

impl Queue {
    fn push(&mut self, turn: u64, id: PacketId) {
        self.remove(id);
        self.turns.insert((turn, id));
        self.places.insert(id, turn);
    }

    fn place(&self, id: PacketId) -> Option<u64> {
        self.places.get(&id).copied()
    }

    fn first(&self) -> Option<PacketId> {
        self.turns.first().map(|(_, id)| *id)
    }

    /// Whether it was there.
    fn remove(&mut self, id: PacketId) -> bool {
        self.places.remove(&id).is_some_and(|place| self.turns.remove(&(place, id)))
    }
}
