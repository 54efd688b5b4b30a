//! Keep Alive, PINGREQ and PINGRESP (§3.1.2.10, §3.12, §3.13).

use std::time::Duration;

use mqttspec_wire::Packet;

use super::{findings::Findings, terms::Terms};
use crate::referee::duty::{Duty, duties};

duties! {
    PINGRESP_ANSWERS_PINGREQ: Server, Sighted, v3 "3.12.4-1", v5 "3.12.4-1";
    CLIENT_KEEPS_ALIVE: Client, Sighted, v3 "3.1.2-23", v5 "3.1.2-20";
    SERVER_KEEP_ALIVE_COUNTS: Client, Sighted, v5 "3.1.2-21";
    SERVER_KEEP_ALIVE_IS_USED: Client, Sighted, v5 "3.2.2-21";
}

/// The signs of life.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// PINGREQs without PINGRESP.
    pings: u64,
    /// Since when the client's silence counts: its last packet, or the CONNACK that told it the keep-alive.
    quiet_since: Duration,
}

impl Life {
    /// A packet of the client at this time.
    pub(super) fn client(
        &mut self,
        at: Duration,
        packet: &Packet,
        terms: Option<&Terms>,
        findings: &mut Findings,
    ) {
        let quiet = at.saturating_sub(self.quiet_since);
        if let Some((terms, seconds)) =
            terms.and_then(|terms| terms.effective_keep_alive().map(|s| (terms, s)))
        {
            keep_alive(quiet, seconds, terms.keep_alive, findings);
        }
        self.quiet_since = at;
        if matches!(packet, Packet::Pingreq) {
            self.pings = self.pings.saturating_add(1);
        }
    }

    /// The CONNACK that accepts.
    pub(super) fn accepted(&mut self, at: Duration) {
        self.quiet_since = at;
    }

    /// A PINGRESP of the server.
    pub(super) fn pingresp(&mut self, findings: &mut Findings) {
        if self.pings == 0 {
            findings.breach(
                PINGRESP_ANSWERS_PINGREQ,
                format_args!("PINGRESP answers no PINGREQ that is unanswered"),
            );
        }
        self.pings = self.pings.saturating_sub(1);
    }
}

/// `seconds`: the keep-alive in force. `own`: what the client asked for.
///
/// Packets may be delayed on their way to where they are seen, so the client is given the same half period more that
/// the server gives it.
fn keep_alive(quiet: Duration, seconds: u16, own: u16, findings: &mut Findings) {
    let exceeds = |seconds: u16| seconds > 0 && quiet > Duration::from_secs(seconds.into()) * 3 / 2;
    if !exceeds(seconds) {
        return;
    }
    // The standard says the same of CONNECT and of CONNACK.
    let of_the_server: &[Duty] = &[SERVER_KEEP_ALIVE_COUNTS, SERVER_KEEP_ALIVE_IS_USED];
    let duties = if seconds == own || exceeds(own) { &[CLIENT_KEEPS_ALIVE] } else { of_the_server };
    for duty in duties {
        findings.breach(
            *duty,
            format_args!(
                "The client sent nothing for {} s, where the keep-alive is {seconds} s",
                quiet.as_secs()
            ),
        );
    }
}
