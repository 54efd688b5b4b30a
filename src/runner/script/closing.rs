//! How the broker ends a network connection, graded on an axis of its own.
//!
//! | seen | MQTT 5.0 | MQTT 3.1.1 |
//! |---|---|---|
//! | closed with a fitting reason | pass | pass, where a return code is due |
//! | closed with another code | warn | fail, since only CONNECT has return codes |
//! | closed bare | warn; pass for CONNECT, whose CONNACK is optional here | pass, unless a return code is due |
//! | answered as if nothing were wrong | fail | fail |
//! | left open | fail | fail |

use mqttspec_spec::Version;
use mqttspec_wire::{Packet, ReasonCode, Utf8String, packet::PacketType};

use super::{
    Script,
    expect::{Window, in_time},
    trouble::{Haste, Nature, Trouble, parting_reason},
};
use crate::{
    runner::observe,
    scenario::ast::{CloseExpectation, Judgement},
    stage::{LinkId, LinkState, Received, World},
    verdict::Grade,
};

/// How a network connection ended.
enum Ending {
    /// With a packet that says why.
    Reason(ReasonCode, Received),
    /// Without one.
    Bare,
    /// It did not, or the broker went on as if nothing were wrong.
    LeftOpen(&'static str, Vec<usize>),
}

impl Script {
    pub(super) async fn expect_closed(
        &mut self,
        client: &str,
        expectation: &CloseExpectation,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let window = self.window(&expectation.terms)?;
        let expected = self.describe_closing(expectation);
        let (accepted_before, outlived) =
            self.stage.with(|world| (world.link(link).accepted, world.link(link).outlived));
        if outlived && accepted_before {
            let observed = "the broker closed the network connection before the packet could be sent";
            return Err(Trouble { haste: Haste::Closed, ..Trouble::undecided(expected, observed) });
        }
        let closed_at = self.stage.until(window.deadline, |world| ended_at(world, link)).await;
        if let Some(at) = closed_at {
            // Where it may stay open, it may be closed later, too.
            let window =
                Window { explicit: window.explicit && expectation.left_open != Some(Grade::Pass), ..window };
            in_time(window, at, &expected)?;
        }
        let ending = match closed_at {
            Some(_) => self.ending(link, accepted_before)?,
            None => self.prove_left_open(link, accepted_before, &expected).await?,
        };
        let grade = self.grade_ending(&ending, expectation, accepted_before);
        if grade == Grade::Pass {
            return Ok(());
        }
        // That it was not closed is certain if the broker dealt with what followed, unless the point is when.
        let haste = if window.explicit { Haste::Late } else { Haste::None };
        let (observed, packets, parts) = match ending {
            Ending::Reason(reason, received) => {
                let kind = received.packet.packet_type();
                let name = reason.name(self.version(), kind);
                (
                    format!("closed after {kind} with {reason} {name}"),
                    vec![received.evidence],
                    observe::parts("reason", &[]),
                )
            }
            Ending::Bare => ("closed without a packet that says why".to_owned(), Vec::new(), Vec::new()),
            Ending::LeftOpen(how, packets) => (how.to_owned(), packets, Vec::new()),
        };
        let judgement = expectation.terms.otherwise.as_ref().map(|otherwise| otherwise.of(self.version()));
        let nature = Nature::Graded(Box::new(Judgement {
            // A milder verdict of the file holds for every way of ending that is not fitting.
            grade: judgement.map_or(grade, |judgement| judgement.grade.min(grade)),
            statements: self.statements(judgement),
            says: judgement.and_then(|judgement| judgement.says.clone()),
        }));
        Err(Trouble { nature, expected, observed, packets, parts, haste })
    }

    /// How a closed network connection ended.
    fn ending(&mut self, link: LinkId, accepted_before: bool) -> Result<Ending, Trouble> {
        self.stage.with(|world| {
            let link = world.link(link);
            if matches!(link.state, LinkState::Refused(_)) {
                return Err(Trouble::ended("a close", link));
            }
            let answers = answers(&link.inbox);
            if !answers.is_empty() {
                return Ok(Ending::LeftOpen("the packet was answered as if nothing were wrong", answers));
            }
            let last = link.take(|packet| {
                matches!(packet, Packet::Disconnect(_))
                    || matches!(packet, Packet::Connack(connack) if !accepted_before && connack.reason.0 != 0)
            });
            let reason = last.as_ref().and_then(|received| parting_reason(&received.packet));
            Ok(match (reason, last) {
                (Some(reason), Some(received)) => Ending::Reason(reason, received),
                (_, _) => Ending::Bare,
            })
        })
    }

    /// Distinguishes a network connection that is in use, or forgotten, from one that is about to be closed.
    async fn prove_left_open(
        &mut self,
        link: LinkId,
        accepted_before: bool,
        expected: &str,
    ) -> Result<Ending, Trouble> {
        if let Some(answer) = self.stage.with(|world| world.garbled_answer(link)) {
            return Ok(Ending::LeftOpen(
                "answered by a packet that is itself wrong, and left open",
                vec![answer],
            ));
        }
        let (accepted, ping) =
            self.stage.with(|world| (world.link(link).accepted, world.link(link).next_ping()));
        if accepted {
            self.stage.send(link, self.pingreq());
        }
        let sent = self.stage.now();
        let answered = self
            .stage
            .until(self.patience(), |world| {
                if ended_at(world, link).is_some() {
                    return Some(false);
                }
                world.link(link).take_answer(ping).map(|_| true)
            })
            .await;
        // A broker that answers at once does not keep a network connection open because it is busy.
        self.fence_took = (answered == Some(true)).then(|| self.stage.now().saturating_sub(sent));
        match answered {
            Some(false) => self.ending(link, accepted_before),
            Some(true) => {
                let answers = self.stage.with(|world| answers(&world.link(link).inbox));
                Ok(Ending::LeftOpen("left open: the broker still answers PINGREQ", answers))
            }
            None if accepted && !accepted_before => {
                let answers = self.stage.with(|world| answers(&world.link(link).inbox));
                Ok(Ending::LeftOpen("the connection was accepted", answers))
            }
            None => self.prove_forgotten(link, accepted_before, expected).await,
        }
    }

    /// Distinguishes a network connection that the broker has forgotten from a broker that has no time: it has some
    /// for a client that comes later.
    async fn prove_forgotten(
        &mut self,
        link: LinkId,
        accepted_before: bool,
        expected: &str,
    ) -> Result<Ending, Trouble> {
        let busy = || {
            Trouble::undecided(expected, "neither closed nor answered, but neither is another client").late()
        };
        let client_id = Utf8String::try_from(format!("{}w", self.circumstances.unique)).unwrap_or_default();
        let witness = self.visit("witness", client_id).await.ok_or_else(busy)?;
        self.ping_on(witness).await.map_err(|_| busy())?;
        if self.stage.with(|world| ended_at(world, link)).is_some() {
            return self.ending(link, accepted_before);
        }
        let pong = self.stage.with(|world| world.evidence.len().saturating_sub(1));
        Ok(Ending::LeftOpen("neither closed nor answered, although another client is served", vec![pong]))
    }

    fn grade_ending(&self, ending: &Ending, expectation: &CloseExpectation, accepted_before: bool) -> Grade {
        let v5 = self.version() == Version::V5_0;
        match ending {
            Ending::LeftOpen(..) => expectation.left_open.unwrap_or(Grade::Fail),
            Ending::Bare => expectation.bare.unwrap_or(match (v5, accepted_before) {
                (true, true) => Grade::Warn,
                (false, false) if expectation.return_code.is_some() => Grade::Fail,
                (true | false, false) | (false, true) => Grade::Pass,
            }),
            Ending::Reason(reason, received) => {
                let fitting = match (v5, expectation.return_code) {
                    (false, Some(code)) => reason.0 == code,
                    (false, None) => false,
                    (true, _) => expectation.reasons.is_empty() || expectation.reasons.contains(&reason.0),
                };
                // An unknown version may be refused in the words of 3.1.1, whatever version is under test.
                let words_of_v3 = v5
                    && received.packet.packet_type() == PacketType::Connack
                    && reason.0 == 1
                    && expectation.reasons.contains(&ReasonCode::UNSUPPORTED_PROTOCOL_VERSION.0);
                if (fitting && (reason.is_error() || !v5)) || words_of_v3 {
                    Grade::Pass
                } else {
                    let other = if v5 { Grade::Warn } else { Grade::Fail };
                    expectation.other_reason.unwrap_or(other)
                }
            }
        }
    }

    fn describe_closing(&self, expectation: &CloseExpectation) -> String {
        let mut text = "the broker closes the network connection".to_owned();
        if self.version() == Version::V5_0 && !expectation.reasons.is_empty() {
            let codes: Vec<String> = expectation
                .reasons
                .iter()
                .map(|code| {
                    let code = ReasonCode(*code);
                    format!("{code} {}", code.name(Version::V5_0, PacketType::Disconnect))
                })
                .collect();
            text.push_str(" with ");
            text.push_str(&codes.join(" or "));
        }
        if let (Version::V3_1_1, Some(code)) = (self.version(), expectation.return_code) {
            text.push_str(" after CONNACK with return code ");
            text.push_str(&code.to_string());
        }
        text
    }
}

fn ended_at(world: &mut World, link: LinkId) -> Option<std::time::Duration> {
    let now = world.now;
    let link = world.link(link);
    match link.state {
        LinkState::Closed { at, .. } => Some(at),
        LinkState::Refused(_) => Some(now),
        LinkState::Opening | LinkState::Open => None,
    }
}

/// Packets with which the broker answers as if nothing were wrong. What comes after a DISCONNECT is another matter.
fn answers<'a>(inbox: impl IntoIterator<Item = &'a Received>) -> Vec<usize> {
    inbox
        .into_iter()
        .take_while(|received| !matches!(received.packet, Packet::Disconnect(_)))
        .filter(|received| match &received.packet {
            Packet::Connack(connack) => connack.reason.0 == 0,
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
                !ack.reason.is_error()
            }
            Packet::Suback(suback) => !suback.reasons.iter().all(|code| code.is_error()),
            Packet::Unsuback(unsuback) => {
                unsuback.reasons.is_empty() || !unsuback.reasons.iter().all(|code| code.is_error())
            }
            Packet::Pingresp => true,
            Packet::Publish(_)
            | Packet::Disconnect(_)
            | Packet::Auth(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::Pingreq => false,
        })
        .map(|received| received.evidence)
        .collect()
}
