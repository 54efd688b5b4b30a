//! Whether fleets find what is broken on purpose: `--explore` and `--mutants`.

use std::time::Instant;

use reference_broker::{Rule, Rules};

use super::{
    super::{
        BadInput, Exit,
        terminal::{Terminal, print},
    },
    Arguments, load,
};
use crate::{
    fleet::{
        explore::{Found, MUTANTS, search},
        mutants::{SHOWN, Shown, UNSEEN, show as show_rule},
        plan, report,
    },
    report::Tone,
};

/// Random plans against the reference broker, which must keep its promises, and its mutants, which must not.
pub(super) fn swarm(
    arguments: &Arguments,
    count: u64,
    stopped: &dyn Fn() -> bool,
    terminal: Terminal,
) -> Exit {
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
pub(super) fn show(
    arguments: &Arguments,
    stopped: &dyn Fn() -> bool,
    terminal: Terminal,
) -> Result<Exit, BadInput> {
    let mut plans = Vec::new();
    for (name, _) in plan::builtin() {
        plans.push((name, load(name, terminal)?));
    }
    let mut gaps = 0;
    let known = || SHOWN.iter().map(|(rule, _)| *rule);
    let rules: Vec<Rule> =
        if arguments.broken.is_empty() { known().collect() } else { arguments.broken.clone() };
    for rule in rules {
        let began = Instant::now();
        let shown = show_rule(rule, &plans, arguments.seed, stopped);
        let seconds = began.elapsed().as_secs_f32();
        let (tone, text) = match &shown {
            Some(shown) => {
                let Shown { plan, finding } = shown;
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
    for (reason, rules) in UNSEEN.iter().filter(|_| arguments.broken.is_empty()) {
        let names: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
        let mut page = terminal.list_page();
        page.line(0, &[(Tone::Strong, "not to be seen: "), (Tone::Plain, reason)]);
        page.hanging(4, "", Tone::Faint, &names.join(" "));
        print(&page.finish());
    }
    Ok(if gaps == 0 { Exit::Success } else { Exit::NotConforming })
}
