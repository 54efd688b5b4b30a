//! Packet Identifiers: which are in use, and which answers are due (§2.2.1, §4.3, §4.4).

mod answers;
mod order;
mod requests;

use std::collections::BTreeMap;

use mqttspec_wire::{PacketId, QoS, Sender, packet::Delivery};

use self::order::Order;
use super::findings::Findings;
use crate::referee::duty::{Duty, duties};

duties! {
    CLIENT_USES_FREE_IDENTIFIER: Client, Mutual, v3 "2.3.1-2", v5 "2.2.1-3";
    SERVER_USES_FREE_IDENTIFIER: Server, Mutual, v3 "2.3.1-4", v5 "2.2.1-4" in "packet-id";
    RESEND_ONLY_ON_RESUME: Both, Mutual, v5 "4.4.0-1" in "packet-id";
    NO_PUBLISH_AFTER_PUBREL: Both, Mutual, v3 "4.3.3-1", v5 "4.3.3-6" in "packet-id";
    PUBREL_AFTER_PUBREC: Both, Mutual, v3 "4.3.3-1", v5 "4.3.3-3" in "packet-id";
    PUBREL_OF_A_PUBLISH: Both, Mutual, v3 "2.3.1-6", v5 "2.2.1-5" in "packet-id";
    DUP_ONLY_ON_RESEND: Server, Sighted, v3 "3.3.1-3", v5 "3.3.1-3" in "first-byte";
    QOS_1_BEGINS_WITHOUT_DUP: Client, Sighted, v3 "4.3.2-1", v5 "4.3.2-2";
    QOS_2_BEGINS_WITHOUT_DUP: Client, Sighted, v3 "4.3.3-1", v5 "4.3.3-2";
}

/// All that judge here.
pub(super) const ALL_DUTIES: [&[Duty]; 4] = [DUTIES, answers::DUTIES, order::DUTIES, requests::DUTIES];

/// What one side has begun with identifiers of its own choice.
///
/// In MQTT 3.1.1 packets may be sent again at any time, even while their answer is on the way. Then the same identifier
/// has two answers, the second of which may come when it is in use for something else, and neither end can tell. So an
/// identifier under which anything was repeated is doubtful from then on, and nothing more is said about it. The same
/// goes for one that was misused.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Without those that are free.
    stages: BTreeMap<PacketId, Stage>,
    used: Ids,
    doubtful: Ids,
    /// The order in which the other side has to answer.
    order: Order,
}

/// How far an exchange has come, seen from its sender.
///
/// ```text
/// Free --PUBLISH QoS 1--> AwaitingPuback --PUBACK--> Free
/// Free --PUBLISH QoS 2--> AwaitingPubrec --PUBREC--> AwaitingPubrel --PUBREL--> AwaitingPubcomp --PUBCOMP--> Free
///                                        --PUBREC with an error--> Free
/// Free --SUBSCRIBE------> AwaitingSuback --SUBACK--> Free
/// Free --UNSUBSCRIBE----> AwaitingUnsuback --UNSUBACK--> Free
/// ```
///
/// An answer ends it when it passes the referee, although its receiver learns of it later: what the receiver then
/// chooses the identifier for comes later still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Free,
    AwaitingPuback,
    AwaitingPubrec,
    AwaitingPubrel,
    AwaitingPubcomp,
    AwaitingSuback,
    AwaitingUnsuback,
}

/// What a PUBLISH with a Packet Identifier turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The first of its message on this connection.
    First,
    /// One of a message that is already under way.
    Repeated,
}

impl Exchanges {
    /// A PUBLISH above QoS 0 of the side that these exchanges belong to. `fresh`: it remembers no earlier connection.
    pub(super) fn publish(
        &mut self,
        id: PacketId,
        delivery: Delivery,
        fresh: bool,
        findings: &mut Findings,
    ) -> Attempt {
        let is_known = self.used.contains(id);
        match (self.stage(id), delivery.dup()) {
            _ if self.doubtful.contains(id) => {}
            // It may have crossed the answer to the message; then it is that message still.
            (Stage::Free, true) if is_known => self.doubt(id),
            (Stage::Free, true) if fresh => new_with_dup(id, delivery, findings),
            (Stage::Free, _) => {}
            (stage @ (Stage::AwaitingPuback | Stage::AwaitingPubrec | Stage::AwaitingPubrel), true) => {
                if stage != Stage::AwaitingPubrel {
                    self.order.resent(id, findings);
                }
                self.resent(id, "PUBLISH", findings);
            }
            (Stage::AwaitingPubcomp, true) => {
                findings.breach(
                    NO_PUBLISH_AFTER_PUBREL,
                    format_args!("PUBLISH {id} was sent again after its PUBREL"),
                );
                self.doubt(id);
            }
            (stage, _) => self.in_use(id, "PUBLISH", stage, findings),
        }
        let is_doubtful = self.doubtful.contains(id);
        if !is_doubtful {
            self.order.published(id, delivery.qos());
        }
        self.enter(
            id,
            match delivery.qos() {
                QoS::AtMostOnce => Stage::Free,
                QoS::AtLeastOnce => Stage::AwaitingPuback,
                QoS::ExactlyOnce => Stage::AwaitingPubrec,
            },
        );
        if is_doubtful && delivery.dup() { Attempt::Repeated } else { Attempt::First }
    }

    /// A PUBREL of the side that these exchanges belong to.
    pub(super) fn pubrel(&mut self, id: PacketId, fresh: bool, findings: &mut Findings) {
        let is_known = self.used.contains(id);
        match self.stage(id) {
            _ if self.doubtful.contains(id) => {}
            Stage::AwaitingPubrel => {}
            Stage::AwaitingPubrec => {
                // An earlier connection may have brought the PUBREC after all.
                if fresh {
                    pubrel_too_early(id, findings);
                }
                self.doubt(id);
            }
            Stage::AwaitingPubcomp => self.resent(id, "PUBREL", findings),
            // It may have been sent again while its PUBCOMP was on the way.
            Stage::Free if is_known => self.doubt(id),
            Stage::Free if !fresh => {}
            Stage::Free | Stage::AwaitingPuback | Stage::AwaitingSuback | Stage::AwaitingUnsuback => {
                if fresh {
                    pubrel_of_nothing(id, findings);
                }
                self.doubt(id);
            }
        }
        self.order.released(id, findings);
        self.enter(id, Stage::AwaitingPubcomp);
    }

    /// Whether anything under `id` was seen on this network connection.
    pub(super) fn is_known(&self, id: PacketId) -> bool {
        self.used.contains(id) || self.doubtful.contains(id)
    }

    /// Whether what was begun under `id` still wants an answer.
    pub(super) fn is_open(&self, id: PacketId) -> bool {
        self.stage(id) != Stage::Free
    }

    fn stage(&self, id: PacketId) -> Stage {
        self.stages.get(&id).copied().unwrap_or(Stage::Free)
    }

    fn enter(&mut self, id: PacketId, stage: Stage) {
        self.used.insert(id);
        if stage == Stage::Free || self.doubtful.contains(id) {
            self.stages.remove(&id);
        } else {
            self.stages.insert(id, stage);
        }
    }

    /// From here on nobody can tell what an answer under `id` is for.
    fn doubt(&mut self, id: PacketId) {
        self.doubtful.insert(id);
        self.stages.remove(&id);
        self.order.forget(id);
    }

    fn in_use(&mut self, id: PacketId, packet: &str, stage: Stage, findings: &mut Findings) {
        let duty = match findings.party {
            Sender::Client => CLIENT_USES_FREE_IDENTIFIER,
            Sender::Server => SERVER_USES_FREE_IDENTIFIER,
        };
        let reason = stage.reason();
        findings.breach(
            duty,
            format_args!("{packet} has the Packet Identifier {id}, which is in use by {reason}"),
        );
        self.doubt(id);
    }

    fn resent(&mut self, id: PacketId, packet: &str, findings: &mut Findings) {
        findings.breach(
            RESEND_ONLY_ON_RESUME,
            format_args!("{packet} {id} was sent twice on one network connection"),
        );
        self.doubt(id);
    }

    /// How much is remembered, in entries.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.stages.len() + self.used.0.len() + self.doubtful.0.len() + self.order.weight()
    }
}

impl Stage {
    /// What keeps the identifier in use.
    const fn reason(self) -> &'static str {
        match self {
            Self::Free => "nothing",
            Self::AwaitingPuback => "a PUBLISH without its PUBACK",
            Self::AwaitingPubrec => "a PUBLISH without its PUBREC",
            Self::AwaitingPubrel => "a PUBLISH without its PUBREL",
            Self::AwaitingPubcomp => "a PUBREL without its PUBCOMP",
            Self::AwaitingSuback => "a SUBSCRIBE without its SUBACK",
            Self::AwaitingUnsuback => "an UNSUBSCRIBE without its UNSUBACK",
        }
    }
}

fn pubrel_too_early(id: PacketId, findings: &mut Findings) {
    findings.breach(PUBREL_AFTER_PUBREC, format_args!("PUBREL {id} came before any PUBREC {id}"));
}

fn pubrel_of_nothing(id: PacketId, findings: &mut Findings) {
    let party = findings.party;
    findings
        .breach(PUBREL_OF_A_PUBLISH, format_args!("PUBREL {id} belongs to no QoS 2 PUBLISH of the {party}"));
}

fn new_with_dup(id: PacketId, delivery: Delivery, findings: &mut Findings) {
    let duty = match (findings.party, delivery.qos()) {
        (Sender::Server, _) => DUP_ONLY_ON_RESEND,
        (Sender::Client, QoS::ExactlyOnce) => QOS_2_BEGINS_WITHOUT_DUP,
        (Sender::Client, QoS::AtLeastOnce | QoS::AtMostOnce) => QOS_1_BEGINS_WITHOUT_DUP,
    };
    let party = findings.party;
    findings.breach(
        duty,
        format_args!("PUBLISH {id} has DUP 1 although the {party} never sent it before in this session"),
    );
}

/// A set of identifiers, a bit for each.
#[derive(Debug, Default)]
struct Ids(Vec<u64>);

impl Ids {
    fn place(id: PacketId) -> (usize, u64) {
        (usize::from(id.get() / 64), 1 << (id.get() % 64))
    }

    fn contains(&self, id: PacketId) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn insert(&mut self, id: PacketId) {
        let (word, bit) = Self::place(id);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
    }
}
