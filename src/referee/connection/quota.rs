//! Flow control (MQTT 5.0 §3.3.4, §4.9).

use mqttspec_wire::{
    PacketId, Sender,
    packet::{Ack, Delivery},
};

use super::findings::Findings;
use crate::referee::duty::duties;

duties! {
    CLIENT_WITHIN_RECEIVE_MAXIMUM: Client, Sighted, v5 "3.3.4-7";
    SERVER_WITHIN_RECEIVE_MAXIMUM: Server, Sighted, v5 "3.3.4-9";
}

/// The PUBLISH packets above QoS 0 of one side that are on the way.
///
/// Any PUBACK or PUBCOMP raises the sender's quota, also that of a PUBREL of an earlier connection (§4.9), so they are
/// counted without regard to their identifiers. Such a one may be on its way when the quota has just been used up, so
/// that the count may fall below zero.
#[derive(Debug, Default)]
pub(super) struct Quota {
    in_flight: i64,
}

impl Quota {
    /// A first PUBLISH of its message. `maximum`: the receiver's Receive Maximum, if it is known.
    pub(super) fn publish(
        &mut self,
        id: PacketId,
        delivery: Delivery,
        maximum: Option<u16>,
        findings: &mut Findings,
    ) {
        self.in_flight = self.in_flight.saturating_add(1);
        let Some(maximum) = maximum.filter(|maximum| self.in_flight > i64::from(*maximum)) else { return };
        let duty = match findings.party {
            Sender::Client => CLIENT_WITHIN_RECEIVE_MAXIMUM,
            Sender::Server => SERVER_WITHIN_RECEIVE_MAXIMUM,
        };
        let (qos, count) = (delivery.qos(), self.in_flight);
        findings.breach(
            duty,
            format_args!(
                "PUBLISH {id} of {qos} makes {count} unacknowledged, where Receive Maximum is {maximum}"
            ),
        );
    }

    /// PUBACK or PUBCOMP of the other side.
    pub(super) fn completed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// PUBREC of the other side.
    pub(super) fn pubrec(&mut self, ack: &Ack) {
        if ack.reason.is_error() {
            self.completed();
        }
    }
}
