//! `mqttspec fleet`: plays a fleet of devices on bad links and judges what the broker promised them.

mod target;
mod watching;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use mqttspec_fleet::{
    history::{Finding, Verdict},
    layout::Layout,
    plan::{Plan, SECOND},
    shrink::shrink,
    world::{Options, Outcome, Progress, World},
};
use reference_broker::{Rule, Rules};

use self::{target::Target, watching::Watching};
use super::{
    BadInput, Exit,
    interrupt::on_interrupt,
    reports::{self, Circumstances, Reports},
    terminal::{Terminal, complain, print},
};
use crate::{
    diagnostic::suggest::did_you_mean,
    fleet::{
        explore::{Found, MUTANTS, search},
        mutants, outcome,
        plan::{self, PlanError},
        report::{self, Report},
        scenario,
        sockets::{Absence, Ending, Played},
    },
    report::{Date, Page, Tone, counted},
    runner::Stop,
    verdict::RunReport,
};

/// Play a fleet: devices on links that stall and break, with an oracle for what MQTT promises them
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    /// A plan: a file, or the name of one of those that are part of the program
    #[arg(value_name = "PLAN", required_unless_present_any = ["list", "explore", "mutants"])]
    plan: Option<String>,
    /// List the plans that are part of the program
    #[arg(long, conflicts_with_all = ["wanted", "json"])]
    list: bool,
    #[command(flatten)]
    target: Target,
    /// Where all chance comes from: in virtual time the same seed makes the same run, to the last byte
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Let the reference broker break this rule on purpose, to see what the fleet notices; may be repeated
    #[arg(long = "break", value_name = "RULE", value_parser = rule)]
    broken: Vec<Rule>,
    /// If a promise is broken, make its history as small as possible and write it as a scenario
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Instead of a plan, play so many random ones against the reference broker and its mutants
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["plan", "list", "scenario", "wanted", "json"])]
    explore: Option<u64>,
    /// While it plays, show it on a page at this address, as in 127.0.0.1:8080, with numbers for Prometheus at /metrics
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["list", "explore", "mutants"])]
    live: Option<SocketAddr>,
    /// Play the plans that are part of the program against brokers that break one rule of delivery, sessions, wills or
    /// retained messages each, to see that every breach is found
    #[arg(long, conflicts_with_all = ["plan", "list", "scenario", "url", "launch", "explore", "wanted", "json"])]
    mutants: bool,
    #[command(flatten)]
    reports: Reports,
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let guess = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name()));
        guess.unwrap_or_else(|| "`mqttspec broker rules` lists them".to_owned())
    })
}

pub(super) fn fleet(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let stop = Stop::default();
    let (asked, abandoned) = (stop.clone(), stop.clone());
    let stopped = || stop.is_asked();
    if let Some(count) = arguments.explore {
        on_interrupt(move || asked.ask(), move || abandoned.abandon());
        return Ok(swarm(arguments, count, &stopped, terminal));
    }
    if arguments.mutants {
        on_interrupt(move || asked.ask(), move || abandoned.abandon());
        return show_mutants(arguments, &stopped, terminal);
    }
    let Some(name) = arguments.plan.as_ref().filter(|_| !arguments.list) else {
        list(terminal);
        return Ok(Exit::Success);
    };
    let plan = load(name, terminal)?;
    let layout = written_out(plan)?;
    let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
    let options = Options { seed: arguments.seed, rules, ..Options::default() };
    let opened = arguments.reports.open()?;
    let (began, date) = (Instant::now(), reports::now());
    on_interrupt(move || asked.ask(), move || abandoned.abandon());
    let told = format!("{}, {}", counted(layout.devices.len(), "device"), arguments.target.name());
    let mut watching = Watching::new(&layout, &told, arguments.live, terminal)?;
    let mut watch = |progress: &Progress<'_>| {
        watching.look(progress);
        !stop.is_asked()
    };
    let played = play(arguments, (&layout, &options), (&stop, terminal), &mut watch)?;
    watching.clear();
    let Some(Played { outcome, ending, absences }) = played else { return Ok(Exit::Undecided) };
    watching.conclude(report::conclusion(&outcome.verdict).1);
    let mut run = outcome::outcome(&outcome, &layout, &arguments.target.name(), began.elapsed());
    if ending != Ending::Complete {
        run.stopped = Some(ending.to_string());
    }
    let mut page = Page::new(terminal.reading_width(), terminal.colour && !opened.takes_stdout());
    report::write(
        &mut page,
        &Report {
            layout: &layout,
            verdict: &outcome.verdict,
            numbers: &outcome.numbers,
            about: about(&layout, arguments, &outcome),
            notes: notes(&ending, &absences),
        },
    );
    let mut history = None;
    if let (Some(path), Some(finding)) = (&arguments.scenario, outcome.verdict.broken().next()) {
        let (told, text) = write_scenario(path, &layout, &options, finding, &stopped)?;
        page.blank();
        page.paragraph(0, Tone::Plain, &told);
        history = text.map(|text| (outcome::id(finding.promise), text));
    }
    let tell = if opened.takes_stdout() { complain } else { print };
    tell(&page.finish());
    opened.write(&[judged(run, history, arguments, date)])?;
    Ok(exit(&outcome.verdict))
}

/// In virtual time, or against the target in real time; none if that cannot begin.
fn play(
    arguments: &Arguments,
    (layout, options): (&Layout, &Options),
    (stop, terminal): (&Stop, Terminal),
    watch: &mut dyn FnMut(&Progress<'_>) -> bool,
) -> Result<Option<Played>, BadInput> {
    if arguments.target.is_elsewhere() {
        return arguments.target.play((layout, options), (stop, terminal), watch);
    }
    let outcome = World::new(layout, options).play(watch);
    let ending = if outcome.verdict.complete { Ending::Complete } else { Ending::Interrupted };
    Ok(Some(Played { outcome, ending, absences: Vec::new() }))
}

/// What happened to the broker and to the run, a sentence each.
fn notes(ending: &Ending, absences: &[Absence]) -> Vec<String> {
    let gone = absences.iter().map(|absence| format!("{absence}."));
    let early = (*ending != Ending::Complete).then(|| format!("The run is over early: {ending}."));
    gone.chain(early).collect()
}

/// Makes the history of a finding small and writes it as a scenario. What to tell about it, and the scenario.
fn write_scenario(
    path: &Path,
    layout: &Layout,
    options: &Options,
    finding: &Finding,
    stopped: &dyn Fn() -> bool,
) -> Result<(String, Option<String>), BadInput> {
    let Some(shrunk) = shrink(layout, options, finding, stopped) else {
        return Ok(("The promise did not break again, so there is no scenario.".to_owned(), None));
    };
    let written = scenario::write(layout, options, &shrunk);
    fs::write(path, &written.text)
        .map_err(|error| BadInput::new(format!("cannot write {}: {error}", path.display())))?;
    let clients = counted(written.clients, "client");
    let proof = if written.is_proven {
        "it fails on this broker and passes on the reference broker"
    } else {
        "but it does not show the breach by itself: what breaks depends on the timing of the links"
    };
    let told = format!(
        "{} holds the history with {clients}, found in {} runs; {proof}.",
        path.display(),
        shrunk.runs
    );
    Ok((told, Some(written.text)))
}

/// The report of a run, with the scenario that its history became, by the id of the result it belongs to.
fn judged(
    run: RunReport,
    history: Option<(String, String)>,
    arguments: &Arguments,
    date: Date,
) -> crate::report::Report {
    let rules: Vec<&str> = arguments.broken.iter().map(|rule| rule.name()).collect();
    let profile = (!rules.is_empty()).then(|| format!("without {}", rules.join(", ")));
    let profile = profile.as_deref();
    let about = Circumstances { scenarios: &[], repeated: &[], broker: None, profile, strict: false, date };
    let mut report = reports::report(run, &about);
    // The referee of scenarios does not watch fleets, so nothing counts as watched by it.
    report.judges.clear();
    report.scenarios.extend(history);
    report
}

/// Random plans against the reference broker, which must keep its promises, and its mutants, which must not.
fn swarm(arguments: &Arguments, count: u64, stopped: &dyn Fn() -> bool, terminal: Terminal) -> Exit {
    let seeds = || arguments.seed..arguments.seed.saturating_add(count);
    let mut page = terminal.list_page();
    let mut gaps = 0;
    let told = |found: &Found| {
        format!("seed {}: {}  {}", found.seed, found.finding.statement, found.finding.promise.text())
    };
    let mutants = if arguments.broken.is_empty() { &MUTANTS[..] } else { &arguments.broken };
    if arguments.broken.is_empty() {
        let accused = search(seeds(), Rules::all(), stopped);
        let (tone, text) = match &accused {
            None => (Tone::Good, format!("{count} random plans, no promise broken")),
            Some(found) => (Tone::Bad, told(found)),
        };
        page.line(0, &[(Tone::Strong, "the reference broker           "), (tone, &text)]);
        for (at, what) in accused.iter().flat_map(|found| &found.finding.because) {
            page.hanging(4, &format!("{:>12}  ", report::time(*at)), Tone::Plain, what);
        }
        gaps += u32::from(accused.is_some());
    }
    for rule in mutants {
        let found = search(seeds(), Rules::all().without(*rule), stopped);
        let (tone, text) = match &found {
            Some(found) => (Tone::Plain, told(found)),
            None => (Tone::Bad, "not found".to_owned()),
        };
        gaps += u32::from(found.is_none());
        page.line(0, &[(Tone::Strong, &format!("{:31}", rule.name())), (tone, &text)]);
    }
    print(&page.finish());
    match (stopped(), gaps) {
        (true, _) => Exit::Undecided,
        (false, 0) => Exit::Success,
        (false, _) => Exit::NotConforming,
    }
}

/// Mutants of the reference broker, each of which has to show in one of the ready plans.
fn show_mutants(
    arguments: &Arguments,
    stopped: &dyn Fn() -> bool,
    terminal: Terminal,
) -> Result<Exit, BadInput> {
    let mut plans = Vec::new();
    for (name, _) in plan::builtin() {
        plans.push((name, load(name, terminal)?));
    }
    let mut gaps = 0;
    let known = || mutants::RULES.iter().map(|(rule, _)| *rule);
    let rules: Vec<Rule> =
        if arguments.broken.is_empty() { known().collect() } else { arguments.broken.clone() };
    for rule in rules {
        let began = Instant::now();
        let shown = mutants::show(rule, &plans, arguments.seed, stopped);
        let seconds = began.elapsed().as_secs_f32();
        let (tone, text) = match &shown {
            Some(shown) => {
                let mutants::Shown { plan, finding } = shown;
                (Tone::Plain, format!("{plan}: {}  {}", finding.statement, finding.promise.text()))
            }
            None if stopped() => return Ok(Exit::Undecided),
            None => (Tone::Bad, "not found".to_owned()),
        };
        gaps += u32::from(shown.is_none());
        let mut page = terminal.list_page();
        page.line(
            0,
            &[
                (Tone::Strong, &format!("{:31}", rule.name())),
                (Tone::Faint, &format!("{seconds:5.1} s  ")),
                (tone, &text),
            ],
        );
        print(&page.finish());
    }
    for (rule, reason) in mutants::UNSEEN.iter().filter(|_| arguments.broken.is_empty()) {
        let mut page = terminal.list_page();
        page.line(
            0,
            &[(Tone::Strong, &format!("{:31}", rule.name())), (Tone::Faint, &format!("         {reason}"))],
        );
        print(&page.finish());
    }
    Ok(if gaps == 0 { Exit::Success } else { Exit::NotConforming })
}

fn about(layout: &Layout, arguments: &Arguments, outcome: &Outcome) -> String {
    let rules: Vec<&str> = arguments.broken.iter().map(|rule| rule.name()).collect();
    if arguments.target.is_elsewhere() {
        let target = arguments.target.name();
        let seconds = outcome.ended / SECOND;
        let seed = arguments.seed;
        return format!("{} devices, {target}, {seconds} s, seed {seed}", layout.devices.len());
    }
    let target = match rules.as_slice() {
        [] => "the reference broker".to_owned(),
        rules => format!("the reference broker without {}", rules.join(", ")),
    };
    format!(
        "{} devices, {target}, {} s of virtual time, seed {}, trace {:016x}",
        layout.devices.len(),
        outcome.ended / SECOND,
        arguments.seed,
        outcome.trace,
    )
}

fn exit(verdict: &Verdict) -> Exit {
    if verdict.is_broken() {
        Exit::NotConforming
    } else if verdict.is_conforming() && !verdict.has_undecided() {
        Exit::Success
    } else {
        Exit::Undecided
    }
}

fn load(name: &str, terminal: Terminal) -> Result<Plan, BadInput> {
    plan::load(name).map_err(|error| match error {
        PlanError::Mistakes(mistakes) => {
            BadInput::new(format!("the plan has mistakes\n\n{}", mistakes.render(terminal.stderr_colour)))
        }
        PlanError::Unreadable { .. } | PlanError::Unknown { .. } => BadInput::new(error.to_string()),
    })
}

fn written_out(plan: Plan) -> Result<Layout, BadInput> {
    Layout::new(plan)
        .map_err(|_| BadInput::new("the plan has more devices, topics or messages than can be numbered"))
}

fn list(terminal: Terminal) {
    let mut page = terminal.list_page();
    for (name, title) in plan::builtin() {
        page.line(0, &[(Tone::Strong, &format!("{name:18}")), (Tone::Plain, &title)]);
    }
    print(&page.finish());
}
