//! `mqttspec fleet`: plays a fleet of devices on bad links and judges what the broker promised them.

mod history;
mod mutants;
mod sharing;
mod target;
mod watching;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Instant};

use clap::Args;
use mqttspec_fleet::{
    history::Verdict,
    layout::Layout,
    plan::{Client, Plan, SECOND},
    world::{Options, Outcome, Progress, World},
};
use reference_broker::{Rule, Rules};

pub(super) use self::sharing::{is_history, judge};
use self::{
    history::History,
    sharing::{Share, Sharing},
    target::Target,
    watching::Watching,
};
use super::{
    BadInput, Exit,
    interrupt::on_interrupt,
    reports::{self, Circumstances, Reports},
    terminal::{Terminal, complain, print},
};
use crate::{
    diagnostic::suggest::did_you_mean,
    fleet::{
        measured::{measured, misdeeds},
        outcome,
        plan::{self, PlanError},
        report::{self, Report},
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
    sharing: Sharing,
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
    let interruptible = || on_interrupt(move || asked.ask(), move || abandoned.abandon());
    if let Some(count) = arguments.explore {
        interruptible();
        return Ok(mutants::swarm(arguments, count, &stopped, terminal));
    }
    if arguments.mutants {
        interruptible();
        return mutants::show(arguments, &stopped, terminal);
    }
    let Some(name) = arguments.plan.as_ref().filter(|_| !arguments.list) else {
        list(terminal);
        return Ok(Exit::Success);
    };
    judge_plan(arguments, name, (&stop, interruptible), terminal)
}

/// Plays a plan and says what came of it. What is wrong with the arguments is said before it can be interrupted.
fn judge_plan(
    arguments: &Arguments,
    name: &str,
    (stop, interruptible): (&Stop, impl FnOnce()),
    terminal: Terminal,
) -> Result<Exit, BadInput> {
    let plan = load(name, terminal)?;
    refuse_libraries(&plan, name, &arguments.target)?;
    let layout = written_out(plan)?;
    let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
    let mut options = Options { seed: arguments.seed, rules, ..Options::default() };
    let opened = arguments.reports.open()?;
    let (began, date) = (Instant::now(), reports::now());
    interruptible();
    let told = format!("{}, {}", counted(layout.devices.len(), "device"), arguments.target.name());
    let mut watching = Watching::new(&layout, &told, arguments.live, terminal)?;
    if arguments.sharing.shard.is_some() && !arguments.target.is_elsewhere() {
        return Err(BadInput::new("the shares of a fleet play against one broker: name it with --target"));
    }
    let mut share = arguments.sharing.begin(name, &layout, &mut options, stop)?;
    let mut watch = |progress: &Progress<'_>| {
        watching.look(progress);
        !stop.is_asked() && share.as_mut().is_none_or(Share::write)
    };
    let played = play(arguments, (&layout, &options), (stop, terminal), &mut watch)?;
    watching.clear();
    let Some(Played { outcome, ending, absences, hindered, failures }) = played else {
        return Ok(Exit::Undecided);
    };
    if let Some(share) = share {
        share.finish(&outcome)?;
    }
    watching.conclude(report::conclusion(&outcome.verdict).1);
    let mut run = outcome::outcome(&outcome, &layout, &arguments.target.name(), began.elapsed());
    if ending != Ending::Complete {
        run.stopped = Some(ending.to_string());
    }
    let misdeeds = misdeeds(&layout.plan, &outcome.conduct);
    let mut page = Page::new(terminal.reading_width(), terminal.colour && !opened.takes_stdout());
    report::write(
        &mut page,
        &Report {
            layout: &layout,
            verdict: &outcome.verdict,
            numbers: &outcome.numbers,
            about: about(&layout, arguments, &outcome),
            notes: notes(&ending, &absences, hindered),
            misdeeds: Some(&misdeeds[..]).filter(|_| !outcome.conduct.is_empty()),
            failures: &failures,
        },
    );
    let wanted = arguments.scenario.is_some() || !arguments.reports.is_empty();
    let finding = outcome.verdict.broken().next().filter(|_| wanted && !arguments.target.is_elsewhere());
    let history = finding.map(|finding| History::of((&layout, &options), finding, &|| stop.is_asked()));
    if let Some(history) = &history {
        history.write(arguments.scenario.as_deref(), &mut page)?;
        history.attach(&mut run);
    }
    let tell = if opened.takes_stdout() { complain } else { print };
    tell(&page.finish());
    let mut judged = judged(run, arguments, date);
    judged.scenarios.extend(history.and_then(History::scenario));
    judged.fleet = Some(measured(&outcome.numbers, misdeeds));
    opened.write(&[judged])?;
    Ok(match arguments.sharing.shard {
        // What is owed between shares is judged when they are put together.
        Some(_) if outcome.verdict.complete && !outcome.verdict.is_broken() => Exit::Success,
        Some(_) | None => exit(&outcome.verdict),
    })
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
    let (absences, failures) = (Vec::new(), BTreeMap::new());
    Ok(Some(Played { outcome, ending, absences, hindered: None, failures }))
}

/// What happened to the broker, to this system and to the run, a sentence each.
fn notes(ending: &Ending, absences: &[Absence], hindered: Option<String>) -> Vec<String> {
    let gone = absences.iter().map(|absence| format!("{absence}."));
    let hindered = hindered.map(|why| {
        format!("Some devices could not connect when they wanted to: {why}. That is this system's limit, not the broker's.")
    });
    let early = (*ending != Ending::Complete).then(|| format!("The run is over early: {ending}."));
    gone.chain(hindered).chain(early).collect()
}

/// The report of a run.
fn judged(run: RunReport, arguments: &Arguments, date: Date) -> crate::report::Report {
    let rules: Vec<&str> = arguments.broken.iter().map(|rule| rule.name()).collect();
    let profile = (!rules.is_empty()).then(|| format!("without {}", rules.join(", ")));
    let profile = profile.as_deref();
    let about = Circumstances { scenarios: &[], repeated: &[], broker: None, profile, strict: false, date };
    let mut report = reports::report(run, &about);
    // The referee of scenarios does not watch fleets, so nothing counts as watched by it.
    report.judges.clear();
    report
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

/// A library for a client opens network connections by itself, which there are not in virtual time.
fn refuse_libraries(plan: &Plan, name: &str, target: &Target) -> Result<(), BadInput> {
    if target.is_elsewhere() || plan.groups.iter().all(|group| group.client == Client::Own) {
        return Ok(());
    }
    Err(BadInput::new(format!(
        "`{name}` has devices with a library for a client, which needs a broker on the network: name it with --target, or \
         launch one with --launch"
    )))
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
