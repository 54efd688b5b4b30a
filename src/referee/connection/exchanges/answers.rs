//! PUBACK, PUBREC and PUBCOMP: each answers something, and the right thing (§3.3.4, §4.3).

use mqttspec_wire::{PacketId, packet::Ack};

use super::{Exchanges, Stage};
use crate::referee::{connection::findings::Findings, duty::duties};

duties! {
    ANSWER_BELONGS_TO_A_PUBLISH: Both, Mutual, v3 "2.3.1-6", v5 "2.2.1-5" in "packet-id";
    PUBCOMP_BELONGS_TO_A_PUBLISH: Both, Mutual, v3 "X-3.7.2-1", v5 "2.2.1-5" in "packet-id";
    QOS_DECIDES_THE_ANSWER: Both, Mutual, v3 "3.3.4-1", v5 "3.3.4-1" in "first-byte";
    PUBCOMP_AFTER_PUBREL: Both, Mutual, v3 "4.3.3-2", v5 "4.3.3-11" in "packet-id";
}

/// What fits nothing is a breach if no earlier connection explains it. In any case nobody can tell what the other side
/// makes of it; to a PUBREC it may answer PUBREL (MQTT 5.0 §3.6.2.1).
impl Exchanges {
    /// A PUBACK of the other side. `fresh`: that side remembers no earlier connection.
    pub(in crate::referee::connection) fn puback(&mut self, ack: &Ack, fresh: bool, findings: &mut Findings) {
        let id = ack.id;
        if self.doubtful.contains(id) {
            return;
        }
        self.order.puback(id, findings);
        match self.stage(id) {
            Stage::AwaitingPuback => return self.enter(id, Stage::Free),
            Stage::AwaitingPubrec if fresh => wrong_kind("PUBACK", id, findings),
            stage @ (Stage::Free
            | Stage::AwaitingPubrec
            | Stage::AwaitingPubrel
            | Stage::AwaitingPubcomp
            | Stage::AwaitingSuback
            | Stage::AwaitingUnsuback) => answers_nothing("PUBACK", id, stage, fresh, findings),
        }
        self.doubt(id);
    }

    /// A PUBREC of the other side.
    pub(in crate::referee::connection) fn pubrec(&mut self, ack: &Ack, fresh: bool, findings: &mut Findings) {
        let id = ack.id;
        if self.doubtful.contains(id) {
            return;
        }
        let stage = self.stage(id);
        let asks_for_pubrel = stage == Stage::AwaitingPubrec && !ack.reason.is_error();
        self.order.pubrec(id, asks_for_pubrel, findings);
        match stage {
            Stage::AwaitingPubrec if asks_for_pubrel => return self.enter(id, Stage::AwaitingPubrel),
            Stage::AwaitingPubrec => return self.enter(id, Stage::Free),
            // A further one is not forbidden, and may have a further PUBREL.
            Stage::AwaitingPubrel | Stage::AwaitingPubcomp => {}
            Stage::AwaitingPuback if fresh => wrong_kind("PUBREC", id, findings),
            stage @ (Stage::Free
            | Stage::AwaitingPuback
            | Stage::AwaitingSuback
            | Stage::AwaitingUnsuback) => answers_nothing("PUBREC", id, stage, fresh, findings),
        }
        self.doubt(id);
    }

    /// A PUBCOMP of the other side.
    pub(in crate::referee::connection) fn pubcomp(
        &mut self,
        ack: &Ack,
        fresh: bool,
        findings: &mut Findings,
    ) {
        let id = ack.id;
        if self.doubtful.contains(id) {
            return;
        }
        match self.stage(id) {
            Stage::AwaitingPubcomp => return self.enter(id, Stage::Free),
            Stage::AwaitingPubrec | Stage::AwaitingPubrel if fresh => findings
                .breach(PUBCOMP_AFTER_PUBREL, format_args!("PUBCOMP {id} came before any PUBREL {id}")),
            stage @ (Stage::Free
            | Stage::AwaitingPuback
            | Stage::AwaitingPubrec
            | Stage::AwaitingPubrel
            | Stage::AwaitingSuback
            | Stage::AwaitingUnsuback) => answers_nothing("PUBCOMP", id, stage, fresh, findings),
        }
        self.doubt(id);
    }
}

fn wrong_kind(packet: &str, id: PacketId, findings: &mut Findings) {
    findings.breach(
        QOS_DECIDES_THE_ANSWER,
        format_args!("{packet} {id} answers a PUBLISH whose QoS asks for another answer"),
    );
}

fn answers_nothing(packet: &str, id: PacketId, stage: Stage, fresh: bool, findings: &mut Findings) {
    if fresh {
        let duty =
            if packet == "PUBCOMP" { PUBCOMP_BELONGS_TO_A_PUBLISH } else { ANSWER_BELONGS_TO_A_PUBLISH };
        let open = stage.reason();
        findings.breach(
            duty,
            format_args!("{packet} {id} answers nothing: under that identifier there is {open}"),
        );
    }
}
