//! `mqttspec list`: what there is to play, to judge, and what is judged.

use std::{collections::BTreeMap, sync::Arc};

use clap::{Args, ValueEnum};
use mqttspec_spec::{Observable, StatementId, Version};
use mqttspec_wire::Sender;

use super::{
    BadInput, Exit, scenarios,
    terminal::{Terminal, print},
};
use crate::{
    referee::judged,
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
    /// For every statement, what judges it
    Coverage,
}

pub(super) fn list(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let mut page = terminal.list_page();
    match if arguments.coverage { What::Coverage } else { arguments.what } {
        What::Scenarios => write_scenarios(&mut page, &scenarios::load(None, terminal)?),
        What::Statements => Version::ALL.into_iter().for_each(|version| write_statements(&mut page, version)),
        What::Coverage => Coverage::of(&scenarios::load(None, terminal)?).write(&mut page),
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

/// Which statements are judged, and by what.
struct Coverage {
    statements: Vec<(StatementId, Judged)>,
}

struct Judged {
    scenarios: usize,
    referee: bool,
}

/// The columns of the table: each statement counts in the first that fits.
const COLUMNS: [&str; 4] = ["by scenario", "by referee", "not visible", "not yet"];

impl Judged {
    fn column(&self, id: StatementId) -> &'static str {
        let [scenario, referee, invisible, not_yet] = COLUMNS;
        if self.scenarios > 0 {
            return scenario;
        }
        if self.referee {
            return referee;
        }
        match id.statement().observable {
            Observable::None => invisible,
            Observable::Wire | Observable::Indirect | Observable::Timing => not_yet,
        }
    }

    fn describe(&self, id: StatementId) -> String {
        let mut parts = Vec::new();
        if self.scenarios > 0 {
            parts.push(counted(self.scenarios, "scenario"));
        }
        if self.referee {
            parts.push("every packet".to_owned());
        }
        if parts.is_empty() { self.column(id).to_owned() } else { parts.join(", ") }
    }
}

impl Coverage {
    fn of(scenarios: &[Arc<Scenario>]) -> Self {
        let by = |id: StatementId| Judged {
            scenarios: scenarios
                .iter()
                .filter(|scenario| scenario.covers.of(id.version()).contains(&id))
                .count(),
            referee: judged(Sender::Server).contains(&id),
        };
        let ids = Version::ALL.into_iter().flat_map(Version::statements);
        Self { statements: ids.map(|id| (id, by(id))).collect() }
    }

    fn write(&self, page: &mut Page) {
        for version in Version::ALL {
            page.blank();
            page.line(0, &[(Tone::Strong, &format!("MQTT {}", version.number()))]);
            for (id, judged) in self.statements.iter().filter(|(id, _)| id.version() == version) {
                let tone = if judged.column(*id) == "not yet" { Tone::Caution } else { Tone::Plain };
                let start = format!("{:18}  ", id.to_string());
                let by = format!("{:26}  ", judged.describe(*id));
                page.line(2, &[(Tone::Plain, &start), (tone, &by), (Tone::Faint, id.statement().title)]);
            }
        }
        page.blank();
        self.totals().write(page, 0, "statements");
    }

    fn totals(&self) -> Table {
        let columns =
            COLUMNS.map(|name| (name, if name == "not yet" { Tone::Caution } else { Tone::Plain }, true));
        let mut table = Table::new(columns.into_iter().chain([("all", Tone::Strong, true)]));
        for version in Version::ALL {
            for (numbered, kind) in [(true, "numbered"), (false, "unnumbered")] {
                let group = |(id, _): &&(StatementId, Judged)| {
                    id.version() == version && id.statement().is_numbered() == numbered
                };
                let found: Vec<&str> =
                    self.statements.iter().filter(group).map(|(id, judged)| judged.column(*id)).collect();
                let count = |name| found.iter().filter(|column| **column == name).count();
                let counts = COLUMNS.into_iter().map(count).chain([found.len()]).collect();
                table.row(format!("MQTT {} {kind}", version.number()), counts);
            }
        }
        table
    }
}
