//! Expecting packets: one, several in any order, or one of several outcomes.

use std::time::Duration;

use mqttspec_wire::{
    Packet,
    packet::{Ack, Delivery, PacketType},
};

use super::{
    Script,
    trouble::{Haste, Nature, Trouble},
    wait::Waited,
};
use crate::{
    runner::matching::{self, Mismatch},
    scenario::ast::{Expectation, Judgement, Outcome, OutcomeEvent, PacketPattern, Terms},
    stage::{LinkId, LinkState, Received},
    verdict::Grade,
};

/// The time in which something is expected.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// From when the terms count.
    pub(super) since: Duration,
    /// Not before this.
    pub(super) earliest: Option<Duration>,
    /// Until this; later counts as late only if the scenario named the limit.
    pub(super) deadline: Duration,
    /// Whether the scenario named the limit.
    pub(super) explicit: bool,
}

impl Script {
    pub(super) fn window(&self, terms: &Terms) -> Result<Window, Trouble> {
        let since = match &terms.since {
            None => self.stage.now(),
            Some(mark) => *self
                .marks
                .get(mark)
                .ok_or_else(|| Trouble::harness(format!("the mark {mark} was not set before")))?,
        };
        let earliest = terms.not_before.as_ref().map(|expr| self.variables.duration(expr)).transpose()?;
        let within = terms.within.as_ref().map(|expr| self.variables.duration(expr)).transpose()?;
        Ok(Window {
            since,
            earliest: earliest.map(|earliest| since + earliest),
            deadline: within.map_or_else(|| self.patience(), |within| since + within),
            explicit: within.is_some(),
        })
    }

    pub(super) async fn expect(
        &mut self,
        client: &str,
        expectation: &Expectation,
        acknowledge: bool,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let window = self.window(&expectation.terms)?;
        let pattern = &expectation.pattern;
        let expected = matching::describe_pattern(pattern, self.version(), &self.variables);
        let received = self.next_of(link, &[pattern.packet], window, &expected).await?;
        self.require(pattern, &received, &expected)?;
        if acknowledge { self.acknowledge(link, &received).await } else { Ok(()) }
    }

    /// The packet received matches the pattern.
    pub(super) fn require(
        &mut self,
        pattern: &PacketPattern,
        received: &Received,
        expected: &str,
    ) -> Result<(), Trouble> {
        let mismatches = self.compare(pattern, &received.packet)?;
        if mismatches.is_empty() {
            return Ok(());
        }
        let trouble = Trouble::unfit(expected, list(received, &mismatches), received);
        // A refusal does not show what else the CONNACK of a client that is let in would say.
        let is_refused = matches!(&received.packet, Packet::Connack(connack) if connack.reason.0 != 0);
        let parts: Vec<String> = mismatches.into_iter().flat_map(|mismatch| mismatch.parts).collect();
        let wants_more = pattern.fields.len() > 1 && parts.iter().any(|part| part == "reason");
        let trouble = if is_refused && wants_more { trouble.into_undecided() } else { trouble };
        Err(trouble.at(parts))
    }

    /// The next packet of one of these types, if it comes in time.
    pub(super) async fn next_of(
        &mut self,
        link: LinkId,
        types: &[PacketType],
        window: Window,
        expected: &str,
    ) -> Result<Received, Trouble> {
        let by_subscribing = types.contains(&PacketType::Pingresp);
        let waited = self
            .wait_for(link, window.deadline, by_subscribing, |packet| types.contains(&packet.packet_type()))
            .await;
        let received = self.came(link, expected, waited)?;
        in_time(window, received.at, expected).map_err(|trouble| trouble.shown_by(&received))?;
        Ok(received)
    }

    fn compare(&mut self, pattern: &PacketPattern, packet: &Packet) -> Result<Vec<Mismatch>, Trouble> {
        let version = self.version();
        Ok(matching::compare(pattern, packet, version, &mut self.variables)?)
    }

    /// The subscriber's part of the handshake of a PUBLISH.
    pub(super) async fn acknowledge(&mut self, link: LinkId, received: &Received) -> Result<(), Trouble> {
        let Packet::Publish(publish) = &received.packet else { return Ok(()) };
        let version = self.version();
        match publish.delivery {
            Delivery::AtMostOnce => {}
            Delivery::AtLeastOnce { id, .. } => {
                self.stage.send(link, Packet::Puback(Ack::success(id)).to_bytes(version));
            }
            Delivery::ExactlyOnce { id, .. } => {
                self.stage.send(link, Packet::Pubrec(Ack::success(id)).to_bytes(version));
                let expected = format!("PUBREL for packet identifier {id}");
                let released = self
                    .answer(link, &expected, |packet| matches!(packet, Packet::Pubrel(ack) if ack.id == id))
                    .await;
                // A scenario that judges PUBREL expects it by itself; here it is only the way on.
                released.map_err(Trouble::into_undecided)?;
                self.stage.send(link, Packet::Pubcomp(Ack::success(id)).to_bytes(version));
            }
        }
        Ok(())
    }

    pub(super) async fn expect_any_order(
        &mut self,
        client: &str,
        patterns: &[PacketPattern],
        acknowledge: bool,
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let window = self.window(terms)?;
        let version = self.version();
        let types: Vec<PacketType> = patterns.iter().map(|pattern| pattern.packet).collect();
        let words: Vec<String> = patterns
            .iter()
            .map(|pattern| matching::describe_pattern(pattern, version, &self.variables))
            .collect();
        let expected = format!("in any order: {}", words.join("; "));
        let mut received = Vec::new();
        while received.len() < patterns.len() {
            match self.next_of(link, &types, window, &expected).await {
                Ok(packet) => {
                    // A broker may wait for one acknowledgement before it sends the next message.
                    if acknowledge {
                        self.acknowledge(link, &packet).await?;
                    }
                    received.push(packet);
                }
                Err(mut trouble) => {
                    trouble.packets.extend(received.iter().map(|packet| packet.evidence));
                    if !received.is_empty() {
                        trouble.observed = format!(
                            "{} of {} packets, then {}",
                            received.len(),
                            patterns.len(),
                            trouble.observed
                        );
                    }
                    return Err(trouble);
                }
            }
        }
        if !self.assign(patterns, &received)? {
            let seen: Vec<String> = received
                .iter()
                .map(|received| crate::describe::describe(&received.packet, version))
                .collect();
            let mut trouble = Trouble::breach(expected, seen.join("; "));
            trouble.packets = received.iter().map(|received| received.evidence).collect();
            return Err(trouble);
        }
        Ok(())
    }

    /// Whether each pattern can have a packet of its own; tries every assignment, since patterns may overlap.
    pub(super) fn assign(
        &mut self,
        patterns: &[PacketPattern],
        received: &[Received],
    ) -> Result<bool, Trouble> {
        let Some((pattern, others)) = patterns.split_first() else { return Ok(true) };
        for (index, candidate) in received.iter().enumerate() {
            if candidate.packet.packet_type() == pattern.packet
                && self.compare(pattern, &candidate.packet)?.is_empty()
            {
                let mut rest = received.to_vec();
                rest.remove(index);
                if self.assign(others, &rest)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    pub(super) async fn expect_one_of(
        &mut self,
        client: &str,
        outcomes: &[Outcome],
        terms: &Terms,
    ) -> Result<(), Trouble> {
        let link = self.link(client)?;
        let window = self.window(terms)?;
        let version = self.version();
        let expected = self.describe_outcomes(outcomes);
        let types: Vec<PacketType> = outcomes
            .iter()
            .filter_map(|outcome| match &outcome.event {
                OutcomeEvent::Packet(pattern) => Some(pattern.packet),
                OutcomeEvent::Closed | OutcomeEvent::Nothing => None,
            })
            .collect();
        let waited =
            self.wait_for(link, window.deadline, false, |packet| types.contains(&packet.packet_type())).await;
        let outcome_of =
            |event: fn(&OutcomeEvent) -> bool| outcomes.iter().find(|outcome| event(&outcome.event));
        let closed = self.stage.with(|world| {
            let link = world.link(link);
            matches!(link.state, LinkState::Closed { .. }) && link.garbled.is_none()
        });
        let found = match &waited {
            Waited::Packet(received) => {
                in_time(window, received.at, &expected)?;
                let mut found = None;
                for outcome in outcomes {
                    if let OutcomeEvent::Packet(pattern) = &outcome.event
                        && pattern.packet == received.packet.packet_type()
                        && self.compare(pattern, &received.packet)?.is_empty()
                    {
                        found = Some((outcome, crate::describe::describe(&received.packet, version)));
                        break;
                    }
                }
                if found.is_none() {
                    let observed = crate::describe::describe(&received.packet, version);
                    return Err(Trouble::unfit(expected, observed, received));
                }
                found
            }
            Waited::Ended if closed => outcome_of(|event| matches!(event, OutcomeEvent::Closed))
                .map(|outcome| (outcome, "the broker closed the network connection".to_owned())),
            Waited::Missing => outcome_of(|event| matches!(event, OutcomeEvent::Nothing))
                .map(|outcome| (outcome, "nothing, although the broker answered a later packet".to_owned())),
            Waited::Ended | Waited::Silent => None,
        };
        let Some((outcome, observed)) = found else {
            return self.came(link, &expected, waited).map(|_| ());
        };
        let judgement = outcome.otherwise.of(version);
        if judgement.grade == Grade::Pass {
            return Ok(());
        }
        let statements = self.statements(Some(judgement));
        let mut trouble = Trouble::breach(expected, observed);
        trouble.nature = Nature::Graded(Box::new(Judgement { statements, ..judgement.clone() }));
        Err(match &waited {
            Waited::Packet(received) => trouble.shown_by(received),
            Waited::Missing | Waited::Silent => trouble.late(),
            Waited::Ended => Trouble { haste: Haste::Closed, ..trouble },
        })
    }

    fn describe_outcomes(&self, outcomes: &[Outcome]) -> String {
        let version = self.version();
        let words: Vec<String> = outcomes
            .iter()
            .filter(|outcome| outcome.otherwise.of(version).grade == Grade::Pass)
            .map(|outcome| match &outcome.event {
                OutcomeEvent::Packet(pattern) => {
                    matching::describe_pattern(pattern, version, &self.variables)
                }
                OutcomeEvent::Closed => "the network connection closed".to_owned(),
                OutcomeEvent::Nothing => "nothing".to_owned(),
            })
            .collect();
        words.join(", or ")
    }
}

/// Whether something that happened at `at` happened in the window.
pub(super) fn in_time(window: Window, at: Duration, expected: &str) -> Result<(), Trouble> {
    let seconds = |time: Duration| time.saturating_sub(window.since).as_secs_f64();
    if let Some(earliest) = window.earliest
        && at < earliest
    {
        let observed = format!("it came {:.3} s after that, too early", seconds(at));
        let expected = format!("{expected} not before {:.3} s", seconds(earliest));
        return Err(Trouble::breach(expected, observed).late());
    }
    if window.explicit && at > window.deadline {
        let observed = format!("it came {:.3} s after that, too late", seconds(at));
        let expected = format!("{expected} within {:.3} s", seconds(window.deadline));
        return Err(Trouble::breach(expected, observed).late());
    }
    Ok(())
}

fn list(received: &Received, mismatches: &[Mismatch]) -> String {
    let words: Vec<String> = mismatches.iter().map(Mismatch::to_string).collect();
    format!("a {} whose {}", received.packet.packet_type(), words.join("; "))
}
