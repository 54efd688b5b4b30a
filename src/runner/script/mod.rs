//! Plays one scenario: each step is an `async` function over the stage, and every failure becomes a finding.

mod choice;
mod circumstances;
mod cleanup;
mod clients;
mod closing;
mod edit;
mod exchange;
mod expect;
mod judging;
mod restart;
mod silence;
mod trouble;
mod wait;

use std::{collections::BTreeMap, time::Duration};

use mqttspec_spec::{StatementId, Version};

pub(super) use self::{
    circumstances::{Circumstances, UNIQUE, topic},
    trouble::Haste,
};
use self::{cleanup::Leftovers, clients::Clients, trouble::Trouble};
use super::{
    plan::Run,
    value::{Datum, Variables},
};
use crate::{
    scenario::ast::{Action, Step, StepKind},
    stage::{Objection, Stage},
    verdict::{Finding, Grade, Place, ScenarioResult},
};

/// The part of a scenario that a step belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `prepare` and `control`: what fails here is inconclusive.
    Preparation,
    /// `steps`: what fails here is judged.
    Judged,
}

struct Script {
    stage: Stage,
    run: Run,
    variables: Variables,
    clients: Clients,
    marks: BTreeMap<String, Duration>,
    leftovers: Leftovers,
    circumstances: Circumstances,
    findings: Vec<Finding>,
    /// Packets prove a finding.
    proven: bool,
    /// How far other findings may be those of the load.
    haste: Haste,
    /// How long the broker took to answer the latest fence; none if it did not.
    fence_took: Option<Duration>,
    markers: u32,
}

/// What came of a scenario.
pub(super) struct Played {
    pub(super) result: ScenarioResult,
    /// Whether the verdict may be that of the load on broker and machine. Then it is worth a quieter moment.
    pub(super) haste: Haste,
}

/// Plays a scenario and says what came of it. The script of a [`Play`](super::stage::Play).
pub(super) async fn play(stage: Stage, run: Run, circumstances: Circumstances) -> Played {
    let started = stage.now();
    let mut script = Script::new(stage, run, circumstances);
    script.play_sections().await;
    script.hear_the_referee();
    let (duration, evidence) =
        script.stage.with(|world| (world.now.saturating_sub(started), std::mem::take(&mut world.evidence)));
    script.clean_up().await;

    let haste = match script.stage.with(|world| world.is_mixed_up) {
        true => Haste::MixedUp,
        false if script.proven => Haste::None,
        false => script.haste,
    };
    let Script { run, mut findings, .. } = script;
    let grade = findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Pass);
    if grade == Grade::Pass {
        findings.clear();
    }
    let mut broken: Vec<StatementId> = findings
        .iter()
        .filter(|finding| matches!(finding.grade, Grade::Fail | Grade::Warn))
        .flat_map(|finding| finding.statements.iter().copied())
        .collect();
    broken.sort_unstable();
    broken.dedup();
    let result = ScenarioResult {
        scenario: run.scenario.id.clone(),
        title: run.scenario.title.clone(),
        version: run.version,
        variant: run.variant_name(),
        grade,
        statements: run.scenario.covers.of(run.version).to_vec(),
        broken,
        findings,
        duration,
        evidence,
    };
    Played { result, haste }
}

impl Script {
    fn new(stage: Stage, run: Run, circumstances: Circumstances) -> Self {
        let mut variables = Variables::default();
        variables.set("topic", Datum::Text(topic(&circumstances.unique)));
        variables.set("id", Datum::Text(circumstances.unique.clone()));
        for (name, value) in &circumstances.limits {
            variables.set(name, Datum::Number(*value));
        }
        for (name, value) in &run.variant {
            variables.set(name, value.into());
        }
        let scenario = &run.scenario;
        let steps = scenario.prepare.iter().chain(&scenario.control).chain(&scenario.steps);
        let clients = Clients::of(steps, &circumstances.unique);
        for (name, client_id) in clients.ids() {
            variables.set(format!("id.{name}"), Datum::Text(client_id.to_owned()));
        }
        Self {
            stage,
            run,
            variables,
            clients,
            marks: BTreeMap::new(),
            leftovers: Leftovers::default(),
            circumstances,
            findings: Vec::new(),
            proven: false,
            haste: Haste::None,
            fence_took: None,
            markers: 0,
        }
    }

    fn version(&self) -> Version {
        self.run.version
    }

    async fn play_sections(&mut self) {
        let scenario = std::sync::Arc::clone(&self.run.scenario);
        for (section, steps) in [
            (Section::Preparation, &scenario.prepare),
            (Section::Preparation, &scenario.control),
            (Section::Judged, &scenario.steps),
        ] {
            if !self.play_steps(section, steps).await {
                return;
            }
        }
    }

    /// Plays steps in order; `false` if the scenario must not go on.
    async fn play_steps(&mut self, section: Section, steps: &[Step]) -> bool {
        for step in steps {
            if step.only.is_some_and(|only| only != self.version()) {
                continue;
            }
            let go_on = match &step.kind {
                StepKind::Repeat { count, variable, steps } => match self.variables.number(count) {
                    Ok(count) => Box::pin(self.repeat(section, count, variable.as_deref(), steps)).await,
                    Err(error) => self.record(section, step, error.into()),
                },
                StepKind::Wait(duration) => match self.variables.duration(duration) {
                    Ok(duration) => {
                        let time = self.stage.now() + duration;
                        self.stage.sleep_until(time).await;
                        true
                    }
                    Err(error) => self.record(section, step, error.into()),
                },
                StepKind::Restart(restart) => match self.restart(*restart).await {
                    Ok(()) => true,
                    Err(trouble) => self.record(section, step, trouble),
                },
                StepKind::Whichever(whichever) => match self.whichever(whichever).await {
                    Ok(()) => true,
                    Err(trouble) => self.record(section, step, trouble),
                },
                StepKind::Client { name, action } => match self.act(name, action).await {
                    Ok(()) => true,
                    Err(trouble) => self.record(section, step, trouble),
                },
            };
            if !go_on {
                return false;
            }
        }
        true
    }

    async fn repeat(&mut self, section: Section, count: f64, variable: Option<&str>, steps: &[Step]) -> bool {
        let mut round = 1.0;
        while round <= count {
            if let Some(name) = variable {
                self.variables.set(name, Datum::Number(round));
            }
            if !self.play_steps(section, steps).await {
                return false;
            }
            round += 1.0;
        }
        true
    }

    async fn act(&mut self, client: &str, action: &Action) -> Result<(), Trouble> {
        match action {
            Action::Open => self.open(client).await.map(|_| ()),
            Action::Connect(exchange) => self.connect(client, exchange).await,
            Action::Disconnect(packet) => self.disconnect(client, packet).await,
            Action::Cut => self.cut(client).await,
            Action::HalfClose => self.half_close(client),
            Action::Publish(exchange) => self.publish(client, exchange).await,
            Action::Subscribe(exchange) => self.subscribe(client, exchange).await,
            Action::Unsubscribe(exchange) => self.unsubscribe(client, exchange).await,
            Action::Ping(_) => self.ping(client).await,
            Action::Send { items, mark, frame } => self.send_items(client, items, (mark.as_deref(), *frame)),
            Action::Receive(expectation) => self.expect(client, expectation, true).await,
            Action::Expect(expectation) => self.expect(client, expectation, false).await,
            Action::ExpectAnyOrder { patterns, acknowledge, terms } => {
                self.expect_any_order(client, patterns, *acknowledge, terms).await
            }
            Action::ReceiveOneOf { sets, terms } => self.receive_one_of(client, sets, terms).await,
            Action::ExpectOneOf { outcomes, terms } => self.expect_one_of(client, outcomes, terms).await,
            Action::ExpectNothingMore { fence, .. } => self.expect_nothing_more(client, fence.as_ref()).await,
            Action::ExpectClosed(expectation) => self.expect_closed(client, expectation).await,
        }
    }

    /// Turns trouble into a finding; `true` if the scenario can go on.
    fn record(&mut self, section: Section, step: &Step, trouble: Trouble) -> bool {
        let (grade, statements, says) = self.judge(section, step, &trouble);
        if grade == Grade::Pass {
            return true;
        }
        // What does not get to its point is no verdict, and another try costs little: alone, if it came as far as to be judged.
        // But a broker that has not come back does not come up any better for having been launched again.
        let restarts = matches!(step.kind, StepKind::Restart(_));
        let haste = match (grade, section) {
            (Grade::Inconclusive, Section::Judged) if !restarts => trouble.haste.max(Haste::Closed),
            (Grade::Inconclusive, Section::Preparation) if !restarts => trouble.haste.max(Haste::Late),
            _ if trouble.haste == Haste::Late && self.is_at_leisure() => Haste::None,
            _ => trouble.haste,
        };
        self.haste = self.haste.max(haste);
        self.proven |= haste == Haste::None && matches!(grade, Grade::Warn | Grade::Fail);
        let expected = match says {
            Some(says) => format!("{} ({says})", trouble.expected),
            None => trouble.expected,
        };
        self.findings.push(Finding {
            grade,
            statements,
            place: Some(self.place(step)),
            expected,
            observed: trouble.observed,
            packets: trouble.packets,
            parts: trouble.parts,
        });
        grade <= Grade::Warn
    }

    /// A broker that answers the fence at once is not kept busy by other scenarios: what it has not sent by then, it does
    /// not send.
    fn is_at_leisure(&self) -> bool {
        self.fence_took.is_some_and(|took| took <= self.circumstances.patience / 10)
    }

    fn place(&self, step: &Step) -> Place {
        let source = &self.run.scenario.source;
        let before = source.text.get(..step.span.start).unwrap_or(&source.text);
        let line = before.matches('\n').count() + 1;
        let text = excerpt(source.text.get(step.span.clone()).unwrap_or(""));
        Place { path: source.path.clone(), line, text }
    }

    /// The broker's violations that the referee saw on any network connection of the scenario.
    fn hear_the_referee(&mut self) {
        let objections = self.stage.with(|world| std::mem::take(&mut world.objections));
        let before = self.findings.len();
        self.findings.extend(objections.into_iter().filter_map(Objection::finding));
        self.proven |= self.findings.len() > before;
    }
}

/// The first lines of a step, on one line.
fn excerpt(step: &str) -> String {
    const LINES: usize = 3;
    let mut lines = step.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut text = lines.by_ref().take(LINES).collect::<Vec<_>>().join(" ");
    if lines.next().is_some() {
        text.push_str(" …");
    }
    text
}
