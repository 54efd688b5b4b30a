//! `mqttspec list`: what there is to play, to judge, and what is judged.

use std::{collections::BTreeMap, sync::Arc};

use clap::{Args, ValueEnum};
use mqttspec_spec::{StatementId, Version};

use super::{
    BadInput, Exit, scenarios,
    terminal::{Terminal, print},
};
use crate::{
    coverage::{Class, Coverage},
    report::{Chapter, Page, Table, Tone, counted},
    runner::plan::{Run, Selection, plan},
    scenario::ast::Scenario,
};

/// List the scenarios, the statements, or which statements are judged
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to list
    #[arg(value_enum, default_value_t = What::Scenarios)]
    what: What,
    /// The same as `list coverage`
    #[arg(long)]
    coverage: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Every scenario with its versions and variants, by chapter
    Scenarios,
    /// Every statement of both versions
    Statements,
    /// For every statement, what judges it, or why nothing does
    Coverage,
}

pub(super) fn list(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let mut page = terminal.list_page();
    match if arguments.coverage { What::Coverage } else { arguments.what } {
        What::Scenarios => write_scenarios(&mut page, &scenarios::load(None, terminal)?),
        What::Statements => Version::ALL.into_iter().for_each(|version| write_statements(&mut page, version)),
        What::Coverage => {
            let scenarios = scenarios::load(None, terminal)?;
            write_coverage(&mut page, &Coverage::of(scenarios.iter().map(Arc::as_ref)));
        }
    }
    print(&page.finish());
    Ok(Exit::Success)
}

fn write_scenarios(page: &mut Page, scenarios: &[Arc<Scenario>]) {
    let mut chapters: BTreeMap<Chapter, Vec<&Arc<Scenario>>> = BTreeMap::new();
    for scenario in scenarios {
        let main = scenario.covers.v5.first().or(scenario.covers.v3.first()).copied();
        chapters.entry(Chapter::of(&scenario.id, main)).or_default().push(scenario);
    }
    let column = scenarios.iter().map(|scenario| scenario.id.chars().count()).max().unwrap_or(0);
    for (chapter, scenarios) in chapters {
        page.blank();
        page.line(0, &[(Tone::Strong, &chapter.to_string())]);
        for scenario in scenarios {
            let id = format!("{:column$}", scenario.id);
            let about = format!("  {:9}  {}{}", versions(scenario), scenario.title, variants(scenario));
            page.line(2, &[(Tone::Plain, &id), (Tone::Faint, &about)]);
        }
    }
    let runs = plan(scenarios, &Selection::default()).len();
    page.blank();
    page.line(
        0,
        &[(Tone::Plain, &format!("{}, {}", counted(scenarios.len(), "scenario"), counted(runs, "run")))],
    );
}

fn versions(scenario: &Scenario) -> String {
    let numbers: Vec<&str> = scenario.covers.versions().map(Version::number).collect();
    numbers.join(" ")
}

/// ` [qos=0, qos=1]`
fn variants(scenario: &Arc<Scenario>) -> String {
    let version = scenario.covers.versions().next();
    let selection = Selection { version, ..Selection::default() };
    let names: Vec<String> =
        plan(std::slice::from_ref(scenario), &selection).iter().map(Run::variant_name).collect();
    if scenario.vary.is_empty() { String::new() } else { format!(" [{}]", names.join(", ")) }
}

fn write_statements(page: &mut Page, version: Version) {
    page.blank();
    page.line(0, &[(Tone::Strong, &format!("MQTT {}", version.number()))]);
    for id in version.statements() {
        let statement = id.statement();
        let start = format!(
            "{:18}  {:8}  {:17}  ",
            id.to_string(),
            statement.level.to_string(),
            statement.binds.to_string()
        );
        page.line(2, &[(Tone::Plain, &start), (Tone::Plain, statement.title)]);
    }
}

fn write_coverage(page: &mut Page, coverage: &Coverage) {
    let column = coverage.statements.iter().map(|(_, class)| class.to_string().len()).max().unwrap_or(0);
    for version in Version::ALL {
        page.blank();
        page.line(0, &[(Tone::Strong, &format!("MQTT {}", version.number()))]);
        for (id, class) in coverage.statements.iter().filter(|(id, _)| id.version() == version) {
            let start = format!("{:18}  ", id.to_string());
            let by = format!("{:column$}  ", class.to_string());
            let title = id.statement().title;
            page.line(2, &[(Tone::Plain, &start), (tone(class.name()), &by), (Tone::Faint, title)]);
            if let Some(reason) = id.statement().out_of_reach {
                page.line(22, &[(Tone::Faint, reason)]);
            }
        }
    }
    page.blank();
    totals(coverage).write(page, 0, "statements");
}

fn tone(class: &str) -> Tone {
    if class == Class::Unknown.name() { Tone::Caution } else { Tone::Plain }
}

fn totals(coverage: &Coverage) -> Table {
    let columns = Class::NAMES.map(|name| (name, tone(name), true));
    let mut table = Table::new(columns.into_iter().chain([("all", Tone::Strong, true)]));
    for version in Version::ALL {
        for (numbered, kind) in [(true, "numbered"), (false, "unnumbered")] {
            let group = |(id, _): &&(StatementId, Class)| {
                id.version() == version && id.statement().is_numbered() == numbered
            };
            let found: Vec<&str> =
                coverage.statements.iter().filter(group).map(|(_, class)| class.name()).collect();
            let count = |name| found.iter().filter(|class| **class == name).count();
            let counts = Class::NAMES.into_iter().map(count).chain([found.len()]).collect();
            table.row(format!("MQTT {} {kind}", version.number()), counts);
        }
    }
    table
}
