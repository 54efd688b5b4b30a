//! `mqttspec mutants`: shows that the suite can fail.

use std::path::PathBuf;

use clap::Args;
use reference_broker::Rule;

use super::{
    BadInput, Exit, scenarios,
    selection::Wanted,
    terminal::{Terminal, print},
};
use crate::{
    coverage::{Coverage, Matrix, Seam, breaches, why_unnoticed, why_untampered},
    report::{Page, Tone, counted},
};

/// Play the scenarios against brokers that break one rule each, and against one whose packets somebody tampers with, to
/// see which of them fail
///
/// A rule that nobody notices is a part of the standard that is not judged; a scenario that no mutant fails proves
/// nothing. Either ends in exit status 1, unless the reason is known.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    wanted: Wanted,
    /// Play the scenarios of this folder (or file) instead of the built-in ones
    #[arg(long, value_name = "PATH")]
    scenarios: Option<PathBuf>,
    /// Play every built-in scenario against every mutant, to find those that blame a statement which the mutant keeps;
    /// takes minutes
    #[arg(long, conflicts_with_all = ["scenarios", "only", "version", "variant"])]
    every_pair: bool,
}

pub(super) fn mutants(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let scenarios = scenarios::load(arguments.scenarios.as_deref(), terminal)?;
    let selection = arguments.wanted.selection(&scenarios)?;
    let matrix = if arguments.every_pair {
        Matrix::of_every_pair(&scenarios)
    } else if arguments.scenarios.is_some() {
        Matrix::of_some(&scenarios, &selection)
    } else {
        Matrix::of(&scenarios, &selection)
    };
    let coverage = Coverage::of(scenarios.iter().map(std::convert::AsRef::as_ref));
    let mut page = terminal.list_page();
    write_rules(&mut page, &matrix);
    write_totals(&mut page, &matrix);
    if let Some(seam) = &matrix.seam {
        write_seam(&mut page, seam);
    }
    let breaches = breaches(&coverage, &matrix);
    write_breaches(&mut page, &breaches);
    print(&page.finish());
    Ok(if breaches.is_empty() { Exit::Success } else { Exit::NotConforming })
}

/// Who notices a mutant.
enum Noticed {
    Scenarios(usize),
    Referee,
    Nobody,
}

fn noticed(matrix: &Matrix, rule: Rule) -> Noticed {
    match matrix.caught_by(rule).count() {
        0 if matrix.is_seen_by_the_referee(rule) => Noticed::Referee,
        0 => Noticed::Nobody,
        count => Noticed::Scenarios(count),
    }
}

fn write_rules(page: &mut Page, matrix: &Matrix) {
    let column = Rule::ALL.iter().map(|rule| rule.name().len()).max().unwrap_or(0);
    for rule in matrix.rules() {
        let name = format!("{:column$}  ", rule.name());
        let (tone, who) = match noticed(matrix, rule) {
            Noticed::Scenarios(count) => (Tone::Plain, counted(count, "scenario")),
            Noticed::Referee => (Tone::Plain, "the referee".to_owned()),
            Noticed::Nobody => match why_unnoticed(rule) {
                Some(reason) => (Tone::Faint, format!("nobody: {reason}")),
                None => (Tone::Caution, "nobody".to_owned()),
            },
        };
        page.line(0, &[(Tone::Strong, &name), (tone, &who)]);
        if !matrix.is_whole {
            for (id, version) in matrix.caught_by(rule) {
                page.line(4, &[(Tone::Faint, &format!("{id} under {version}"))]);
            }
        }
    }
}

fn write_totals(page: &mut Page, matrix: &Matrix) {
    let (mut scenarios, mut referee, mut nobody) = (0, 0, 0);
    for rule in matrix.rules() {
        *match noticed(matrix, rule) {
            Noticed::Scenarios(_) => &mut scenarios,
            Noticed::Referee => &mut referee,
            Noticed::Nobody => &mut nobody,
        } += 1;
    }
    let rules = counted(scenarios + referee + nobody, "rule");
    let played = matrix.played.len();
    let idle = matrix.without_mutant().count();
    page.blank();
    page.line(
        0,
        &[(
            Tone::Strong,
            &format!(
                "{rules}: {scenarios} noticed by scenarios, {referee} by the referee, {nobody} by nobody"
            ),
        )],
    );
    let of_scenarios = format!(
        "{}, each under its versions ({played} in all): {} fail on a mutant, {idle} on none",
        counted(matrix.scenarios(), "scenario"),
        played - idle
    );
    page.line(0, &[(Tone::Strong, &of_scenarios)]);
}

/// What comes of tampering with packets.
fn write_seam(page: &mut Page, seam: &Seam) {
    page.blank();
    let column = seam.mutants.keys().map(|(tampering, _)| tampering.to_string().len()).max().unwrap_or(0);
    for ((tampering, version), caught) in &seam.mutants {
        let name = format!("{:column$}  {:6}  ", tampering.to_string(), version.to_string());
        let (tone, who) = match caught {
            Some(caught) => (Tone::Plain, caught.scenario.clone()),
            None => match why_untampered(*tampering, *version) {
                Some(reason) => (Tone::Faint, format!("nobody: {reason}")),
                None => (Tone::Caution, "nobody".to_owned()),
            },
        };
        page.line(0, &[(Tone::Strong, &name), (tone, &who)]);
    }
    let noticed = seam.mutants.values().flatten().count();
    let all = seam.mutants.len();
    page.blank();
    let totals = format!("{all} ways to tamper with packets: {noticed} noticed, {} by nobody", all - noticed);
    page.line(0, &[(Tone::Strong, &totals)]);
}

fn write_breaches(page: &mut Page, breaches: &[String]) {
    if !breaches.is_empty() {
        page.blank();
        page.line(0, &[(Tone::Bad, &format!("{} in the proof", counted(breaches.len(), "gap")))]);
        for breach in breaches {
            page.line(2, &[(Tone::Plain, breach)]);
        }
    }
}
