//! `mqttspec fleet`: plays a fleet of devices on bad links and judges what the broker promised them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use clap::Args;
use mqttspec_fleet::{
    history::Verdict,
    layout::Layout,
    plan::{Plan, SECOND},
    world::{Options, Outcome, World},
};
use reference_broker::{Rule, Rules};

use super::{
    BadInput, Exit,
    interrupt::on_interrupt,
    terminal::{Terminal, print},
};
use crate::{
    diagnostic::suggest::did_you_mean,
    fleet::{
        plan::{self, PlanError},
        report::{self, Report},
    },
    report::Tone,
};

/// Play a fleet: devices on links that stall and break, with an oracle for what MQTT promises them
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    /// A plan: a file, or the name of one of those that are part of the program
    #[arg(value_name = "PLAN", required_unless_present = "list")]
    plan: Option<String>,
    /// List the plans that are part of the program
    #[arg(long)]
    list: bool,
    /// Where all chance comes from: the same seed makes the same run, to the last byte
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Let the reference broker break this rule on purpose, to see what the fleet notices; may be repeated
    #[arg(long = "break", value_name = "RULE", value_parser = rule)]
    broken: Vec<Rule>,
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| {
        let guess = did_you_mean(name, Rule::ALL.iter().map(|rule| rule.name()));
        guess.unwrap_or_else(|| "`mqttspec broker rules` lists them".to_owned())
    })
}

pub(super) fn fleet(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let Some(name) = &arguments.plan else {
        list(terminal);
        return Ok(Exit::Success);
    };
    let plan = load(name, terminal)?;
    let layout = written_out(plan)?;
    let rules = arguments.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule));
    let options = Options { seed: arguments.seed, rules, ..Options::default() };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    on_interrupt(move || asked.store(true, Ordering::Relaxed), || {});
    let outcome = World::new(&layout, &options).play(|_| !stop.load(Ordering::Relaxed));
    let mut page = terminal.page();
    report::write(
        &mut page,
        &Report {
            layout: &layout,
            verdict: &outcome.verdict,
            numbers: &outcome.numbers,
            about: about(&layout, arguments, &outcome),
        },
    );
    print(&page.finish());
    Ok(exit(&outcome.verdict))
}

fn about(layout: &Layout, arguments: &Arguments, outcome: &Outcome) -> String {
    let rules: Vec<&str> = arguments.broken.iter().map(|rule| rule.name()).collect();
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
