//! SUBSCRIBE and UNSUBSCRIBE with their answers, as far as Packet Identifiers go (§3.8.4, §3.10.4).

use mqttspec_wire::PacketId;

use super::{Exchanges, Stage};
use crate::referee::{
    connection::findings::Findings,
    duty::{Duty, duties},
};

duties! {
    SUBACK_ANSWERS_SUBSCRIBE: Server, Mutual, v3 "3.8.4-2", v5 "3.8.4-2" in "packet-id";
    UNSUBACK_ANSWERS_UNSUBSCRIBE: Server, Mutual, v3 "3.10.4-4", v5 "3.10.4-5" in "packet-id";
}

impl Exchanges {
    /// The client's SUBSCRIBE. `again`: one that is not yet answered was the same.
    pub(in crate::referee::connection) fn subscribe(
        &mut self,
        id: PacketId,
        again: bool,
        findings: &mut Findings,
    ) {
        self.request(id, again, ("SUBSCRIBE", Stage::AwaitingSuback), findings);
    }

    /// The client's UNSUBSCRIBE. `again`: one that is not yet answered was the same.
    pub(in crate::referee::connection) fn unsubscribe(
        &mut self,
        id: PacketId,
        again: bool,
        findings: &mut Findings,
    ) {
        self.request(id, again, ("UNSUBSCRIBE", Stage::AwaitingUnsuback), findings);
    }

    /// MQTT 3.1.1 lets a client send a request again with the same identifier (§2.3.1).
    fn request(
        &mut self,
        id: PacketId,
        again: bool,
        (packet, awaiting): (&str, Stage),
        findings: &mut Findings,
    ) {
        let stage = self.stage(id);
        if stage == awaiting && again && !findings.is_v5() {
            self.doubt(id);
        } else if stage != Stage::Free {
            self.in_use(id, packet, stage, findings);
        }
        self.enter(id, awaiting);
    }

    /// The server's SUBACK. Whether it is certain which SUBSCRIBE it answers.
    pub(in crate::referee::connection) fn suback(&mut self, id: PacketId, findings: &mut Findings) -> bool {
        let asked = ("SUBACK", "SUBSCRIBE", Stage::AwaitingSuback);
        self.answered(id, asked, SUBACK_ANSWERS_SUBSCRIBE, findings)
    }

    /// The server's UNSUBACK. Whether it is certain which UNSUBSCRIBE it answers.
    pub(in crate::referee::connection) fn unsuback(&mut self, id: PacketId, findings: &mut Findings) -> bool {
        let asked = ("UNSUBACK", "UNSUBSCRIBE", Stage::AwaitingUnsuback);
        self.answered(id, asked, UNSUBACK_ANSWERS_UNSUBSCRIBE, findings)
    }

    fn answered(
        &mut self,
        id: PacketId,
        (answer, request, awaiting): (&str, &str, Stage),
        duty: Duty,
        findings: &mut Findings,
    ) -> bool {
        if self.doubtful.contains(id) {
            return false;
        }
        let is_asked = self.stage(id) == awaiting;
        if is_asked {
            self.enter(id, Stage::Free);
        } else {
            findings.breach(duty, format_args!("{answer} {id} answers no {request} that is unanswered"));
            self.doubt(id);
        }
        is_asked
    }
}
